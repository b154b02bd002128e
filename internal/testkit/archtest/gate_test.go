package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestBothGatesHaveTheSameSteps: what the build machine runs one after the other, another
// runs as jobs beside each other.
func TestBothGatesHaveTheSameSteps(t *testing.T) {
	t.Parallel()
	read := func(path string, expression string) string {
		t.Helper()
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(path)))
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(expression).FindSubmatch(text)
		if found == nil {
			t.Fatalf("%s names no steps", path)
		}
		return string(found[1])
	}
	steps := strings.Fields(read("scripts/gate.sh", `(?m)^everything=\((.+)\)$`))
	jobs := strings.Fields(strings.ReplaceAll(read(".github/workflows/ci.yml", `(?m)^        steps:\n((?:          - .+\n)+)`), "- ", ""))
	slices.Sort(steps)
	slices.Sort(jobs)
	if len(steps) == 0 || !slices.Equal(steps, jobs) {
		t.Errorf("scripts/gate.sh has the steps %q, .github/workflows/ci.yml %q", steps, jobs)
	}
}
