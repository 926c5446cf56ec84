package check

import (
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/svctui/svctui/kube/model"
)

func aliasOf(name, target string, change ...func(*corev1.Service)) *corev1.Service {
	return service(name, nil, append([]func(*corev1.Service){externalName(target)}, change...)...)
}

// TestAliases follows ExternalNames to where they end.
func TestAliases(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		objects    objects
		said       bool
		title, fix string
	}{
		"a Service":               {objects{aliasOf("web", "db.shop.svc.cluster.local"), service("db", nil)}, false, "", ""},
		"a Service, with a dot":   {objects{aliasOf("web", "db.shop.svc.cluster.local."), service("db", nil)}, false, "", ""},
		"nothing":                 {objects{aliasOf("web", "db.shop.svc.cluster.local")}, true, "Service shop/db, which does not exist", ""},
		"nothing, with a dot":     {objects{aliasOf("web", "db.shop.svc.cluster.local.")}, true, "Service shop/db, which does not exist", ""},
		"nothing, in capitals":    {objects{aliasOf("web", "DB.shop.svc.cluster.local")}, true, "Service shop/db, which does not exist", ""},
		"nothing elsewhere":       {objects{aliasOf("web", "db.pay.svc.cluster.local")}, true, "Service pay/db, which does not exist", ""},
		"a name that is near":     {objects{aliasOf("web", "db1.pay.svc.cluster.local"), inPay(service("db", nil))}, true, "Service pay/db1", `{"spec":{"externalName":"db.pay.svc.cluster.local"}}`},
		"two names that are near": {objects{aliasOf("web", "db1.pay.svc.cluster.local"), inPay(service("db", nil)), inPay(service("db2", nil))}, true, "Service pay/db1", ""},
		"the wrong namespace":     {objects{aliasOf("web", "till.stage.svc.cluster.local"), inPay(service("till", nil))}, true, "Service stage/till", `{"spec":{"externalName":"till.pay.svc.cluster.local"}}`},
		"an alias of a Service":   {objects{aliasOf("web", "a.shop.svc.cluster.local"), aliasOf("a", "db.shop.svc.cluster.local"), service("db", nil)}, false, "", ""},
		"an alias of nothing":     {objects{aliasOf("web", "a.shop.svc.cluster.local"), aliasOf("a", "db.shop.svc.cluster.local")}, true, "leads on to Service shop/db, which does not exist", ""},
		"an alias of a host":      {objects{aliasOf("web", "a.shop.svc.cluster.local"), aliasOf("a", "db.example.com")}, false, "", ""},
		"itself":                  {objects{aliasOf("web", "web.shop.svc.cluster.local")}, true, "in a circle: shop/web → shop/web", ""},
		"a circle":                {objects{aliasOf("web", "a.shop.svc.cluster.local"), aliasOf("a", "web.shop.svc.cluster.local")}, true, "in a circle: shop/web → shop/a → shop/web", ""},
		"into a circle":           {objects{aliasOf("web", "a.shop.svc.cluster.local"), aliasOf("a", "b.shop.svc.cluster.local"), aliasOf("b", "a.shop.svc.cluster.local")}, true, "in a circle", ""},
		"a Pod's own name":        {objects{aliasOf("web", "db-0.db.shop.svc.cluster.local")}, false, "", ""},
		"another cluster domain":  {objects{aliasOf("web", "db.shop.svc.k8s.example.com")}, false, "", ""},
		"a Pod":                   {objects{aliasOf("web", "10-0-0-1.shop.pod.cluster.local")}, false, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			report := judge(t, "web", test.objects...)
			finding := findingOf(report, "EN-03")
			if (finding != nil) != test.said || test.said != (report.Verdict == Fail) {
				t.Fatalf("want %v: %s", test.said, told(report))
			}
			if finding == nil {
				return
			}
			if !strings.Contains(finding.Title, test.title) || finding.Fix == nil || (test.fix == "") != (finding.Fix.Command == "") || !strings.Contains(finding.Fix.Command, test.fix) {
				t.Errorf("%s", told(report))
			}
		})
	}
}

// TestAnAliasBeyondTheScopeIsAskedFor holds that what an ExternalName stands for is read where it is looked at, and told as not
// checked where it cannot be.
func TestAnAliasBeyondTheScopeIsAskedFor(t *testing.T) {
	t.Parallel()
	beyond := model.Need{Kind: model.Services, Namespace: "pay"}
	scoped := func(coverage model.Coverage) *model.Snapshot {
		return cluster(aliasOf("web", "db.pay.svc.cluster.local")).Uncover(model.Need{Kind: model.Services}).
			Cover(model.Need{Kind: model.Services, Namespace: "shop"}, model.Coverage{State: model.Live}).Cover(beyond, coverage).Build(now)
	}
	unread := scoped(model.Coverage{})
	if needs := BeyondNeeds(web, unread); !slices.Equal(needs, []model.Need{beyond}) {
		t.Errorf("beyond: %v", needs)
	}
	if needs := OpenNeeds(web, unread); !slices.Contains(needs, beyond) {
		t.Errorf("open: %v", needs)
	}
	if needs := Needs(web, unread); slices.Contains(needs, beyond) {
		t.Errorf("a row in a list asks for %v", needs)
	}
	everything := cluster(aliasOf("web", "db.pay.svc.cluster.local")).Build(now)
	if needs := BeyondNeeds(web, everything); len(needs) != 0 {
		t.Errorf("all namespaces are read, and yet %v", needs)
	}
	if needs := BeyondNeeds(model.Key{Namespace: "shop", Name: "absent"}, everything); len(needs) != 0 {
		t.Errorf("no Service, and yet %v", needs)
	}
	own := cluster(aliasOf("web", "db.shop.svc.cluster.local")).Uncover(model.Need{Kind: model.Services}).Build(now)
	if needs := BeyondNeeds(web, own); len(needs) != 0 {
		t.Errorf("its own namespace is always read, and yet %v", needs)
	}
	report := Judge(Input{Snapshot: scoped(model.Coverage{State: model.Stale}), Now: now}, web)
	if len(report.Unchecked) != 1 || report.Unchecked[0].Coverage.State != model.Stale || report.Verdict != Unknown {
		t.Errorf("nothing was heard of it for a while: %s", told(report))
	}
	report = Judge(Input{Snapshot: scoped(model.Coverage{State: model.Forbidden, Verb: "list"}), Now: now}, web)
	if len(report.Unchecked) != 1 || report.Unchecked[0].Namespace != "pay" || !slices.Equal(report.Unchecked[0].Check, []string{"EN-03"}) || report.Verdict != Unknown || report.Health() != "may not list services in pay" {
		t.Errorf("%s", told(report))
	}
	if what := report.Unchecked[0].What; what != "what is in namespace pay" {
		t.Errorf("unchecked is %q", what)
	}
	if report = Judge(Input{Snapshot: scoped(model.Coverage{State: model.Failed}), Now: now}, web); report.Health() != "could not list services" || report.Verdict != Unknown {
		t.Errorf("it failed: %q, %s", report.Health(), told(report))
	}
	for _, state := range []model.CoverageState{model.NotAsked, model.Syncing} {
		if report = Judge(Input{Snapshot: scoped(model.Coverage{State: state}), Now: now}, web); report.Verdict != Partial {
			t.Errorf("%s: %s", state, told(report))
		}
	}
	if report = Judge(Input{Snapshot: scoped(model.Coverage{State: model.Live}), Now: now}, web); len(report.Unchecked) != 0 || report.Verdict != Fail {
		t.Errorf("%s", told(report))
	}
	if rule := externalNameRules()[1]; !slices.Equal(rule.IDs, []string{"EN-03"}) {
		t.Errorf("a report changed the rule: %v", rule.IDs)
	}
}

// TestAnAliasOfAnAliasIsFollowedOutOfSight holds that every namespace on the way of an ExternalName has to be read, whatever else is found.
func TestAnAliasOfAnAliasIsFollowedOutOfSight(t *testing.T) {
	t.Parallel()
	next := aliasOf("db", "db.stage.svc.cluster.local")
	next.Namespace = "pay"
	forbidden := model.Coverage{State: model.Forbidden, Verb: "list"}
	keepsName := func(svc *corev1.Service) { svc.Spec.ExternalName = "db.pay.svc.cluster.local" }
	twice, once := aliasOf("twice", "db.pay.svc.cluster.local"), service("once", nil, func(svc *corev1.Service) { svc.Spec.ExternalName = "db.stage.svc.cluster.local" })
	twice.Namespace, once.Namespace = "pay", "pay"
	for name, test := range map[string]struct {
		web        *corev1.Service
		pay, stage model.Coverage
		needs      []string
		verdict    Verdict
	}{
		"both are read":            {aliasOf("web", "db.pay.svc.cluster.local"), model.Coverage{State: model.Live}, model.Coverage{State: model.Live}, []string{"pay", "stage"}, Fail},
		"the second may not be":    {aliasOf("web", "db.pay.svc.cluster.local"), model.Coverage{State: model.Live}, forbidden, []string{"pay", "stage"}, Unknown},
		"a note is made beside":    {aliasOf("web", "db.pay.svc.cluster.local", ports(port(80, 8080))), model.Coverage{State: model.Live}, forbidden, []string{"pay", "stage"}, Unknown},
		"to another of that one":   {aliasOf("web", "twice.pay.svc.cluster.local"), model.Coverage{State: model.Live}, forbidden, []string{"pay", "stage"}, Unknown},
		"to no alias":              {aliasOf("web", "once.pay.svc.cluster.local"), model.Coverage{State: model.Live}, forbidden, []string{"pay"}, OK},
		"no alias itself":          {service("web", nil, headless, ports(), keepsName), forbidden, forbidden, nil, OK},
		"a host, and neither read": {aliasOf("web", "db.example.com"), forbidden, forbidden, nil, OK},
		"an address":               {aliasOf("web", "192.0.2.7"), forbidden, forbidden, nil, Fail},
	} {
		snapshot := cluster(test.web, next, twice, once).Uncover(model.Need{Kind: model.Services}).
			Cover(model.Need{Kind: model.Services, Namespace: "shop"}, model.Coverage{State: model.Live}).
			Cover(model.Need{Kind: model.Services, Namespace: "pay"}, test.pay).Cover(model.Need{Kind: model.Services, Namespace: "stage"}, test.stage).Build(now)
		var namespaces []string
		for _, need := range BeyondNeeds(web, snapshot) {
			namespaces = append(namespaces, need.Namespace)
		}
		report := Judge(Input{Snapshot: snapshot, Now: now}, web)
		if !slices.Equal(namespaces, test.needs) || report.Verdict != test.verdict {
			t.Errorf("%s: %v, %s", name, namespaces, told(report))
		}
	}
}

func TestPortsOfAnExternalNameMapNothing(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		objects objects
		short   string
	}{
		"no ports":                    {objects{aliasOf("web", "db.example.com")}, ""},
		"a port":                      {objects{aliasOf("web", "db.example.com", ports(port(80, 80)))}, ""},
		"a port by name":              {objects{aliasOf("web", "db.example.com", ports(port(80, "http")))}, ""},
		"no targetPort":               {objects{aliasOf("web", "db.example.com", ports(corev1.ServicePort{Port: 80}))}, ""},
		"a mapping":                   {objects{aliasOf("web", "db.example.com", ports(port(80, 8080)))}, "ports map nothing: clients must use 8080"},
		"the second maps":             {objects{aliasOf("web", "db.example.com", ports(port(80, 80), port(81, 8081)))}, "ports map nothing: clients must use 8081"},
		"a Service's port":            {objects{aliasOf("web", "db.shop.svc.cluster.local", ports(port(80, 80))), service("db", nil)}, ""},
		"a Service without that port": {objects{aliasOf("web", "db.shop.svc.cluster.local", ports(port(81, 81))), service("db", nil)}, "Service db has no port 81"},
		"a Service of another protocol": {
			objects{aliasOf("web", "db.shop.svc.cluster.local", ports(corev1.ServicePort{Port: 80, Protocol: corev1.ProtocolUDP})), service("db", nil)}, "Service db has no port 80",
		},
		"a headless Service": {objects{aliasOf("web", "db.shop.svc.cluster.local", ports(port(81, 81))), service("db", nil, headless)}, ""},
		"another alias":      {objects{aliasOf("web", "db.shop.svc.cluster.local", ports(port(81, 81))), aliasOf("db", "example.com")}, ""},
	} {
		report := judge(t, "web", test.objects...)
		record(t, name, report)
		finding := findingOf(report, "EN-04")
		if (finding != nil) != (test.short != "") || finding != nil && (finding.Short != test.short || finding.Severity != Info) || report.Verdict != OK {
			t.Errorf("%s: want %q: %s", name, test.short, told(report))
		}
	}
}

func TestTheTargetsNames(t *testing.T) {
	t.Parallel()
	https := corev1.ServicePort{Port: 8443, AppProtocol: new("https")}
	for name, test := range map[string]struct {
		service *corev1.Service
		said    bool
	}{
		"443":               {aliasOf("web", "example.com", ports(port(443, 443))), true},
		"by its name":       {aliasOf("web", "example.com", ports(corev1.ServicePort{Name: "https", Port: 8443})), true},
		"by its protocol":   {aliasOf("web", "example.com", ports(https)), true},
		"another protocol":  {aliasOf("web", "example.com", ports(corev1.ServicePort{Port: 8443, AppProtocol: new("tcp")})), false},
		"plain":             {aliasOf("web", "example.com", ports(port(80, 80))), false},
		"no ports":          {aliasOf("web", "example.com"), false},
		"inside":            {aliasOf("web", "db.shop.svc.cluster.local", ports(port(443, 443))), false},
		"localhost":         {aliasOf("web", "localhost", ports(port(443, 443))), false},
		"not an alias":      {service("web", nil, ports(port(443, 443))), false},
		"the second of two": {aliasOf("web", "example.com", ports(port(80, 80), port(443, 443))), true},
	} {
		if report := judge(t, "web", test.service); has(report, "EN-05") != test.said {
			t.Errorf("%s: want %v: %s", name, test.said, told(report))
		}
	}
}

func TestInFrontOfAnExternalName(t *testing.T) {
	t.Parallel()
	backend := func(name string) *networkingv1.IngressBackend {
		return &networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: name}}
	}
	byPath := func(name string) *networkingv1.Ingress {
		return &networkingv1.Ingress{ObjectMeta: meta("front", nil), Spec: networkingv1.IngressSpec{Rules: []networkingv1.IngressRule{{}, {
			IngressRuleValue: networkingv1.IngressRuleValue{HTTP: &networkingv1.HTTPIngressRuleValue{Paths: []networkingv1.HTTPIngressPath{{Backend: *backend(name)}}}},
		}}}}
	}
	route := func(kind, namespace, name string) *model.Route {
		return &model.Route{ObjectMeta: meta("front", nil), Kind: "HTTPRoute", Rules: []model.RouteRule{{Backends: []model.BackendRef{{Kind: kind, Namespace: namespace, Name: name}}}}}
	}
	alias := aliasOf("web", "example.com")
	for name, test := range map[string]struct {
		objects objects
		said    bool
	}{
		"nothing":                      {objects{alias}, false},
		"a path":                       {objects{alias, byPath("web")}, true},
		"a path elsewhere":             {objects{alias, byPath("other")}, false},
		"a default":                    {objects{alias, &networkingv1.Ingress{ObjectMeta: meta("front", nil), Spec: networkingv1.IngressSpec{DefaultBackend: backend("web")}}}, true},
		"a resource":                   {objects{alias, &networkingv1.Ingress{ObjectMeta: meta("front", nil), Spec: networkingv1.IngressSpec{DefaultBackend: &networkingv1.IngressBackend{}}}}, false},
		"a path of another namespace":  {objects{alias, inPay(byPath("web"))}, false},
		"a route":                      {objects{alias, route("Service", "shop", "web")}, true},
		"a route to another":           {objects{alias, route("Service", "shop", "other")}, false},
		"a route to another namespace": {objects{alias, route("Service", "pay", "web")}, false},
		"a route to another kind":      {objects{alias, route("Bucket", "shop", "web")}, false},
		"a Service with endpoints":     {objects{service("web", nil), byHand("m", "web", new(""), new(int32(80)), "192.0.2.1"), byPath("web")}, false},
	} {
		finding := findingOf(judge(t, "web", test.objects...), "EN-06")
		if (finding != nil) != test.said || finding != nil && (finding.Severity != Minor || finding.Confidence != Possible) {
			t.Errorf("%s: want %v, got %+v", name, test.said, finding)
		}
	}
}

// TestSinceOfAnExternalName is when externalName was written, or the type, and not the Service's age.
func TestSinceOfAnExternalName(t *testing.T) {
	t.Parallel()
	wrote := func(field string, since time.Duration) func(*corev1.Service) {
		return changedBy("kubectl-edit", `{"f:spec":{"`+field+`":{}}}`, since)
	}
	for name, test := range map[string]struct {
		change []func(*corev1.Service)
		want   time.Duration
	}{
		"nobody tells":                  {nil, 0},
		"the name alone":                {[]func(*corev1.Service){wrote("f:externalName", 5*time.Minute)}, 5 * time.Minute},
		"the type later":                {[]func(*corev1.Service){wrote("f:externalName", 5*time.Minute), wrote("f:type", 2*time.Minute)}, 2 * time.Minute},
		"the type before":               {[]func(*corev1.Service){wrote("f:externalName", 2*time.Minute), wrote("f:type", 5*time.Minute)}, 2 * time.Minute},
		"the type, and not by the name": {[]func(*corev1.Service){wrote("f:type", 2*time.Minute)}, 0},
	} {
		report := judge(t, "web", aliasOf("web", "192.0.2.10", test.change...))
		want := now.Add(-test.want)
		if test.want == 0 {
			want = time.Time{}
		}
		if finding := findingOf(report, "EN-01"); finding == nil || !finding.Since.Equal(want) || !report.Since.Equal(want) {
			t.Errorf("%s: %+v, the report since %v", name, finding, report.Since)
		}
	}
}
