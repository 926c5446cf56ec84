package check

import (
	"fmt"
	"maps"
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

// missingSituation is what there is beside Service cart of namespace shop, which there is not.
type missingSituation struct {
	objects objects
	want    string
	// asked is true where somebody asks for the Service; else it is told of for what names it.
	asked bool
	// elsewhere are other Services that the caller knows of.
	elsewhere      []model.Key
	without, stale []model.Kind
}

func testMissing(t *testing.T, golden string, situations map[string]missingSituation) {
	t.Helper()
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(situations)) {
		test := situations[name]
		builder := cluster(test.objects...)
		for _, kind := range test.without {
			builder.Cover(model.Need{Kind: kind}, model.Coverage{State: model.Forbidden})
		}
		for _, kind := range test.stale {
			builder.Cover(model.Need{Kind: kind}, model.Coverage{State: model.Stale, Since: now.Add(-time.Minute)})
		}
		in := input(builder)
		in.Elsewhere = test.elsewhere
		judged := JudgeMissed
		if test.asked {
			judged = JudgeMissing
		}
		report := judged(in, model.Key{Namespace: "shop", Name: "cart"})
		if report == nil {
			report = &Report{}
		}
		var found []string
		for i := range report.Findings {
			finding := &report.Findings[i]
			found = append(found, fmt.Sprintf("%s %s %s", finding.ID, finding.Severity, finding.Confidence))
			if finding.Fix != nil && finding.Fix.Command == "" && finding.Fix.Note == "" {
				t.Errorf("%s: a fix of %s that says nothing", name, finding.ID)
			}
		}
		if got := strings.Join(found, ", "); got != test.want {
			t.Errorf("%s: found %q, want %q: %s", name, got, test.want, told(report))
		}
		fmt.Fprintf(&text, "# %s\n%s\n", name, inFull(report))
	}
	compareGolden(t, golden, text.String())
}

func young[T metav1.Object](object T, since time.Duration) T {
	object.SetCreationTimestamp(ago(since))
	return object
}

// toEach is a route with a rule for each of the Services.
func toEach(name string, port int32, services ...string) *model.Route {
	route := &model.Route{ObjectMeta: meta(name, nil), Kind: "HTTPRoute"}
	for i, service := range services {
		route.Rules = append(route.Rules, model.RouteRule{Backends: []model.BackendRef{
			{Kind: "Service", Namespace: "shop", Name: service, Port: port, Weight: 1, Path: fmt.Sprintf("spec.rules[%d].backendRefs[0]", i)},
		}})
	}
	return route
}

func ruleFor(resource string) []admissionv1.RuleWithOperations {
	return []admissionv1.RuleWithOperations{{
		Operations: []admissionv1.OperationType{admissionv1.Create},
		Rule:       admissionv1.Rule{APIGroups: []string{""}, APIVersions: []string{"v1"}, Resources: []string{resource}},
	}}
}

func TestMissing(t *testing.T) {
	t.Parallel()
	with := func(others ...metav1.Object) objects { return others }
	near := func(name string, change ...func(*corev1.Service)) *corev1.Service {
		return service(name, labels{"app": name}, change...)
	}
	inOther := func(namespaces ...string) objects {
		var all objects
		for _, namespace := range namespaces {
			there := near("cart")
			there.Namespace = namespace
			all = append(all, there)
		}
		return all
	}
	of := func(ports ...corev1.ContainerPort) *appsv1.Deployment {
		return deployment("cart", 1, labels{"app": "cart"}, func(d *appsv1.Deployment) {
			d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "agent"}, {Name: "app", Ports: ports}}
		})
	}
	http := declared("http", 8080, "TCP")
	byName := sends("web", "cart", "/")
	byName.Spec.Rules[0].HTTP.Paths[0].Backend.Service.Port = networkingv1.ServiceBackendPort{Name: "http"}
	unresolvedRoute := toEach("web", 80, "cart")
	unresolvedRoute.Statuses = []model.RouteStatus{{Controller: "example.com/gateway", Conditions: []metav1.Condition{
		{Type: "ResolvedRefs", Status: metav1.ConditionFalse, Reason: "BackendNotFound", Message: "service shop/cart not found"},
	}}}
	resolvedRoute := toEach("web", 80, "cart")
	resolvedRoute.Statuses = []model.RouteStatus{{Controller: "example.com/gateway", Conditions: []metav1.Condition{
		{Type: "ResolvedRefs", Status: metav1.ConditionTrue, Reason: "ResolvedRefs"},
	}}}
	webhook := func(name string, policy admissionv1.FailurePolicyType, resource string) admissionv1.ValidatingWebhook {
		return admissionv1.ValidatingWebhook{
			Name: name, FailurePolicy: &policy, Rules: ruleFor(resource),
			ClientConfig: admissionv1.WebhookClientConfig{Service: &admissionv1.ServiceReference{Namespace: "shop", Name: "cart", Port: new(int32(443))}},
		}
	}
	validating := func(hooks ...admissionv1.ValidatingWebhook) *admissionv1.ValidatingWebhookConfiguration {
		config := &admissionv1.ValidatingWebhookConfiguration{ObjectMeta: meta("guard", nil), Webhooks: hooks}
		config.Namespace = ""
		return config
	}
	mutating := &admissionv1.MutatingWebhookConfiguration{ObjectMeta: meta("inject", nil), Webhooks: []admissionv1.MutatingWebhook{
		{Name: "pods.example", FailurePolicy: new(admissionv1.Fail), Rules: ruleFor("pods"), ClientConfig: webhook("", admissionv1.Fail, "").ClientConfig},
		{Name: "jobs.example", FailurePolicy: new(admissionv1.Ignore), Rules: ruleFor("jobs"), ClientConfig: webhook("", admissionv1.Fail, "").ClientConfig},
	}}
	mutating.Namespace = ""
	fourHooks := validating(webhook("a.example", admissionv1.Fail, "pods"), webhook("b.example", admissionv1.Fail, "jobs"),
		webhook("c.example", admissionv1.Fail, "nodes"), webhook("d.example", admissionv1.Fail, "secrets"))
	letBy := validating(webhook("a.example", admissionv1.Ignore, "pods"))
	helm := sends("web", "cart", "/")
	helm.Annotations = labels{"meta.helm.sh/release-name": "shop"}
	on443 := ports(namedPort("https", 443, 8443))
	fourPaths := sends("web", "cart", "/a", "/b", "/c", "/d")

	testMissing(t, "missing", map[string]missingSituation{
		"asked for, and like nothing":                       {asked: true, want: "SVC-01 critical proven"},
		"asked for, and Services may not be read":           {asked: true, without: []model.Kind{model.Services}},
		"asked for, two are near":                           {asked: true, objects: with(near("carrt"), near("bart"), near("aarx")), want: "SVC-01 critical proven"},
		"asked for, one is at the limit of near":            {asked: true, objects: with(near("xaxt")), want: "SVC-01 critical proven"},
		"asked for, one is beyond it":                       {asked: true, objects: with(near("shop")), want: "SVC-01 critical proven"},
		"asked for, and in two other namespaces":            {asked: true, objects: inOther("pay", "beta"), elsewhere: []model.Key{{Namespace: "alpha", Name: "cart"}, {Namespace: "pay", Name: "cart"}, {Namespace: "zeta", Name: "other"}, {Namespace: "shop", Name: "cart"}}, want: "SVC-01 critical proven"},
		"asked for, and in one that the caller knows twice": {asked: true, elsewhere: []model.Key{{Namespace: "pay", Name: "cart"}, {Namespace: "pay", Name: "cart"}}, want: "SVC-01 critical proven, SVC-02 major likely"},
		"asked for, and a webhook that is let by":           {asked: true, objects: with(letBy), want: "SVC-01 critical proven, API-01 minor proven"},
		"asked for, and there is a Deployment":              {asked: true, objects: with(of(http)), want: "SVC-01 critical proven"},
		"asked for, and a Deployment that listens nowhere":  {asked: true, objects: with(of()), want: "SVC-01 critical proven"},
		"asked for, near to one, and there is a Deployment": {asked: true, objects: with(of(http), near("card")), want: "SVC-01 critical proven"},

		"an Ingress":                                           {objects: with(sends("web", "cart", "/")), want: "SVC-01 critical proven, ING-01 major proven"},
		"an Ingress with four paths":                           {objects: with(fourPaths), want: "SVC-01 critical proven, ING-01 major proven"},
		"an Ingress, one is near":                              {objects: with(sends("web", "cart", "/"), near("card")), want: "SVC-01 critical proven, ING-01 major proven"},
		"an Ingress of Helm's, one is near":                    {objects: with(helm, near("card")), want: "SVC-01 critical proven, ING-01 major proven"},
		"an Ingress, one is near that lacks the port":          {objects: with(sends("web", "cart", "/"), near("card", ports(port(8080, 8080)))), want: "SVC-01 critical proven, ING-01 major proven"},
		"an Ingress, one is near that has the port and others": {objects: with(sends("web", "cart", "/"), near("card", ports(namedPort("admin", 8081, 8081), namedPort("http", 80, 8080)))), want: "SVC-01 critical proven, ING-01 major proven"},
		"an Ingress, one is near, and it is in a namespace":    {objects: append(inOther("pay"), sends("web", "cart", "/"), near("card")), want: "SVC-01 critical proven, ING-01 major proven, SVC-02 major likely"},
		"an Ingress by the port's name, and a Deployment":      {objects: with(byName, of(http)), want: "SVC-01 critical proven, ING-01 major proven"},
		"an Ingress, and a Deployment of another port":         {objects: with(sends("web", "cart", "/"), of(http)), want: "SVC-01 critical proven, ING-01 major proven"},
		"an Ingress that just came":                            {objects: with(young(sends("web", "cart", "/"), 5*time.Second)), want: "SVC-01 minor proven, ING-01 minor proven"},
		"an Ingress that just came before one that is old":     {objects: with(young(sends("a", "cart", "/"), 5*time.Second), sends("b", "cart", "/")), want: "SVC-01 critical proven, ING-01 major proven, ING-01 major proven"},
		"an Ingress that just came, an old webhook is let by":  {objects: with(young(sends("a", "cart", "/"), 5*time.Second), letBy), want: "SVC-01 minor proven, ING-01 minor proven, API-01 minor proven"},
		"an Ingress, and a route without weight":               {objects: with(routeTo("a", "cart", 0), sends("web", "cart", "/")), want: "SVC-01 critical proven, ING-01 major proven"},

		"a route":                                         {objects: with(toEach("web", 80, "cart")), want: "SVC-01 critical proven, GW-01 major proven"},
		"a route with four rules":                         {objects: with(toEach("web", 80, "cart", "cart", "cart", "cart")), want: "SVC-01 critical proven, GW-01 major proven"},
		"two routes":                                      {objects: with(toEach("a", 80, "cart"), toEach("b", 80, "cart", "other", "cart")), want: "SVC-01 critical proven, GW-01 major proven, GW-01 major proven"},
		"a route whose controller says so":                {objects: with(unresolvedRoute), want: "SVC-01 critical proven, GW-01 major proven"},
		"a route whose controller has not seen it":        {objects: with(resolvedRoute), want: "SVC-01 critical proven, GW-01 major proven"},
		"a route, one is near":                            {objects: with(toEach("web", 80, "cart"), near("card")), want: "SVC-01 critical proven, GW-01 major proven"},
		"a route, one is near that lacks the port":        {objects: with(toEach("web", 8000, "cart", "cart"), near("card")), want: "SVC-01 critical proven, GW-01 major proven"},
		"a route that is stale, a webhook is let by":      {objects: with(letBy, toEach("web", 80, "cart")), stale: []model.Kind{model.HTTPRoutes}},
		"a webhook that is stale, a route without weight": {objects: with(routeTo("a", "cart", 0), fourHooks), stale: []model.Kind{model.ValidatingWebhooks}},

		"a webhook, and a route without weight before it": {objects: with(routeTo("a", "cart", 0), validating(webhook("a.example", admissionv1.Fail, "pods"))), want: "SVC-01 critical proven, API-01 critical proven"},
		"a webhook of several":                            {objects: with(validating(webhook("a.example", admissionv1.Fail, "pods"), admissionv1.ValidatingWebhook{Name: "other.example", Rules: ruleFor("jobs"), ClientConfig: admissionv1.WebhookClientConfig{URL: new("https://x")}})), want: "SVC-01 critical proven, API-01 critical proven"},
		"four webhooks":                                   {objects: with(fourHooks), want: "SVC-01 critical proven, API-01 critical proven"},
		"two webhooks that change":                        {objects: with(mutating), want: "SVC-01 critical proven, API-01 critical proven"},
		"a webhook, one is near":                          {objects: with(validating(webhook("a.example", admissionv1.Fail, "pods")), near("card", on443)), want: "SVC-01 critical proven, API-01 critical proven"},
		"a webhook, one is near that lacks the port":      {objects: with(validating(webhook("a.example", admissionv1.Fail, "pods")), near("card")), want: "SVC-01 critical proven, API-01 critical proven"},
		"an APIService":                                   {objects: with(servedBy("v1.x", "cart")), want: "SVC-01 critical proven, API-02 major proven"},
		"an APIService, one is near":                      {objects: with(servedBy("v1.x", "cart"), near("card", on443)), want: "SVC-01 critical proven, API-02 major proven"},
		"an APIService, one is near that lacks the port":  {objects: with(servedBy("v1.x", "cart"), near("card")), want: "SVC-01 critical proven, API-02 major proven"},
		"a StatefulSet":                                   {objects: with(setNaming("db", "cart")), want: "SVC-01 major likely"},
		"a StatefulSet, and a Deployment":                 {objects: with(setNaming("db", "cart"), of(http)), want: "SVC-01 major likely"},
	})
}
