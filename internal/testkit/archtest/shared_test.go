package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestNobodySharesATransport finds, in all Go files, whoever talks over the transport
// of everybody: http.DefaultTransport, and clients and proxies that fall back on it.
// Each httptest.Server that closes takes its idle connections away, so that a request of
// a test that has nothing to do with that server fails now and then.
func TestNobodySharesATransport(t *testing.T) {
	t.Parallel()
	everywhere(t, func(f file) {
		for _, wrong := range sharedTransports(f) {
			t.Error(wrong)
		}
	})
}

// TestMailServersStopInOrder finds who starts or stops go-smtp's server by itself: its
// Shutdown races with its Serve. loopback.ServeSMTP knows the order.
func TestMailServersStopInOrder(t *testing.T) {
	t.Parallel()
	everywhere(t, func(f file) {
		for _, wrong := range mailServers(f) {
			t.Error(wrong)
		}
	})
}

// The two rules must themselves refuse what they are there to refuse.
func TestTheRulesOfSharingRefuse(t *testing.T) {
	t.Parallel()
	for code, fine := range map[string]bool{
		`_, _ = http.Get("x")`:                                    false,
		`_, _ = http.Head("x")`:                                   false,
		`_, _ = http.Post("x", "", nil)`:                          false,
		`_, _ = http.PostForm("x", nil)`:                          false,
		`_ = http.DefaultClient`:                                  false,
		`_, _ = http.DefaultClient.Do(nil)`:                       false,
		`_ = http.DefaultTransport`:                               false,
		`_ = http.DefaultTransport.(*http.Transport)`:             false,
		`_ = http.Client{}`:                                       false,
		`_ = &http.Client{Timeout: 1}`:                            false,
		`_ = &http.Client{Transport: nil}`:                        false,
		`_ = []http.Client{{}}`:                                   false,
		`_ = []*http.Client{{}}`:                                  false,
		`_ = map[string]*http.Client{"x": {Timeout: 1}}`:          false,
		`_ = new(http.Client)`:                                    false,
		`var c http.Client; _ = c`:                                false,
		`_ = struct{ c http.Client }{}`:                           false,
		`_ = httputil.ReverseProxy{}`:                             false,
		`_ = httputil.NewSingleHostReverseProxy(nil)`:             false,
		`s := smtp.NewServer(nil); go s.Serve(nil)`:               false,
		`s := smtp.NewServer(nil); s.ListenAndServe()`:            false,
		`s := smtp.NewServer(nil); s.Shutdown(ctx)`:               false,
		`s := smtp.NewServer(nil); defer s.Close()`:               false,
		`_ = http.DefaultTransport.(*http.Transport).Clone()`:     true,
		`_ = &http.Client{Transport: own}`:                        true,
		`_ = http.Client{Timeout: 1, Transport: own}`:             true,
		`var c *http.Client; _ = c`:                               true,
		`_ = func(*http.Client) []*http.Client { return nil }`:    true,
		`_ = []*http.Client{a, b}`:                                true,
		`_ = &http.Transport{}`:                                   true,
		`_ = http.MethodGet; other.Get("x")`:                      true,
		`_ = &httputil.ReverseProxy{Transport: own}`:              true,
		`s := smtp.NewServer(nil); loopback.ServeSMTP(s, l, nil)`: true,
	} {
		text := "package x\nimport (\n\"net/http\"\n\"net/http/httputil\"\n\"github.com/emersion/go-smtp\"\n)\nfunc f() { " + code + " }"
		f := file{path: "x.go", pkg: "internal/x", pos: token.NewFileSet()}
		var err error
		if f.syntax, err = parser.ParseFile(f.pos, f.path, text, 0); err != nil {
			t.Fatalf("%s: %v", code, err)
		}
		if wrong := slices.Concat(sharedTransports(f), mailServers(f)); fine != (len(wrong) == 0) {
			t.Errorf("%s: %q", code, wrong)
		}
	}
	// Under another name it is the same package.
	f := file{path: "x.go", pkg: "internal/x", pos: token.NewFileSet()}
	var err error
	if f.syntax, err = parser.ParseFile(f.pos, f.path, "package x\nimport web \"net/http\"\nvar _ = web.DefaultClient", 0); err != nil {
		t.Fatal(err)
	}
	if len(sharedTransports(f)) != 1 {
		t.Error("an import under another name is not seen")
	}
}

const ownTransport = "uses http.DefaultTransport, which every httptest.Server that closes empties; give it a transport of its own (tests: loopback.Client, loopback.Transport)"

// sharedTransports says where a file falls back on http.DefaultTransport.
func sharedTransports(f file) (wrong []string) {
	complain := func(n ast.Node, what string) {
		wrong = append(wrong, fmt.Sprintf("%s:%d: %s %s", f.path, f.pos.Position(n.Pos()).Line, what, ownTransport))
	}
	web, proxies := nameOf(f, "net/http", "http"), nameOf(f, "net/http/httputil", "httputil")
	fallsBack := map[string]bool{web + ".Client": true, proxies + ".ReverseProxy": true}
	cloned, written := map[ast.Node]bool{}, map[ast.Node]bool{}
	ast.PreorderStack(f.syntax, nil, func(n ast.Node, above []ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			if clone, ok := n.Fun.(*ast.SelectorExpr); ok && clone.Sel.Name == "Clone" {
				if assertion, ok := clone.X.(*ast.TypeAssertExpr); ok {
					cloned[assertion.X] = true
				}
			}
		case *ast.CompositeLit:
			if is := dotted(n.Type); fallsBack[is] {
				written[n.Type] = true
				if !sets(n, "Transport") {
					complain(n, is+"{…}")
				}
			}
			if is := element(n.Type); fallsBack[is] {
				for _, e := range n.Elts {
					if pair, ok := e.(*ast.KeyValueExpr); ok {
						e = pair.Value
					}
					if short, ok := e.(*ast.CompositeLit); ok && short.Type == nil && !sets(short, "Transport") {
						complain(short, is+"{…}")
					}
				}
			}
		case *ast.SelectorExpr:
			switch name := dotted(n); {
			case web != "" && slices.Contains([]string{web + ".DefaultClient", web + ".Get", web + ".Head", web + ".Post", web + ".PostForm"}, name),
				web != "" && name == web+".DefaultTransport" && !cloned[n],
				proxies != "" && name == proxies+".NewSingleHostReverseProxy",
				fallsBack[name] && !written[n] && !pointsTo(above):
				complain(n, name)
			}
		}
		return true
	})
	return wrong
}

// mailServers says where a file outside loopback starts or stops an SMTP server.
func mailServers(f file) (wrong []string) {
	name := nameOf(f, "github.com/emersion/go-smtp", "smtp")
	if name == "" || f.pkg == "internal/testkit/loopback" {
		return nil
	}
	servers := map[string]bool{} // variables and fields that hold one, as they are written
	ast.Inspect(f.syntax, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, value := range n.Rhs {
				if call, ok := value.(*ast.CallExpr); ok && dotted(call.Fun) == name+".NewServer" && i < len(n.Lhs) {
					servers[last(n.Lhs[i])] = true
				}
			}
		case *ast.Field:
			if star, ok := n.Type.(*ast.StarExpr); ok && dotted(star.X) == name+".Server" {
				for _, field := range n.Names {
					servers[field.Name] = true
				}
			}
		case *ast.SelectorExpr:
			if servers[last(n.X)] && slices.Contains([]string{"Serve", "ListenAndServe", "ListenAndServeTLS", "Shutdown", "Close"}, n.Sel.Name) {
				wrong = append(wrong, fmt.Sprintf("%s:%d: %s of go-smtp races with its counterpart; use loopback.ServeSMTP", f.path, f.pos.Position(n.Pos()).Line, n.Sel.Name))
			}
		}
		return true
	})
	return wrong
}

// nameOf is what a file calls a package; empty: it does not know it.
func nameOf(f file, path, usual string) string {
	for _, spec := range f.syntax.Imports {
		if is, err := strconv.Unquote(spec.Path.Value); err != nil || is != path {
			continue
		}
		if spec.Name != nil {
			return spec.Name.Name
		}
		return usual
	}
	return ""
}

// dotted writes pkg.Name; empty for anything else.
func dotted(e ast.Expr) string {
	selector, ok := e.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	if pkg, ok := selector.X.(*ast.Ident); ok {
		return pkg.Name + "." + selector.Sel.Name
	}
	return ""
}

// last is the last name of a.b.c.
func last(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}

// element is what a list or map holds, or points to.
func element(e ast.Expr) string {
	switch list := e.(type) {
	case *ast.ArrayType:
		e = list.Elt
	case *ast.MapType:
		e = list.Value
	default:
		return ""
	}
	if star, ok := e.(*ast.StarExpr); ok {
		e = star.X
	}
	return dotted(e)
}

// sets reports whether a literal gives a field a value.
func sets(literal *ast.CompositeLit, field string) bool {
	return slices.ContainsFunc(literal.Elts, func(e ast.Expr) bool {
		pair, ok := e.(*ast.KeyValueExpr)
		if !ok || last(pair.Key) != field {
			return false
		}
		return last(pair.Value) != "nil"
	})
}

// pointsTo reports whether a type is only pointed to, so that no empty one is made.
func pointsTo(above []ast.Node) bool {
	if len(above) == 0 {
		return false
	}
	_, is := above[len(above)-1].(*ast.StarExpr)
	return is
}

// everywhere runs a test over all Go files, those of test/ too.
func everywhere(t *testing.T, check func(f file)) {
	t.Helper()
	files, err := sources()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, f := range files {
		check(f)
		top, _, _ := strings.Cut(f.path, "/")
		found[top] = true
	}
	for _, top := range []string{"cmd", "internal", "test"} {
		if !found[top] {
			t.Fatalf("nothing found in %s: the test looks in the wrong place", top)
		}
	}
}
