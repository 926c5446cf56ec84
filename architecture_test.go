package main_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/svctui/svctui"

// TestImports holds the arrows of docs/architecture.md: tui → probes → kube/model ← kube, and only main knows all.
// A package may not reach what is forbidden to it, however many packages lie between.
func TestImports(t *testing.T) {
	t.Parallel()
	client := []string{"k8s.io/client-go/", "k8s.io/kubectl/", "k8s.io/cli-runtime/", "k8s.io/streaming/"}
	screen := []string{"charm.land/", "github.com/charmbracelet/bubbletea", module + "/tui"}
	for _, rule := range []struct {
		packages  string
		forbidden []string
	}{
		{"./kube/model/...", slices.Concat(client, screen, []string{module + "/kube/", module + "/probes/"})},
		{"./probes/check/...", slices.Concat(client, screen, []string{module + "/kube", module + "/probes/"})},
		{"./probes/...", slices.Concat(client, screen, []string{module + "/kube"})},
		{"./kube/...", slices.Concat(screen, []string{module + "/probes/"})},
		{"./tui/...", slices.Concat(client, []string{module + "/kube"})},
	} {
		t.Run(rule.packages, func(t *testing.T) {
			t.Parallel()
			for _, line := range goList(t, ".", "-f", `{{.ImportPath}} {{join .Deps " "}}`, rule.packages) {
				fields := strings.Fields(line)
				own := fields[0]
				for _, dependency := range fields[1:] {
					if allowed(own, dependency) {
						continue
					}
					for _, prefix := range rule.forbidden {
						if dependency == strings.TrimSuffix(prefix, "/") || strings.HasPrefix(dependency, prefix) {
							t.Errorf("%s must not import %s, by whatever way", own, dependency)
						}
					}
				}
			}
		})
	}
}

// allowed tells whether a dependency is inside of the part that its package belongs to, or is the model that all share.
func allowed(own, dependency string) bool {
	if dependency == module+"/kube/model" {
		return true
	}
	for _, part := range []string{"/kube", "/probes", "/tui"} {
		if inside(own, module+part) && inside(dependency, module+part) {
			return own != module+"/kube/model" && (!inside(own, module+"/probes/check") || inside(dependency, module+"/probes/check"))
		}
	}
	return false
}

func inside(path, part string) bool { return path == part || strings.HasPrefix(path, part+"/") }

// TestEndToEndImportsNoProduct keeps the end-to-end tests honest: they see what a user sees.
func TestEndToEndImportsNoProduct(t *testing.T) {
	t.Parallel()
	for _, dependency := range goList(t, "e2e", "-test", "-deps", "./...") {
		path, _, _ := strings.Cut(dependency, " ")
		if inside(path, module) && !strings.HasPrefix(path, module+"/e2e") {
			t.Errorf("e2e imports %s", path)
		}
	}
}

func goList(t *testing.T, directory string, arguments ...string) []string {
	t.Helper()
	command := exec.Command("go", append([]string{"list"}, arguments...)...)
	command.Dir = directory
	out, err := command.Output()
	if err != nil {
		stderr := ""
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			stderr = string(exit.Stderr)
		}
		t.Fatalf("go list %v: %v\n%s", arguments, err, stderr)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) == 0 || lines[0] == "" {
		t.Fatalf("go list %v found nothing", arguments)
	}
	return lines
}

// sources calls see with every Go file of the product that is no test.
func sources(t *testing.T, root string, see func(path string, set *token.FileSet, file *ast.File)) {
	t.Helper()
	seen := 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name := entry.Name(); path != "." && (strings.HasPrefix(name, ".") || name == "e2e" || name == "testdata" || name == "dist") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		seen++
		see(path, set, file)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen == 0 {
		t.Fatalf("no Go files under %s", root)
	}
}

// TestChecksArePure forbids clocks and goroutines in probes/check: the same snapshot and time give the same findings.
func TestChecksArePure(t *testing.T) {
	t.Parallel()
	clocks := []string{"Now", "Since", "Until", "After", "AfterFunc", "NewTimer", "NewTicker", "Tick", "Sleep"}
	network := regexp.MustCompile("^(Dial|Listen|Lookup|Resolve|Interface)")
	sources(t, filepath.Join("probes", "check"), func(_ string, set *token.FileSet, file *ast.File) {
		if file.Name.Name == "main" {
			// A generator of documents.
			return
		}
		for _, imported := range file.Imports {
			switch path := strings.Trim(imported.Path.Value, `"`); path {
			case "os", "net/http", "os/exec", "math/rand", "math/rand/v2", "sync":
				t.Errorf("%s: probes/check imports %s", set.Position(imported.Pos()), path)
			}
		}
		ast.Inspect(file, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.SelectorExpr:
				name, ok := node.X.(*ast.Ident)
				switch {
				case !ok:
				case name.Name == "time" && slices.Contains(clocks, node.Sel.Name):
					t.Errorf("%s: probes/check reads the clock with time.%s", set.Position(node.Pos()), node.Sel.Name)
				case name.Name == "net" && network.MatchString(node.Sel.Name):
					t.Errorf("%s: probes/check uses the network with net.%s", set.Position(node.Pos()), node.Sel.Name)
				}
			case *ast.GoStmt:
				t.Errorf("%s: probes/check starts a goroutine", set.Position(node.Pos()))
			}
			return true
		})
	})
}

// TestNoPackageStateThatChanges forbids package variables, but for what nothing ever assigns to again: errors, compiled
// expressions, embedded files, and tables.
func TestNoPackageStateThatChanges(t *testing.T) {
	t.Parallel()
	excepted := []string{
		"version",         // set by the linker
		"kube/stderrSwap", // a lock on os.Stderr, which is the whole process's
	}
	packages := map[string][]*ast.File{}
	variables := map[string]map[string]token.Position{}
	sources(t, ".", func(path string, set *token.FileSet, file *ast.File) {
		directory := filepath.Dir(path)
		packages[directory] = append(packages[directory], file)
		for _, declaration := range file.Decls {
			general, ok := declaration.(*ast.GenDecl)
			if !ok || general.Tok != token.VAR {
				continue
			}
			for _, spec := range general.Specs {
				spec := spec.(*ast.ValueSpec)
				for _, name := range spec.Names {
					if name.Name == "_" || slices.Contains(excepted, filepath.ToSlash(filepath.Join(directory, name.Name))) {
						continue
					}
					if len(spec.Values) == 0 && !embedded(general) {
						t.Errorf("%s: the package variable %s has no value, so something must set it later", set.Position(name.Pos()), name.Name)
					}
					if variables[directory] == nil {
						variables[directory] = map[string]token.Position{}
					}
					variables[directory][name.Name] = set.Position(name.Pos())
				}
			}
		}
	})
	for directory, files := range packages {
		for name, at := range variables[directory] {
			for _, file := range files {
				if changes(file, name) {
					t.Errorf("%s: the package variable %s is changed", at, name)
				}
			}
		}
	}
}

func embedded(declaration *ast.GenDecl) bool {
	return declaration.Doc != nil && slices.ContainsFunc(declaration.Doc.List, func(comment *ast.Comment) bool {
		return strings.HasPrefix(comment.Text, "//go:embed")
	})
}

// changes tells whether a function of the file assigns to the variable, to a part of it, or takes its address. A local
// variable of the same name would be taken for it: name it otherwise.
func changes(file *ast.File, name string) bool {
	found := false
	target := func(expression ast.Expr) bool {
		for {
			switch inner := expression.(type) {
			case *ast.IndexExpr:
				expression = inner.X
			case *ast.SelectorExpr:
				expression = inner.X
			case *ast.StarExpr:
				expression = inner.X
			case *ast.ParenExpr:
				expression = inner.X
			case *ast.Ident:
				return inner.Name == name
			default:
				return false
			}
		}
	}
	for _, declaration := range file.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		if !ok {
			continue
		}
		ast.Inspect(function, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.AssignStmt:
				if node.Tok != token.DEFINE && slices.ContainsFunc(node.Lhs, target) {
					found = true
				}
			case *ast.IncDecStmt:
				found = found || target(node.X)
			case *ast.CallExpr:
				if called, ok := node.Fun.(*ast.Ident); ok && (called.Name == "delete" || called.Name == "clear") && len(node.Args) > 0 {
					found = found || target(node.Args[0])
				}
			}
			return true
		})
	}
	return found
}
