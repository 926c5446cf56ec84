package check

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

const gkeType = "networking.gke.io/load-balancer-type"

func TestAnnotationsThatACloudDoesNotUnderstand(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	gke := node("n", nodeLabel("cloud.google.com/gke-nodepool", "pool-1"))
	gce, aws, azure := node("n", providerID("gce://p/z/n")), node("n", providerID("aws:///eu-1/i-1")), node("n", providerID("azure:///x"))
	oracle := node("n", providerID("ocid1.instance.x"))
	written := func(svc *corev1.Service) { svc.Annotations["service.kubernetes.io/firewall-rule"] = "k8s2-x" }
	finalizer := func(name string) func(*corev1.Service) {
		return func(svc *corev1.Service) { svc.Finalizers = []string{name} }
	}
	class := func(svc *corev1.Service) { svc.Spec.LoadBalancerClass = new("networking.gke.io/l4-regional-external") }
	for name, test := range map[string]struct {
		id      string
		objects objects
		want    string
		says    string
	}{
		"GKE, another case":          {"LB-06", objects{served("34.1.2.3", annotated(gkeType, "INTERNAL")), gke}, "major proven", `"INTERNAL"`},
		"GKE by providerID":          {"LB-06", objects{served("34.1.2.3", annotated(gkeType, "Intern")), gce}, "major proven", `"Intern"`},
		"GKE by what it wrote":       {"LB-06", objects{served("34.1.2.3", annotated(gkeType, "Intern"), written), node("n")}, "major proven", `"Intern"`},
		"GKE by its finalizer":       {"LB-06", objects{served("34.1.2.3", annotated(gkeType, "Intern"), finalizer("gke.networking.io/l4-netlb-v2")), node("n")}, "major proven", `"Intern"`},
		"GKE, pending":               {"LB-06", objects{service("web", app, loadBalancer, annotated(gkeType, "Intern")), gke}, "major proven", `"Intern"`},
		"GKE, right":                 {"LB-06", objects{served("34.1.2.3", annotated(gkeType, "Internal")), gke}, "", ""},
		"GKE, right in small":        {"LB-06", objects{served("34.1.2.3", annotated(gkeType, "internal")), gke}, "", ""},
		"GKE, plainly external":      {"LB-06", objects{served("34.1.2.3", annotated(gkeType, "external")), gke}, "", ""},
		"GKE, empty":                 {"LB-06", objects{served("34.1.2.3", annotated(gkeType, "")), gke}, "", ""},
		"GKE, internal all the same": {"LB-06", objects{served("10.1.2.3", annotated(gkeType, "INTERNAL")), gke}, "", ""},
		"GKE, by class":              {"LB-06", objects{served("34.1.2.3", annotated(gkeType, "INTERNAL"), class), gke}, "", ""},
		"a key misspelt":             {"LB-06", objects{served("34.1.2.3", annotated("netwoking.gke.io/load-balancer-type", "Internal")), gke}, "major proven", "netwoking"},
		"its other half misspelt":    {"LB-06", objects{served("34.1.2.3", annotated("networking.gke.io/load-balancer-tyep", "Internal")), gke}, "major proven", "tyep"},
		"misspelt, and beside it":    {"LB-06", objects{served("34.1.2.3", annotated("networking.gke.io/load-balancer-tyep", "Internal", gkeType, "Internal")), gke}, "", ""},
		"misspelt twice over":        {"LB-06", objects{served("34.1.2.3", annotated("networking.gke.io/load-balancer-tyep", "External")), gke}, "", ""},
		"a key of its own":           {"LB-06", objects{served("34.1.2.3", annotated("networking.gke.io/load-balancer-ip-addresses", "Internal")), gke}, "", ""},
		"no cloud":                   {"LB-06", objects{served("34.1.2.3", annotated(gkeType, "INTERNAL")), node("n")}, "info possible", "No node shows"},
		"another cloud, wrong":       {"LB-06", objects{served("34.1.2.3", annotated(gkeType, "INTERNAL")), aws}, "", ""},
		"another cloud, right":       {"LB-06", objects{served("34.1.2.3", annotated(gkeType, "Internal")), aws}, "info likely", "means nothing on AWS"},
		"both clouds":                {"LB-06", objects{served("34.1.2.3", annotated(gkeType, "Internal", "service.beta.kubernetes.io/aws-load-balancer-scheme", "internal")), aws}, "", ""},
		"another, private anyway":    {"LB-06", objects{served("10.1.2.3", annotated(gkeType, "Internal")), aws}, "", ""},
		"AWS scheme":                 {"LB-06", objects{served("x", annotated("service.beta.kubernetes.io/aws-load-balancer-scheme", "intern")), aws}, "", ""},
		"AWS key":                    {"LB-06", objects{served("x", annotated("service.beta.kubernetes.io/aws-load-balancer-shceme", "internal")), aws}, "", ""},
		"Azure, yes":                 {"LB-06", objects{served("34.1.2.3", annotated("service.beta.kubernetes.io/azure-load-balancer-internal", "yes")), azure}, "major proven", `"yes"`},
		"Azure, True":                {"LB-06", objects{served("34.1.2.3", annotated("service.beta.kubernetes.io/azure-load-balancer-internal", "True")), azure}, "", ""},
		"Oracle key":                 {"LB-06", objects{served("34.1.2.3", annotated("service.beta.kubernetes.io/oci-load-balancer-intrenal", "true")), oracle}, "major proven", "intrenal"},
		"no LoadBalancer":            {"LB-06", objects{service("web", app, annotated(gkeType, "INTERNAL")), gke}, "", ""},
		"a number for a name":        {"LB-05", objects{served("34.1.2.3", annotated(gkeAddresses, "my-ip, 34.9.9.9")), gke}, "major proven", "34.9.9.9"},
		"names":                      {"LB-05", objects{served("34.1.2.3", annotated(gkeAddresses, "my-ip,my-ip6")), gke}, "", ""},
		"the number that it got":     {"LB-05", objects{served("34.9.9.9", annotated(gkeAddresses, "34.9.9.9")), gke}, "", ""},
		"a number elsewhere":         {"LB-05", objects{served("34.1.2.3", annotated(gkeAddresses, "34.9.9.9")), aws}, "", ""},
		"a number, no cloud":         {"LB-05", objects{served("34.1.2.3", annotated(gkeAddresses, "34.9.9.9")), node("n")}, "info possible", "34.9.9.9"},
	} {
		report := judge(t, "web", append(test.objects, pod("a", app))...)
		record(t, name, report)
		if got := graded(report, test.id); got != test.want {
			t.Errorf("%s: %q, want %q: %s", name, got, test.want, told(report))
			continue
		}
		if finding := report.finding(test.id); finding != nil && (!strings.Contains(finding.Title+finding.Why, test.says) || len(finding.Evidence) < 2) {
			t.Errorf("%s: %+v", name, finding)
		}
	}
}

func TestCloudsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	builder := cluster(served("34.1.2.3", annotated(gkeType, "INTERNAL")), pod("a", app)).
		Cover(model.Need{Kind: model.Nodes}, model.Coverage{State: model.Forbidden})
	if report := Judge(input(builder), web); graded(report, "LB-06") != "major likely" || report.Verdict != Warn {
		t.Errorf("%s", told(report))
	}
	builder = cluster(served("34.1.2.3", annotated(gkeType, "INTERNAL")), pod("a", app)).
		Cover(model.Need{Kind: model.Nodes}, model.Coverage{State: model.Syncing})
	if report := Judge(input(builder), web); report.finding("LB-06") != nil || report.Verdict != Partial {
		t.Errorf("while nodes are coming: %s", told(report))
	}
}

func TestFixesOfMisspeltAnnotations(t *testing.T) {
	t.Parallel()
	gke := node("n", nodeLabel("cloud.google.com/gke-nodepool", "pool-1"))
	for key, want := range map[string]string{
		gkeType:                               "kubectl --context prod -n shop annotate svc web networking.gke.io/load-balancer-type=Internal --overwrite",
		"netwoking.gke.io/load-balancer-type": "",
	} {
		value := "Intern"
		if want == "" {
			value = "Internal"
			want = "kubectl --context prod -n shop annotate svc web networking.gke.io/load-balancer-type=Internal --overwrite " + key + "-"
		}
		report := judge(t, "web", served("34.1.2.3", annotated(key, value)), gke, pod("a", labels{"app": "web"}))
		if fix := report.finding("LB-06").Fix; fix == nil || fix.Command != want {
			t.Errorf("%s: %+v", key, fix)
		}
	}
}
