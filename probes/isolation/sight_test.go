package isolation

import (
	"testing"
)

// A client that was cut off before a late answer came was connected; at the Pod's IP only where it was that Pod that was late.
func TestSilenceIsForgivenWhereTheApplicationIsLate(t *testing.T) {
	const connected = answered | silent
	for name, test := range map[string]struct {
		facts                            edit
		inCluster, clientName, clientPod evidence
	}{
		"nobody was late":        {func(*Facts) {}, silent, silent, silent},
		"the Pod was late":       {func(f *Facts) { f.Late = 8 }, connected, connected, connected},
		"another one was late":   {func(f *Facts) { f.LateElsewhere = 8 }, connected, connected, silent},
		"both of them were late": {func(f *Facts) { f.Late, f.LateElsewhere = 8, 9 }, connected, connected, connected},
	} {
		facts := oneUsable(threeUsable, test.facts)
		s := sightOf(seenByClient(t, "OK OK OK OK SIL SIL SIL", &facts), facts)
		if s.inCluster != test.inCluster || s.clientName != test.clientName || s.clientPod != test.clientPod {
			t.Errorf("%s: %+v", name, s)
		}
	}
	facts := oneUsable(func(f *Facts) { f.Late = 8 })
	if s := sightOf(seenByClient(t, "OK OK OK OK REF TMO OK", &facts), facts); s.inCluster != refused || s.clientName != timedOut || s.clientPod != answered {
		t.Errorf("what was not silent: %+v", s)
	}
}

// A connection that is closed is how an application turns away what it does not speak.
func TestClosedIsTurnedAway(t *testing.T) {
	closes := func(f *Facts) { f.Closed = map[Rung]bool{RungPod: true} }
	for name, test := range map[string]struct {
		facts []edit
		want  evidence
	}{
		"it closes":               {[]edit{closes}, closed},
		"it speaks TLS":           {[]edit{closes, func(f *Facts) { f.SpeaksTLS = true }}, answered},
		"it does not":             {[]edit{closes, func(f *Facts) { f.NotTLS = "from its name" }}, answered},
		"it speaks TLS, silently": {[]edit{silentOn(RungPod), func(f *Facts) { f.SpeaksTLS = true }}, silent},
		"the mesh said it":        {[]edit{closes, func(f *Facts) { f.meshSaid = map[string]bool{string(RungPod): true} }}, none},
		"it was refused":          {[]edit{func(f *Facts) { f.SpeaksTLS = true }}, refused},
	} {
		if got := proofOf(Observation{Rung: RungPod, Outcome: Refused}, oneUsable(test.facts...)); got != test.want {
			t.Errorf("%s: %b, want %b", name, got, test.want)
		}
	}
	for target, want := range map[string]evidence{"10.96.0.1:80": closed, "web.shop.svc:80": refused} {
		facts := oneUsable(func(f *Facts) { f.clientProof = map[string]evidence{"10.96.0.1:80": closed} })
		if got := proofOf(Observation{Rung: RungInCluster, Target: target, Outcome: Refused}, facts); got != want {
			t.Errorf("%s: %b, want %b", target, got, want)
		}
	}
}

// A bare connection of the client's tells of no answer where the application was asked and said nothing, and of none but a closed one where it
// closes, whoever else was answered.
func TestBareConnections(t *testing.T) {
	const bare = answered | silent
	for name, test := range map[string]struct {
		before sight
		want   evidence
	}{
		"nobody asked":                 {sight{inCluster: bare}, bare},
		"it is silent":                 {sight{pod: silent, inCluster: bare}, silent},
		"it closes":                    {sight{pod: closed, inCluster: bare}, closed},
		"it closes, and answers":       {sight{pod: closed, proxyPod: answered, inCluster: bare}, bare},
		"it closes, and was refused":   {sight{pod: closed, inCluster: refused}, refused},
		"it is silent, and it refused": {sight{pod: silent, inCluster: refused}, refused},
		"the client was not answered":  {sight{clientName: silent, inCluster: bare}, silent},
	} {
		s := test.before
		if s.judgeBareConnections(); s.inCluster != test.want {
			t.Errorf("%s: %b, want %b", name, s.inCluster, test.want)
		}
	}
}

// That a name was not resolved is told of the name alone, and of one that failed.
func TestAnUnresolvedName(t *testing.T) {
	for outcome, want := range map[Outcome]evidence{Failed: noAddress, OK: answered, Timeout: timedOut} {
		facts := oneUsable(func(f *Facts) { f.Unresolved = true })
		if s := sightOf([]Observation{{Rung: RungInCluster, Target: "web.shop.svc:80", Outcome: outcome}}, facts); s.clientName != want {
			t.Errorf("%s: %b, want %b", outcome, s.clientName, want)
		}
	}
}
