package tui

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
	"github.com/svctui/svctui/probes/engine"
	"github.com/svctui/svctui/probes/isolation"
)

// fixtureNow is the moment at which every fixture is looked at.
func fixtureNow() time.Time { return time.Date(2026, 3, 14, 10, 0, 0, 0, time.UTC) }

func ago(d time.Duration) time.Time { return fixtureNow().Add(-d) }

const day = 24 * time.Hour

// fakeConnector opens fakeSessions, or fails.
type fakeConnector struct {
	session *fakeSession
	err     error
}

func (c *fakeConnector) Contexts() ([]model.ContextInfo, error) {
	return []model.ContextInfo{{Name: "gke-prod", Current: true, Namespace: "shop"}, {Name: "kind-dev"}}, nil
}

func (c *fakeConnector) Open(context.Context, string) (Session, error) {
	if c.err != nil {
		return nil, c.err
	}
	return c.session, nil
}

// fakeSession publishes fixed states.
type fakeSession struct {
	info       model.SessionInfo
	states     chan *engine.State
	namespaces []string
	logs       []model.LogLine
	access     func(model.AccessQuestion) bool

	mu      sync.Mutex
	scope   string
	focused []model.Key
	clients []check.Client
	closed  bool
}

func newFakeSession() *fakeSession {
	return &fakeSession{
		info:   model.SessionInfo{Context: "gke-prod", Namespace: "shop", ServerVersion: "v1.36.3", KubectlArgs: []string{"--context", "gke-prod"}},
		states: make(chan *engine.State, 8), namespaces: []string{"default", "kube-system", "shop"},
	}
}

func (s *fakeSession) Info() model.SessionInfo { return s.info }

func (s *fakeSession) Run(ctx context.Context, publish func(*engine.State)) {
	for {
		select {
		case <-ctx.Done():
			return
		case state := <-s.states:
			if ctx.Err() != nil {
				s.states <- state // it is for who runs next
				return
			}
			publish(state)
		}
	}
}

func (s *fakeSession) SetScope(namespace string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.scope = namespace
}

func (s *fakeSession) Focus(key *model.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if key == nil {
		s.focused = append(s.focused, model.Key{})
		return
	}
	s.focused = append(s.focused, *key)
}

func (s *fakeSession) FocusClient(client check.Client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clients = append(s.clients, client)
}

func (s *fakeSession) Namespaces(context.Context) ([]string, error) {
	if s.namespaces == nil {
		return nil, errors.New("namespaces is forbidden")
	}
	return s.namespaces, nil
}

func (s *fakeSession) Logs(ctx context.Context, request model.LogRequest, lines func([]model.LogLine)) error {
	for _, line := range s.logs {
		if line.Pod == request.Pod {
			lines([]model.LogLine{line})
		}
	}
	if request.Follow {
		<-ctx.Done()
	}
	return nil
}

func (s *fakeSession) Describe(context.Context, model.Ref) (string, error) { return "Name: x\n", nil }

func (s *fakeSession) YAML(context.Context, model.Ref) (string, error) { return "kind: Service\n", nil }

func (s *fakeSession) Access(_ context.Context, questions []model.AccessQuestion) []model.AccessAnswer {
	answers := make([]model.AccessAnswer, len(questions))
	for i, question := range questions {
		answers[i] = model.AccessAnswer{AccessQuestion: question, Allowed: s.access == nil || s.access(question)}
	}
	return answers
}

func (s *fakeSession) Test(_ context.Context, request isolation.Request, progress func(isolation.Result)) {
	progress(isolation.Result{Request: request})
}

func (s *fakeSession) Sweep(_ context.Context, request isolation.Request, progress func(isolation.SweepResult)) {
	progress(isolation.SweepResult{Request: request})
}

func (s *fakeSession) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}

func (s *fakeSession) focusedLast() (model.Key, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.focused) == 0 {
		return model.Key{}, false
	}
	return s.focused[len(s.focused)-1], true
}

// fixture is one Service of a fixture with its report.
type fixture struct {
	service *corev1.Service
	report  *check.Report
}

func fixtureService(name string, kind corev1.ServiceType, ip, port string, age time.Duration) *corev1.Service {
	made := &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, UID: "uid-svc-" + "shop-", CreationTimestamp: metav1.Time{Time: ago(age)}},
		Spec:       corev1.ServiceSpec{Type: kind, ClusterIP: ip, Selector: map[string]string{"app": name}},
	}
	made.UID += "x"
	for _, one := range strings.Split(port, ",") {
		number, target, _ := strings.Cut(one, "→")
		parsed := intstr.Parse(number)
		made.Spec.Ports = append(made.Spec.Ports, corev1.ServicePort{Port: parsed.IntVal, TargetPort: intstr.Parse(target)})
	}
	return made
}

func fixtureReport(s *corev1.Service, verdict check.Verdict, usable, selected int, since time.Duration) *check.Report {
	r := &check.Report{
		Key: model.Key{Namespace: s.Namespace, Name: s.Name}, Verdict: verdict, Usable: usable, Selected: selected, Counted: true,
		Reach: "inside the cluster, as " + s.Name + "." + s.Namespace + ".svc; best for traffic between workloads; nothing outside reaches it.",
		Route: []check.Hop{
			{Text: "clients"},
			{Text: s.Name + "." + s.Namespace + ":" + portsText(s)},
			{Text: s.Spec.ClusterIP},
			{Text: selectorText(s)},
			{Text: "Pods"},
		},
	}
	if since > 0 {
		r.Since = ago(since)
	}
	for step := range r.Steps {
		r.Steps[step] = check.StepResult{Mark: check.MarkOK}
	}
	r.Steps[check.StepIsolation] = check.StepResult{Mark: check.MarkPending, Note: "t"}
	return r
}

// shopFixtures is a namespace with every verdict, as in the guide.
func shopFixtures() []fixture {
	cart := fixtureService("cart", corev1.ServiceTypeClusterIP, "10.96.12.7", "80→8080", 30*day)
	cartReport := fixtureReport(cart, check.Fail, 0, 3, 12*time.Minute)
	cartReport.Findings = []check.Finding{{
		ID: "READY-03", Severity: check.Critical, Confidence: check.Proven, Step: check.StepReadiness, Short: "readiness 503 on /healthz",
		Title: "None of the 3 Pods is Ready: the readiness probe gets 503 from /healthz.",
		Why:   "A Pod that is not Ready is taken out of the EndpointSlices, so the Service has nowhere to send requests.",
		Fix:   &check.Fix{Command: "kubectl --context gke-prod -n shop logs deploy/cart --tail=50", Note: "The application itself answers 503: its log says why."},
		Since: ago(12 * time.Minute),
	}}
	cartReport.Route[4] = check.Hop{Text: "0 of 3 Pods Ready", Broken: true}
	cartReport.Steps[check.StepReadiness] = check.StepResult{Mark: check.MarkFail, Note: "0/3"}

	checkout := fixtureService("checkout", corev1.ServiceTypeClusterIP, "10.96.45.23", "80→http", 40*day)
	checkout.Spec.Selector = map[string]string{"app": "checkout", "tier": "backend"}
	checkoutReport := fixtureReport(checkout, check.Fail, 0, 0, 3*time.Minute)
	checkoutReport.Findings = []check.Finding{{
		ID: "SEL-01", Severity: check.Critical, Confidence: check.Proven, Step: check.StepSelector, Short: "no Pod has app=checkout",
		Title: "No Pod carries app=checkout. 3 Pods of deploy/checkout carry app=check-out.",
		Why:   "The selector has to match the labels of the Pods exactly. It matches none of the 12 Pods in shop, so the Service has no endpoints.",
		Cause: &check.Cause{Text: "a missing dash in the selector", Confidence: check.Likely},
		Evidence: []check.Evidence{
			{Kind: "Service", Namespace: "shop", Name: "checkout", Field: "spec.selector.app", Value: "checkout"},
			{Kind: "Pod", Namespace: "shop", Name: "checkout-7d9f6b-x2lqp", Field: "metadata.labels.app", Value: "check-out"},
		},
		Fix: &check.Fix{
			Command: "kubectl --context gke-prod -n shop patch svc checkout --type=merge \\\n  -p '{\"spec\":{\"selector\":{\"app\":\"check-out\"}}}'",
			Note:    "Or give the Pods' template the label app=checkout, where the Service is right.",
		},
		Since: ago(3 * time.Minute),
	}}
	checkoutReport.Route = []check.Hop{
		{Text: "clients"},
		{Text: "checkout.shop:80"},
		{Text: "10.96.45.23"},
		{Text: "app=checkout tier=backend", Fault: "app=checkout"},
		{Text: "0 of 12 Pods", Broken: true},
	}
	checkoutReport.Steps[check.StepEndpoints] = check.StepResult{Mark: check.MarkFail, Note: "0/0"}
	checkoutReport.Steps[check.StepSelector] = check.StepResult{Mark: check.MarkFail, Note: "0/12"}
	checkoutReport.Steps[check.StepReadiness] = check.StepResult{}
	checkoutReport.Steps[check.StepLogs] = check.StepResult{}
	checkoutReport.Steps[check.StepEvents] = check.StepResult{Mark: check.MarkOK, Note: "2"}

	web := fixtureService("web", corev1.ServiceTypeLoadBalancer, "10.96.3.9", "443→8443", 2*day)
	webReport := fixtureReport(web, check.Fail, 3, 3, 7*time.Minute)
	webReport.Findings = []check.Finding{{
		ID: "LB-02", Severity: check.Critical, Confidence: check.Proven, Step: check.StepService, Short: "quota IN_USE_ADDRESSES",
		Title: "The load balancer gets no address: the quota IN_USE_ADDRESSES is used up.",
		Why:   "The cloud controller said so 7 minutes ago, and it goes on trying.",
		Fix:   &check.Fix{Note: "Free an address in the project, or ask for a larger quota."}, Since: ago(7 * time.Minute),
	}}
	webReport.Route = []check.Hop{{Text: "clients"}, {Text: "<pending>", Broken: true}, {Text: "web.shop:443"}, {Text: "3 Pods"}}
	webReport.Steps[check.StepService] = check.StepResult{Mark: check.MarkFail}

	search := fixtureService("search", corev1.ServiceTypeClusterIP, "10.96.3.77", "80→http", 20*day)
	searchReport := fixtureReport(search, check.Warn, 2, 2, 2*time.Hour)
	searchReport.Findings = []check.Finding{{
		ID: "PORT-04", Severity: check.Critical, Confidence: check.Likely, Step: check.StepEndpoints, Short: "container has 8080, not 80",
		Title: "The Service sends to port 80; the container declares 8080.",
		Why:   "A declared port is not binding, so this is likely, not proven. The isolation test tells.",
		Fix:   &check.Fix{Command: "kubectl --context gke-prod -n shop patch svc search --type=json -p '[{\"op\":\"replace\",\"path\":\"/spec/ports/0/targetPort\",\"value\":8080}]'"},
		Since: ago(2 * time.Hour),
	}}

	audit := fixtureService("audit", corev1.ServiceTypeClusterIP, "10.96.8.14", "8443→https", 9*day)
	auditReport := fixtureReport(audit, check.Unknown, 0, 0, 0)
	auditReport.Counted = false
	auditReport.Unchecked = []check.Unchecked{{
		Check: []string{"SEL-01", "READY-03"}, Need: "list Pods", Kind: model.Pods, Namespace: "shop",
		Coverage: model.Coverage{State: model.Forbidden, Verb: "list", Reason: `pods is forbidden: User "ann" cannot list resource "pods" in API group "" in the namespace "shop"`},
	}}

	catalog := fixtureService("catalog", corev1.ServiceTypeClusterIP, "10.96.20.3", "80→http", 6*day)
	frontend := fixtureService("frontend", corev1.ServiceTypeNodePort, "10.96.14.1", "80→http", 12*day)
	frontend.Spec.Ports[0].NodePort = 30080
	legacy := fixtureService("legacy-db", corev1.ServiceTypeExternalName, "", "5432", 90*day)
	legacy.Spec.ExternalName, legacy.Spec.Selector = "db.example.com", nil
	legacyReport := fixtureReport(legacy, check.OK, 0, 0, 90*day)
	legacyReport.Counted = false
	headless := fixtureService("postgres", corev1.ServiceTypeClusterIP, "None", "5432", 40*day)

	fixtures := []fixture{
		{cart, cartReport},
		{checkout, checkoutReport},
		{web, webReport},
		{search, searchReport},
		{audit, auditReport},
		{catalog, fixtureReport(catalog, check.Partial, 4, 4, 6*day)},
		{frontend, fixtureReport(frontend, check.OK, 5, 5, 12*day)},
		{legacy, legacyReport},
		{headless, fixtureReport(headless, check.OK, 1, 1, 40*day)},
	}
	for _, ok := range []struct {
		name, ip, port string
		pods, days     int
	}{
		{"payments", "10.96.77.1", "9000→grpc", 3, 40},
		{"recommendations", "10.96.31.5", "8080→http", 6, 9},
		{"redis-cart", "10.96.9.40", "6379", 1, 40},
		{"shipping", "10.96.61.2", "50051→grpc", 2, 11},
	} {
		s := fixtureService(ok.name, corev1.ServiceTypeClusterIP, ok.ip, ok.port, time.Duration(ok.days)*day)
		fixtures = append(fixtures, fixture{s, fixtureReport(s, check.OK, ok.pods, ok.pods, time.Duration(ok.days)*day)})
	}
	return fixtures
}

// stateOf makes a settled, live state.
func stateOf(scope string, fixtures ...fixture) *engine.State {
	builder := model.NewBuilder(nil)
	live := model.Coverage{State: model.Live, Since: ago(time.Hour)}
	for _, kind := range model.Kinds() {
		namespace := scope
		if !kind.Namespaced() {
			namespace = model.AllNamespaces
		}
		builder.Cover(model.Need{Kind: kind, Namespace: namespace}, live)
	}
	for _, object := range shopObjects() {
		builder.Put(object)
	}
	state := &engine.State{At: fixtureNow(), Scope: scope, Settled: true}
	for _, f := range fixtures {
		if f.service != nil {
			builder.Put(f.service)
		}
		state.Reports = append(state.Reports, f.report)
	}
	slices.SortFunc(state.Reports, func(a, b *check.Report) int { return a.Key.Compare(b.Key) })
	state.Snapshot = builder.Build(fixtureNow())
	return state
}

// shopObjects are what stands behind the Services of shopFixtures: Pods, slices and events.
func shopObjects() []metav1.Object {
	var objects []metav1.Object
	pod := func(name, uid, owner string, labels map[string]string, ready bool, restarts int32, restarted time.Duration) *corev1.Pod {
		condition := corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionTrue, LastTransitionTime: metav1.Time{Time: ago(6 * day)}}
		if !ready {
			condition.Status, condition.LastTransitionTime = corev1.ConditionFalse, metav1.Time{Time: ago(12 * time.Minute)}
			condition.Reason, condition.Message = "ContainersNotReady", "containers with unready status: [app]"
		}
		isController := true
		made := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: "shop", Name: name, UID: types.UID(uid), Labels: labels, CreationTimestamp: metav1.Time{Time: ago(6 * day)},
				OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "ReplicaSet", Name: owner, UID: types.UID("rs-" + owner), Controller: &isController}},
			},
			Spec: corev1.PodSpec{NodeName: "node-2", Containers: []corev1.Container{{
				Name: "app", Image: "registry.example.com/app:1.4.2",
				Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080, Protocol: corev1.ProtocolTCP}},
				ReadinessProbe: &corev1.Probe{
					ProbeHandler:  corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: "/healthz", Port: intstr.FromInt32(8080)}},
					PeriodSeconds: 5, TimeoutSeconds: 1, FailureThreshold: 3,
				},
			}}},
			Status: corev1.PodStatus{
				Phase: corev1.PodRunning, PodIP: "10.4.2." + name[len(name)-1:], Conditions: []corev1.PodCondition{condition},
				ContainerStatuses: []corev1.ContainerStatus{{
					Name: "app", Ready: ready, RestartCount: restarts, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Time{Time: ago(6 * day)}}},
				}},
			},
		}
		if restarts > 0 {
			made.Status.ContainerStatuses[0].LastTerminationState.Terminated = &corev1.ContainerStateTerminated{
				ExitCode: 1, Reason: "Error", StartedAt: metav1.Time{Time: ago(restarted + 12*time.Second)}, FinishedAt: metav1.Time{Time: ago(restarted)},
			}
		}
		return made
	}
	set := func(name, deployment string) *appsv1.ReplicaSet {
		isController := true
		return &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{
			Namespace: "shop", Name: name, UID: types.UID("rs-" + name),
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "Deployment", Name: deployment, UID: types.UID("deploy-" + deployment), Controller: &isController}},
		}}
	}
	event := func(name, kind, object, uid, level, reason, message string, times int32, last time.Duration) *corev1.Event {
		return &corev1.Event{
			ObjectMeta:     metav1.ObjectMeta{Namespace: "shop", Name: name},
			InvolvedObject: corev1.ObjectReference{Kind: kind, Name: object, UID: types.UID(uid), Namespace: "shop"},
			Type:           level, Reason: reason, Message: message, Count: times,
			FirstTimestamp: metav1.Time{Time: ago(last + 11*time.Minute)}, LastTimestamp: metav1.Time{Time: ago(last)},
			Source: corev1.EventSource{Component: "kubelet"},
		}
	}
	objects = append(objects, set("checkout-7d9f6b", "checkout"), set("cart-66c9d4", "cart"))
	for _, suffix := range []string{"x2lq1", "m4k82", "tt2v3"} {
		objects = append(objects, pod("checkout-7d9f6b-"+suffix, "uid-"+suffix, "checkout-7d9f6b", map[string]string{"app": "check-out", "tier": "backend"}, true, 0, 0))
	}
	ready, port, name := false, int32(8080), ""
	slice := &discoveryv1.EndpointSlice{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "shop", Name: "cart-8xk2p", UID: "slice-cart",
			Labels: map[string]string{discoveryv1.LabelServiceName: "cart", discoveryv1.LabelManagedBy: "endpointslice-controller.k8s.io"},
		},
		AddressType: discoveryv1.AddressTypeIPv4, Ports: []discoveryv1.EndpointPort{{Name: &name, Port: &port}},
	}
	for i, suffix := range []string{"4hv94", "9sz75", "kq7f6"} {
		restarts := int32(0)
		if i == 1 {
			restarts = 4
		}
		made := pod("cart-66c9d4-"+suffix, "uid-"+suffix, "cart-66c9d4", map[string]string{"app": "cart"}, false, restarts, 3*time.Minute)
		objects = append(objects, made)
		node := "node-2"
		slice.Endpoints = append(slice.Endpoints, discoveryv1.Endpoint{
			Addresses: []string{made.Status.PodIP}, Conditions: discoveryv1.EndpointConditions{Ready: &ready, Serving: &ready}, NodeName: &node,
			TargetRef: &corev1.ObjectReference{Kind: "Pod", Namespace: "shop", Name: made.Name, UID: made.UID},
		})
	}
	return append(objects, slice,
		event("cart.1", "Pod", "cart-66c9d4-4hv94", "uid-4hv94", "Warning", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503", 143, 20*time.Second),
		event("cart.2", "Pod", "cart-66c9d4-9sz75", "uid-9sz75", "Warning", "BackOff", "Back-off restarting failed container app in pod cart-66c9d4-9sz75_shop(0b1f7c1e-0000-4000-8000-000000000000), which is a message that is long enough to be wrapped on every screen that is tested here", 9, 3*time.Minute),
		event("cart.3", "Pod", "cart-66c9d4-kq7f6", "uid-kq7f6", "Normal", "Pulled", `Container image "registry.example.com/app:1.4.2" already present on machine`, 1, 40*time.Minute),
	)
}
