package isolation

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/svctui/svctui/probes/check"
)

// TestEveryConclusionHolds enumerates what the rungs may show, and holds what no conclusion may ever say of it.
func TestEveryConclusionHolds(t *testing.T) {
	t.Parallel()
	ways := map[string][]Outcome{
		"Pod":           {OK, Refused, Timeout, Denied},
		"Proxy→Service": {OK, Refused, Timeout, NoEndpoints, Denied},
		"Proxy→Pod":     {OK, Refused, Timeout, Denied},
		"address":       {NotRun, OK, Refused, Timeout},
		"name":          {OK, Refused, Timeout, Failed},
		"client→Pod":    {OK, Refused, Timeout},
	}
	for name, edits := range map[string][]edit{
		"one endpoint":                 nil,
		"three endpoints":              {threeUsable},
		"no endpoint":                  {noneUsableEdit},
		"slices unread":                {slicesUnread},
		"no Pod":                       {noPod},
		"headless":                     {func(f *Facts) { f.Headless = true }},
		"headless, three endpoints":    {threeUsable, func(f *Facts) { f.Headless = true }},
		"a policy admits some":         {admitsSome},
		"a policy admits nobody":       {admitsNobody, threeUsable},
		"another Pod answers":          {otherAnswers, threeUsable},
		"in a mesh":                    {inMesh},
		"Ready by a probe of the port": {withReadiness(ReadyOnPodIP)},
		"the probe is refused":         {noneUsableEdit, withReadiness(RefusedOnPodIP)},
		"the name is unknown":          {func(f *Facts) { f.Unresolved = true }},
		"sockets on the loopback":      {listeningOn("127.0.0.1:8080")},
		"sockets on all addresses":     {listeningOn("0.0.0.0:8080"), admitsSome},
		"sockets on the Pod's IP":      {listeningOn("10.0.0.7:8080")},
		"no sockets":                   {listeningOn(), noneUsableEdit},
		"the proxies are not answered": {silentOn(RungProxyService, RungProxyPod)},
		"nothing is answered":          {silentOn(RungPod, RungService, RungProxyService, RungProxyPod)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			facts := oneUsable(edits...)
			for _, pod := range ways["Pod"] {
				for _, proxyService := range ways["Proxy→Service"] {
					for _, proxyPod := range ways["Proxy→Pod"] {
						for _, address := range ways["address"] {
							rungs := []Observation{
								{Rung: RungPod, Outcome: pod},
								{Rung: RungService, Outcome: pod},
								{Rung: RungProxyService, Outcome: proxyService},
								{Rung: RungProxyPod, Outcome: proxyPod},
							}
							if address == NotRun {
								holds(t, rungs, facts)
								continue
							}
							for _, named := range ways["name"] {
								for _, clientPod := range ways["client→Pod"] {
									client := append(slices.Clone(rungs),
										Observation{Rung: RungInCluster, Target: "10.96.0.1:80", Outcome: address},
										Observation{Rung: RungInCluster, Target: "web.shop.svc:80", Outcome: named})
									if facts.PodIP != "" {
										client = append(client, Observation{Rung: RungInCluster, Target: "10.0.0.7:8080", Outcome: clientPod})
									}
									holds(t, client, facts)
								}
							}
						}
					}
				}
			}
		})
	}
}

// holds checks one conclusion against what was seen.
func holds(t *testing.T, rungs []Observation, facts Facts) {
	t.Helper()
	got := Conclude(rungs, facts)
	shown := map[string]Outcome{}
	answers, said := 0, 0
	for _, seen := range rungs {
		shown[string(seen.Rung)+" "+seen.Target] = seen.Outcome
		if seen.Outcome == OK {
			answers++
			if !facts.Silent[seen.Rung] {
				said++
			}
		}
	}
	wrong := func(format string, args ...any) {
		t.Fatalf("%v, %d of the port's endpoints usable (known: %v): %q %q %s, %s", shown, facts.Usable, facts.UsableKnown, got.Text, got.Why, got.ID, fmt.Sprintf(format, args...))
	}
	heard := func(rung Rung) bool { return shown[string(rung)+" "] == OK && !facts.Silent[rung] }
	proxied := heard(RungProxyService) || heard(RungProxyPod)
	client := shown[string(RungInCluster)+" 10.96.0.1:80"]
	served := client == OK || facts.Headless && shown[string(RungInCluster)+" web.shop.svc:80"] == OK
	switch {
	case got.Text == "" || got.Mark == check.MarkNone:
		wrong("empty")
	case strings.Contains(got.Text+got.Why, "  ") || strings.HasSuffix(got.Text, " .") || !strings.HasSuffix(got.Text, ".") && got.Text != "":
		wrong("no good sentence")
	case got.Mark == check.MarkOK && !proxied && !served:
		wrong("healthy, and nothing that goes the way of clients was answered")
	case got.Mark == check.MarkOK && !facts.Headless && (client == Refused || client == Timeout):
		wrong("healthy, and the client was turned away")
	case strings.Contains(got.Text, "accepts connections and does not answer") && said > 0:
		wrong("somebody was answered")
	case strings.Contains(got.Text, "application works") && answers == 0, strings.Contains(got.Text, "answers inside the Pod") && answers == 0:
		wrong("nothing answered")
	case (got.ID == "TP-08" || strings.Contains(got.Text, "leads somewhere else")) && otherEndpoints(facts):
		wrong("one of several endpoints may be to blame")
	case got.ID == "PORT-09" && keepsOut(facts) && !facts.Sockets.Known && facts.Readiness != RefusedOnPodIP:
		wrong("a policy may be what rejects")
	case got.Mark != check.MarkOK && got.Next == "":
		wrong("no next action")
	}
}
