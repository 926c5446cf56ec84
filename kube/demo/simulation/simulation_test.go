package simulation_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	clocktesting "k8s.io/utils/clock/testing"
	"k8s.io/utils/ptr"

	"go.uber.org/goleak"

	"github.com/svctui/svctui/kube/demo/apiserver"
	"github.com/svctui/svctui/kube/demo/apps"
	"github.com/svctui/svctui/kube/demo/simulation"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var start = time.Date(2026, 10, 5, 14, 2, 0, 0, time.UTC)

// world is a cluster of one node and a clock that the test moves.
type world struct {
	*simulation.Simulation
	store *apiserver.Store
	clock *clocktesting.FakeClock
}

func newWorld(t *testing.T, applications apps.ByImage) *world {
	t.Helper()
	store, clock := apiserver.NewStore(1), clocktesting.NewFakeClock(start)
	w := &world{Simulation: simulation.New(store, applications, clock), store: store, clock: clock}
	w.apply(&corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: "node-1", Labels: map[string]string{corev1.LabelTopologyZone: "zone-a"}},
		Status: corev1.NodeStatus{
			Allocatable: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("4")},
			Addresses:   []corev1.NodeAddress{{Type: corev1.NodeInternalIP, Address: "10.132.0.11"}},
		},
	})
	return w
}

func (w *world) apply(objects ...apiserver.Object) {
	for _, obj := range objects {
		w.Do(w.clock.Now(), func() { w.Apply("helm", obj) })
	}
}

// pass lets time go by.
func (w *world) pass(d time.Duration) {
	w.clock.Step(d)
	w.CatchUp(w.clock.Now())
}

func (w *world) pods(t *testing.T, count int) []*corev1.Pod {
	t.Helper()
	pods := apiserver.List(w.store, &corev1.Pod{}, "shop")
	if len(pods) != count {
		t.Fatalf("%d Pods, want %d", len(pods), count)
	}
	return pods
}

func (w *world) slices(t *testing.T, count int) []*discoveryv1.EndpointSlice {
	t.Helper()
	slices := apiserver.List(w.store, &discoveryv1.EndpointSlice{}, "shop")
	if len(slices) != count {
		t.Fatalf("%d slices, want %d", len(slices), count)
	}
	return slices
}

// event returns the events about an object that have a reason.
func (w *world) events(name, reason string) []*corev1.Event {
	var found []*corev1.Event
	for _, event := range apiserver.List(w.store, &corev1.Event{}, "") {
		if event.InvolvedObject.Name == name && event.Reason == reason {
			found = append(found, event)
		}
	}
	return found
}

var web = map[string]string{"app": "web"}

const image = "registry.example/web:1"

func listening() apps.ByImage {
	ok := func(apps.Call) apps.Response { return apps.Text(200, "ok") }
	return apps.ByImage{image: {Ports: []apps.Port{{Number: 8080, HTTP: ok}}}}
}

func deployment(replicas int32, change ...func(*corev1.PodSpec)) *appsv1.Deployment {
	spec := corev1.PodSpec{Containers: []corev1.Container{{
		Name: "web", Image: image, Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}},
		ReadinessProbe: &corev1.Probe{ProbeHandler: corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromString("http")}}},
	}}}
	for _, c := range change {
		c(&spec)
	}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"},
		Spec: appsv1.DeploymentSpec{
			Replicas: &replicas, Selector: &metav1.LabelSelector{MatchLabels: web},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: web}, Spec: spec},
		},
	}
}

func service(change ...func(*corev1.ServiceSpec)) *corev1.Service {
	svc := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", Labels: map[string]string{"team": "front"}},
		Spec:       corev1.ServiceSpec{Selector: web, Ports: []corev1.ServicePort{{Name: "http", Port: 80, TargetPort: intstr.FromString("http")}}},
	}
	for _, c := range change {
		c(&svc.Spec)
	}
	return svc
}

// conditions writes an endpoint's conditions as ready/serving/terminating.
func conditions(e discoveryv1.Endpoint) string {
	return fmt.Sprintf("%t/%t/%t", *e.Conditions.Ready, *e.Conditions.Serving, *e.Conditions.Terminating)
}

func TestEndpointsFollowPods(t *testing.T) {
	w := newWorld(t, listening())
	w.apply(service())
	slice := w.slices(t, 1)[0]
	if slice.Ports != nil || slice.Endpoints != nil || slice.Generation != 1 {
		t.Errorf("the slice of a Service without Pods: %v", slice)
	}
	if hasEndpointsField(slice) {
		t.Error("a slice that never had endpoints owns the field")
	}
	name := slice.Name

	w.apply(deployment(2))
	w.pass(30 * time.Second)
	slice = w.slices(t, 1)[0]
	if slice.Name != name {
		t.Errorf("the slice was made anew: %s, was %s", slice.Name, name)
	}
	if len(slice.Endpoints) != 2 || len(slice.Ports) != 1 || *slice.Ports[0].Port != 8080 || *slice.Ports[0].Name != "http" {
		t.Fatalf("%v", slice)
	}
	for _, e := range slice.Endpoints {
		if conditions(e) != "true/true/false" || *e.NodeName != "node-1" || *e.Zone != "zone-a" || e.TargetRef.Kind != "Pod" {
			t.Errorf("%v", e)
		}
	}
	if slice.Labels["team"] != "front" || slice.Labels[discoveryv1.LabelServiceName] != "web" {
		t.Errorf("labels: %v", slice.Labels)
	}
	if !hasEndpointsField(slice) || slice.Generation < 2 {
		t.Errorf("after the Pods came: generation %d, %v", slice.Generation, slice.ManagedFields)
	}

	// A Pod on its way out leaves at once, but serves on; the legacy Endpoints forget it.
	going := w.pods(t, 2)[0]
	w.Do(w.clock.Now(), func() { w.Delete(going) })
	for _, e := range w.slices(t, 1)[0].Endpoints {
		want := "true/true/false"
		if e.TargetRef.Name == going.Name {
			want = "false/true/true"
		}
		if got := conditions(e); got != want {
			t.Errorf("%s is %s, want %s", e.TargetRef.Name, got, want)
		}
	}
	endpoints, _ := apiserver.Get(w.store, &corev1.Endpoints{}, "shop", "web") //nolint:staticcheck // the proxy reads them
	if len(endpoints.Subsets) != 1 || len(endpoints.Subsets[0].Addresses) != 1 {
		t.Errorf("Endpoints: %v", endpoints.Subsets)
	}

	// Scaled to zero: the same slice, empty, that still tells it once had endpoints.
	w.apply(deployment(0))
	w.pass(time.Minute)
	w.pods(t, 0)
	slice = w.slices(t, 1)[0]
	if slice.Name != name || slice.Ports != nil || slice.Endpoints != nil || !hasEndpointsField(slice) {
		t.Errorf("scaled to zero: %v", slice)
	}
}

func hasEndpointsField(slice *discoveryv1.EndpointSlice) bool {
	for _, entry := range slice.ManagedFields {
		if strings.Contains(entry.FieldsV1.GetRawString(), `"f:endpoints"`) {
			return true
		}
	}
	return false
}

func TestPortsOfEndpoints(t *testing.T) {
	always := corev1.ContainerRestartPolicyAlways
	named := func(name string, protocol corev1.Protocol) func(*corev1.PodSpec) {
		return func(spec *corev1.PodSpec) {
			spec.Containers[0].Ports = []corev1.ContainerPort{{Name: name, ContainerPort: 8080, Protocol: protocol}}
			spec.Containers[0].ReadinessProbe = nil
		}
	}
	inInit := func(policy *corev1.ContainerRestartPolicy) func(*corev1.PodSpec) {
		return func(spec *corev1.PodSpec) {
			spec.InitContainers = []corev1.Container{{
				Name: "side", Image: image, RestartPolicy: policy, Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 9090}},
			}}
			spec.Containers[0].Ports, spec.Containers[0].ReadinessProbe = nil, nil
		}
	}
	number := func(spec *corev1.ServiceSpec) { spec.Ports[0].TargetPort = intstr.FromInt32(80) }
	tests := []struct {
		name    string
		service func(*corev1.ServiceSpec)
		pod     func(*corev1.PodSpec)
		port    int32 // 0: a slice with the endpoint and no ports, and nothing in the legacy Endpoints
	}{
		{"by name", nil, named("http", corev1.ProtocolTCP), 8080},
		{"another name", nil, named("web", corev1.ProtocolTCP), 0},
		{"the name with another protocol", nil, named("http", corev1.ProtocolUDP), 0},
		{"a number that nobody declares", number, named("http", corev1.ProtocolTCP), 80},
		{"in a sidecar", nil, inInit(&always), 9090},
		{"in a plain init container", nil, inInit(nil), 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, listening())
			svc := service()
			if test.service != nil {
				test.service(&svc.Spec)
			}
			w.apply(svc, deployment(1, test.pod))
			w.pass(30 * time.Second)
			slice := w.slices(t, 1)[0]
			if len(slice.Endpoints) != 1 || conditions(slice.Endpoints[0]) != "true/true/false" {
				t.Fatalf("endpoints: %v", slice.Endpoints)
			}
			endpoints, _ := apiserver.Get(w.store, &corev1.Endpoints{}, "shop", "web") //nolint:staticcheck // the proxy reads them
			if test.port == 0 {
				if slice.Ports != nil || len(endpoints.Subsets) != 0 {
					t.Errorf("ports %v, subsets %v", slice.Ports, endpoints.Subsets)
				}
				return
			}
			if len(slice.Ports) != 1 || *slice.Ports[0].Port != test.port || endpoints.Subsets[0].Ports[0].Port != test.port {
				t.Errorf("ports %v, subsets %v; want %d", slice.Ports, endpoints.Subsets, test.port)
			}
		})
	}
}

func TestServicesWithoutSlicesOfTheirOwn(t *testing.T) {
	for name, change := range map[string]func(*corev1.ServiceSpec){
		"ExternalName, with a selector": func(spec *corev1.ServiceSpec) {
			spec.Type, spec.ExternalName = corev1.ServiceTypeExternalName, "db.example.com"
		},
		"without a selector":     func(spec *corev1.ServiceSpec) { spec.Selector = nil },
		"with an empty selector": func(spec *corev1.ServiceSpec) { spec.Selector = map[string]string{} },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, listening())
			w.apply(service(change), deployment(1))
			w.pass(30 * time.Second)
			w.slices(t, 0)
		})
	}
}

func TestPublishNotReadyAndHeadless(t *testing.T) {
	w := newWorld(t, apps.ByImage{}) // nothing listens: the Pods never become ready
	set := &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"},
		Spec: appsv1.StatefulSetSpec{
			Replicas: ptr.To[int32](2), ServiceName: "web", PodManagementPolicy: appsv1.ParallelPodManagement,
			Selector: &metav1.LabelSelector{MatchLabels: web}, Template: deployment(1).Spec.Template,
		},
	}
	w.apply(set, service(func(spec *corev1.ServiceSpec) {
		spec.ClusterIP, spec.PublishNotReadyAddresses = corev1.ClusterIPNone, true
	}))
	w.pass(30 * time.Second)
	slice := w.slices(t, 1)[0]
	if _, ok := slice.Labels[corev1.IsHeadlessService]; !ok {
		t.Error("a headless Service's slice lacks the label")
	}
	if len(slice.Endpoints) != 2 {
		t.Fatalf("%v", slice.Endpoints)
	}
	for i, e := range slice.Endpoints {
		if conditions(e) != "true/false/false" || ptr.Deref(e.Hostname, "") != fmt.Sprintf("web-%d", i) {
			t.Errorf("%s %v", conditions(e), e)
		}
	}
}

func TestOrderedStatefulSetWaitsForEachPod(t *testing.T) {
	w := newWorld(t, apps.ByImage{})
	w.apply(&appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"},
		Spec: appsv1.StatefulSetSpec{
			Replicas: ptr.To[int32](3), Selector: &metav1.LabelSelector{MatchLabels: web}, Template: deployment(1).Spec.Template,
		},
	})
	w.pass(time.Minute)
	w.pods(t, 1)
}

func TestManyEndpointsAreSpreadOverSlices(t *testing.T) {
	w := newWorld(t, listening())
	w.apply(service(), deployment(250))
	w.pass(time.Minute)
	total := 0
	for _, slice := range w.slices(t, 3) {
		total += len(slice.Endpoints)
	}
	if total != 250 {
		t.Errorf("%d endpoints", total)
	}
}

func TestRolloutKeepsServing(t *testing.T) {
	w := newWorld(t, listening())
	w.apply(service(), deployment(4))
	w.pass(30 * time.Second)
	upgrade := deployment(4, func(spec *corev1.PodSpec) { spec.Containers[0].Env = []corev1.EnvVar{{Name: "RELEASE", Value: "2"}} })
	w.apply(upgrade)
	progressing := false
	for range 400 {
		w.pass(100 * time.Millisecond)
		ready := 0
		for _, e := range w.slices(t, 1)[0].Endpoints {
			if *e.Conditions.Ready {
				ready++
			}
		}
		if ready < 3 {
			t.Fatalf("%d of 4 are ready; maxUnavailable allows one to be missing", ready)
		}
		d, _ := apiserver.Get(w.store, &appsv1.Deployment{}, "shop", "web")
		if d.Status.Replicas > 5+1 {
			t.Fatalf("%d Pods; maxSurge allows one more than 4, and one may be leaving", d.Status.Replicas)
		}
		for _, c := range d.Status.Conditions {
			progressing = progressing || c.Type == appsv1.DeploymentProgressing && c.Reason == "ReplicaSetUpdated"
		}
	}
	d, _ := apiserver.Get(w.store, &appsv1.Deployment{}, "shop", "web")
	if !progressing || d.Status.UpdatedReplicas != 4 || d.Status.AvailableReplicas != 4 || d.Status.ObservedGeneration != 2 || d.Annotations["deployment.kubernetes.io/revision"] != "2" {
		t.Errorf("seen progressing %t; %v %v", progressing, d.Annotations, d.Status)
	}
	for _, pod := range w.pods(t, 4) {
		if len(pod.Spec.Containers[0].Env) != 1 {
			t.Errorf("%s is of the old template", pod.Name)
		}
	}
	if len(w.events("web", "ScalingReplicaSet")) < 4 {
		t.Error("the rollout left no events")
	}
}

func TestStuckRolloutLeavesTheOldPods(t *testing.T) {
	applications := listening()
	applications["registry.example/web:2"] = apps.Application{PullError: "not found"}
	w := newWorld(t, applications)
	w.apply(service(), deployment(2))
	w.pass(30 * time.Second)
	w.apply(deployment(2, func(spec *corev1.PodSpec) { spec.Containers[0].Image = "registry.example/web:2" }))
	w.pass(11 * time.Minute)
	ready := 0
	for _, e := range w.slices(t, 1)[0].Endpoints {
		if *e.Conditions.Ready {
			ready++
		}
	}
	if ready != 2 {
		t.Errorf("%d Pods serve while the rollout is stuck", ready)
	}
	d, _ := apiserver.Get(w.store, &appsv1.Deployment{}, "shop", "web")
	for _, c := range d.Status.Conditions {
		if c.Type == appsv1.DeploymentProgressing && (c.Status != corev1.ConditionFalse || c.Reason != "ProgressDeadlineExceeded") {
			t.Errorf("after the deadline: %v", c)
		}
	}
}

func TestImageThatCannotBePulled(t *testing.T) {
	w := newWorld(t, apps.ByImage{image: {PullError: "registry.example/web:1: not found"}})
	w.apply(deployment(1))
	w.pass(2500 * time.Millisecond)
	pod := w.pods(t, 1)[0]
	if waiting := pod.Status.ContainerStatuses[0].State.Waiting; waiting.Reason != "ErrImagePull" || !strings.Contains(waiting.Message, "not found") {
		t.Errorf("%v", waiting)
	}
	w.pass(6 * time.Second)
	pod = w.pods(t, 1)[0]
	if waiting := pod.Status.ContainerStatuses[0].State.Waiting; waiting.Reason != "ImagePullBackOff" || pod.Status.Phase != corev1.PodPending {
		t.Errorf("%v in phase %s", waiting, pod.Status.Phase)
	}
	w.pass(10 * time.Minute)
	if events := w.events(pod.Name, "BackOff"); len(events) != 1 || events[0].Count < 10 {
		t.Errorf("%v", events)
	}
}

func TestCrashLoop(t *testing.T) {
	w := newWorld(t, apps.ByImage{image: {Exit: &apps.Exit{After: 5 * time.Second, Code: 1, Reason: "Error"}}})
	w.apply(service(), deployment(1, func(spec *corev1.PodSpec) { spec.Containers[0].ReadinessProbe = nil }))
	seen := map[string]bool{}
	restarts, briefly := int32(0), false
	for range 10 * 60 {
		w.pass(500 * time.Millisecond)
		pod := w.pods(t, 1)[0]
		if len(pod.Status.ContainerStatuses) == 0 {
			continue
		}
		status := pod.Status.ContainerStatuses[0]
		if status.RestartCount < restarts {
			t.Fatal("the restart count fell")
		}
		restarts = status.RestartCount
		switch {
		case status.State.Running != nil:
			seen["running"] = true
			briefly = briefly || status.Ready
		case status.State.Terminated != nil:
			seen["terminated"] = true
		case status.State.Waiting != nil:
			seen[status.State.Waiting.Reason] = true
			if status.State.Waiting.Reason == "CrashLoopBackOff" && status.LastTerminationState.Terminated.ExitCode != 1 {
				t.Fatalf("last state: %v", status.LastTerminationState)
			}
		}
	}
	for _, state := range []string{"ContainerCreating", "running", "terminated", "CrashLoopBackOff"} {
		if !seen[state] {
			t.Errorf("never %s", state)
		}
	}
	if !briefly {
		t.Error("without a probe, a container that runs is ready")
	}
	// At once, then after 10 s, 20 s, 40 s, 80 s: five in five minutes.
	if restarts != 5 {
		t.Errorf("%d restarts in five minutes", restarts)
	}
	if events := w.events(w.pods(t, 1)[0].Name, "BackOff"); len(events) != 1 || events[0].Count < 5 || events[0].Type != corev1.EventTypeWarning {
		t.Errorf("%v", events)
	}
}

func TestUnschedulable(t *testing.T) {
	w := newWorld(t, listening())
	w.apply(deployment(1, func(spec *corev1.PodSpec) {
		spec.Containers[0].Resources.Requests = corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("6")}
	}))
	w.pass(5 * time.Minute)
	pod := w.pods(t, 1)[0]
	c := pod.Status.Conditions[0]
	if c.Type != corev1.PodScheduled || c.Status != corev1.ConditionFalse || c.Reason != corev1.PodReasonUnschedulable || !strings.Contains(c.Message, "0/1 nodes are available: 1 Insufficient cpu.") {
		t.Errorf("%v", c)
	}
	if events := w.events(pod.Name, "FailedScheduling"); len(events) != 1 || events[0].Count < 3 {
		t.Errorf("%v", events)
	}
}

func TestReadinessFollowsTheApplication(t *testing.T) {
	w := newWorld(t, listening())
	w.apply(service(), deployment(2))
	w.pass(30 * time.Second)
	var end func()
	w.Do(w.clock.Now(), func() {
		end = w.Strike(simulation.Incident{Namespace: "shop", Workload: "web", Pods: 1, Path: "/healthz", Answer: apps.Text(503, "no")})
	})
	ready := func() (count int) {
		for _, e := range w.slices(t, 1)[0].Endpoints {
			if *e.Conditions.Ready {
				count++
			}
		}
		return count
	}
	w.pass(15 * time.Second) // at most two failures: the threshold is three
	if ready() != 2 {
		t.Error("unready before failureThreshold")
	}
	w.pass(20 * time.Second)
	if ready() != 1 {
		t.Error("still ready after three failures")
	}
	struck := w.pods(t, 2)[0]
	events := w.events(struck.Name, "Unhealthy")
	if len(events) != 1 || events[0].Count < 3 || events[0].Message != "Readiness probe failed: HTTP probe failed with statuscode: 503" {
		t.Fatalf("%v", events)
	}
	count := events[0].Count
	w.pass(30 * time.Second)
	if again := w.events(struck.Name, "Unhealthy"); again[0].Count <= count || !again[0].LastTimestamp.After(again[0].FirstTimestamp.Time) {
		t.Error("the count does not rise while it fails")
	}
	for _, c := range struck.Status.Conditions {
		if c.Type == corev1.PodReady && (c.Reason != "ContainersNotReady" || c.Message != "containers with unready status: [web]") {
			t.Errorf("%v", c)
		}
	}
	w.Do(w.clock.Now(), end)
	w.pass(11 * time.Second)
	if ready() != 2 {
		t.Error("not ready again after the incident")
	}
}

func TestProbeFailureTexts(t *testing.T) {
	ok := func(apps.Call) apps.Response { return apps.Text(200, "ok") }
	get := func(scheme corev1.URIScheme) corev1.ProbeHandler {
		return corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromInt32(8080), Scheme: scheme}}
	}
	tests := []struct {
		name  string
		port  apps.Port
		probe corev1.ProbeHandler
		want  string
	}{
		{"another port", apps.Port{Number: 80, HTTP: ok}, get(""), `Get "http://%s:8080/healthz": dial tcp %[1]s:8080: connect: connection refused`},
		{"bound to localhost", apps.Port{Number: 8080, LoopbackOnly: true, HTTP: ok}, get(""), `Get "http://%s:8080/healthz": dial tcp %[1]s:8080: connect: connection refused`},
		{"HTTP to TLS", apps.Port{Number: 8080, TLS: true, HTTP: ok}, get(""), "HTTP probe failed with statuscode: 400"},
		{"HTTPS to HTTP", apps.Port{Number: 8080, HTTP: ok}, get(corev1.URISchemeHTTPS), `Get "https://%s:8080/healthz": http: server gave HTTP response to HTTPS client`},
		{"TCP", apps.Port{Number: 80, HTTP: ok}, corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt32(8080)}}, "dial tcp %s:8080: connect: connection refused"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, apps.ByImage{image: {Ports: []apps.Port{test.port}}})
			w.apply(deployment(1, func(spec *corev1.PodSpec) { spec.Containers[0].ReadinessProbe.ProbeHandler = test.probe }))
			w.pass(30 * time.Second)
			pod := w.pods(t, 1)[0]
			want := test.want
			if strings.Contains(want, "%") {
				want = fmt.Sprintf(want, pod.Status.PodIP)
			}
			events := w.events(pod.Name, "Unhealthy")
			if len(events) != 1 || events[0].Message != "Readiness probe failed: "+want {
				t.Errorf("%v\nwant %s", events, want)
			}
		})
	}
}

func TestLoadBalancers(t *testing.T) {
	w := newWorld(t, listening())
	w.Do(start, func() {
		w.UseCloud(simulation.CloudProvider{External: []string{"203.0.113.1"}, MakeTime: 30 * time.Second, QuotaError: "quotaExceeded"})
	})
	balanced := func(name string) *corev1.Service {
		svc := service(func(spec *corev1.ServiceSpec) { spec.Type = corev1.ServiceTypeLoadBalancer })
		svc.Name = name
		return svc
	}
	address := func(name string) string {
		svc, _ := apiserver.Get(w.store, &corev1.Service{}, "shop", name)
		for _, ingress := range svc.Status.LoadBalancer.Ingress {
			return ingress.IP
		}
		return ""
	}
	w.apply(balanced("first"), balanced("second"))
	w.pass(29 * time.Second)
	if address("first") != "" || len(w.events("first", "EnsuringLoadBalancer")) != 1 {
		t.Error("an address before its time, or no word about it")
	}
	w.pass(time.Second)
	if address("first") != "203.0.113.1" || len(w.events("first", "EnsuredLoadBalancer")) != 1 {
		t.Errorf("first: %q", address("first"))
	}
	w.pass(10 * time.Minute)
	failed := w.events("second", "SyncLoadBalancerFailed")
	if address("second") != "" || len(failed) != 1 || failed[0].Count < 3 || failed[0].Message != "Error syncing load balancer: failed to ensure load balancer: quotaExceeded" {
		t.Errorf("second: %q, %v", address("second"), failed)
	}
	second, _ := apiserver.Get(w.store, &corev1.Service{}, "shop", "second")
	if len(second.Finalizers) != 1 || second.Spec.Ports[0].NodePort == 0 {
		t.Errorf("%v %v", second.Finalizers, second.Spec.Ports)
	}
}

func TestManagedFieldsTellWhoChangedTheSelector(t *testing.T) {
	w := newWorld(t, listening())
	w.apply(service())
	w.pass(time.Hour)
	w.Do(w.clock.Now(), func() {
		w.Apply("kubectl-edit", service(func(spec *corev1.ServiceSpec) { spec.Selector = map[string]string{"app": "other"} }))
	})
	svc, _ := apiserver.Get(w.store, &corev1.Service{}, "shop", "web")
	last := svc.ManagedFields[len(svc.ManagedFields)-1]
	if last.Manager != "kubectl-edit" || !last.Time.Time.Equal(w.clock.Now()) {
		t.Errorf("%s at %s", last.Manager, last.Time)
	}
	for _, field := range []string{`"f:selector":{}`, `"k:{\"port\":80,\"protocol\":\"TCP\"}"`, `"f:type":{}`} {
		if !strings.Contains(last.FieldsV1.GetRawString(), field) {
			t.Errorf("%s lacks %s", last.FieldsV1.GetRawString(), field)
		}
	}
	if strings.Contains(last.FieldsV1.GetRawString(), "clusterIP") {
		t.Error("the manager owns what the API server allocated")
	}
}

func TestEventsExpire(t *testing.T) {
	w := newWorld(t, listening())
	w.Do(start, w.KeepClean)
	w.apply(deployment(1))
	w.pass(59 * time.Minute)
	if len(w.events("web", "ScalingReplicaSet")) != 1 {
		t.Error("gone within the hour")
	}
	w.pass(3 * time.Minute)
	if len(w.events("web", "ScalingReplicaSet")) != 0 {
		t.Error("still there after an hour")
	}
}

func TestSameRunMakesSameCluster(t *testing.T) {
	names := func() (all []string) {
		w := newWorld(t, listening())
		w.apply(service(), deployment(5))
		w.pass(time.Minute)
		for _, pod := range w.pods(t, 5) {
			all = append(all, pod.Name+string(pod.UID)+pod.Status.PodIP)
		}
		return append(all, w.slices(t, 1)[0].Name)
	}
	if a, b := fmt.Sprint(names()), fmt.Sprint(names()); a != b {
		t.Errorf("%s\n%s", a, b)
	}
}
