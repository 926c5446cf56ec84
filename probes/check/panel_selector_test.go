package check

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/svctui/svctui/kube/model"
)

// selectorLines is what a person sees in the panel of the selector.
func selectorLines(table SelectorEvidence) []string {
	head := fmt.Sprintf("%d of %d are others", table.Others, table.Total)
	if table.Nearest != "" {
		head += ", " + map[bool]string{true: "matches ", false: "near is "}[table.Matching] + table.Nearest
	}
	if table.Ambiguous {
		head += ", and more"
	}
	lines := []string{head}
	for _, pair := range table.Selector {
		line := fmt.Sprintf("%s=%s", pair.Key, pair.Value)
		if !pair.Equal && len(table.Rows) > 0 {
			line += fmt.Sprintf(" | %s=%s %s %v %v", pair.GotKey, pair.GotValue, pair.How, pair.Missing, pair.Differs)
		}
		lines = append(lines, line)
	}
	for _, row := range table.Rows {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("- %s %q %s", row.Pod, row.Labels, row.Owner)))
	}
	return lines
}

func TestWhatTheSelectorPanelShows(t *testing.T) {
	t.Parallel()
	svc, two := service("web", webApp), service("web", labels{"app": "web", "color": "blue"})
	colored := func(name, color string) *corev1.Pod { return pod(name, labels{"app": "web", "color": color}) }
	for name, test := range map[string]struct {
		objects objects
		want    []string
	}{
		"an ExternalName": {objects{service("web", webApp, externalName("example.com")), pod("a", webApp)}, []string{"0 of 0 are others"}},
		"no selector":     {objects{service("web", nil), pod("a", webApp)}, []string{"1 of 1 are others"}},
		"no Pod":          {objects{svc}, []string{"0 of 0 are others", "app=web"}},
		"it matches": {objects{svc, pod("a", webApp, ofDeploy("front")), pod("b", labels{"app": "other"})}, []string{
			"1 of 2 are others, matches deploy/front", "app=web", `- a ["web"] deploy/front`,
		}},
		"another key": {objects{svc, pod("a", labels{"App": "web"}, ofDeploy("front"))}, []string{
			"0 of 1 are others, near is deploy/front", "app=web | App=web the key differs in upper and lower case [] []", `- a ["web"] deploy/front`,
		}},
		"another color": {objects{two, colored("a", "green"), pod("b", labels{"app": "other"})}, []string{
			"1 of 2 are others, near is no owner", "app=web", "color=blue | color=green values differ [{0 3}] [{0 2} {3 5}]", `- a ["web" "green"] no owner`,
		}},
		"no color": {objects{two, pod("a", webApp)}, []string{
			"0 of 1 are others, near is no owner", "app=web", "color=blue | = these Pods have no such label [{0 4}] []", `- a ["web" ""] no owner`,
		}},
		"mostly of one color": {objects{two, colored("a", "green"), colored("b", "red"), colored("c", "red")}, []string{
			"0 of 3 are others, near is no owner, and more", "app=web", "color=blue | color=red these Pods carry more than one value [{0 3}] [{0 1} {2 3}]", `- a ["web" "green"] no owner`, `- b ["web" "red"] no owner`, `- c ["web" "red"] no owner`,
		}},
		"two colors": {objects{two, colored("a", "red"), colored("b", "green")}, []string{
			"0 of 2 are others, near is no owner, and more", "app=web", "color=blue | color=green these Pods carry more than one value [{0 3}] [{0 2} {3 5}]", `- a ["web" "red"] no owner`, `- b ["web" "green"] no owner`,
		}},
		"mostly of no color": {objects{two, colored("a", ""), colored("b", ""), colored("c", "red")}, []string{
			"0 of 3 are others, near is no owner, and more", "app=web", "color=blue | color= these Pods carry more than one value [{0 4}] []", `- a ["web" ""] no owner`, `- b ["web" ""] no owner`, `- c ["web" "red"] no owner`,
		}},
	} {
		if got := selectorLines(SelectorTable(cluster(test.objects...).Build(now), web)); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q\nwant %q", name, got, test.want)
		}
	}
	// Pods that were read before they may not be read any more are no news.
	before := cluster(svc, pod("a", webApp)).Cover(model.Need{Kind: model.Pods}, model.Coverage{State: model.Forbidden}).Build(now)
	if table := SelectorTable(before, web); table.Known || table.Rows != nil || table.Matching || table.Others != 1 {
		t.Errorf("%+v", table)
	}
	changed := SelectorTable(cluster(service("web", webApp, changedBy("kubectl-edit", `{"f:spec":{"f:selector":{}}}`, time.Minute))).Build(now), web).Changed
	if changed.Manager != "kubectl-edit" || now.Sub(changed.At) != time.Minute {
		t.Errorf("%+v", changed)
	}
}

// TestWhatIsMarkedAsDifferent holds that no more is marked than differs.
func TestWhatIsMarkedAsDifferent(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 256)
	for _, test := range []struct {
		a, b         string
		onlyA, onlyB []Span
	}{
		{"b", "ab", nil, []Span{{0, 1}}},
		{"ab", "b", []Span{{0, 1}}, nil},
		{"ab", "bb", []Span{{0, 1}}, []Span{{1, 2}}},
		{"ab", "bxx", []Span{{0, 1}}, []Span{{1, 3}}},
		{"", "ab", nil, []Span{{0, 2}}},
		{long, long[1:], []Span{{255, 256}}, nil},
		{long[1:], long, nil, []Span{{255, 256}}},
		// Texts that no label can have are marked as a whole.
		{long + "a", long, []Span{{0, 257}}, []Span{{0, 256}}},
		{long, long + "a", []Span{{0, 256}}, []Span{{0, 257}}},
	} {
		if onlyA, onlyB := differingSpans(test.a, test.b); !slices.Equal(onlyA, test.onlyA) || !slices.Equal(onlyB, test.onlyB) {
			t.Errorf("%s, %s: %v %v, want %v %v", test.a, test.b, onlyA, onlyB, test.onlyA, test.onlyB)
		}
	}
}
