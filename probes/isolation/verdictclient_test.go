package isolation

import (
	"strings"
	"testing"

	"github.com/svctui/svctui/probes/check"
)

// TestWordsForClients holds what is said of a client beside the conclusion itself.
func TestWordsForClients(t *testing.T) {
	from := func(f *Facts) { f.Client = "shop/front-1" }
	onNode := func(f *Facts) { f.ClientNode = "node-2" }
	headless := func(f *Facts) { f.Headless = true }
	local := func(f *Facts) { f.LocalOnly = true }
	otherProxy := func(f *Facts) { f.OtherProxy = true }
	behind := func(f *Facts) { f.ClientBehind = true }
	told := func(edits ...func(*check.Finding)) edit {
		return func(f *Facts) {
			found := finding("NP-04")
			for _, edit := range edits {
				edit(&found)
			}
			f.ClientFindings = append(f.ClientFindings, found)
		}
	}
	possible := func(f *check.Finding) { f.Confidence = check.Possible }
	info := func(f *check.Finding) { f.Severity = check.Info }
	minor := func(f *check.Finding) { f.Severity = check.Minor }
	unmended := func(f *check.Finding) { f.Fix = nil }
	empty := func(f *check.Finding) { f.Fix = &check.Fix{} }
	commanded := func(f *check.Finding) { f.Fix = &check.Fix{Command: "kubectl edit netpol x"} }
	const (
		served  = "OK OK OK OK OK OK OK"
		keptOut = "OK OK OK OK TMO TMO TMO"
		dropped = "OK OK OK OK TMO TMO OK"
		rejects = "OK OK OK OK REF REF OK"
	)
	for _, test := range []struct {
		name  string
		seen  string
		facts []edit
		id    string
		// says is a part of all that is said, not is none.
		says, not string
	}{
		{"served", served, []edit{from}, "", "Pod shop/front-1 got through at the Service's address and by its name: kube-proxy", "though"},
		{"served, by nobody's name", served, nil, "", "The client got through at", "Pod shop"},
		{"served, and the name was not tried", "OK OK OK OK OK - OK", nil, "", "got through at the Service's address: kube-proxy", "name"},
		{"served by a headless name", "OK OK OK OK - OK OK", []edit{headless}, "", "got through by the Service's name: DNS", "kube-proxy"},
		{"served, though a policy is known", served, []edit{told()}, "", "by its name, though NetworkPolicy x shuts the client out (NP-04): the network plugin", "let it pass. Other"},
		{"served, though a policy is known, by a headless name", "OK OK OK OK - OK OK", []edit{headless, told()}, "", "by the Service's name, though NetworkPolicy x shuts the client out (NP-04): the network plugin", "DNS, the network"},
		{"served, though a policy may be", served, []edit{told(possible)}, "", "Other clients may be judged otherwise", "though"},
		{"served, and one of the Service's own", served, []edit{told(), behind}, "", "Other clients may be judged otherwise", "though"},
		{"served, though nobody is admitted", served, []edit{admitsNobody}, "", "though NetworkPolicy deny admits nobody (NP-01)", "let it pass. Other"},

		{"kept out", keptOut, []edit{from}, "", "Neither the Service's address nor 10.0.0.7:8080 answers this client", "internalTrafficPolicy"},
		{"kept out, the Pod not tried", "OK OK OK OK TMO TMO -", nil, "", "internalTrafficPolicy Local, another proxy", "Neither"},
		{"kept out, and nothing was seen of the application", "PERM PERM PERM PERM TMO TMO TMO", []edit{from}, "", "Pod shop/front-1 gets no answer. Whether the application answers anybody is not known.", "kept out"},
		{
			"kept out, or one that hangs takes no more", keptOut,
			[]edit{from, func(f *Facts) { f.Wordless = true }},
			"",
			"Pod shop/front-1 gets no answer, though others are connected. The API server gets through. Neither the Service's address nor 10.0.0.7:8080 answers this client: " +
				"a NetworkPolicy, or the network between the nodes. Or the application hangs", "kept out",
		},
		{"unheard of, and nobody is connected", "PERM PERM PERM PERM TMO TMO TMO", []edit{func(f *Facts) { f.Wordless = true }}, "", "is not known", "hangs"},
		{"silent to everybody, and to the client as well", keptOut, []edit{silentOn(RungPod, RungService, RungProxyService, RungProxyPod)}, "", "The application accepts connections and does not answer. It took the connection", "application answers"},
		{"kept out, and the application hangs inside the Pod", "OK OK PERM PERM TMO TMO TMO", []edit{silentOn(RungPod, RungService)}, "", "The application accepts connections inside the Pod; whether", "application answers"},
		{"kept out by a policy", keptOut, []edit{told()}, "NP-04", "NetworkPolicy x shuts the client out. The API server gets through", ""},
		{"kept out by a policy of little weight", keptOut, []edit{told(minor)}, "NP-04", "NetworkPolicy x shuts the client out.", ""},
		{"kept out, and advice", keptOut, []edit{told(info)}, "", "is kept out", "NetworkPolicy x"},
		{"kept out, perhaps by a policy", keptOut, []edit{told(possible)}, "", "is kept out", "NetworkPolicy x"},
		{"the fix is a note", keptOut, []edit{told()}, "NP-04", "admit it", "look at the NetworkPolicies"},
		{"the fix is a command", keptOut, []edit{told(commanded)}, "NP-04", "run this kubectl edit netpol x", "look at the NetworkPolicies"},
		{"no fix is known", keptOut, []edit{told(unmended)}, "NP-04", "look at the NetworkPolicies", ""},
		{"the fix says nothing", keptOut, []edit{told(empty)}, "NP-04", "look at the NetworkPolicies", "run this"},

		{"refused by the node", rejects, []edit{from, onNode}, "TP-08", "Pod shop/front-1 tried on node node-2. The node has no endpoint for it: kube-proxy lags or is down, or another proxy is responsible. look at kube-proxy on node node-2", ""},
		{"refused by the node, which is not known", rejects, []edit{from}, "TP-08", "Pod shop/front-1 tried. The node has no endpoint for it", "on node"},
		{"refused by the node, which is not known: what to look at", rejects, []edit{from}, "TP-08", "look at kube-proxy on the client's node", ""},
		{"refused, by nobody's name", rejects, nil, "TP-08", "though its endpoints answer. The node has", "tried"},
		{"refused, and the endpoints were connected to alone", "OK OK PERM PERM REF REF CON", []edit{silentOn(RungPod, RungService)}, "TP-08", "though its endpoints accept connections.", "its endpoints answer"},

		{"dropped", dropped, []edit{from}, "TP-08", "Pod shop/front-1 is answered by 10.0.0.7:8080, and not by the Service's address.", ""},
		{"dropped, and the Pod was connected to alone", "OK OK OK OK TMO TMO CON", []edit{from}, "TP-08", "Pod shop/front-1 gets a connection at 10.0.0.7:8080, and none at the Service's address.", "is answered"},
		{"dropped, one of three", dropped, []edit{threeUsable}, "", "another endpoint may be the bad one", "TP-08"},
		{"dropped, one of three, with the policy Local", dropped, []edit{threeUsable, local}, "TP-02", "internalTrafficPolicy is Local", "bad one"},
		{"dropped, one of three, left to another proxy", dropped, []edit{threeUsable, otherProxy}, "SVC-07", "service-proxy-name", "bad one"},

		{"no address for the name", "OK OK OK OK OK NAME? OK", []edit{from}, "", "The Service's address answers, and its name does not resolve", "in time"},
		{"no address for a headless name", "OK OK OK OK - NAME? OK", []edit{headless}, "", "The Service's name does not resolve in this client.", "address answers"},
		{"in vain by the name", "OK OK OK OK OK TMO OK", nil, "", "it does not resolve in time, or leads elsewhere", "one of the endpoints"},
		{"in vain by the name, one of three", "OK OK OK OK OK TMO OK", []edit{threeUsable}, "", "got no answer by its name: one of the endpoints may be bad.", "resolve"},
		{"refused by the name, one of three", "OK OK OK OK OK REF OK", []edit{threeUsable}, "", "was refused by its name: one of the endpoints may be bad.", "leads somewhere else"},
	} {
		t.Run(test.name, func(t *testing.T) {
			facts := oneUsable(test.facts...)
			got := Conclude(seenByClient(t, test.seen, &facts), facts)
			all := strings.Join(strings.Fields(got.Text+" "+got.Why+" "+got.Next+" "+got.Command), " ")
			if got.ID != test.id || !strings.Contains(all, test.says) || test.not != "" && strings.Contains(all, test.not) {
				t.Errorf("%s: %s %q, want %s with %q and without %q", test.seen, got.ID, all, test.id, test.says, test.not)
			}
		})
	}
}

// TestAnExternalNameForAClient reads what a client told of an ExternalName.
func TestAnExternalNameForAClient(t *testing.T) {
	tried := func(outcome Outcome) Observation { return Observation{Rung: RungInCluster, Outcome: outcome} }
	running := tried(OK)
	running.Running = true
	unresolved := func(f *Facts) { f.Unresolved = true }
	for _, test := range []struct {
		name  string
		seen  []Observation
		facts []edit
		mark  check.Mark
		says  string
	}{
		{"answers", []Observation{tried(OK)}, nil, check.MarkOK, "db.example.com answers a client inside the cluster."},
		{"refuses", []Observation{tried(Refused)}, nil, check.MarkFail, "db.example.com resolves inside the cluster, and refuses connections."},
		{"keeps silent", []Observation{tried(Timeout)}, nil, check.MarkFail, "db.example.com cannot be reached from inside the cluster."},
		{"has no address", []Observation{tried(Failed)}, []edit{unresolved}, check.MarkFail, "db.example.com does not resolve inside the cluster."},
		{"no tool told anything", []Observation{tried(Failed)}, nil, check.MarkUnknown, "another name for db.example.com"},
		{"not over yet", []Observation{running}, nil, check.MarkUnknown, "another name for db.example.com"},
		{"another rung", []Observation{{Rung: RungPod, Outcome: OK}}, nil, check.MarkUnknown, "another name for db.example.com"},
		{"behind another rung", []Observation{{Rung: RungPod, Outcome: NotRun}, tried(OK)}, nil, check.MarkOK, "answers a client"},
	} {
		facts := Facts{Fault: faultExternalName, ExternalName: "db.example.com", alias: alias{name: "db.example.com"}}
		for _, edit := range test.facts {
			edit(&facts)
		}
		if got := Conclude(test.seen, facts); got.Mark != test.mark || !strings.Contains(got.Text, test.says) {
			t.Errorf("%s: %s %q, want %q", test.name, markName(got.Mark), got.Text, test.says)
		}
	}
}
