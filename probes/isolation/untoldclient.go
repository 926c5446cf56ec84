package isolation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/svctui/svctui/probes/check"
)

// ofUntoldClient takes a pass back where it was asked whether one client is served, and nothing told of that: what the API tells of that client
// is then all that is known.
func (c Conclusion) ofUntoldClient(observations []Observation, f Facts) Conclusion {
	if c.Mark != check.MarkOK || f.Client == "" || f.seen.fromClient() {
		return c
	}
	i := slices.IndexFunc(observations, func(seen Observation) bool { return seen.Rung == RungInCluster })
	if i < 0 {
		return c
	}
	next := "try it from another Pod"
	if observations[i].Paste != "" {
		next = "run the line beside the rung In-cluster, or try it from a container that has a shell and curl or wget (--container, or x on the screen of the test)"
	}
	why := fmt.Sprintf("%s itself told nothing (%s).", f.client(), cmp.Or(strings.TrimSuffix(observations[i].Detail, "."), "it was not tried"))
	barred := slices.IndexFunc(f.ClientFindings, func(finding check.Finding) bool {
		return finding.Severity >= check.Minor && finding.Confidence >= check.Likely && !finding.Settling && !f.ClientBehind
	})
	if barred >= 0 {
		finding := &f.ClientFindings[barred]
		return Conclusion{
			ID: finding.ID, Mark: check.MarkWarn, Confidence: check.Likely, OnlyForClient: true,
			Text: finding.Title, Why: joined(finding.Why, "Otherwise the way is open. "+why), Next: next,
		}.mended(finding.Fix)
	}
	told := unknown(fmt.Sprintf("Whether %s is served is not known.", f.client()), joined(why, "Of the ways beside it: "+lowered(c.Text)), next)
	told.OnlyForClient = true
	return told
}
