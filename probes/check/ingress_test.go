package check

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

func backendPort(port any) networkingv1.ServiceBackendPort {
	if name, ok := port.(string); ok {
		return networkingv1.ServiceBackendPort{Name: name}
	}
	return networkingv1.ServiceBackendPort{Number: int32(port.(int))}
}

// ingress sends shop.example.com/ to a Service, and has an address.
func ingress(name, service string, port any, change ...func(*networkingv1.Ingress)) *networkingv1.Ingress {
	i := &networkingv1.Ingress{ObjectMeta: meta(name, nil), Spec: networkingv1.IngressSpec{
		IngressClassName: new("example"),
		Rules: []networkingv1.IngressRule{{Host: "shop.example.com", IngressRuleValue: networkingv1.IngressRuleValue{
			HTTP: &networkingv1.HTTPIngressRuleValue{Paths: []networkingv1.HTTPIngressPath{ingressPath("/", service, port)}},
		}}},
	}}
	i.Status.LoadBalancer.Ingress = []networkingv1.IngressLoadBalancerIngress{{IP: "192.0.2.1"}}
	for _, change := range change {
		change(i)
	}
	return i
}

func ingressPath(path, service string, port any) networkingv1.HTTPIngressPath {
	return networkingv1.HTTPIngressPath{Path: path, Backend: networkingv1.IngressBackend{
		Service: &networkingv1.IngressServiceBackend{Name: service, Port: backendPort(port)},
	}}
}

func ingressClass(name, controller string, change ...func(*networkingv1.IngressClass)) *networkingv1.IngressClass {
	class := &networkingv1.IngressClass{ObjectMeta: meta(name, nil), Spec: networkingv1.IngressClassSpec{Controller: controller}}
	class.Namespace = ""
	for _, change := range change {
		change(class)
	}
	return class
}

func defaultClass(class *networkingv1.IngressClass) {
	class.Annotations = labels{networkingv1.AnnotationIsDefaultIngressClass: "true"}
}

func withoutAddress(i *networkingv1.Ingress) { i.Status.LoadBalancer.Ingress = nil }

func withClass(name *string) func(*networkingv1.Ingress) {
	return func(i *networkingv1.Ingress) { i.Spec.IngressClassName = name }
}

func made(since time.Duration) func(*networkingv1.Ingress) {
	return func(i *networkingv1.Ingress) { i.CreationTimestamp = ago(since) }
}

func withPath(path, service string, port any) func(*networkingv1.Ingress) {
	return func(i *networkingv1.Ingress) {
		i.Spec.Rules[0].HTTP.Paths = append(i.Spec.Rules[0].HTTP.Paths, ingressPath(path, service, port))
	}
}

var (
	exampleClass = ingressClass("example", "example.com/controller")
	nginxClass   = ingressClass("nginx", "k8s.io/ingress-nginx")
)

func namedPort(name string, number int32, target any) corev1.ServicePort {
	p := port(number, target)
	p.Name = name
	return p
}

// fronted is a healthy Service with the ports http 80 and https 443.
func fronted(change ...func(*corev1.Service)) *corev1.Service {
	two := ports(namedPort("http", 80, 8080), namedPort("https", 443, 8443))
	return service("web", labels{"app": "web"}, append([]func(*corev1.Service){two}, change...)...)
}

func onePort(svc *corev1.Service) { svc.Spec.Ports = []corev1.ServicePort{port(80, 8080)} }

func behind() *corev1.Pod { return pod("a", labels{"app": "web"}) }

func TestIngressPorts(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		service    *corev1.Service
		ingress    *networkingv1.Ingress
		classes    []metav1.Object
		confidence Confidence
		short      string
		fix        string
		none       bool
		severity   Severity
	}{
		"its number":              {service: fronted(), ingress: ingress("shop", "web", 443), none: true},
		"its name":                {service: fronted(), ingress: ingress("shop", "web", "https"), none: true},
		"another Service's":       {service: fronted(), ingress: ingress("shop", "other", 8080), none: true},
		"a number of an external": {service: service("web", nil, externalName("db.example.com"), ports()), ingress: ingress("shop", "web", 5432), none: true},
		"the targetPort": {
			service: fronted(), ingress: ingress("shop", "web", 8443), severity: Major, confidence: Proven, short: "Ingress asks for port 8443",
			fix: `kubectl --context prod -n shop patch ingress shop --type=json -p '[{"op":"test","path":"/spec/rules/0/http/paths/0/backend/service/port","value":{"number":8443}},{"op":"replace","path":"/spec/rules/0/http/paths/0/backend/service/port","value":{"number":443}}]'`,
		},
		"the only port there is": {
			service: fronted(onePort), ingress: ingress("shop", "web", 81), severity: Major, confidence: Proven, short: "Ingress asks for port 81",
			fix: `"value":{"number":80}}]'`,
		},
		"a typo in the name": {
			service: fronted(), ingress: ingress("shop", "web", "htps"), severity: Major, confidence: Proven, short: "Ingress asks for port htps",
			fix: `"value":{"name":"htps"}},{"op":"replace","path":"/spec/rules/0/http/paths/0/backend/service/port","value":{"name":"https"}}]'`,
		},
		"a name that one is near to": {
			service: fronted(), ingress: ingress("shop", "web", "httpss"), severity: Major, confidence: Proven, short: "Ingress asks for port httpss",
			fix: `"value":{"name":"httpss"}},{"op":"replace","path":"/spec/rules/0/http/paths/0/backend/service/port","value":{"name":"https"}}]'`,
		},
		"a name, of a Service whose port has none": {
			service: fronted(onePort), ingress: ingress("shop", "web", "http"), severity: Major, confidence: Proven, short: "Ingress asks for port http",
			fix: `"value":{"name":"http"}},{"op":"replace","path":"/spec/rules/0/http/paths/0/backend/service/port","value":{"number":80}}]'`,
		},
		"of no port": {
			service: fronted(), ingress: ingress("shop", "web", 9), severity: Major, confidence: Proven, short: "Ingress asks for port 9", fix: "",
		},
		"the default backend": {
			service: fronted(), severity: Major, confidence: Proven, short: "Ingress asks for port 8443",
			ingress: ingress("shop", "other", 80, func(i *networkingv1.Ingress) {
				i.Spec.DefaultBackend = &networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: "web", Port: backendPort(8443)}}
			}),
			fix: `"path":"/spec/defaultBackend/service/port","value":{"number":8443}}`,
		},
		"two paths": {
			service: fronted(), ingress: ingress("shop", "web", 8080, withPath("/ok", "web", 80), withPath("/tls", "web", 8443)), severity: Major, confidence: Proven,
			short: "Ingress asks for port 8080",
			fix:   `{"number":80}},{"op":"test","path":"/spec/rules/0/http/paths/2/backend/service/port","value":{"number":8443}}`,
		},
		"the targetPort, with ingress-nginx": {
			service: fronted(), ingress: ingress("shop", "web", 8443, withClass(new("nginx"))), classes: []metav1.Object{nginxClass, exampleClass}, none: true,
		},
		"no port at all, with ingress-nginx": {
			service: fronted(onePort), ingress: ingress("shop", "web", 8443, withClass(new("nginx"))), classes: []metav1.Object{nginxClass},
			severity: Major, confidence: Proven, short: "Ingress asks for port 8443", fix: `{"number":80}`,
		},
		"the targetPort and another, with ingress-nginx": {
			service: fronted(), ingress: ingress("shop", "web", 8443, withClass(new("nginx")), withPath("/x", "web", 9)), classes: []metav1.Object{nginxClass},
			severity: Major, confidence: Proven, short: "Ingress asks for port 9",
		},
		"the targetPort, by a default class of ingress-nginx": {
			service: fronted(), ingress: ingress("shop", "web", 8443, withClass(nil)), none: true,
			classes: []metav1.Object{ingressClass("nginx", "k8s.io/ingress-nginx", defaultClass)},
		},
		"the targetPort, by haproxy-ingress": {
			service: fronted(), ingress: ingress("shop", "web", 8443, withClass(new("haproxy"))), none: true,
			classes: []metav1.Object{ingressClass("haproxy", "haproxy-ingress.github.io/controller")},
		},
		"the targetPort, where ingress-nginx is there too": {
			service: fronted(), ingress: ingress("shop", "web", 8443), classes: []metav1.Object{nginxClass, exampleClass},
			severity: Major, confidence: Proven, short: "Ingress asks for port 8443", fix: `{"number":443}`,
		},
		"the targetPort, of nobody knows whom, where ingress-nginx is there": {
			service: fronted(), ingress: ingress("shop", "web", 8443, withClass(nil)), classes: []metav1.Object{nginxClass},
			severity: Major, confidence: Likely, short: "Ingress asks for port 8443", fix: `{"number":443}`,
		},
		"the targetPort, by an annotation, where ingress-nginx is there": {
			service: fronted(), classes: []metav1.Object{nginxClass, exampleClass},
			ingress:  ingress("shop", "web", 8443, func(i *networkingv1.Ingress) { i.Annotations = labels{ingressClassAnnotation: "example"} }),
			severity: Major, confidence: Likely, short: "Ingress asks for port 8443", fix: `{"number":443}`,
		},
		"no port, of nobody knows whom": {
			service: fronted(), ingress: ingress("shop", "web", 9, withClass(nil)), classes: []metav1.Object{nginxClass},
			severity: Major, confidence: Proven, short: "Ingress asks for port 9",
		},
		"too young": {
			service: fronted(), ingress: ingress("shop", "web", 8443, made(5*time.Second)), severity: Minor, confidence: Proven, short: "Ingress asks for port 8443",
		},
	} {
		if test.classes == nil {
			test.classes = []metav1.Object{exampleClass}
		}
		objects := append([]metav1.Object{test.service, behind(), test.ingress}, test.classes...)
		report := judge(t, "web", objects...)
		record(t, name, report)
		lead := report.Leading()
		if test.none {
			if finding := findingOf(report, "ING-02"); finding != nil || report.Verdict != OK {
				t.Errorf("%s: %s", name, told(report))
			}
			continue
		}
		if lead == nil || lead.ID != "ING-02" || lead.Severity != test.severity || lead.Confidence != test.confidence || lead.Short != test.short {
			t.Errorf("%s: %s", name, told(report))
			continue
		}
		if !strings.Contains(lead.Fix.Command, test.fix) {
			t.Errorf("%s: %s", name, told(report))
		}
		if lead.Fix.Command == "" && !strings.Contains(lead.Fix.Note, "80 (http), 443 (https)") {
			t.Errorf("%s: %s", name, told(report))
		}
		if last := report.Route[len(report.Route)-1]; last.Broken {
			t.Errorf("%s: the Service itself is well: %+v", name, report.Route)
		}
	}
}

func TestIngressPortsSayWhatIsMeant(t *testing.T) {
	t.Parallel()
	report := judge(t, "web", fronted(), behind(), ingress("shop", "web", 8443), exampleClass)
	lead := report.Leading()
	if !strings.Contains(lead.Why, "the Service's port, not the container's") || lead.Cause == nil || lead.Cause.Text != "8443 is the targetPort" {
		t.Error(told(report))
	}
	if strings.Contains(lead.Why, "ingress-nginx") {
		t.Errorf("its controller is known: %s", lead.Why)
	}
	if want := (Evidence{"Ingress", "shop", "shop", "spec.rules[0].http.paths[0].backend.service.port.number", "8443 for shop.example.com/"}); lead.Evidence[1] != want {
		t.Errorf("%+v", lead.Evidence)
	}
	if want := (Evidence{"Service", "shop", "web", "spec.ports", "80 (http), 443 (https)"}); lead.Evidence[0] != want {
		t.Errorf("%+v", lead.Evidence)
	}
	plain := judge(t, "web", fronted(), behind(), ingress("shop", "web", 9), exampleClass).Leading()
	if plain.Cause != nil || strings.Contains(plain.Why, "container") {
		t.Errorf("%+v", plain)
	}
	owned := ingress("shop", "web", 8443, func(i *networkingv1.Ingress) { i.Annotations = labels{"meta.helm.sh/release-name": "store"} })
	if fix := judge(t, "web", fronted(), behind(), owned, exampleClass).Leading().Fix; fix.Note != "managed by Helm release store: fix the chart" || fix.Command == "" {
		t.Errorf("%+v", fix)
	}
	two := judge(t, "web", fronted(), behind(), ingress("a", "web", 8443), ingress("b", "web", 9), exampleClass)
	if len(two.Findings) != 2 || two.Findings[0].Evidence[1].Name != "a" || two.Findings[1].Evidence[1].Name != "b" {
		t.Errorf("one finding for each Ingress: %s", told(two))
	}
	moved := fronted(func(svc *corev1.Service) {
		at := ago(4 * time.Second)
		svc.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "kubectl", Time: &at, FieldsV1: metav1.NewFieldsV1(`{"f:spec":{"f:ports":{}}}`)}}
	})
	if lead := judge(t, "web", moved, behind(), ingress("shop", "web", 8443), exampleClass).Leading(); !lead.Settling || !lead.Again.Equal(now.Add(6*time.Second)) {
		t.Errorf("the ports changed just now: %+v", lead)
	}
}

// What is in front of a Service says nothing about the Service itself: where it cannot be read, only that is told.
func TestIngressesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	key := model.Key{Namespace: "shop", Name: "web"}
	forbidden := model.Coverage{State: model.Forbidden, Verb: "list"}
	report := Judge(input(cluster(fronted(), behind()).Cover(model.Need{Kind: model.Ingresses}, forbidden)), key)
	if report.Verdict != OK || !unchecked(report, "ING-02") {
		t.Errorf("Ingresses: %s", told(report))
	}
	dead := Judge(input(cluster(fronted(), pod("a", labels{"app": "web"}, notReady)).Cover(model.Need{Kind: model.Ingresses}, forbidden)), key)
	if dead.Verdict != Fail || dead.Leading().ID != "POD-06" {
		t.Errorf("a Service in trouble of its own: %s", told(dead))
	}
	classes := cluster(fronted(), behind(), ingress("shop", "web", 8443, withoutAddress)).Cover(model.Need{Kind: model.IngressClasses}, forbidden)
	report = Judge(input(classes), key)
	if report.Verdict != Warn || report.Leading().ID != "ING-02" || report.Leading().Confidence != Likely || !unchecked(report, "ING-03") || findingOf(report, "ING-03") != nil {
		t.Errorf("IngressClasses: %s", told(report))
	}
	if !strings.Contains(report.Leading().Why, "ingress-nginx") {
		t.Errorf("why it is no more than likely: %s", report.Leading().Why)
	}
	plain := cluster(fronted(), behind()).Cover(model.Need{Kind: model.IngressClasses}, forbidden)
	if report = Judge(input(plain), key); unchecked(report, "ING-03") {
		t.Errorf("no Ingress leads here: %s", told(report))
	}
	syncing := cluster(fronted(), behind(), ingress("shop", "web", 8443)).Cover(model.Need{Kind: model.IngressClasses}, model.Coverage{State: model.Syncing})
	if report = Judge(input(syncing), key); report.Verdict != Partial || len(report.Findings) != 0 {
		t.Errorf("IngressClasses are coming: %s", told(report))
	}
}

// unchecked tells whether a report says that a finding could not be looked for.
func unchecked(report *Report, id string) bool {
	for _, unchecked := range report.Unchecked {
		for _, check := range unchecked.Check {
			if check == id {
				return true
			}
		}
	}
	return false
}

// TestSinceOfAnIngressPort is dated by the last change of either side, and not by the age of an object.
func TestSinceOfAnIngressPort(t *testing.T) {
	t.Parallel()
	wrote := func(fields string, since time.Duration) func(*networkingv1.Ingress) {
		return func(i *networkingv1.Ingress) {
			i.ManagedFields = append(i.ManagedFields, managedBySlices(fields, since)...)
		}
	}
	const rules, byDefault = `{"f:spec":{"f:rules":{}}}`, `{"f:spec":{"f:defaultBackend":{}}}`
	portsAt := func(since time.Duration) func(*corev1.Service) { return changedBy("helm", portsField, since) }
	for name, test := range map[string]struct {
		service  *corev1.Service
		change   []func(*networkingv1.Ingress)
		want     time.Duration
		settling bool
	}{
		"the ports last":               {fronted(portsAt(5 * time.Minute)), []func(*networkingv1.Ingress){wrote(rules, 20*time.Minute)}, 5 * time.Minute, false},
		"the rules last":               {fronted(portsAt(20 * time.Minute)), []func(*networkingv1.Ingress){wrote(rules, 5*time.Minute)}, 5 * time.Minute, false},
		"the default backend last":     {fronted(portsAt(20 * time.Minute)), []func(*networkingv1.Ingress){wrote(rules, 9*time.Minute), wrote(byDefault, 5*time.Minute)}, 5 * time.Minute, false},
		"the default backend before":   {fronted(portsAt(20 * time.Minute)), []func(*networkingv1.Ingress){wrote(byDefault, 9*time.Minute), wrote(rules, 5*time.Minute)}, 5 * time.Minute, false},
		"the ports, a moment ago":      {fronted(portsAt(3 * time.Second)), nil, 3 * time.Second, true},
		"the ports alone are told":     {fronted(portsAt(5 * time.Minute)), nil, 0, false},
		"the rules alone are told":     {fronted(), []func(*networkingv1.Ingress){wrote(rules, 5*time.Minute)}, 0, false},
		"neither is told":              {fronted(), nil, 0, false},
		"neither, and it came just so": {fronted(), []func(*networkingv1.Ingress){made(4 * time.Second)}, 4 * time.Second, true},
	} {
		report := judge(t, "web", test.service, behind(), exampleClass, ingress("shop", "web", 9, test.change...))
		finding := findingOf(report, "ING-02")
		if finding == nil || finding.Settling != test.settling {
			t.Errorf("%s: %s", name, told(report))
			continue
		}
		want := now.Add(-test.want)
		if test.want == 0 {
			want = time.Time{}
		}
		if !finding.Since.Equal(want) || !test.settling && !report.Since.Equal(want) {
			t.Errorf("%s: since %v, the report %v", name, finding.Since, report.Since)
		}
	}
}
