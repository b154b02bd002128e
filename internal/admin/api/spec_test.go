package api

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"avain/internal/domain/operations"

	"github.com/getkin/kin-openapi/openapi3"
)

// What is in the tree is what the specification makes.
func TestGeneratedCodeIsTrue(t *testing.T) {
	t.Parallel()
	made, config := filepath.Join(t.TempDir(), "openapi.gen.go"), filepath.Join(t.TempDir(), "config.yaml")
	text, err := os.ReadFile("openapi/config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text = []byte(strings.Replace(string(text), "output: openapi.gen.go", "output: "+made, 1))
	if err := os.WriteFile(config, text, 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), "go", "tool", "-modfile=../../../../tools/go.mod", "oapi-codegen", "-config", config, "../openapi.yaml")
	command.Dir = "openapi"
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want, err := os.ReadFile(made)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("openapi/openapi.gen.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("openapi.gen.go is not what openapi.yaml makes; run: go generate ./internal/admin/api/openapi")
	}
}

// The scopes that routes ask for are those that the specification tells, and every
// operation can be refused.
func TestScopesAreThoseOfTheSpecification(t *testing.T) {
	t.Parallel()
	doc, err := openapi3.NewLoader().LoadFromData(document)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context()); err != nil {
		t.Error(err)
	}
	seen := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if op.OperationID == "getDocument" {
				continue
			}
			pattern := method + " " + path
			seen[pattern] = true
			if op.Security == nil || len(*op.Security) != 1 || len((*op.Security)[0]["key"]) != 1 || operations.APIScope((*op.Security)[0]["key"][0]) != scopes[pattern] {
				t.Errorf("%s: the specification and the routes ask for different scopes", pattern)
			}
			needed := []string{"400", "401", "403", "429"} // 400: nobody's query may be misspelt
			if strings.Contains(path, "{") {
				needed = append(needed, "404")
			}
			var query []string
			for _, p := range op.Parameters {
				if p.Value.In == openapi3.ParameterInQuery {
					query = append(query, p.Value.Name)
				}
			}
			if got := queries[pattern]; !slices.Equal(got, query) {
				t.Errorf("%s takes %v in its query, the specification says %v", pattern, got, query)
			}
			for _, status := range needed {
				if op.Responses.Value(status) == nil {
					t.Errorf("%s: the specification does not tell of %s", pattern, status)
				}
			}
		}
	}
	for pattern := range scopes {
		if !seen[pattern] {
			t.Errorf("%s is not in the specification", pattern)
		}
	}
}
