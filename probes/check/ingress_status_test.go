package check

import (
	"strings"
	"testing"
	"time"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

func TestIngressClasses(t *testing.T) {
	t.Parallel()
	annotated := func(i *networkingv1.Ingress) {
		i.Annotations, i.Spec.IngressClassName = labels{ingressClassAnnotation: "gce"}, nil
	}
	only := []metav1.Object{exampleClass}
	both := []metav1.Object{exampleClass, nginxClass}
	for name, test := range map[string]struct {
		change  []func(*networkingv1.Ingress)
		classes []metav1.Object
		event   bool
		verdict Verdict
		short   string
		fix     string
		note    string
		again   time.Duration
	}{
		"a class that is there":        {change: []func(*networkingv1.Ingress){withoutAddress, made(2 * time.Minute)}, classes: only},
		"an annotation":                {change: []func(*networkingv1.Ingress){withoutAddress, annotated}, classes: only},
		"an annotation, no class":      {change: []func(*networkingv1.Ingress){withoutAddress, annotated}},
		"none, a default":              {change: []func(*networkingv1.Ingress){withoutAddress, withClass(nil)}, classes: []metav1.Object{ingressClass("x", "y", defaultClass)}},
		"absent, but it has one":       {change: []func(*networkingv1.Ingress){withClass(new("gone"))}, classes: only},
		"absent, but somebody took it": {change: []func(*networkingv1.Ingress){withoutAddress, withClass(new("gone"))}, classes: only, event: true},
		"absent, the only other": {
			change: []func(*networkingv1.Ingress){withoutAddress, withClass(new("gone"))}, classes: only, verdict: Warn, short: "no IngressClass gone",
			fix:  `kubectl --context prod -n shop patch ingress shop --type=merge -p '{"spec":{"ingressClassName":"example"}}'`,
			note: "if example is to serve it; else install the controller of the class that is meant",
		},
		"absent, one is near": {
			change: []func(*networkingv1.Ingress){withoutAddress, withClass(new("ngnix"))}, classes: both, verdict: Warn, short: "no IngressClass ngnix",
			fix: `kubectl --context prod -n shop patch ingress shop --type=merge -p '{"spec":{"ingressClassName":"nginx"}}'`,
		},
		"absent, none is near": {
			change: []func(*networkingv1.Ingress){withoutAddress, withClass(new("traefik"))}, classes: both, verdict: Warn, short: "no IngressClass traefik",
			note: "ask for a class that is there: example, nginx",
		},
		"absent, and no other": {
			change: []func(*networkingv1.Ingress){withoutAddress, withClass(new("nginx"))}, verdict: Warn, short: "no IngressClass nginx",
			note: "install an Ingress controller, or ask for the class of one that is there",
		},
		"absent, for half a minute": {
			change: []func(*networkingv1.Ingress){withoutAddress, withClass(new("gone")), made(30 * time.Second)}, classes: only, short: "no IngressClass gone",
			fix: `kubectl --context prod -n shop patch ingress shop --type=merge -p '{"spec":{"ingressClassName":"example"}}'`, again: 30 * time.Second,
		},
		"none, no default": {
			change: []func(*networkingv1.Ingress){withoutAddress, withClass(nil)}, classes: both, verdict: Warn, short: "Ingress shop has no class",
			note: "ask for a class that is there: example, nginx",
		},
		"none, no default, for four minutes": {
			change: []func(*networkingv1.Ingress){withoutAddress, withClass(nil), made(4 * time.Minute)}, classes: both, short: "Ingress shop has no class",
			again: time.Minute,
		},
	} {
		in := ingress("shop", "web", 80, test.change...)
		objects := append([]metav1.Object{fronted(), behind(), in}, test.classes...)
		if test.event {
			objects = append(objects, event(in, "Ingress", "Normal", "Sync", "Scheduled for sync", time.Minute))
		}
		report := judge(t, "web", objects...)
		record(t, name, report)
		finding := findingOf(report, "ING-03")
		if report.Verdict != test.verdict || (finding == nil) != (test.short == "") {
			t.Errorf("%s: %s", name, told(report))
			continue
		}
		if finding == nil {
			continue
		}
		if finding.Short != test.short || finding.Confidence != Likely || finding.Fix.Command != test.fix || test.note != "" && finding.Fix.Note != test.note {
			t.Errorf("%s: %s", name, told(report))
		}
		if test.again != 0 && !report.Again.Equal(now.Add(test.again)) {
			t.Errorf("%s: again %v", name, report.Again)
		}
		if findingOf(report, "ING-04") != nil {
			t.Errorf("%s: its consequence is told too: %s", name, told(report))
		}
	}
}

func TestIngressClassWithoutEvents(t *testing.T) {
	t.Parallel()
	key := model.Key{Namespace: "shop", Name: "web"}
	builder := cluster(fronted(), behind(), ingress("shop", "web", 80, withoutAddress, withClass(new("gone"))), exampleClass)
	report := Judge(input(builder.Cover(model.Need{Kind: model.Events}, model.Coverage{State: model.Forbidden, Verb: "list"})), key)
	if lead := report.Leading(); lead == nil || lead.ID != "ING-03" || !strings.Contains(lead.Why, "Events may not be read") {
		t.Error(told(report))
	}
}

func TestIngressAddresses(t *testing.T) {
	t.Parallel()
	in := func(change ...func(*networkingv1.Ingress)) *networkingv1.Ingress {
		return ingress("shop", "web", 80, append([]func(*networkingv1.Ingress){withoutAddress}, change...)...)
	}
	about := func(i *networkingv1.Ingress, kind, reason, message string, since time.Duration) metav1.Object {
		return event(i, "Ingress", kind, reason, message, since)
	}
	const odd = `error running load balancer syncing routine`
	for name, test := range map[string]struct {
		ingress    *networkingv1.Ingress
		others     func(*networkingv1.Ingress) []metav1.Object
		verdict    Verdict
		severity   Severity
		confidence Confidence
		short      string
		says       string
		settling   bool
		none       bool
	}{
		"an address": {ingress: ingress("shop", "web", 80), none: true},
		"a hostname": {ingress: in(func(i *networkingv1.Ingress) {
			i.Status.LoadBalancer.Ingress = []networkingv1.IngressLoadBalancerIngress{{Hostname: "lb.example.com"}}
		}), none: true},
		"none, and nothing says why": {ingress: in(), verdict: OK, severity: Info, confidence: Possible, short: "Ingress shop has no address", says: "publishes no addresses"},
		"an empty one, and nothing says why": {ingress: in(func(i *networkingv1.Ingress) {
			i.Status.LoadBalancer.Ingress = make([]networkingv1.IngressLoadBalancerIngress, 1)
		}), verdict: OK, severity: Info, confidence: Possible, short: "Ingress shop has no address", says: "publishes no addresses"},
		"none yet, and nothing says why": {ingress: in(made(4 * time.Minute)), none: true},
		"none, while another of its class has": {
			ingress: in(), others: func(*networkingv1.Ingress) []metav1.Object { return []metav1.Object{ingress("other", "x", 80)} },
			verdict: Warn, severity: Major, confidence: Likely, short: "Ingress shop has no address", says: "has given this one none",
		},
		"none yet, while another of its class has": {
			ingress: in(made(4 * time.Minute)), others: func(*networkingv1.Ingress) []metav1.Object { return []metav1.Object{ingress("other", "x", 80)} },
			severity: Minor, confidence: Likely, short: "Ingress shop has no address", settling: true,
		},
		"none, while another of another class has": {
			ingress: in(), others: func(*networkingv1.Ingress) []metav1.Object {
				return []metav1.Object{ingress("other", "x", 80, withClass(new("nginx"))), nginxClass}
			},
			verdict: OK, severity: Info, confidence: Possible, short: "Ingress shop has no address",
		},
		"none, while another whose annotation has that name has": {
			ingress: in(), others: func(*networkingv1.Ingress) []metav1.Object {
				return []metav1.Object{ingress("other", "x", 80, withClass(nil), func(i *networkingv1.Ingress) { i.Annotations = labels{ingressClassAnnotation: "example"} })}
			},
			verdict: OK, severity: Info, confidence: Possible, short: "Ingress shop has no address",
		},
		"an error": {
			ingress: in(), others: func(i *networkingv1.Ingress) []metav1.Object {
				return []metav1.Object{about(i, "Warning", "Sync", odd, time.Minute), about(i, "Warning", "Translate", "older", time.Hour)}
			},
			verdict: Fail, severity: Major, confidence: Proven, short: "Ingress shop has no address", says: odd,
		},
		"an error, for four minutes": {
			ingress: in(made(4 * time.Minute)), others: func(i *networkingv1.Ingress) []metav1.Object {
				return []metav1.Object{about(i, "Warning", "FailedBuildModel", odd, time.Minute)}
			},
			severity: Minor, confidence: Proven, short: "Ingress shop has no address", settling: true,
		},
		"an error that does not mend itself": {
			ingress: in(made(4 * time.Minute)), others: func(i *networkingv1.Ingress) []metav1.Object {
				return []metav1.Object{about(i, "Warning", "FailedDeployModel", "AccessDenied: not authorized to perform CreateLoadBalancer", 2*time.Minute)}
			},
			verdict: Fail, severity: Major, confidence: Proven, short: "Ingress: cloud permission denied (IAM)", says: "AccessDenied",
		},
		"an error, and a success": {
			ingress: in(), others: func(i *networkingv1.Ingress) []metav1.Object {
				return []metav1.Object{about(i, "Warning", "Sync", odd, 2*time.Minute), about(i, "Normal", "SuccessfullyReconciled", "x", time.Minute)}
			},
			verdict: OK, severity: Info, confidence: Possible, short: "Ingress shop has no address",
		},
		"a success, and an error": {
			ingress: in(), others: func(i *networkingv1.Ingress) []metav1.Object {
				return []metav1.Object{about(i, "Warning", "Sync", odd, time.Minute), about(i, "Normal", "IPChanged", "x", 2*time.Minute)}
			},
			verdict: Fail, severity: Major, confidence: Proven, short: "Ingress shop has no address",
		},
		"what is no error": {
			ingress: in(), others: func(i *networkingv1.Ingress) []metav1.Object {
				return []metav1.Object{about(i, "Normal", "Sync", "Scheduled for sync", time.Minute), about(i, "Warning", "BadConfig", "cert-manager", time.Minute)}
			},
			verdict: OK, severity: Info, confidence: Possible, short: "Ingress shop has no address",
		},
		"an error, and an address": {
			ingress: ingress("shop", "web", 80), none: true, others: func(i *networkingv1.Ingress) []metav1.Object {
				return []metav1.Object{about(i, "Warning", "Sync", odd, time.Minute)}
			},
		},
		"an error about its predecessor": {
			ingress: in(), others: func(i *networkingv1.Ingress) []metav1.Object {
				old := event(i, "Ingress", "Warning", "Sync", odd, time.Minute)
				old.InvolvedObject.UID = "another"
				return []metav1.Object{old}
			},
			verdict: OK, severity: Info, confidence: Possible, short: "Ingress shop has no address",
		},
	} {
		objects := []metav1.Object{fronted(), behind(), test.ingress, exampleClass}
		if test.others != nil {
			objects = append(objects, test.others(test.ingress)...)
		}
		report := judge(t, "web", objects...)
		record(t, name, report)
		finding := findingOf(report, "ING-04")
		if report.Verdict != test.verdict || (finding == nil) != test.none {
			t.Errorf("%s: %s", name, told(report))
			continue
		}
		if finding != nil && (finding.Severity != test.severity || finding.Confidence != test.confidence || finding.Short != test.short ||
			finding.Settling != test.settling || !strings.Contains(finding.Why, test.says)) {
			t.Errorf("%s: %s\n%s", name, told(report), finding.Why)
		}
	}
}

func TestGKEIngress(t *testing.T) {
	t.Parallel()
	in := ingress("shop", "web", 80, withoutAddress, func(i *networkingv1.Ingress) { i.Annotations = labels{ingressClassAnnotation: "gce"} })
	const message = `Translation failed: invalid ingress spec: service "shop/web" is type "ClusterIP", expected "NodePort" or "LoadBalancer"`
	complaint := func(message string, since time.Duration) metav1.Object {
		return event(in, "Ingress", "Warning", "Translate", message, since)
	}
	report := judge(t, "web", fronted(), behind(), in, complaint(message, 2*time.Minute))
	lead := report.Leading()
	if report.Verdict != Fail || lead.ID != "ING-05" || lead.Why != message ||
		lead.Fix.Command != `kubectl --context prod -n shop annotate svc web --overwrite 'cloud.google.com/neg={"ingress":true}'` {
		t.Error(told(report))
	}
	if report = judge(t, "web", fronted(), behind(), in, complaint(message, 30*time.Second)); !report.Leading().Settling || report.Verdict != OK {
		t.Errorf("in its first minute: %s", told(report))
	}
	annotate := func(value string) *Report {
		svc := fronted()
		svc.Annotations = labels{gkeNEGAnnotation: value}
		return judge(t, "web", svc, behind(), in, complaint(message, 2*time.Minute))
	}
	for value, want := range map[string]Verdict{`{"ingress": true}`: OK, `{"ingress": false}`: Fail, `{"exposed_ports": {"80":{}}}`: Fail, `nonsense`: Fail} {
		if report := annotate(value); report.Verdict != want || (findingOf(report, "ING-05") != nil) != (want == Fail) {
			t.Errorf("%s: %s", value, told(report))
		}
	}
	nodePort := fronted()
	nodePort.Spec.Type = "NodePort"
	if report = judge(t, "web", nodePort, behind(), in, complaint(message, 2*time.Minute)); report.Verdict != OK {
		t.Errorf("it is a NodePort by now: %s", told(report))
	}
	other := strings.ReplaceAll(message, "shop/web", "shop/web2")
	if report = judge(t, "web", fronted(), behind(), in, complaint(other, 2*time.Minute)); report.Leading().ID != "ING-04" {
		t.Errorf("it is about another Service: %s", told(report))
	}
	elsewhere := ingress("shop", "web", 80)
	kept := event(elsewhere, "Ingress", "Warning", "Translate", message, 2*time.Minute)
	if report = judge(t, "web", fronted(), behind(), elsewhere, exampleClass, kept); report.Leading() == nil || report.Leading().ID != "ING-05" {
		t.Errorf("an old address does not change it: %s", told(report))
	}
}

func TestGKEHealthChecks(t *testing.T) {
	t.Parallel()
	in := func(backends string) *networkingv1.Ingress {
		return ingress("shop", "web", 80, func(i *networkingv1.Ingress) {
			i.Annotations = labels{gkeBackendsAnnotation: backends, ingressClassAnnotation: "gce"}
		})
	}
	for backends, want := range map[string]Verdict{
		`{"k8s1-4d1b-shop-web-80-a1b2":"UNHEALTHY"}`:                                         Warn,
		`{"k8s1-4d1b-shop-web-80-a1b2":"HEALTHY","k8s1-4d1b-shop-web-443-a1b2":"UNHEALTHY"}`: Warn,
		`{"k8s-be-30080--4d1b":"UNHEALTHY"}`:                                                 Warn,
		`{"k8s1-4d1b-shop-web-80-a1b2":"HEALTHY"}`:                                           OK,
		`{"k8s1-4d1b-shop-web-80-a1b2":"Unknown"}`:                                           OK,
		`{"k8s1-4d1b-shop-cart-80-a1b2":"UNHEALTHY"}`:                                        OK,
		`{"k8s1-4d1b-shop-web-8080-a1b2":"UNHEALTHY"}`:                                       OK,
		`{"k8s-be-31080--4d1b":"UNHEALTHY"}`:                                                 OK,
		`{"k8s-be-0--4d1b":"UNHEALTHY"}`:                                                     OK,
		`nonsense`:                                                                           OK,
	} {
		svc := fronted()
		svc.Spec.Ports[0].NodePort = 30080
		report := judge(t, "web", svc, behind(), in(backends))
		if report.Verdict != want || (findingOf(report, "ING-04") != nil) != (want == Warn) {
			t.Errorf("%s: %s", backends, told(report))
		}
	}
	const unhealthy = `{"k8s1-4d1b-shop-web-80-a1b2":"UNHEALTHY"}`
	dead := judge(t, "web", fronted(), pod("a", labels{"app": "web"}, notReady), in(unhealthy))
	if findingOf(dead, "ING-04") != nil {
		t.Errorf("nothing is usable, and that is the fault: %s", told(dead))
	}
	young := in(unhealthy)
	young.CreationTimestamp = ago(2 * time.Minute)
	if report := judge(t, "web", fronted(), behind(), young); report.Verdict != OK || !report.Leading().Settling {
		t.Errorf("a load balancer takes a while: %s", told(report))
	}
}

// TestTheOnlyClassIsACandidate holds that a class is only said to be meant where its name tells.
func TestTheOnlyClassIsACandidate(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		wanted *string
		want   Cause
	}{
		"another name": {new("gone"), Cause{Text: "the only class that is there, example, may be meant", Confidence: Possible}},
		"no class":     {nil, Cause{Text: "the only class that is there, example, may be meant", Confidence: Possible}},
		"a near name":  {new("exampel"), Cause{Text: "class example is meant", Confidence: Likely}},
	} {
		report := judge(t, "web", fronted(), behind(), exampleClass, ingress("shop", "web", 80, withoutAddress, withClass(test.wanted)))
		finding := findingOf(report, "ING-03")
		if finding == nil || finding.Cause == nil || *finding.Cause != test.want || finding.Fix.Command == "" {
			t.Errorf("%s: %+v, %s", name, finding, told(report))
		}
	}
}
