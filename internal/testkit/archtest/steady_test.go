package archtest

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// contains names the functions of goroutines that contain their panics by themselves.
var contains = map[string][]string{
	"internal/platform/store/groupcommit.go": {"run"},            // survive
	"internal/platform/telemetry/health.go":  {"guarded", "one"}, // which calls it
	"internal/platform/store/announce.go":    {"cancel"},         // a context
	"internal/oidc/firstparty/streams.go":    {"run"},            // each look, in desk.go
	"internal/broker/upstream.go":            {"try"},            // the fetch behind it, in cached.go
	"internal/platform/jobs/run.go":          {"interrupt"},      // ends a context
	"cmd/avain/reload.go":                    {"reload"},
	"internal/platform/mail/smtp.go":         {"Close"}, // of a connection
}

// outside are no part of a serving node: tests, the demo, and commands that end.
var outside = []string{"internal/testkit/demo", "internal/testkit/brokersim", "internal/platform/bcp195/bcp195test", "internal/testkit/robot", "internal/testkit/loopback", "internal/platform/store/storetest", "internal/platform/steady", "cmd/avain/import.go", "cmd/avain/brokers", "cmd/avain/serve.go", "cmd/bench", "cmd/demo", "cmd/hostile"}

// A panic in a goroutine of its own ends the process, and every login on it (threat 54).
func TestThreat54GoroutinesContainTheirPanics(t *testing.T) {
	t.Parallel()
	found := 0
	each(t, func(f file) {
		if f.test || slices.ContainsFunc(outside, func(path string) bool { return strings.HasPrefix(f.path, path) }) ||
			!strings.HasPrefix(f.path, "internal/") && !strings.HasPrefix(f.path, "cmd/avain/") {
			return
		}
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			begun := goroutine(n)
			if begun == nil {
				return true
			}
			found++
			if !calls(begun, "keep", "Keep") && !calls(begun, contains[f.path]...) {
				t.Errorf("%s:%d: a goroutine whose panics nobody contains: begin it with steady.Keeper", f.path, f.pos.Position(n.Pos()).Line)
			}
			return true
		})
	})
	if found < 8 {
		t.Errorf("only %d goroutines were found", found)
	}
}

// goroutine is what a go statement, or the Go of a group, begins.
func goroutine(n ast.Node) ast.Node {
	switch n := n.(type) {
	case *ast.GoStmt:
		return n.Call
	case *ast.CallExpr:
		name, ok := n.Fun.(*ast.SelectorExpr)
		if ok && len(n.Args) > 0 && (name.Sel.Name == "Go" || name.Sel.Name == "AfterFunc") {
			return n.Args[len(n.Args)-1]
		}
	}
	return nil
}

// calls reports whether one of the names is used in it.
func calls(in ast.Node, names ...string) (yes bool) {
	ast.Inspect(in, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && slices.Contains(names, id.Name) {
			yes = true
		}
		return !yes
	})
	return yes
}
