package check

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

// TestFigures is the READY column.
func TestFigures(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	web := service("web", app)
	unlisted := pod("c", app, func(p *corev1.Pod) { p.Status.PodIP, p.Status.PodIPs = "", nil })
	forbidden := func(kind model.Kind) func(*model.Builder) {
		return func(b *model.Builder) { b.Cover(model.Need{Kind: kind}, model.Coverage{State: model.Forbidden}) }
	}
	for name, test := range map[string]struct {
		objects          objects
		change           func(*model.Builder)
		usable, selected int
		counted          bool
	}{
		"ready and not":                  {objects{web, pod("a", app), pod("b", app, notReady)}, nil, 1, 2, true},
		"a Pod that is not listed":       {objects{web, pod("a", app), unlisted}, nil, 1, 2, true},
		"an ended Pod":                   {objects{web, endedPod("b", app), pod("a", app), endedPod("c", app)}, nil, 1, 1, true},
		"an ended Pod, first and alone":  {objects{web, endedPod("a", app)}, nil, 0, 0, true},
		"no selector":                    {objects{service("web", nil), byHand("m", "web", new(""), new(int32(8080)), "192.0.2.1"), pod("a", nil)}, nil, 1, 1, true},
		"Pods that cannot be read":       {objects{web, pod("a", app), unlisted}, forbidden(model.Pods), 1, 1, true},
		"slices that cannot be read":     {objects{web, pod("a", app)}, forbidden(model.EndpointSlices), 0, 0, false},
		"an ExternalName, with a slice":  {objects{service("web", nil, externalName("db.example.com")), byHand("m", "web", new(""), new(int32(8080)), "192.0.2.1")}, nil, 0, 0, false},
		"an ExternalName with clusterIP": {objects{service("web", app, externalName("db.example.com"), func(svc *corev1.Service) { svc.Spec.ClusterIP = "None" }), pod("a", app)}, nil, 0, 0, false},
	} {
		builder := cluster(test.objects...)
		if test.change != nil {
			test.change(builder)
			if name == "Pods that cannot be read" {
				// The snapshot of a cluster holds nothing that may not be read.
				builder.Apply(model.Change{Kind: model.Pods, Key: keyOf(unlisted)})
			}
		}
		report := Judge(input(builder), model.Key{Namespace: "shop", Name: "web"})
		record(t, name, report)
		if report.Usable != test.usable || report.Selected != test.selected || report.Counted != test.counted {
			t.Errorf("%s: %d/%d, counted %v: %s", name, report.Usable, report.Selected, report.Counted, told(report))
		}
	}
}

func endedPod(name string, own labels) *corev1.Pod { return pod(name, own, ended(corev1.PodSucceeded)) }

func TestLiveAndEndedPods(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	web := service("web", app)
	names := func(pods []*corev1.Pod) (text string) {
		for _, p := range pods {
			text += p.Name
		}
		return text
	}
	for name, test := range map[string]struct {
		service     *corev1.Service
		pods        objects
		live, ended string
	}{
		"live":                {web, objects{pod("a", app), pod("b", app)}, "ab", ""},
		"mixed":               {web, objects{pod("a", app), endedPod("b", app), pod("c", app), endedPod("d", app), pod("e", labels{"app": "db"})}, "ac", "bd"},
		"ended":               {web, objects{endedPod("a", app)}, "", "a"},
		"no selector":         {service("web", nil), objects{pod("a", app)}, "", ""},
		"an ExternalName":     {service("web", app, externalName("x.example.com")), objects{pod("a", app)}, "", ""},
		"terminating is live": {web, objects{pod("a", app, terminating)}, "a", ""},
	} {
		s := newSubject(input(cluster(append(test.pods, test.service)...)), test.service)
		if got := names(s.ended()); got != test.ended {
			t.Errorf("%s: ended %q", name, got)
		}
		if got := names(s.live()); got != test.live {
			t.Errorf("%s: live %q", name, got)
		}
	}
}

// TestHeldFor holds when a state is too young, and when a clock is not to be believed.
func TestHeldFor(t *testing.T) {
	t.Parallel()
	web := service("web", nil)
	s := newSubject(input(cluster(web)), web)
	for name, test := range map[string]struct {
		since    time.Time
		settling bool
	}{
		"no time":                  {time.Time{}, false},
		"long":                     {now.Add(-time.Hour), false},
		"just long enough":         {now.Add(-10 * time.Second), false},
		"nearly":                   {now.Add(-9 * time.Second), true},
		"now":                      {now, true},
		"ahead, a little":          {now.Add(10 * time.Second), true},
		"ahead, by another clock":  {now.Add(11 * time.Second), false},
		"ahead, by a wrong a year": {now.Add(8000 * time.Hour), false},
	} {
		got := s.heldFor(Finding{Severity: Critical, Since: test.since}, 10*time.Second)
		if got.Settling != test.settling || got.Settling != (got.Severity == Minor) || got.Settling == got.Again.IsZero() {
			t.Errorf("%s: %+v", name, got)
		}
		if test.settling && !got.Again.Equal(test.since.Add(10*time.Second)) {
			t.Errorf("%s: again %v", name, got.Again)
		}
	}
	if got := s.heldFor(Finding{Severity: Info, Since: now}, time.Minute); got.Severity != Info {
		t.Errorf("settling makes it graver: %s", got.Severity)
	}
}

// TestChanged is when the slices last changed, the Service's creation at the earliest.
func TestChanged(t *testing.T) {
	t.Parallel()
	web := service("web", labels{"app": "web"})
	early, late := slicesFor(web)[0], slicesFor(web)[0]
	early.Name, late.Name = "web-a", "web-b"
	early.ManagedFields, late.ManagedFields = managedBySlices(`{"f:endpoints":{}}`, 30*time.Minute), managedBySlices(`{"f:endpoints":{}}`, 5*time.Minute)
	before := slicesFor(web)[0]
	before.Name, before.CreationTimestamp, before.ManagedFields = "web-c", ago(3*time.Hour), managedBySlices(`{"f:endpoints":{}}`, 2*time.Hour)
	for name, test := range map[string]struct {
		objects objects
		want    time.Duration
	}{
		"no slice":            {objects{}, time.Hour},
		"the last":            {objects{early, late}, 5 * time.Minute},
		"the last, first":     {objects{late, early}, 5 * time.Minute},
		"before the creation": {objects{before}, time.Hour},
	} {
		builder := model.NewBuilder(nil).Put(web).Put(test.objects...)
		if got := now.Sub(newSubject(input(builder), web).changed()); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestStepMarks holds the checklist where something is amiss or unknown.
func TestStepMarks(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	web := service("web", app)
	gap := func(kind model.Kind, state model.CoverageState) func(*model.Builder) {
		return func(b *model.Builder) { b.Cover(model.Need{Kind: kind}, model.Coverage{State: state}) }
	}
	a := pod("a", app)
	slice := slicesFor(web, a)[0]
	made, makes := deployment("front", 1, app), replicaSet("front-1", 1, app)
	makes.OwnerReferences = []metav1.OwnerReference{{Kind: "Deployment", Name: made.Name, UID: made.UID, Controller: new(true)}}
	warning := func(kind, about string) *corev1.Event {
		return event(pod(about, nil), kind, corev1.EventTypeWarning, "Odd", "odd", time.Minute)
	}
	for name, test := range map[string]struct {
		objects objects
		change  func(*model.Builder)
		step    Step
		mark    Mark
		note    string
	}{
		"endpoints":                            {objects{web, a}, nil, StepEndpoints, MarkOK, "1/1"},
		"endpoints not read":                   {objects{web, a}, gap(model.EndpointSlices, model.Forbidden), StepEndpoints, MarkUnknown, ""},
		"endpoints on their way":               {objects{web, a}, gap(model.EndpointSlices, model.Syncing), StepEndpoints, MarkPending, ""},
		"no endpoints, and why":                {objects{web, pod("a", app, notReady)}, nil, StepEndpoints, MarkFail, "0/1"},
		"no endpoints, not known":              {objects{web}, gap(model.Pods, model.Forbidden), StepEndpoints, MarkUnknown, "0/0"},
		"selector":                             {objects{web, a}, nil, StepSelector, MarkOK, "1"},
		"selector, Pods not read":              {objects{web, a}, gap(model.Pods, model.Forbidden), StepSelector, MarkUnknown, ""},
		"selector, none":                       {objects{service("web", nil), a}, nil, StepSelector, MarkNone, ""},
		"selector, of all Pods":                {objects{web, a, endedPod("b", nil), pod("c", nil), policy("deny", nil)}, nil, StepSelector, MarkOK, "1/2"},
		"readiness":                            {objects{web, a, pod("b", app, notReady)}, nil, StepReadiness, MarkOK, "1/2"},
		"readiness, none":                      {objects{service("web", nil), a}, nil, StepReadiness, MarkNone, ""},
		"readiness, not read":                  {objects{web, a}, gap(model.Pods, model.Syncing), StepReadiness, MarkPending, ""},
		"events":                               {objects{web, a}, nil, StepEvents, MarkOK, "0"},
		"events not read":                      {objects{web, a}, gap(model.Events, model.Forbidden), StepEvents, MarkUnknown, ""},
		"events of the Pod":                    {objects{web, a, warning("Pod", "a")}, nil, StepEvents, MarkWarn, "1"},
		"events of the Service":                {objects{web, a, warning("Service", "web")}, nil, StepEvents, MarkWarn, "1"},
		"events of the slice":                  {objects{web, a, slice, warning("EndpointSlice", slice.Name)}, nil, StepEvents, MarkWarn, "1"},
		"events that are normal":               {objects{web, a, event(a, "Pod", corev1.EventTypeNormal, "Started", "", time.Minute)}, nil, StepEvents, MarkOK, "1"},
		"events of others":                     {objects{web, a, warning("Pod", "z")}, nil, StepEvents, MarkOK, "0"},
		"events of who makes them":             {objects{web, made, makes, warning("Deployment", "front"), warning("ReplicaSet", "front-1")}, nil, StepEvents, MarkWarn, "2"},
		"events of who makes them, and a Pod":  {objects{web, a, made, makes, warning("Deployment", "front"), warning("ReplicaSet", "front-1")}, nil, StepEvents, MarkOK, "0"},
		"events of who makes them, but a name": {objects{service("web", app, externalName("db.example.com")), made, makes, warning("Deployment", "front")}, nil, StepEvents, MarkOK, "0"},
		"what is likely warns":                 {objects{web, a, policy("deny", nil)}, nil, StepIsolation, MarkWarn, ""},
	} {
		builder := cluster(test.objects...)
		if test.change != nil {
			test.change(builder)
		}
		got := Judge(input(builder), model.Key{Namespace: "shop", Name: "web"}).Steps[test.step]
		if got.Mark != test.mark || got.Note != test.note {
			t.Errorf("%s: %d %q", name, got.Mark, got.Note)
		}
	}
}

// TestOpenNeeds holds what a Service that is open on the screen wants beside what its checks want now.
func TestOpenNeeds(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	has := func(needs []model.Need, kinds ...model.Kind) bool {
		for _, kind := range kinds {
			found := false
			for _, need := range needs {
				found = found || need.Kind == kind
			}
			if !found {
				return false
			}
		}
		return true
	}
	in := input(cluster(service("web", app), pod("a", app)))
	if open := OpenNeeds(web, in.Snapshot); !has(open, model.Pods, model.Events, model.ReplicaSets, model.Deployments, model.StatefulSets, model.DaemonSets, model.NetworkPolicies) {
		t.Errorf("%v", open)
	}
	external := input(cluster(service("web", nil, externalName("db.example.com"))))
	if open := OpenNeeds(web, external.Snapshot); !has(open, model.Events) || has(open, model.ReplicaSets) {
		t.Errorf("%v", open)
	}
	if got := OpenNeeds(model.Key{Namespace: "shop", Name: "nope"}, in.Snapshot); got != nil {
		t.Errorf("%v", got)
	}
	// What is read only of Services in trouble is not wanted before it is known whether there is any.
	builder := cluster(service("web", app), pod("a", app, notReady)).Cover(model.Need{Kind: model.Pods}, model.Coverage{State: model.NotAsked})
	if got := Needs(web, builder.Build(now)); !has(got, model.Pods) || has(got, model.Nodes) {
		t.Errorf("%v", got)
	}
}

// TestNoEndpointsOfAName holds that an ExternalName has none, whatever slices are left over.
func TestNoEndpointsOfAName(t *testing.T) {
	t.Parallel()
	svc := service("web", nil, externalName("db.example.com"))
	s := newSubject(input(cluster(svc, byHand("m", "web", new(""), new(int32(8080)), "192.0.2.1"))), svc)
	if got := s.endpoints(); len(got.Backends) != 0 || len(got.Ports) != 0 {
		t.Errorf("%+v", got)
	}
}
