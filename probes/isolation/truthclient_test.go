package isolation

import (
	"maps"
	"net/netip"
	"strings"
	"testing"

	"github.com/svctui/svctui/probes/check"
)

// seenByClient adds what the client saw at the Service's address, by its name and at the Pod's IP to the rungs Pod, Service, Proxy→Service
// and Proxy→Pod.
func seenByClient(t *testing.T, words string, facts *Facts) []Observation {
	t.Helper()
	fields := strings.Fields(words)
	if len(fields) != 7 {
		t.Fatalf("%q is not seven words", words)
	}
	for i, rung := range []Rung{RungPod, RungService, RungProxyService, RungProxyPod} {
		if fields[i] == "SIL" {
			silentToo(facts, rung)
			fields[i] = "TMO"
		}
	}
	observations := seen(t, strings.Join(fields[:4], " ")+" -")
	facts.clientProof = map[string]evidence{}
	for i, target := range []string{"10.96.0.1:80", "web.shop.svc:80", "10.0.0.7:8080"} {
		word := fields[4+i]
		switch word {
		case "NAME?":
			facts.Unresolved, word = true, "FAIL"
		case "CON":
			observations = clientSaw(observations, facts, target, asksNothing)
			continue
		case "SIL":
			observations = clientSaw(observations, facts, target, notAnswered)
			continue
		}
		for _, observation := range seen(t, "- - - - "+word) {
			observation.Target = target
			observations = append(observations, observation)
		}
	}
	return observations
}

// silentToo adds a rung that was not answered.
func silentToo(facts *Facts, rung Rung) {
	all := maps.Clone(facts.Silent)
	if all == nil {
		all = map[Rung]bool{}
	}
	all[rung] = true
	facts.Silent = all
}

func listeningOn(addresses ...string) edit {
	return func(f *Facts) {
		f.Sockets.Known = true
		for _, address := range addresses {
			f.Sockets.Listening = append(f.Sockets.Listening, netip.MustParseAddrPort(address))
		}
	}
}

func finding(id string) check.Finding {
	return check.Finding{ID: id, Severity: check.Major, Confidence: check.Likely, Title: "NetworkPolicy x shuts the client out.", Fix: &check.Fix{Note: "admit it"}}
}

func answersHere(f *Facts) { f.Here = []Here{{Target: "203.0.113.7:80", Way: HereLoadBalancer}} }

// fromHereIn are answers at the addresses that were dialled from here.
func fromHereIn(facts Facts) []Observation {
	var observations []Observation
	for _, here := range facts.Here {
		observations = append(observations, Observation{Rung: RungFromHere, Target: here.Target, Outcome: OK})
	}
	return observations
}

func TestConcludeForClient(t *testing.T) {
	fromPod := func(f *Facts) { f.Client, f.ClientNode = "shop/front-1", "node-2" }
	headless := func(f *Facts) { f.Headless = true }
	behind := func(f *Facts) { f.ClientBehind = true }
	local := func(f *Facts) { f.LocalOnly = true }
	otherProxy := func(f *Facts) { f.OtherProxy = true }
	deadDNS := func(f *Facts) { f.NameServerDead = true }
	told := func(ids ...string) edit {
		return func(f *Facts) {
			for _, id := range ids {
				f.ClientFindings = append(f.ClientFindings, finding(id))
			}
		}
	}
	const inconclusive = "Inconclusive"
	for _, test := range []struct {
		name string
		// seen are Pod, Service, Proxy→Service, Proxy→Pod, and the client's address, name, Pod IP. "NAME?" is a name without an address, "CON" a
		// connection on which nothing was asked, "SIL" one on which nothing was answered.
		seen  string
		facts []edit
		mark  check.Mark
		id    string
		text  string
	}{
		{"1 all of it", "OK OK OK OK OK OK OK", nil, check.MarkOK, "", "at the Service's address and by its name"},
		{"1 the client alone", "PERM PERM PERM PERM OK OK OK", nil, check.MarkOK, "", "answers a client inside the cluster"},
		{"1 the client alone, whatever the slices say", "PERM PERM PERM PERM OK OK -", []edit{noneUsableEdit}, check.MarkOK, "", "answers a client inside the cluster"},
		{"1 headless, by name", "OK OK OK OK - OK OK", []edit{headless}, check.MarkOK, "", "by the Service's name"},
		{"1 the Pod's IP alone says nothing of the Service", "OK OK PERM PERM - - OK", nil, check.MarkUnknown, "", inconclusive},

		{"1b connected only", "OK OK OK OK CON CON CON", nil, check.MarkOK, "", "answers on its Pod's IP, and a client inside the cluster gets a connection"},
		{"1b connected only, answered on the loopback", "OK OK PERM PERM CON CON CON", nil, check.MarkOK, "", "gets a connection, and the application answers inside the Pod"},
		{"1b connected only, and the proxies are not answered", "OK OK TMO TMO CON CON CON", nil, check.MarkOK, "", "gets a connection, and the application answers inside the Pod"},
		{"1b connected by the name alone", "OK OK TMO TMO - CON CON", []edit{otherAnswers}, check.MarkOK, "", "got through by the Service's name"},
		{"1b connected only, and no forward gets through", "REF REF OK OK CON CON CON", nil, check.MarkOK, "", "A port-forward does not reach it"},
		{"1b connected only, and nothing answered anybody", "PERM PERM PERM PERM CON CON CON", nil, check.MarkUnknown, "", "Whether the application answers is not known"},
		{"1b connected only, and the forwards refuse", "REF REF PERM PERM CON CON CON", nil, check.MarkUnknown, "", "Whether the application answers is not known"},
		{"1b connected only, and it answers from here", "REF REF PERM PERM CON CON CON", []edit{answersHere}, check.MarkOK, "", "The Service answers from here"},
		{"1b from here another one answers", "REF REF PERM PERM CON CON CON", []edit{answersHere, noneUsableEdit}, check.MarkUnknown, "", "something in front"},
		{"1b connected only, and the application keeps silent", "OK OK OK OK CON CON CON", []edit{silentOn(RungPod, RungService, RungProxyService, RungProxyPod)}, check.MarkFail, "", "accepts connections and does not answer"},
		{"1b connected only, to another endpoint", "REF REF PERM PERM CON CON REF", []edit{threeUsable}, check.MarkFail, "PORT-08", "while another endpoint accepts connections"},
		{"1b connected only, and the one Pod refuses", "REF REF PERM PERM CON CON REF", nil, check.MarkUnknown, "", "contradict"},
		{"1b connected only, beside a proxy that misleads", "OK OK NOEP PERM CON CON CON", []edit{blindEndpoints}, check.MarkOK, "", "the application answers inside the Pod. The API server's proxy to the Service says otherwise"},

		{"2 by the client", "OK OK PERM PERM REF - REF", nil, check.MarkFail, "PORT-09", "127.0.0.1 only"},
		{"2 by the client's way to the Pod alone", "OK OK PERM PERM - - REF", nil, check.MarkFail, "PORT-09", "127.0.0.1 only"},
		{"2 the address refuses, the Pod is not tried", "OK OK PERM PERM REF - -", nil, check.MarkUnknown, "", inconclusive},
		{"2 the address refuses, and nothing is usable", "OK OK PERM PERM REF - -", []edit{noneUsableEdit}, check.MarkFail, "", "no usable endpoint"},
		{"2 in a mesh the client's refusal proves nothing", "OK OK PERM PERM REF - REF", []edit{inMesh}, check.MarkUnknown, "", ""},
		{"2 but the kubelet gets through", "OK OK REF REF REF - REF", []edit{withReadiness(ReadyOnPodIP)}, check.MarkUnknown, "", "readiness probe gets through"},
		{"2b sockets", "OK OK PERM PERM - - -", []edit{listeningOn("127.0.0.1:8080", "0.0.0.0:9090")}, check.MarkFail, "PORT-09", "open on 127.0.0.1:8080 and on no other"},
		{"2b sockets of ::1 alone", "REF REF REF REF - - -", []edit{listeningOn("[::1]:8080")}, check.MarkFail, "PORT-09", "open on [::1]:8080"},
		{"2b sockets where the control plane is blind", "OK OK TMO TMO - - -", []edit{listeningOn("127.0.0.1:8080")}, check.MarkFail, "PORT-09", "loopback only"},
		{"2b sockets in a virtual machine", "REF REF REF REF - - -", []edit{inVM, listeningOn("127.0.0.1:8080")}, check.MarkFail, "PORT-09", "loopback only"},
		{"2b sockets behind a mesh", "OK OK OK OK - - -", []edit{meshAnswers, listeningOn("127.0.0.1:8080")}, check.MarkWarn, "PORT-09", "loopback only"},
		{"2b sockets contradict an answer", "OK OK OK OK - - -", []edit{listeningOn("127.0.0.1:8080")}, check.MarkUnknown, "", "contradict"},
		{"2c another address", "REF REF REF REF - - -", []edit{listeningOn("192.168.9.1:8080")}, check.MarkFail, "PORT-09", "192.168.9.1:8080 only"},
		{"2 sockets say all addresses", "OK OK REF REF - - -", []edit{listeningOn("[::]:8080")}, check.MarkUnknown, "", ""},

		{"3 by the client", "REF REF PERM PERM REF - REF", nil, check.MarkFail, "PORT-08", "Nothing listens"},
		{"3 by the sockets", "REF REF PERM PERM - - -", []edit{listeningOn("0.0.0.0:9090")}, check.MarkFail, "PORT-08", "Nothing listens"},
		{"3b by the sockets alone", "PERM PERM PERM PERM - - -", []edit{listeningOn()}, check.MarkFail, "PORT-08", "Nothing listens"},
		{"3 a client that waits tells nothing of the application", "REF REF PERM PERM TMO - TMO", nil, check.MarkUnknown, "", ""},
		{"4 by the client", "REF REF PERM PERM OK OK OK", nil, check.MarkOK, "", "port-forward does not reach it"},
		{"4a by the sockets", "REF REF PERM PERM - - -", []edit{listeningOn("10.0.0.7:8080")}, check.MarkUnknown, "", "bound to 10.0.0.7:8080"},
		{"4a by the sockets of a Pod that is no endpoint", "REF REF PERM PERM - - -", []edit{noneUsableEdit, listeningOn("10.0.0.7:8080")}, check.MarkFail, "", "no usable endpoint"},

		{"5 by the client", "OK OK NOEP OK REF REF OK", []edit{noneUsableEdit}, check.MarkFail, "", "application works"},
		{"5 it hangs", "REF REF NOEP TMO REF REF SIL", []edit{noneUsableEdit}, check.MarkFail, "", "accepts connections and does not answer, and the Service has no usable endpoint. It took the connection"},
		{"5 it hangs for everybody", "OK OK NOEP OK - - -", []edit{noneUsableEdit, silentOn(RungPod, RungService, RungProxyPod)}, check.MarkFail, "", "does not answer, and the Service has no usable endpoint"},
		{"5 somebody was answered", "OK OK NOEP OK - - -", []edit{noneUsableEdit, silentOn(RungPod, RungService)}, check.MarkFail, "", "The application works"},
		{"5 connected only", "REF REF NOEP PERM REF REF CON", []edit{noneUsableEdit}, check.MarkFail, "", "no usable endpoint, and the Pod accepts connections. Whether"},
		{"5b nothing else told anything", "PERM PERM PERM PERM REF REF -", []edit{noneUsableEdit}, check.MarkFail, "", "its address refuses every client"},
		{"6 the proxy misleads", "OK OK NOEP OK OK OK OK", nil, check.MarkOK, "", "says otherwise"},
		{"6b no Pods, served", "NOT FAIL FAIL NOT OK OK -", []edit{noPod, withFault(faultNoSelector)}, check.MarkOK, "", "are no Pods"},
		{"7 the family that the client dials has no endpoint", "OK OK OK OK REF OK OK", []edit{func(f *Facts) { f.UsableAtAddress = 0 }}, check.MarkFail, "PORT-15", "no usable endpoint of that IP family"},
		{"8a hairpin beside another endpoint", "OK OK OK OK TMO OK OK", []edit{behind, threeUsable}, check.MarkUnknown, "", "one of the Service's own Pods"},
		{"8a Local, and the node has an endpoint", "OK OK OK OK TMO TMO OK", []edit{fromPod, local, threeUsable}, check.MarkFail, "", "sends to its own endpoints alone"},
		{"8a Local, and the checks say that the node has none", "OK OK OK OK TMO TMO OK", []edit{fromPod, local, threeUsable, told("TP-02")}, check.MarkFail, "TP-02", "that node has no endpoint of its own"},
		{"8a Local, and the node is not known", "OK OK OK OK TMO TMO OK", []edit{local, threeUsable}, check.MarkFail, "TP-02", "no endpoint of its own"},
		{"6c no Pods, not served", "NOT FAIL FAIL NOT REF REF -", []edit{noPod, withFault(faultNoSelector)}, check.MarkFail, "", "without a Pod, and a client gets no answer"},
		{"6c no Pods, and the client waits in vain", "NOT FAIL FAIL NOT TMO TMO -", []edit{noPod, withFault(faultNoSelector)}, check.MarkFail, "", "a firewall may keep it from there"},
		{"6c no Pods, and another proxy", "NOT FAIL FAIL NOT TMO TMO -", []edit{noPod, withFault(faultNoSelector), otherProxy}, check.MarkFail, "", "takes the Service away from kube-proxy"},
		{"6c no Pods, and traffic of the own node only", "NOT FAIL FAIL NOT TMO TMO -", []edit{noPod, withFault(faultNoSelector), local}, check.MarkFail, "", "internalTrafficPolicy is Local"},

		{"6 Pods cannot be read, served", "NOT NOT OK NOT OK OK -", []edit{noPod, func(f *Facts) { f.PodsKnown = false }}, check.MarkOK, "", "answers a client inside the cluster"},

		{"7", "OK OK OK OK REF REF OK", []edit{fromPod}, check.MarkFail, "TP-08", "shop/front-1 tried on node node-2"},
		{"7 by the client alone", "OK OK PERM PERM REF REF OK", nil, check.MarkFail, "TP-08", "refused at the Service's address"},
		{"7 not without an endpoint", "OK OK OK OK REF REF OK", []edit{noneUsableEdit}, check.MarkUnknown, "", ""},
		{"7a rejected", "OK OK OK OK REF REF REF", nil, check.MarkFail, "", "where the API server gets through"},
		{"7a rejected by a policy", "OK OK OK OK REF REF REF", []edit{told("NP-03")}, check.MarkFail, "NP-03", "where the API server gets through"},

		{"8", "OK OK OK OK TMO TMO TMO", []edit{fromPod}, check.MarkFail, "", "Pod shop/front-1 is kept out"},
		{"8 by a policy", "OK OK OK OK TMO TMO TMO", []edit{told("DNS-03", "NP-03", "NP-04")}, check.MarkFail, "NP-04", "NetworkPolicy x shuts the client out"},
		{"8 whether others get through is not known", "OK OK PERM PERM TMO TMO TMO", nil, check.MarkFail, "", "whether others get through is not known"},
		{"8 the address alone", "OK OK PERM PERM TMO TMO -", nil, check.MarkUnknown, "", ""},
		{"8a", "OK OK OK OK TMO TMO OK", nil, check.MarkFail, "TP-08", "and not by the Service's address"},
		{"8a local", "OK OK OK OK TMO TMO OK", []edit{local}, check.MarkFail, "TP-02", "internalTrafficPolicy is Local"},
		{"8a another proxy", "OK OK OK OK TMO TMO OK", []edit{otherProxy, local}, check.MarkFail, "SVC-07", "service-proxy-name"},
		{"8a hairpin", "OK OK OK OK TMO TMO OK", []edit{behind, local}, check.MarkUnknown, "", "hairpin"},
		{"8b headless", "OK OK OK OK - TMO OK", []edit{headless, threeUsable}, check.MarkFail, "", "another endpoint of the Service does not"},

		{"9 clients are served", "OK OK TMO TMO OK OK OK", []edit{otherSilent}, check.MarkOK, "", "client inside the cluster is served"},
		{"9 the Pod's IP alone", "OK OK TMO TMO - - OK", nil, check.MarkUnknown, "", inconclusive},
		{"9 the Pod's IP alone, where the API server reaches another Pod", "OK OK TMO TMO - - OK", []edit{otherAnswers, threeUsable}, check.MarkUnknown, "", inconclusive},
		{"9 by the name alone", "OK OK TMO TMO - OK OK", []edit{otherAnswers}, check.MarkOK, "", "client inside the cluster is served"},
		{"10 by the client", "OK OK TMO TMO TMO TMO TMO", nil, check.MarkFail, "", "10.0.0.7:8080 cannot be reached"},
		{"10 and a policy admits nobody", "OK OK TMO TMO TMO TMO TMO", []edit{admitsNobody}, check.MarkFail, "NP-01", "keeps everybody"},

		{"12 nothing listens here, another one answers the client", "REF REF PERM PERM OK OK REF", []edit{threeUsable}, check.MarkFail, "PORT-08", "another endpoint answers"},
		{"12a loopback here, another one answers the client", "OK OK PERM PERM OK OK REF", []edit{threeUsable}, check.MarkFail, "PORT-09", "In Pod web-1"},
		{"12c not reached here, another one answers the client", "OK OK PERM PERM OK OK TMO", []edit{threeUsable}, check.MarkFail, "", "another endpoint answers"},
		{"12 nothing listens here, and Proxy→Service drew the same Pod", "REF REF REF REF OK OK REF", []edit{threeUsable}, check.MarkFail, "PORT-08", "another endpoint answers"},
		{"12 nothing listens here, and the name drew the same Pod", "REF REF REF REF OK REF REF", []edit{threeUsable}, check.MarkFail, "PORT-08", "another endpoint answers"},
		{"12 nothing listens here, and the name alone drew another", "REF REF REF REF REF OK REF", []edit{threeUsable}, check.MarkFail, "PORT-08", "another endpoint answers"},
		{"12 nothing listens here, and Proxy→Service alone drew another", "REF REF OK REF REF REF REF", []edit{threeUsable}, check.MarkFail, "PORT-08", "another endpoint answers"},
		{"12a loopback here, and the name drew the same Pod", "OK OK REF REF OK REF REF", []edit{threeUsable}, check.MarkFail, "PORT-09", "In Pod web-1"},
		{"12b another Pod is bad, and the name drew it", "OK OK REF OK OK REF OK", []edit{threeUsable}, check.MarkFail, "", "another endpoint of the Service does not"},
		{"12c not reached here, and the name drew the same Pod", "OK OK TMO TMO OK TMO TMO", []edit{threeUsable}, check.MarkFail, "", "another endpoint answers"},
		{"12 one endpoint cannot draw two", "REF REF REF REF OK OK REF", nil, check.MarkUnknown, "", ""},
		{"12 one endpoint cannot do both", "OK OK PERM PERM OK OK REF", nil, check.MarkUnknown, "", ""},

		{"14 clients inside are served", "OK OK OK OK OK OK OK", []edit{meshAnswers}, check.MarkOK, "", "client inside the cluster is served"},
		{"15 the client too", "PERM PERM PERM PERM PERM - -", nil, check.MarkUnknown, "", "may not run"},

		{"17", "OK OK OK OK OK NAME? OK", []edit{fromPod}, check.MarkFail, "", "does not resolve in this client"},
		{"17 in vain until the end", "OK OK OK OK OK TMO OK", nil, check.MarkFail, "", "does not resolve in time"},
		{"17 its own policy", "OK OK OK OK OK NAME? OK", []edit{told("DNS-01")}, check.MarkFail, "DNS-01", "does not resolve in this client"},
		{"17 a NetworkPolicy", "OK OK OK OK OK NAME? OK", []edit{told("NP-04", "DNS-03")}, check.MarkFail, "DNS-03", "does not resolve in this client"},
		{"17 the name server is dead", "OK OK OK OK OK NAME? OK", []edit{deadDNS}, check.MarkFail, "DNS-02", "no usable endpoint"},
		{"17 where the address does not answer either, the name is not the fault", "OK OK REF REF REF NAME? REF", nil, check.MarkFail, "PORT-09", "127.0.0.1 only"},
		{"16 the name is answered", "OK OK OK OK SIL OK SIL", []edit{silentOn(RungPod, RungService, RungProxyService, RungProxyPod)}, check.MarkUnknown, "", "contradict"},
		{"17a elsewhere", "OK OK OK OK OK REF OK", nil, check.MarkFail, "", "leads somewhere else"},
		{"17b headless", "OK OK OK OK - NAME? OK", []edit{headless}, check.MarkFail, "", "does not resolve in this client"},
	} {
		t.Run(test.name, func(t *testing.T) {
			facts := oneUsable(test.facts...)
			observations := append(seenByClient(t, test.seen, &facts), fromHereIn(facts)...)
			got := Conclude(observations, facts)
			if got.Mark != test.mark || got.ID != test.id || !strings.Contains(got.Text+" "+got.Why, test.text) {
				t.Errorf("%s: got mark %v, ID %q, %q, %q; want mark %v, ID %q, %q", test.seen, got.Mark, got.ID, got.Text, got.Why, test.mark, test.id, test.text)
			}
			if got.Mark != check.MarkOK && got.Next == "" {
				t.Errorf("%q leads nowhere: no next action", got.Text)
			}
		})
	}
}

// Whatever a client saw: no panic, a text, and never healthy where it was turned away at the Service's address.
func TestConcludeForClientIsTotal(t *testing.T) {
	outcomes := []Outcome{OK, Refused, Timeout, Failed, NotRun}
	targets := []string{"10.96.0.1:80", "web.shop.svc:80", "10.0.0.7:8080"}
	for _, edits := range [][]edit{
		nil,
		{noneUsableEdit},
		{threeUsable},
		{noPod},
		{meshAnswers},
		{inVM},
		{func(f *Facts) { f.Unresolved = true }},
		{func(f *Facts) { f.Headless = true }},
		{listeningOn("127.0.0.1:8080")},
		{listeningOn()},
		{listeningOn("0.0.0.0:8080")},
	} {
		facts := oneUsable(edits...)
		for i := range len(outcomes) * len(outcomes) * len(outcomes) * len(outcomes) {
			at := func(divisor int) Outcome { return outcomes[i/divisor%len(outcomes)] }
			observations := []Observation{
				{Rung: RungPod, Outcome: at(125)},
				{Rung: RungProxyPod, Outcome: at(125)},
				{Rung: RungInCluster, Target: targets[0], Outcome: at(1)},
				{Rung: RungInCluster, Target: targets[1], Outcome: at(5)},
				{Rung: RungInCluster, Target: targets[2], Outcome: at(25)},
			}
			if facts.Pod == "" {
				observations = observations[:4]
			}
			got := Conclude(observations, facts)
			if got.Text == "" || got.Mark == check.MarkNone {
				t.Fatalf("%+v: empty conclusion %+v", observations, got)
			}
			if vip := at(1); got.Mark == check.MarkOK && (vip == Refused || vip == Timeout) && !facts.Headless {
				t.Fatalf("%+v is healthy: %+v", observations, got)
			}
		}
	}
}
