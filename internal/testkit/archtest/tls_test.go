package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"testing"
)

// TestTLSMeetsBCP195 finds whoever decides about TLS without package bcp195: a
// configuration of one's own, and a transport that has none and so falls back on the
// library's choice. What never leaves this machine, and tests, may.
func TestTLSMeetsBCP195(t *testing.T) {
	t.Parallel()
	each(t, func(f file) {
		if roomOf(f.pkg) == "internal/testkit/demo" || f.test {
			return
		}
		switch roomOf(f.pkg) {
		case "internal/platform/bcp195", "internal/testkit/loopback", "internal/testkit/brokersim", "internal/testkit/robot", "cmd/bench", "cmd/demo", "cmd/hostile":
			return
		}
		for _, wrong := range ownTLS(f) {
			t.Error(wrong)
		}
	})
}

func TestTheRuleOfTLSRefuses(t *testing.T) {
	t.Parallel()
	for code, fine := range map[string]bool{
		`_ = tls.Config{}`:                             false,
		`_ = &tls.Config{MinVersion: 1}`:               false,
		`_ = new(tls.Config)`:                          false,
		`var c tls.Config; _ = c`:                      false,
		`_ = &http.Transport{}`:                        false,
		`_ = new(http.Transport)`:                      false,
		`_ = &http.Transport{TLSClientConfig: nil}`:    false,
		`_ = http.DefaultTransport.(*http.Transport)`:  true, // TestNobodySharesATransport
		`_ = &http.Transport{TLSClientConfig: ours()}`: true,
		`var c *tls.Config; _ = c`:                     true,
	} {
		text := "package x\nimport (\n\"net/http\"\n\"crypto/tls\"\n)\nfunc f() { " + code + " }"
		f := file{path: "x.go", pkg: "internal/x", pos: token.NewFileSet()}
		var err error
		if f.syntax, err = parser.ParseFile(f.pos, f.path, text, 0); err != nil {
			t.Fatalf("%s: %v", code, err)
		}
		if wrong := ownTLS(f); fine != (len(wrong) == 0) {
			t.Errorf("%s: %q", code, wrong)
		}
	}
}

// ownTLS says where a file makes a tls.Config, or an http.Transport without one.
func ownTLS(f file) (wrong []string) {
	config, transport := nameOf(f, "crypto/tls", "tls")+".Config", nameOf(f, "net/http", "http")+".Transport"
	complain := func(n ast.Node, what string) {
		wrong = append(wrong, fmt.Sprintf("%s:%d: %s: begin with bcp195.TLS()", f.path, f.pos.Position(n.Pos()).Line, what))
	}
	complete := map[ast.Node]bool{}
	ast.PreorderStack(f.syntax, nil, func(n ast.Node, above []ast.Node) bool {
		switch n := n.(type) {
		case *ast.CompositeLit:
			complete[n.Type] = dotted(n.Type) == transport && sets(n, "TLSClientConfig")
		case *ast.SelectorExpr:
			if name := dotted(n); (name == config || name == transport) && !complete[n] && !pointsTo(above) {
				complain(n, name)
			}
		}
		return true
	})
	return wrong
}
