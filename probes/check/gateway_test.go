package check

import (
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
)

func condition(kind string, status metav1.ConditionStatus, reason, message string, generation int64) metav1.Condition {
	return metav1.Condition{
		Type: kind, Status: status, Reason: reason, Message: message, ObservedGeneration: generation, LastTransitionTime: ago(20 * time.Minute),
	}
}

// httpRoute sends everything to port 80 of Service web; it is attached to Gateway entry, whose controller took it as generation 2.
func httpRoute(name string, change ...func(*model.Route)) *model.Route {
	r := &model.Route{
		ObjectMeta: meta(name, nil), Kind: "HTTPRoute", Hostnames: []string{"shop.example.com"},
		Parents:  []model.GatewayRef{{Group: gatewayGroup, Kind: "Gateway", Namespace: "shop", Name: "entry"}},
		Rules:    []model.RouteRule{{Backends: []model.BackendRef{backendRef(0, 0, "web", 80, 1)}}},
		Statuses: []model.RouteStatus{{Parent: model.GatewayRef{Kind: "Gateway", Name: "entry"}, Controller: "example.com/controller"}},
	}
	r.Generation = 2
	for _, change := range change {
		change(r)
	}
	return r
}

func backendRef(rule, at int, name string, port, weight int32) model.BackendRef {
	return model.BackendRef{
		Kind: "Service", Namespace: "shop", Name: name, Port: port, Weight: weight, Path: fmt.Sprintf("spec.rules[%d].backendRefs[%d]", rule, at),
	}
}

func backends(refs ...model.BackendRef) func(*model.Route) {
	return func(r *model.Route) { r.Rules[0].Backends = refs }
}

func reported(conditions ...metav1.Condition) func(*model.Route) {
	return func(r *model.Route) { r.Statuses[0].Conditions = conditions }
}

func untaken(r *model.Route) { r.Statuses = nil }

func from(namespace string) func(*model.Route) {
	return func(r *model.Route) { r.Namespace = namespace }
}

// gateway is programmed, as generation 3.
func gateway(change ...func(*model.Gateway)) *model.Gateway {
	g := &model.Gateway{ObjectMeta: meta("entry", nil), Class: "example", Listeners: []model.Listener{
		{Name: "http", Protocol: "HTTP", Port: 80, Conditions: []metav1.Condition{condition("Programmed", "True", "Programmed", "", 3)}},
	}, Conditions: []metav1.Condition{
		condition("Accepted", "True", "Accepted", "", 3), condition("Programmed", "True", "Programmed", "", 3),
	}}
	g.Generation = 3
	for _, change := range change {
		change(g)
	}
	return g
}

func grant(from, kind, to string) *model.ReferenceGrant {
	return &model.ReferenceGrant{
		ObjectMeta: meta("grant", nil), From: []model.GrantFrom{{Group: gatewayGroup, Kind: kind, Namespace: from}},
		To: []model.GrantTo{{Kind: "Service", Name: to}},
	}
}

func TestRouteBackends(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		route *model.Route
		short string
		fix   string
		says  string
	}{
		"its port":                     {route: httpRoute("shop")},
		"another Service's":            {route: httpRoute("shop", backends(backendRef(0, 0, "other", 8080, 1)))},
		"a port that it lacks, unused": {route: httpRoute("shop", backends(backendRef(0, 0, "web", 80, 1), backendRef(0, 1, "web", 81, 0)))},
		"a canary that gets nothing":   {route: httpRoute("shop", backends(backendRef(0, 0, "stable", 80, 1), backendRef(0, 1, "web", 80, 0)))},
		"the targetPort": {
			route: httpRoute("shop", backends(backendRef(0, 0, "other", 80, 1), backendRef(0, 1, "web", 8443, 1))), short: "HTTPRoute asks for port 8443",
			fix:  `kubectl --context prod -n shop patch httproute shop --type=json -p '[{"op":"test","path":"/spec/rules/0/backendRefs/1/port","value":8443},{"op":"replace","path":"/spec/rules/0/backendRefs/1/port","value":443}]'`,
			says: "not the container's",
		},
		"no such port": {route: httpRoute("shop", backends(backendRef(0, 0, "web", 9, 1))), short: "HTTPRoute asks for port 9", says: "a backendRef names the Service's port;"},
		"no port":      {route: httpRoute("shop", backends(backendRef(0, 0, "web", 0, 1))), short: "HTTPRoute shop names no port", says: "has to name a port"},
		"a TCPRoute": {
			route: httpRoute("shop", backends(backendRef(0, 0, "web", 8080, 1)), func(r *model.Route) { r.Kind = "TCPRoute" }), short: "TCPRoute asks for port 8080",
			fix: "patch tcproute shop", says: "not the container's",
		},
		"every weight 0": {
			route: httpRoute("shop", backends(backendRef(0, 0, "stable", 80, 0), backendRef(0, 1, "web", 80, 0))), short: "HTTPRoute shop: every weight is 0",
			fix:  `[{"op":"test","path":"/spec/rules/0/backendRefs/1/name","value":"web"},{"op":"test","path":"/spec/rules/0/backendRefs/1/weight","value":0},{"op":"replace","path":"/spec/rules/0/backendRefs/1/weight","value":1}]`,
			says: "clients get the status 500",
		},
	} {
		report := judge(t, "web", fronted(), behind(), test.route, gateway())
		record(t, name, report)
		if test.short == "" {
			if report.Verdict != OK || len(report.Findings) != 0 {
				t.Errorf("%s: %s", name, told(report))
			}
			continue
		}
		lead := report.Leading()
		if report.Verdict != Fail || lead.ID != "GW-02" || lead.Severity != Major || lead.Short != test.short || len(report.Findings) != 1 ||
			!strings.Contains(lead.Fix.Command, test.fix) || !strings.Contains(strings.ToLower(lead.Why), strings.ToLower(test.says)) {
			t.Errorf("%s: %s\n%s", name, told(report), lead.Why)
		}
		if test.fix == "" && lead.Fix.Note != "name one of the Service's ports: 80 (http), 443 (https)" {
			t.Errorf("%s: %+v", name, lead.Fix)
		}
	}
	external := judge(t, "web", service("web", nil, externalName("db.example.com")), httpRoute("shop"), gateway())
	if findingOf(external, "GW-02") != nil {
		t.Errorf("an ExternalName: %s", told(external))
	}
	young := judge(t, "web", fronted(), behind(), gateway(), httpRoute("shop", backends(backendRef(0, 0, "web", 9, 1)), func(r *model.Route) { r.CreationTimestamp = ago(4 * time.Second) }))
	if lead := young.Leading(); !lead.Settling || young.Verdict != OK {
		t.Errorf("a route of four seconds: %s", told(young))
	}
}

func TestReferenceGrants(t *testing.T) {
	t.Parallel()
	foreign := httpRoute("shop", from("front"))
	for name, test := range map[string]struct {
		route   *model.Route
		grants  []metav1.Object
		granted bool
	}{
		"none":                        {route: foreign},
		"for every Service":           {route: foreign, grants: []metav1.Object{grant("front", "HTTPRoute", "")}, granted: true},
		"for this one":                {route: foreign, grants: []metav1.Object{grant("back", "HTTPRoute", ""), grant("front", "HTTPRoute", "web")}, granted: true},
		"for another":                 {route: foreign, grants: []metav1.Object{grant("front", "HTTPRoute", "other")}},
		"for another kind":            {route: foreign, grants: []metav1.Object{grant("front", "GRPCRoute", "web")}},
		"for another namespace":       {route: foreign, grants: []metav1.Object{grant("back", "HTTPRoute", "web")}},
		"for Secrets":                 {route: foreign, grants: []metav1.Object{grantTo("", "Secret")}},
		"for a kind of another group": {route: foreign, grants: []metav1.Object{grantTo("example.com", "Service")}},
		"needed by nobody":            {route: httpRoute("shop"), granted: true},
	} {
		for i, object := range test.grants {
			object.SetName(fmt.Sprintf("grant-%d", i))
		}
		report := judge(t, "web", append([]metav1.Object{fronted(), behind(), test.route, gateway()}, test.grants...)...)
		record(t, name, report)
		lead := report.Leading()
		switch {
		case test.granted:
			if lead != nil || report.Verdict != OK {
				t.Errorf("%s: %s", name, told(report))
			}
		case report.Verdict != Fail || lead.ID != "GW-02" || lead.Short != "no ReferenceGrant for front" || len(report.Findings) != 1:
			t.Errorf("%s: %s", name, told(report))
		}
	}
	lead := judge(t, "web", fronted(), behind(), foreign, gateway()).Leading()
	if want := `echo '{"apiVersion":"gateway.networking.k8s.io/v1beta1","kind":"ReferenceGrant","metadata":{"name":"web-from-front","namespace":"shop"},` +
		`"spec":{"from":[{"group":"gateway.networking.k8s.io","kind":"HTTPRoute","namespace":"front"}],"to":[{"group":"","kind":"Service","name":"web"}]}}'` +
		` | kubectl --context prod -n shop apply -f -`; lead.Fix.Command != want {
		t.Errorf("got %s", lead.Fix.Command)
	}
	twice := judge(t, "web", fronted(), behind(), gateway(), httpRoute("shop", from("front"), backends(backendRef(0, 0, "web", 80, 1), backendRef(0, 1, "web", 443, 1))))
	if len(twice.Findings) != 1 {
		t.Errorf("one route needs one grant: %s", told(twice))
	}
	key := model.Key{Namespace: "shop", Name: "web"}
	for state, want := range map[model.CoverageState]Verdict{model.Absent: Fail, model.Forbidden: OK} {
		report := Judge(input(cluster(fronted(), behind(), foreign, gateway()).Cover(model.Need{Kind: model.ReferenceGrants}, model.Coverage{State: state})), key)
		if report.Verdict != want || unchecked(report, "GW-02") != (state == model.Forbidden) {
			t.Errorf("ReferenceGrants are %s: %s", state, told(report))
		}
	}
}

func grantTo(group, kind string) *model.ReferenceGrant {
	g := grant("front", "HTTPRoute", "")
	g.To = []model.GrantTo{{Group: group, Kind: kind}}
	return g
}

func TestRouteConditions(t *testing.T) {
	t.Parallel()
	refused := condition("Accepted", "False", "NoMatchingListenerHostname", "no listener is for that", 2)
	unresolved := func(reason, message string) metav1.Condition {
		return condition("ResolvedRefs", "False", reason, message, 2)
	}
	also := backends(backendRef(0, 0, "web", 80, 1), backendRef(0, 1, "cart", 80, 1))
	old := refused
	old.ObservedGeneration = 1
	for name, test := range map[string]struct {
		route      *model.Route
		verdict    Verdict
		short      string
		severity   Severity
		confidence Confidence
		says       string
	}{
		"all is well":                 {route: httpRoute("shop", reported(condition("Accepted", "True", "Accepted", "", 2), condition("ResolvedRefs", "True", "ResolvedRefs", "", 2), condition("PartiallyInvalid", "False", "x", "", 2)))},
		"refused":                     {route: httpRoute("shop", reported(refused)), verdict: Fail, short: "HTTPRoute: NoMatchingListenerHostname", severity: Major, confidence: Proven, says: "no listener is for that"},
		"refused, as it was before":   {route: httpRoute("shop", reported(old))},
		"it is not known":             {route: httpRoute("shop", reported(condition("Accepted", "Unknown", "Pending", "", 2)))},
		"another condition":           {route: httpRoute("shop", reported(condition("Conflicted", "False", "x", "", 2)))},
		"of a kind not served":        {route: httpRoute("shop", reported(unresolved("UnsupportedProtocol", "kubernetes.io/h2c"))), verdict: Fail, short: "HTTPRoute: UnsupportedProtocol", severity: Major, confidence: Proven, says: "h2c"},
		"not found, and it is there":  {route: httpRoute("shop", reported(unresolved("BackendNotFound", "no web"))), verdict: Warn, short: "HTTPRoute: BackendNotFound", severity: Major, confidence: Likely, says: "has not looked again"},
		"not permitted, in one place": {route: httpRoute("shop", reported(unresolved("RefNotPermitted", "no"))), verdict: Warn, short: "HTTPRoute: RefNotPermitted", severity: Major, confidence: Likely, says: "has not looked again"},
		"another is not found":        {route: httpRoute("shop", also, reported(unresolved("BackendNotFound", `service "web-cart" not found`)))},
		"this one of two":             {route: httpRoute("shop", also, reported(unresolved("UnsupportedProtocol", `shop/web: no h2c`))), verdict: Fail, short: "HTTPRoute: UnsupportedProtocol", severity: Major, confidence: Proven, says: "h2c"},
		"a part is left out":          {route: httpRoute("shop", reported(condition("PartiallyInvalid", "True", "UnsupportedValue", "rule 1 is left out", 2))), short: "HTTPRoute: UnsupportedValue", severity: Minor, confidence: Proven, says: "rule 1"},
	} {
		report := judge(t, "web", fronted(), behind(), test.route, gateway())
		record(t, name, report)
		if report.Verdict != test.verdict || (len(report.Findings) > 0) != (test.short != "") {
			t.Errorf("%s: %s", name, told(report))
			continue
		}
		if lead := report.Leading(); lead != nil && (lead.ID != "GW-01" || lead.Short != test.short || lead.Severity != test.severity ||
			lead.Confidence != test.confidence || !strings.Contains(lead.Why, test.says)) {
			t.Errorf("%s: %s\n%s", name, told(report), lead.Why)
		}
	}
	two := httpRoute("shop", reported(refused))
	two.Statuses = append(two.Statuses, two.Statuses[0])
	if report := judge(t, "web", fronted(), behind(), two, gateway()); len(report.Findings) != 1 {
		t.Errorf("two parents say the same: %s", told(report))
	}
	fresh := refused
	fresh.LastTransitionTime = ago(3 * time.Second)
	if report := judge(t, "web", fronted(), behind(), httpRoute("shop", reported(fresh)), gateway()); !report.Leading().Settling {
		t.Errorf("of three seconds: %s", told(report))
	}
	port := httpRoute("shop", backends(backendRef(0, 0, "web", 9, 1)), reported(unresolved("BackendNotFound", "no port 9")))
	if report := judge(t, "web", fronted(), behind(), port, gateway()); len(report.Findings) != 2 || report.Findings[0].ID != "GW-02" || !report.Findings[1].Red() {
		t.Errorf("the cause before what the controller says of it: %s", told(report))
	}
	granted := httpRoute("shop", from("front"), reported(unresolved("RefNotPermitted", "no")))
	if report := judge(t, "web", fronted(), behind(), granted, gateway()); len(report.Findings) != 2 || !report.Findings[0].Red() || !report.Findings[1].Red() {
		t.Errorf("not granted: %s", told(report))
	}
	if report := judge(t, "web", fronted(), behind(), granted, gateway(), grant("front", "HTTPRoute", "")); len(report.Findings) != 1 || report.Verdict != Warn {
		t.Errorf("granted by now: %s", told(report))
	}
}

func TestRoutesThatNobodyTook(t *testing.T) {
	t.Parallel()
	report := judge(t, "web", fronted(), behind(), httpRoute("shop", untaken), gateway())
	if lead := report.Leading(); report.Verdict != Warn || lead.ID != "GW-01" || lead.Short != "HTTPRoute shop: no controller took it" {
		t.Error(told(report))
	}
	detached := httpRoute("shop", untaken, func(r *model.Route) { r.Parents = nil })
	if lead := judge(t, "web", fronted(), behind(), detached, gateway()).Leading(); lead == nil || lead.Short != "HTTPRoute shop is attached to no Gateway" {
		t.Errorf("%+v", lead)
	}
	young := httpRoute("shop", untaken, func(r *model.Route) { r.CreationTimestamp = ago(20 * time.Second) })
	if report := judge(t, "web", fronted(), behind(), young, gateway()); report.Verdict != OK || !report.Again.Equal(now.Add(40*time.Second)) {
		t.Errorf("of twenty seconds: %s", told(report))
	}
	ofMesh := httpRoute("shop", func(r *model.Route) {
		r.Parents = []model.GatewayRef{{Kind: "Service", Namespace: "shop", Name: "web"}}
	})
	if report := judge(t, "web", fronted(), behind(), ofMesh); report.Verdict != OK || len(report.Findings) != 0 {
		t.Errorf("its parent is a Service: %s", told(report))
	}
}

func TestGateways(t *testing.T) {
	t.Parallel()
	with := func(conditions ...metav1.Condition) *model.Gateway {
		return gateway(func(g *model.Gateway) { g.Conditions = conditions })
	}
	listener := func(change func(*model.Listener), conditions ...metav1.Condition) *model.Gateway {
		return gateway(func(g *model.Gateway) {
			g.Listeners = append(g.Listeners, model.Listener{Name: "https", Protocol: "HTTPS", Port: 443, Conditions: conditions})
			change(&g.Listeners[1])
		})
	}
	same := func(*model.Listener) {}
	certificate := condition("ResolvedRefs", "False", "InvalidCertificateRef", "no Secret tls", 3)
	before := certificate
	before.ObservedGeneration = 2
	section := func(name string) func(*model.Route) {
		return func(r *model.Route) { r.Parents[0].Section = name }
	}
	parentPort := func(port int32) func(*model.Route) {
		return func(r *model.Route) { r.Parents[0].Port = port }
	}
	programmed := condition("Programmed", "False", "AddressNotAssigned", "the pool is empty", 3)
	stale := programmed
	stale.ObservedGeneration = 1
	pending := condition("Programmed", "False", "Pending", "waiting", 3)
	fresh := pending
	fresh.LastTransitionTime = ago(4 * time.Minute)
	for name, test := range map[string]struct {
		gateway  *model.Gateway
		route    *model.Route
		verdict  Verdict
		short    string
		says     string
		settling bool
	}{
		"all is well":                      {gateway: gateway()},
		"not programmed":                   {gateway: with(condition("Accepted", "True", "Accepted", "", 3), programmed), verdict: Warn, short: "Gateway entry: AddressNotAssigned", says: "the pool is empty"},
		"refused and not programmed":       {gateway: with(programmed, condition("Accepted", "False", "Invalid", "bad", 3)), verdict: Fail, short: "Gateway entry: Invalid", says: "bad"},
		"not programmed, as it was before": {gateway: with(stale)},
		"pending":                          {gateway: with(pending), verdict: Fail, short: "Gateway entry: Pending", says: "waiting"},
		"pending for four minutes":         {gateway: with(fresh), short: "Gateway entry: Pending", says: "waiting", settling: true},
		"taken by nobody":                  {gateway: with(condition("Accepted", "Unknown", "Pending", "Waiting for controller", 0)), route: httpRoute("shop", untaken), verdict: Warn, short: "Gateway entry: no controller", says: "the class example"},
		"without any condition":            {gateway: with(), route: httpRoute("shop", untaken), verdict: Warn, short: "Gateway entry: no controller", says: "the class example"},
		"a certificate":                    {gateway: listener(same, condition("Programmed", "False", "Invalid", "x", 3), certificate), verdict: Fail, short: "listener https: InvalidCertificateRef", says: "no Secret tls"},
		"a certificate, before":            {gateway: listener(same, before)},
		"a conflict":                       {gateway: listener(same, condition("Conflicted", "True", "HostnameConflict", "twice", 3)), verdict: Fail, short: "listener https: HostnameConflict", says: "twice"},
		"no conflict":                      {gateway: listener(same, condition("Conflicted", "False", "NoConflicts", "", 3))},
		"a listener that it does not name": {gateway: listener(same, certificate), route: httpRoute("shop", section("http"))},
		"a listener that it names":         {gateway: listener(same, certificate), route: httpRoute("shop", section("https")), verdict: Fail, short: "listener https: InvalidCertificateRef"},
		"a port that it does not name":     {gateway: listener(same, certificate), route: httpRoute("shop", parentPort(80))},
		"a port that it names":             {gateway: listener(same, certificate), route: httpRoute("shop", parentPort(443)), verdict: Fail, short: "listener https: InvalidCertificateRef"},
		"a listener for others":            {gateway: listener(func(l *model.Listener) { l.Hostname = "*.example.org" }, certificate)},
		"a listener for all of its domain": {gateway: listener(func(l *model.Listener) { l.Hostname = "*.example.com" }, certificate), verdict: Fail, short: "listener https: InvalidCertificateRef"},
		"a listener for its name":          {gateway: listener(func(l *model.Listener) { l.Hostname = "shop.example.com" }, certificate), verdict: Fail, short: "listener https: InvalidCertificateRef"},
		"a listener for a name like it":    {gateway: listener(func(l *model.Listener) { l.Hostname = "myshop.example.com" }, certificate)},
		"a listener, of a route for every host": {
			gateway: listener(func(l *model.Listener) { l.Hostname = "a.example.org" }, certificate),
			route:   httpRoute("shop", func(r *model.Route) { r.Hostnames = nil }), verdict: Fail, short: "listener https: InvalidCertificateRef",
		},
		"a Gateway that is not there": {
			gateway: gateway(func(g *model.Gateway) { g.Name = "other" }), route: httpRoute("shop", untaken), verdict: Fail, short: "no Gateway entry", says: "No requests come this way",
		},
		"what is no Gateway": {
			gateway: gateway(func(g *model.Gateway) { g.Name = "other" }),
			route:   httpRoute("shop", func(r *model.Route) { r.Parents[0].Kind = "XListenerSet" }),
		},
	} {
		if test.route == nil {
			test.route = httpRoute("shop")
		}
		report := judge(t, "web", fronted(), behind(), test.route, test.gateway)
		record(t, name, report)
		if report.Verdict != test.verdict || len(report.Findings) > 1 || (len(report.Findings) > 0) != (test.short != "") {
			t.Errorf("%s: %s", name, told(report))
			continue
		}
		if lead := report.Leading(); lead != nil && (lead.ID != "GW-03" || lead.Short != test.short || !strings.Contains(lead.Why, test.says) || lead.Settling != test.settling) {
			t.Errorf("%s: %s\n%s", name, told(report), lead.Why)
		}
	}
	twice := httpRoute("shop", func(r *model.Route) { r.Parents = append(r.Parents, r.Parents[0]) })
	if report := judge(t, "web", fronted(), behind(), twice, with(programmed)); len(report.Findings) != 1 {
		t.Errorf("one Gateway, by two of its listeners: %s", told(report))
	}
	if report := judge(t, "web", fronted(), behind(), twice); len(report.Findings) != 1 {
		t.Errorf("one Gateway that is not there: %s", told(report))
	}
	key := model.Key{Namespace: "shop", Name: "web"}
	denied := cluster(fronted(), behind(), httpRoute("shop")).Cover(model.Need{Kind: model.Gateways}, model.Coverage{State: model.Forbidden, Verb: "list"})
	if report := Judge(input(denied), key); report.Verdict != OK || len(report.Findings) != 0 || !unchecked(report, "GW-03") {
		t.Errorf("Gateways may not be read: %s", told(report))
	}
}

// The Gateway API is one to most users: that it may not be read is told once, and that it is not there is no gap.
func TestGatewayAPIThatCannotBeRead(t *testing.T) {
	t.Parallel()
	key := model.Key{Namespace: "shop", Name: "web"}
	for state, want := range map[model.CoverageState]int{model.Forbidden: 1, model.Absent: 0} {
		builder := cluster(fronted(), behind())
		for _, kind := range []model.Kind{model.HTTPRoutes, model.GRPCRoutes, model.TLSRoutes, model.TCPRoutes, model.Gateways, model.ReferenceGrants} {
			builder.Cover(model.Need{Kind: kind}, model.Coverage{State: state, Verb: "list"})
		}
		if report := Judge(input(builder), key); report.Verdict != OK || len(report.Unchecked) != want {
			t.Errorf("%s: %s", state, told(report))
		}
	}
	some := cluster(fronted(), behind()).Cover(model.Need{Kind: model.TCPRoutes}, model.Coverage{State: model.Forbidden, Verb: "list"})
	if report := Judge(input(some), key); report.Verdict != OK || len(report.Unchecked) != 1 || report.Unchecked[0].Kind != model.TCPRoutes {
		t.Errorf("TCPRoutes alone: %s", told(report))
	}
}
