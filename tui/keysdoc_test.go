package tui

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
)

// boundSomewhere are the keys of all documented pages and those that work everywhere, as they are bound and as they are shown.
func boundSomewhere() map[string]bool {
	bound := map[string]bool{}
	add := func(bindings []binding) {
		for i := range bindings {
			for _, key := range bindings[i].keys {
				bound[key], bound[keyName(key)] = true, true
			}
			for word := range strings.FieldsSeq(bindings[i].shown()) {
				bound[word] = true
			}
		}
	}
	for _, documented := range documentedPages() {
		add(documented.page.bindings())
	}
	add(globalBindings())
	return bound
}

// The README names no key that does nothing.
func TestTheKeysOfTheReadmeAreBound(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(readme), "### Keys")
	table, _, _ = strings.Cut(table, "All of them:")
	bound := boundSomewhere()
	seen := 0
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) < 3 {
			continue
		}
		for i, span := range strings.Split(cells[1], "`") {
			if i%2 == 0 {
				continue // between the spans of code
			}
			for key := range strings.FieldsSeq(span) {
				seen++
				if !bound[key] {
					t.Errorf("the README has %s, which is bound nowhere: %s", key, strings.TrimSpace(line))
				}
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d keys were found in the README", seen)
	}
}

// What docs/keys.md says at its end.
func TestKeysOfOtherHabitsAreNotBound(t *testing.T) {
	pages := append(documentedPages(), documentedPage{"everywhere", &probePage{keys: globalBindings()}})
	for _, documented := range pages {
		for _, key := range []string{"ctrl+a", "ctrl+d", "ctrl+s", "e", "s"} {
			if b := find(documented.page.bindings(), key); b != nil && (key != "s" || documented.name != "Isolation test") {
				t.Errorf("%s: %s is bound: %s", documented.name, key, b.help)
			}
		}
	}
}

// What is bound is in the documentation and in the help, with what it does; one key does one thing.
func TestEveryKeyIsToldOf(t *testing.T) {
	sh := newConnectedScreen(t, 200, 50).root.sh
	document := KeysMarkdown()
	for _, documented := range documentedPages() {
		help := ansi.Strip(newHelpPage(documented.page).view(sh, 100, 400))
		taken := map[string]bool{}
		for _, b := range documented.page.bindings() {
			if b.help == "" || b.run == nil && b.runKey == nil {
				t.Errorf("%s: %v has no words, or does nothing", documented.name, b.keys)
			}
			if !strings.Contains(document, "| `"+strings.ReplaceAll(b.shown(), "|", "\\|")+"` | "+b.help+" |") {
				t.Errorf("%s: %s is not in docs/keys.md", documented.name, b.shown())
			}
			if !strings.Contains(help, cut(b.shown(), helpKeyWidth)) {
				t.Errorf("%s: %s is not in the help", documented.name, b.shown())
			}
			for _, key := range b.keys {
				if taken[key] {
					t.Errorf("%s: %s is bound twice", documented.name, key)
				}
				taken[key] = true
			}
		}
		for _, b := range globalsOn(documented.page) {
			own := len(b.keys) > 0 && slices.ContainsFunc(b.keys, func(key string) bool { return taken[key] })
			if !own && !strings.Contains(help, b.shown()) {
				t.Errorf("%s: the help lacks %s, which works everywhere", documented.name, b.shown())
			}
		}
	}
}
