package check

import (
	"slices"
	"strings"
	"testing"
	"time"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

// sends is an Ingress that sends paths of shop.example to port 80 of a Service.
func sends(name, service string, paths ...string) *networkingv1.Ingress {
	ingress := &networkingv1.Ingress{ObjectMeta: meta(name, nil), Spec: networkingv1.IngressSpec{
		Rules: []networkingv1.IngressRule{{Host: "shop.example"}},
	}}
	http := &networkingv1.HTTPIngressRuleValue{}
	for _, path := range paths {
		http.Paths = append(http.Paths, networkingv1.HTTPIngressPath{Path: path, Backend: networkingv1.IngressBackend{
			Service: &networkingv1.IngressServiceBackend{Name: service, Port: networkingv1.ServiceBackendPort{Number: 80}},
		}})
	}
	ingress.Spec.Rules[0].HTTP = http
	return ingress
}

func hook(name, service string, policy admissionv1.FailurePolicyType, rules int) *admissionv1.ValidatingWebhookConfiguration {
	config := &admissionv1.ValidatingWebhookConfiguration{ObjectMeta: meta(name, nil), Webhooks: []admissionv1.ValidatingWebhook{{
		Name: "v.example", FailurePolicy: &policy, Rules: make([]admissionv1.RuleWithOperations, rules),
		ClientConfig: admissionv1.WebhookClientConfig{Service: &admissionv1.ServiceReference{Namespace: "shop", Name: service}},
	}}}
	config.Namespace = ""
	return config
}

func routeTo(name, service string, weight int32) *model.Route {
	return &model.Route{ObjectMeta: meta(name, nil), Kind: "HTTPRoute", Rules: []model.RouteRule{{Backends: []model.BackendRef{
		{Kind: "Service", Namespace: "shop", Name: service, Port: 80, Weight: weight, Path: "spec.rules[0].backendRefs[0]"},
	}}}}
}

func servedBy(name, service string) *model.APIService {
	api := &model.APIService{ObjectMeta: meta(name, nil), Service: &model.Key{Namespace: "shop", Name: service}, Port: 443, Group: "x", Version: "v1"}
	api.Namespace = ""
	return api
}

func setNaming(name, service string) *appsv1.StatefulSet {
	return &appsv1.StatefulSet{ObjectMeta: meta(name, nil), Spec: appsv1.StatefulSetSpec{ServiceName: service}}
}

func TestMissedServices(t *testing.T) {
	t.Parallel()
	young := sends("young", "cart", "/")
	young.CreationTimestamp = ago(4 * time.Second)
	ahead := sends("ahead", "cart", "/")
	ahead.CreationTimestamp = ago(-time.Hour)
	for name, test := range map[string]struct {
		objects []metav1.Object
		verdict string
		suffer  int
	}{
		"nobody":                   {nil, "none", 0},
		"an Ingress":               {[]metav1.Object{sends("web", "cart", "/cart")}, "fail", 1},
		"an Ingress, two paths":    {[]metav1.Object{sends("web", "cart", "/cart", "/pay")}, "fail", 2},
		"a route":                  {[]metav1.Object{routeTo("web", "cart", 1)}, "fail", 1},
		"a route without weight":   {[]metav1.Object{routeTo("web", "cart", 0)}, "none", 0},
		"a webhook":                {[]metav1.Object{hook("v", "cart", admissionv1.Fail, 1)}, "fail", 1},
		"a webhook that is let by": {[]metav1.Object{hook("v", "cart", admissionv1.Ignore, 1)}, "none", 0},
		"a webhook without rules":  {[]metav1.Object{hook("v", "cart", admissionv1.Fail, 0)}, "none", 0},
		"an APIService":            {[]metav1.Object{servedBy("v1.x", "cart")}, "fail", 1},
		"a StatefulSet":            {[]metav1.Object{setNaming("db", "cart")}, "warn", 1},
		"a Rollout":                {[]metav1.Object{&model.Rollout{ObjectMeta: meta("r", nil), CanaryService: "cart"}}, "warn", 0},
		"of several the gravest":   {[]metav1.Object{setNaming("db", "cart"), sends("web", "cart", "/")}, "fail", 2},
		"a young Ingress":          {[]metav1.Object{young}, "partial", 0},
		"a young Ingress beside":   {[]metav1.Object{young, sends("web", "cart", "/")}, "fail", 2},
		"a clock that differs":     {[]metav1.Object{ahead}, "fail", 1},
		"it exists":                {[]metav1.Object{sends("web", "cart", "/"), service("cart", labels{"app": "cart"})}, "none", 0},
		"another one":              {[]metav1.Object{sends("web", "carts", "/")}, "none", 0},
	} {
		in := input(cluster(test.objects...))
		key := model.Key{Namespace: "shop", Name: "cart"}
		got, suffer := "none", 0
		if missed := Missed(in.Snapshot, key); missed != (test.verdict != "none") {
			t.Errorf("%s: missed: %v", name, missed)
		}
		if in.Snapshot.Service(key) == nil {
			if report := JudgeMissed(in, key); report != nil {
				got, suffer = report.Verdict.String(), len(report.Suffers)
				if !report.Missing || report.Leading().ID != "SVC-01" || !strings.HasPrefix(report.Health(), "does not exist") {
					t.Errorf("%s: %s", name, told(report))
				}
				if settles := got == "partial"; settles != report.Settling || settles == report.Again.IsZero() ||
					settles && (!report.Again.Equal(young.CreationTimestamp.Add(settleTime)) || slices.ContainsFunc(report.Findings, Finding.Red)) {
					t.Errorf("%s: settling %v, again at %v: %s", name, report.Settling, report.Again, told(report))
				}
				if want := map[string]Mark{"fail": MarkFail, "warn": MarkWarn, "partial": MarkPending}[got]; report.Steps[StepService].Mark != want {
					t.Errorf("%s: step 1 is marked %v", name, report.Steps[StepService].Mark)
				}
			}
		}
		if got != test.verdict || suffer != test.suffer {
			t.Errorf("%s: %s, %d suffer", name, got, suffer)
		}
	}
}

func TestMissedServiceTellsWhoNamesIt(t *testing.T) {
	t.Parallel()
	key := model.Key{Namespace: "shop", Name: "crat"}
	near := JudgeMissed(input(cluster(sends("web", "crat", "/cart"), service("cart", labels{"app": "cart"}))), key)
	lead := near.Leading()
	if lead.Short != "does not exist; cart does" || !strings.HasPrefix(lead.Why, "Ingress web sends requests there") ||
		!strings.Contains(lead.Fix.Command, `"path":"/spec/rules/0/http/paths/0/backend/service/name","value":"cart"`) {
		t.Errorf("%s: %s, %s, %+v", told(near), lead.Short, lead.Why, lead.Fix)
	}
	if got := hopsText(near.Route); got != "clients > Ingress web > x crat.shop" {
		t.Errorf("the route is %s", got)
	}
	if !slices.ContainsFunc(lead.Evidence, func(e Evidence) bool {
		return e.Kind == "Ingress" && e.Name == "web" && e.Field == "spec.rules[0].http.paths[0].backend.service.name" && e.Value == "crat"
	}) {
		t.Errorf("the Ingress is no evidence: %+v", lead.Evidence)
	}

	elsewhere := service("crat", labels{"app": "cart"})
	elsewhere.Namespace = "other"
	for _, test := range []struct {
		objects     []metav1.Object
		short, note string
	}{
		{[]metav1.Object{sends("web", "crat", "/")}, "does not exist: Ingress web", "create it, or let Ingress shop/web name the one that is meant"},
		{[]metav1.Object{hook("v", "crat", admissionv1.Fail, 1)}, "", "delete ValidatingWebhookConfiguration v"},
		{[]metav1.Object{servedBy("v1.x", "crat")}, "does not exist: APIService v1.x", "delete APIService v1.x"},
		{[]metav1.Object{setNaming("db", "crat")}, "does not exist: StatefulSet db", "create a headless Service"},
		{[]metav1.Object{sends("web", "crat", "/"), elsewhere}, "does not exist here; in other it does", "an Ingress reaches Services of its own namespace only"},
		{[]metav1.Object{routeTo("web", "crat", 1), elsewhere}, "does not exist here; in other it does", "let HTTPRoute shop/web name that one"},
		{[]metav1.Object{sends("web", "crat", "/"), service("cart", nil), service("crab", nil)}, "does not exist; cart does", "call cart"},
		{[]metav1.Object{sends("web", "crat", "/"), deployment("crat", 1, labels{"app": "crat"}, func(d *appsv1.Deployment) {
			d.Spec.Template.Spec.Containers = pod("crat-1", nil).Spec.Containers
		})}, "", "makes one for the Deployment"},
	} {
		report := JudgeMissed(input(cluster(test.objects...)), key)
		lead := report.Leading()
		if test.short != "" && lead.Short != test.short || lead.Fix == nil || !strings.Contains(lead.Fix.Note, test.note) {
			t.Errorf("%s: %q, %+v", told(report), lead.Short, lead.Fix)
		}
		if strings.Contains(lead.Fix.Note, "makes one") && !strings.HasSuffix(lead.Fix.Command, "expose deploy/crat --port=80 --target-port=8080") {
			t.Errorf("%s", lead.Fix.Command)
		}
	}
}

func hopsText(hops []Hop) string {
	var texts []string
	for _, hop := range hops {
		text := hop.Text
		if hop.Broken {
			text = "x " + text
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, " > ")
}

func TestMissedServiceOfStaleReferrers(t *testing.T) {
	t.Parallel()
	key := model.Key{Namespace: "shop", Name: "cart"}
	stale := model.Coverage{State: model.Stale, Since: now.Add(-time.Minute)}
	ingresses := model.Need{Kind: model.Ingresses}
	report := JudgeMissed(input(cluster(sends("web", "cart", "/")).Cover(ingresses, stale)), key)
	if report.Verdict != Unknown || len(report.Findings) > 0 || len(report.Unchecked) != 1 || report.Unchecked[0].Kind != model.Ingresses {
		t.Errorf("%s", told(report))
	}
	report = JudgeMissed(input(cluster(sends("web", "cart", "/"), routeTo("r", "cart", 1)).Cover(ingresses, stale)), key)
	if report.Verdict != Fail || len(report.Suffers) != 1 {
		t.Errorf("%s", told(report))
	}
	report = JudgeMissed(input(cluster(sends("web", "cart", "/")).Cover(model.Need{Kind: model.Services}, stale)), key)
	if report.Verdict != Unknown || report.Unchecked[0].Kind != model.Services {
		t.Errorf("%s", told(report))
	}
}

func TestWhoSuffers(t *testing.T) {
	t.Parallel()
	app := labels{"app": "cart"}
	two := ports(
		corev1.ServicePort{Name: "web", Port: 80, Protocol: corev1.ProtocolTCP, TargetPort: port(80, 8080).TargetPort},
		corev1.ServicePort{Name: "admin", Port: 81, Protocol: corev1.ProtocolTCP, TargetPort: port(81, "nosuch").TargetPort},
	)
	byName := sends("named", "cart", "/")
	byName.Spec.Rules[0].HTTP.Paths[0].Backend.Service.Port = networkingv1.ServiceBackendPort{Name: "admin"}
	otherPort := sends("admin", "cart", "/")
	otherPort.Spec.Rules[0].HTTP.Paths[0].Backend.Service.Port.Number = 81
	ready := pod("cart-1", app)
	pending := service("cart", app, loadBalancer)
	pending.CreationTimestamp = ago(time.Hour)
	for name, test := range map[string]struct {
		objects []metav1.Object
		suffer  string
	}{
		"healthy":                  {[]metav1.Object{service("cart", app), ready, sends("web", "cart", "/")}, ""},
		"dead":                     {[]metav1.Object{service("cart", app), sends("web", "cart", "/"), hook("v", "cart", "Ignore", 1), setNaming("db", "cart")}, "web v db"},
		"no request goes there":    {[]metav1.Object{service("cart", app), routeTo("r", "cart", 0), hook("v", "cart", "Fail", 0), &model.Rollout{ObjectMeta: meta("r", nil), StableService: "cart"}}, ""},
		"one port":                 {[]metav1.Object{service("cart", app, two), ready, sends("web", "cart", "/"), otherPort, byName}, "admin named"},
		"a port that is not there": {[]metav1.Object{service("cart", app, ports(corev1.ServicePort{Name: "admin", Port: 82, TargetPort: port(81, "nosuch").TargetPort}, port(83, 8080))), ready, sends("web", "cart", "/")}, "web"},
		"the way in from outside":  {[]metav1.Object{pending, ready, sends("web", "cart", "/")}, ""},
	} {
		report := judge(t, "cart", test.objects...)
		record(t, name, report)
		var names []string
		for _, referrer := range report.Suffers {
			names = append(names, referrer.Name)
		}
		if got := strings.Join(names, " "); got != test.suffer {
			t.Errorf("%s: %q suffer, want %q: %s", name, got, test.suffer, told(report))
		}
	}
}

func TestReferrerTexts(t *testing.T) {
	t.Parallel()
	fallback := &networkingv1.Ingress{ObjectMeta: meta("all", nil), Spec: networkingv1.IngressSpec{DefaultBackend: &networkingv1.IngressBackend{
		Service: &networkingv1.IngressServiceBackend{Name: "cart"},
	}}}
	route := routeTo("r", "cart", 0)
	route.Hostnames = []string{"a.example", "b.example", "c.example"}
	snapshot := cluster(
		sends("web", "cart", "/a", "/b", "/c", "/d", "/a"), fallback, route, hook("v", "cart", "Fail", 1), hook("idle", "cart", "Fail", 0),
		servedBy("v1.x", "cart"), setNaming("db", "cart"), &model.Rollout{ObjectMeta: meta("roll", nil), PreviewService: "cart"},
	).Build(now)
	got := strings.Join(ReferrerTexts(snapshot.Referrers(model.Key{Namespace: "shop", Name: "cart"})), "\n")
	want := strings.Join([]string{
		"Ingress shop/all default backend",
		"Ingress shop/web host shop.example /a, /b, /c and 1 more",
		"HTTPRoute shop/r host a.example, b.example and 1 more (weight 0)",
		"ValidatingWebhookConfiguration idle webhook v.example (has no rules)",
		"ValidatingWebhookConfiguration v webhook v.example (failurePolicy Fail)",
		"APIService v1.x",
		"StatefulSet shop/db (serviceName)",
		"Rollout shop/roll (previewService)",
	}, "\n")
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
