package check

import (
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/svctui/svctui/kube/model"
)

func TestValueCost(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		wanted, got string
		cost        int
	}{
		{"checkout", "checkout", costEqual},
		{"myapp", "MyApp", costCase},
		{"myapp", "my-app", costSeparator},
		{"my_app", "my.app", costSeparator},
		{"myapp", "My-App", costSeparator + costCase},
		{"checkout", "chekout", costOneTypo},
		{"checkout", "chekcout", costOneTypo},
		{"shipments", "shipmnt", costTwoTypos},
		{"checkout", "chkout", costOther},
		{"shop-checkout", "shop-chekout", costOneTypo},
		{"redis", "redis-master", costAffix},
		{"web-1", "web-2", costSibling},
		{"web", "web2", costSibling},
		{"web", "web-2", costSibling},
		{"v1.1", "v11", costSibling},
		{"v1", "v10", costSibling},
		{"blue", "green", costSibling},
		{"wbe", "web", costTwoTypos},
		{"api", "pai", costTwoTypos},
		{"app", "api", costSibling},
		{"shop-api", "shop-app", costSibling},
		{"us-east", "us-west", costSibling},
		{"data-import", "data-export", costSibling},
		{"shard-a", "shard-b", costOther},
		{"abc", "abd", costOther},
		{"cart", "checkout", costOther},
		{"checkout-v1", "chekout-v2", costOther},
		{"", "web", costOther},
		{"web", "", costOther},
		{strings.Repeat("a", 300), strings.Repeat("a", 299) + "b", costOther},
	} {
		if got := valueCost(test.wanted, test.got); got != test.cost {
			t.Errorf("%q for %q costs %d, want %d", test.got, test.wanted, got, test.cost)
		}
	}
}

func missesOf(selector labels, objects ...metav1.Object) []NearMiss {
	svc := service("web", selector)
	return NearMisses(input(cluster(append(objects, svc)...)).Snapshot, svc)
}

func TestNearMisses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		selector labels
		pod      labels
		cost     int
		how      string
	}{
		"case":                  {labels{"app": "web"}, labels{"app": "Web"}, 1, "upper and lower case differ"},
		"case of the key":       {labels{"App": "web"}, labels{"app": "web"}, 1, "the key differs in upper and lower case"},
		"prefix of the key":     {labels{"app": "web"}, labels{"app.kubernetes.io/name": "web"}, 2, "the key is app.kubernetes.io/name"},
		"name before instance":  {labels{"app": "web"}, labels{"app.kubernetes.io/instance": "web", "app.kubernetes.io/name": "web"}, 2, "the key is app.kubernetes.io/name"},
		"last part of the key":  {labels{"component": "web"}, labels{"app.kubernetes.io/component": "web"}, 2, "the key is app.kubernetes.io/component"},
		"a slip in the key":     {labels{"compnent": "web"}, labels{"component": "web"}, 2, "the key is component"},
		"an unrelated key":      {labels{"app": "payments"}, labels{"service": "payments"}, 4, "the key is service"},
		"key and value":         {labels{"app": "payments"}, labels{"k8s-app": "payment"}, 4, "the key is k8s-app"},
		"as far as it may be":   {labels{"app": "redis"}, labels{"k8s-app": "redis-master"}, 6, "the key is k8s-app"},
		"swapped":               {labels{"app": "x", "tier": "y"}, labels{"app": "y", "tier": "x"}, 6, "the values are swapped"},
		"two slips in two keys": {labels{"app": "myapp", "team": "one"}, labels{"app": "my-app", "team": "One"}, 2, "a separator differs"},
	} {
		misses := missesOf(test.selector, pod("a", test.pod))
		if len(misses) != 1 || misses[0].Cost != test.cost || misses[0].Pairs[0].How() != test.how {
			t.Errorf("%s: %+v", name, misses)
		}
	}
	for name, test := range map[string]struct{ selector, pod labels }{
		"a pair that is absent":    {labels{"app": "web", "tier": "front"}, labels{"app": "web"}},
		"too many slips":           {labels{"app": "redis", "role": "cache"}, labels{"app": "redis-master", "role": "cache-main"}},
		"numbered keys":            {labels{"shard1": "x"}, labels{"shard2": "x"}},
		"a short value anywhere":   {labels{"app": "v1"}, labels{"version": "v1"}},
		"a sibling":                {labels{"app": "web-1"}, labels{"app": "web-2"}},
		"another application":      {labels{"app": "cart"}, labels{"app": "payments"}},
		"hashes are never a slip":  {labels{"app": "web", "pod-template-hash": "6f7d8c9b5"}, labels{"app": "web", "pod-template-hash": "6f7d8c9b4"}},
		"an ended Pod is no group": {labels{"app": "myapp"}, labels{"app": "none"}},
	} {
		if misses := missesOf(test.selector, pod("a", test.pod), pod("e", labels{"app": "my-app"}, ended(corev1.PodSucceeded))); len(misses) != 0 {
			t.Errorf("%s: %+v", name, misses)
		}
	}
}

// TestNothingIsNearAPodThatMatches holds that a selector which matches is not held to be a slip.
func TestNothingIsNearAPodThatMatches(t *testing.T) {
	t.Parallel()
	selector, near := labels{"app": "checkout"}, pod("near", labels{"app": "chekout"})
	for name, matching := range map[string]*corev1.Pod{"first": pod("a", selector), "last": pod("z", selector)} {
		if misses := missesOf(selector, near, matching); len(misses) != 0 {
			t.Errorf("%s: %+v", name, misses)
		}
	}
	if misses := missesOf(selector, near, pod("a", selector, ended(corev1.PodSucceeded))); len(misses) != 1 {
		t.Errorf("a Pod that has ended: %+v", misses)
	}
}

func TestNearestGroupStandsOut(t *testing.T) {
	t.Parallel()
	selector := labels{"app": "redis"}
	master, replica := pod("m", labels{"app": "redis-master"}, ofDeploy("redis-master")), pod("r", labels{"app": "redis-replica"}, ofDeploy("redis-replica"))
	if misses := missesOf(selector, master, replica); len(misses) != 2 || Clear(misses) {
		t.Errorf("two as near: %+v", misses)
	}
	report := judge(t, "web", service("web", selector), master, replica)
	if lead := report.Leading(); lead.ID != "SEL-01" || lead.Fix.Command != "" || lead.Cause.Confidence != Possible {
		t.Errorf("claims one of two: %s", told(report))
	}
	// The same slip in two Deployments is one change of the selector.
	misses := missesOf(labels{"app": "myapp"}, pod("a", labels{"app": "my-app"}, ofDeploy("stable")), pod("b", labels{"app": "my-app"}, ofDeploy("canary")))
	if len(misses) != 1 || len(misses[0].Owners) != 2 || !Clear(misses) {
		t.Errorf("one change, two owners: %+v", misses)
	}
	// Pods that another Service selects are a worse guess.
	taken := service("my-app", labels{"app": "my-app"})
	report = judge(t, "web", service("web", labels{"app": "myapp"}), taken, pod("a", labels{"app": "my-app"}))
	if lead := report.Leading(); lead.ID != "SEL-01" || lead.Cause.Confidence != Possible || !strings.Contains(lead.Cause.Text, "my-app") {
		t.Errorf("taken Pods: %s", told(report))
	}
}

// TestSiblingsAreNeverSuggested draws names that people run side by side.
func TestSiblingsAreNeverSuggested(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[a-z]{2,8}`)
		prefix, suffix := word.Draw(t, "prefix"), word.Draw(t, "suffix")
		var a, b string
		if rapid.Bool().Draw(t, "numbered") {
			first, second := rapid.IntRange(0, 99).Draw(t, "first"), rapid.IntRange(100, 300).Draw(t, "second")
			separator := rapid.SampledFrom([]string{"", "-", "."}).Draw(t, "separator")
			a, b = prefix+separator+itoa(first), prefix+separator+itoa(second)
			if rapid.Bool().Draw(t, "more") {
				a, b = a+"-"+suffix, b+"-"+suffix
			}
		} else {
			group := rapid.SampledFrom(siblingWords).Draw(t, "group")
			first := rapid.SampledFrom(group).Draw(t, "first")
			second := rapid.SampledFrom(group).Filter(func(other string) bool { return other != first }).Draw(t, "second")
			a, b = first, second
			if rapid.Bool().Draw(t, "prefixed") {
				a, b = prefix+"-"+a, prefix+"-"+b
			}
			if rapid.Bool().Draw(t, "suffixed") {
				a, b = a+"-"+suffix, b+"-"+suffix
			}
		}
		key := rapid.SampledFrom([]string{"app", "app.kubernetes.io/name", "version", "tier"}).Draw(t, "key")
		if misses := missesOf(labels{key: a}, pod("p", labels{key: b})); len(misses) != 0 {
			t.Fatalf("%s=%s is suggested for %s=%s", key, b, key, a)
		}
	})
}

// TestASlipIsSuggested draws a name and a slip of a finger in it.
func TestASlipIsSuggested(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		wanted := rapid.StringMatching(`[a-z]{7,12}`).Draw(t, "wanted")
		at := rapid.IntRange(0, len(wanted)-2).Draw(t, "at")
		letter := rapid.StringMatching(`[a-z]`).Draw(t, "letter")
		got := map[string]string{
			"left out":  wanted[:at] + wanted[at+1:],
			"put in":    wanted[:at] + letter + wanted[at:],
			"another":   wanted[:at] + letter + wanted[at+1:],
			"swapped":   wanted[:at] + wanted[at+1:at+2] + wanted[at:at+1] + wanted[at+2:],
			"separator": wanted[:at+1] + rapid.SampledFrom([]string{"-", "_", "."}).Draw(t, "separator") + wanted[at+1:],
			"case":      strings.ToUpper(wanted[:at+1]) + wanted[at+1:],
		}[rapid.SampledFrom([]string{"left out", "put in", "another", "swapped", "separator", "case"}).Draw(t, "slip")]
		if got == wanted || oppositeWords(wanted, got) {
			t.Skip()
		}
		misses := missesOf(labels{"app": wanted}, pod("p", labels{"app": got}))
		if len(misses) != 1 || misses[0].Cost > costOneTypo {
			t.Fatalf("app=%s for app=%s: %+v", got, wanted, misses)
		}
	})
}

// TestWhatIsSuggestedMends draws selectors and labels that are near to each other: with the change of a suggestion the selector
// matches exactly the Pods of its group, and nothing is suggested that costs more than a mistake may.
func TestWhatIsSuggestedMends(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		keys := []string{"app", "App", "app.kubernetes.io/name", "tier", "component", "compnent", "k8s-app"}
		values := []string{"checkout", "check-out", "Checkout", "chekout", "web", "web-1", "web-2", "blue", "green", "redis", "redis-master"}
		draw := func(what string, most int) labels {
			return rapid.MapOfN(rapid.SampledFrom(keys), rapid.SampledFrom(values), 1, most).Draw(t, what)
		}
		selector := draw("selector", 3)
		objects := []metav1.Object{}
		for i := range rapid.IntRange(1, 4).Draw(t, "pods") {
			objects = append(objects, pod("p"+itoa(i), draw("labels", 4)))
		}
		for _, miss := range missesOf(selector, objects...) {
			if miss.Cost < 1 || miss.Cost > costMost {
				t.Errorf("costs %d", miss.Cost)
			}
			changed := map[string]string{}
			for key, value := range selector {
				changed[key] = value
			}
			for key, value := range selectorChange(miss.Pairs) {
				if value == nil {
					delete(changed, key)
				} else {
					changed[key] = value.(string)
				}
			}
			for _, p := range miss.Pods {
				if !carries(p.Labels, changed) {
					t.Errorf("%v changed to %v does not match %v", selector, changed, p.Labels)
				}
			}
		}
	})
}

// TestWhatElseSpeaksForAGroup holds each of the things that make one group of two that are as near stand out.
func TestWhatElseSpeaksForAGroup(t *testing.T) {
	t.Parallel()
	left, right := labels{"app": "shop-a.checkout"}, labels{"app": "shop-a_checkout"}
	selector := labels{"app": "shop-acheckout"}
	undeclared := containerPorts()
	for name, test := range map[string]struct {
		service  *corev1.Service
		objects  []metav1.Object
		distance int
	}{
		"nothing":                  {service("web", selector), []metav1.Object{pod("l", left, undeclared), pod("r", right, undeclared)}, 0},
		"the owner's name":         {service("web", selector), []metav1.Object{pod("l", left, undeclared, ofDeploy("web")), pod("r", right, undeclared)}, 1},
		"the Pod's name":           {service("web", selector), []metav1.Object{pod("web-0", left, undeclared), pod("r", right, undeclared)}, 1},
		"the targetPort":           {service("web", selector), []metav1.Object{pod("l", left), pod("r", right, undeclared)}, 2},
		"the release":              {service("web", selector, func(svc *corev1.Service) { svc.Labels = labels{instanceLabel: "x"} }), []metav1.Object{pod("l", own(left), undeclared, with(instanceLabel, "x")), pod("r", right, undeclared)}, 1},
		"that nobody else selects": {service("web", selector), []metav1.Object{service("other", right), pod("l", left, undeclared), pod("r", right, undeclared)}, 1},
	} {
		misses := NearMisses(input(cluster(append(test.objects, test.service)...)).Snapshot, test.service)
		if len(misses) != 2 || misses[1].Rank-misses[0].Rank != test.distance || test.distance > 0 && misses[0].Pods[0].Labels["app"] != left["app"] {
			t.Errorf("%s: %+v", name, misses)
		}
		if len(misses) == 2 && Clear(misses) != (test.distance > 1) {
			t.Errorf("%s: clear %v", name, Clear(misses))
		}
	}
}

func itoa(number int) string { return string(appendInt(nil, number)) }

func appendInt(digits []byte, number int) []byte {
	if number >= 10 {
		digits = appendInt(digits, number/10)
	}
	return append(digits, byte('0'+number%10))
}

// TestEditDistance compares with the plain recursive definition.
func TestEditDistance(t *testing.T) {
	t.Parallel()
	var slow func(a, b string) int
	slow = func(a, b string) int {
		if a == "" || b == "" {
			return len(a) + len(b)
		}
		x, y := a[len(a)-1], b[len(b)-1]
		best := min(slow(a[:len(a)-1], b)+1, slow(a, b[:len(b)-1])+1)
		if x == y {
			best = min(best, slow(a[:len(a)-1], b[:len(b)-1]))
		} else {
			best = min(best, slow(a[:len(a)-1], b[:len(b)-1])+1)
		}
		if len(a) > 1 && len(b) > 1 && x == b[len(b)-2] && y == a[len(a)-2] {
			best = min(best, slow(a[:len(a)-2], b[:len(b)-2])+1)
		}
		return best
	}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[abc]{0,6}`)
		a, b := text.Draw(t, "a"), text.Draw(t, "b")
		if got, want := editDistance(a, b), min(slow(a, b), 3); got != want {
			t.Fatalf("%q to %q is %d, want %d", a, b, got, want)
		}
	})
}

func TestDifferingSpans(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		a, b         string
		onlyA, onlyB []Span
	}{
		{"checkout", "check-out", nil, []Span{{5, 6}}},
		{"webb", "web", []Span{{3, 4}}, nil},
		{"größe", "grösse", []Span{{3, 4}}, []Span{{3, 5}}},
		{"", "x", nil, []Span{{0, 1}}},
		{"same", "same", nil, nil},
	} {
		onlyA, onlyB := differingSpans(test.a, test.b)
		if !slices.Equal(onlyA, test.onlyA) || !slices.Equal(onlyB, test.onlyB) {
			t.Errorf("%q %q: %v %v", test.a, test.b, onlyA, onlyB)
		}
	}
	// What is left of both texts without the marked parts is the same.
	rapid.Check(t, func(t *rapid.T) {
		a, b := []rune(rapid.StringN(0, 12, 40).Draw(t, "a")), []rune(rapid.StringN(0, 12, 40).Draw(t, "b"))
		onlyA, onlyB := differingSpans(string(a), string(b))
		if left, right := without(a, onlyA), without(b, onlyB); left != right {
			t.Fatalf("%q and %q leave %q and %q", string(a), string(b), left, right)
		}
	})
}

func without(text []rune, spans []Span) string {
	var left []rune
	for i, r := range text {
		if !slices.ContainsFunc(spans, func(span Span) bool { return i >= span.Start && i < span.End }) {
			left = append(left, r)
		}
	}
	return string(left)
}

func TestShellQuote(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]string{
		"svc": "svc", "": "''", "a b": "'a b'", "it's": `'it'\''s'`, "$(rm -rf /)": "'$(rm -rf /)'", "app=x": "app=x", "a\nb": "'a\nb'", "~": "'~'", "*": "'*'",
	} {
		if got := shellQuote(word); got != want {
			t.Errorf("%q is quoted %s, want %s", word, got, want)
		}
	}
	in := Input{KubectlArgs: []string{"--context", "my cluster"}}
	if got := kubectlIn(in, "shop", "get", "svc"); got != "kubectl --context 'my cluster' -n shop get svc" {
		t.Error(got)
	}
}

func TestOwnerWhoseNextSyncUndoesTheFixIsNamed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		labels, annotations labels
		want                string
	}{
		"helm":      {labels{"app.kubernetes.io/managed-by": "Helm"}, labels{"meta.helm.sh/release-name": "shop"}, "managed by Helm release shop: fix the chart"},
		"argo":      {nil, labels{"argocd.argoproj.io/tracking-id": "shop:/Service:shop/web"}, "managed by the Argo CD application shop: fix its source"},
		"kustomize": {labels{"kustomize.toolkit.fluxcd.io/name": "apps"}, nil, "managed by the Flux Kustomization apps: fix its source"},
	} {
		svc := service("web", labels{"app": "myapp"}, func(svc *corev1.Service) { svc.Labels, svc.Annotations = test.labels, test.annotations })
		if lead := judge(t, "web", svc, pod("a", labels{"app": "my-app"})).Leading(); lead.Fix.Note != test.want {
			t.Errorf("%s: %q", name, lead.Fix.Note)
		}
	}
}

func TestNear(t *testing.T) {
	t.Parallel()
	names := []string{"web-1-abc", "web", "we", "wep-1", "other", "wxyz1"}
	if got := strings.Join(Near("web-1", names), " "); got != "web-1-abc web we wep-1" {
		t.Errorf("got %q", got)
	}
	if got := strings.Join(Near("abcdefgh", []string{"abcdefxy", "abcdexyz"}), " "); got != "abcdefxy" {
		t.Errorf("got %q", got)
	}
	if got := Near("", names); got != nil {
		t.Errorf("near to nothing: %q", got)
	}
	// Letters that only half change places are two changes.
	if got := editDistance("ab", "ca"); got != 2 {
		t.Errorf("got %d", got)
	}
}

func TestWhoMayNotListPodsIsNotToldTo(t *testing.T) {
	t.Parallel()
	for state, says := range map[model.CoverageState]string{model.Forbidden: "who may list Pods there", model.NotAsked: "the command looks for them"} {
		built := cluster(service("web", labels{"app": "web"}), pod("other", labels{"app": "other"})).
			Cover(model.Need{Kind: model.Pods}, model.Coverage{State: state}).
			Cover(model.Need{Kind: model.Pods, Namespace: "shop"}, model.Coverage{State: model.Live})
		fix := Judge(input(built), model.Key{Namespace: "shop", Name: "web"}).Leading().Fix
		if !strings.Contains(fix.Note, says) || (fix.Command == "") != (state == model.Forbidden) {
			t.Errorf("%v: %+v", state, fix)
		}
	}
}
