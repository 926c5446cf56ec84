package check

import (
	"fmt"
	"slices"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/svctui/svctui/kube/model"
)

func setOf(name, deployment string) *appsv1.ReplicaSet {
	set := replicaSet(name, 1, webApp)
	if deployment != "" {
		set.OwnerReferences = []metav1.OwnerReference{{Kind: "Deployment", Name: deployment, UID: types.UID("uid-" + deployment), Controller: new(true)}}
	}
	return set
}

// TestWhoseEventsThePanelShows holds that what the controllers say of anything between the Service and its Pods is shown, though
// there be no Pod, and nothing of what only looks like it.
func TestWhoseEventsThePanelShows(t *testing.T) {
	t.Parallel()
	svc, a := service("web", webApp), pod("a", webApp, ofDeploy("shopfront"))
	lists := slicesFor(svc, a)[0]
	deploy, set := deployment("shopfront", 1, webApp), setOf("shopfront-7d9f6b", "shopfront")
	of := func(object metav1.Object, kind string) *corev1.Event {
		return event(object, kind, "Normal", "Said", "it", time.Minute)
	}
	inSet := func(p *corev1.Pod) { ownedBy("StatefulSet", "front")(p) }
	for name, test := range map[string]struct {
		objects objects
		want    []string
	}{
		"a slice":     {objects{svc, a, lists, of(lists, "EndpointSlice")}, []string{"EndpointSlice web-0"}},
		"an old Pod":  {objects{svc, pod("a", webApp, ended(corev1.PodFailed)), of(pod("a", webApp), "Pod")}, []string{"Pod a"}},
		"another Pod": {objects{svc, a, of(pod("b", labels{"app": "other"}), "Pod")}, nil},
		"the ReplicaSet of a Pod, itself not known": {objects{svc, a, of(set, "ReplicaSet")}, []string{"ReplicaSet shopfront-7d9f6b"}},
		"the Deployment of a Pod, its Pods carry more than it knows": {objects{
			svc, a, set, deployment("shopfront", 1, labels{"app": "other"}), of(deploy, "Deployment"),
		}, []string{"Deployment shopfront"}},
		"a ReplicaSet that nobody owns":      {objects{svc, a, setOf("shopfront-7d9f6b", ""), of(deploy, "Deployment")}, nil},
		"a Deployment without Pods":          {objects{svc, deploy, of(deploy, "Deployment")}, []string{"Deployment shopfront"}},
		"its ReplicaSet that makes no Pod":   {objects{svc, deploy, set, of(set, "ReplicaSet")}, []string{"ReplicaSet shopfront-7d9f6b"}},
		"another's ReplicaSet makes no Pod":  {objects{svc, deploy, setOf("other-1", "other"), of(setOf("other-1", ""), "ReplicaSet")}, nil},
		"a ReplicaSet of nobody, other Pods": {objects{svc, deploy, replicaSet("other-1", 1, labels{"app": "other"}), of(setOf("other-1", ""), "ReplicaSet")}, nil},
		"a ReplicaSet of nobody, its Pods":   {objects{svc, setOf("front", ""), of(setOf("front", ""), "ReplicaSet")}, []string{"ReplicaSet front"}},
		"a Pod that nobody owns":             {objects{svc, pod("a", webApp), of(pod("a", webApp), "Pod")}, []string{"Pod a"}},
		"a StatefulSet":                      {objects{svc, pod("a", webApp, inSet), of(statefulSet("front", 1, labels{"app": "other"}), "StatefulSet")}, []string{"StatefulSet front"}},
		"a ReplicaSet named as a StatefulSet": {objects{
			svc, pod("a", webApp, inSet), setOf("front", "shopfront"), deployment("shopfront", 1, labels{"app": "other"}), of(deploy, "Deployment"),
		}, nil},
	} {
		var got []string
		for _, row := range EventList(cluster(test.objects...).Build(now), web).Rows {
			got = append(got, row.Kind+" "+row.Name)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
	if none := EventList(cluster(svc).Build(now), model.Key{Namespace: "shop", Name: "nobody"}); none.Known || none.Rows != nil {
		t.Errorf("nobody: %+v", none)
	}
}

// TestWhenAnEventWasSeen reads the times as the old and the new recorders of Kubernetes write them.
func TestWhenAnEventWasSeen(t *testing.T) {
	t.Parallel()
	micro := func(since time.Duration) metav1.MicroTime { return metav1.NewMicroTime(now.Add(-since)) }
	hour, minute := time.Hour, time.Minute
	svc := service("web", nil)
	for name, test := range map[string]struct {
		change func(*corev1.Event)
		want   string
	}{
		"an old recorder": {func(e *corev1.Event) {
			e.Source.Component, e.Count = "service-controller", 7
			e.FirstTimestamp, e.LastTimestamp = ago(hour), ago(minute)
		}, "7 times from 1h0m0s to 1m0s by service-controller"},
		"a new recorder, once": {func(e *corev1.Event) {
			e.ReportingController, e.EventTime = "service-controller", micro(minute)
		}, "1 times from 1m0s to 1m0s by service-controller"},
		"a new recorder, a series": {func(e *corev1.Event) {
			e.ReportingController, e.EventTime = "service-controller", micro(hour)
			e.Series = &corev1.EventSeries{Count: 9, LastObservedTime: micro(minute)}
		}, "9 times from 1h0m0s to 1m0s by service-controller"},
		"a series that ended before the last": {func(e *corev1.Event) {
			e.FirstTimestamp, e.LastTimestamp = ago(hour), ago(minute)
			e.Series = &corev1.EventSeries{Count: 1, LastObservedTime: micro(30 * minute)}
		}, "1 times from 1h0m0s to 1m0s by "},
		"both are filled in": {func(e *corev1.Event) {
			e.Source.Component, e.ReportingController = "kubelet", "kubelet-of-node-1"
			e.FirstTimestamp, e.EventTime, e.LastTimestamp = ago(hour), micro(30*minute), ago(minute)
		}, "1 times from 1h0m0s to 1m0s by kubelet"},
		"only the first":           {func(e *corev1.Event) { e.FirstTimestamp = ago(hour) }, "1 times from 1h0m0s to 1h0m0s by "},
		"only when it was written": {func(e *corev1.Event) { e.CreationTimestamp = ago(hour) }, "1 times from 1h0m0s to 1h0m0s by "},
		"only the last":            {func(e *corev1.Event) { e.LastTimestamp = ago(minute) }, "1 times from 1m0s to 1m0s by "},
	} {
		said := event(svc, "Service", "Warning", "SyncLoadBalancerFailed", "no", 0)
		said.Count, said.FirstTimestamp, said.LastTimestamp, said.CreationTimestamp = 0, metav1.Time{}, metav1.Time{}, metav1.Time{}
		test.change(said)
		row := EventList(cluster(svc, said).Build(now), web).Rows[0]
		if got := fmt.Sprintf("%d times from %s to %s by %s", row.Count, now.Sub(row.First), now.Sub(row.Last), row.From); got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}

// TestTheNewestEventIsTold has the older one told first, and last, by the API.
func TestTheNewestEventIsTold(t *testing.T) {
	t.Parallel()
	failing := pod("a", webApp, notReady)
	told := func(message string, since time.Duration) *corev1.Event {
		return event(failing, "Pod", "Warning", "Unhealthy", message, since)
	}
	for _, events := range [][]*corev1.Event{{told("a new", time.Minute), told("old", time.Hour)}, {told("an old", time.Hour), told("new", time.Minute)}} {
		row := PodTable(input(cluster(service("web", webApp), failing, events[0], events[1])), web).Rows[0]
		if now.Sub(row.LastFailed) != time.Minute {
			t.Errorf("%+v", row)
		}
	}
}
