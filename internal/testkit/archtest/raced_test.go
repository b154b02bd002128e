package archtest

import (
	"go/ast"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// journeys have the tests of whole programs: the service over HTTP, its commands, what
// measures it. The gate runs them without the race detector, which makes a journey five
// times as long, but for those that racedList names.
var journeys = []string{"test/server", "cmd/avain", "cmd/bench"}

const racedList = "test/raced.txt"

// TestJourneysThatRaceAreRaced: whoever does several things at once in a journey wants to
// see what happens then, so the gate runs it with the race detector. The list says which
// they are, one a line.
func TestJourneysThatRaceAreRaced(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(racedList)))
	if err != nil {
		t.Fatal(err)
	}
	files, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	listed, racing := strings.Fields(string(text)), []string(nil)
	for _, folder := range journeys {
		racing = append(racing, racingTests(files, folder)...)
	}
	for _, name := range racing {
		if !slices.Contains(listed, name) {
			t.Errorf("%s does several things at once: name it in %s", name, racedList)
		}
	}
	for _, name := range listed {
		if !slices.Contains(racing, name) {
			t.Errorf("%s names %s, which is no journey that does several things at once", racedList, name)
		}
	}
	if len(racing) < 10 {
		t.Errorf("only %d journeys do several things at once", len(racing))
	}
}

// racingTests are the tests of a folder that begin a goroutine, by themselves or by a
// helper beside them.
func racingTests(files []file, folder string) (tests []string) {
	bodies := map[string]*ast.BlockStmt{}
	for _, f := range files {
		if f.pkg != folder || !f.test {
			continue
		}
		for _, d := range f.syntax.Decls {
			if of, ok := d.(*ast.FuncDecl); ok && of.Body != nil {
				bodies[of.Name.Name] = of.Body
			}
		}
	}
	races := map[string]bool{}
	for grown := true; grown; {
		grown = false
		for name, body := range bodies {
			if !races[name] && (begins(body) || callsAny(body, races)) {
				races[name], grown = true, true
			}
		}
	}
	for name := range races {
		if strings.HasPrefix(name, "Test") && name != "TestMain" {
			tests = append(tests, name)
		}
	}
	slices.Sort(tests)
	return tests
}

// begins reports whether a goroutine is begun in it.
func begins(in ast.Node) (yes bool) {
	ast.Inspect(in, func(n ast.Node) bool {
		yes = yes || n != nil && goroutine(n) != nil
		return !yes
	})
	return yes
}

// callsAny reports whether one of the functions or methods is used in it.
func callsAny(in ast.Node, functions map[string]bool) (yes bool) {
	ast.Inspect(in, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			switch of := call.Fun.(type) {
			case *ast.Ident:
				yes = yes || functions[of.Name]
			case *ast.SelectorExpr:
				yes = yes || functions[of.Sel.Name]
			}
		}
		return !yes
	})
	return yes
}
