package archtest

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// untested are packages of the service that have no tests beside them, each with why.
var untested = map[string]string{
	"internal/admin/api/openapi":          "generated; package api's test makes it again and compares",
	"internal/domain/queue":               "nouns that decide nothing",
	"internal/platform/bcp195/bcp195test": "a test itself, that others run",
	"internal/platform/store/storetest":   "a test itself, that package store runs on both databases",
}

// Whole servers are tested in test/; what one package decides is tested beside it.
func TestEveryPackageIsTestedBesideItsCode(t *testing.T) {
	t.Parallel()
	code, tests := map[string]bool{}, map[string]bool{}
	each(t, func(f file) {
		if !strings.HasPrefix(f.pkg, "internal/") || floorOf(f.pkg) == beside {
			return
		}
		if f.test {
			tests[f.pkg] = true
		} else if !strings.HasSuffix(f.path, "/doc.go") {
			code[f.pkg] = true
		}
	})
	if len(code) < 50 {
		t.Fatalf("only %d packages were found", len(code))
	}
	for _, pkg := range slices.Sorted(maps.Keys(code)) {
		if !tests[pkg] && untested[pkg] == "" {
			t.Errorf("%s: has no tests of its own", pkg)
		}
	}
	for pkg := range untested {
		if !code[pkg] || tests[pkg] {
			t.Errorf("%s is tested, or gone: take it off the list", pkg)
		}
	}
}
