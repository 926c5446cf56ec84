package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// mutant is one change of the code that some test should notice.
type mutant struct {
	id   int
	file string
	line int
	// function and what tell the mutant from others without its line, which moves: "len(a) > 0: always true".
	function, what string
}

func (m *mutant) String() string {
	return fmt.Sprintf("%s:%d: %s: %s", m.file, m.line, m.function, m.what)
}

// switchName is the function that tells, while the tests run, whether a mutant is switched on.
const switchName = "mutantIsOn"

// edit is a text to insert into a source file.
type edit struct {
	offset  int
	text    string
	closing bool
}

// mutator writes every mutant of a file into it at once, each behind a switch, so that one build serves for all.
type mutator struct {
	files  *token.FileSet
	name   string
	source []byte
	// function is the name of the one that is visited, or of the row of a table outside of functions.
	function string
	inTable  bool
	next     int
	edits    []edit
	mutants  []mutant
	// handled are the conditions and operands that have their mutants already.
	handled map[ast.Expr]bool
}

// mutate returns the source with all mutants in it. Lines stay where they are. The ids count from first on.
func mutate(name string, source []byte, first int) ([]byte, []mutant, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, nil, err
	}
	m := &mutator{files: files, name: name, source: source, next: first, handled: map[ast.Expr]bool{}}
	for _, declaration := range file.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		if general, isGeneral := declaration.(*ast.GenDecl); isGeneral && general.Tok == token.VAR {
			m.function, m.inTable = "var", true
			ast.Inspect(general, m.visit)
			m.inTable = false
		}
		if !ok || function.Body == nil {
			continue
		}
		m.function = function.Name.Name
		ast.Inspect(function.Body, m.visit)
	}
	return m.apply(), m.mutants, nil
}

func (m *mutator) visit(node ast.Node) bool {
	switch node := node.(type) {
	case *ast.IfStmt:
		m.condition(node.Cond)
	case *ast.ForStmt:
		if node.Cond != nil {
			// Always true would not end.
			m.wrap(node.Cond, "always false", "(", ") && !"+switchName+"(%d)")
			m.handled[unwrapped(node.Cond)] = true
		}
	case *ast.SwitchStmt:
		if node.Tag == nil {
			for _, clause := range node.Body.List {
				for _, condition := range clause.(*ast.CaseClause).List {
					m.condition(condition)
				}
			}
		}
	case *ast.BlockStmt:
		m.statements(node.List)
	case *ast.CaseClause:
		m.statements(node.Body)
	case *ast.CompositeLit:
		if row := rowName(node); m.inTable && node.Type == nil && row != "" {
			m.function = row
		}
	case *ast.UnaryExpr:
		if node.Op == token.NOT && !m.handled[node] {
			m.wrap(node, "negated", "((", ") != "+switchName+"(%d))")
		}
	case *ast.BinaryExpr:
		m.binary(node)
	}
	return true
}

// rowName returns what a row of a table is called, by its field name or its first value; empty where that is no text.
func rowName(row *ast.CompositeLit) string {
	for i, element := range row.Elts {
		if named, ok := element.(*ast.KeyValueExpr); ok {
			if key, ok := named.Key.(*ast.Ident); !ok || key.Name != "name" {
				continue
			}
			element = named.Value
		} else if i > 0 {
			return ""
		}
		if text, ok := element.(*ast.BasicLit); ok && text.Kind == token.STRING {
			name, _ := strconv.Unquote(text.Value)
			return name
		}
	}
	return ""
}

func (m *mutator) condition(condition ast.Expr) {
	m.wrap(condition, "always true", "((", ") || "+switchName+"(%d))")
	m.wrap(condition, "always false", "((", ") && !"+switchName+"(%d))")
	m.handled[unwrapped(condition)] = true
}

func (m *mutator) binary(node *ast.BinaryExpr) {
	switch node.Op {
	case token.LAND, token.LOR:
		for _, operand := range []ast.Expr{node.X, node.Y} {
			inner, ok := unwrapped(operand).(*ast.BinaryExpr)
			if ok && inner.Op == node.Op {
				continue
			}
			if node.Op == token.LAND {
				m.wrap(operand, "always true", "((", ") || "+switchName+"(%d))")
			} else {
				m.wrap(operand, "always false", "((", ") && !"+switchName+"(%d))")
			}
			m.handled[unwrapped(operand)] = true
		}
	case token.LSS, token.LEQ, token.GTR, token.GEQ:
		equal := m.text(node.X) + " == " + m.text(node.Y)
		m.wrap(node, "other at the boundary", "((", ") != ("+switchName+"(%d) && "+strings.ReplaceAll(equal, "%", "%%")+"))")
	case token.EQL, token.NEQ:
		if !m.handled[node] {
			m.wrap(node, "negated", "((", ") != "+switchName+"(%d))")
		}
	}
}

// statements takes out assignments and calls one at a time.
func (m *mutator) statements(list []ast.Stmt) {
	for _, statement := range list {
		switch statement := statement.(type) {
		case *ast.AssignStmt:
			if statement.Tok == token.DEFINE || isWording(statement.Rhs) {
				continue
			}
		case *ast.IncDecStmt, *ast.ExprStmt:
		default:
			continue
		}
		m.wrap(statement, "left out", "if !"+switchName+"(%d) { ", " }")
	}
}

// isWording tells whether all that is assigned is text, or room for a list: which words are said is no condition, and when they are
// said is one of its own.
func isWording(values []ast.Expr) bool {
	return !slices.ContainsFunc(values, func(value ast.Expr) bool {
		switch value := unwrapped(value).(type) {
		case *ast.BasicLit:
			return value.Kind != token.STRING
		case *ast.BinaryExpr:
			return value.Op != token.ADD || !isWording([]ast.Expr{value.X}) && !isWording([]ast.Expr{value.Y})
		case *ast.CallExpr:
			switch called := value.Fun.(type) {
			case *ast.Ident:
				if called.Name == "make" {
					_, isList := value.Args[0].(*ast.ArrayType)
					return !isList
				}
				return called.Name != "short"
			case *ast.SelectorExpr:
				owner, ok := called.X.(*ast.Ident)
				return !ok || owner.Name != "fmt"
			}
		}
		return true
	})
}

// wrap notes a mutant of a node. The id goes into either part.
func (m *mutator) wrap(node ast.Node, what, before, after string) {
	text := strings.Join(strings.Fields(m.text(node)), " ")
	if len(text) > 120 {
		text = text[:120] + "…"
	}
	m.mutants = append(m.mutants, mutant{
		id: m.next, file: m.name, line: m.files.Position(node.Pos()).Line, function: m.function, what: text + ": " + what,
	})
	if strings.Contains(before, "%d") {
		before = fmt.Sprintf(before, m.next)
	} else {
		after = fmt.Sprintf(after, m.next)
	}
	m.edits = append(m.edits, edit{offset: m.offset(node.Pos()), text: before}, edit{offset: m.offset(node.End()), text: after, closing: true})
	m.next++
}

func (m *mutator) offset(pos token.Pos) int { return m.files.Position(pos).Offset }

func (m *mutator) text(node ast.Node) string {
	return string(m.source[m.offset(node.Pos()):m.offset(node.End())])
}

// apply inserts the edits. Nodes are visited from the outside in, so of several that begin at one place the first is the outermost, and
// of several that end at one place the last.
func (m *mutator) apply() []byte {
	order := make([]int, len(m.edits))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		one, other := m.edits[a], m.edits[b]
		switch {
		case one.offset != other.offset:
			return one.offset - other.offset
		case one.closing != other.closing:
			if one.closing {
				return -1
			}
			return 1
		case one.closing:
			return b - a
		}
		return a - b
	})
	var out []byte
	last := 0
	for _, i := range order {
		out = append(out, m.source[last:m.edits[i].offset]...)
		out = append(out, m.edits[i].text...)
		last = m.edits[i].offset
	}
	return append(out, m.source[last:]...)
}

func unwrapped(expression ast.Expr) ast.Expr {
	for {
		inner, ok := expression.(*ast.ParenExpr)
		if !ok {
			return expression
		}
		expression = inner.X
	}
}
