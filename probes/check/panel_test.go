package check

import (
	"slices"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
)

var web = model.Key{Namespace: "shop", Name: "web"}

func TestSelectorTable(t *testing.T) {
	t.Parallel()
	svc := service("web", labels{"app": "checkout", "tier": "backend"})
	changed := ago(3 * time.Minute)
	svc.ManagedFields = []metav1.ManagedFieldsEntry{{Manager: "helm", Time: &changed, FieldsV1: metav1.NewFieldsV1(`{"f:spec":{"f:selector":{}}}`)}}
	near := labels{"app": "check-out", "tier": "backend"}
	in := input(cluster(svc, pod("checkout-a", near, ofDeploy("checkout")), pod("checkout-b", near, ofDeploy("checkout"), notReady), pod("cart", labels{"app": "cart"}), pod("done", near, ended(corev1.PodSucceeded))))
	table := SelectorTable(in.Snapshot, web)
	if !table.Known || table.Matching || table.Nearest != "deploy/checkout" || table.Total != 3 || table.Others != 1 || table.Changed.Manager != "helm" || table.Ambiguous {
		t.Fatalf("%+v", table)
	}
	app, tier := table.Selector[0], table.Selector[1]
	if app.Equal || app.GotValue != "check-out" || app.How != "a separator differs" || !slices.Equal(app.Differs, []Span{{5, 6}}) || len(app.Missing) != 0 {
		t.Errorf("%+v", app)
	}
	if !tier.Equal || tier.GotValue != "backend" {
		t.Errorf("%+v", tier)
	}
	if row := table.Rows[1]; row.Pod != "checkout-b" || row.Ready != 0 || row.Containers != 1 || row.Owner != "deploy/checkout" || !slices.Equal(row.Labels, []string{"check-out", "backend"}) {
		t.Errorf("%+v", row)
	}
	matching := SelectorTable(input(cluster(service("web", labels{"app": "cart"}), service("cart", labels{"app": "cart"}), pod("cart", labels{"app": "cart"}))).Snapshot, web)
	if !matching.Matching || len(matching.Rows) != 1 || !matching.Selector[0].Equal || !slices.Equal(matching.SelectedBy, []string{"cart"}) || matching.Others != 0 {
		t.Errorf("%+v", matching)
	}
	forbidden := input(cluster(svc).Cover(model.Need{Kind: model.Pods}, model.Coverage{State: model.Forbidden}))
	if table := SelectorTable(forbidden.Snapshot, web); table.Known || len(table.Selector) != 2 || len(table.Rows) != 0 {
		t.Errorf("%+v", table)
	}
	if none := SelectorTable(in.Snapshot, model.Key{Namespace: "shop", Name: "nobody"}); none.Known || none.Selector != nil {
		t.Errorf("%+v", none)
	}
}

func TestEndpointTableSaysWhyAnEndpointDoesNotCount(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	svc := service("web", app, ports(port(80, "http")))
	pods := []*corev1.Pod{
		pod("good", app), pod("unready", app, notReady), pod("going", app, notReady, terminating), pod("serving", app, terminating),
		pod("nameless", app, containerPorts()), pod("done", app, ended(corev1.PodSucceeded)),
	}
	objects := objects{svc}
	for _, p := range pods {
		objects = append(objects, p)
	}
	names := byHand("names", "web", new(""), new(int32(1)), "db.example.com")
	names.AddressType = discoveryv1.AddressTypeFQDN
	objects = append(objects, names)
	for _, slice := range slicesFor(svc, pods...) {
		objects = append(objects, slice)
	}
	in := input(cluster(objects...))
	table := EndpointTable(in.Snapshot, web)
	why := map[string]string{}
	for _, slice := range table.Slices {
		for _, endpoint := range slice.Endpoints {
			name := endpoint.Pod
			if name == "" {
				name = endpoint.Address
			}
			why[name] = endpoint.Why
			if endpoint.Counted {
				why[name] = "counted"
			}
		}
	}
	for name, want := range map[string]string{
		"good": "counted", "unready": "not ready", "going": "terminating, and serves no more", "serving": "terminating; used only when no endpoint is ready",
		"db.example.com": "kube-proxy does not route to names (FQDN)",
		"nameless":       "the slice has no port: the Pod has none of that name and protocol", "done": "this Pod has ended; the slice has not been tidied yet",
	} {
		if why[name] != want {
			t.Errorf("%s: %q, want %q", name, why[name], want)
		}
	}
	if table.Usable != 1 || !table.Known {
		t.Errorf("%+v", table)
	}
}

func TestPodStatusIsAsKubectlPrintsIt(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	init := func(state corev1.ContainerState, restarts int32) func(*corev1.Pod) {
		return func(p *corev1.Pod) {
			waiting("PodInitializing", "")(p)
			p.Status.Phase = corev1.PodPending
			setCondition(p, corev1.PodInitialized, corev1.ConditionFalse, "", "", time.Hour)
			p.Spec.InitContainers = []corev1.Container{{Name: "one"}, {Name: "two"}}
			p.Status.InitContainerStatuses = []corev1.ContainerStatus{
				{Name: "one", State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}}}, {Name: "two", State: state, RestartCount: restarts},
			}
		}
	}
	for _, test := range []struct {
		change            func(*corev1.Pod)
		reason            string
		ready, containers int
		restarts          int
	}{
		{func(*corev1.Pod) {}, "Running", 1, 1, 0},
		{notReady, "Running", 0, 1, 0},
		{waiting("CrashLoopBackOff", ""), "CrashLoopBackOff", 0, 1, 0},
		{func(p *corev1.Pod) { waiting("ErrImagePull", "")(p); p.Status.ContainerStatuses[0].RestartCount = 3 }, "ErrImagePull", 0, 1, 3},
		{terminating, "Terminating", 1, 1, 0},
		{func(p *corev1.Pod) {
			p.Status.Phase = corev1.PodFailed
			p.Status.Reason = "Evicted"
			p.Status.ContainerStatuses = nil
		}, "Evicted", 0, 1, 0},
		{func(p *corev1.Pod) {
			ended(corev1.PodSucceeded)(p)
			p.Status.ContainerStatuses[0].State.Terminated.Reason = "Completed"
		}, "Completed", 0, 1, 0},
		{func(p *corev1.Pod) {
			ended(corev1.PodFailed)(p)
			p.Status.ContainerStatuses[0].State.Terminated.ExitCode = 3
		}, "ExitCode:3", 0, 1, 0},
		{func(p *corev1.Pod) {
			ended(corev1.PodFailed)(p)
			p.Status.ContainerStatuses[0].State.Terminated.Signal = 9
		}, "Signal:9", 0, 1, 0},
		{init(corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}, 2), "Init:1/2", 0, 1, 2},
		{func(p *corev1.Pod) {
			init(corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}, 2)(p)
			p.Status.Conditions = nil
		}, "Init:1/2", 0, 1, 2},
		{init(corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}, 2), "Init:CrashLoopBackOff", 0, 1, 2},
		{init(corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, Reason: "Error"}}, 0), "Init:Error", 0, 1, 0},
		{func(p *corev1.Pod) {
			p.Status = corev1.PodStatus{Phase: corev1.PodPending}
			setCondition(p, corev1.PodScheduled, corev1.ConditionFalse, "SchedulingGated", "", time.Hour)
		}, "SchedulingGated", 0, 1, 0},
		{func(p *corev1.Pod) {
			p.Spec.InitContainers = []corev1.Container{{Name: "mesh", RestartPolicy: new(corev1.ContainerRestartPolicyAlways)}}
			p.Status.InitContainerStatuses = []corev1.ContainerStatus{{Name: "mesh", Ready: true, Started: new(true), RestartCount: 1, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}}}
		}, "Running", 2, 2, 1},
	} {
		got := podStatus(pod("p", app, test.change))
		if got.reason != test.reason || got.ready != test.ready || got.containers != test.containers || got.restarts != test.restarts {
			t.Errorf("want %s %d/%d %d, got %+v", test.reason, test.ready, test.containers, test.restarts, got)
		}
	}
}

func TestPodTable(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	failing := pod("b-failing", app, ofDeploy("web"), notReady)
	failing.Spec.ReadinessGates = []corev1.PodReadinessGate{{ConditionType: "example.com/gate"}}
	message := "Readiness probe failed: HTTP probe failed with statuscode: 503"
	in := input(cluster(service("web", app), pod("a-good", app, ofDeploy("web")), failing, pod("c-done", app, ended(corev1.PodSucceeded)),
		event(failing, "Pod", "Warning", "Unhealthy", message, time.Minute)))
	table := PodTable(in, web)
	if table.Ready != 1 || table.Selected != 2 || table.Ended != 1 || len(table.Rows) != 3 {
		t.Fatalf("%+v", table)
	}
	row := table.Rows[0]
	if row.Name != "b-failing" || row.ID != "POD-06" || row.LastFailure != message || row.Failures != 3 || row.Owner != "deploy/web" || row.IsReady {
		t.Errorf("%+v", row)
	}
	if want := "http-get http://:8080/healthz delay=0s timeout=1s period=10s successThreshold=1 failureThreshold=3"; row.Probes[0].Text != want || row.Probes[0].Kind != "readiness" {
		t.Errorf("%+v", row.Probes)
	}
	if row.Gates[0].Condition != "example.com/gate" || row.Gates[0].Status != "" {
		t.Errorf("%+v", row.Gates)
	}
}

func TestProbeText(t *testing.T) {
	t.Parallel()
	for want, probe := range map[string]corev1.ProbeHandler{
		"http-get https://example.com:web/x": {HTTPGet: &corev1.HTTPGetAction{Scheme: "HTTPS", Host: "example.com", Port: intstr.FromString("web"), Path: "/x"}},
		"tcp-socket :5432":                   {TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(5432)}},
		"grpc <pod>:9000 health":             {GRPC: &corev1.GRPCAction{Port: 9000, Service: new("health")}},
		"grpc <pod>:9000 ":                   {GRPC: &corev1.GRPCAction{Port: 9000}},
		"exec [cat /tmp/ok]":                 {Exec: &corev1.ExecAction{Command: []string{"cat", "/tmp/ok"}}},
		"unknown":                            {},
	} {
		got := probeText(&corev1.Probe{ProbeHandler: probe, TimeoutSeconds: 2})
		if got != want+" delay=0s timeout=2s period=0s successThreshold=0 failureThreshold=0" {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestClassifyProbe(t *testing.T) {
	t.Parallel()
	probe := &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromInt32(8080)}}, TimeoutSeconds: 1}
	for message, want := range map[string]string{
		"Readiness probe failed: HTTP probe failed with statuscode: 503":                                                              "readiness 503 on /healthz",
		"(combined from similar events): Readiness probe failed: HTTP probe failed with statuscode: 404":                              "readiness 404 on /healthz",
		`Readiness probe failed: Get "http://10.4.0.1:8080/healthz": dial tcp 10.4.0.1:8080: connect: connection refused`:             "readiness refused on :8080",
		`Readiness probe failed: Get "http://10.4.0.1:8080/healthz": context deadline exceeded (Client.Timeout exceeded)`:             "readiness timeout on /healthz",
		`Readiness probe failed: Get "https://10.4.0.1:8080/": http: server gave HTTP response to HTTPS client`:                       "readiness asks https, gets http",
		`Readiness probe failed: timeout: failed to connect service "10.4.0.1:8080" within 1s: context deadline exceeded`:             "readiness refused on :8080",
		`Readiness probe errored and resulted in unknown state: strconv.Atoi: parsing "nosuch": invalid syntax`:                       "readiness port nosuch is not declared",
		`Readiness probe failed: Get "http://10.4.0.1:8080/": EOF`:                                                                    "readiness no HTTP on :8080",
		`Readiness probe failed: Get "http://10.4.0.1:8080/": read tcp 10.4.0.9:41234->10.4.0.1:8080: read: connection reset by peer`: "readiness reset on :8080",

		"Readiness probe failed: something new": "readiness fails on /healthz",
	} {
		if got := classifyProbe(message, "readiness", probeTarget(probe), probe); got.short != want {
			t.Errorf("%s: %q, want %q", message, got.short, want)
		}
	}
	if got := withoutEphemeralPorts("read tcp 10.4.0.9:41234->10.4.0.1:8080: and [fd00::1]:555->[fd00::2]:80"); got != "read tcp 10.4.0.9->10.4.0.1:8080: and [fd00::1]->[fd00::2]:80" {
		t.Error(got)
	}
}

func TestEventListJoinsByUID(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	svc, p := service("web", app), pod("web-a", app, ofDeploy("web"))
	before := svc.DeepCopy()
	before.UID = "before"
	d := deployment("web", 1, app)
	set := replicaSet("web-7d9f6b", 1, app)
	set.UID = "uid-web-7d9f6b"
	set.OwnerReferences = []metav1.OwnerReference{{Kind: "Deployment", Name: "web", UID: d.UID, Controller: new(true)}}
	d.UID = "uid-deployment-web"
	set.OwnerReferences[0].UID = d.UID
	in := input(cluster(svc, p, d, set,
		event(svc, "Service", "Normal", "EnsuredLoadBalancer", "fine", 4*time.Minute),
		event(before, "Service", "Warning", "SyncLoadBalancerFailed", "not ours", time.Minute),
		event(p, "Pod", "Warning", "Unhealthy", "probe", 2*time.Minute),
		event(set, "ReplicaSet", "Normal", "SuccessfulCreate", "made", 3*time.Minute),
		event(d, "Deployment", "Normal", "ScalingReplicaSet", "scaled", 5*time.Minute),
		event(pod("other", labels{"app": "other"}), "Pod", "Warning", "Unhealthy", "other", time.Minute),
	))
	list := EventList(in.Snapshot, web)
	var reasons []string
	for _, row := range list.Rows {
		reasons = append(reasons, row.Reason)
	}
	if want := []string{"Unhealthy", "SuccessfulCreate", "EnsuredLoadBalancer", "ScalingReplicaSet"}; !slices.Equal(reasons, want) || list.Warnings != 1 {
		t.Errorf("%v, %d warnings", reasons, list.Warnings)
	}
	if list.Rows[0].Count != 3 || list.Rows[0].Kind != "Pod" || !list.Rows[0].Last.Equal(now.Add(-2*time.Minute)) {
		t.Errorf("%+v", list.Rows[0])
	}
}

func TestServiceFacts(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	svc := service("web", app, ports(port(80, "http"), port(81, 9999)), func(svc *corev1.Service) {
		svc.Spec.SessionAffinity = corev1.ServiceAffinityClientIP
		svc.Annotations = labels{"networking.gke.io/load-balancer-type": "Internal", "unrelated": "x"}
		svc.Spec.Type = corev1.ServiceTypeLoadBalancer
	})
	facts := ServiceFacts(input(cluster(svc, pod("a", app), pod("b", app, containerPorts(corev1.ContainerPort{Name: "http", ContainerPort: 9090})), pod("c", app, containerPorts()))).Snapshot, web)
	if facts.Type != "LoadBalancer (internal)" || !facts.Pending || len(facts.Lines) != 2 || facts.DNS[0] != "web" {
		t.Errorf("%+v", facts)
	}
	want := []ResolvedPort{{8080, "app", 1}, {9090, "app", 1}, {0, "", 1}}
	if facts.Ports[0].TargetPort != "http" || !slices.Equal(facts.Ports[0].Resolved, want) {
		t.Errorf("%+v", facts.Ports[0])
	}
	if !slices.Equal(facts.Ports[1].Resolved, []ResolvedPort{{9999, "", 3}}) {
		t.Errorf("%+v", facts.Ports[1])
	}
	handmade := ServiceFacts(input(cluster(service("web", nil, ports(port(80, 9999))), byHand("m", "web", new(""), new(int32(5432)), "192.0.2.1"))).Snapshot, web)
	if handmade.Ports[0].TargetPort != "" || !slices.Equal(handmade.Ports[0].Resolved, []ResolvedPort{{5432, "", 1}}) {
		t.Errorf("without a selector the slice decides: %+v", handmade.Ports[0])
	}
}

func TestRouteAndSteps(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	pending := service("web", app, loadBalancer)
	for name, test := range map[string]struct {
		objects objects
		route   string
		steps   string
	}{
		"healthy": {
			objects{service("web", app), pod("a", app), pod("b", app), pod("other", labels{"app": "x"})},
			"clients > web.shop:80 > 10.96.0.10 > app=web > 2 Pods → :8080", "ok  ok 2/2 ok 2 ok 2/2 none  none  ok 0",
		},
		"one name, two numbers": {
			objects{
				service("web", app, ports(port(80, "http"))), pod("a", app),
				pod("b", app, containerPorts(corev1.ContainerPort{Name: "http", ContainerPort: 80})),
			},
			"clients > web.shop:80 > 10.96.0.10 > app=web > 2 Pods → :8080, :80", "ok  ok 2/2 ok 2 ok 2/2 none  none  ok 0",
		},
		"nothing matches": {
			objects{service("web", labels{"app": "w-eb", "tier": "x"}), pod("a", labels{"app": "web", "tier": "x"}), pod("b", labels{"app": "y"})},
			"clients > web.shop:80 > 10.96.0.10 > app=w-eb tier=x [app=w-eb] ✗ 0 of 2 Pods", "ok  fail 0/0 fail 0/2 none  none  none  ok 0",
		},
		"not ready": {
			objects{service("web", app), pod("a", app, notReady)},
			"clients > web.shop:80 > 10.96.0.10 > app=web ✗ 0 of 1 Pod Ready", "ok  fail 0/1 ok 1/1 fail 0/1 none  none  ok 0",
		},
		"no such port": {
			objects{service("web", app, ports(port(80, "nope"))), pod("a", app)},
			"clients > web.shop:80 > 10.96.0.10 > app=web ✗ container port nope [nope]", "ok  fail 0/1 ok 1/1 ok 1/1 none  none  ok 0",
		},
		"load balancer pending": {
			objects{pending, pod("a", app), event(pending, "Service", "Warning", "SyncLoadBalancerFailed", "quota exceeded", 9*time.Minute)},
			"clients ✗ <pending> [<pending>]", "fail <pending> ok 1/1 ok 1/1 ok 1/1 none  none  warn 1",
		},
		"external name": {
			objects{service("web", nil, externalName("db.example.com"))},
			"clients > web.shop > CNAME db.example.com", "ok  none  none  none  none  none  ok 0",
		},
		"headless": {
			objects{service("web", app, headless, ports()), pod("a", app)},
			"clients > web.shop > headless > app=web > 1 Pod", "ok  ok 1/1 ok 1 ok 1/1 none  none  ok 0",
		},
		"scaled to zero on purpose": {
			objects{service("web", app), deployment("web", 0, app, func(d *appsv1.Deployment) { d.Labels = labels{"serving.knative.dev/service": "web"} })},
			"clients > web.shop:80 > 10.96.0.10 > app=web ✗ 0 of 0 Pods", "ok  none 0/0 none 0/0 none  none  none  ok 0",
		},
	} {
		report := judge(t, "web", test.objects...)
		record(t, name, report)
		if got := routeText(report.Route); got != test.route {
			t.Errorf("%s: %s\nwant %s", name, got, test.route)
		}
		if got := stepsText(report.Steps); got != test.steps {
			t.Errorf("%s: %s\nwant %s", name, got, test.steps)
		}
	}
}

func routeText(hops []Hop) string {
	var text strings.Builder
	for i, hop := range hops {
		switch {
		case hop.Broken:
			text.WriteString(" ✗ ")
		case i > 0:
			text.WriteString(" > ")
		}
		text.WriteString(hop.Text)
		if hop.Fault != "" {
			text.WriteString(" [" + hop.Fault + "]")
		}
	}
	return text.String()
}

func stepsText(steps [StepCount]StepResult) string {
	var texts []string
	for _, step := range steps {
		mark := map[Mark]string{MarkNone: "none", MarkOK: "ok", MarkPending: "pending", MarkUnknown: "unknown", MarkWarn: "warn", MarkFail: "fail"}[step.Mark]
		texts = append(texts, mark+" "+step.Note)
	}
	return strings.TrimSpace(strings.Join(texts, " "))
}

func TestReach(t *testing.T) {
	t.Parallel()
	internal := func(svc *corev1.Service) {
		svc.Annotations = labels{"networking.gke.io/load-balancer-type": "Internal"}
	}
	misspelt := func(svc *corev1.Service) {
		svc.Annotations = labels{"networking.gke.io/load-balancer-type": "internaal"}
	}
	nodePort := func(svc *corev1.Service) {
		svc.Spec.Type = corev1.ServiceTypeNodePort
		svc.Spec.Ports[0].NodePort = 30080
	}
	app := labels{"app": "web"}
	for want, svc := range map[string]*corev1.Service{
		"not from outside":      service("web", app),
		"NODE:30080":            service("web", app, nodePort),
		"not from the internet": service("web", app, loadBalancer, internal),
		"from the private network, as 10.9.9.9; inside": served("10.9.9.9", internal),
		"from the private network once":                 service("web", app, loadBalancer, internal),
		"from outside, as 1.2.3.4; inside the cluster":  served("1.2.3.4", misspelt),
		"from outside once its load balancer has":       service("web", app, loadBalancer, misspelt),
		"from outside, as 192.0.2.7 (spec.externalIPs)": service("web", app, func(svc *corev1.Service) { svc.Spec.ExternalIPs = []string{"192.0.2.7"} }),
		"DNS name for db.example":                       service("web", nil, externalName("db.example.com")),
		"every ready Pod's own":                         service("web", app, headless),
		"addresses that somebody":                       service("web", nil, headless),
		"backends outside the clus":                     service("web", nil),
	} {
		if got := reach(svc); !strings.Contains(got, want) {
			t.Errorf("%q lacks %q", got, want)
		}
	}
}

func TestHealthColumn(t *testing.T) {
	t.Parallel()
	app := labels{"app": "web"}
	dead := objects{service("web", app), slicesFor(service("web", app))[0]}
	for state, want := range map[model.CoverageState]string{
		model.Forbidden: "may not list pods", model.Syncing: "reading pods", model.Failed: "could not list pods",
	} {
		in := input(cluster(dead...).Cover(model.Need{Kind: model.Pods}, model.Coverage{State: state}))
		if got := Judge(in, web).Health(); got != want {
			t.Errorf("%s: %q, want %q", state, got, want)
		}
	}
	if got := judge(t, "web", service("web", app), pod("a", app)).Health(); got != "" {
		t.Errorf("healthy: %q", got)
	}
}
