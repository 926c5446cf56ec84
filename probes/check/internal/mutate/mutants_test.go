package main

import (
	"errors"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestMutate(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		code, want string
		mutants    []string
	}{
		"a condition": {
			"if a {\n\treturn\n}", "if ((((a) && !mutantIsOn(8))) || mutantIsOn(7)) {\n\treturn\n}",
			[]string{"a: always true", "a: always false"},
		},
		"operands": {
			"x := a && b && !c", "x := ((a) || mutantIsOn(8)) && ((b) || mutantIsOn(9)) && ((!c) || mutantIsOn(7))",
			[]string{"!c: always true", "a: always true", "b: always true"},
		},
		"either": {
			"x := a || b == 1", "x := ((a) && !mutantIsOn(7)) || ((b == 1) && !mutantIsOn(8))",
			[]string{"a: always false", "b == 1: always false"},
		},
		"a comparison": {
			"x := a != b", "x := ((a != b) != mutantIsOn(7))", []string{"a != b: negated"},
		},
		"a boundary": {
			"x := a%2 < b", "x := ((a%2 < b) != (mutantIsOn(7) && a%2 == b))", []string{"a%2 < b: other at the boundary"},
		},
		"a negation": {
			"x := !a", "x := ((!a) != mutantIsOn(7))", []string{"!a: negated"},
		},
		"a loop ends, at least": {
			"for a {\n}", "for (a) && !mutantIsOn(7) {\n}", []string{"a: always false"},
		},
		"statements": {
			"a = b\na++\nf()\nc := a\nvar d int", "if !mutantIsOn(7) { a = b }\nif !mutantIsOn(8) { a++ }\nif !mutantIsOn(9) { f() }\nc := a\nvar d int",
			[]string{"a = b: left out", "a++: left out", "f(): left out"},
		},
		"wording is no condition": {
			`a = "b"` + "\n" + `a.b = "c" + d + "e"` + "\na = fmt.Sprintf(b)\na += short(c)\na = make([]b, 0)\na = 1",
			`a = "b"` + "\n" + `a.b = "c" + d + "e"` + "\na = fmt.Sprintf(b)\na += short(c)\na = make([]b, 0)\nif !mutantIsOn(7) { a = 1 }",
			[]string{"a = 1: left out"},
		},
		"a switch without a tag": {
			"switch {\ncase a:\n}", "switch {\ncase ((((a) && !mutantIsOn(8))) || mutantIsOn(7)):\n}", []string{"a: always true", "a: always false"},
		},
		"a switch with one": {"switch a {\ncase b:\n}", "switch a {\ncase b:\n}", nil},
	} {
		head, tail := "package p\n\nfunc f() {\n", "\n}\n"
		got, mutants, err := mutate("p.go", []byte(head+test.code+tail), 7)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if want := head + test.want + tail; string(got) != want {
			t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
		}
		var whats []string
		for i, m := range mutants {
			whats = append(whats, m.what)
			if m.id != 7+i || m.function != "f" || m.file != "p.go" || m.line < 4 {
				t.Errorf("%s: %+v", name, m)
			}
		}
		if !slices.Equal(whats, test.mutants) {
			t.Errorf("%s: mutants %q", name, whats)
		}
	}
	if _, _, err := mutate("p.go", []byte("no code"), 1); err == nil {
		t.Error("no code is mutated")
	}
}

// TestMutantsOfATable tells apart conditions that are the same in several rows.
func TestMutantsOfATable(t *testing.T) {
	t.Parallel()
	const code = `package p

var a = !b

var table = []row{
	{proof: []string{"x"}, name: "1 one", when: func() bool { return !a }},
	{"2 other", "x", func() bool { return !a }},
}

func f() {
	g(row{name: "no table"}, !a)
}
`
	_, mutants, err := mutate("p.go", []byte(code), 1)
	if err != nil {
		t.Fatal(err)
	}
	var functions []string
	for _, m := range mutants {
		functions = append(functions, m.function)
	}
	if want := []string{"var", "1 one", "2 other", "f", "f"}; !slices.Equal(functions, want) {
		t.Errorf("got %q, want %q", functions, want)
	}
}

// TestMutatedSourceParses mutates this very package.
func TestMutatedSourceParses(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"main.go", "mutants.go"} {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		mutated, mutants, err := mutate(name, source, 1)
		if err != nil || len(mutants) == 0 {
			t.Fatal(err)
		}
		if _, err := parser.ParseFile(token.NewFileSet(), name, mutated, 0); err != nil {
			t.Error(err)
		}
		if strings.Count(string(mutated), "\n") != strings.Count(string(source), "\n") {
			t.Errorf("%s: lines moved", name)
		}
	}
}

func TestAcceptedSurvivors(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "mutants.md")
	const table = "| file | function | mutant | why |\n|---|---|---|---|\n"
	text := "# Title\n\n## one\n\n" + table + "| ports.go | f | `a  b: always false` | it is the same |\n\n## other\n\n" + table + "| ports.go | g | `c: negated` | it is the same |\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		folder, function, what string
		want                   bool
	}{
		{"one", "f", "a || b: always false", true},
		{"one", "g", "a || b: always false", false},
		{"one", "g", "c: negated", false},
		{"other", "g", "c: negated", true},
		{"other", "f", "a || b: always false", false},
		{"third", "g", "c: negated", false},
	} {
		accepted, err := readAccepted(path, test.folder)
		if err != nil || accepted[rowKey("ports.go", test.function, test.what)] != test.want {
			t.Errorf("%+v: %v %v", test, accepted, err)
		}
	}
	if none, err := readAccepted(path+"x", "one"); err != nil || len(none) != 0 {
		t.Errorf("%v %v", none, err)
	}
}

func TestRunAllPassesOverPackagesWithoutTheFiles(t *testing.T) {
	t.Parallel()
	if _, err := runAll(options{only: []string{"nosuch.go"}}, []string{"."}); !errors.Is(err, errNothingMeant) {
		t.Errorf("got %v", err)
	}
}
