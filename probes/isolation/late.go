package isolation

import (
	"cmp"
	"fmt"
	"time"

	"github.com/svctui/svctui/probes/check"
)

// timed is how long an answer took on a rung.
type timed struct {
	rung Rung
	took time.Duration
}

// timeCounts tells whether the time of an answer is the application's.
func (s *subject) timeCounts(got answer) bool {
	return got.outcome == OK && got.status && !got.insteadTLS && s.speaks.scheme != schemeTCP
}

// leadsToPod tells whether what answers on a rung is surely the tested Pod.
func (s *subject) leadsToPod(rung Rung) bool {
	switch rung {
	case RungPod, RungProxyPod:
		return true
	case RungService:
		return s.asKubectl().pod == s.pod
	case RungProxyService:
		return !otherEndpoints(s.facts)
	}
	return false
}

// lateness is how long the tested Pod took to answer where clients arrive, and how long another endpoint did, where that is longer than an answer
// is given; else zero. An application that is known to be there is waited for longer on the API server's way (slowPatience), so that it can be told
// from one that hangs. The Pod is in time where its IP was; a forward, which has to open first, counts only where that told nothing.
func (r *run) lateness() (own, elsewhere time.Duration, inTime bool) {
	at := map[Rung]time.Duration{}
	for _, answer := range r.timed {
		at[answer.rung] = max(at[answer.rung], answer.took)
	}
	lateAt := func(rung Rung) time.Duration {
		if at[rung] > r.subject.patience() {
			return at[rung]
		}
		return 0
	}
	_, told := at[RungProxyPod]
	own, inTime = lateAt(RungProxyPod), told && lateAt(RungProxyPod) == 0
	switch {
	case !r.subject.leadsToPod(RungProxyService):
		if inTime || !told {
			elsewhere = lateAt(RungProxyService)
		}
	case !told:
		own = lateAt(RungProxyService)
	}
	if _, told := at[RungProxyService]; len(at) > 0 && own+elsewhere == 0 && !inTime && !told {
		own = lateAt(RungPod)
	}
	return own, elsewhere, inTime
}

// ofLate says beside a pass that the answer took longer than most clients wait.
func (c Conclusion) ofLate(v verdict, f Facts) Conclusion {
	if v.family() != healthy || c.Mark != check.MarkOK || f.Late+f.LateElsewhere == 0 {
		return c
	}
	why := c.Why
	if f.seen.clientConnects() {
		why = f.client() + " was connected as well, and cut off before an answer came."
	}
	why = joined(fmt.Sprintf("An answer is expected within %s.", cmp.Or(f.Patience, answerPatience)), why)
	if f.Late == 0 {
		who := "The way to the application is open, and one of its endpoints"
		if f.PodInTime {
			who = fmt.Sprintf("Pod %s answers in time, and another endpoint", f.Pod)
		}
		return Conclusion{
			Mark: check.MarkWarn, Confidence: check.Probed,
			Text: fmt.Sprintf("%s takes %s to answer: clients that are sent there and wait for less get nothing.", who, f.LateElsewhere.Round(time.Second)),
			Why:  why, Next: allPods,
		}
	}
	return Conclusion{
		Mark: check.MarkWarn, Confidence: check.Probed,
		Text: fmt.Sprintf("The way to the application is open, and it takes %s to answer: clients that wait for less get nothing.", f.Late.Round(time.Second)),
		Why:  why,
		Next: "look at its log, and at what it depends on; another path (--path, or o on the screen of the test) may answer sooner",
	}
}
