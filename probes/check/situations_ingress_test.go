package check

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

func TestIngresses(t *testing.T) {
	t.Parallel()
	with := func(svc *corev1.Service, others ...metav1.Object) objects {
		return append(objects{svc, behind()}, others...)
	}
	byAnnotation := func(class string) func(*networkingv1.Ingress) {
		return func(i *networkingv1.Ingress) {
			i.Spec.IngressClassName, i.Annotations = nil, labels{ingressClassAnnotation: class}
		}
	}
	names := func(pairs ...corev1.ServicePort) *corev1.Service { return fronted(ports(pairs...)) }
	webAndWed := names(namedPort("main", 80, "web"), namedPort("wed", 81, 8080))
	near := names(namedPort("http", 80, 8080), namedPort("metrics", 81, 8080))
	twoNear := names(namedPort("htta", 80, 8080), namedPort("httb", 81, 8080))
	asNumber := names(namedPort("p9443", 443, 8080), namedPort("http", 80, 8080))
	changed := func(since time.Duration) *corev1.Service {
		return fronted(changedBy("kubectl-edit", `{"f:spec":{"f:ports":{".":{}}}}`, since))
	}
	defaultNginx := ingressClass("nginx", "k8s.io/ingress-nginx", defaultClass)
	bare := ingress("shop", "web", 80, withoutAddress)
	says := func(eventType, reason, message string, since time.Duration) *corev1.Event {
		return event(bare, "Ingress", eventType, reason, message, since)
	}
	const wrongType = `service "shop/web" is type "ClusterIP", expected "NodePort" or "LoadBalancer"`
	unhealthy := func(states string) *networkingv1.Ingress {
		return ingress("shop", "web", 80, func(i *networkingv1.Ingress) { i.Annotations = labels{gkeBackendsAnnotation: states} })
	}
	const bad = `{"k8s1-abc-shop-web-80-def":"UNHEALTHY"}`
	noPorts := service("web", webApp, headless, ports())
	testSituations(t, "ingress", map[string]situation{
		"the targetPort, by the annotation of a strict class": {objects: with(fronted(), ingress("shop", "web", 8080, byAnnotation("example")), exampleClass), want: "ING-02 major proven"},
		"the targetPort, by an annotation beside nginx":       {objects: with(fronted(), ingress("shop", "web", 8080, byAnnotation("nginx")), exampleClass, nginxClass), want: "ING-02 major likely"},
		"the targetPort, of a class that is gone":             {objects: with(fronted(), ingress("shop", "web", 8080, withClass(new("gone"))), exampleClass, defaultNginx), want: "ING-02 major likely"},
		"the targetPort, and classes are on their way":        {objects: with(fronted(), ingress("shop", "web", 8080), nginxClass), coming: []model.Kind{model.IngressClasses}, want: ""},
		"a targetPort by name, and a port of a near name":     {objects: with(webAndWed, ingress("shop", "web", "web"), exampleClass), want: "PORT-01 major proven, ING-02 major proven"},
		"a near name":                                       {objects: with(near, ingress("shop", "web", "htpp"), exampleClass), want: "ING-02 major proven"},
		"a name at the limit of near":                       {objects: with(near, ingress("shop", "web", "hxxp"), exampleClass), want: "ING-02 major proven"},
		"two names that are as near":                        {objects: with(twoNear, ingress("shop", "web", "http"), exampleClass), want: "ING-02 major proven"},
		"two names, and the second is nearer":               {objects: with(names(namedPort("hxxp", 80, 8080), namedPort("htts", 81, 8080)), ingress("shop", "web", "http"), exampleClass), want: "ING-02 major proven"},
		"two names, and the first is nearer":                {objects: with(names(namedPort("htts", 80, 8080), namedPort("hxxp", 81, 8080)), ingress("shop", "web", "http"), exampleClass), want: "ING-02 major proven"},
		"a number that a name is near to":                   {objects: with(asNumber, ingress("shop", "web", 9443), exampleClass), want: "ING-02 major proven"},
		"no such port, since the ports changed":             {objects: with(changed(5*time.Minute), ingress("shop", "web", 9), exampleClass), want: "ING-02 major proven"},
		"no such port, and the ports changed long ago":      {objects: with(changed(5*time.Hour), ingress("shop", "web", 9), exampleClass), want: "ING-02 major proven"},
		"a Service without ports":                           {objects: objects{noPorts, pod("a", webApp), ingress("shop", "web", 80), exampleClass}, want: "ING-02 major proven"},
		"no address, and classes may not be read":           {objects: with(fronted(), bare), without: []model.Kind{model.IngressClasses}, want: "ING-04 info possible"},
		"no address, a class that is gone beside a default": {objects: with(fronted(), ingress("shop", "web", 80, withoutAddress, withClass(new("gone"))), exampleClass, defaultNginx), want: "ING-03 major likely"},
		"no class, and one of a short name":                 {objects: with(fronted(), ingress("shop", "web", 80, withoutAddress, withClass(nil)), ingressClass("x", "y"), exampleClass), want: "ING-03 major likely"},
		"a class of two slips":                              {objects: with(fronted(), ingress("shop", "web", 80, withoutAddress, withClass(new("exmplee"))), nginxClass, exampleClass), want: "ING-03 major likely"},
		"a class that is gone, and it has an address":       {objects: with(fronted(), ingress("shop", "web", 80, withClass(new("gone"))), exampleClass), want: ""},
		"no address, and events may not be read":            {objects: with(fronted(), bare, ingress("other", "web", 80), exampleClass), without: []model.Kind{model.Events}, want: "ING-04 major likely"},
		"no address, two errors":                            {objects: with(fronted(), bare, exampleClass, says("Warning", "Sync", "older error", 9*time.Minute), says("Warning", "Sync", "newest error", 3*time.Minute), says("Warning", "Sync", "old error", 20*time.Minute)), want: "ING-04 major proven"},
		"no address, an error between successes":            {objects: with(fronted(), bare, exampleClass, says("Normal", "IPChanged", "a", 3*time.Minute), says("Warning", "Sync", "an error", 9*time.Minute), says("Normal", "AddedOrUpdated", "b", 20*time.Minute)), want: "ING-04 info possible"},
		"no address, the newest of two errors is last":      {objects: with(fronted(), bare, exampleClass, says("Warning", "Sync", "an older error", 9*time.Minute), says("Warning", "Sync", "the newest error", 3*time.Minute)), want: "ING-04 major proven"},
		"no address, an error, and a success since":         {objects: with(fronted(), bare, exampleClass, says("Normal", "AddedOrUpdated", "b", 3*time.Minute), says("Warning", "Sync", "an error", 9*time.Minute), says("Normal", "IPChanged", "a", 20*time.Minute)), want: "ING-04 info possible"},
		"no such port, of a Service that came later":        {objects: with(serviceMade(fronted(), 2*time.Second), ingress("shop", "web", 9), exampleClass), want: "ING-02 minor proven"},
		"an address without its class, and one without":     {objects: with(fronted(), ingress("classless", "web", 80, withClass(new("gone"))), bare, exampleClass), want: "ING-04 info possible"},
		"no address, and a success":                         {objects: with(fronted(), bare, exampleClass, says("Normal", "IPChanged", "a", 3*time.Minute)), want: "ING-04 info possible"},
		"GKE: of the wrong type":                            {objects: with(fronted(), bare, exampleClass, says("Warning", "Translate", wrongType, 9*time.Minute)), want: "ING-05 major proven"},
		"GKE: of the wrong type, the annotation is broken":  {objects: with(fronted(annotated(gkeNEGAnnotation, `{"ingress": tru`)), bare, exampleClass, says("Warning", "Translate", wrongType, 9*time.Minute)), want: "ING-05 major proven"},
		"GKE: of the wrong type, mended":                    {objects: with(fronted(annotated(gkeNEGAnnotation, `{"ingress": true}`)), bare, exampleClass, says("Warning", "Translate", wrongType, 9*time.Minute)), want: "ING-04 info possible"},
		"GKE: of the wrong type, of a node port by now":     {objects: with(fronted(func(svc *corev1.Service) { svc.Spec.Type = corev1.ServiceTypeNodePort }, annotated(gkeNEGAnnotation, `{"ingress": tru`)), bare, exampleClass, says("Warning", "Translate", wrongType, 9*time.Minute)), want: "ING-04 info possible"},
		"GKE: another error about one with a NEG":           {objects: with(fronted(annotated(gkeNEGAnnotation, `{"ingress": true}`)), bare, exampleClass, says("Warning", "Translate", `could not find service "shop/web"`, 9*time.Minute)), want: "ING-04 major proven"},
		"GKE: another error about this Service":             {objects: with(fronted(), bare, exampleClass, says("Warning", "Translate", `could not find service "shop/web"`, 9*time.Minute)), want: "ING-04 major proven"},
		"GKE: unhealthy":                                    {objects: with(fronted(), unhealthy(bad), exampleClass), want: "ING-04 major likely"},
		"GKE: unhealthy, and slices may not be read":        {objects: with(fronted(), unhealthy(bad), exampleClass), without: []model.Kind{model.EndpointSlices}, want: ""},
		"GKE: nobody can read what it says":                 {objects: with(fronted(), unhealthy(`{"k8s1`), exampleClass), want: ""},
	})
}

func TestRoutesOfGateways(t *testing.T) {
	t.Parallel()
	with := func(others ...metav1.Object) objects { return append(objects{fronted(), behind()}, others...) }
	refused := reported(condition("Accepted", "False", "NoMatchingParent", "no listener", 2))
	notFound := func(message string) func(*model.Route) {
		return reported(condition("ResolvedRefs", "False", "BackendNotFound", message, 2))
	}
	two := backends(backendRef(0, 0, "web", 80, 1), backendRef(0, 1, "web-2", 80, 1))
	parents := func(refs ...model.GatewayRef) func(*model.Route) {
		return func(r *model.Route) { r.Parents = refs }
	}
	entry := model.GatewayRef{Group: gatewayGroup, Kind: "Gateway", Namespace: "shop", Name: "entry"}
	mesh := model.GatewayRef{Group: "example.com", Kind: "Gateway", Namespace: "shop", Name: "gone"}
	// beside is a backend of the same name that is something else, as a Service of another namespace or a ServiceImport.
	beside := func(change func(*model.BackendRef)) func(*model.Route) {
		other := backendRef(0, 1, "web", 80, 1)
		change(&other)
		return backends(backendRef(0, 0, "web", 80, 1), other)
	}
	otherMissing := notFound("the second backend is not there")
	ofKind := func(kind string) func(*model.Route) { return func(r *model.Route) { r.Kind = kind } }
	twice := func(r *model.Route) {
		r.Rules = append(r.Rules, model.RouteRule{Backends: []model.BackendRef{backendRef(1, 0, "web", 443, 1)}})
	}
	listener := func(protocol, hostname string) func(*model.Gateway) {
		return func(g *model.Gateway) {
			g.Listeners[0].Protocol, g.Listeners[0].Hostname = protocol, hostname
			g.Listeners[0].Conditions = []metav1.Condition{condition("ResolvedRefs", "False", "InvalidCertificateRef", "no such Secret", 3)}
		}
	}
	notGranted := reported(condition("ResolvedRefs", "False", "RefNotPermitted", "not permitted", 2))
	named := func(name string) func(*model.Route) {
		return func(r *model.Route) { r.Hostnames = []string{name} }
	}
	single := objects{service("web", webApp, ports(namedPort("http", 80, 8080))), behind()}
	testSituations(t, "gateway", map[string]situation{
		"refused, and named by two rules":            {objects: with(httpRoute("shop", refused, twice), gateway()), want: "GW-01 major proven"},
		"no port is named, and there is one":         {objects: append(single, httpRoute("shop", backends(backendRef(0, 0, "web", 0, 1))), gateway()), want: "GW-02 major proven"},
		"the message names it":                       {objects: with(httpRoute("shop", two, notFound("service shop/web not found")), gateway()), want: "GW-01 major likely"},
		"the message names another that begins so":   {objects: with(httpRoute("shop", two, notFound("service shop/web-2 not found")), gateway()), want: ""},
		"the message names another that ends in a z": {objects: with(httpRoute("shop", two, notFound("service shop/webz, zweb, aweb, weba, web0, web9, 9web, 0web not found")), gateway()), want: ""},
		"the message names it in quotes":             {objects: with(httpRoute("shop", two, notFound("service “web” not found")), gateway()), want: "GW-01 major likely"},
		"its namesake of another namespace":          {objects: with(httpRoute("shop", beside(func(b *model.BackendRef) { b.Namespace = "pay" }), otherMissing), gateway()), want: ""},
		"its namesake of another kind":               {objects: with(httpRoute("shop", beside(func(b *model.BackendRef) { b.Kind = "Backend" }), otherMissing), gateway()), want: ""},
		"its namesake of another group":              {objects: with(httpRoute("shop", beside(func(b *model.BackendRef) { b.Group = "example.com" }), otherMissing), gateway()), want: ""},
		"named twice, the second is not there":       {objects: with(httpRoute("shop", beside(func(*model.BackendRef) {}), otherMissing), gateway()), want: "GW-01 major likely"},
		"a parent of another group":                  {objects: with(httpRoute("shop", parents(entry, mesh)), gateway()), want: ""},
		"taken by no controller, of two parents":     {objects: with(httpRoute("shop", untaken, parents(entry, mesh)), gateway()), want: "GW-01 major likely"},
		"a Gateway that is known in part": {objects: with(httpRoute("shop"), gateway(func(g *model.Gateway) {
			g.Conditions = []metav1.Condition{condition("Accepted", "True", "Accepted", "", 3), condition("Programmed", "Unknown", "Pending", "", 3)}
		})), want: ""},
		"a listener of HTTPS":                          {objects: with(httpRoute("shop"), gateway(listener("HTTPS", ""))), want: "GW-03 major proven"},
		"a listener of HTTPS, a GRPCRoute":             {objects: with(httpRoute("shop", ofKind("GRPCRoute")), gateway(listener("HTTPS", ""))), want: "GW-03 major proven"},
		"a listener of TLS, a TLSRoute":                {objects: with(httpRoute("shop", ofKind("TLSRoute")), gateway(listener("TLS", ""))), want: "GW-03 major proven"},
		"a listener of TLS, a TCPRoute":                {objects: with(httpRoute("shop", ofKind("TCPRoute")), gateway(listener("TLS", ""))), want: "GW-03 major proven"},
		"a listener of TLS, an HTTPRoute":              {objects: with(httpRoute("shop"), gateway(listener("TLS", ""))), want: ""},
		"a listener of TLS, an HTTPRoute that asks it": {objects: with(httpRoute("shop", parents(model.GatewayRef{Group: gatewayGroup, Kind: "Gateway", Namespace: "shop", Name: "entry", Section: "http"})), gateway(listener("TLS", ""))), want: "GW-03 major proven"},
		"a listener for all names of a domain":         {objects: with(httpRoute("shop"), gateway(listener("HTTPS", "*.example.com"))), want: "GW-03 major proven"},
		"a route for all names of a domain":            {objects: with(httpRoute("shop", named("*.example.com")), gateway(listener("HTTPS", "shop.example.com"))), want: "GW-03 major proven"},
		"a listener for another domain":                {objects: with(httpRoute("shop"), gateway(listener("HTTPS", "*.example.org"))), want: ""},
		"not permitted, and grants may not be read":    {objects: with(httpRoute("shop", from("front"), notGranted), gateway(), grant("front", "HTTPRoute", "")), without: []model.Kind{model.ReferenceGrants}, want: "GW-01 major proven"},
	})
}
