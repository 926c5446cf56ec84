package isolation

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/svctui/svctui/probes/check"
)

// What a client's try may come to beside an outcome: it was connected and nothing was asked, or it asked and was not answered.
const (
	asksNothing Outcome = "connected only"
	notAnswered Outcome = "not answered"
)

// clientSaw adds what a client saw at an address.
func clientSaw(rungs []Observation, facts *Facts, target string, outcome Outcome) []Observation {
	seen := Observation{Rung: RungInCluster, Target: target, Outcome: outcome}
	switch outcome {
	case asksNothing:
		seen.Outcome, facts.clientProof[target] = OK, answered|silent
	case notAnswered:
		seen.Outcome, facts.clientProof[target] = Timeout, silent
	default:
	}
	return append(rungs, seen)
}

// TestEveryConclusionHolds enumerates what the rungs may show, and holds what no conclusion may ever say of it.
func TestEveryConclusionHolds(t *testing.T) {
	t.Parallel()
	ways := map[string][]Outcome{
		"Pod":           {OK, Refused, Timeout, Denied},
		"Proxy→Service": {OK, Refused, Timeout, NoEndpoints, Denied},
		"Proxy→Pod":     {OK, Refused, Timeout, Denied},
	}
	// What a client sees goes by what its container has: a program that asks, or one that connects alone.
	clients := []map[string][]Outcome{
		{"address": {OK, notAnswered, Refused, Timeout, Failed}, "name": {OK, notAnswered, Refused, Timeout, Failed}, "Pod": {OK, notAnswered, Refused, Timeout}},
		{"address": {asksNothing, Refused, Timeout, Failed}, "name": {asksNothing, Refused, Timeout, Failed}, "Pod": {asksNothing, Refused, Timeout}},
	}
	for name, edits := range map[string][]edit{
		"one endpoint":                 nil,
		"three endpoints":              {threeUsable},
		"no endpoint":                  {noneUsableEdit},
		"slices unread":                {slicesUnread},
		"slices unread, not empty":     {slicesUnreadNotEmpty},
		"no Pod":                       {noPod},
		"headless":                     {func(f *Facts) { f.Headless = true }},
		"headless, three endpoints":    {threeUsable, func(f *Facts) { f.Headless = true }},
		"a policy admits some":         {admitsSome},
		"a policy admits nobody":       {admitsNobody, threeUsable},
		"a policy admits some of many": {admitsSome, threeUsable, otherAnswers},
		"policies may not be read":     {policiesUnread, threeUsable, otherAnswers},
		"nor read, without endpoints":  {policiesUnread, noneUsableEdit, otherAnswers},
		"another Pod answers":          {otherAnswers, threeUsable},
		"in a mesh":                    {inMesh},
		"Ready by a probe of the port": {withReadiness(ReadyOnPodIP)},
		"the probe is refused":         {noneUsableEdit, withReadiness(RefusedOnPodIP)},
		"the name is unknown":          {func(f *Facts) { f.Unresolved = true }},
		"sockets on the loopback":      {listeningOn("127.0.0.1:8080")},
		"sockets on all addresses":     {listeningOn("0.0.0.0:8080"), admitsSome},
		"sockets on the Pod's IP":      {listeningOn("10.0.0.7:8080")},
		"no sockets":                   {listeningOn(), noneUsableEdit},
		"a mesh answers":               {meshAnswers, threeUsable},
		"in a virtual machine":         {inVM},
		"in a virtual machine, no end": {inVM, noneUsableEdit, admitsSome},
		"Ready, and a policy":          {withReadiness(ReadyOnPodIP), admitsSome, otherAnswers},
		"sockets on the loopback of 3": {listeningOn("127.0.0.1:8080"), threeUsable},
		"sockets elsewhere, in a mesh": {listeningOn("10.9.9.9:8080"), inMesh},
		"no sockets, one of three":     {listeningOn(), threeUsable},
		"a container is stopped":       {containerWaits, threeUsable},
		"not an endpoint":              {threeUsable, func(f *Facts) { f.PodUsable, f.PodReady = false, true }},
		"the proxies are not answered": {silentOn(RungProxyService, RungProxyPod)},
		"nothing is answered":          {silentOn(RungPod, RungService, RungProxyService, RungProxyPod)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := oneUsable(edits...)
			// In short runs one client in five is enough to see that a rule is broken.
			every, clientsSeen := 1, 0
			if testing.Short() {
				every = 5
			}
			for _, pod := range ways["Pod"] {
				for _, proxyService := range ways["Proxy→Service"] {
					for _, proxyPod := range ways["Proxy→Pod"] {
						rungs := []Observation{
							{Rung: RungPod, Outcome: pod},
							{Rung: RungService, Outcome: pod},
							{Rung: RungProxyService, Outcome: proxyService},
							{Rung: RungProxyPod, Outcome: proxyPod},
						}
						holds(t, rungs, facts)
						for _, sees := range clients {
							for _, address := range sees["address"] {
								for _, named := range sees["name"] {
									for _, clientPod := range sees["Pod"] {
										if clientsSeen++; clientsSeen%every != 0 {
											continue
										}
										facts := facts
										facts.clientProof = map[string]evidence{}
										all := slices.Clone(rungs)
										if !facts.Headless {
											all = clientSaw(all, &facts, "10.96.0.1:80", address)
										}
										all = clientSaw(all, &facts, "web.shop.svc:80", named)
										if facts.PodIP != "" {
											all = clientSaw(all, &facts, "10.0.0.7:8080", clientPod)
										}
										holds(t, all, facts)
									}
								}
							}
						}
					}
				}
			}
		})
	}
}

var (
	claimsAnswer = regexp.MustCompile(`(?i)\b(application|endpoints?|pod \S+|it) (itself )?answers?\b`)
	// whether is what is said not to be known.
	whether = regexp.MustCompile(`(?i)whether [^.;,]*`)
)

// wayTo is a rung, and its target where it has several.
type wayTo struct {
	rung   Rung
	target string
}

// holds checks one conclusion against what was seen.
func holds(t *testing.T, rungs []Observation, facts Facts) {
	t.Helper()
	got := Conclude(rungs, facts)
	shown := map[wayTo]Outcome{}
	said := 0
	for _, seen := range rungs {
		outcome := seen.Outcome
		switch facts.clientProof[seen.Target] {
		case silent:
			outcome = notAnswered
		case answered | silent:
			outcome = asksNothing
		}
		shown[wayTo{seen.Rung, seen.Target}] = outcome
		// A forward into a virtual machine ends outside of it.
		forward := seen.Rung == RungPod || seen.Rung == RungService
		if outcome == OK && !facts.Silent[seen.Rung] && !(forward && facts.Kata) {
			said++
		}
	}
	wrong := func(format string, args ...any) {
		t.Fatalf("%v, %d of the port's endpoints usable (known: %v): %q %q %s, %s", shown, facts.Usable, facts.UsableKnown, got.Text, got.Why, got.ID, fmt.Sprintf(format, args...))
	}
	heard := func(rung Rung) bool { return shown[wayTo{rung, ""}] == OK && !facts.Silent[rung] }
	reachedOn := func(rung Rung) bool { return shown[wayTo{rung, ""}] == OK || facts.Silent[rung] }
	named := wayTo{RungInCluster, "web.shop.svc:80"}
	proxied := heard(RungProxyService) || heard(RungProxyPod)
	client := shown[wayTo{RungInCluster, "10.96.0.1:80"}]
	if client == "" || client == Failed {
		client = shown[wayTo{RungInCluster, "web.shop.svc:80"}]
	}
	direct := shown[wayTo{RungInCluster, "10.0.0.7:8080"}]
	// Who was connected at the Service's address is served where the application is known to answer.
	served := client == OK || client == asksNothing && said > 0
	switch {
	case got.Text == "" || got.Mark == check.MarkNone:
		wrong("empty")
	case strings.Contains(got.Text+got.Why, "  ") || strings.HasSuffix(got.Text, " .") || !strings.HasSuffix(got.Text, ".") && got.Text != "":
		wrong("no good sentence")
	case got.Mark == check.MarkOK && !proxied && !served:
		wrong("healthy, and nothing that goes the way of clients was answered")
	case strings.Contains(got.Text, "on its Pod's IP") && !proxied && client != OK && direct != OK && got.Mark == check.MarkOK:
		wrong("nothing was answered on the Pod's IP")
	case (strings.Contains(got.Text, "answers a client") || strings.Contains(got.Text, "client inside the cluster is served")) && client != OK:
		wrong("no client was answered")
	case got.Mark == check.MarkOK && client == notAnswered:
		wrong("healthy, and the client was not answered")
	case got.Mark == check.MarkOK && (client == Refused || client == Timeout):
		wrong("healthy, and the client was turned away")
	case strings.Contains(got.Text, "application accepts connections and does not answer") && said > 0:
		wrong("somebody was answered")
	case strings.Contains(got.Text, "accepts connections and does not answer, while") && (heard(RungPod) && !facts.Kata || heard(RungProxyPod) || direct == OK):
		wrong("that Pod answers")
	case strings.Contains(got.Text, "another endpoint of the Service accepts") && (!otherEndpoints(facts) || !facts.Silent[RungProxyService] && client != notAnswered):
		wrong("nobody was left without an answer, or there is no other endpoint")
	case strings.Contains(got.Text, "application works") && said == 0:
		wrong("nothing answered")
	case strings.Contains(got.Text+got.Why, "application answers inside the Pod") && !strings.Contains(got.Why, "Whether the application") && !heard(RungPod) && !heard(RungService):
		wrong("the forwards were not answered")
	case said == 0 && strings.Contains(got.Text+got.Why, "answer") && claimsAnswer.MatchString(whether.ReplaceAllString(got.Text+" "+got.Why, "")):
		wrong("nobody was answered")
	case (got.ID == "TP-08" || strings.Contains(got.Text, "leads somewhere else")) && otherEndpoints(facts):
		wrong("one of several endpoints may be to blame")
	case got.ID == "PORT-09" && keepsOut(facts) && !facts.Sockets.Known && facts.Readiness != RefusedOnPodIP:
		wrong("a policy may be what rejects")
	case got.Mark == check.MarkFail && heard(RungPod) && shown[wayTo{RungProxyPod, ""}] == Timeout && !noneUsable(facts) && !facts.Sockets.Known && client == "" && direct == "" &&
		(facts.Policies == check.PoliciesAdmitSome || facts.Policies == check.PoliciesUnread):
		wrong("a policy may keep the API server out, and the clients may be served")
	case got.ID == "PORT-08" && shown[wayTo{RungPod, ""}] != Refused && !facts.Sockets.Known:
		wrong("it may listen on its loopback: no forward told")
	case strings.Contains(got.Why, "Both localhost") && shown[wayTo{RungPod, ""}] != Refused:
		wrong("localhost was not tried")
	case got.ID == "PORT-09" && !reachedOn(RungPod) && !facts.Sockets.Known:
		wrong("nothing was reached on the loopback")
	case strings.Contains(got.Text, "while another endpoint") && !reachedOn(RungProxyService) && client != OK && client != asksNothing && client != notAnswered &&
		shown[named] != OK && shown[named] != asksNothing && shown[named] != notAnswered:
		wrong("no other endpoint was reached")
	case strings.Contains(got.Text, "API server is refused") && shown[wayTo{RungProxyPod, ""}] != Refused && (shown[wayTo{RungProxyService, ""}] != Refused || otherEndpoints(facts)):
		wrong("the API server was not")
	case strings.Contains(got.Text, "cannot be reached") && shown[wayTo{RungProxyPod, ""}] != Timeout && direct != Timeout:
		wrong("nobody waited in vain at the Pod's IP")
	case strings.Contains(got.Text+got.Why, "says otherwise") && shown[wayTo{RungProxyService, ""}] != NoEndpoints:
		wrong("that proxy did not say so")
	case strings.Contains(got.Why, "Only port-forwards told") && (proxied || shown[wayTo{RungProxyPod, ""}] == Refused || shown[wayTo{RungProxyService, ""}] == Refused || client == Refused || direct == Refused || facts.Sockets.Known):
		wrong("others told something")
	case strings.Contains(got.Text, "contradict") && tells(shown, facts) < 2:
		wrong("one rung cannot contradict itself")
	case strings.Contains(got.Text, "nothing reached") && said > 0:
		wrong("something did")
	case strings.Contains(got.Text, "no usable endpoint") && facts.UsableKnown && facts.Usable > 0:
		wrong("there is one")
	case got.ID == "NP-01" && got.Mark != check.MarkOK && (direct == OK || direct == asksNothing || served):
		wrong("a client got through")
	case got.Mark != check.MarkOK && got.Next == "":
		wrong("no next action")
	}
}

// tells counts the rungs and addresses that told anything, and the facts that tell as much: sockets, a name without an address, the kubelet's own
// probe, EndpointSlices without an endpoint.
func tells(shown map[wayTo]Outcome, facts Facts) int {
	count := 0
	for rung, outcome := range shown {
		forward := rung.rung == RungPod || rung.rung == RungService
		switch {
		case facts.Silent[rung.rung]:
			count++
		case outcome == Denied, outcome == NotRun, outcome == Failed && !facts.Unresolved, outcome == Timeout && forward:
		default:
			count++
		}
	}
	for _, tells := range []bool{facts.Sockets.Known, facts.Readiness >= ReadyOnPodIP, noneUsable(facts)} {
		if tells {
			count++
		}
	}
	return count
}
