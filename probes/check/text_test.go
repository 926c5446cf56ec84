package check

import "testing"

// TestSentencesOfOthersEndAsSentences holds that another sentence may follow what somebody else says.
func TestSentencesOfOthersEndAsSentences(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{"": "", "  ": "", " no quota\n": "no quota.", "no quota.": "no quota.", "no!": "no!", "why? ": "why?", "it said:": "it said:"} {
		if got := Sentence(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
