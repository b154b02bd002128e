package archtest

import (
	"go/ast"
	"maps"
	"os"
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
					t.Errorf("%s:%d: %s (%s) imports %s (%s): %s", f.path, line, f.pkg, floorOf(f.pkg), to, floorOf(to), wrong)
				}
				continue
			}
			if floorOf(f.pkg) == nouns && strings.Contains(strings.Split(path, "/")[0], ".") && !mayUseLibrary(f, path) {
				t.Errorf("%s:%d: nouns stand on the standard library only, and their tests on rapid: %s", f.path, line, path)
			}
		}
	})
}

func mayUseLibrary(f file, path string) bool {
	return f.test && path == "pgregory.net/rapid" ||
		slices.ContainsFunc(libraries[roomOf(f.pkg)], func(own string) bool { return strings.HasPrefix(path, own+"/") })
}

// The house has few folders, each says what lies below it, and none is empty.
func TestTheHouseIsSmall(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(root + "/internal")
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) > 18 {
		t.Errorf("internal has %d entries, more than 18", len(entries))
	}
	files := map[string]int{}
	docs := map[string]int{}
	each(t, func(f file) {
		files[folderOf(f.pkg)]++
		if f.path == folderOf(f.pkg)+"/doc.go" {
			docs[folderOf(f.pkg)] = strings.Count(f.syntax.Doc.Text(), "\n")
		}
	})
	for folder := range folders {
		if files[folder] == 0 {
			t.Errorf("%s has no files: the test looks in the wrong place, or the folder is gone", folder)
		}
		if folder != "cmd" && docs[folder] < 3 {
			t.Errorf("%s/doc.go must say what the folder owns, in some lines", folder)
		}
	}
	for room, reads := range order {
		if files[folderOf(room)] == 0 || slices.ContainsFunc(reads, func(other string) bool { return folderOf(other) != folderOf(room) }) {
			t.Errorf("the order of %s is no order within a folder", room)
		}
	}
}

// The picture itself must refuse what it is there to refuse.
func TestThePictureRefuses(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		from, to string
		test     bool
		fine     bool
	}{
		{"internal/app", "internal/oidc/token", false, true},
		{"internal/app", "internal/config", false, true},
		{"internal/core/counts", "internal/core/diagnosis", false, true},
		{"internal/console/support", "internal/console", false, true},
		{"internal/platform/store", "internal/platform/audit", false, true},
		{"internal/broker", "internal/platform/keyset", false, true},
		{"internal/platform/mail", "internal/platform/store/storetest", true, true},
		{"internal/oidc/token", "internal/core/attempt", false, true},
		{"internal/oidc/token", "internal/platform/web", false, true},
		{"internal/core/attempt", "internal/domain/login", false, true},
		{"internal/platform/telemetry", "internal/platform/store", false, true},
		{"internal/platform/store/storetest", "internal/platform/store", false, true},
		{"internal/platform/store", "internal/platform/store/pgtest", true, true},
		{"internal/methods/bank", "internal/testkit/brokersim", true, true},
		{"cmd/demo", "internal/testkit/demo", false, true},
		{"internal/testkit/demo", "internal/testkit/brokersim", false, true},
		{"internal/core/people", "internal/platform/store", true, true},

		{"cmd/bench", "internal/testkit/robot", false, true},

		{"internal/testkit/robot", "internal/domain/login", false, false},
		{"internal/app", "internal/testkit/robot", false, false},
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
		{"internal/app", "internal/testkit/brokersim", false, false},
		{"cmd/avain", "internal/testkit/brokersim", false, false},
		{"cmd/avain", "internal/testkit/demo", false, false},
		{"internal/app", "internal/testkit/demo", false, false},
		{"internal/platform/store", "internal/platform/store/pgtest", false, false},
		{"internal/oidc/token", "internal/nowhere", false, false},
		{"internal/oidc/token", "internal/methods/bank", false, false},
		{"internal/oidc/token", "internal/methods/bank", true, false},
		{"internal/console/support", "internal/console/overview", false, false},
		{"internal/console", "internal/console/support", false, false},
		{"internal/core/diagnosis", "internal/core/counts", false, false},
		{"internal/core/people", "internal/core/attempt", true, false},
		{"internal/platform/telemetry", "internal/broker", false, false},
		{"internal/platform/audit", "internal/platform/store", false, false},
		{"internal/platform/jobs", "internal/platform/mail", false, false},
		{"internal/protocol/jws", "internal/platform/web", false, false},
		{"internal/domain/login", "internal/protocol/oauth", false, false},
		{"internal/domain/hetu", "internal/domain/login", false, false},
		{"internal/config", "internal/app", false, true}, // Go itself refuses a circle
		{"internal/platform/web", "internal/testkit/patience", false, false},
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
		place := floorOf(f.pkg)
		if f.test || f.pkg == "internal/testkit/patience" || f.pkg == "internal/testkit/demo" || place == commands || roomOf(f.pkg) == "internal/app" || strings.HasPrefix(f.pkg, "internal/platform/store/") {
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
