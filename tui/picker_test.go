package tui

import (
	"strings"
	"testing"

	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/ansi"
)

// What is listed and contains what was typed comes first, so that Enter takes it. What only has its letters in order is another name.
func TestWhereATypedNameStands(t *testing.T) {
	whole := func(typed string) bool { return strings.Contains(typed, "/") }
	for name, test := range map[string]struct {
		typed string
		whole func(string) bool
		want  string
	}{
		"a beginning":                          {"shop/batch", whole, "shop/batch-10 use “shop/batch” as typed"},
		"listed":                               {"shop/batch-10", whole, "shop/batch-10"},
		"a whole name with a listed's letters": {"shop/batch-0", whole, "use “shop/batch-0” as typed shop/batch-10"},
		"letters, no whole name":               {"btch10", whole, "shop/batch-10 use “btch10” as typed"},
		"nothing tells a whole name":           {"shop/batch-0", nil, "shop/batch-10 use “shop/batch-0” as typed"},
		"a refused name":                       {"shop/batch-0", func(string) bool { return true }, "shop/batch-10 “shop/batch-0”"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newPicker("", true)
			p.whole = test.whole
			if name == "a refused name" {
				p.refuse = func(string) string { return "no" }
			}
			p.setItems([]pickItem{{value: "shop/batch-10"}, {value: "shop/web-1"}})
			p.input.set(test.typed)
			p.narrow()
			var got []string
			for _, item := range p.shown {
				got = append(got, item.name())
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("got %q", got)
			}
		})
	}
}

// Why a typed name is refused is never cut for the name's sake, and a hint stands only where nothing is typed.
func TestARefusedNameAndItsReason(t *testing.T) {
	p := newPicker("", true)
	p.hint = "or type a name"
	theme := newTheme(colorprofile.TrueColor, true)
	screen := func() string { return ansi.Strip(strings.Join(p.view(60, 8, &theme), "\n")) }
	if !strings.Contains(screen(), "or type a name") {
		t.Errorf("no hint:\n%s", screen())
	}
	p.refuse = func(string) string { return "names no Pod: want POD or NAMESPACE/POD" }
	p.input.set(strings.Repeat("x y ", 30))
	p.narrow()
	if !strings.Contains(screen(), "names no Pod: want POD or NAMESPACE/POD") || strings.Contains(screen(), "or type a name") {
		t.Errorf("got\n%s", screen())
	}
}
