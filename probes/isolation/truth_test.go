package isolation

import (
	"strings"
	"testing"

	"github.com/svctui/svctui/probes/check"
)

// seen makes observations of the rungs Pod, Service, Proxy→Service, Proxy→Pod and In-cluster, in that order. "-" leaves one out.
func seen(t *testing.T, words string) []Observation {
	t.Helper()
	outcomes := map[string]Outcome{
		"OK": OK, "REF": Refused, "TMO": Timeout, "NOEP": NoEndpoints, "PERM": Denied, "FAIL": Failed, "NOT": NotRun,
	}
	rungs := []Rung{RungPod, RungService, RungProxyService, RungProxyPod, RungInCluster}
	fields := strings.Fields(words)
	if len(fields) != len(rungs) {
		t.Fatalf("%q is not one word for each of %d rungs", words, len(rungs))
	}
	var observations []Observation
	for i, word := range fields {
		if word == "-" {
			continue
		}
		outcome, known := outcomes[word]
		if !known {
			t.Fatalf("unknown outcome %q", word)
		}
		observations = append(observations, Observation{Rung: rungs[i], Outcome: outcome, Detail: "detail of " + word})
	}
	return observations
}

// oneUsable is a running Pod that is the Service's only endpoint.
func oneUsable(edits ...func(*Facts)) Facts {
	facts := Facts{
		ServiceName: "web", PortName: "80", Pod: "web-1", PodIP: "10.0.0.7", PodPort: 8080,
		Usable: 1, UsableAtAddress: 1, UsableKnown: true, PodUsable: true, Selected: 1, PodsKnown: true, Policies: check.PoliciesOpen,
	}
	for _, edit := range edits {
		edit(&facts)
	}
	return facts
}

func noneUsableEdit(f *Facts)        { f.Usable, f.UsableAtAddress, f.PodUsable = 0, 0, false }
func threeUsable(f *Facts)           { f.Usable, f.UsableAtAddress = 3, 3 }
func containerWaits(f *Facts)        { f.Stopped = "container c is waiting: CrashLoopBackOff" }
func otherAnswers(f *Facts)          { f.OtherPod, f.OtherPodAnswers = "web-2", true }
func otherSilent(f *Facts)           { f.OtherPod = "web-2" }
func inMesh(f *Facts)                { f.Mesh = "Istio" }
func meshAnswers(f *Facts)           { f.Mesh, f.MeshAnswered = "Istio", true }
func admitsSome(f *Facts)            { f.Policies, f.Policy = check.PoliciesAdmitSome, "only-front" }
func admitsNobody(f *Facts)          { f.Policies, f.Policy = check.PoliciesAdmitNobody, "deny" }
func terminating(f *Facts)           { f.PodTerminating = true }
func blindEndpoints(f *Facts)        { f.EndpointsBlind = true }
func policiesUnread(f *Facts)        { f.Policies = check.PoliciesUnread }
func inVM(f *Facts)                  { f.Kata = true }
func noPod(f *Facts)                 { f.Pod, f.PodIP, f.PodPort, f.PodUsable = "", "", 0, false }
func lacksPort(f *Facts)             { f.Fault, f.PodLacksPort = faultNoNamedPort, true }
func withFault(why fault) edit       { return func(f *Facts) { f.Fault = why } }
func withReadiness(r Readiness) edit { return func(f *Facts) { f.Readiness = r } }

func slicesUnread(f *Facts) { f.UsableKnown, f.Usable, f.PodUsable = false, 0, false }

// slicesUnreadNotEmpty leaves a number that does not count where the slices are not known: nothing may go by it.
func slicesUnreadNotEmpty(f *Facts) { f.UsableKnown, f.Usable, f.PodUsable = false, 1, false }

func silentOn(rungs ...Rung) edit {
	return func(f *Facts) {
		f.Silent = map[Rung]bool{}
		for _, rung := range rungs {
			f.Silent[rung] = true
		}
	}
}

type edit = func(*Facts)

func TestConclude(t *testing.T) {
	const inconclusiveText = "Inconclusive: "
	for _, test := range []struct {
		name  string
		seen  string
		facts Facts
		// mark, id and text are what is concluded; text is a part of it.
		mark check.Mark
		id   string
		text string
	}{
		// Row 1.
		{"1", "OK OK OK OK OK", oneUsable(), check.MarkOK, "", "answers a client inside the cluster"},
		{"1 in-cluster not run", "OK OK OK OK -", oneUsable(), check.MarkOK, "", "answers on its Pod's IP"},
		{"1 pods/proxy denied", "OK OK OK PERM -", oneUsable(), check.MarkOK, "", "answers on its Pod's IP"},
		{"1 portforward denied", "PERM PERM OK OK -", oneUsable(), check.MarkOK, "", "answers on its Pod's IP"},
		{"1 services/proxy denied, the Pod is an endpoint", "OK OK PERM OK -", oneUsable(), check.MarkOK, "", "answers on its Pod's IP"},
		{"1 services/proxy denied, the Pod is no endpoint", "OK OK PERM OK -", oneUsable(func(f *Facts) { f.PodUsable = false }), check.MarkUnknown, "", inconclusiveText},
		{"1 services/proxy denied, there is no endpoint", "OK OK PERM OK -", oneUsable(noneUsableEdit), check.MarkFail, "", "has no usable endpoint"},
		{"1 slices unread", "OK OK OK OK -", oneUsable(slicesUnread), check.MarkOK, "", "answers on its Pod's IP"},
		{"Pod and Service alone never prove health", "OK OK - - -", oneUsable(), check.MarkUnknown, "", "Inconclusive: the API server's proxy to the Pod would decide"},
		{"Pod and Service alone, the proxies denied", "OK OK PERM PERM -", oneUsable(), check.MarkUnknown, "", "Inconclusive: the API server's proxy to the Pod would decide"},
		{"Pod alone", "OK - - - -", oneUsable(), check.MarkUnknown, "", inconclusiveText},

		// Row 2.
		{"2", "OK OK REF REF REF", oneUsable(), check.MarkFail, "PORT-09", "127.0.0.1 only"},
		{"2 in-cluster not run", "OK OK REF REF -", oneUsable(), check.MarkFail, "PORT-09", "127.0.0.1 only"},
		{"2 not Ready because of it", "OK OK NOEP REF -", oneUsable(noneUsableEdit), check.MarkFail, "PORT-09", "127.0.0.1 only"},
		{"2 services/proxy denied", "OK OK PERM REF -", oneUsable(), check.MarkFail, "PORT-09", "127.0.0.1 only"},
		{"2 without the same Pod's proxy", "OK OK REF PERM -", oneUsable(), check.MarkUnknown, "", "Inconclusive"},
		{"2 in a mesh it proves nothing", "OK OK REF REF -", oneUsable(inMesh), check.MarkUnknown, "", "service mesh"},
		{"2 but the kubelet gets through", "OK OK REF REF -", oneUsable(withReadiness(ReadyOnPodIP)), check.MarkUnknown, "", "where the readiness probe gets through"},
		{"2 Ready by exec is no proof against it", "OK OK REF REF -", oneUsable(withReadiness(ReadinessByExec)), check.MarkFail, "PORT-09", "127.0.0.1 only"},
		{"2 by the readiness probe", "OK OK NOEP PERM -", oneUsable(noneUsableEdit, withReadiness(RefusedOnPodIP)), check.MarkWarn, "PORT-09", "seems to listen on 127.0.0.1"},
		{"2 without that probe", "OK OK NOEP PERM -", oneUsable(noneUsableEdit, withReadiness(ReadinessOnPodIP)), check.MarkUnknown, "", "Inconclusive: the API server's proxy to the Pod would decide"},
		{"2 where policies may not be read", "OK OK REF REF -", oneUsable(policiesUnread), check.MarkWarn, "PORT-09", "127.0.0.1 only"},
		{"2 where policies may not be read, and the kubelet is refused", "OK OK REF REF -", oneUsable(policiesUnread, withReadiness(RefusedOnPodIP)), check.MarkFail, "PORT-09", "127.0.0.1 only"},
		{"2 where policies may not be read, and the sockets tell", "OK OK REF REF -", oneUsable(policiesUnread, listeningOn("127.0.0.1:8080")), check.MarkFail, "PORT-09", "127.0.0.1 only"},
		{"2 on an IPv6 address, where policies may not be read", "OK OK REF REF -", oneUsable(policiesUnread, func(f *Facts) { f.PodIP = "fd00::7" }), check.MarkWarn, "PORT-16", "IPv6"},
		{"a time-out is not a loopback", "OK OK TMO TMO TMO", oneUsable(otherAnswers), check.MarkFail, "", "cannot be reached"},

		{"2 on an IPv6 address", "OK OK REF REF -", oneUsable(func(f *Facts) { f.PodIP = "fd00::7" }), check.MarkFail, "PORT-16", "IPv6"},

		// Row 3.
		{"3", "REF REF REF REF REF", oneUsable(), check.MarkFail, "PORT-08", "Nothing listens on port 8080"},
		{"3 in-cluster not run", "REF REF REF REF -", oneUsable(), check.MarkFail, "PORT-08", "Nothing listens on port 8080"},
		{"3 not Ready because of it", "REF REF NOEP REF -", oneUsable(noneUsableEdit), check.MarkFail, "PORT-08", "Nothing listens"},
		{"3 or 4 without the proxies", "REF REF PERM PERM -", oneUsable(), check.MarkUnknown, "", "Inconclusive: the API server's proxy to the Pod would decide"},
		{"3a without the forwards", "PERM PERM REF REF -", oneUsable(), check.MarkFail, "", "10.0.0.7:8080 refuses connections. No port-forward told whether nothing listens or only its loopback does"},
		{"3 in a virtual machine", "REF REF REF REF -", oneUsable(inVM), check.MarkFail, "", "10.0.0.7:8080 refuses"},
		{"3 on a Pod whose container waits", "NOT NOT NOEP REF -", oneUsable(noneUsableEdit, func(f *Facts) { f.NotRunning = "container c is waiting: CrashLoopBackOff" }), check.MarkFail, "", "no Pod runs"},

		{"1 over TLS", "OK OK OK OK -", oneUsable(func(f *Facts) { f.SpeaksTLS = true }), check.MarkOK, "PORT-12", "speaks TLS"},
		{"1 over TLS, where the port's name promises HTTP", "OK OK OK OK -", oneUsable(func(f *Facts) { f.SpeaksTLS, f.PromisesHTTP = true, "from the port's name" }), check.MarkWarn, "PORT-12", "where HTTP is promised"},

		// A Pod bound to its own IP is refused on the loopback and by a plugin that rejects: nothing says that nothing listens.
		{"3 where a policy may be what rejects", "REF REF REF REF -", oneUsable(admitsSome), check.MarkUnknown, "NP-05", "listens on the Pod's IP"},
		{"3 where a policy may be what rejects, beside another endpoint", "REF REF OK REF -", oneUsable(threeUsable, admitsSome), check.MarkUnknown, "NP-05", "NetworkPolicy only-front may be why"},
		{"3 where policies may not be read", "REF REF REF REF -", oneUsable(policiesUnread), check.MarkWarn, "PORT-08", "Nothing listens"},
		{"3 where policies may not be read, and the sockets tell", "REF REF REF REF -", oneUsable(policiesUnread, listeningOn()), check.MarkFail, "PORT-08", "Nothing listens"},
		{"3 where a policy may reject, and the sockets tell", "REF REF REF REF -", oneUsable(admitsSome, listeningOn()), check.MarkFail, "PORT-08", "Nothing listens"},
		{"3 but the kubelet gets through", "REF REF REF REF -", oneUsable(withReadiness(ReadyOnPodIP)), check.MarkUnknown, "", "where the readiness probe gets through"},
		{"3 but the kubelet gets through, beside another endpoint", "REF REF OK REF -", oneUsable(threeUsable, withReadiness(ReadyOnPodIP)), check.MarkUnknown, "", "where the readiness probe gets through"},
		{"3 Ready in a mesh, whose sidecar answers the kubelet", "REF REF REF REF -", oneUsable(inMesh, withReadiness(ReadyOnPodIP)), check.MarkWarn, "PORT-08", "Nothing listens"},
		{"2e a policy rejects the API server, and a client is served", "REF REF REF REF OK", oneUsable(admitsSome), check.MarkOK, "", "client inside the cluster is served"},
		{"2e the same, bound to all addresses", "OK OK REF REF OK", oneUsable(admitsSome), check.MarkOK, "", "client inside the cluster is served"},
		{"2e what served the client may be another endpoint", "REF REF REF REF OK", oneUsable(admitsSome, threeUsable), check.MarkUnknown, "", "contradict"},
		{"3 nothing but another endpoint refused", "REF REF REF PERM -", oneUsable(threeUsable), check.MarkUnknown, "", ""},
		{"3 the only endpoint refused", "REF REF REF PERM -", oneUsable(), check.MarkFail, "PORT-08", "Nothing listens"},
		{"12d the forward tells nothing", "PERM PERM OK REF -", oneUsable(threeUsable), check.MarkFail, "", "10.0.0.7:8080 refuses connections, while another endpoint answers"},
		{"12d where policies may not be read", "PERM PERM OK REF -", oneUsable(threeUsable, policiesUnread), check.MarkWarn, "", "refuses connections"},
		{"12d where a policy may be what rejects", "PERM PERM OK REF -", oneUsable(threeUsable, admitsSome), check.MarkUnknown, "NP-05", "No port-forward told"},

		// What is said of no endpoint is refuted by an answer.
		{"11 no Pods, and a client is served", "- - NOEP - OK", oneUsable(noneUsableEdit, noPod, withFault(faultNoPods)), check.MarkOK, "", "though the API showed no endpoint"},
		{"11 no Pods, and a client is refused", "- - NOEP - REF", oneUsable(noneUsableEdit, noPod, withFault(faultNoPods)), check.MarkFail, "", "No Pod matches"},
		{"11 no port at all", "- - - - -", oneUsable(withFault(faultPortless)), check.MarkUnknown, "", "declares no port"},
		{"11 no selector, and what it was given is not usable", "- - - - -", oneUsable(noneUsableEdit, noPod, withFault(faultNoSelector), func(f *Facts) { f.Listed = 1 }), check.MarkFail, "", "none of the endpoints that it was given is usable"},
		{"5 no endpoint, and Pods may not be read", "- - NOEP - -", oneUsable(noneUsableEdit, noPod, func(f *Facts) { f.PodsKnown = false }), check.MarkFail, "", "may not be read"},
		{"19b the Pod was replaced meanwhile", "FAIL FAIL OK FAIL TMO", oneUsable(threeUsable, func(f *Facts) { f.PodGone = true }), check.MarkUnknown, "", "was gone when the test came to it"},

		// A Pod that is being deleted.
		{"3 it is being deleted", "REF REF NOEP REF -", oneUsable(terminating), check.MarkWarn, "", "closes its ports when it ends"},
		{"12 it is being deleted", "REF REF OK REF -", oneUsable(threeUsable, terminating), check.MarkWarn, "", "closes its ports when it ends"},
		{"1 it is being deleted", "OK OK OK OK -", oneUsable(terminating), check.MarkOK, "", "But Pod web-1 is being deleted"},

		{"16 the number alone says HTTP", "OK OK OK OK -", oneUsable(silentOn(RungPod, RungService, RungProxyService, RungProxyPod), func(f *Facts) { f.AssumesHTTP = true }), check.MarkWarn, "", "guessed by the port's number"},

		// Row 4.
		{"4", "REF REF OK OK OK", oneUsable(), check.MarkOK, "", "A port-forward does not reach it"},
		{"4 in-cluster not run", "REF REF OK OK -", oneUsable(), check.MarkOK, "", "A port-forward does not reach it"},
		{"4 in a virtual machine", "REF REF OK OK -", oneUsable(inVM), check.MarkOK, "", "answers on its Pod's IP"},
		{"4 or 12 with several endpoints", "REF REF OK PERM -", oneUsable(threeUsable), check.MarkUnknown, "", "Inconclusive: the API server's proxy to the Pod would decide"},
		{"4 with one endpoint", "REF REF OK PERM -", oneUsable(), check.MarkOK, "", "A port-forward does not reach it"},

		// Row 5.
		{"5", "OK OK NOEP OK REF", oneUsable(noneUsableEdit), check.MarkFail, "", "has no usable endpoint"},
		{"5 in-cluster not run", "OK OK NOEP OK -", oneUsable(noneUsableEdit), check.MarkFail, "", "has no usable endpoint"},
		{"5 bound to the Pod's IP", "REF REF NOEP OK -", oneUsable(noneUsableEdit), check.MarkFail, "", "has no usable endpoint"},
		{"5 the control plane reaches no Pods", "OK OK NOEP TMO -", oneUsable(noneUsableEdit, otherSilent), check.MarkFail, "", "has no usable endpoint"},
		{"5 or 6, slices unread", "OK OK NOEP OK -", oneUsable(slicesUnread), check.MarkUnknown, "", "Inconclusive: a try from a Pod in the cluster would decide"},
		{"5 slices unread, in-cluster refused", "OK OK NOEP OK REF", oneUsable(slicesUnread), check.MarkFail, "", "has no usable endpoint"},
		{"5 no Pod runs", "NOT FAIL NOEP NOT -", oneUsable(noneUsableEdit, withFault(faultPodNotRunning), func(f *Facts) { f.NotRunning = "Pod web-1 is Pending" }), check.MarkFail, "", "no Pod runs"},
		{"5 no Pod runs, nothing permitted", "NOT FAIL PERM NOT -", oneUsable(noneUsableEdit, withFault(faultPodNotRunning), func(f *Facts) { f.NotRunning = "Pod web-1 is Pending" }), check.MarkFail, "", "no Pod runs"},

		// Row 6.
		{"6", "OK OK NOEP OK OK", oneUsable(), check.MarkOK, "", "says otherwise"},
		{"6 nothing that the Endpoints object leaves out is there", "OK OK NOEP OK -", oneUsable(), check.MarkUnknown, "", "contradict"},
		{"6 in-cluster not run", "OK OK NOEP OK -", oneUsable(blindEndpoints), check.MarkOK, "", "says otherwise"},
		{"6 no selector, hand-made slices name the Pod", "OK FAIL FAIL OK -", oneUsable(withFault(faultNoSelector)), check.MarkOK, "", "answers on its Pod's IP"},
		{"6 foreign slices without Pods", "NOT FAIL NOEP NOT -", oneUsable(noPod, withFault(faultNoSelector)), check.MarkUnknown, "", "none names a Pod that could be asked"},
		{"6 no selector, bare addresses", "NOT FAIL FAIL NOT -", oneUsable(noPod, withFault(faultNoSelector)), check.MarkUnknown, "", "none names a Pod that could be asked"},

		// Rows 7 and 8.
		{"7", "OK OK OK OK REF", oneUsable(), check.MarkFail, "TP-08", "refused at the Service's address"},
		{"8", "OK OK OK OK TMO", oneUsable(), check.MarkFail, "", "kept out"},

		// Rows 9 and 10.
		{"9", "OK OK TMO TMO OK", oneUsable(), check.MarkOK, "", "client inside the cluster is served"},
		{"9 nothing to compare with", "OK OK TMO TMO -", oneUsable(), check.MarkUnknown, "", "API server does not reach Pods"},
		{"9 the other Pod does not answer either", "OK OK TMO TMO -", oneUsable(otherSilent), check.MarkUnknown, "", "API server does not reach Pods"},
		{"9 address not allowed", "OK OK TMO FAIL -", oneUsable(func(f *Facts) { f.AddressRefused = true }), check.MarkUnknown, "", "API server does not reach Pods"},
		{"9 or 10, another Pod answers", "OK OK TMO TMO -", oneUsable(otherAnswers), check.MarkUnknown, "", "Inconclusive: a try from a Pod in the cluster would decide"},
		{"10", "OK OK TMO TMO TMO", oneUsable(), check.MarkFail, "", "10.0.0.7:8080 cannot be reached"},
		{"9b a policy admits some, nothing to compare with", "OK OK TMO TMO -", oneUsable(admitsSome), check.MarkUnknown, "NP-05", "only-front keeps the API server from the Pod"},
		{"9b a policy admits some, another Pod answers", "OK OK TMO TMO -", oneUsable(admitsSome, otherAnswers), check.MarkUnknown, "NP-05", "prove nothing"},
		{"9b clients are served", "OK OK TMO TMO OK", oneUsable(admitsSome, otherAnswers), check.MarkOK, "", "client inside the cluster is served"},
		{"9b a client is kept out as well", "OK OK TMO TMO TMO", oneUsable(admitsSome), check.MarkFail, "", "is kept out, though the application answers"},
		{"9b the API server gets through", "OK OK OK OK -", oneUsable(admitsSome), check.MarkOK, "", "answers on its Pod's IP"},
		{"9b policies may not be read, another Pod answers", "OK OK TMO TMO -", oneUsable(policiesUnread, otherAnswers), check.MarkUnknown, "", "NetworkPolicies may not be read"},
		{"9b policies may not be read, nothing to compare with", "OK OK TMO TMO -", oneUsable(policiesUnread), check.MarkUnknown, "", "does not reach Pods"},
		{"9b policies may not be read, a client is kept out as well", "OK OK TMO TMO TMO", oneUsable(policiesUnread, otherAnswers), check.MarkFail, "", "is kept out, though the application answers"},
		{"9b a policy admits some to this Pod, and another endpoint answers", "OK OK OK TMO -", oneUsable(admitsSome, threeUsable), check.MarkUnknown, "NP-05", "prove nothing"},
		{"9b the same, where policies may not be read", "OK OK OK TMO -", oneUsable(policiesUnread, threeUsable, otherAnswers), check.MarkUnknown, "", "NetworkPolicies may not be read"},
		{"9a the same, and clients are served", "OK OK OK TMO OK", oneUsable(admitsSome, threeUsable), check.MarkOK, "", "client inside the cluster is served"},
		{"9b the one endpoint cannot both answer and not", "OK OK OK TMO -", oneUsable(admitsSome), check.MarkUnknown, "", "contradict"},
		{"5 a policy admits some, so that the API server's silence tells nothing", "OK OK NOEP TMO -", oneUsable(admitsSome, noneUsableEdit, otherAnswers), check.MarkFail, "", "has no usable endpoint"},
		{"12c no policy", "OK OK OK TMO -", oneUsable(threeUsable), check.MarkFail, "", "another endpoint answers"},
		{"9b nothing listens", "REF REF TMO TMO -", oneUsable(admitsSome), check.MarkUnknown, "", ""},
		{"9c a policy admits nobody, nothing to compare with", "OK OK TMO TMO -", oneUsable(admitsNobody, otherSilent), check.MarkWarn, "NP-01", "deny seems to keep everybody"},
		{"10 a policy admits nobody, another Pod answers", "OK OK TMO TMO -", oneUsable(admitsNobody, otherAnswers), check.MarkFail, "NP-01", "deny keeps everybody from the Pod"},
		{"10 a policy admits nobody, a client tried", "OK OK TMO TMO TMO", oneUsable(admitsNobody), check.MarkFail, "NP-01", "deny keeps everybody from the Pod"},
		{"10 a policy admits nobody, and is not enforced", "OK OK OK OK -", oneUsable(admitsNobody), check.MarkOK, "", "answers on its Pod's IP"},
		{"a hung kubelet proves nothing", "TMO TMO OK OK -", oneUsable(), check.MarkOK, "", "answers on its Pod's IP"},
		{"a hung kubelet alone", "TMO TMO - - -", oneUsable(), check.MarkUnknown, "", "No rung told anything"},

		// Row 11.
		{"11 no selector, no endpoints", "NOT FAIL FAIL NOT -", oneUsable(noneUsableEdit, noPod, withFault(faultNoSelector)), check.MarkFail, "SVC-06", "no selector"},
		{"11 no such port", "NOT NOT NOT NOT -", oneUsable(withFault(faultNoSuchPort)), check.MarkFail, "PORT-07", "no port 80"},
		{"11 named port missing everywhere", "NOT FAIL NOEP NOT -", oneUsable(noneUsableEdit, lacksPort), check.MarkFail, "PORT-01", "No Pod of the Service"},
		{"11 named port missing here, and where it is not nothing is usable", "NOT FAIL NOEP NOT -", oneUsable(noneUsableEdit, lacksPort, func(f *Facts) { f.PortDeclared = true }), check.MarkFail, "PORT-02", "other Pods have it, and none of them is usable"},
		{"11 named port missing here", "NOT FAIL OK NOT -", oneUsable(threeUsable, lacksPort), check.MarkFail, "PORT-02", "Pod web-1 does not have"},
		{"11 UDP", "NOT NOT NOT NOT -", oneUsable(withFault(faultNotTCP), func(f *Facts) { f.Protocol = "UDP" }), check.MarkUnknown, "", "UDP cannot be probed"},
		{"11 no Pods", "NOT FAIL NOEP NOT -", oneUsable(noneUsableEdit, noPod, withFault(faultNoPods)), check.MarkFail, "", "No Pod matches"},
		{"11 no Pods, foreign slices", "NOT FAIL NOEP NOT -", oneUsable(noPod, withFault(faultNoPods)), check.MarkUnknown, "", "none names a Pod that could be asked"},
		{"no such Service", "NOT NOT NOT NOT -", Facts{ServiceName: "web", Fault: faultNoService}, check.MarkFail, "SVC-01", "no Service web"},
		{"Services cannot be read", "NOT NOT NOT NOT -", Facts{Fault: faultServiceUnknown}, check.MarkUnknown, "", "could not be read"},
		{"ExternalName", "NOT NOT NOT NOT -", Facts{Fault: faultExternalName, ExternalName: "db.example"}, check.MarkUnknown, "", "another name for db.example"},
		{"read-only", "NOT NOT NOT NOT -", oneUsable(func(f *Facts) { f.ReadOnly = true }), check.MarkUnknown, "", "read-only"},

		// Row 12.
		{"12 nothing listens here", "REF REF OK REF -", oneUsable(threeUsable), check.MarkFail, "PORT-08", "another endpoint answers"},
		{"12 loopback here", "OK OK OK REF -", oneUsable(threeUsable), check.MarkFail, "PORT-09", "In Pod web-1"},
		{"12 another one refuses", "OK OK REF OK -", oneUsable(threeUsable), check.MarkFail, "", "another endpoint of the Service does not"},
		{"12 another one is not reached", "OK OK TMO OK -", oneUsable(threeUsable), check.MarkFail, "", "another endpoint of the Service does not"},
		{"12 this one is not reached", "OK OK OK TMO -", oneUsable(threeUsable, otherAnswers), check.MarkFail, "", "another endpoint answers"},
		{"one endpoint contradicts itself", "OK OK OK REF -", oneUsable(), check.MarkUnknown, "", "on one and the same way Pod web-1 answered one connection and refused another"},
		{"one endpoint contradicts itself the other way", "OK OK REF OK -", oneUsable(), check.MarkUnknown, "", "it takes one connection at a time"},
		{"the forwards contradict each other", "OK REF OK OK -", oneUsable(), check.MarkUnknown, "", "on one and the same way"},
		{"the same, and it is guessed that it speaks HTTP", "OK REF OK OK -", oneUsable(func(f *Facts) { f.AssumesHTTP = true }), check.MarkUnknown, "", "contradict"},

		// Row 14.
		{"14 reset by the sidecar", "OK OK OK OK -", oneUsable(meshAnswers), check.MarkUnknown, "", "service mesh answers"},
		{"14 a mesh that lets the API server through", "OK OK OK OK -", oneUsable(inMesh), check.MarkOK, "", "answers on its Pod's IP"},
		{"14 nothing listens, perhaps", "REF REF REF REF -", oneUsable(inMesh), check.MarkWarn, "PORT-08", "Istio intercepts the Pod's traffic, so this is only possible"},
		{"14 not reached, perhaps", "OK OK TMO TMO TMO", oneUsable(inMesh), check.MarkWarn, "", "only possible"},
		{"14 what the API proves stays", "NOT FAIL NOEP NOT -", oneUsable(inMesh, noneUsableEdit, lacksPort), check.MarkFail, "PORT-01", "No Pod of the Service"},
		{"14 clients inside are served", "OK OK OK OK OK", oneUsable(meshAnswers), check.MarkOK, "", "client inside the cluster is served"},

		// Row 15.
		{"15", "PERM PERM PERM PERM -", oneUsable(), check.MarkUnknown, "", "may not run this test"},
		{"nothing run", "NOT NOT NOT NOT -", oneUsable(), check.MarkUnknown, "", "No rung told anything"},

		// Row 16.
		{"16", "TMO TMO TMO TMO -", oneUsable(silentOn(RungPod, RungService, RungProxyService, RungProxyPod)), check.MarkFail, "", "accepts connections and does not answer"},
		{"16 it was asked by choice, against the evidence", "OK OK OK OK -", oneUsable(silentOn(RungPod, RungService, RungProxyService, RungProxyPod), func(f *Facts) { f.SpeaksInstead = "https, from the port's name" }), check.MarkWarn, "", "the evidence is for https"},
		{"16 loopback all the same", "TMO TMO REF REF -", oneUsable(silentOn(RungPod, RungService)), check.MarkFail, "PORT-09", "127.0.0.1 only"},
		{"16 but the proxies are answered", "TMO TMO OK OK -", oneUsable(silentOn(RungPod, RungService)), check.MarkOK, "", "answers on its Pod's IP"},
		{"16 by one proxy alone", "TMO TMO TMO OK -", oneUsable(silentOn(RungPod, RungService, RungProxyService)), check.MarkUnknown, "", "contradict"},
		{"16 by the forwards alone", "TMO TMO PERM PERM -", oneUsable(silentOn(RungPod, RungService)), check.MarkUnknown, "", inconclusiveText},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := Conclude(seen(t, test.seen), test.facts)
			if got.Mark != test.mark || got.ID != test.id || !strings.Contains(got.Text+" "+got.Why, test.text) {
				t.Errorf("%s: got mark %v, ID %q, %q, %q; want mark %v, ID %q, %q", test.seen, got.Mark, got.ID, got.Text, got.Why, test.mark, test.id, test.text)
			}
			if got.Mark == check.MarkUnknown && got.Next == "" {
				t.Errorf("%q leads nowhere: no next action", got.Text)
			}
		})
	}
}

// No combination of what Pod and Service alone can show is ever called healthy.
func TestForwardsAloneAreNeverHealthy(t *testing.T) {
	outcomes := []Outcome{OK, Refused, Timeout, NoEndpoints, Denied, Failed, NotRun}
	for _, pod := range outcomes {
		for _, service := range outcomes {
			for _, proxies := range []Outcome{Denied, Failed, NotRun} {
				for _, facts := range []Facts{oneUsable(), oneUsable(threeUsable), oneUsable(slicesUnread), oneUsable(inMesh), oneUsable(withReadiness(ReadyOnPodIP))} {
					got := Conclude([]Observation{
						{Rung: RungPod, Outcome: pod},
						{Rung: RungService, Outcome: service},
						{Rung: RungProxyService, Outcome: proxies},
						{Rung: RungProxyPod, Outcome: proxies},
					}, facts)
					if got.Mark == check.MarkOK {
						t.Fatalf("Pod %s, Service %s, proxies %s: %q is marked healthy", pod, service, proxies, got.Text)
					}
				}
			}
		}
	}
}

// TestSeparating looks for the rung on which rows differ that do not say the same.
func TestSeparating(t *testing.T) {
	row := func(v verdict, proxyPod, proxyService, pod evidence) truth {
		return truth{verdict: v, proxyPod: proxyPod, proxyService: proxyService, pod: pod}
	}
	for _, test := range []struct {
		name string
		seen sight
		rows []truth
		want Rung
	}{
		{"nothing fits", sight{}, nil, ""},
		{"one row", sight{}, []truth{row(healthy, answered, answered, answered)}, ""},
		{"the nearest rung", sight{}, []truth{row(healthy, answered, answered, answered), row(loopback, refused, refused, answered)}, RungProxyPod},
		{"it is known already", sight{proxyPod: answered}, []truth{row(healthy, answered, answered, answered), row(loopback, refused, refused, answered)}, RungProxyService},
		{"the same is expected there", sight{}, []truth{row(healthy, answered, answered, answered), row(hangs, answered, answered, silent)}, RungPod},
		{"the rows that differ there say the same", sight{}, []truth{
			row(healthy, answered, answered, answered), row(healthyForwardLies, refused, answered, answered), row(loopback, answered, answered, refused),
		}, RungPod},
		{"no rung does", sight{}, []truth{row(healthy, answered, answered, answered), row(hangs, answered, answered, answered)}, ""},
	} {
		if got := separating(test.seen, test.rows); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}
