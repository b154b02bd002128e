package reasons_test

import (
	"os"
	"regexp"
	"testing"

	"avain/internal/domain/reasons"
)

// The operator's table of reasons says of each what the catalogue says.
func TestOperatorsTable(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| ([a-z]+) \\| [^|]{10,} \\|[^|]*\\|$")
	sides := map[string][]string{}
	for _, m := range row.FindAllStringSubmatch(string(text), -1) {
		sides[m[1]] = append(sides[m[1]], m[2])
	}
	for _, e := range reasons.All() {
		if rows := sides[string(e.Reason)]; len(rows) != 1 || rows[0] != string(e.Fault) {
			t.Errorf("docs/operations.md has %v for %s, want one row with the side %s", rows, e.Reason, e.Fault)
		}
	}
}
