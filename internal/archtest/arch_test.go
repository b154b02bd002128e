package archtest

import (
	"go/ast"
	"maps"
	"slices"
	"strings"
	"testing"
)

func TestImportsGoDown(t *testing.T) {
	t.Parallel()
	each(t, func(f file) {
		for path, line := range f.imports() {
			if to, ours := strings.CutPrefix(path, module+"/"); ours {
				if wrong := mayImport(f.pkg, to, f.test); wrong != "" {
					t.Errorf("%s:%d: %s (%s) imports %s (%s): %s", f.path, line, f.pkg, placeOf(f.pkg), to, placeOf(to), wrong)
				}
				continue
			}
			if placeOf(f.pkg) == ground && strings.Contains(strings.Split(path, "/")[0], ".") && (!f.test || path != "pgregory.net/rapid") {
				t.Errorf("%s:%d: ground stands on the standard library only, and its tests on rapid: %s", f.path, line, path)
			}
		}
	})
}

// The picture itself must refuse what it is there to refuse.
func TestThePictureRefuses(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		from, to string
		test     bool
		fine     bool
	}{
		{"internal/wire", "internal/oidc/token", false, true},
		{"internal/oidc/token", "internal/core/attempt", false, true},
		{"internal/oidc/token", "internal/platform/web", false, true},
		{"internal/core/attempt", "internal/domain/login", false, true},
		{"internal/platform/telemetry", "internal/platform/store", false, true},
		{"internal/platform/store/storetest", "internal/platform/store", false, true},
		{"internal/platform/store", "internal/platform/store/pgtest", true, true},
		{"internal/methods/bank", "internal/brokersim", true, true},
		{"cmd/demo", "internal/demo", false, true},
		{"internal/demo", "internal/brokersim", false, true},
		{"internal/core/people", "internal/platform/store", true, true},

		{"cmd/bench", "internal/robot", false, true},

		{"internal/robot", "internal/domain/login", false, false},
		{"internal/wire", "internal/robot", false, false},
		{"internal/oidc/token", "internal/oidc/authorize", false, false},
		{"internal/oidc/token", "internal/oidc/authorize", true, false},
		{"internal/oidc/token", "internal/platform/store", false, false},
		{"internal/core/attempt", "internal/platform/store", false, false},
		{"internal/core/attempt", "internal/core/people", false, false},
		{"internal/core/attempt", "internal/oidc/token", false, false},
		{"internal/platform/web", "internal/core/attempt", false, false},
		{"internal/broker", "internal/methods/bank", false, false},
		{"internal/broker", "internal/config", false, false},
		{"internal/domain/login", "internal/platform/store", false, false},
		{"internal/wire", "internal/brokersim", false, false},
		{"cmd/avain", "internal/brokersim", false, false},
		{"cmd/avain", "internal/demo", false, false},
		{"internal/wire", "internal/demo", false, false},
		{"internal/platform/store", "internal/platform/store/pgtest", false, false},
		{"internal/oidc/token", "internal/nowhere", false, false},
	} {
		if wrong := mayImport(tc.from, tc.to, tc.test); tc.fine != (wrong == "") {
			t.Errorf("%s → %s (test: %v): %q", tc.from, tc.to, tc.test, wrong)
		}
	}
}

func TestEveryPackageSaysWhatItOwns(t *testing.T) {
	t.Parallel()
	documented := map[string]bool{}
	each(t, func(f file) {
		if f.test {
			return
		}
		says := documented[f.pkg]
		if f.syntax.Doc != nil {
			if command := f.syntax.Name.Name == "main"; command {
				says = says || strings.HasPrefix(f.syntax.Doc.Text(), "Command ")
			} else {
				says = says || strings.HasSuffix(f.path, "/doc.go")
			}
		}
		documented[f.pkg] = says
	})
	for _, pkg := range slices.Sorted(maps.Keys(documented)) {
		if !documented[pkg] {
			t.Errorf("%s: needs a doc.go that says what it owns and what it does not (a command: a comment that begins with Command)", pkg)
		}
	}
}

func TestNoPackageIsNamedAfterNothing(t *testing.T) {
	t.Parallel()
	each(t, func(f file) {
		name := f.pkg[strings.LastIndexByte(f.pkg, '/')+1:]
		if slices.Contains([]string{"utils", "util", "common", "service", "services", "dto", "model", "models", "helpers", "misc", "shared", "base", "types"}, name) {
			t.Errorf("%s: a package is named after what it owns", f.pkg)
		}
	})
}

// TestTimeIsInjected finds calls of the clock. `Now: time.Now` hands the clock on
// and is fine; a call of it hides it from the tests.
func TestTimeIsInjected(t *testing.T) {
	t.Parallel()
	each(t, func(f file) {
		place := placeOf(f.pkg)
		if f.test || f.pkg == "internal/patience" || place == commands || place == rooms || nounOf(f.pkg) == "internal/wire" || strings.HasPrefix(f.pkg, "internal/platform/store/") {
			return
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			selector, ok := call.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if pkg, ok := selector.X.(*ast.Ident); ok && pkg.Name == "time" && slices.Contains([]string{"Now", "Since", "Until", "Sleep"}, selector.Sel.Name) {
				t.Errorf("%s:%d: time.%s is called; take Now func() time.Time", f.path, f.pos.Position(call.Pos()).Line, selector.Sel.Name)
			}
			return true
		})
	})
}

// TestNothingHappensAtImport finds init functions: a program's behaviour begins in
// main, in the order that it is written.
func TestNothingHappensAtImport(t *testing.T) {
	t.Parallel()
	each(t, func(f file) {
		for _, decl := range f.syntax.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Recv == nil && fn.Name.Name == "init" {
				t.Errorf("%s:%d: no init functions", f.path, f.pos.Position(fn.Pos()).Line)
			}
		}
	})
}

// TestSizes prints what is longer than architecture.md's guides. They are guides: a
// long file is a question, not a failure.
func TestSizes(t *testing.T) {
	t.Parallel()
	code, tests := 0, 0
	each(t, func(f file) {
		if f.test {
			tests += f.lines
		} else {
			code += f.lines
		}
		if f.lines > 400 {
			t.Logf("guide: %s has %d lines", f.path, f.lines)
		}
		for _, decl := range f.syntax.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && !f.test {
				if n := f.pos.Position(fn.End()).Line - f.pos.Position(fn.Pos()).Line + 1; n > 90 {
					t.Logf("guide: %s: %s has %d lines", f.path, fn.Name.Name, n)
				}
			}
		}
	})
	t.Logf("guide: %d lines of code, %d of tests (%.2f)", code, tests, float64(tests)/float64(code))
}
