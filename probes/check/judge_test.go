package check

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

type objects = []metav1.Object

func TestSettlingIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	in := input(cluster(justEmptied(labels{"app": "web"})...))
	report := Judge(in, model.Key{Namespace: "shop", Name: "web"})
	lead := report.Leading()
	if lead == nil || !lead.Settling || !report.Again.Equal(now.Add(6*time.Second)) {
		t.Fatalf("again %v: %s", report.Again, told(report))
	}
	in.Now = report.Again
	if later := Judge(in, report.Key); later.Verdict != Fail || !later.Again.IsZero() {
		t.Errorf("after it has settled: %s", told(later))
	}
}

func TestPodsThatWereReadyAreMissed(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	report := judge(t, "web", service("web", app), pod("a", app), lostReady("b", app), lostReady("c", app))
	if report.Verdict != Warn || report.Leading().ID != "POD-06" {
		t.Errorf("two of three lost readiness three minutes ago: %s", told(report))
	}
}

// TestALeaderThatIsMissedLater has a Pod that lost readiness, and one that gained it so long ago that it soon counts no more.
func TestALeaderThatIsMissedLater(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	gained := gainedReady("b", app)
	setCondition(gained, corev1.PodReady, corev1.ConditionTrue, "", "", 9*time.Minute)
	in := input(cluster(service("web", app), lostReady("a", app), gained))
	report := Judge(in, web)
	if report.Verdict != OK || !report.Again.Equal(now.Add(time.Minute)) {
		t.Fatalf("again %v: %s", report.Again, told(report))
	}
	in.Now = report.Again
	report = Judge(in, web)
	if report.Verdict != Warn || !report.Again.Equal(now.Add(7*time.Minute)) {
		t.Fatalf("again %v: %s", report.Again, told(report))
	}
	in.Now = report.Again
	if report = Judge(in, web); report.Verdict != OK || !report.Again.IsZero() {
		t.Errorf("after ten minutes: again %v: %s", report.Again, told(report))
	}
}

func TestNeverHadAnEndpointIsNotRed(t *testing.T) {
	t.Parallel()
	svc := service("web", labels{"k8s-app": "kube-scheduler"})
	never := slicesFor(svc)[0]
	never.ManagedFields = managedBySlices(`{"f:addressType":{}}`, time.Hour)
	if report := judge(t, "web", svc, never); report.Verdict != Warn || report.Leading().ID != "SEL-04" {
		t.Errorf("never had one: %s", told(report))
	}
	if report := judge(t, "web", svc); report.Verdict != Fail {
		t.Errorf("had one once: %s", told(report))
	}
}

func TestWhatCannotBeReadIsNeitherHealthNorFault(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	key := model.Key{Namespace: "shop", Name: "web"}
	withGap := func(kind model.Kind, state model.CoverageState, objects ...metav1.Object) *Report {
		builder := cluster(objects...).Cover(model.Need{Kind: kind}, model.Coverage{State: state, Verb: "list"})
		return Judge(input(builder), key)
	}
	healthy := objects{service("web", app), pod("a", app)}
	dead := objects{service("web", app), slicesFor(service("web", app))[0]}
	for _, test := range []struct {
		name    string
		report  *Report
		verdict Verdict
		need    string
	}{
		{"slices forbidden", withGap(model.EndpointSlices, model.Forbidden, healthy...), Unknown, "list endpointslices"},
		{"slices stale", withGap(model.EndpointSlices, model.Stale, healthy...), Unknown, "list endpointslices"},
		{"Pods forbidden, endpoints fine", withGap(model.Pods, model.Forbidden, healthy...), OK, "list pods"},
		{"Pods not asked, endpoints fine", withGap(model.Pods, model.NotAsked, healthy...), Partial, "list pods"},
		{"Pods forbidden, nothing usable", withGap(model.Pods, model.Forbidden, dead...), Unknown, "list pods"},
		{"Pods syncing, nothing usable", withGap(model.Pods, model.Syncing, dead...), Unknown, "list pods"},
		{"workloads forbidden, nothing usable", withGap(model.Deployments, model.Forbidden, dead...), Fail, "list deployments"},
		{"ReplicaSets forbidden, a hash that nothing matches", withGap(model.ReplicaSets, model.Forbidden, service("web", labels{"app": "web", "pod-template-hash": "abc"}), pod("a", app)), Unknown, "list replicasets"},
		{"workloads syncing, nothing usable", withGap(model.Deployments, model.Syncing, dead...), Unknown, "list deployments"},
	} {
		if test.report.Verdict != test.verdict {
			t.Errorf("%s: want %s, got %s", test.name, test.verdict, told(test.report))
		}
		found := false
		for _, unchecked := range test.report.Unchecked {
			found = found || unchecked.Need == test.need
		}
		if !found {
			t.Errorf("%s: nobody says %q: %s", test.name, test.need, told(test.report))
		}
	}
}

func TestMissingService(t *testing.T) {
	t.Parallel()
	elsewhere := service("checkout", labels{"app": "checkout"})
	elsewhere.Namespace = "payments"
	in := input(cluster(service("chekout", labels{"app": "checkout"}), elsewhere))
	report := JudgeMissing(in, model.Key{Namespace: "shop", Name: "checkout"})
	if report.Verdict != Fail || !report.Missing || report.Leading().ID != "SVC-01" || !strings.Contains(report.Leading().Cause.Text, "chekout") {
		t.Errorf("%s", told(report))
	}
	report = JudgeMissing(in, model.Key{Namespace: "other", Name: "checkout"})
	if !strings.Contains(report.Leading().Cause.Text, "payments") {
		t.Errorf("%+v", report.Leading().Cause)
	}
	// The very name elsewhere is told before a name that is only near, also where only the caller knows of it.
	nearby := input(cluster(service("chekout", labels{"app": "checkout"})))
	nearby.Elsewhere = []model.Key{{Namespace: "pay", Name: "other"}, {Namespace: "pay", Name: "checkout"}, {Namespace: "shop", Name: "checkout"}}
	for name, in := range map[string]Input{"payments": in, "pay": nearby} {
		lead := JudgeMissing(in, model.Key{Namespace: "shop", Name: "checkout"}).Leading()
		if want := "a Service of that name is in namespace " + name + "; or the name is near to chekout"; lead.Cause.Text != want {
			t.Errorf("got %q, want %q", lead.Cause.Text, want)
		}
		if !strings.HasPrefix(lead.Fix.Note, "look there, with -n "+name+";") || !strings.Contains(lead.Short, "in "+name) {
			t.Errorf("%+v %s", lead.Fix, lead.Short)
		}
	}
	denied := cluster().Cover(model.Need{Kind: model.Services}, model.Coverage{State: model.Forbidden, Verb: "list"})
	report = JudgeMissing(input(denied), model.Key{Namespace: "shop", Name: "checkout"})
	if report.Verdict != Unknown || len(report.Findings) != 0 || report.Unchecked[0].Need != "list services" {
		t.Errorf("forbidden is not absent: %s", told(report))
	}
}

func TestServiceOfAMissingNamespace(t *testing.T) {
	t.Parallel()
	of := func(names ...string) *model.Builder {
		built := cluster()
		for _, name := range names {
			built.Put(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
		}
		return built
	}
	key := model.Key{Namespace: "shpo", Name: "checkout"}
	const absent = "There is no namespace shpo, and so no Service checkout in it."
	lead := JudgeMissing(input(of("default", "shops", "shop")), key).Leading()
	if lead.Title != absent || lead.Short != "namespace shpo does not exist" || lead.Fix.Note != "look in namespace shop, if that is the one that is meant" ||
		!strings.Contains(lead.Cause.Text, "near to shop, shops") || lead.Evidence[1].Kind != "Namespace" {
		t.Errorf("%+v", lead)
	}
	if lead := JudgeMissing(input(of("default")), key).Leading(); lead.Title != absent || lead.Cause != nil {
		t.Errorf("nothing near: %+v", lead)
	}
	elsewhere := input(of("default", "shop"))
	elsewhere.Elsewhere = []model.Key{{Namespace: "bank", Name: "checkout"}}
	if lead := JudgeMissing(elsewhere, key).Leading(); lead.Title != absent || !strings.Contains(lead.Short, "in bank it does") {
		t.Errorf("elsewhere: %+v", lead)
	}
	namespaces := model.Need{Kind: model.Namespaces}
	for name, unclear := range map[string]*model.Builder{
		"it exists":   of("default", "shpo"),
		"none listed": of(),
		"forbidden":   of("default").Cover(namespaces, model.Coverage{State: model.Forbidden}),
		"stale":       of("default").Cover(namespaces, model.Coverage{State: model.Stale}),
	} {
		if lead := JudgeMissing(input(unclear), key).Leading(); strings.Contains(lead.Title, "no namespace") {
			t.Errorf("%s: %s", name, lead.Title)
		}
	}
}

func TestNeedsGrowWithTrouble(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	key := model.Key{Namespace: "shop", Name: "web"}
	kinds := func(needs []model.Need) string {
		var names []string
		for _, need := range needs {
			names = append(names, string(need.Kind))
		}
		return strings.Join(names, " ")
	}
	healthy := input(cluster(service("web", app), pod("a", app))).Snapshot
	if got := kinds(Needs(key, healthy)); got != "pods networkpolicies" {
		t.Errorf("a healthy Service wants %s", got)
	}
	broken := input(cluster(service("web", app), pod("a", app, notReady))).Snapshot
	if got := kinds(Needs(key, broken)); got != "pods events deployments nodes" {
		t.Errorf("Pods that are not Ready want %s", got)
	}
	empty := input(cluster(service("web", app))).Snapshot
	if got := kinds(Needs(key, empty)); got != "pods events deployments replicasets statefulsets daemonsets jobs rollouts" {
		t.Errorf("an empty Service wants %s", got)
	}
	external := input(cluster(service("web", nil, externalName("db.example.com")))).Snapshot
	if got := kinds(Needs(key, external)); got != "" {
		t.Errorf("an ExternalName wants %s", got)
	}
	for _, need := range Needs(key, broken) {
		if need.Kind == model.Nodes && need.Namespace != model.AllNamespaces || need.Kind == model.Pods && need.Namespace != "shop" {
			t.Errorf("wrong namespace: %+v", need)
		}
	}
}
