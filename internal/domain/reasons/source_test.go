package reasons_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"avain/internal/domain/login"
)

// The tests of this file read the source of the whole service: every failure that the
// code can answer with names a reason, and every reason has an entry.

// source is one file of the service, without its tests.
type source struct {
	path string // from the root: internal/core/attempt/gate.go
	file *ast.File
	set  *token.FileSet
}

func (s source) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", s.path, s.set.Position(n.Pos()).Line)
}

func sources(t *testing.T) []source {
	t.Helper()
	all, err := readSources()
	if err != nil || len(all) < 200 {
		t.Fatalf("%d files were read: %v", len(all), err)
	}
	return all
}

var readSources = sync.OnceValues(func() (all []source, err error) {
	root := filepath.Join("..", "..", "..")
	for _, dir := range []string{"internal", "cmd"} {
		err = errors.Join(err, filepath.WalkDir(filepath.Join(root, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			set := token.NewFileSet()
			file, err := parser.ParseFile(set, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(root, path)
			all = append(all, source{filepath.ToSlash(rel), file, set})
			return err
		}))
	}
	return all, err
})

// constants are the reasons that package login declares: name to value.
func constants(t *testing.T, all []source) map[string]login.Reason {
	t.Helper()
	found := map[string]login.Reason{}
	for _, s := range all {
		if s.path != "internal/domain/login/reason.go" {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Names) != 1 || len(spec.Values) != 1 {
				return true
			}
			if value, ok := spec.Values[0].(*ast.BasicLit); ok && named(spec.Type, "Reason") {
				found[spec.Names[0].Name] = login.Reason(strings.Trim(value.Value, `"`))
			}
			return true
		})
	}
	return found
}

// Every constant is listed in Reasons, which is what every other test counts by, and
// no reason is said by nobody.
func TestEveryDeclaredReasonIsListedAndUsed(t *testing.T) {
	t.Parallel()
	all := sources(t)
	declared := constants(t, all)
	listed := login.Reasons()
	if got := slices.Sorted(maps.Values(declared)); !slices.Equal(got, slices.Sorted(slices.Values(listed))) {
		t.Errorf("declared are\n%v\nand Reasons lists\n%v", got, listed)
	}
	used := map[string]bool{}
	for _, s := range all {
		if strings.HasPrefix(s.path, "internal/domain/fault/") || strings.HasPrefix(s.path, "internal/domain/reasons/") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			name, ok := reasonConstant(n)
			if !ok {
				return true
			}
			used[name] = true
			if _, ok := declared[name]; !ok {
				t.Errorf("%s: login.%s is not declared in reason.go", s.at(n), name)
			}
			return true
		})
	}
	for name := range declared {
		if !used[name] && name != "ReasonRequestInvalid" { // that of fault.BadParam
			t.Errorf("login.%s is said by nobody", name)
		}
	}
}

// Whoever makes an error that can reach a person names its reason: by a constant, or by
// one that has been handed on.
func TestEveryErrorNamesAReason(t *testing.T) {
	t.Parallel()
	made := 0
	for _, s := range sources(t) {
		if strings.HasPrefix(s.path, "internal/domain/fault/") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CompositeLit:
				if selector(n.Type, "fault", "Error") {
					t.Errorf("%s: fault.Error is made by fault.New or fault.BadParam, so that it has a reason", s.at(n))
				}
			case *ast.CallExpr:
				if selector(n.Fun, "fault", "BadParam") {
					made++
				}
				if selector(n.Fun, "fault", "New") {
					made++
					if len(n.Args) != 3 || !isReason(n.Args[1]) {
						t.Errorf("%s: no reason of package login", s.at(n))
					}
				}
			}
			return true
		})
	}
	if made < 150 {
		t.Errorf("only %d errors were found", made)
	}
}

// Nobody spells a reason out: what is not a constant has no entry.
func TestNobodySpellsReasonsOut(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.KeyValueExpr:
				key, ok := n.Key.(*ast.Ident)
				if ok && (key.Name == "Reason" || key.Name == "SetReason") && isText(n.Value) {
					t.Errorf("%s: a reason is a constant of package login", s.at(n))
				}
			case *ast.CallExpr:
				if selector(n.Fun, "login", "Reason") && (len(n.Args) != 1 || isText(n.Args[0])) {
					t.Errorf("%s: a reason is a constant of package login", s.at(n))
				}
			}
			return true
		})
	}
}

// converted are the places where text becomes a reason, and why nothing foreign does.
var converted = map[string]string{
	"internal/platform/store":      "what the service itself has written into a row",
	"internal/app/refusals":        "compared with constants",
	"internal/platform/web/record": "noted by a handler; the catalogue answers for what it does not know",
	"internal/platform/telemetry":  "compared with constants",
	"internal/core/counts":         "what the service itself has written into a row",
	"internal/account/home/home":   "kept to the catalogue by web.Worded",
	"internal/public/help":         "looked up in the catalogue before it is used",
	"internal/console":             "kept to the catalogue by web.Worded, or looked up there",
}

func TestReasonsAreReadFromTextInFewPlaces(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || !selector(call.Fun, "login", "Reason") {
				return true
			}
			for place := range converted {
				if strings.HasPrefix(s.path, place) {
					return true
				}
			}
			t.Errorf("%s: text becomes a reason; say in this test why nothing foreign does", s.at(call))
			return true
		})
	}
}

// isReason reports whether an expression can only be a reason that somebody has named:
// not a text, and not a conversion of one.
func isReason(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.SelectorExpr: // login.ReasonX, a.Reason
		return strings.HasPrefix(e.Sel.Name, "Reason")
	case *ast.Ident: // the compiler knows its type; texts would have to be converted
		return true
	case *ast.CallExpr: // of a function that answers a reason
		return !selector(e.Fun, "login", "Reason")
	default:
		return false
	}
}

func isText(e ast.Expr) bool {
	text, ok := e.(*ast.BasicLit)
	return ok && text.Kind == token.STRING && text.Value != `""`
}

func reasonConstant(n ast.Node) (string, bool) {
	s, ok := n.(*ast.SelectorExpr)
	if !ok || !selector(s, "login", s.Sel.Name) || !strings.HasPrefix(s.Sel.Name, "Reason") {
		return "", false
	}
	return s.Sel.Name, s.Sel.Name != "Reason" && s.Sel.Name != "Reasons"
}

// selector reports whether an expression is pkg.name.
func selector(e ast.Expr, pkg, name string) bool {
	s, ok := e.(*ast.SelectorExpr)
	if !ok || s.Sel.Name != name {
		return false
	}
	x, ok := s.X.(*ast.Ident)
	return ok && x.Name == pkg
}

func named(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}
