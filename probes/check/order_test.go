package check

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

func ids(report *Report) string {
	var ids []string
	for i := range report.Findings {
		ids = append(ids, report.Findings[i].ID)
	}
	return strings.Join(ids, " ")
}

// TestCauseComesBeforeConsequence holds which of two findings is the one to act on.
func TestCauseComesBeforeConsequence(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	named := service("web", app, ports(port(80, "http")))
	other := containerPorts(corev1.ContainerPort{Name: "web", ContainerPort: 8080})
	asks := func(name string) func(*corev1.Pod) {
		return func(p *corev1.Pod) { p.Spec.Containers[0].ReadinessProbe.HTTPGet.Port = intstr.FromString(name) }
	}
	balanced := service("web", app, ports(port(80, "http")), loadBalancer)
	for name, test := range map[string]struct {
		objects objects
		want    string
	}{
		"a Ready Pod lacks the port, one that is not Ready lacks it too": {objects{named, pod("a", app, other), pod("b", app, other, notReady)}, "PORT-01 POD-06"},
		"only the Pod that is not Ready has the port":                    {objects{named, pod("a", app, other), pod("b", app, notReady)}, "POD-06 PORT-01"},
		"the probe asks for the port that is missing":                    {objects{named, pod("a", app, other, notReady, asks("http"))}, "PORT-01 POD-06"},
		"the probe asks for another port":                                {objects{named, pod("a", app, other, notReady, asks("web"))}, "POD-06 PORT-01"},
		"no image, and no port":                                          {objects{named, pod("a", app, other, waiting("ImagePullBackOff", ""))}, "POD-02 PORT-01"},
		"not Ready, with the port":                                       {objects{named, pod("a", app, notReady)}, "POD-06"},
		"not Ready, one of them with the port":                           {objects{named, pod("a", app, other, notReady), pod("b", app, notReady)}, "POD-06"},
		"not Ready, without an address":                                  {objects{named, pod("a", app, other, notReady, func(p *corev1.Pod) { p.Status.PodIP, p.Status.PodIPs = "", nil })}, "POD-06"},
		"a load balancer before Pods that are not Ready":                 {objects{balanced, pod("a", app, notReady)}, "POD-06 LB-02"},
		"a load balancer before a port that is missing":                  {objects{balanced, pod("a", app, other)}, "PORT-01 LB-02"},
	} {
		if report := judge(t, "web", test.objects...); ids(report) != test.want {
			t.Errorf("%s: want %s, got %s", name, test.want, told(report))
		}
	}
}

// TestOneChangeMendsProbeAndPort has a template whose port is named otherwise than the Service and the probe call it.
func TestOneChangeMendsProbeAndPort(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	named := service("web", app, ports(port(80, "http")))
	p := pod("a", app, ofDeploy("web"), notReady, containerPorts(corev1.ContainerPort{Name: "web", ContainerPort: 8080}), func(p *corev1.Pod) {
		p.Spec.Containers[0].ReadinessProbe.HTTPGet.Port = intstr.FromString("http")
	})
	d := deployment("web", 1, app)
	d.Spec.Template.Spec = p.Spec
	lead := judge(t, "web", named, p, d).Leading()
	want := `kubectl --context prod -n shop patch deploy/web --type=json -p '[{"op":"test","path":"/spec/template/spec/containers/0/name","value":"app"},` +
		`{"op":"test","path":"/spec/template/spec/containers/0/ports/0/containerPort","value":8080},{"op":"add","path":"/spec/template/spec/containers/0/ports/0/name","value":"http"}]'`
	if lead.ID != "PORT-01" || lead.Fix.Command != want {
		t.Errorf("%s\n%+v", lead.ID, lead.Fix)
	}
	two := d.DeepCopy()
	two.Spec.Template.Spec.Containers[0].Ports = append(two.Spec.Template.Spec.Containers[0].Ports, corev1.ContainerPort{ContainerPort: 9090})
	if lead := judge(t, "web", named, p, two).Leading(); strings.Contains(lead.Fix.Command, "patch deploy") {
		t.Errorf("which of two ports is meant is not known: %s", lead.Fix.Command)
	}
}

// TestNodesThatDoNotExist has a Ready Pod whose Node object is gone.
func TestNodesThatDoNotExist(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	svc := service("web", app)
	empty := slicesFor(svc)[0]
	p := pod("a", app)
	other := &corev1.Node{}
	other.Name = "node-2"
	there := other.DeepCopy()
	there.Name = "node-1"
	says := event(svc, "Service", "Warning", "FailedToUpdateEndpointSlices", "Error updating Endpoint Slices for Service shop/web: skipping Pod a for Service shop/web: Node node-1 Not Found", time.Minute)
	ofOther := event(svc, "Service", "Warning", "FailedToUpdateEndpointSlices", "Error updating Endpoint Slices for Service shop/web: skipping Pod b for Service shop/web: Node node-1 Not Found", time.Minute)
	publishing := service("web", app, func(svc *corev1.Service) { svc.Spec.PublishNotReadyAddresses = true })
	for name, test := range map[string]struct {
		objects    objects
		lead       string
		confidence Confidence
	}{
		"the nodes are known":               {objects{svc, empty, p, other}, "POD-10", Proven},
		"the nodes are known, and it is":    {objects{svc, empty, p, other, there}, "EPS-07", Proven},
		"only the event tells":              {objects{svc, empty, p, says}, "POD-10", Likely},
		"the event is about another Pod":    {objects{svc, empty, p, ofOther}, "EPS-07", Proven},
		"the Service lists it all the same": {objects{publishing, empty, p, other}, "EPS-07", Proven},
	} {
		report := judge(t, "web", test.objects...)
		record(t, name, report)
		if lead := report.Leading(); lead == nil || lead.ID != test.lead || lead.Confidence != test.confidence || lead.Severity != Critical {
			t.Errorf("%s: %s", name, told(report))
		}
	}
	serving := pod("b", app)
	if report := judge(t, "web", svc, slicesFor(svc, serving)[0], p, serving, other); report.Verdict == Fail {
		t.Errorf("another serves: %s", told(report))
	}
}

// TestPortsOfTheNode holds what is said of Pods that want a port of their node.
func TestPortsOfTheNode(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	pending := func(message string, change ...func(*corev1.Pod)) *corev1.Pod {
		return pod("a", app, append(change, func(p *corev1.Pod) {
			p.Status = corev1.PodStatus{Phase: corev1.PodPending}
			setCondition(p, corev1.PodScheduled, corev1.ConditionFalse, "Unschedulable", message, time.Hour)
		})...)
	}
	taken := "0/2 nodes are available: 2 node(s) didn't have free ports for the requested pod ports."
	for name, test := range map[string]struct {
		pod             *corev1.Pod
		id, short, says string
	}{
		"the host's network": {pending(taken, func(p *corev1.Pod) { p.Spec.HostNetwork = true }), "POD-12", "no node fits: host port taken", "in the host's network, where each node has port 8080"},
		"a host port":        {pending(taken, func(p *corev1.Pod) { p.Spec.Containers[0].Ports[0].HostPort = 80 }), "POD-12", "no node fits: host port taken", "port 80 of its node"},
		"a taint":            {pending("0/2 nodes are available: 2 node(s) had untolerated taint {a: b}."), "POD-01", "no node fits: taints", ""},
	} {
		lead := judge(t, "web", service("web", app), test.pod).Leading()
		if lead.ID != test.id || lead.Short != test.short || test.says != "" && (lead.Cause == nil || !strings.Contains(lead.Cause.Text, test.says)) {
			t.Errorf("%s: %s %s %+v", name, lead.ID, lead.Short, lead.Cause)
		}
	}
	for reason, says := range map[string]string{"TriggeredScaleUp": "is adding a node", "NotTriggerScaleUp": "cannot help"} {
		p := pending("0/2 nodes are available: 2 Insufficient cpu.")
		if lead := judge(t, "web", service("web", app), p, event(p, "Pod", "Normal", reason, "pod triggered scale-up", time.Minute)).Leading(); lead.Cause == nil || !strings.Contains(lead.Cause.Text, says) {
			t.Errorf("%s: %+v", reason, lead.Cause)
		}
	}
}
