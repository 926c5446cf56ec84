package tui

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
	"github.com/svctui/svctui/probes/engine"
	"github.com/svctui/svctui/probes/isolation"
)

// What a test found stays with its Service, as long as the Pod that was tested is there.
func TestATestIsNotForgotten(t *testing.T) {
	payments := model.Key{Namespace: "shop", Name: "payments"}
	s := openService(t, 120, 40, "payments")
	if got := s.picture(); !strings.Contains(got, "ready by the API; not asked if they answer: t asks") {
		t.Fatalf("before the test:\n%s", got)
	}
	s.root.sh.remember(isolation.Result{Request: isolation.Request{Service: payments}})
	if len(s.root.sh.tests) != 0 {
		t.Error("a test that is not over is remembered")
	}
	result := loopback(isolation.Request{Service: payments, Port: "grpc"})
	s.root.sh.remember(result)
	if got := s.root.sh.testsOf(payments); len(got) != 0 {
		t.Errorf("a test of a Pod that is gone: %v", got)
	}
	result.Request.Pod = ""
	s.root.sh.remember(result)
	s.press("6")
	s.mustFit(120, 40)
	for _, want := range []string{"✗  The application listens on 127.0.0.1 only.", "The isolation test found it <1m ago", "port grpc: The application", "PORT-09"} {
		if got := s.picture(); !strings.Contains(got, want) {
			t.Errorf("%q is not shown:\n%s", want, got)
		}
	}
	// The list knows it too, also after the next state, and forgets it with the Pod.
	s.press("esc")
	line := func() string {
		for line := range strings.Lines(s.picture()) {
			if strings.Contains(line, "payments") {
				return line
			}
		}
		return ""
	}
	for range 2 {
		if got := line(); !strings.Contains(got, "✗") || !strings.Contains(got, "test: The application listens") {
			t.Errorf("the list says %q", got)
		}
		s.show(stateOf("shop", shopFixtures()...))
	}
	result.Request.Pod = "payments-gone"
	s.root.sh.remember(result)
	s.show(stateOf("shop", shopFixtures()...))
	if got := line(); strings.Contains(got, "test:") {
		t.Errorf("what was found in a Pod that is gone: %q", got)
	}
}

// TestHealthRestsOnAnswers holds that an application that nobody has asked is not said to answer.
func TestHealthRestsOnAnswers(t *testing.T) {
	key := model.Key{Namespace: "shop", Name: "web"}
	probe := func(port int) *corev1.Probe {
		return &corev1.Probe{ProbeHandler: corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromInt(port)}}}
	}
	passed := func(port string) isolation.Result {
		return isolation.Result{Request: isolation.Request{Service: key, Port: port}, Conclusion: &isolation.Conclusion{Mark: check.MarkOK}}
	}
	failed := func(port string) isolation.Result {
		return isolation.Result{Request: isolation.Request{Service: key, Port: port}, Conclusion: &isolation.Conclusion{Mark: check.MarkUnknown}}
	}
	for name, test := range map[string]struct {
		probe    *corev1.Probe
		tests    []isolation.Result
		selected int
		want     string
		note     string
	}{
		"nobody asks":            {nil, nil, 1, "The one endpoint is ready by the API; not asked if it answers: t asks.", "not asked"},
		"nobody asks two":        {nil, nil, 2, "1 of 2 endpoints are ready by the API; not asked if they answer: t asks.", "not asked"},
		"one port is asked":      {probe(8080), nil, 1, "The one endpoint is ready by the API; not asked if port metrics answers: t asks.", "not asked"},
		"a test asked the other": {probe(8080), []isolation.Result{passed("metrics")}, 1, "The one endpoint is usable; the isolation test passed.", "<1m ago"},
		"a test told nothing":    {probe(8080), []isolation.Result{failed("metrics")}, 1, "The one endpoint is ready by the API; not asked if port metrics answers: t asks.", "<1m ago"},
		"tests asked both":       {nil, []isolation.Result{passed("http"), passed("metrics")}, 1, "The one endpoint is usable; the isolation test passed.", "<1m ago"},
	} {
		ready := corev1.PodCondition{Type: corev1.PodReady, Status: corev1.ConditionTrue}
		container := corev1.Container{Name: "app", ReadinessProbe: test.probe}
		service := &corev1.Service{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"},
			Spec:       corev1.ServiceSpec{ClusterIP: "10.96.0.1", Ports: []corev1.ServicePort{{Name: "http", Port: 80}, {Name: "metrics", Port: 90}}},
		}
		slice := &discoveryv1.EndpointSlice{
			ObjectMeta:  metav1.ObjectMeta{Namespace: "shop", Name: "web-1", Labels: map[string]string{discoveryv1.LabelServiceName: "web"}},
			AddressType: discoveryv1.AddressTypeIPv4,
			Ports:       []discoveryv1.EndpointPort{{Name: new("http"), Port: new(int32(8080))}, {Name: new("metrics"), Port: new(int32(9090))}},
			Endpoints:   []discoveryv1.Endpoint{{Addresses: []string{"10.4.0.1"}, TargetRef: &corev1.ObjectReference{Kind: "Pod", Namespace: "shop", Name: "web-a"}}},
		}
		snapshot := model.NewBuilder(nil).
			Cover(model.Need{Kind: model.Pods}, model.Coverage{State: model.Live}).
			Put(service, slice, &corev1.Pod{
				ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web-a"},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{container}},
				Status:     corev1.PodStatus{Phase: corev1.PodRunning, PodIP: "10.4.0.1", Conditions: []corev1.PodCondition{ready}},
			}).Build(time.Now())
		sh := &shell{now: time.Now}
		for _, result := range test.tests {
			sh.remember(result)
		}
		p := servicePage{key: key, service: service, state: &engine.State{Snapshot: snapshot}, report: &check.Report{Key: key, Counted: true, Usable: 1, Selected: test.selected}}
		if got := healthText(sh, snapshot, service, p.report); got != test.want {
			t.Errorf("%s: %s", name, got)
		}
		if got := p.stepResult(sh, check.StepIsolation).Note; got != test.note {
			t.Errorf("%s: note %q", name, got)
		}
	}
}

// basisOf is what a test of a Service rests on by a state.
func basisOf(t *testing.T, state *engine.State, service model.Key) isolation.Basis {
	t.Helper()
	// Read-only, nothing is dialled that has no address outside of the cluster.
	return isolation.Run(t.Context(), nil, state.Snapshot, isolation.Request{Service: service, ReadOnly: true}, nil).Basis
}

// What a test found is no more than history once what it rested on has changed, and says how old it is before.
func TestATestGetsOldAndOutdated(t *testing.T) {
	payments := model.Key{Namespace: "shop", Name: "payments"}
	s := openService(t, 120, 40, "payments")
	s.press("esc")
	line := func() string {
		for line := range strings.Lines(s.picture()) {
			if strings.Contains(line, "payments") {
				return line
			}
		}
		return ""
	}
	result := loopback(isolation.Request{Service: payments, Port: "9000"})
	result.Request.Pod = ""
	result.Basis = basisOf(t, s.root.sh.state, payments)
	s.root.sh.remember(result)
	s.show(stateOf("shop", shopFixtures()...))
	if got := line(); !strings.Contains(got, "test: The application listens") || !strings.Contains(got, "<1m") {
		t.Errorf("right after the test the list says %q", got)
	}
	s.root.sh.tests[payments][0].at = s.root.sh.now().Add(-2 * time.Hour)
	s.send(wakeUp{at: s.root.wake})
	if got := line(); !strings.Contains(got, "test 2h ago: The appl") || !strings.Contains(got, " 2h") {
		t.Errorf("two hours after the test the list says %q", got)
	}
	changed := shopFixtures()
	for i := range changed {
		if changed[i].report.Key == payments {
			changed[i].service = changed[i].service.DeepCopy()
			changed[i].service.Spec.Ports[0].TargetPort = intstr.FromInt32(8081)
		}
	}
	s.show(stateOf("shop", changed...))
	if got := line(); strings.Contains(got, "test") || strings.Contains(got, "✗") {
		t.Errorf("after the Service was changed the list says %q", got)
	}
	// What was changed back does not bring it back.
	s.show(stateOf("shop", shopFixtures()...))
	if got := line(); strings.Contains(got, "test") {
		t.Errorf("after the Service was changed back the list says %q", got)
	}
	s.press("enter", "6")
	picture := s.picture()
	for _, want := range []string{"outdated: the Service's ports were changed; t tests again", "– Isolation test", "The application listens on 127.0.0.1 only.", "not asked if they answer"} {
		if !strings.Contains(picture, want) {
			t.Errorf("%q is not shown:\n%s", want, picture)
		}
	}
	for _, never := range []string{"next:", "✗"} {
		if strings.Contains(picture, never) {
			t.Errorf("%q is shown of an outdated test:\n%s", never, picture)
		}
	}
	// A new test takes its place.
	result.Basis = basisOf(t, s.root.sh.state, payments)
	s.root.sh.remember(result)
	if picture := s.picture(); strings.Contains(picture, "outdated") {
		t.Errorf("a new test is outdated:\n%s", picture)
	}
	// Nor is what was well then known to be well now.
	result.Conclusion = &isolation.Conclusion{Mark: check.MarkOK, Text: "The application answers."}
	s.root.sh.remember(result)
	if picture := s.picture(); !strings.Contains(picture, "the isolation test passed") {
		t.Errorf("a test that passed is not told of:\n%s", picture)
	}
	s.show(stateOf("shop", changed...))
	if picture := s.picture(); strings.Contains(picture, "the isolation test passed") || !strings.Contains(picture, "not asked if they answer") {
		t.Errorf("an outdated test that passed is relied on:\n%s", picture)
	}
}

// The report of a Service has what tests of it came to.
func TestTheReportKnowsTheTests(t *testing.T) {
	payments := model.Key{Namespace: "shop", Name: "payments"}
	report := func(result ...isolation.Result) string {
		s := newConnectedScreen(t, 120, 40)
		s.show(stateOf("shop", shopFixtures()...))
		for _, one := range result {
			s.root.sh.remember(one)
		}
		page := newReportPage(payments).(*textPage)
		text, err := page.load(s.root.sh)(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	broken := loopback(isolation.Request{Service: payments, Port: "9000"})
	broken.Request.Pod = ""
	passed := isolation.Result{Request: isolation.Request{Service: payments, Port: "9000"}, Conclusion: &isolation.Conclusion{Mark: check.MarkOK}}
	if got := report(); !strings.Contains(got, "Ready by the API; not asked whether port 9000 answers") {
		t.Errorf("without a test:\n%s", got)
	}
	if got := report(passed); strings.Contains(got, "not asked") {
		t.Errorf("after one that passed:\n%s", got)
	}
	if got := report(broken); !strings.Contains(got, "PORT-09 The isolation test found") || strings.Contains(got, "not asked") {
		t.Errorf("after one that found a fault:\n%s", got)
	}
}

// The panel under the list tells what is known now of the Service under the cursor: also what a test came to, how old it is, and no longer what
// an outdated one did.
func TestThePanelIsOfNow(t *testing.T) {
	payments := model.Key{Namespace: "shop", Name: "payments"}
	s := newConnectedScreen(t, 120, 40)
	now := fixtureNow()
	s.root.sh.now = func() time.Time { return now }
	s.show(stateOf("shop", shopFixtures()...))
	s.home().list.find(payments)
	s.home().list.freeze()
	s.mustShow("All 3 endpoints are ready by the API; not asked if they answer: t asks.")

	result := loopback(isolation.Request{Service: payments, Port: "9000"})
	result.Request.Pod, result.Basis = "", basisOf(t, s.root.sh.state, payments)
	passed := result
	passed.Conclusion = &isolation.Conclusion{Mark: check.MarkOK, Text: "The application answers."}
	tell := func(result isolation.Result) {
		s.root.sh.remember(result)
		s.press("t", "esc")
	}
	tell(passed)
	s.mustShow("All 3 endpoints are usable; the isolation test passed.")
	tell(result)
	s.mustShow("The isolation test found <1m ago: The application listens on 127.0.0.1 only.", "fix  let it listen on 0.0.0.0:8080")
	s.mustNotShow("not asked if")
	for _, wanted := range []string{"1m", "2m"} {
		now = s.home().wakeAt(s.root.sh)
		s.send(wakeUp{s.root.wake})
		s.mustShow("The isolation test found " + wanted + " ago")
	}

	changed := shopFixtures()
	for i := range changed {
		if changed[i].report.Key == payments {
			service := changed[i].service.DeepCopy()
			service.Spec.Ports[0].TargetPort = intstr.FromInt(1)
			changed[i].service = service
		}
	}
	s.show(stateOf("shop", changed...))
	s.mustNotShow("The isolation test found", "the isolation test passed", "let it listen on")
	s.mustShow("not asked if they answer: t asks.")

	// A Service that is gone leaves no words behind.
	var others []fixture
	for _, f := range changed {
		if f.report.Key != payments {
			others = append(others, f)
		}
	}
	s.show(stateOf("shop", others...))
	if selected := s.home().list.selected; selected == nil || selected.key == payments {
		t.Fatalf("selected is %v", selected)
	}
	s.mustNotShow("payments")
}

// Which probes ask an application is written in its Pods: where those are not read, nothing is said of it.
func TestHealthOfWhatIsNotRead(t *testing.T) {
	service := fixtureService("web", corev1.ServiceTypeClusterIP, "10.96.0.1", "80", day)
	report := fixtureReport(service, check.OK, 2, 2, day)
	snapshot := model.NewBuilder(nil).Put(service).Build(fixtureNow())
	sh := &shell{now: fixtureNow}
	if got := healthText(sh, snapshot, service, report); got != "Both endpoints are ready by the API; nothing was found that keeps requests from them." {
		t.Error(got)
	}
}

// keptOut is the test of a client that a NetworkPolicy keeps out, where the application answers.
func keptOut(service, client model.Key, port string) isolation.Result {
	return isolation.Result{
		Request: isolation.Request{Service: service, Port: port, Client: client},
		Conclusion: &isolation.Conclusion{
			ID: "NP-03", Mark: check.MarkFail, Text: "Pod " + client.String() + " is kept out, though the application answers.", Next: "admit the client",
			Confidence: check.Probed, OnlyForClient: true,
		},
	}
}

// What was found of one client alone is not the Service's fault for anybody else; what was found with a client and holds for everybody is.
func TestATestForOneClientCountsForThatClient(t *testing.T) {
	payments, batch, other := model.Key{Namespace: "shop", Name: "payments"}, model.Key{Namespace: "shop", Name: "batch"}, model.Key{Namespace: "shop", Name: "other"}
	loopbackFrom := loopback(isolation.Request{Service: payments, Port: "9000", Client: batch})
	loopbackFrom.Request.Pod = ""
	noName := keptOut(payments, batch, "9000")
	noName.Conclusion.Text = "The Service's address answers, and its name does not resolve in this client."
	for name, test := range map[string]struct {
		result isolation.Result
		chosen check.Client
		red    string
	}{
		"nobody chosen":                      {keptOut(payments, batch, "9000"), check.Client{}, ""},
		"another one chosen":                 {keptOut(payments, batch, "9000"), check.Client{Pod: other}, ""},
		"its namespace chosen":               {keptOut(payments, batch, "9000"), check.Client{Namespace: "shop"}, ""},
		"the client chosen":                  {keptOut(payments, batch, "9000"), check.Client{Pod: batch}, "test: shop/batch is kept out"},
		"the client chosen, and is named":    {noName, check.Client{Pod: batch}, "test: from shop/batch: The Se"},
		"a fault of all, nobody chosen":      {loopbackFrom, check.Client{}, "test: The application listens"},
		"a fault of all, another one chosen": {loopbackFrom, check.Client{Pod: other}, "test: The application listens"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newConnectedScreen(t, 120, 40)
			s.root.sh.client = test.chosen
			s.root.sh.remember(test.result)
			s.show(stateOf("shop", shopFixtures()...))
			var line string
			for row := range strings.Lines(s.picture()) {
				if strings.Contains(row, " payments ") {
					line = row
				}
			}
			if red := strings.Contains(line, "✗"); red != (test.red != "") || !strings.Contains(line, test.red) {
				t.Errorf("the list says %q, want %q", line, test.red)
			}
			header, _, _ := strings.Cut(s.picture(), "\n")
			if named := strings.Contains(header, "for shop/batch"); named != (test.red != "" && test.result.Conclusion.OnlyForClient) {
				t.Errorf("the header says %q", header)
			}
			page := newServicePage(payments)
			page.follow(s.root.sh)
			want := check.StepResult{Mark: page.report.Steps[check.StepIsolation].Mark, Note: "not asked"}
			if test.red != "" {
				want = check.StepResult{Mark: check.MarkFail, Note: "<1m ago"}
			}
			if got := page.stepResult(s.root.sh, check.StepIsolation); got.Mark != want.Mark || got.Note != want.Note {
				t.Errorf("the step says %+v", got)
			}
			told := strings.Join(page.drawTests(s.root.sh, 100), "\n")
			if !strings.Contains(told, "tested <1m ago from Pod shop/batch") {
				t.Errorf("the client is not named:\n%s", told)
			}
			if alone := strings.Contains(told, "known of that client alone"); alone != (test.red == "") || strings.Contains(told, "next:") == alone || strings.Contains(told, "✗") == alone {
				t.Errorf("the step's evidence says:\n%s", told)
			}
		})
	}
}

// A test takes the place of those that said the same: of everybody, or of the same client.
func TestWhichTestsAreKept(t *testing.T) {
	service, batch, other := model.Key{Namespace: "shop", Name: "web"}, model.Key{Namespace: "shop", Name: "batch"}, model.Key{Namespace: "shop", Name: "other"}
	passed := func(client model.Key) isolation.Result {
		return isolation.Result{Request: isolation.Request{Service: service, Port: "80", Client: client}, Conclusion: &isolation.Conclusion{Mark: check.MarkOK, Text: "served"}}
	}
	for name, test := range map[string]struct {
		results []isolation.Result
		want    string
	}{
		"everybody's stays beside one of a client": {[]isolation.Result{passed(model.Key{}), keptOut(service, batch, "80")}, "shop/batch /"},
		"that of a client stays":                   {[]isolation.Result{keptOut(service, batch, "80"), passed(model.Key{})}, "/ shop/batch"},
		"two clients":                              {[]isolation.Result{keptOut(service, batch, "80"), keptOut(service, other, "80")}, "shop/other shop/batch"},
		"the client, served now":                   {[]isolation.Result{keptOut(service, batch, "80"), passed(batch)}, "shop/batch"},
		"another client, served":                   {[]isolation.Result{keptOut(service, batch, "80"), passed(other)}, "shop/other shop/batch"},
		"everybody twice":                          {[]isolation.Result{passed(batch), passed(model.Key{})}, "/"},
		"the client twice":                         {[]isolation.Result{keptOut(service, batch, "80"), keptOut(service, batch, "80")}, "shop/batch"},
		"the client on another port":               {[]isolation.Result{keptOut(service, batch, "80"), keptOut(service, batch, "81")}, "shop/batch shop/batch"},
	} {
		sh := &shell{now: time.Now}
		for _, result := range test.results {
			sh.remember(result)
		}
		var kept []string
		for _, test := range sh.tests[service] {
			kept = append(kept, test.client.String())
		}
		if got := strings.Join(kept, " "); got != test.want {
			t.Errorf("%s: kept %q, want %q", name, got, test.want)
		}
	}
}
