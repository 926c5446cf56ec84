package check

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

func relabelled(since time.Duration) func(*corev1.Pod) {
	return func(p *corev1.Pod) {
		at := ago(since)
		p.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kubectl-label", Time: &at, FieldsV1: metav1.NewFieldsV1(`{"f:metadata":{"f:labels":{"f:app":{}}}}`)}}
	}
}

// TestSlicesThatDoNotFollow holds when slices are called outdated: never before Pods and slices had time to agree.
func TestSlicesThatDoNotFollow(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	svc := service("web", app)
	listed, unlisted := pod("a", app), pod("b", app)
	lists := func(pods ...*corev1.Pod) *discoveryv1.EndpointSlice { return slicesFor(svc, pods...)[0] }
	recreated := listed.DeepCopy()
	recreated.UID, recreated.CreationTimestamp = "uid-of-the-next", ago(time.Minute)
	setCondition(recreated, corev1.PodReady, corev1.ConditionTrue, "", "", time.Minute)
	justRecreated := recreated.DeepCopy()
	justRecreated.CreationTimestamp = ago(10 * time.Second)
	setCondition(justRecreated, corev1.PodReady, corev1.ConditionTrue, "", "", 10*time.Second)
	unreadyAgain := recreated.DeepCopy()
	setCondition(unreadyAgain, corev1.PodReady, corev1.ConditionFalse, "", "", time.Minute)
	moved := listed.DeepCopy()
	moved.Status.PodIP, moved.Status.PodIPs = "10.4.250.250", nil
	stopped := func(since time.Duration) *corev1.Event {
		return event(listed, "Pod", "Normal", "Killing", "Stopping container app", since)
	}
	notReadyThere := lists(listed)
	notReadyThere.Endpoints[0].Conditions.Ready = new(false)
	byHandThere := lists(listed)
	byHandThere.Labels[discoveryv1.LabelManagedBy] = "somebody"
	ofNoPod := lists(listed)
	ofNoPod.Endpoints[0].TargetRef = nil
	ofNoUID := lists(listed)
	ofNoUID.Endpoints[0].TargetRef.UID = ""
	movedNow := moved.DeepCopy()
	setCondition(movedNow, corev1.ContainersReady, corev1.ConditionTrue, "", "", 5*time.Second)
	leaves := func(since time.Duration) *corev1.Pod {
		p := listed.DeepCopy()
		p.Labels = labels{"app": "web-debug"}
		relabelled(since)(p)
		return p
	}
	for name, test := range map[string]struct {
		objects  objects
		severity Severity
		settling bool
		says     string
	}{
		"all is listed":                            {objects{svc, lists(listed), listed}, 0, false, ""},
		"one of two is missing":                    {objects{svc, lists(listed), listed, unlisted}, Major, false, "1 Pod is Ready and selected"},
		"nothing is listed":                        {objects{svc, lists(), unlisted}, Critical, false, "1 Pod is Ready and selected"},
		"it was relabelled just now":               {objects{svc, lists(), pod("b", app, relabelled(5*time.Second))}, Minor, true, "1 Pod is Ready"},
		"it was relabelled a while ago":            {objects{svc, lists(), pod("b", app, relabelled(40*time.Second))}, Critical, false, "1 Pod is Ready"},
		"it is Ready just now":                     {objects{svc, lists(listed), listed, pod("b", app, readySince(5*time.Second))}, Minor, true, "1 Pod is Ready"},
		"the Service is new":                       {objects{serviceMade(svc, 5*time.Second), lists(), unlisted}, Minor, true, "1 Pod is Ready"},
		"a Pod that was made anew":                 {objects{svc, lists(listed), recreated}, Major, false, "1 Pod is Ready"},
		"a Pod that was made anew just now":        {objects{svc, lists(listed), justRecreated}, Minor, true, ""},
		"a Pod made anew that is not Ready":        {objects{svc, lists(listed), unreadyAgain}, Critical, false, "not there any more"},
		"a Pod of another address":                 {objects{svc, lists(listed), moved}, Critical, false, "not there any more"},
		"a Pod that got another address just now":  {objects{svc, lists(listed), movedNow}, Minor, true, "not there any more"},
		"an address that is of no Pod":             {objects{svc, ofNoPod, stopped(3 * time.Minute)}, 0, false, ""},
		"a Pod whose UID the slice leaves out":     {objects{svc, ofNoUID, listed}, 0, false, ""},
		"a Pod that was stopped":                   {objects{svc, lists(listed, unlisted), unlisted, stopped(3 * time.Minute)}, Major, false, "1 Pod as ready that is not there"},
		"the only Pod was stopped":                 {objects{svc, lists(listed), stopped(3 * time.Minute)}, Critical, false, "1 Pod as ready that is not there"},
		"a Pod that was stopped just now":          {objects{svc, lists(listed, unlisted), unlisted, stopped(70 * time.Second)}, Minor, true, "1 Pod as ready"},
		"a Pod that may not be known yet":          {objects{svc, lists(listed, unlisted), unlisted}, 0, false, ""},
		"a stopped Pod that is not ready there":    {objects{svc, notReadyThere, stopped(3 * time.Minute)}, 0, false, ""},
		"a stopped Pod in a slice of another":      {objects{svc, byHandThere, stopped(3 * time.Minute)}, 0, false, ""},
		"a Pod that was relabelled out":            {objects{svc, lists(listed), leaves(time.Minute)}, Critical, false, "not there any more"},
		"a Pod that was relabelled out just now":   {objects{svc, lists(listed), leaves(5 * time.Second)}, Minor, true, ""},
		"a Pod that was relabelled, nothing tells": {objects{svc, lists(listed), pod("a", labels{"app": "web-debug"})}, 0, false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := judge(t, "web", test.objects...)
			finding := findingOf(report, "EPS-07")
			switch {
			case (finding != nil) != (test.severity > 0):
				t.Fatalf("%s", told(report))
			case finding == nil:
			case finding.Severity != test.severity || finding.Settling != test.settling || !strings.Contains(finding.Title, test.says):
				t.Errorf("want %s, settling %v: %s", test.severity, test.settling, told(report))
			}
		})
	}
	once := func(since time.Duration) *Report {
		return Judge(input(cluster(svc, lists(), pod("b", app, readySince(time.Minute))).
			Cover(model.Need{Kind: model.EndpointSlices}, model.Coverage{State: model.Listed, Since: ago(since).Time})), web)
	}
	if report := once(50 * time.Second); has(report, "EPS-07") {
		t.Errorf("slices were listed ten seconds after the Pod was Ready: %s", told(report))
	}
	if report := once(10 * time.Second); !has(report, "EPS-07") {
		t.Errorf("slices were listed long after the Pod was Ready: %s", told(report))
	}
	stoppedAfter := func(since time.Duration) *Report {
		return Judge(input(cluster(svc, lists(listed), stopped(3*time.Minute)).
			Cover(model.Need{Kind: model.EndpointSlices}, model.Coverage{State: model.Listed, Since: ago(since).Time})), web)
	}
	if report := stoppedAfter(5 * time.Minute); has(report, "EPS-07") {
		t.Errorf("slices were listed before the Pod was stopped: %s", told(report))
	}
	if report := stoppedAfter(10 * time.Second); !has(report, "EPS-07") {
		t.Errorf("slices were listed long after the Pod was stopped: %s", told(report))
	}
	listedOnce := cluster(svc, lists(listed, unlisted), unlisted, stopped(3*time.Minute)).Cover(model.Need{Kind: model.Pods}, model.Coverage{State: model.Listed})
	if report := Judge(input(listedOnce), web); has(report, "EPS-07") {
		t.Errorf("Pods were listed once: %s", told(report))
	}
}

func readySince(since time.Duration) func(*corev1.Pod) {
	return func(p *corev1.Pod) { setCondition(p, corev1.PodReady, corev1.ConditionTrue, "", "", since) }
}

func serviceMade(svc *corev1.Service, since time.Duration) *corev1.Service {
	svc = svc.DeepCopy()
	svc.CreationTimestamp = ago(since)
	return svc
}

// TestSlicesLeftBehind holds what is said of the slices of a selector that was taken away.
func TestSlicesLeftBehind(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web", "pod-template-hash": "1"}
	with, without := service("web", labels{"app": "web"}), service("web", nil)
	a, b := pod("a", app, ofDeploy("web")), pod("b", app, ofDeploy("web"))
	left := func(pods ...*corev1.Pod) *discoveryv1.EndpointSlice { return slicesFor(with, pods...)[0] }
	restore := `patch svc web --type=merge -p '{"spec":{"selector":{"app":"web"}}}'`
	for name, test := range map[string]struct {
		objects  objects
		severity Severity
		command  string
	}{
		"its Pods are there":            {objects{without, left(a, b), a, b}, Major, restore},
		"a new Pod came":                {objects{without, left(a), a, b}, Major, restore},
		"one of them is gone":           {objects{without, left(a, b), a}, Major, restore},
		"all are gone":                  {objects{without, left(a, b)}, Critical, ""},
		"a Pod has another address":     {objects{without, left(a), pod("a", app, ofDeploy("web"))}, Critical, ""},
		"others have these labels too":  {objects{without, left(a), a, pod("other", app, ofDeploy("other"))}, Major, ""},
		"its Pods have no name to tell": {objects{without, left(a), func() metav1.Object { p := a.DeepCopy(); p.Labels = labels{"tier": "x"}; return p }()}, Major, ""},
		"the slice is empty":            {objects{without, left()}, 0, ""},
		"the selector is there":         {objects{with, left(a), a}, 0, ""},
	} {
		report := judge(t, "web", test.objects...)
		record(t, name, report)
		finding := findingOf(report, "SVC-05")
		if (finding != nil) != (test.severity > 0) {
			t.Errorf("%s: %s", name, told(report))
			continue
		}
		if finding != nil && (finding.Severity != test.severity || !strings.HasSuffix(finding.Fix.Command, test.command) || (test.command == "") != (finding.Fix.Command == "")) {
			t.Errorf("%s: want %s %q: %s", name, test.severity, test.command, told(report))
		}
	}
}

// TestSlicesOfMoreThanOneManager holds when traffic is said to be split.
func TestSlicesOfMoreThanOneManager(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	svc, a := service("web", app), pod("a", app)
	of := func(manager string, addresses ...string) *discoveryv1.EndpointSlice {
		e := byHand("m-"+manager, "web", new(""), new(int32(8080)), addresses...)
		if manager != "" {
			e.Labels[discoveryv1.LabelManagedBy] = manager
		}
		return e
	}
	for name, test := range map[string]struct {
		objects objects
		said    bool
	}{
		"one manager":            {objects{svc, slicesFor(svc, a)[0], a}, false},
		"another address":        {objects{svc, slicesFor(svc, a)[0], a, of("somebody", "192.0.2.1")}, true},
		"by hand":                {objects{svc, slicesFor(svc, a)[0], a, of("", "192.0.2.1")}, true},
		"the same address":       {objects{svc, slicesFor(svc, a)[0], a, of("somebody", a.Status.PodIP)}, false},
		"no Pods":                {objects{svc, slicesFor(svc)[0], of("somebody", "192.0.2.1")}, false},
		"another port":           {objects{svc, slicesFor(svc, a)[0], a, slice(of("somebody", "192.0.2.1"), func(e *discoveryv1.EndpointSlice) { e.Ports[0].Name = new("other") })}, false},
		"a mesh":                 {objects{svc, slicesFor(svc, a)[0], a, of("endpointslice-mesh-controller.cilium.io", "192.0.2.1")}, false},
		"two others":             {objects{service("web", nil), of("one", "192.0.2.1"), of("two", "192.0.2.2")}, true},
		"two slices of one hand": {objects{service("web", nil), of("one", "192.0.2.1"), slice(of("one", "192.0.2.2"), func(e *discoveryv1.EndpointSlice) { e.Name = "second" })}, false},
	} {
		report := judge(t, "web", test.objects...)
		record(t, name, report)
		finding := findingOf(report, "EPS-09")
		if (finding != nil) != test.said || finding != nil && finding.Severity != Minor || report.Verdict != OK {
			t.Errorf("%s: want %v: %s", name, test.said, told(report))
		}
		if finding != nil && strings.Contains(finding.Fix.Note, "EndpointSlice web-0") {
			t.Errorf("%s: the controller's slice is to go: %s", name, finding.Fix.Note)
		}
	}
}

func TestEndpointsOverCapacity(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	svc := service("web", app)
	for count, want := range map[int]bool{1000: false, 1001: true} {
		full := slice(byHand("web-x", "web", new(""), new(int32(8080))), byController(endpointSliceController))
		for i := range count {
			full.Endpoints = append(full.Endpoints, discoveryv1.Endpoint{Addresses: []string{"10.5." + strings.Repeat("1", 1+i/250) + "." + string(rune('a'+i%250))}})
		}
		if report := judge(t, "web", svc, full); has(report, "EPS-11") != want || report.Verdict != OK {
			t.Errorf("%d: %s", count, told(report))
		}
		byHandFull := slice(full.DeepCopy(), byController("somebody"))
		if report := judge(t, "web", svc, byHandFull); has(report, "EPS-11") {
			t.Errorf("%d by hand: %s", count, told(report))
		}
	}
}

func TestEndpointsThatAreNotMirrored(t *testing.T) {
	t.Parallel()
	about := &corev1.Endpoints{ObjectMeta: meta("web", nil)} //nolint:staticcheck // the old kind is what the event is about
	says := func(reason string, since time.Duration) *corev1.Event {
		return event(about, "Endpoints", "Warning", reason, "Skipped 1 invalid IP addresses when mirroring to EndpointSlices", since)
	}
	filled := byHand("m", "web", new(""), new(int32(8080)), "192.0.2.1")
	for name, test := range map[string]struct {
		objects  objects
		severity Severity
	}{
		"nothing usable":     {objects{service("web", nil), says("InvalidIPAddress", time.Minute)}, Critical},
		"the rest works":     {objects{service("web", nil), filled, says("TooManyAddressesToMirror", time.Minute)}, Minor},
		"another reason":     {objects{service("web", nil), says("Whatever", time.Minute)}, 0},
		"of one before":      {objects{service("web", nil), says("InvalidIPAddress", 2*time.Hour)}, 0},
		"it has a selector":  {objects{service("web", labels{"app": "web"}), says("InvalidIPAddress", time.Minute)}, 0},
		"nobody says a word": {objects{service("web", nil)}, 0},
	} {
		report := judge(t, "web", test.objects...)
		record(t, name, report)
		finding := findingOf(report, "EPS-08")
		if (finding != nil) != (test.severity > 0) || finding != nil && finding.Severity != test.severity || report.Verdict == Fail && test.severity > 0 {
			t.Errorf("%s: want %s: %s", name, test.severity, told(report))
		}
	}
}
