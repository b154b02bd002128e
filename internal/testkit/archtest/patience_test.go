package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// bubbles are what runs in a bubble of synctest's although no call nearby says so: there
// a second takes no time, and how busy the machine is changes nothing.
var bubbles = map[string][]string{
	"internal/platform/jobs/runner_test.go":     {"pass"},
	"internal/oidc/firstparty/streams_test.go":  {"next"},
	"internal/platform/refresh/refresh_test.go": {"read"},
}

// moments are times that nothing is held against: a busy machine makes them longer, and
// nothing fails of that.
var moments = map[string][]string{
	"test/server/activation_crash_test.go":   {"killed", "victimInvites", "Data"}, // when somebody is killed, or is slow
	"test/browser/qrpage_test.go":            {"TestQRPageWhileTyping"},           // somebody who thinks before typing
	"test/browser/wire_test.go":              {"newWire"},                         // a long poll that ends sooner
	"internal/testkit/loopback/smtp_test.go": {"TestSMTPBreaksOff"},               // nobody comes in that time, however long it is
}

// TestLimitsAreOne finds tests that give up, or go on, after a time of their own: on a
// machine that is busy with something else they fail, and nobody believes red any more.
func TestLimitsAreOne(t *testing.T) {
	t.Parallel()
	files, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	begin := bubbleMakers(files)
	everywhere(t, func(f file) {
		for _, wrong := range ownLimits(f, begin[f.pkg]) {
			t.Error(wrong)
		}
	})
}

// The rule must itself refuse what it is there to refuse.
func TestTheRuleOfLimitsRefuses(t *testing.T) {
	t.Parallel()
	refused := []string{
		`<-time.After(time.Second)`,
		`time.Sleep(d)`,
		`_ = time.NewTimer(4 * time.Second)`,
		`time.AfterFunc(time.Minute, f)`,
		`ctx, stop := context.WithTimeout(t.Context(), time.Minute)`,
		`ctx, stop := context.WithDeadline(t.Context(), time.Now().Add(time.Minute))`,
		`ctx, stop := context.WithTimeoutCause(t.Context(), d, err)`,
		`for end := time.Now().Add(d); time.Now().Before(end); {}`,
		`for time.Since(begun) < time.Minute {}`,
		`_ = c.SetDeadline(time.Now().Add(time.Minute))`,
		`_ = c.SetReadDeadline(end)`,
		`_ = &http.Client{Timeout: time.Minute}`,
		`_ = mail.Server{Timeout: 5 * time.Second}`,
		`_ = http.Server{ReadHeaderTimeout: time.Hour}`,
		`chromedp.WSURLReadTimeout(2 * time.Minute)`,
		`go func() { time.Sleep(d) }()`,
		`synctest.Test(t, func(t *testing.T) {}); <-time.After(time.Hour)`,
		`inBubble(t, func() {}); ctx, stop := context.WithTimeout(t.Context(), time.Second)`,
	}
	fine := []string{
		`<-patience.Over()`,
		`<-patience.Quiet()`,
		`ctx, stop := patience.Within(t.Context())`,
		`ctx, stop := context.WithTimeout(t.Context(), patience.Limit() / 2)`,
		`_ = time.NewTimer(patience.Limit())`,
		`for end := patience.End(); time.Now().Before(end); {}`,
		`_ = c.SetDeadline(patience.End())`,
		`_ = c.SetDeadline(time.Time{})`,
		`_ = http.Server{ReadHeaderTimeout: patience.Limit()}`,
		`_ = time.NewTicker(time.Millisecond)`,
		`_ = time.Now().Add(time.Hour)`,
		`synctest.Test(t, func(t *testing.T) { time.Sleep(time.Hour) })`,
		`inBubble(t, func(t *testing.T) { <-time.After(time.Hour) })`,
	}
	for i, code := range slices.Concat(fine, refused) {
		text := "package x\nimport (\n\"context\"\n\"time\"\n\"testing/synctest\"\n\"net/http\"\n)\nfunc f() { " + code + " }"
		f := file{path: "x_test.go", pkg: "internal/x", test: true, pos: token.NewFileSet()}
		var err error
		if f.syntax, err = parser.ParseFile(f.pos, f.path, text, 0); err != nil {
			t.Fatalf("%s: %v", code, err)
		}
		if wrong := ownLimits(f, []string{"inBubble"}); (i < len(fine)) != (len(wrong) == 0) {
			t.Errorf("%s: %q", code, wrong)
		}
		f.path, f.test = "x.go", false
		if wrong := ownLimits(f, nil); len(wrong) != 0 {
			t.Errorf("%s is none of this rule's business outside tests: %q", code, wrong)
		}
	}
}

// bubbleMakers are the helpers of each package's tests that run a function in a bubble.
func bubbleMakers(files []file) map[string][]string {
	makers := map[string][]string{}
	for _, f := range files {
		if !f.test {
			continue
		}
		for _, d := range f.syntax.Decls {
			if of, ok := d.(*ast.FuncDecl); ok && of.Body != nil && !strings.HasPrefix(of.Name.Name, "Test") && callsTo(of.Body, "synctest.Test") {
				makers[f.pkg] = append(makers[f.pkg], of.Name.Name)
			}
		}
	}
	return makers
}

func callsTo(in ast.Node, name string) (yes bool) {
	ast.Inspect(in, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && dotted(call.Fun) == name {
			yes = true
		}
		return !yes
	})
	return yes
}

// waiting is what gives up, or goes on, after a time.
var waiting = []string{
	"time.After", "time.Sleep", "time.NewTimer", "time.AfterFunc",
	"context.WithTimeout", "context.WithDeadline", "context.WithTimeoutCause", "context.WithDeadlineCause",
	"chromedp.WSURLReadTimeout",
}

// ownLimits says where a test sets a limit that is not package patience's.
func ownLimits(f file, makers []string) (wrong []string) {
	if !f.test && f.pkg != "internal/platform/store/storetest" && f.pkg != "internal/platform/store/pgtest" || f.pkg == "internal/testkit/patience" {
		return nil
	}
	complain := func(n ast.Node, what string) {
		wrong = append(wrong, fmt.Sprintf("%s:%d: %s sets a limit of its own; wait for the event, or look with patience.Until, for as long as internal/testkit/patience says", f.path, f.pos.Position(n.Pos()).Line, what))
	}
	exempt := slices.Concat(bubbles[f.path], moments[f.path])
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			return !slices.Contains(exempt, n.Name.Name)
		case *ast.CallExpr:
			if name := dotted(n.Fun); name == "synctest.Test" || slices.Contains(makers, last(n.Fun)) {
				return false // in there, and in its helpers' arguments, time is not the machine's
			}
			switch name := dotted(n.Fun); {
			case slices.Contains(waiting, name) && !scaled(n):
				complain(n, name)
			case strings.HasSuffix(last(n.Fun), "Deadline") && strings.HasPrefix(last(n.Fun), "Set") && !scaled(n) && !isZero(n):
				complain(n, last(n.Fun))
			}
		case *ast.ForStmt:
			if n.Cond != nil && clocked(n.Cond) && !scaled(n.Cond) && (n.Init == nil || !scaled(n.Init)) {
				complain(n, "a loop by the clock")
			}
		case *ast.CompositeLit:
			if name := last(n.Type); name != "Client" && name != "Server" {
				return true
			}
			for _, e := range n.Elts {
				if pair, ok := e.(*ast.KeyValueExpr); ok && strings.HasSuffix(last(pair.Key), "Timeout") && !scaled(pair.Value) {
					complain(pair, last(pair.Key))
				}
			}
		}
		return true
	})
	return wrong
}

// scaled reports whether package patience has a say in it.
func scaled(in ast.Node) (yes bool) {
	ast.Inspect(in, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && (strings.HasPrefix(dotted(s), "patience.") || strings.HasPrefix(dotted(s), "waits.")) {
			yes = true
		}
		return !yes
	})
	return yes
}

// clocked reports whether a loop goes on by what the machine's clock says.
func clocked(cond ast.Node) bool { return callsTo(cond, "time.Now") || callsTo(cond, "time.Since") }

// isZero reports whether a deadline is taken away.
func isZero(call *ast.CallExpr) bool {
	if len(call.Args) != 1 {
		return false
	}
	literal, ok := call.Args[0].(*ast.CompositeLit)
	return ok && len(literal.Elts) == 0
}
