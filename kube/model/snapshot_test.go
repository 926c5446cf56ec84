package model

import (
	"fmt"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"
)

func pod(namespace, name string, labels map[string]string) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: labels}}
}

func names(pods []*corev1.Pod) string {
	text := ""
	for _, pod := range pods {
		text += pod.Name + " "
	}
	return text
}

func TestSelectedNeedsEveryPair(t *testing.T) {
	snapshot := NewBuilder(nil).Put(
		pod("shop", "a", map[string]string{"app": "web", "tier": "front"}),
		pod("shop", "b", map[string]string{"app": "web", "tier": "back"}),
		pod("shop", "c", map[string]string{"app": "web"}),
		pod("shop", "d", map[string]string{"app": "", "tier": "front"}),
		pod("other", "e", map[string]string{"app": "web", "tier": "front"}),
	).Build(time.Time{})
	for _, test := range []struct {
		name     string
		selector map[string]string
		want     string
	}{
		{"one pair", map[string]string{"app": "web"}, "a b c "},
		{"two pairs", map[string]string{"app": "web", "tier": "front"}, "a "},
		{"an empty value is a value", map[string]string{"app": ""}, "d "},
		{"an empty value is not an absent key", map[string]string{"app": "web", "tier": ""}, ""},
		{"nothing matches", map[string]string{"app": "wob"}, ""},
		{"no selector selects nothing", nil, ""},
		{"an empty selector selects nothing", map[string]string{}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := names(snapshot.Selected("shop", test.selector)); got != test.want {
				t.Errorf("Selected(%v) = %q, want %q", test.selector, got, test.want)
			}
		})
	}
}

func TestSlicesOfGoesByLabelNotByName(t *testing.T) {
	slice := func(name, service string) *discoveryv1.EndpointSlice {
		return &discoveryv1.EndpointSlice{ObjectMeta: metav1.ObjectMeta{
			Namespace: "shop", Name: name, Labels: map[string]string{discoveryv1.LabelServiceName: service},
		}}
	}
	snapshot := NewBuilder(nil).Put(slice("web-1", "web"), slice("by-hand", "web"), slice("web-2", "other")).Build(time.Time{})
	got := snapshot.SlicesOf(Key{"shop", "web"})
	if len(got) != 2 || got[0].Name != "by-hand" || got[1].Name != "web-1" {
		t.Errorf("SlicesOf(shop/web) = %v", got)
	}
}

func TestCoverageFallsBackToAllNamespaces(t *testing.T) {
	live, forbidden := Coverage{State: Live}, Coverage{State: Forbidden}
	for _, test := range []struct {
		name     string
		covered  map[Need]Coverage
		expected CoverageState
	}{
		{"nothing asked", nil, NotAsked},
		{"its own", map[Need]Coverage{{Pods, "shop"}: live}, Live},
		{"that of all", map[Need]Coverage{{Pods, AllNamespaces}: live}, Live},
		{"its own where all is forbidden", map[Need]Coverage{{Pods, AllNamespaces}: forbidden, {Pods, "shop"}: live}, Live},
		{"all where its own is forbidden", map[Need]Coverage{{Pods, AllNamespaces}: live, {Pods, "shop"}: forbidden}, Live},
		{"forbidden in both", map[Need]Coverage{{Pods, AllNamespaces}: forbidden, {Pods, "shop"}: forbidden}, Forbidden},
		{"another namespace says nothing", map[Need]Coverage{{Pods, "other"}: live}, NotAsked},
		{"another kind says nothing", map[Need]Coverage{{Services, "shop"}: live}, NotAsked},
	} {
		t.Run(test.name, func(t *testing.T) {
			builder := NewBuilder(nil)
			for need, coverage := range test.covered {
				builder.Cover(need, coverage)
			}
			if got := builder.Build(time.Time{}).Coverage(Pods, "shop").State; got != test.expected {
				t.Errorf("coverage is %v, want %v", got, test.expected)
			}
		})
	}
}

// A builder that copies only what changed must hold the same as one that starts from nothing, and must
// leave every earlier snapshot alone.
func TestBuilderAgreesWithAPlainMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		truth := map[Key]*corev1.Pod{}
		var snapshot *Snapshot
		var earlier []*Snapshot
		var earlierNames []string
		for round := range rapid.IntRange(1, 8).Draw(t, "rounds") {
			builder := NewBuilder(snapshot)
			for range rapid.IntRange(0, 6).Draw(t, "changes") {
				key := Key{rapid.SampledFrom([]string{"x", "y"}).Draw(t, "ns"), rapid.StringMatching(`[a-d]`).Draw(t, "name")}
				if rapid.Bool().Draw(t, "gone") {
					delete(truth, key)
					builder.Apply(Change{Kind: Pods, Key: key})
				} else {
					truth[key] = pod(key.Namespace, key.Name, map[string]string{"round": fmt.Sprint(round)})
					builder.Put(truth[key])
				}
			}
			snapshot = builder.Build(time.Time{})
			all := snapshot.Pods(AllNamespaces)
			if len(all) != len(truth) {
				t.Fatalf("holds %d Pods, want %d", len(all), len(truth))
			}
			for key, want := range truth {
				if got := snapshot.Pod(key); got != want {
					t.Fatalf("Pod %v = %v, want %v", key, got, want)
				}
			}
			for i, before := range earlier {
				if got := names(before.Pods(AllNamespaces)); got != earlierNames[i] {
					t.Fatalf("an earlier snapshot changed from %q to %q", earlierNames[i], got)
				}
			}
			earlier = append(earlier, snapshot)
			earlierNames = append(earlierNames, names(all))
		}
	})
}

func TestEveryKindHasAPlaceInASnapshot(t *testing.T) {
	for _, kind := range Kinds() {
		resource := kind.Resource()
		if resource.Resource != string(kind) || resource.Version != "v1" && !kind.Extension() && kind != HorizontalScalers {
			t.Errorf("%s is served as %v", kind, resource)
		}
	}
}

func TestServicesByAddressAndStatefulSetsByService(t *testing.T) {
	service := func(namespace, name, clusterIP string, more ...string) *corev1.Service {
		return &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
			Spec:       corev1.ServiceSpec{ClusterIP: clusterIP, ClusterIPs: more},
		}
	}
	set := func(namespace, name, service string) *appsv1.StatefulSet {
		return &appsv1.StatefulSet{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Spec: appsv1.StatefulSetSpec{ServiceName: service},
		}
	}
	snapshot := NewBuilder(nil).Put(
		service("shop", "a", "10.96.0.1", "10.96.0.1", "fd00::1"), service("shop", "b", "10.96.0.2"), service("pay", "c", "10.96.0.1"),
		service("shop", "headless", corev1.ClusterIPNone, corev1.ClusterIPNone), service("shop", "external", ""),
		set("shop", "db", "b"), set("shop", "cache", "b"), set("pay", "db", "b"), set("shop", "none", ""),
	).Build(time.Time{})
	for address, want := range map[string]string{
		"10.96.0.1": "pay/c", "fd00::1": "shop/a", "10.96.0.2": "shop/b", "10.96.0.3": "", corev1.ClusterIPNone: "", "": "",
	} {
		got := ""
		if service := snapshot.ServiceWithAddress(address); service != nil {
			got = Key{service.Namespace, service.Name}.String()
		}
		if got != want {
			t.Errorf("ServiceWithAddress(%q) = %q, want %q", address, got, want)
		}
	}
	for key, want := range map[Key]int{{"shop", "b"}: 2, {"pay", "b"}: 1, {"shop", "a"}: 0, {"shop", ""}: 0, {"nowhere", "b"}: 0} {
		if got := snapshot.StatefulSetsNaming(key); len(got) != want {
			t.Errorf("StatefulSetsNaming(%s) has %d, want %d", key, len(got), want)
		}
	}
	if snapshot.Namespace("shop") != nil || NewBuilder(snapshot).Put(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}).Build(time.Time{}).Namespace("shop") == nil {
		t.Error("Namespace(shop) is there without its object, or not with it")
	}
}

func TestPodsAndDaemonSetsByTheBeginningOfTheirNames(t *testing.T) {
	meta := func(namespace, name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: namespace, Name: name}
	}
	snapshot := NewBuilder(nil).Put(
		&corev1.Pod{ObjectMeta: meta("shop", "relay-1")}, &corev1.Pod{ObjectMeta: meta("shop", "relay-2")}, &corev1.Pod{ObjectMeta: meta("shop", "relax")},
		&corev1.Pod{ObjectMeta: meta("net", "relay-1")}, &corev1.Pod{ObjectMeta: meta("pay", "a")}, &corev1.Pod{ObjectMeta: meta("pay", "z")},
		&appsv1.DaemonSet{ObjectMeta: meta("net", "relay")}, &appsv1.DaemonSet{ObjectMeta: meta("net", "rel")},
	).Build(time.Time{})
	var names []string
	for _, pod := range snapshot.PodsNamed("relay-") {
		names = append(names, pod.Namespace+"/"+pod.Name)
	}
	if want := []string{"net/relay-1", "shop/relay-1", "shop/relay-2"}; !slices.Equal(names, want) {
		t.Errorf("Pods %v, want %v", names, want)
	}
	if sets := snapshot.DaemonSetsNamed("relay"); len(sets) != 1 || sets[0].Name != "relay" {
		t.Errorf("DaemonSets %v", sets)
	}
	if sets := snapshot.DaemonSetsNamed("relayed"); len(sets) != 0 {
		t.Errorf("DaemonSets %v", sets)
	}
}
