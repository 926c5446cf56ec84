package isolation

import (
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

func crashing(pod *corev1.Pod) {
	notReady(pod)
	pod.Status.ContainerStatuses[0].State = corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}
}

func labelled(app string) func(*corev1.Pod) {
	return func(pod *corev1.Pod) { pod.Labels = map[string]string{"app": app} }
}

// TestThePodThatWasAskedFor has a Service with a Pod that is well, and asks for another one.
func TestThePodThatWasAskedFor(t *testing.T) {
	refuses := cannotReach("dial tcp 10.0.0.2:8080: connect: connection refused")
	for _, test := range []struct {
		name  string
		pod   string
		other []func(*corev1.Pod)
		build func(*world)
		mark  check.Mark
		says  []string
		never string
		// service is the outcome of the rung Service.
		service Outcome
	}{
		{
			name: "it is gone", pod: "web-9", mark: check.MarkUnknown, service: OK,
			says: []string{"There is no Pod web-9.", "name one of the Service's: web-1 and web-2"}, never: "contradict",
		},
		{
			name: "it crashes again and again", pod: "web-2", other: []func(*corev1.Pod){crashing},
			build: func(w *world) { w.proxied["pods/web-2:8080"] = refuses },
			mark:  check.MarkWarn, service: OK, says: []string{"Pod web-2 cannot be expected to answer: container c is waiting: CrashLoopBackOff.", "sends it no traffic"},
		},
		{
			name: "it is Pending", pod: "web-2", other: []func(*corev1.Pod){notReady, func(pod *corev1.Pod) {
				pod.Status.Phase, pod.Status.PodIP = corev1.PodPending, ""
			}},
			mark: check.MarkWarn, service: OK, says: []string{"Pod web-2 cannot be expected to answer: it is Pending."},
		},
		{
			name: "it is still starting", pod: "web-2", other: []func(*corev1.Pod){notReady},
			build: func(w *world) { w.proxied["pods/web-2:8080"] = refuses },
			mark:  check.MarkWarn, service: OK, says: []string{"Nothing listens on port 8080 of Pod web-2", "is not Ready, so clients of the Service are not sent to it", "still starting"},
			never: "are refused",
		},
		{
			name: "it answers, and is not Ready", pod: "web-2", other: []func(*corev1.Pod){notReady},
			build: func(w *world) {
				w.loopback["web-2:8080"], w.proxied["pods/web-2:8080"] = httpApp(200, "fine"), replies(200, "fine")
			},
			mark: check.MarkOK, service: OK, says: []string{"But Pod web-2 is not Ready: clients are led to others."},
		},
		{
			name: "it is Ready, an endpoint, and refuses", pod: "web-2",
			build: func(w *world) { w.proxied["pods/web-2:8080"] = refuses },
			mark:  check.MarkFail, service: OK, says: []string{"Nothing listens on port 8080 of Pod web-2, while another endpoint answers.", "Clients that are sent to this Pod are refused."},
		},
		{
			name: "it is of another application", pod: "web-2", other: []func(*corev1.Pod){labelled("db"), notReady},
			build: func(w *world) { w.proxied["pods/web-2:8080"] = refuses },
			mark:  check.MarkUnknown, service: OK, says: []string{"Pod web-2 is not behind the Service.", "name one of the Service's: web-1"},
			never: "refused",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.everywhere("web-1", 8080, "web", "80", 200)
			if test.build != nil {
				test.build(w)
			}
			one, other := runningPod("web-1", "10.0.0.1"), runningPod("web-2", "10.0.0.2", test.other...)
			slice := sliceOf("", 8080, one)
			if other.Labels["app"] == "web" {
				slice = sliceOf("", 8080, one, other)
			}
			request := web
			request.Pod = test.pod
			result := Run(t.Context(), w, snapshotOf(webService(), one, other, slice), request, nil)
			c := *result.Conclusion
			said := c.Text + " " + c.Why + " " + c.Next
			if c.Mark != test.mark {
				t.Errorf("it concludes %s: %s", markName(c.Mark), said)
			}
			for _, want := range test.says {
				if !strings.Contains(said, want) {
					t.Errorf("it says %q, want %q", said, want)
				}
			}
			if test.never != "" && strings.Contains(said, test.never) {
				t.Errorf("it says %q", said)
			}
			if got := result.Rungs[1]; got.Outcome != test.service {
				t.Errorf("the rung Service, which leaves the Pod to kubectl, is %s: %s", got.Outcome, got.Detail)
			}
		})
	}
}

// TestTheServiceRungIsKubectls has kubectl's Pod stopped, and asks for one that runs.
func TestTheServiceRungIsKubectls(t *testing.T) {
	named := corev1.ServicePort{Port: 80, Protocol: corev1.ProtocolTCP, TargetPort: intstr.FromString("http")}
	one := runningPod("web-1", "10.0.0.1")
	other := runningPod("web-2", "10.0.0.2", func(pod *corev1.Pod) { pod.Spec.Containers[0].Ports[0].Name = "http" }, notReady)
	w := newWorld(t)
	w.everywhere("web-2", 8080, "web", "80", 200)
	request := web
	request.Pod = "web-2"
	result := Run(t.Context(), w, snapshotOf(webService(named), one, other, sliceOf("", 8080, other)), request, nil)
	if got := result.Rungs[1]; got.Outcome != Failed || !strings.Contains(got.Detail, "Pod 'web-1' does not have a named port") {
		t.Errorf("the rung Service says %s %q", got.Outcome, got.Detail)
	}
	if result.Conclusion.ID == "PORT-01" || result.Conclusion.ID == "PORT-02" {
		t.Errorf("Pod web-2 has the port: %+v", *result.Conclusion)
	}
}

// TestKubectlsPodTellsNothingOfAnother asks for the one Pod of two that answers, and for the one that refuses the forward, while Proxy→Service
// draws either.
func TestKubectlsPodTellsNothingOfAnother(t *testing.T) {
	fine, refuses := replies(200, "fine"), cannotReach(refusedText)
	denies := statusReply(http.StatusForbidden, "Forbidden", `pods "web-1:8080" is forbidden: User "eve" cannot get resource "pods/proxy"`)
	const doesNot = "Pod web-2 answers, and another endpoint of the Service does not: Pod web-1."
	const perhaps = "But Pod web-1, which a port-forward to the Service takes, refuses."
	for _, test := range []struct {
		name  string
		asked string
		// drawn is what Proxy→Service gets, first what Proxy→Pod gets of web-1, nil for nothing.
		drawn, first func(model.ProxyRequest) (*http.Response, error)
		// alone means that web-1 is no endpoint.
		alone   bool
		mark    check.Mark
		id, say string
	}{
		{"drawn the good one", "web-2", fine, refuses, false, check.MarkFail, "", doesNot},
		{"drawn the bad one", "web-2", refuses, refuses, false, check.MarkFail, "", doesNot},
		{"the other's IP tells nothing", "web-2", fine, denies, false, check.MarkWarn, "", perhaps},
		{"the other refuses the forward alone", "web-2", fine, fine, false, check.MarkOK, "", "Of 2 endpoints only this Pod was tried"},
		{"the other is no endpoint", "web-2", fine, refuses, true, check.MarkWarn, "", perhaps},
		{"the bad one itself", "web-1", fine, refuses, false, check.MarkFail, "PORT-08", "Nothing listens on port 8080 of Pod web-1, while another endpoint answers."},
		{"the bad one itself, drawn", "web-1", refuses, refuses, false, check.MarkFail, "PORT-08", "Nothing listens on port 8080 of Pod web-1."},
	} {
		w := newWorld(t)
		one, two := runningPod("web-1", "10.0.0.1"), runningPod("web-2", "10.0.0.2")
		w.everywhere("web-2", 8080, "web", "80", 200)
		w.proxied["pods/web-1:8080"] = test.first
		w.proxied["services/web:80"] = test.drawn
		slice := sliceOf("", 8080, one, two)
		if test.alone {
			slice = sliceOf("", 8080, two)
		}
		request := web
		request.Pod = test.asked
		c := Run(t.Context(), w, snapshotOf(webService(), one, two, slice), request, nil).Conclusion
		if c.Mark != test.mark || c.ID != test.id || !strings.Contains(c.Text+" "+c.Why, test.say) {
			t.Errorf("%s: %s %s %q %q, want %q", test.name, markName(c.Mark), c.ID, c.Text, c.Why, test.say)
		}
	}
}

func TestCheckPod(t *testing.T) {
	one, two := runningPod("web-6d4f-ng6fn", "10.0.0.1"), runningPod("web-6d4f-x2lq7", "10.0.0.2")
	snapshot := snapshotOf(webService(), one, two, runningPod("db", "10.0.0.3", labelled("db")), sliceOf("", 8080, one, two))
	for pod, want := range map[string]string{
		"":               "",
		"web-6d4f-ng6fn": "",
		"db":             "",
		"web-6d4f-ng6fm": "there is no Pod web-6d4f-ng6fm in namespace shop; did you mean web-6d4f-ng6fn?",
		"web-6d4f":       "there is no Pod web-6d4f in namespace shop; did you mean web-6d4f-ng6fn or web-6d4f-x2lq7?",
		"xx":             "there is no Pod xx in namespace shop; those of Service web are web-6d4f-ng6fn and web-6d4f-x2lq7",
	} {
		got := ""
		if err := CheckPod(snapshot, web.Service, pod); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%q: %q, want %q", pod, got, want)
		}
	}
	if err := CheckPod(snapshot, model.Key{Namespace: namespace, Name: "gone"}, "xx"); err != nil {
		t.Errorf("the Service itself is not there: %v", err)
	}
	if err := CheckPod(snapshotOf(webService()), web.Service, "xx"); err == nil || err.Error() != "there is no Pod xx in namespace shop" {
		t.Errorf("there are no Pods at all: %v", err)
	}
	alias := webService()
	alias.Spec.Type = corev1.ServiceTypeExternalName
	if err := CheckPod(snapshotOf(alias, one), web.Service, one.Name); err != nil {
		t.Errorf("the Pod is there, of whatever Service: %v", err)
	}
	if err := CheckPod(model.NewBuilder(nil).Put(webService()).Build(snapshot.At()), web.Service, "xx"); err != nil {
		t.Errorf("Pods that are not known are told of: %v", err)
	}
}

// besideASidecar has a second container that runs, and none declares a port.
func besideASidecar(sidecar string, state corev1.ContainerState) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		started := true
		pod.Spec.Containers[0].Ports = nil
		pod.Spec.Containers = append(pod.Spec.Containers, corev1.Container{Name: sidecar})
		pod.Status.ContainerStatuses = []corev1.ContainerStatus{
			{Name: "c", State: state},
			{Name: sidecar, Started: &started, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}},
		}
	}
}

func TestAContainerThatDoesNotRunBesideOneThatDoes(t *testing.T) {
	running := corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
	crashes := corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: "CrashLoopBackOff"}}
	for _, test := range []struct {
		name string
		pod  func(*corev1.Pod)
		id   string
		mark check.Mark
		says string
	}{
		{"one that may be meant", besideASidecar("sql-proxy", crashes), "", check.MarkFail, "The Service has no usable endpoint: port 8080 of Pod web-1 refuses, and container c is waiting: CrashLoopBackOff."},
		{"all run", besideASidecar("sql-proxy", running), "PORT-08", check.MarkFail, "Nothing listens on port 8080 of Pod web-1."},
		{"a mesh's proxy is not meant", func(pod *corev1.Pod) {
			besideASidecar("istio-proxy", running)(pod)
			pod.Status.ContainerStatuses[1].State = crashes
		}, "PORT-08", check.MarkWarn, "Nothing listens on port 8080 of Pod web-1."},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.proxied["services/web:80"] = statusReply(503, "ServiceUnavailable", `no endpoints available for service "web:80"`)
			w.proxied["pods/web-1:8080"] = cannotReach("dial tcp 10.0.0.1:8080: connect: connection refused")
			c := Run(t.Context(), w, onePod(test.pod, notReady), web, nil).Conclusion
			if c.ID != test.id || c.Mark != test.mark || c.Text != test.says {
				t.Errorf("%s %s %q", markName(c.Mark), c.ID, c.Text)
			}
		})
	}
}

func ofBothFamilies(pod *corev1.Pod) {
	pod.Status.PodIPs = append(pod.Status.PodIPs, corev1.PodIP{IP: "fd00::1"})
}

func overIPv6(pod *corev1.Pod) *corev1.Pod {
	pod = pod.DeepCopy()
	pod.Status.PodIP = "fd00::1"
	return pod
}

// TestAServiceOfTheOtherFamily has a Pod whose own address is IPv4, behind an IPv6 Service: the API server's proxy dials IPv4, which proves
// nothing of what clients dial.
func TestAServiceOfTheOtherFamily(t *testing.T) {
	service := webService()
	service.Spec.IPFamilies, service.Spec.ClusterIP = []corev1.IPFamily{corev1.IPv6Protocol}, "fd00:10::1"
	pod := runningPod("web-1", "10.0.0.1", ofBothFamilies)
	slice := sliceOf("", 8080, overIPv6(pod))
	slice.AddressType = "IPv6"
	snapshot := snapshotOf(service, pod, slice)
	w := newWorld(t)
	w.everywhere("web-1", 8080, "web", "80", 200)
	w.proxied["services/web:80"] = cannotReach("dial tcp [fd00::1]:8080: connect: connection refused")
	result := Run(t.Context(), w, snapshot, web, nil)
	if got := result.Rungs[3]; got.Outcome != NotRun || got.Detail != "it dials 10.0.0.1, and the Service leads to fd00::1" {
		t.Errorf("Proxy→Pod is %s %q", got.Outcome, got.Detail)
	}
	if s := newSubject(snapshot, web); s.facts.PodIP != "fd00::1" || s.facts.Usable != 1 || !s.facts.PodUsable {
		t.Errorf("facts %+v", s.facts)
	}
	swept := Sweep(t.Context(), w, snapshot, web, nil)
	if c := swept.Conclusion; c.Mark != check.MarkUnknown || strings.Contains(c.Text, "All") || swept.Pods[0].IP != "fd00::1" {
		t.Errorf("the sweep says %s %q of %s", markName(c.Mark), c.Text, swept.Pods[0].IP)
	}
}

func TestADualStackPodIsOneEndpoint(t *testing.T) {
	service := webService()
	service.Spec.IPFamilies = []corev1.IPFamily{corev1.IPv4Protocol, corev1.IPv6Protocol}
	pod := runningPod("web-1", "10.0.0.1", ofBothFamilies)
	second := sliceOf("", 8080, overIPv6(pod))
	second.Name, second.AddressType = "web-v6", "IPv6"
	objects := []metav1.Object{service, pod, sliceOf("", 8080, pod), second}
	s := newSubject(snapshotOf(objects...), web)
	if s.facts.Usable != 1 || otherEndpoints(s.facts) || s.facts.ProxyElsewhere || s.facts.PodIP != "10.0.0.1" {
		t.Errorf("facts %+v", s.facts)
	}
	if c := Conclude(seen(t, "OK OK OK REF -"), s.facts); strings.Contains(c.Text, "another endpoint") {
		t.Errorf("it says %q", c.Text)
	}
}
