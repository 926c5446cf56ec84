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

func env(name, value string) func(*corev1.Pod) {
	return func(p *corev1.Pod) { p.Spec.Containers[0].Env = []corev1.EnvVar{{Name: name, Value: value}} }
}

func placed[T metav1.Object](object T, namespace string) T {
	object.SetNamespace(namespace)
	return object
}

func serviceCIDR(cidrs ...string) *networkingv1.ServiceCIDR {
	object := &networkingv1.ServiceCIDR{ObjectMeta: meta("kubernetes", nil), Spec: networkingv1.ServiceCIDRSpec{CIDRs: cidrs}}
	object.Namespace = ""
	return object
}

func withIP(address string) func(*corev1.Service) {
	return func(svc *corev1.Service) { svc.Spec.ClusterIP, svc.Spec.ClusterIPs = address, []string{address} }
}

func TestAddressesThatNoServiceHas(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	web, ranges := service("web", app), serviceCIDR("10.96.0.0/16")
	db := placed(service("db", nil, withIP("10.96.0.50")), "data")
	for name, test := range map[string]struct {
		objects []metav1.Object
		want    string
	}{
		"in the environment":      {objects{web, ranges, pod("a", app, env("DB_HOST", "10.96.0.99:5432"))}, "major likely"},
		"in the arguments":        {objects{web, ranges, pod("a", app, arguments("--db=http://10.96.0.99/"))}, "major likely"},
		"a Service has it":        {objects{web, ranges, db, pod("a", app, env("DB_HOST", "10.96.0.50:5432"))}, ""},
		"outside of the range":    {objects{web, ranges, pod("a", app, env("DB_HOST", "10.97.0.99"))}, ""},
		"in the second range":     {objects{web, serviceCIDR("10.96.0.0/16", "10.97.0.0/16"), pod("a", app, env("DB_HOST", "10.97.0.99"))}, "major likely"},
		"the range's first":       {objects{web, ranges, pod("a", app, arguments("10.96.0.0"))}, ""},
		"no ranges":               {objects{web, pod("a", app, env("DB_HOST", "10.96.0.99"))}, ""},
		"a broken range":          {objects{web, serviceCIDR("x"), pod("a", app, env("DB_HOST", "10.96.0.99"))}, ""},
		"NO_PROXY":                {objects{web, ranges, pod("a", app, env("NO_PROXY", "10.96.0.99"))}, ""},
		"a Pod that is not its":   {objects{web, ranges, pod("a", app), pod("b", labels{"app": "x"}, env("DB_HOST", "10.96.0.99"))}, ""},
		"a Pod that has ended":    {objects{web, ranges, pod("a", app), pod("b", app, env("DB_HOST", "10.96.0.99"), ended(corev1.PodSucceeded))}, ""},
		"a Pod that is going":     {objects{web, ranges, pod("a", app), pod("b", app, env("DB_HOST", "10.96.0.99"), terminating)}, ""},
		"a Pod of seconds":        {objects{web, ranges, pod("a", app, env("DB_HOST", "10.96.0.99"), createdAgo(2*time.Second))}, "minor likely"},
		"a Service by its second": {objects{web, ranges, service("six", nil, func(svc *corev1.Service) { svc.Spec.ClusterIPs = []string{"fd00::1", "10.96.0.99"} }), pod("a", app, env("DB_HOST", "10.96.0.99"))}, ""},
	} {
		report := judge(t, "web", test.objects...)
		record(t, name, report)
		got := ""
		if finding := report.finding("ADV-03"); finding != nil && finding.Step == StepReadiness {
			got = graded(report, "ADV-03")
		}
		if got != test.want {
			t.Errorf("%s: %q, want %q: %s", name, got, test.want, told(report))
		}
	}
	report := judge(t, "web", web, ranges, pod("a", app, ofDeploy("web"), env("DB_HOST", "10.96.0.99:5432")))
	finding := report.finding("ADV-03")
	if report.Verdict != Warn || finding.Short != "Pods use 10.96.0.99, which nobody has" ||
		finding.Evidence[0].Field != "spec.containers[app].env[DB_HOST].value" || finding.Evidence[0].Value != "10.96.0.99:5432" ||
		!strings.Contains(finding.Fix.Note, "deploy/web") {
		t.Errorf("%+v", finding)
	}
}

func TestAddressesWhileNotAllIsKnown(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	near, far := pod("a", app, env("DB_HOST", "10.96.0.99")), pod("a", app, env("DB_HOST", "192.0.2.9"))
	for name, test := range map[string]struct {
		pod       *corev1.Pod
		kind      model.Kind
		state     model.CoverageState
		verdict   Verdict
		unchecked bool
	}{
		"ranges are coming":                 {near, model.ServiceCIDRs, model.Syncing, Partial, true},
		"ranges are forbidden":              {near, model.ServiceCIDRs, model.Forbidden, OK, true},
		"ranges are forbidden, far address": {far, model.ServiceCIDRs, model.Forbidden, OK, false},
		"an older server":                   {near, model.ServiceCIDRs, model.Absent, OK, false},
		"Services of others are unknown":    {near, model.Services, model.NotAsked, OK, false},
	} {
		builder := cluster(service("web", app), test.pod)
		if test.state != model.Absent {
			builder.Put(serviceCIDR("10.96.0.0/16"))
		}
		builder.Cover(model.Need{Kind: model.Services, Namespace: "shop"}, model.Coverage{State: model.Live}).
			Cover(model.Need{Kind: test.kind}, model.Coverage{State: test.state})
		report := Judge(input(builder), web)
		record(t, name, report)
		if report.Verdict != test.verdict || (len(report.Unchecked) > 0) != test.unchecked || report.finding("ADV-03") != nil {
			t.Errorf("%s: %s", name, told(report))
		}
	}
}

func TestAdviceIsOnlyTold(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	web := service("web", app)
	outside := func(kind corev1.NodeAddressType, address string) *corev1.Node {
		return node("n", func(n *corev1.Node) {
			n.Status.Addresses = []corev1.NodeAddress{{Type: kind, Address: address}}
		})
	}
	ingress := &networkingv1.Ingress{ObjectMeta: meta("in", nil), Spec: networkingv1.IngressSpec{DefaultBackend: &networkingv1.IngressBackend{
		Service: &networkingv1.IngressServiceBackend{Name: "web", Port: networkingv1.ServiceBackendPort{Number: 80}},
	}}}
	named := func(name string, change ...func(*corev1.Service)) *corev1.Service {
		return service(name, app, append([]func(*corev1.Service){loadBalancer, func(svc *corev1.Service) {
			svc.Status.LoadBalancer.Ingress = []corev1.LoadBalancerIngress{{IP: "1.2.3.4"}}
		}}, change...)...)
	}
	labelled := func(key, value string) func(*corev1.Service) {
		return func(svc *corev1.Service) { svc.Labels = labels{key: value} }
	}
	grpc := func(svc *corev1.Service) {
		svc.Spec.Ports = []corev1.ServicePort{port(9000, 8080)}
		svc.Spec.Ports[0].AppProtocol = new("HTTP2")
	}
	older := createdAgo(2 * time.Hour)
	variable := arguments("--peer=$(WEB_SERVICE_HOST)")
	gate := func(p *corev1.Pod) { p.Spec.ReadinessGates = []corev1.PodReadinessGate{{ConditionType: "x"}} }
	sidecar := func(p *corev1.Pod) {
		p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Name: "proxy", ReadinessProbe: &corev1.Probe{}})
	}
	publishing := service("web", app, func(svc *corev1.Service) { svc.Spec.PublishNotReadyAddresses = true })
	for name, test := range map[string]struct {
		id      string
		objects []metav1.Object
		want    string
	}{
		"a node port on the internet": {"ADV-01", objects{service("web", app, nodePort), outside("ExternalIP", "34.1.2.3")}, "info possible"},
		"an Ingress in front":         {"ADV-01", objects{service("web", app, nodePort), outside("ExternalIP", "34.1.2.3"), ingress}, ""},
		"nodes within":                {"ADV-01", objects{service("web", app, nodePort), outside("InternalIP", "34.1.2.3")}, ""},
		"nodes outside, yet private":  {"ADV-01", objects{service("web", app, nodePort), outside("ExternalIP", "10.1.2.3")}, ""},
		"no node port":                {"ADV-01", objects{web, outside("ExternalIP", "34.1.2.3")}, ""},
		"three for the web":           {"ADV-02", objects{named("web"), named("b"), named("c", grpc)}, "info possible"},
		"four for the web":            {"ADV-02", objects{named("web"), named("b"), named("c"), named("d")}, "info possible"},
		"two for the web":             {"ADV-02", objects{named("web"), named("b")}, ""},
		"one is of a controller":      {"ADV-02", objects{named("web"), named("b"), named("c", labelled("app.kubernetes.io/name", "ingress-nginx"))}, ""},
		"one is of a Gateway":         {"ADV-02", objects{named("web"), named("b"), named("c", labelled("gateway.networking.k8s.io/gateway-name", "x"))}, ""},
		"one is for another thing":    {"ADV-02", objects{named("web"), named("b"), named("c", ports(port(5432, 5432)))}, ""},
		"one is UDP":                  {"ADV-02", objects{named("web"), named("b"), named("c", ports(udp(443)))}, ""},
		"one is none":                 {"ADV-02", objects{named("web"), named("b"), service("c", app)}, ""},
		"not one of the three":        {"ADV-02", objects{service("web", app), named("b"), named("c"), named("d")}, ""},
		"its ClusterIP is written":    {"ADV-03", objects{web, placed(pod("x", nil, arguments("10.96.0.10:80")), "other")}, "info proven"},
		"another's is written":        {"ADV-03", objects{web, pod("x", nil, arguments("10.96.0.11:80"))}, ""},
		"a headless one":              {"ADV-03", objects{service("web", app, headless, ports(port(8080, 8080))), pod("x", nil, arguments("None"))}, ""},
		"no probe":                    {"ADV-04", objects{web, pod("a", app, noProbe)}, "info proven"},
		"one Pod of two has one":      {"ADV-04", objects{web, pod("a", app, noProbe), pod("b", app)}, ""},
		"a sidecar has one":           {"ADV-04", objects{web, pod("a", app, noProbe, sidecar)}, ""},
		"a gate":                      {"ADV-04", objects{web, pod("a", app, noProbe, gate)}, ""},
		"readiness does not matter":   {"ADV-04", objects{publishing, pod("a", app, noProbe)}, ""},
		"no Pods":                     {"ADV-04", objects{web}, ""},
		"a variable, and older":       {"ADV-05", objects{web, pod("x", nil, variable, older)}, "info likely"},
		"a variable, and younger":     {"ADV-05", objects{web, pod("x", nil, variable, createdAgo(time.Minute))}, ""},
		"a variable, and ended":       {"ADV-05", objects{web, pod("x", nil, variable, older, ended(corev1.PodSucceeded))}, ""},
		"a variable, another place":   {"ADV-05", objects{web, placed(pod("x", nil, variable, older), "other")}, ""},
		"the variable of another":     {"ADV-05", objects{web, pod("x", nil, arguments("$(WEB2_SERVICE_HOST)"), older)}, ""},
	} {
		var pods bool
		for _, object := range test.objects {
			_, isPod := object.(*corev1.Pod)
			pods = pods || isPod && object.GetNamespace() == "shop" && object.GetLabels() != nil
		}
		if !pods && name != "no Pods" {
			test.objects = append(test.objects, pod("served", app))
		}
		report := judge(t, "web", test.objects...)
		record(t, name, report)
		if got := graded(report, test.id); got != test.want {
			t.Errorf("%s: %q, want %q: %s", name, got, test.want, told(report))
		}
		if test.want != "" && (report.Verdict != OK || report.Health() != "") {
			t.Errorf("%s: advice is on the row: %s %q", name, told(report), report.Health())
		}
	}
	restart := judge(t, "web", web, pod("served", app), pod("x", nil, variable, older, ofDeploy("peer"))).finding("ADV-05")
	if restart.Fix == nil || restart.Fix.Command != "kubectl --context prod -n shop rollout restart deploy/peer" {
		t.Errorf("%+v", restart.Fix)
	}
	system := placed(service("dns", app), systemNamespace)
	report := Judge(input(cluster(system, pod("x", nil, arguments("10.96.0.10")))), model.Key{Namespace: systemNamespace, Name: "dns"})
	if report.finding("ADV-03") != nil {
		t.Errorf("a Service of the system: %s", told(report))
	}
}
