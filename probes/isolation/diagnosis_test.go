package isolation

import (
	"reflect"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/svctui/svctui/probes/check"
)

func TestConclusionsAgreeWithTheDiagnosis(t *testing.T) {
	t.Parallel()
	mixed := func(f *Facts) {
		f.Diagnosis = []check.Finding{{
			ID: "SEL-05", Severity: check.Major, Confidence: check.Likely, Title: "The selector app=web also matches the Pods of deploy/db.",
			Fix: &check.Fix{Command: "kubectl patch svc web", Note: "narrows the selector"},
		}}
	}
	readiness := func(f *Facts) {
		f.Diagnosis = []check.Finding{{
			ID: "POD-06", Severity: check.Critical, Confidence: check.Proven, Title: "Its readiness probe gets 503.",
			Fix: &check.Fix{Command: "kubectl logs web-1", Note: "the log says why", Look: true},
		}}
	}
	ofPossible := func(f *Facts) {
		mixed(f)
		f.Diagnosis[0].Confidence = check.Possible
	}
	settling := func(f *Facts) {
		mixed(f)
		f.Diagnosis[0].Settling = true
	}
	inFront := func(f *Facts) {
		f.Diagnosis = []check.Finding{
			{ID: "LB-02", Severity: check.Critical, Title: "The load balancer has no address.", Fix: &check.Fix{Note: "ask the cloud"}},
			{ID: "NP-01", Step: check.StepIsolation, Severity: check.Critical, Title: "Nobody is admitted.", Fix: &check.Fix{Note: "admit them"}},
			{ID: "SEL-01", Severity: check.Minor, Title: "A detail.", Fix: &check.Fix{Note: "look at the detail"}},
			{ID: "POD-04", Severity: check.Major, Settling: true, Title: "It starts.", Fix: &check.Fix{Note: "wait"}},
		}
	}
	graveAndUnmended := func(f *Facts) {
		readiness(f)
		f.Diagnosis[0].Severity, f.Diagnosis[0].Fix = check.Major, nil
	}
	major := func(f *Facts) {
		readiness(f)
		f.Diagnosis[0].Severity = check.Major
	}
	// kubectlsRefuses has the Pod that was asked for answer, and the one that kubectl takes refuse.
	kubectlsRefuses := func(f *Facts) { f.AskedPod, f.PodBehind, f.ForwardPod = "web-1", true, "web-2" }
	staleSlices := func(f *Facts) { f.UsableKnown, f.Usable = false, 3 }
	hangs := silentOn(RungPod, RungService, RungProxyPod)
	odd := func(f *Facts) { f.OddWorkload = "deploy/db" }
	meant := func(f *Facts) { f.PortMeant = 5432 }
	forwardElsewhere := func(f *Facts) { f.ForwardPod = "web-2" }
	forwardOdd := func(f *Facts) { f.ForwardPod, f.ForwardOdd = "web-2", "deploy/db" }
	forwardRefuses := func(f *Facts) { f.ForwardPod, f.atForwardPod = "web-2", refused }
	lacksPort := func(f *Facts) {
		threeUsable(f)
		f.Diagnosis = []check.Finding{{
			ID: "PORT-02", Severity: check.Major, Confidence: check.Proven, Title: "1 of 3 ready Pods have no container port named web, and get no traffic.",
			Evidence: []check.Evidence{{Kind: "Service", Field: "spec.ports[0].targetPort"}}, Fix: &check.Fix{Note: "declare it", Command: "kubectl patch svc web"},
		}}
	}
	lacksPortSince := func(f *Facts) {
		lacksPort(f)
		f.Diagnosis[0].Settling = true
	}
	lacksItHeadless := func(f *Facts) {
		lacksPort(f)
		f.Diagnosis[0].Severity = check.Minor
	}
	otherPort := func(f *Facts) {
		lacksPort(f)
		f.PortIndex = 1
	}
	unmapped := func(f *Facts) { f.Headless, f.Unmapped = true, 80 }
	lacksItHere := func(f *Facts) {
		lacksPort(f)
		f.PodLacksPort = true
	}
	for _, test := range []struct {
		name, seen string
		facts      []func(*Facts)
		id         string
		says, not  string
	}{
		{"the odd one of mixed Pods, alone", "REF REF REF REF -", []func(*Facts){mixed, odd, meant}, "SEL-05", "This Pod is of deploy/db", "5432"},
		{"the odd one of mixed Pods", "REF REF OK REF -", []func(*Facts){mixed, odd, meant, threeUsable}, "SEL-05", "kubectl patch svc web", "compare this Pod"},
		{"the odd one, on its loopback", "OK OK OK REF -", []func(*Facts){mixed, odd, threeUsable}, "SEL-05", "kubectl patch svc web", ""},
		{"the odd one, while the selector settles", "REF REF OK REF -", []func(*Facts){settling, threeUsable}, "PORT-08", "compare this Pod", "deploy/db"},
		{"one of those that are meant is bad itself", "REF REF OK REF -", []func(*Facts){mixed, threeUsable}, "PORT-08", "compare this Pod", "kubectl patch"},
		{"a bad one, and which are meant is not known", "REF REF REF REF -", []func(*Facts){ofPossible, meant}, "PORT-08", "kubectl patch svc web", "5432"},
		{"a sound one, and which are meant is not known", "OK OK REF OK -", []func(*Facts){ofPossible, threeUsable}, "", "test all Pods", "kubectl patch"},
		{"the odd one answers, another does not", "OK OK REF OK -", []func(*Facts){mixed, odd, threeUsable}, "", "test all Pods", "kubectl patch"},
		{"a sound one of mixed Pods", "OK OK REF OK -", []func(*Facts){mixed, threeUsable}, "SEL-05", "The bad endpoint is probably one of those", "test all Pods"},
		{"a sound one, and the forward's Pod is the odd one", "OK REF OK OK -", []func(*Facts){mixed, forwardOdd, threeUsable}, "SEL-05", "Pod web-2 is of deploy/db", "another endpoint of the Service does not"},
		{"the same, and what the API server may ask is not known", "OK REF OK PERM -", []func(*Facts){mixed, forwardOdd, threeUsable}, "SEL-05", "kubectl patch svc web", "another endpoint of the Service does not"},
		{"a sound one, and the forward's Pod is a bad one of those that are meant", "OK REF OK OK -", []func(*Facts){mixed, forwardRefuses, threeUsable}, "", "does not: Pod web-2", "kubectl patch"},
		{"the same, and only the forward tells", "OK REF OK OK -", []func(*Facts){mixed, forwardElsewhere, threeUsable}, "", "But Pod web-2, which a port-forward to the Service takes, refuses", "kubectl patch"},
		{"nothing listens, and Pods are of one kind", "REF REF REF REF -", []func(*Facts){meant}, "PORT-08", "set targetPort to 5432", "SEL-05"},
		{"no endpoint, and the cause is known", "OK OK NOEP OK -", []func(*Facts){noneUsableEdit, readiness}, "POD-06", "kubectl logs web-1", "steps"},
		{"no endpoint, and what is found is in front or not grave", "OK OK NOEP OK -", []func(*Facts){noneUsableEdit, inFront}, "POD-04", "run the test again in 1s", "LB-02"},
		{"no endpoint, and the cause is not known", "OK OK NOEP OK -", []func(*Facts){noneUsableEdit}, "", "svctui diagnose", "kubectl logs"},
		{"no endpoint, and the cause is known: nothing is said twice", "OK OK NOEP OK -", []func(*Facts){noneUsableEdit, major}, "POD-06", "Its readiness probe gets 503.", "when asked directly"},
		{"no endpoint, and no fix is known", "OK OK NOEP OK -", []func(*Facts){noneUsableEdit, graveAndUnmended}, "", "when asked directly", "503"},
		{"no endpoint, it hangs, and the cause is known", "OK OK NOEP OK -", []func(*Facts){noneUsableEdit, major, hangs}, "POD-06", "gets 503. It took the connection and said nothing for 5s", ""},
		{"no endpoint, it hangs, and the cause is not known", "OK OK NOEP OK -", []func(*Facts){noneUsableEdit, hangs}, "", "said nothing for 5s", "  "},
		{"one of two", "OK OK OK OK -", []func(*Facts){func(f *Facts) { f.Usable = 2 }}, "", "Of 2 endpoints only this Pod was tried", ""},
		{"of how many is not known", "OK OK OK OK -", []func(*Facts){staleSlices}, "", "answers on its Pod's IP", "endpoints only"},
		{"another one refuses", "OK REF OK OK -", []func(*Facts){threeUsable, kubectlsRefuses}, "", "But Pod web-2", "only this Pod"},
		{"another one refuses, and a policy admits nobody", "OK REF OK OK -", []func(*Facts){threeUsable, kubectlsRefuses, admitsNobody}, "", "But Pod web-2", "NP-01"},
		{"a client gets in though a policy admits nobody", "OK OK OK OK OK", []func(*Facts){admitsNobody}, "", "does not seem to enforce it", "A try from a Pod"},
		{"one of those that are meant is bad itself: the others are told of", "REF REF OK REF -", []func(*Facts){mixed, threeUsable}, "PORT-08", "also matches the Pods of deploy/db", ""},
		{"a client is refused, and there is one endpoint", "OK OK OK OK REF", []func(*Facts){mixed}, "TP-08", "kube-proxy", "deploy/db"},
		{"one of three", "OK OK OK OK -", []func(*Facts){threeUsable}, "", "Of 3 endpoints only this Pod was tried", ""},
		{"one of three, for a client", "OK OK OK OK OK", []func(*Facts){threeUsable}, "", "That was one of 3 endpoints", ""},
		{"no endpoint, and a container that may be meant does not run", "REF REF NOEP REF -", []func(*Facts){noneUsableEdit, containerWaits, readiness}, "POD-06", "kubectl logs web-1", "see why that container"},
		{"an endpoint, and a container that may be meant does not run", "REF REF REF REF -", []func(*Facts){containerWaits, readiness}, "", "see why that container", "kubectl logs"},
		{"another Pod lacks the named port", "OK OK OK OK -", []func(*Facts){lacksPort}, "PORT-02", "get no traffic. The one that was tried has it: the application answers", "run the test again"},
		{"another Pod lacks the named port, for a client", "OK OK OK OK OK", []func(*Facts){lacksPort}, "PORT-02", "declare it kubectl patch svc web", ""},
		{"another Pod lacks the named port, as a rollout lets it", "OK OK OK OK -", []func(*Facts){lacksPortSince}, "", "Of 3 endpoints only this Pod was tried", "declare it"},
		{"another Pod of a headless Service lacks the named port", "OK OK OK OK -", []func(*Facts){lacksItHeadless}, "", "Of 3 endpoints only this Pod was tried", "declare it"},
		{"another Pod lacks the name of another port", "OK OK OK OK -", []func(*Facts){otherPort}, "", "Of 3 endpoints only this Pod was tried", "declare it"},
		{"this Pod lacks the named port", "NOT FAIL OK NOT -", []func(*Facts){lacksItHere}, "PORT-02", "declare it kubectl patch svc web", "where a rollout is under way"},
		{"this Pod lacks the named port, as a rollout lets it", "NOT FAIL OK NOT -", []func(*Facts){lacksItHere, lacksPortSince}, "PORT-02", "where a rollout is under way", "declare it"},
		{"the only one", "OK OK OK OK -", nil, "", "", "--all-pods"},
		{"a headless Service with another port", "OK OK OK OK -", []func(*Facts){unmapped}, "", "ask for web:8080, or read the SRV record. web:80 leads to port 80 of the Pods (HL-01).", "kube-proxy maps"},
		{"the same, for a client that is served", "OK OK OK OK OK", []func(*Facts){unmapped}, "", "let clients ask for port 8080", ""},
		{"the same, where it does not answer", "REF REF REF REF -", []func(*Facts){unmapped}, "PORT-08", "", "HL-01"},
		{"a policy that admits some", "OK OK OK OK -", []func(*Facts){admitsSome}, "", "NetworkPolicy only-front admits some clients only", "NP-01"},
		{"a policy that admits some, and a client that gets in", "OK OK OK OK OK", []func(*Facts){admitsSome}, "", "", "admits some clients only"},
		{"a policy that admits nobody", "OK OK OK OK -", []func(*Facts){admitsNobody}, "", "NP-01", ""},
		{"a policy that admits nobody, and a client that gets in", "OK OK OK OK OK", []func(*Facts){admitsNobody}, "", "does not seem to enforce it", "let it pass. Other"},
	} {
		facts := oneUsable(test.facts...)
		got := Conclude(seen(t, test.seen), facts)
		all := got.Text + " " + got.Why + " " + got.Next + " " + got.Command
		if got.ID != test.id || !strings.Contains(all, test.says) || test.not != "" && strings.Contains(all, test.not) {
			t.Errorf("%s: %s %q, want %s with %q and without %q", test.name, got.ID, all, test.id, test.says, test.not)
		}
	}
}

// Proxy→Service asks any one of the endpoints: which one it came upon must not decide what is said of the Service.
func TestABadEndpointIsToldWhicheverIsAsked(t *testing.T) {
	t.Parallel()
	facts := oneUsable(threeUsable, func(f *Facts) {
		f.ForwardPod, f.atForwardPod, f.ForwardOdd = "db-1", refused, "deploy/db"
		f.Diagnosis = []check.Finding{{ID: "SEL-05", Severity: check.Major, Confidence: check.Likely, Title: "It mixes.", Fix: &check.Fix{Command: "kubectl patch svc web"}}}
	})
	lucky, unlucky := Conclude(seen(t, "OK REF OK OK -"), facts), Conclude(seen(t, "OK REF REF OK -"), facts)
	if !reflect.DeepEqual(lucky, unlucky) {
		t.Errorf("by chance it is either\n%+v\nor\n%+v", lucky, unlucky)
	}
	if lucky.ID != "SEL-05" || lucky.Mark != check.MarkFail || lucky.Text != "Pod web-1 answers, and another endpoint of the Service does not: Pod db-1." {
		t.Errorf("concluded %+v", lucky)
	}
	if bad := Conclude(seen(t, "REF REF OK REF -"), facts); !strings.Contains(bad.Text, "Nothing listens on port 8080 of Pod web-1, while another endpoint answers") {
		t.Errorf("of a Pod that is bad itself: %+v", bad)
	}
}

// What is seen and what it is due to are graded apart.
func TestTheCauseIsGradedApart(t *testing.T) {
	t.Parallel()
	finding := func(confidence check.Confidence) *check.Finding {
		return &check.Finding{ID: "SEL-05", Confidence: confidence, Title: "It mixes."}
	}
	for _, test := range []struct {
		name       string
		conclusion Conclusion
		grade      string
		cause      check.Confidence
	}{
		{"a cause that is likely", probed("", "It refuses.", "", "").dueTo(finding(check.Likely)), "probed; its cause, SEL-05, is likely", check.Likely},
		{"a cause that is likely, of what is proven", proven("", "There is none.", "", "").dueTo(finding(check.Likely)), "proven; its cause, SEL-05, is likely", check.Likely},
		{"a cause that is only possible", probed("", "It refuses.", "", "").dueTo(finding(check.Possible)), "probed; its cause, SEL-05, is possible", check.Possible},
		{"a cause that is proven", probed("", "It refuses.", "", "").dueTo(finding(check.Proven)), "SEL-05, probed", 0},
		{"a cause as sure as what is seen", Conclusion{Mark: check.MarkWarn, Confidence: check.Likely}.dueTo(finding(check.Likely)), "SEL-05, likely", 0},
		{"no cause", probed("PORT-08", "Nothing listens.", "", ""), "PORT-08, probed", 0},
		{"nothing to name", ok("It answers.", ""), "probed", 0},
		{"what is not known", unknown("Who knows.", "", ""), "", 0},
	} {
		if grade := strings.Join(test.conclusion.Grade(), ", "); grade != test.grade {
			t.Errorf("%s: %q, want %q", test.name, grade, test.grade)
		}
		if cause := test.conclusion.Cause; (cause != nil) != strings.Contains(test.grade, "cause") || cause != nil && (cause.Confidence != test.cause || cause.Text != "It mixes.") {
			t.Errorf("%s: cause %+v", test.name, cause)
		}
	}
}

func TestAnErrorIsNoWorkingApplication(t *testing.T) {
	t.Parallel()
	rungs := func(pod, proxied string) []Observation {
		return []Observation{
			{Rung: RungPod, Outcome: OK, Detail: pod},
			{Rung: RungService, Outcome: OK, Detail: pod},
			{Rung: RungProxyService, Outcome: NoEndpoints},
			{Rung: RungProxyPod, Outcome: OK, Detail: proxied},
		}
	}
	facts := oneUsable(noneUsableEdit)
	for _, test := range []struct{ pod, proxied, want string }{
		{"500", "503 Service Unavailable", "The application answers, with an error"},
		{"connection refused", "500 Internal Server Error", "The application answers, with an error"},
		{"503 Service Unavailable", "503 Service Unavailable", "The application answers, with an error"},
		{"503 Service Unavailable", "200 OK", "The application works"},
		{"200 OK", "503 Service Unavailable", "The application works"},
		{"404 Not Found", "404 Not Found", "The application works"},
		{"5 bytes, unasked", "5 bytes, unasked", "The application works"},
	} {
		observations := rungs(test.pod, test.proxied)
		said := test.pod
		if test.pod == "connection refused" {
			observations[0].Outcome, observations[1].Outcome, said = Refused, Refused, test.proxied
		}
		got := Conclude(observations, facts)
		if !strings.HasPrefix(got.Text, test.want) {
			t.Errorf("%s, %s: %q", test.pod, test.proxied, got.Text)
		}
		if told := strings.HasPrefix(got.Why, "Asked directly it says "+said+". Readiness"); told != strings.HasSuffix(test.want, "error") {
			t.Errorf("%s, %s: %q", test.pod, test.proxied, got.Why)
		}
	}
	for _, test := range []struct{ target, said, want string }{
		{"10.0.0.7:8080", "HTTP 503", "The application answers, with an error"},
		{"10.0.0.7:8080", "HTTP 200", "The application works"},
		{"web.shop.svc:80", "HTTP 200", "The application answers, with an error"},
	} {
		observations := append(rungs("503 Service Unavailable", "503 Service Unavailable"), Observation{Rung: RungInCluster, Target: test.target, Outcome: OK, Detail: test.said})
		if got := Conclude(observations, facts); !strings.HasPrefix(got.Text, test.want) {
			t.Errorf("and a client gets %s from %s: %q", test.said, test.target, got.Text)
		}
	}
}

// The findings are the checks' own, so that a change of what they show is noticed here.
func TestTheOddWorkloadIsRead(t *testing.T) {
	t.Parallel()
	of := func(kind, name, image string, port int32) func(*corev1.Pod) {
		return func(pod *corev1.Pod) {
			controller := true
			pod.Labels["of"] = name
			pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: kind, Name: name, UID: types.UID("uid-" + name), Controller: &controller}}
			pod.Spec.Containers[0].Image = image
			pod.Spec.Containers[0].Ports = []corev1.ContainerPort{{ContainerPort: port}}
		}
	}
	meant := runningPod("web-1", "10.0.0.1", of("StatefulSet", "web", "web:1", 8080))
	alike := runningPod("web-2", "10.0.0.2", of("StatefulSet", "web", "web:1", 9090))
	for _, test := range []struct {
		name  string
		other *corev1.Pod
		// workload is that of the other Pod, which declares port 5432 alone; portMeant is what is made of it.
		workload  string
		portMeant int32
	}{
		{"another image without the port", runningPod("db-1", "10.0.0.3", of("StatefulSet", "db", "db:1", 5432)), "sts/db", 0},
		{"another workload of the same image", runningPod("db-1", "10.0.0.3", of("StatefulSet", "db", "web:1", 5432)), "", 0},
		{"another image with the port", runningPod("db-1", "10.0.0.3", of("StatefulSet", "db", "db:1", 8080)), "", 0},
		{"a Job's", runningPod("db-1", "10.0.0.3", of("Job", "db", "web:1", 5432)), "job/db", 0},
	} {
		snapshot := snapshotOf(webService(), meant, test.other, sliceOf("", 8080, meant, test.other))
		for _, pod := range []*corev1.Pod{meant, test.other} {
			request := web
			request.Pod = pod.Name
			facts := newSubject(snapshot, request).facts
			want := ""
			if pod == test.other {
				want = test.workload
			}
			if facts.OddWorkload != want || facts.PortMeant != test.portMeant {
				t.Errorf("%s: Pod %s is of %q, port meant %d; want %q, %d", test.name, pod.Name, facts.OddWorkload, facts.PortMeant, want, test.portMeant)
			}
		}
	}
	request := web
	request.Pod = alike.Name
	if facts := newSubject(snapshotOf(webService(), alike, sliceOf("", 8080, alike)), request).facts; facts.PortMeant != 9090 {
		t.Errorf("a Pod alone: port meant %d, want 9090", facts.PortMeant)
	}
}

// TestTheOddWorkloadIsOfTheFindings reads evidence of findings that tell of no odd Pod, or of one that is not there.
func TestTheOddWorkloadIsOfTheFindings(t *testing.T) {
	t.Parallel()
	controller := true
	of := func(name string) func(*corev1.Pod) {
		return func(pod *corev1.Pod) {
			pod.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "StatefulSet", Name: name, UID: types.UID("uid-" + name), Controller: &controller}}
		}
	}
	odd, sibling, meant := runningPod("db-1", "10.0.0.3", of("db")), runningPod("db-2", "10.0.0.4", of("db")), runningPod("web-1", "10.0.0.1", of("web"))
	bare, another := runningPod("bare-1", "10.0.0.5"), runningPod("bare-2", "10.0.0.6")
	snapshot := snapshotOf(odd, sibling, meant, bare, another)
	ports := check.Evidence{Kind: "Pod", Namespace: namespace, Name: "db-1", Field: "spec.containers[*].ports"}
	with := func(edit func(*check.Evidence)) check.Evidence {
		evidence := ports
		edit(&evidence)
		return evidence
	}
	for _, test := range []struct {
		name, id string
		evidence check.Evidence
		pod      *corev1.Pod
		want     string
	}{
		{"the Pod that is named", "SEL-05", ports, odd, "sts/db"},
		{"one of the same workload", "SEL-05", ports, sibling, "sts/db"},
		{"one of those that are meant", "SEL-05", ports, meant, ""},
		{"no Pod", "SEL-05", ports, nil, ""},
		{"another finding", "PORT-01", ports, odd, ""},
		{"another field", "SEL-05", with(func(e *check.Evidence) { e.Field = "metadata.labels" }), odd, ""},
		{"what made it", "SEL-06", with(func(e *check.Evidence) { e.Field = "metadata.ownerReferences[0].kind" }), odd, "sts/db"},
		{"another kind of that name", "SEL-05", with(func(e *check.Evidence) { e.Kind = "Service" }), odd, ""},
		{"one that is gone", "SEL-05", with(func(e *check.Evidence) { e.Name = "db-9" }), odd, ""},
		{"one without a workload", "SEL-05", with(func(e *check.Evidence) { e.Name = "bare-1" }), bare, "no workload"},
		{"another one without a workload", "SEL-05", with(func(e *check.Evidence) { e.Name = "bare-1" }), another, ""},
	} {
		if got := oddWorkload(snapshot, test.pod, []check.Finding{{ID: test.id, Evidence: []check.Evidence{test.evidence}}}); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

// TestWhatFailsFromHereIsToldAlone has an application that is well inside the cluster: what is in doubt then is the way from here.
func TestWhatFailsFromHereIsToldAlone(t *testing.T) {
	t.Parallel()
	mixed := func(f *Facts) {
		f.Diagnosis = []check.Finding{{ID: "SEL-05", Severity: check.Major, Confidence: check.Likely, Title: "Pods of two kinds."}}
	}
	facts := oneUsable(threeUsable, admitsNobody, mixed, answersHere)
	observations := append(seen(t, "OK OK OK OK -"), Observation{Rung: RungFromHere, Target: "203.0.113.7:80", Outcome: Timeout})
	got := Conclude(observations, facts)
	if got.Mark != check.MarkWarn || got.ID != "" || !strings.HasPrefix(got.Text, "From here there is no answer through") {
		t.Errorf("it says %s %s %q", markName(got.Mark), got.ID, got.Text)
	}
	for _, besides := range []string{"endpoints only", "NP-01", "Pods of two kinds"} {
		if strings.Contains(got.Why, besides) {
			t.Errorf("it says besides: %q", got.Why)
		}
	}
}

// An answer that is an error is told beside the pass; one that is none is not.
func TestAnErrorBesideAPass(t *testing.T) {
	t.Parallel()
	for detail, says := range map[string]bool{"500 Internal Server Error": true, "404 Not Found": false} {
		rungs := seen(t, "OK OK OK OK -")
		for i := range rungs {
			rungs[i].Detail = detail
		}
		const error5xx = "What it answers is an error of its own: 500 Internal Server Error. What a client"
		if got := Conclude(rungs, oneUsable()); got.Mark != check.MarkOK || strings.HasPrefix(got.Why, error5xx) != says {
			t.Errorf("%s: %+v", detail, got)
		}
		if got := (Conclusion{Mark: check.MarkWarn}).ofErrors(rungs, oneUsable()); got.Why != "" {
			t.Errorf("%s beside a warning: %q", detail, got.Why)
		}
	}
}

// An error of another endpoint is told beside the pass of one that answers without.
func TestAnErrorOfAnotherEndpointBesideAPass(t *testing.T) {
	t.Parallel()
	const says = "At the Service's address an error was the answer, 500 Internal Server Error, and none of Pod web-1: another endpoint gives it, or it does so at times."
	for name, test := range map[string]struct {
		pod, service, proxyService, proxyPod string
		tells                                bool
	}{
		"the Service's address":          {"200 OK", "200 OK", "500 Internal Server Error", "200 OK", true},
		"the Pod that kubectl takes":     {"200 OK", "500 Internal Server Error", "200 OK", "200 OK", false},
		"nobody":                         {"200 OK", "200 OK", "200 OK", "200 OK", false},
		"all":                            {"500 Internal Server Error", "500 Internal Server Error", "500 Internal Server Error", "500 Internal Server Error", false},
		"the Service does not find it":   {"200 OK", "200 OK", "404 Not Found", "200 OK", false},
		"the Pod, and not always so":     {"200 OK", "200 OK", "200 OK", "500 Internal Server Error", false},
		"everybody else, and words only": {"accepts connections", "HTTP 503", "500 Internal Server Error", "accepts connections", false},
	} {
		rungs := seen(t, "OK OK OK OK -")
		for i, detail := range []string{test.pod, test.service, test.proxyService, test.proxyPod} {
			rungs[i].Detail = detail
		}
		got := Conclude(rungs, oneUsable(threeUsable))
		told := strings.Contains(got.Why, says)
		if got.Mark != check.MarkOK || told != test.tells || strings.Contains(got.Why, "At the Service's address an error") != test.tells {
			t.Errorf("%s: %+v", name, got)
		}
	}
	rungs := seen(t, "OK OK OK OK -")
	for i := range rungs {
		rungs[i].Detail = "200 OK"
	}
	rungs[2].Detail = "500 Internal Server Error"
	if got := Conclude(rungs, oneUsable()); !strings.Contains(got.Why, "and none of Pod web-1: it does so at times.") {
		t.Errorf("of one endpoint: %q", got.Why)
	}
	if got := (Conclusion{Mark: check.MarkWarn}).ofOtherErrors(rungs, oneUsable()); got.Why != "" {
		t.Errorf("beside a warning: %q", got.Why)
	}
}

// Nodes whose clients arrive nowhere take back a pass that was not earned there.
func TestNodesThatDropBesideAPass(t *testing.T) {
	t.Parallel()
	finding := check.Finding{
		ID: "TP-02", Severity: check.Major, Confidence: check.Proven, Title: "Clients on node-2 time out: no ready Pod of the Service runs there.",
		Fix: &check.Fix{Command: "kubectl patch svc web", Note: "lets every node send to every Pod"},
	}
	for name, test := range map[string]struct {
		rungs string
		edit  func(*check.Finding)
		mark  check.Mark
		says  string
	}{
		"a pass":                  {"OK OK OK OK -", nil, check.MarkWarn, "kubectl patch svc web"},
		"a client is served":      {"OK OK OK OK OK", nil, check.MarkOK, "Others may not be served (TP-02): clients on node-2 time out"},
		"nothing listens":         {"REF REF REF REF -", nil, check.MarkFail, "PORT-08"},
		"nodes of no DaemonSet":   {"OK OK OK OK -", func(f *check.Finding) { f.Severity = check.Info }, check.MarkOK, ""},
		"it may settle by itself": {"OK OK OK OK -", func(f *check.Finding) { f.Settling = true }, check.MarkOK, ""},
		"another finding":         {"OK OK OK OK -", func(f *check.Finding) { f.ID = "TP-01" }, check.MarkOK, ""},
	} {
		facts := oneUsable(func(f *Facts) {
			changed := finding
			if test.edit != nil {
				test.edit(&changed)
			}
			f.Diagnosis = []check.Finding{changed}
		})
		got := Conclude(seen(t, test.rungs), facts)
		all := strings.Join([]string{got.ID, got.Text, got.Why, got.Next, got.Command}, " ")
		if got.Mark != test.mark || !strings.Contains(all, test.says) || test.says == "" && strings.Contains(all, "node-2") {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// What may only be so until the Pod is up is not joined with what the checks know.
func TestAStartingPodIsNotJoinedWithTheDiagnosis(t *testing.T) {
	t.Parallel()
	facts := oneUsable(func(f *Facts) {
		f.OddWorkload = "deploy/db"
		f.Diagnosis = []check.Finding{{ID: "SEL-05", Severity: check.Major, Confidence: check.Likely, Title: "It matches others.", Fix: &check.Fix{Note: "narrow it"}}}
	})
	for _, starting := range []bool{true, false} {
		got := (Conclusion{Mark: check.MarkUnknown, Next: "wait", starting: starting}).withDiagnosis(notListening, nil, facts)
		if (got.Next == "wait") != starting {
			t.Errorf("starting %t: %+v", starting, got)
		}
	}
}

// A Pod that cannot run is told by the checks' finding only where that is why there is no endpoint.
func TestAStoppedPodIsJoinedWithTheDiagnosis(t *testing.T) {
	t.Parallel()
	crashes := func(f *Facts) {
		f.Diagnosis = []check.Finding{{ID: "POD-03", Severity: check.Critical, Confidence: check.Proven, Title: "It crashes.", Fix: &check.Fix{Note: "see its log"}}}
	}
	for name, test := range map[string]struct {
		mark  check.Mark
		edits []edit
		want  string
	}{
		"no endpoint":                    {check.MarkFail, []edit{crashes, noneUsableEdit}, "see its log"},
		"no endpoint, and not concluded": {check.MarkWarn, []edit{crashes, noneUsableEdit}, "do this"},
		"others are endpoints":           {check.MarkFail, []edit{crashes, threeUsable}, "do this"},
	} {
		if got := (Conclusion{Mark: test.mark, Next: "do this"}).withDiagnosis(podStopped, nil, oneUsable(test.edits...)); got.Next != test.want {
			t.Errorf("%s: %q", name, got.Next)
		}
	}
}

// Pods that lack the named port take back a pass, where it is this port, and known.
func TestOthersLackTheNamedPort(t *testing.T) {
	t.Parallel()
	finding := check.Finding{
		ID: "PORT-02", Severity: check.Major, Confidence: check.Proven, Title: "One Pod lacks it.", Fix: &check.Fix{Note: "name it"},
		Evidence: []check.Evidence{{Kind: "Service", Field: "spec.ports[0].targetPort"}},
	}
	with := func(edit func(*check.Finding)) check.Finding {
		changed := finding
		edit(&changed)
		return changed
	}
	for name, test := range map[string]struct {
		finding check.Finding
		mark    check.Mark
		taken   bool
	}{
		"it is this port": {finding, check.MarkOK, true},
		"it is no pass":   {finding, check.MarkFail, false},
		"it is another port": {with(func(f *check.Finding) {
			f.Evidence = []check.Evidence{{Kind: "Service", Field: "spec.ports[1].targetPort"}}
		}), check.MarkOK, false},
		"it is of another kind": {with(func(f *check.Finding) {
			f.Evidence = []check.Evidence{{Kind: "Pod", Field: "spec.ports[0].targetPort"}}
		}), check.MarkOK, false},
		"it is not settled": {with(func(f *check.Finding) { f.Settling = true }), check.MarkOK, false},
		"it is a trifle":    {with(func(f *check.Finding) { f.Severity = check.Minor }), check.MarkOK, false},
	} {
		facts := oneUsable(func(f *Facts) { f.Diagnosis = []check.Finding{test.finding} })
		if got := (Conclusion{Mark: test.mark, Text: "It answers."}).whereOthersLack(facts); (got.ID == "PORT-02") != test.taken || test.taken && got.Mark != check.MarkWarn {
			t.Errorf("%s: %+v", name, got)
		}
	}
	for name, test := range map[string]struct {
		finding check.Finding
		edits   []edit
		mended  bool
	}{
		"others have it":     {finding, []edit{threeUsable}, true},
		"nobody is usable":   {finding, []edit{noneUsableEdit}, false},
		"it is another port": {with(func(f *check.Finding) { f.Evidence = nil }), []edit{threeUsable}, false},
		"it is not settled":  {with(func(f *check.Finding) { f.Settling = true }), []edit{threeUsable}, false},
	} {
		facts := oneUsable(append(test.edits, func(f *Facts) { f.Diagnosis = []check.Finding{test.finding} })...)
		if got := (Conclusion{Mark: check.MarkFail, Next: "wait"}).withDiagnosis(namedPortMissingHere, nil, facts); (got.Next == "name it") != test.mended {
			t.Errorf("%s, of this Pod: %+v", name, got)
		}
	}
}

// Which Service may be meant instead of one that is not there, and why.
func TestWhereAServiceIsInstead(t *testing.T) {
	t.Parallel()
	for cause, want := range map[*check.Cause]string{nil: "", {}: "", {Text: "a typing slip"}: "A typing slip."} {
		facts := Facts{Diagnosis: []check.Finding{{ID: "SVC-02", Severity: check.Critical, Title: "It is in shop.", Cause: cause, Fix: &check.Fix{Note: "go there"}}}}
		if got := (Conclusion{Mark: check.MarkFail, Text: "There is none."}).whereInstead(facts); got.Text != "It is in shop." || got.Why != want || got.Next != "go there" {
			t.Errorf("%+v", got)
		}
	}
}

// A finding that is no fault is told with its own confidence; one that is not settled, as such.
func TestByLesser(t *testing.T) {
	t.Parallel()
	scaled := check.Finding{ID: "WL-01", Severity: check.Minor, Confidence: check.Proven, Title: "Scaled to zero.", Fix: &check.Fix{Note: "scale it up"}}
	settling := scaled
	settling.Settling = true
	for name, test := range map[string]struct {
		finding check.Finding
		verdict check.Verdict
		mark    check.Mark
		id      string
	}{
		"on purpose":            {scaled, check.OK, check.MarkUnknown, "WL-01"},
		"on purpose, a warning": {scaled, check.Warn, check.MarkWarn, "WL-01"},
		"the Service fails":     {scaled, check.Fail, check.MarkFail, ""},
		"it is not known":       {scaled, check.Unknown, check.MarkFail, ""},
		"not settled":           {settling, check.Warn, check.MarkUnknown, "WL-01"},
	} {
		facts := oneUsable(noneUsableEdit, func(f *Facts) { f.Diagnosis, f.Verdict = []check.Finding{test.finding}, test.verdict })
		got := (Conclusion{Mark: check.MarkFail}).byLesser(facts)
		if got.Mark != test.mark || got.ID != test.id || test.finding.Settling != strings.Contains(got.Next, "run the test again") {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// Nobody maps the port of a headless Service; of one with an address kube-proxy does.
func TestUnmapped(t *testing.T) {
	t.Parallel()
	headless := func(service *corev1.Service) {
		service.Spec.ClusterIP, service.Spec.ClusterIPs = corev1.ClusterIPNone, []string{corev1.ClusterIPNone}
	}
	for _, test := range []struct {
		name  string
		edits []func(*corev1.Service)
		want  int32
	}{
		{"it has an address", nil, 0},
		{"headless", []func(*corev1.Service){headless}, 80},
		{"headless, and the ports are the same", []func(*corev1.Service){headless, func(service *corev1.Service) { service.Spec.Ports[0].Port = 8080 }}, 0},
	} {
		pod, service := runningPod("web-1", "10.0.0.1"), webService()
		for _, edit := range test.edits {
			edit(service)
		}
		if got := newSubject(snapshotOf(service, pod, sliceOf("", 8080, pod)), web).facts.Unmapped; got != test.want {
			t.Errorf("%s: %d, want %d", test.name, got, test.want)
		}
	}
}

// Endpoints that lead to no Pod take back a pass of another one.
func TestEndpointsWithoutPodsBesideAPass(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rungs string
		edit  func(*check.Finding)
		mark  check.Mark
		id    string
	}{
		"a pass":                  {"OK OK OK OK -", func(*check.Finding) {}, check.MarkWarn, "EPS-07"},
		"a client is served":      {"OK OK OK OK OK", func(*check.Finding) {}, check.MarkWarn, "EPS-07"},
		"nothing listens":         {"REF REF REF REF -", func(*check.Finding) {}, check.MarkFail, "PORT-08"},
		"it is no fault yet":      {"OK OK OK OK -", func(f *check.Finding) { f.Severity = check.Minor }, check.MarkOK, ""},
		"it may settle by itself": {"OK OK OK OK -", func(f *check.Finding) { f.Settling = true }, check.MarkOK, ""},
	} {
		finding := check.Finding{ID: "EPS-07", Severity: check.Major, Confidence: check.Likely, Title: "The endpoint 10.0.0.9 leads to no Pod.", Fix: &check.Fix{Note: "write another"}}
		test.edit(&finding)
		facts := oneUsable(func(f *Facts) { f.Diagnosis = []check.Finding{finding} })
		got := Conclude(seen(t, test.rungs), facts)
		if got.Mark != test.mark || got.ID != test.id || test.mark == check.MarkWarn && (got.Text != finding.Title || got.Next != "write another" || !strings.HasPrefix(got.Why, "What was tried is not that: the application answers")) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// A sweep says which endpoints it has no way to, and does not pass where the checks know that they lead to no Pod.
func TestSweepBesideEndpointsWithoutPods(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		known   bool
		finding *check.Finding
		mark    check.Mark
		why     string
	}{
		"addresses of others":  {true, nil, check.MarkOK, "2 endpoints are no Pod that is known, and were not tried: 10.9.0.1 and 10.9.0.2."},
		"Pods may not be read": {false, nil, check.MarkOK, ""},
		"known to lead nowhere": {
			true, &check.Finding{ID: "EPS-07", Severity: check.Major, Confidence: check.Likely, Title: "The endpoint 10.9.0.1 leads to no Pod."}, check.MarkWarn,
			"What was tried is not that: the one Pod answers. 2 endpoints",
		},
	} {
		w := &sweep{subject: subject{judged: &judged{snapshot: snapshotOf()}, facts: oneUsable(func(f *Facts) { f.PodsKnown = test.known })}}
		if test.finding != nil {
			w.subject.facts.Diagnosis = []check.Finding{*test.finding}
		}
		w.subject.effective.Backends = []check.Backend{
			{Address: "10.0.0.1", Pod: runningPod("web-1", "10.0.0.1"), Usable: true}, {Address: "10.9.0.1", Usable: true}, {Address: "10.9.0.2", Usable: true}, {Address: "10.9.0.3"},
		}
		w.result = SweepResult{Request: web, Ports: []string{"port-0"}, Pods: []SweptPod{sweptAs(t, "a ok")}}
		if got := w.summary(false); got.Mark != test.mark || !strings.HasPrefix(got.Why, test.why) || test.why == "" && got.Why != "" {
			t.Errorf("%s: %s %q %q", name, markName(got.Mark), got.Text, got.Why)
		}
	}
}
