package isolation

import (
	"strings"
	"testing"

	"github.com/svctui/svctui/probes/check"
)

// TestConditionsOfRows has, for conditions of the rows, what tells them from their neighbours: each case would be concluded otherwise without one
// of them.
func TestConditionsOfRows(t *testing.T) {
	t.Parallel()
	stopped := func(f *Facts) { f.NotRunning, f.Stopped, f.PodReady = "Pod web-1 is Pending", "", false }
	asked := func(f *Facts) { f.AskedPod, f.PodBehind = "web-1", true }
	notEndpoint := func(f *Facts) { f.PodUsable, f.PodReady = false, true }
	headless := func(f *Facts) { f.Headless = true }
	podsUnread := func(f *Facts) { noPod(f); f.PodsKnown = false }
	notProxied := func(f *Facts) { f.AddressRefused = true }
	forwardsToItself := func(f *Facts) { f.ForwardPod = "web-1" }
	onLoopback, elsewhere, nowhere, everywhere := listeningOn("127.0.0.1:8080"), listeningOn("10.9.9.9:8080"), listeningOn(), listeningOn("0.0.0.0:8080")
	ready, kubeletRefused := withReadiness(ReadyOnPodIP), withReadiness(RefusedOnPodIP)
	const contradict, byProxyPod, byForward, byClient = "contradict", "the API server's proxy to the Pod would decide", "a port-forward to the Pod would decide", "a try from a Pod in the cluster would decide"
	for _, test := range []struct {
		name string
		// seen are those of TestConcludeForClient.
		seen  string
		edits []edit
		mark  check.Mark
		id    string
		text  string
	}{
		// What rests on the facts.
		{"19 Pods may not be read", "NOT FAIL NOT NOT - - -", []edit{podsUnread, asked}, check.MarkUnknown, "", "Pods cannot be read"},
		{"11 the port is missing, and the slices are not known", "NOT FAIL PERM NOT - - -", []edit{slicesUnreadNotEmpty, lacksPort}, check.MarkUnknown, "", ""},
		{"11 refuted by the name", "NOT FAIL FAIL NOT - OK -", []edit{noneUsableEdit, noPod, withFault(faultNoSelector)}, check.MarkUnknown, "", byProxyPod},
		{"6d the Endpoints object alone has one", "NOT FAIL OK NOT - - -", []edit{noneUsableEdit, noPod, withFault(faultNoSelector)}, check.MarkUnknown, "", "no EndpointSlice has a usable endpoint"},
		{"6d and the Pod answers", "OK OK OK OK - - -", []edit{noneUsableEdit}, check.MarkUnknown, "", "is answered, and no EndpointSlice has a usable endpoint"},
		{"6d where there is one", "PERM PERM OK PERM - - -", nil, check.MarkOK, "", "answers on its Pod's IP"},
		{"6a slices not read", "NOT FAIL PERM NOT - - -", []edit{slicesUnreadNotEmpty, noPod, withFault(faultNoSelector)}, check.MarkUnknown, "", "may not run"},
		{"6a Pods not read", "NOT FAIL PERM NOT - - -", []edit{podsUnread, withFault(faultNoSelector)}, check.MarkUnknown, "", "may not run"},
		{"6a the name is refused", "NOT FAIL FAIL NOT - REF -", []edit{noPod, withFault(faultNoSelector)}, check.MarkUnknown, "", "none names a Pod that could be asked"},

		// What the rungs say.
		{"the API server's proxy failed for another reason", "OK OK TMO FAIL - - -", nil, check.MarkUnknown, "", byProxyPod},
		{"a forward to the Service that takes the tested Pod is no other", "REF REF PERM OK - - -", []edit{forwardsToItself}, check.MarkOK, "", "A port-forward does not reach it"},
		{"connected, where the proxy to the Service is not answered", "PERM PERM SIL PERM CON - -", nil, check.MarkFail, "", "accepts connections and does not answer"},
		{"connected, where the proxy to the Pod is not answered", "PERM PERM PERM SIL CON - -", nil, check.MarkFail, "", "accepts connections and does not answer"},
		{"connected, where the same client is not answered by the Pod", "PERM PERM PERM PERM CON - SIL", nil, check.MarkFail, "", "accepts connections and does not answer"},
		{"one rung does not contradict itself", "PERM PERM PERM SIL - - -", nil, check.MarkUnknown, "", byClient},
		{"nor does another one", "PERM PERM SIL PERM - - -", nil, check.MarkUnknown, "", byProxyPod},

		// Row 1.
		{"1 the Pod is no endpoint, and the client is served", "PERM PERM PERM OK OK - -", []edit{notEndpoint}, check.MarkOK, "", "answers a client inside the cluster"},
		{"1 the Pod is no endpoint, Ready, and nothing was tried", "PERM PERM PERM PERM - - -", []edit{notEndpoint, ready}, check.MarkUnknown, "", "may not run"},

		{"1 the slices show nothing, and both the proxy and the client are answered", "PERM PERM OK PERM OK - -", []edit{noneUsableEdit}, check.MarkOK, "", "answers a client inside the cluster"},
		{"1 the Pod is no endpoint, and answers on its loopback alone", "OK OK PERM PERM - - -", []edit{notEndpoint}, check.MarkUnknown, "", byProxyPod},

		// Rows 2.
		{"2 by the probe, and a client is connected at the Pod's IP", "OK OK PERM PERM - - SIL", []edit{kubeletRefused}, check.MarkUnknown, "", contradict},
		{"2 by the probe, in a mesh that the probe does not cross", "OK OK NOEP PERM - - -", []edit{kubeletRefused, inMesh}, check.MarkUnknown, "", contradict},
		{"2d the client is refused by a policy", "OK OK PERM PERM - - REF", []edit{admitsSome}, check.MarkUnknown, "NP-05", "may be why"},
		{"2d the policy may reject, and the kubelet is refused", "OK OK PERM REF - - -", []edit{admitsSome, kubeletRefused}, check.MarkFail, "PORT-09", "127.0.0.1 only"},
		{"2d the forwards tell nothing, and the kubelet is refused", "PERM PERM PERM REF - - -", []edit{admitsSome, kubeletRefused}, check.MarkFail, "", "10.0.0.7:8080 refuses connections"},
		{"2d the forwards tell nothing, and the kubelet gets through", "PERM PERM PERM REF - - -", []edit{admitsSome, ready}, check.MarkUnknown, "", "where the readiness probe gets through"},
		{"2d the forwards tell nothing", "PERM PERM PERM REF - - -", []edit{admitsSome}, check.MarkUnknown, "NP-05", "No port-forward told"},
		{"2d the sockets tell that it listens", "OK OK PERM REF - - -", []edit{admitsSome, everywhere}, check.MarkUnknown, "NP-05", "what refuses is on the way"},
		{"2d answered, which a policy that rejects would not be", "PERM PERM OK PERM - - -", []edit{admitsSome}, check.MarkOK, "", "answers on its Pod's IP"},
		{"2d of a Pod that does not run nothing is asked", "NOT FAIL OK NOT - - -", []edit{admitsSome, threeUsable, stopped, withFault(faultPodNotRunning)}, check.MarkOK, "", "answers on its Pod's IP"},
		{"2d in a virtual machine", "PERM PERM PERM REF - - -", []edit{admitsSome, inVM}, check.MarkUnknown, "", byClient},
		{"2d in a mesh", "PERM PERM PERM PERM - - REF", []edit{admitsSome, inMesh}, check.MarkUnknown, "", byProxyPod},
		{"2a the kubelet gets through, and the client is refused at the Pod", "OK OK REF REF - - -", []edit{ready, admitsSome}, check.MarkUnknown, "", "where the readiness probe gets through"},
		{"2a Ready, and a client is served", "PERM PERM PERM PERM OK - -", []edit{ready}, check.MarkOK, "", "answers a client inside the cluster"},
		{"2a Ready, and the proxy is answered", "PERM PERM OK PERM - - -", []edit{ready}, check.MarkOK, "", "answers on its Pod's IP"},
		{"2a Ready, and the only endpoint refuses", "REF REF REF PERM - - -", []edit{ready}, check.MarkUnknown, "", "where the readiness probe gets through"},
		{"2a Ready, and one of several refuses", "REF REF REF PERM - - -", []edit{ready, threeUsable}, check.MarkUnknown, "", byProxyPod},
		{"2a Ready, and a client is not answered", "OK OK PERM PERM - SIL -", []edit{ready}, check.MarkUnknown, "", ""},
		{"2a Ready, and the client is served though the API server is refused", "PERM PERM PERM REF OK - -", []edit{ready}, check.MarkOK, "", "client inside the cluster is served"},
		{"2a Ready, and the one endpoint cannot both answer and refuse", "PERM PERM OK REF - - -", []edit{ready}, check.MarkUnknown, "", "on one and the same way"},
		{"2b in a mesh the sidecar may have answered", "PERM PERM OK PERM - - -", []edit{inMesh, onLoopback}, check.MarkWarn, "PORT-09", "on the loopback only"},
		{"2b in a mesh a client is served", "PERM PERM PERM PERM OK - -", []edit{inMesh, onLoopback}, check.MarkUnknown, "", ""},
		{"2b without a mesh somebody was answered", "PERM PERM OK PERM - - -", []edit{onLoopback}, check.MarkUnknown, "", contradict},
		{"2b the Pod itself was reached", "PERM PERM PERM OK - - -", []edit{onLoopback}, check.MarkUnknown, "", contradict},
		{"2b sockets of a Pod that does not run", "NOT FAIL PERM NOT - - -", []edit{noneUsableEdit, stopped, onLoopback, withFault(faultPodNotRunning)}, check.MarkFail, "", "no Pod runs"},
		{"2c in a mesh the sidecar may have answered", "PERM PERM OK PERM - - -", []edit{inMesh, elsewhere}, check.MarkWarn, "PORT-09", "which is not the Pod's IP"},
		{"2c in a mesh a client is served", "PERM PERM PERM PERM OK - -", []edit{inMesh, elsewhere}, check.MarkUnknown, "", ""},
		{"2c without a mesh somebody was answered", "PERM PERM OK PERM - - -", []edit{elsewhere}, check.MarkUnknown, "", contradict},
		{"2c the Pod itself was reached", "PERM PERM PERM OK - - -", []edit{elsewhere}, check.MarkUnknown, "", contradict},
		{"2c sockets of a Pod that does not run", "NOT FAIL PERM NOT - - -", []edit{noneUsableEdit, stopped, elsewhere, withFault(faultPodNotRunning)}, check.MarkFail, "", "no Pod runs"},
		{"2e connected only is not served", "PERM PERM PERM REF CON - -", []edit{admitsSome}, check.MarkUnknown, "", contradict},
		{"2e nothing could reject the API server", "PERM PERM PERM REF OK - -", nil, check.MarkUnknown, "", contradict},
		{"2e in a virtual machine", "PERM PERM PERM REF OK - -", []edit{admitsSome, inVM}, check.MarkUnknown, "", contradict},
		{"2e of several this very Pod answers the client", "PERM PERM PERM REF OK - OK", []edit{admitsSome, threeUsable}, check.MarkOK, "", "client inside the cluster is served"},

		// Rows 3.
		{"3 the client waits in vain", "REF REF PERM PERM TMO - -", nil, check.MarkUnknown, "", contradict},
		{"3 the client waits in vain, and there is no socket", "REF REF PERM PERM TMO - -", []edit{nowhere}, check.MarkFail, "PORT-08", "Nothing listens"},
		{"3 no socket, and the Pod answers", "PERM PERM PERM OK - - -", []edit{nowhere}, check.MarkUnknown, "", contradict},
		{"3 no socket in a Pod that does not run", "NOT FAIL PERM NOT - - -", []edit{noneUsableEdit, stopped, nowhere, withFault(faultPodNotRunning)}, check.MarkFail, "", "no Pod runs"},
		{"3 no socket in a Pod that does not run, the slices not known", "NOT FAIL PERM NOT - - -", []edit{slicesUnread, stopped, nowhere, withFault(faultPodNotRunning)}, check.MarkUnknown, "", byProxyPod},
		{"3c no socket, where a container waits", "PERM PERM PERM PERM - - -", []edit{containerWaits, nowhere}, check.MarkUnknown, "", "CrashLoopBackOff"},
		{"3c answered, where a container waits", "PERM PERM OK PERM - - -", []edit{containerWaits}, check.MarkOK, "", "answers on its Pod's IP"},
		{"3a a container waits", "PERM PERM PERM REF - - -", []edit{containerWaits}, check.MarkUnknown, "", "CrashLoopBackOff"},
		{"3a a container waits, and the client is refused", "PERM PERM PERM PERM - - REF", []edit{containerWaits}, check.MarkUnknown, "", "CrashLoopBackOff"},
		{"3a of a Pod that does not run", "NOT FAIL PERM REF - - -", []edit{noneUsableEdit, stopped, withFault(faultPodNotRunning)}, check.MarkFail, "", "no Pod runs"},

		{"3c nothing of it runs", "NOT FAIL NOEP REF - - -", []edit{noneUsableEdit, stopped, containerWaits}, check.MarkFail, "", "no Pod runs"},

		// Rows 5.
		{"5 the proxy to the Pod is denied, while it reaches others", "OK OK NOEP PERM - - -", []edit{noneUsableEdit, otherAnswers, inMesh}, check.MarkWarn, "", "The application works, and the Service has no usable endpoint"},
		{"5 the client waits in vain", "OK OK PERM PERM TMO - -", []edit{noneUsableEdit}, check.MarkFail, "", "The application works, and the Service has no usable endpoint"},
		{"5 the kubelet was refused, and the Pod answers the API server", "OK OK NOEP OK - - -", []edit{noneUsableEdit, kubeletRefused}, check.MarkFail, "", "The application works"},
		{"5 the kubelet was refused, and the Pod answers the client", "PERM PERM PERM PERM - - OK", []edit{noneUsableEdit, kubeletRefused}, check.MarkFail, "", "The application works"},
		{"5 the kubelet was refused, and the slices are not known", "PERM PERM PERM OK - - -", []edit{slicesUnread, kubeletRefused}, check.MarkUnknown, "", ""},
		{"5 nobody but others are reached", "OK OK NOEP TMO - - -", []edit{noneUsableEdit, otherAnswers}, check.MarkFail, "", "cannot be reached"},
		{"5 nothing but the client waits in vain", "PERM PERM PERM PERM TMO - -", []edit{noneUsableEdit}, check.MarkFail, "", "nothing reached it"},
		{"5 a mesh answers, and the slices are not known", "PERM PERM PERM OK - - -", []edit{slicesUnread, meshAnswers}, check.MarkUnknown, "", "service mesh answers"},
		{"5 it does not run, and answers", "NOT FAIL NOEP OK - - -", []edit{noneUsableEdit, stopped, withFault(faultPodNotRunning)}, check.MarkUnknown, "", ""},
		{"5c nothing was tried", "PERM PERM PERM PERM - - -", []edit{noneUsableEdit, containerWaits}, check.MarkUnknown, "", "may not run"},
		{"5c nothing was tried in a virtual machine", "PERM PERM PERM PERM - - -", []edit{noneUsableEdit, inVM}, check.MarkUnknown, "", "may not run"},
		{"5b Pods may not be read", "NOT NOT PERM NOT REF - -", []edit{noneUsableEdit, podsUnread}, check.MarkFail, "", "may not be read"},
		{"5b the only endpoint refuses the client", "PERM PERM PERM PERM REF - -", nil, check.MarkUnknown, "", byProxyPod},
		{"5b the name is refused", "PERM PERM PERM PERM - REF -", []edit{headless}, check.MarkUnknown, "", byProxyPod},
		{"5b the kubelet is refused as well", "PERM PERM PERM PERM REF - -", []edit{noneUsableEdit, kubeletRefused}, check.MarkUnknown, "", byProxyPod},
		{"5a it does not run, and answers the client", "NOT FAIL NOEP NOT - - OK", []edit{noneUsableEdit, stopped, withFault(faultPodNotRunning)}, check.MarkUnknown, "", ""},

		// Row 4 and 6.
		{"4 there is no endpoint", "REF REF PERM OK - - -", []edit{noneUsableEdit}, check.MarkFail, "", "The application works, and the Service has no usable endpoint"},
		{"6 a mesh answers in its place", "PERM PERM PERM OK - - -", []edit{meshAnswers, blindEndpoints}, check.MarkUnknown, "", "service mesh answers"},

		// Rows 7 and 8.
		{"7 the loopback and the client are refused", "REF REF PERM PERM REF - -", nil, check.MarkFail, "PORT-08", "Nothing listens"},
		{"7 the loopback is refused, the Pod's IP is not", "REF REF PERM PERM REF - OK", nil, check.MarkFail, "TP-08", "refused at the Service's address"},
		{"7 the loopback is refused, the API server is not", "REF REF PERM OK REF - -", nil, check.MarkFail, "TP-08", "refused at the Service's address"},
		{"7 a headless Service has no address", "OK OK OK OK - REF -", []edit{headless}, check.MarkUnknown, "", contradict},
		{"7 the name is served", "OK OK OK OK REF OK -", nil, check.MarkUnknown, "", contradict},
		{"7 the name drew another one of several", "OK OK OK OK REF OK -", []edit{threeUsable}, check.MarkFail, "", "another endpoint may be the bad one"},
		{"7 the sockets alone", "PERM PERM PERM PERM REF - -", []edit{everywhere}, check.MarkUnknown, "", byProxyPod},
		{"8 the address alone", "PERM PERM PERM PERM TMO - -", nil, check.MarkUnknown, "", byProxyPod},
		{"8 there is no endpoint", "OK OK PERM OK TMO - -", []edit{noneUsableEdit}, check.MarkFail, "", "The application works, and the Service has no usable endpoint"},
		{"8a there is no endpoint", "PERM PERM PERM PERM TMO - OK", []edit{noneUsableEdit}, check.MarkFail, "", "The application works, and the Service has no usable endpoint"},
		{"8b there is no endpoint", "PERM PERM PERM PERM - REF OK", []edit{noneUsableEdit, headless}, check.MarkFail, "", "The application works, and the Service has no usable endpoint"},

		// Rows 9 and 10.
		{"9b served by the name", "OK OK PERM TMO - OK -", []edit{admitsSome}, check.MarkOK, "", "client inside the cluster is served"},
		{"9c a client reaches the Pod", "OK OK PERM TMO - - OK", []edit{admitsNobody}, check.MarkUnknown, "", contradict},
		{"9a the one endpoint cannot both answer and not", "PERM PERM OK TMO OK - -", []edit{admitsSome}, check.MarkUnknown, "", contradict},
		{"10 served by the name", "OK OK PERM TMO - OK TMO", []edit{admitsNobody}, check.MarkUnknown, "", contradict},

		// Rows 12.
		{"12 no socket here", "PERM PERM PERM PERM OK - -", []edit{threeUsable, nowhere}, check.MarkFail, "PORT-08", "while another endpoint answers"},
		{"12 no socket here, and it does not run", "NOT FAIL OK NOT - - -", []edit{threeUsable, stopped, nowhere, withFault(faultPodNotRunning)}, check.MarkUnknown, "", byProxyPod},
		{"12 no socket here, where a container waits", "PERM PERM PERM PERM OK - -", []edit{threeUsable, containerWaits, nowhere}, check.MarkUnknown, "", "CrashLoopBackOff"},
		{"12 connected by the name alone", "REF REF PERM PERM - CON -", []edit{threeUsable}, check.MarkUnknown, "", "Whether the application answers is not known"},
		{"12d the sockets tell that it listens", "PERM PERM OK REF - - -", []edit{threeUsable, everywhere}, check.MarkUnknown, "", contradict},
		{"12d one endpoint cannot do both", "PERM PERM PERM PERM OK - REF", nil, check.MarkUnknown, "", contradict},
		{"12d it does not run", "NOT FAIL OK REF - - -", []edit{threeUsable, stopped, withFault(faultPodNotRunning)}, check.MarkUnknown, "", contradict},
		{"12d a container waits", "PERM PERM OK REF - - -", []edit{threeUsable, containerWaits}, check.MarkUnknown, "", "CrashLoopBackOff"},
		{"12a by the sockets", "PERM PERM PERM PERM OK REF -", []edit{threeUsable, onLoopback}, check.MarkFail, "PORT-09", "In Pod web-1 the application listens on 127.0.0.1 only, while another endpoint answers"},
		{"12a by the sockets, where a policy may reject", "PERM PERM OK PERM - - -", []edit{threeUsable, onLoopback, admitsSome}, check.MarkFail, "PORT-09", "In Pod web-1"},
		{"12a by the sockets, in a virtual machine", "PERM PERM OK PERM - - -", []edit{threeUsable, onLoopback, inVM}, check.MarkFail, "PORT-09", "In Pod web-1"},
		{"12a it does not run", "NOT FAIL OK NOT - - -", []edit{threeUsable, stopped, onLoopback, withFault(faultPodNotRunning)}, check.MarkUnknown, "", byProxyPod},
		{"12a in a mesh", "OK OK OK REF - - -", []edit{threeUsable, inMesh}, check.MarkUnknown, "", "service mesh"},
		{"12c the one endpoint cannot do both", "PERM PERM PERM PERM OK - TMO", nil, check.MarkUnknown, "", contradict},
		{"12c nobody was answered", "PERM PERM PERM PERM - - TMO", []edit{threeUsable}, check.MarkUnknown, "", byProxyPod},
		{"12c the client waits at the Pod's IP as well", "PERM PERM OK TMO - - TMO", []edit{threeUsable, admitsSome}, check.MarkFail, "", "cannot be reached, while another endpoint answers"},

		// Rows 14.
		{"14a no mesh that could refuse", "PERM PERM PERM REF OK - -", nil, check.MarkUnknown, "", contradict},
		{"14a a mesh refuses the API server", "PERM PERM PERM REF OK - -", []edit{inMesh}, check.MarkOK, "", "client inside the cluster is served"},
		{"14a a mesh, and the Pod is silent to the client", "PERM PERM PERM PERM OK - SIL", []edit{inMesh}, check.MarkUnknown, "", contradict},

		// Row 17.
		{"17 the proxy to the Service is refused, where the kubelet gets through", "PERM PERM REF PERM - - -", []edit{answersHere, ready}, check.MarkOK, "", "The Service answers from here"},
		{"17 the same in a virtual machine", "PERM PERM REF PERM - - -", []edit{answersHere, ready, inVM}, check.MarkUnknown, "", byProxyPod},
		{"17 a mesh refuses", "PERM PERM REF PERM - - -", []edit{answersHere, inMesh}, check.MarkOK, "", "The Service answers from here"},
		{"17 a mesh answers", "PERM PERM OK PERM - - -", []edit{answersHere, meshAnswers}, check.MarkOK, "", "The Service answers from here"},
		{"17 a mesh, and the proxy is not answered", "PERM PERM SIL PERM - - -", []edit{answersHere, inMesh}, check.MarkUnknown, "", byProxyPod},
		{"17 the proxies wait in vain", "PERM PERM TMO TMO - - -", []edit{answersHere}, check.MarkOK, "", "The Service answers from here"},
		{"17 the proxy to the Pod is not answered", "PERM PERM PERM SIL - - -", []edit{answersHere, ready}, check.MarkUnknown, "", byClient},
		{"17 the proxy to the Service is not answered", "PERM PERM SIL PERM - - -", []edit{answersHere}, check.MarkUnknown, "", byProxyPod},
		{"17 the only Pod is not reached, others are", "PERM PERM PERM TMO - - -", []edit{answersHere, otherAnswers}, check.MarkOK, "", "The Service answers from here"},
		{"17 one of several is not reached", "PERM PERM PERM TMO - - -", []edit{answersHere, otherAnswers, threeUsable}, check.MarkUnknown, "", byClient},
		{"17 one of several", "PERM PERM PERM PERM - - -", []edit{answersHere, notEndpoint}, check.MarkOK, "", "The Service answers from here"},
		{"17 the API server does not proxy there", "PERM PERM PERM FAIL - - -", []edit{answersHere, notProxied, threeUsable}, check.MarkOK, "", "The Service answers from here"},

		// Rows 18.
		{"18b the address told nothing", "PERM PERM OK PERM - NAME? -", nil, check.MarkFail, "", "name does not resolve"},
		{"18b the client reaches the Pod", "PERM PERM PERM PERM - NAME? OK", nil, check.MarkFail, "", "reaches the Service without the name"},
		{"18b there is nothing to resolve to", "PERM PERM PERM OK - NAME? -", []edit{headless, noneUsableEdit}, check.MarkFail, "", "The application works, and the Service has no usable endpoint"},
		{"18 one endpoint that refuses the client at its IP", "PERM PERM PERM PERM OK REF REF", nil, check.MarkFail, "", "leads somewhere else"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			facts := oneUsable(test.edits...)
			observations := append(seenByClient(t, test.seen, &facts), fromHereIn(facts)...)
			got := Conclude(observations, facts)
			if got.Mark != test.mark || got.ID != test.id || !strings.Contains(got.Text+" "+got.Why, test.text) {
				t.Errorf("%s: got %s, ID %q, %q, %q; want %s, ID %q, %q", test.seen, markName(got.Mark), got.ID, got.Text, got.Why, markName(test.mark), test.id, test.text)
			}
			if got.Mark != check.MarkOK && got.Next == "" {
				t.Errorf("%q leads nowhere: no next action", got.Text)
			}
		})
	}
}

// TestNobodyAnswersFromHere has an address that does not answer from here, which makes nothing healthy and takes nothing away.
func TestNobodyAnswersFromHere(t *testing.T) {
	t.Parallel()
	facts := oneUsable(answersHere)
	observations := append(seen(t, "PERM PERM TMO TMO -"), Observation{Rung: RungFromHere, Target: facts.Here[0].Target, Outcome: Timeout})
	if got := Conclude(observations, facts); got.Mark != check.MarkUnknown || !strings.Contains(got.Text, "does not reach Pods") {
		t.Errorf("it says %s %q", markName(got.Mark), got.Text)
	}
}
