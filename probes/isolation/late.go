package isolation

import (
	"cmp"
	"fmt"
	"time"

	"github.com/svctui/svctui/probes/check"
)

// isLate tells whether an answer took longer than one is given. An application that is known to be there is waited for longer on the API
// server's way (slowPatience), so that it can be told from one that hangs.
func (s *subject) isLate(got answer, took time.Duration) bool {
	return got.outcome == OK && got.status && !got.insteadTLS && s.speaks.scheme != schemeTCP && took > s.patience()
}

// ofLate says beside a pass that the answer took longer than most clients wait.
func (c Conclusion) ofLate(v verdict, f Facts) Conclusion {
	if f.Late == 0 || v.family() != healthy || c.Mark != check.MarkOK {
		return c
	}
	why := c.Why
	if f.seen.clientConnects() {
		why = f.client() + " was connected as well, and cut off before an answer came."
	}
	return Conclusion{
		Mark: check.MarkWarn, Confidence: check.Probed,
		Text: fmt.Sprintf("The way to the application is open, and it takes %s to answer: clients that wait for less get nothing.", f.Late.Round(time.Second)),
		Why:  joined(fmt.Sprintf("An answer is expected within %s.", cmp.Or(f.Patience, answerPatience)), why),
		Next: "look at its log, and at what it depends on; another path (--path, or o on the screen of the test) may answer sooner",
	}
}
