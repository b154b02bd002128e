package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

const (
	maxInterface = 8  // methods of an interface: a feature declares what it uses
	maxMethods   = 60 // of a type
)

// A feature asks for what it uses, in interfaces that a fake fills in a few lines, and no
// type does everything. (What the OpenAPI document generates has a method for each operation.)
func TestInterfacesAndTypesAreSmall(t *testing.T) {
	t.Parallel()
	methods, interfaces := map[string]int{}, 0
	each(t, func(f file) {
		if f.test || strings.HasSuffix(f.path, "_test.go") || strings.HasPrefix(f.path, "internal/admin/api/openapi/") || strings.HasPrefix(f.path, "internal/testkit/") {
			return
		}
		for name, n := range interfacesOf(f.syntax) {
			interfaces++
			if n > maxInterface {
				t.Errorf("%s: the interface %s has %d methods; at most %d: split it by who is asked", f.path, name, n, maxInterface)
			}
		}
		for _, d := range f.syntax.Decls {
			if d, ok := d.(*ast.FuncDecl); ok && d.Recv != nil {
				methods[f.pkg+"."+receiver(d)]++
			}
		}
	})
	for name, n := range methods {
		if n > maxMethods {
			t.Errorf("%s has %d methods; at most %d", name, n, maxMethods)
		}
	}
	if interfaces < 100 || len(methods) < 200 {
		t.Errorf("only %d interfaces and %d types with methods: the test is blind", interfaces, len(methods))
	}
}

// interfacesOf counts the methods of each interface that a file declares. What one embeds
// counts as two: it is hardly ever less, and hides how many there are.
func interfacesOf(f *ast.File) map[string]int {
	found := map[string]int{}
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok {
			return true
		}
		if i, ok := spec.Type.(*ast.InterfaceType); ok {
			for _, m := range i.Methods.List {
				if len(m.Names) == 0 {
					found[spec.Name.Name] += 2
				}
				found[spec.Name.Name] += len(m.Names)
			}
		}
		return true
	})
	return found
}

// receiver is the name of the type that a method belongs to.
func receiver(d *ast.FuncDecl) string {
	of := d.Recv.List[0].Type
	if p, ok := of.(*ast.StarExpr); ok {
		of = p.X
	}
	switch of := of.(type) {
	case *ast.Ident:
		return of.Name
	case *ast.IndexExpr:
		if id, ok := of.X.(*ast.Ident); ok {
			return id.Name
		}
	}
	return "?"
}

// What is too big is found, whether it is written out or embedded.
func TestBigInterfacesAreFound(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]int{
		"package p\ntype I interface { A(); B() }":                                    2,
		"package p\ntype I interface { A(); B(); C(); D(); E(); F(); G(); H(); K() }": 9,
		"package p\nimport \"io\"\ntype I interface { io.Reader; A() }":               3,
		"package p\ntype I struct{}":                                                  0,
	} {
		syntax, err := parser.ParseFile(token.NewFileSet(), "x.go", source, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := interfacesOf(syntax)["I"]; got != want {
			t.Errorf("%s: %d methods, want %d", source, got, want)
		}
	}
}
