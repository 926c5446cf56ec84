package isolation

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

func TestAskedForAnother(t *testing.T) {
	for _, test := range []struct {
		name  string
		facts Facts
		want  bool
	}{
		{"none was asked for", Facts{Pod: "web-1", UsableKnown: true}, false},
		{"it is not there", Facts{AskedPod: "web-1", UsableKnown: true}, false},
		{"it is behind the Service", Facts{AskedPod: "web-1", Pod: "web-1", PodBehind: true, UsableKnown: true}, false},
		{"nothing leads to it", Facts{AskedPod: "web-1", Pod: "web-1", UsableKnown: true, Fault: faultNoSelector}, true},
		{"the selector leaves it out, the slices are not known", Facts{AskedPod: "web-1", Pod: "web-1"}, true},
		{"no selector, and the slices are not known", Facts{AskedPod: "web-1", Pod: "web-1", Fault: faultNoSelector}, false},
	} {
		if got := askedForAnother(test.facts); got != test.want {
			t.Errorf("%s: %t", test.name, got)
		}
	}
}

func TestAStoppedPodDecides(t *testing.T) {
	stopped := Facts{NotRunning: "Pod web-1 is Pending", UsableKnown: true, Usable: 1}
	with := func(edit func(*Facts)) Facts {
		facts := stopped
		edit(&facts)
		return facts
	}
	asked := with(func(f *Facts) { f.AskedPod, f.Usable = "web-1", 0 })
	for _, test := range []struct {
		name  string
		seen  sight
		facts Facts
		want  bool
	}{
		{"nothing else answers", sight{}, stopped, true},
		{"it runs", sight{}, with(func(f *Facts) { f.NotRunning = "" }), false},
		{"another one answers", sight{proxyService: answered}, stopped, false},
		{"a client is served", sight{inCluster: answered}, stopped, false},
		{"the Service leads nowhere", sight{}, with(func(f *Facts) { f.Usable = 0 }), false},
		{"whether it leads anywhere is not known", sight{}, with(func(f *Facts) { f.UsableKnown = false }), false},
		{"it was asked for", sight{proxyService: answered}, asked, true},
		{"it was asked for, and answers all the same", sight{proxyPod: silent}, asked, false},
		{"it was asked for, and answers on its loopback", sight{pod: answered}, asked, false},
		{"it was asked for, and answers a client", sight{clientPod: answered}, asked, false},
		{"it was asked for, and refuses", sight{pod: refused, proxyPod: refused}, asked, true},
	} {
		if got := stoppedPodDecides(test.seen, test.facts); got != test.want {
			t.Errorf("%s: %t", test.name, got)
		}
	}
}

func TestConclusionOfAskedPod(t *testing.T) {
	stopped := func(f *Facts) {
		f.NotRunning, f.Stopped = "Pod web-1 is Pending", "container c is waiting: CrashLoopBackOff"
	}
	notUsable := func(f *Facts) { f.PodUsable = false }
	for _, test := range []struct {
		name  string
		v     verdict
		edits []edit
		mark  check.Mark
		says  string
	}{
		{"stopped, the only one", podStopped, []edit{noneUsableEdit}, check.MarkFail, "Pod web-1 cannot be expected to answer: it is Pending. The Service has no usable endpoint."},
		{"stopped, no endpoint", podStopped, []edit{notUsable}, check.MarkWarn, "Pod web-1 cannot be expected to answer: it is Pending. The Service sends it no traffic; its other endpoints are another question."},
		{"stopped, an endpoint all the same", podStopped, nil, check.MarkWarn, "Pod web-1 cannot be expected to answer: it is Pending. It is an endpoint of the Service all the same: clients that are led to it are refused."},
		{"stopped, the slices are not known", podStopped, []edit{slicesUnread}, check.MarkWarn, "Pod web-1 cannot be expected to answer: it is Pending."},
		{"stopped, the slices are not known to name it", podStopped, []edit{func(f *Facts) { f.UsableKnown = false }}, check.MarkWarn, "Pod web-1 cannot be expected to answer: it is Pending."},
		{"one of its containers, the only one", containerStopped, []edit{noneUsableEdit}, check.MarkFail, "The Service has no usable endpoint: port 8080 of Pod web-1 refuses, and container c is waiting: CrashLoopBackOff. No container declares the port. If that one is to listen on it, this is the cause."},
		{"one of its containers", containerStopped, nil, check.MarkUnknown, "Port 8080 of Pod web-1 refuses, and container c is waiting: CrashLoopBackOff. No container declares the port. If that one is to listen on it, this is the cause."},
		{"foreign", askedPodForeign, []edit{func(f *Facts) { f.Behind = []string{"web-2", "web-3"} }}, check.MarkUnknown, "test without naming a Pod, or name one of the Service's: web-2 and web-3"},
		{"foreign, and there are no others", askedPodForeign, nil, check.MarkUnknown, "test without naming a Pod"},
	} {
		c := test.v.conclusion(oneUsable(append([]edit{stopped}, test.edits...)...))
		said := strings.TrimSpace(c.Text + " " + c.Why)
		if strings.HasPrefix(test.name, "foreign") {
			said = c.Next
		}
		if c.Mark != test.mark || said != test.says {
			t.Errorf("%s: %s %q, want %q", test.name, markName(c.Mark), said, test.says)
		}
	}
}

// TestOfNoEndpoint has a Pod that is no endpoint while others are, and looks at what stays of a conclusion on it.
func TestOfNoEndpoint(t *testing.T) {
	const plain = "Clients that are sent to this Pod are refused."
	notListed := func(f *Facts) { f.PodUsable, f.PodReady, f.Usable = false, true, 2 }
	notReady := func(f *Facts) { f.PodUsable, f.Usable = false, 2 }
	asked := func(f *Facts) { f.AskedPod = "web-1" }
	otherRefuses := func(f *Facts) { f.ForwardPod, f.seen.otherForward = "web-2", refused }
	for _, test := range []struct {
		name  string
		v     verdict
		edits []edit
		mark  check.Mark
		why   string
		next  string
	}{
		{"an endpoint", notListening, nil, check.MarkFail, plain, "mend it"},
		{"the only one there was", notListening, []edit{noneUsableEdit}, check.MarkFail, plain, "mend it"},
		{"whether it is one is not known", notListening, []edit{notReady, func(f *Facts) { f.UsableKnown = false }}, check.MarkFail, plain, "mend it"},
		{"no Pod", notListening, []edit{notReady, noPod}, check.MarkFail, plain, "mend it"},
		{"not listed", notListening, []edit{notListed}, check.MarkWarn, "The Pod is in none of its EndpointSlices as a usable endpoint, so clients of the Service are not sent to it.", "mend it"},
		{"not Ready", notListening, []edit{notReady}, check.MarkWarn, "The Pod is not Ready, so clients of the Service are not sent to it. An application that is still starting looks the same.", "see its readiness and its log"},
		{"not Ready, beside others", mixedNotListening, []edit{notReady}, check.MarkWarn, "The Pod is not Ready, so clients of the Service are not sent to it. An application that is still starting looks the same.", "see its readiness and its log"},
		{"not Ready, and not reached", mixedUnreachable, []edit{notReady}, check.MarkWarn, "The Pod is not Ready, so clients of the Service are not sent to it. An application that is still starting looks the same.", "see its readiness and its log"},
		{"not Ready, on its loopback", loopback, []edit{notReady}, check.MarkWarn, "The Pod is not Ready, so clients of the Service are not sent to it.", "mend it"},
		{"not Ready, on its loopback, beside others", mixedLoopback, []edit{notReady}, check.MarkWarn, "The Pod is not Ready, so clients of the Service are not sent to it.", "mend it"},
		{"another one is bad", mixedOther, []edit{notReady}, check.MarkFail, plain, "mend it"},
		{"it hangs", hangs, []edit{notReady, asked}, check.MarkFail, plain, "mend it"},
		{"healthy, chosen by nobody", healthy, []edit{notReady}, check.MarkFail, plain, "mend it"},
		{"healthy, asked for", healthyProxyLies, []edit{notReady, asked}, check.MarkFail, "But Pod web-1 is not Ready: clients are led to others. " + plain, "mend it"},
		{"healthy, and kubectl's refuses", healthy, []edit{otherRefuses}, check.MarkWarn, "But Pod web-2, which a port-forward to the Service takes, refuses.", allPods},
		{"not listening, and kubectl's refuses", notListening, []edit{otherRefuses}, check.MarkFail, plain, "mend it"},
	} {
		c := probed("", "It.", plain, "mend it").ofNoEndpoint(test.v, oneUsable(test.edits...))
		if c.Mark != test.mark || c.Why != test.why || c.Next != test.next {
			t.Errorf("%s: %s %q, next %q; want %s %q, next %q", test.name, markName(c.Mark), c.Why, c.Next, markName(test.mark), test.why, test.next)
		}
	}
}

func TestPodsThatRun(t *testing.T) {
	now := metav1.Now()
	selectorless := webService()
	selectorless.Spec.Selector = nil
	one, two := runningPod("web-1", "10.0.0.1"), runningPod("web-2", "10.0.0.2", notReady)
	ended := runningPod("web-3", "10.0.0.3", func(pod *corev1.Pod) { pod.Status.Phase = corev1.PodSucceeded })
	leaving := runningPod("web-4", "10.0.0.4", func(pod *corev1.Pod) { pod.DeletionTimestamp = &now })
	bare := sliceOf("", 8080, one)
	bare.Endpoints = append(bare.Endpoints, discoveryv1.Endpoint{Addresses: []string{"192.0.2.1"}})
	for _, test := range []struct {
		name     string
		snapshot *model.Snapshot
		want     []string
	}{
		{"no Service", snapshotOf(one), nil},
		{"those that are selected", snapshotOf(webService(), two, one, ended, leaving), []string{"web-1", "web-2"}},
		{"none is selected, and a slice names one", snapshotOf(webService(), runningPod("db", "10.0.0.9", labelled("db")), sliceOf("", 8080, runningPod("db", "10.0.0.9"))), nil},
		{"no selector, and slices name some", snapshotOf(selectorless, one, two, bare), []string{"web-1"}},
	} {
		if got := podsThatRun(test.snapshot, web.Service); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}
