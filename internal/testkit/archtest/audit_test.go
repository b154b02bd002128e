package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// looks are the methods of the audit log that tell of something that was only seen or
// refused: they change nothing, so there is no transaction that they belong to.
var looks = []string{
	"ProofReplayed", "ClientRefused", "EmploymentsExported", "PersonExported", "SearchRefused", "PersonViewed", "RecordViewed",
	"EmployerViewed", "AttemptViewed", "PasskeyCopied",
	"Atomically", "Quietly", "Settle",
}

// handed are functions that add an entry all the same, each with why.
var handed = map[string]string{
	"internal/admin/scim/users.go:note":         "is handed the context of the transaction",
	"internal/app/auditbegun.go:BeginAuditAnew": "what stands outside the database is written in between",
}

// Threat 66: a crash left acts without entries, and entries of what never happened. Every
// entry about an act is added in a function that is given the context of a transaction.
func TestThreat66ActsAndEntriesAreOneTransaction(t *testing.T) {
	t.Parallel()
	methods := auditMethods(t)
	if len(methods) < 60 {
		t.Fatalf("only %d methods of the audit log were found", len(methods))
	}
	for _, look := range looks {
		if !slices.Contains(methods, look) {
			t.Errorf("%s is no method of the audit log any more", look)
		}
	}
	acts := slices.DeleteFunc(methods, func(name string) bool { return slices.Contains(looks, name) })
	seen := 0
	each(t, func(f file) {
		if f.test || strings.HasSuffix(f.path, "_test.go") || strings.HasPrefix(f.path, "internal/platform/audit/") {
			return
		}
		for _, call := range apart(f.syntax, acts, &seen) {
			if fn := f.path + ":" + call.within; handed[fn] == "" {
				t.Errorf("%s:%d: %s outside of Atomically (in %s)", f.path, f.pos.Position(call.at).Line, call.method, fn)
			}
		}
	})
	if seen < 60 {
		t.Errorf("only %d entries about acts were found", seen)
	}
}

// apartCall is a call of an act's method outside of a transaction.
type apartCall struct {
	method, within string
	at             token.Pos
}

// apart finds calls whose context is not that of an enclosing function literal.
func apart(syntax *ast.File, acts []string, seen *int) (found []apartCall) {
	for _, decl := range syntax.Decls {
		fn, ok := decl.(*ast.FuncDecl)
		if !ok || fn.Body == nil {
			continue
		}
		var walk func(n ast.Node, inside bool)
		walk = func(n ast.Node, inside bool) {
			ast.Inspect(n, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.FuncLit:
					walk(n.Body, inside || takesContext(n.Type))
					return false
				case *ast.CallExpr:
					method := calledOn(n)
					if !slices.Contains(acts, method) {
						return true
					}
					if *seen++; !inside {
						found = append(found, apartCall{method, fn.Name.Name, n.Pos()})
					}
				}
				return true
			})
		}
		walk(fn.Body, false)
	}
	return found
}

// calledOn is the method of a call on something that is called the audit log: x.Audit.M,
// audit.M of a field, auditlog.M.
func calledOn(call *ast.CallExpr) string {
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	switch on := method.X.(type) {
	case *ast.SelectorExpr:
		if on.Sel.Name == "Audit" {
			return method.Sel.Name
		}
	case *ast.Ident:
		if on.Name == "trail" {
			return method.Sel.Name
		}
	}
	return ""
}

func takesContext(f *ast.FuncType) bool {
	if len(f.Params.List) == 0 {
		return false
	}
	name, ok := f.Params.List[0].Type.(*ast.SelectorExpr)
	return ok && name.Sel.Name == "Context"
}

func auditMethods(t *testing.T) (all []string) {
	t.Helper()
	each(t, func(f file) {
		if !strings.HasPrefix(f.path, "internal/platform/audit/") || strings.HasSuffix(f.path, "_test.go") {
			return
		}
		for _, decl := range f.syntax.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || fn.Recv == nil || !fn.Name.IsExported() {
				continue
			}
			if slices.Contains([]string{"Log", "Admin", "Staff", "writer"}, receiver(fn)) { // the log and its parts
				all = append(all, fn.Name.Name)
			}
		}
	})
	return all
}

// The rule finds what it is for.
func TestEntriesApartAreFound(t *testing.T) {
	t.Parallel()
	const source = `package x
func good(ctx context.Context) error {
	return f.Audit.Atomically(ctx, func(ctx context.Context) error { f.d.Audit.PersonLocked(ctx, "a", "b"); return act(ctx) })
}
func bad(ctx context.Context) {
	f.d.Audit.PersonLocked(ctx, "a", "b")
	defer func() { trail.PersonLocked(ctx, "a", "b") }()
	f.Audit.PersonViewed(ctx, "a", "b")
}`
	syntax, err := parser.ParseFile(token.NewFileSet(), "x.go", source, 0)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	if found := apart(syntax, []string{"PersonLocked"}, &seen); len(found) != 2 || seen != 3 || found[0].within != "bad" {
		t.Errorf("found %+v of %d", found, seen)
	}
}
