package store

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// endsSessions finds statements that end sessions before their time, or delete them, or
// delete what takes them along.
var endsSessions = regexp.MustCompile(`UPDATE sessions SET[^?]*\b(revoked_at|ends_at) =|DELETE FROM (sessions|persons)\b`)

// Every statement that ends a session before its time is carried out by revoke, which
// orders what follows; what only deletes finds none that lives.
func TestSessionsEndInOneWay(t *testing.T) {
	t.Parallel()
	endings, deleting := []string{"endLockedSQL", "endOutgrownSQL", "endSessionsOfSQL", "revokeSessionSQL", "revokeSessionsOfPersonSQL"}, map[string]string{
		"dropSessionsSQL":         "after endSessionsOfSQL, in the same transaction",
		"dropPersonSQL":           "likewise",
		"forgetPersonSQL":         "only persons without sessions",
		"purgeEndedSessionsSQL":   "over by themselves, and for long",
		"purgeRevokedSessionsSQL": "told when they were revoked",
	}
	files := sources(t)
	found := map[string]bool{}
	for _, file := range files {
		ast.Inspect(file, func(n ast.Node) bool {
			if spec, ok := n.(*ast.ValueSpec); ok {
				for i, value := range spec.Values {
					if text := textOf(value); endsSessions.MatchString(text) {
						found[spec.Names[i].Name] = true
					}
				}
			}
			return true
		})
	}
	want := slices.Sorted(slices.Values(append(slices.Collect(maps.Keys(deleting)), endings...)))
	if got := slices.Sorted(maps.Keys(found)); !slices.Equal(got, want) {
		t.Errorf("statements that end or delete sessions: %q, want %q; does the client learn of it?", got, want)
	}
	for _, file := range files {
		revoking := map[*ast.Ident]bool{}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if to, ok := n.Fun.(*ast.SelectorExpr); ok && to.Sel.Name == "revoke" {
					for _, arg := range n.Args {
						if name, ok := arg.(*ast.Ident); ok {
							revoking[name] = true
						}
					}
				}
			case *ast.ValueSpec:
				for _, name := range n.Names {
					revoking[name] = true // where it is written
				}
			case *ast.Ident:
				if slices.Contains(endings, n.Name) && !revoking[n] {
					t.Errorf("%s is used outside revoke", n.Name)
				}
			}
			return true
		})
	}
}

// sources are the files of this package, without its tests.
func sources(t *testing.T) (files []*ast.File) {
	t.Helper()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if name := entry.Name(); strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") {
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, file)
		}
	}
	return files
}

// textOf puts a text together; what is no literal becomes a question mark.
func textOf(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.BinaryExpr:
		return textOf(e.X) + textOf(e.Y)
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		if err != nil {
			return "?"
		}
		return strings.Join(strings.Fields(text), " ")
	default:
		return "?"
	}
}
