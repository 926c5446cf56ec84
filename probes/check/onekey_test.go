package check

import "testing"

// TestSelectorTableShowsWhatMatchesAllButOnePair holds that the evidence shows the Pods of which SEL-02 speaks.
func TestSelectorTableShowsWhatMatchesAllButOnePair(t *testing.T) {
	t.Parallel()
	svc := service("web", labels{"app": "web1", "tier": "fe"})
	carrying := func(name, tier string) labels {
		if tier == "" {
			return labels{"app": name}
		}
		return labels{"app": name, "tier": tier}
	}
	for name, test := range map[string]struct {
		objects   objects
		rows      int
		got, how  string
		ambiguous bool
	}{
		"another value":     {objects{svc, pod("a", carrying("web1", "be")), pod("b", carrying("web1", "be")), pod("c", carrying("other", "be"))}, 2, "be", "values differ", false},
		"no such label":     {objects{svc, pod("a", carrying("web1", ""))}, 1, "", "these Pods have no such label", false},
		"several values":    {objects{svc, pod("a", carrying("web1", "be")), pod("b", carrying("web1", "db")), pod("c", carrying("web1", "db"))}, 3, "db", "these Pods carry more than one value", true},
		"ended Pods do not": {objects{svc, pod("a", carrying("web1", "be"), ended("Succeeded"))}, 0, "", "", false},
		"a team's Pods":     {objects{svc, pod("a", carrying("other", "fe"))}, 0, "", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := input(cluster(test.objects...))
			table := SelectorTable(in.Snapshot, web)
			if table.Matching || len(table.Rows) != test.rows || table.Ambiguous != test.ambiguous {
				t.Fatalf("%+v", table)
			}
			app, tier := table.Selector[0], table.Selector[1]
			if tier.Equal || tier.GotValue != test.got || tier.How != test.how || app.Equal != (test.rows > 0) {
				t.Errorf("%+v %+v", app, tier)
			}
			says := false
			for _, finding := range Judge(in, web).Findings {
				says = says || finding.ID == "SEL-02"
			}
			if says != (test.rows > 0) {
				t.Errorf("SEL-02 is said: %v, and %d rows are shown", says, len(table.Rows))
			}
		})
	}
}
