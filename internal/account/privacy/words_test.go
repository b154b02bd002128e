package privacy

import (
	"testing"

	"avain/internal/platform/store"
)

// Every table and field that a person can be shown is explained, and nothing else.
func TestEverythingShownIsExplained(t *testing.T) {
	t.Parallel()
	shown := map[string]bool{}
	for table, columns := range store.PersonalColumns() {
		if what(table) == "" {
			t.Errorf("%s is not explained", table)
		}
		for _, column := range columns {
			shown[table+"."+column], shown[column] = true, true
			if meaning(table, column) == "" {
				t.Errorf("%s.%s is not explained", table, column)
			}
		}
	}
	for field := range special() {
		if !shown[field] {
			t.Errorf("%s is explained and not shown", field)
		}
	}
	for field := range common() {
		if !shown[field] {
			t.Errorf("%s is explained and not shown", field)
		}
	}
}
