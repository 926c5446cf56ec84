package isolation

import (
	"github.com/svctui/svctui/kube/model"
	"github.com/svctui/svctui/probes/check"
)

// The JSON contract of `svctui test -o json`: an array, one entry per port.
type testJSON struct {
	Namespace  string          `json:"namespace"`
	Service    string          `json:"service"`
	Port       string          `json:"port"`
	Pod        string          `json:"pod,omitempty"`
	Client     string          `json:"client,omitempty"`
	PodPort    int32           `json:"podPort,omitempty"`
	Rungs      []rungJSON      `json:"rungs"`
	Conclusion *conclusionJSON `json:"conclusion,omitempty"`
	// ForClient is what the API tells that keeps the client from the Service, in the form of the findings of diagnose.
	ForClient any `json:"forClient,omitempty"`
}

type rungJSON struct {
	Rung   Rung    `json:"rung"`
	Target string  `json:"target,omitempty"`
	Result Outcome `json:"result"`
	Detail string  `json:"detail,omitempty"`
	Millis int64   `json:"millis"`
	Paste  string  `json:"paste,omitempty"`
}

type conclusionJSON struct {
	ID         string `json:"id,omitempty"`
	Result     string `json:"result"`
	Confidence string `json:"confidence,omitempty"`
	Text       string `json:"text"`
	// Cause is there where the finding is only what Text is probably due to; Confidence is then that of Text alone.
	Cause   *causeJSON `json:"cause,omitempty"`
	Why     string     `json:"why,omitempty"`
	Next    string     `json:"next,omitempty"`
	Command string     `json:"command,omitempty"`
}

type causeJSON struct {
	Text       string `json:"text"`
	Confidence string `json:"confidence"`
}

// JSON returns what `svctui test -o json` marshals. Its strings are as the cluster sent them; clean says how they are
// cleaned; forClient writes what the API tells of a client.
func JSON(results []Result, clean func(string) string, forClient func(check.ClientReport) any) any {
	tests := make([]testJSON, 0, len(results))
	for _, result := range results {
		test := testJSON{
			Namespace: clean(result.Request.Service.Namespace), Service: clean(result.Request.Service.Name),
			Port: clean(result.Request.Port), Pod: clean(result.Request.Pod), PodPort: result.PodPort,
		}
		if client := result.Request.Client; client != (model.Key{}) {
			test.Client = clean(client.String())
			if forClient != nil {
				test.ForClient = forClient(result.ForClient)
			}
		}
		test.Rungs = rungsOf(result.Rungs, clean)
		test.Conclusion = conclusionOf(result.Conclusion, clean)
		tests = append(tests, test)
	}
	return tests
}

func rungsOf(observations []Observation, clean func(string) string) []rungJSON {
	rungs := make([]rungJSON, 0, len(observations))
	for _, seen := range observations {
		rungs = append(rungs, rungJSON{seen.Rung, clean(seen.Target), seen.Outcome, clean(seen.Detail), seen.Took.Milliseconds(), clean(seen.Paste)})
	}
	return rungs
}

func conclusionOf(c *Conclusion, clean func(string) string) *conclusionJSON {
	if c == nil {
		return nil
	}
	out := &conclusionJSON{ID: c.ID, Result: markName(c.Mark), Text: clean(c.Text), Why: clean(ByFlags(c.Why)), Next: clean(ByFlags(c.Next)), Command: clean(c.Command)}
	if c.Mark != check.MarkUnknown {
		out.Confidence = c.Confidence.String()
	}
	if c.Cause != nil {
		out.Cause = &causeJSON{clean(c.Cause.Text), c.Cause.Confidence.String()}
	}
	return out
}

func markName(mark check.Mark) string {
	switch mark {
	case check.MarkOK:
		return "ok"
	case check.MarkFail:
		return "fail"
	case check.MarkWarn:
		return "warn"
	}
	return "unknown"
}

// ExitCode is the exit code of `svctui test`: 1 when something is red, else 2 when something could not be decided or looked
// at, else 0.
func ExitCode(results []Result) int {
	code := 0
	if len(results) == 0 {
		code = 2
	}
	for _, result := range results {
		switch {
		case result.Conclusion != nil && result.Conclusion.Mark == check.MarkFail:
			return 1
		case result.Conclusion == nil || result.Conclusion.Mark != check.MarkOK:
			code = 2
		}
	}
	return code
}
