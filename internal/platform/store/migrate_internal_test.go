package store

import (
	"errors"
	"strings"
	"testing"
)

func TestCompareMigrations(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		got, want []int64
		says      string // "" when they fit
	}{
		"the same":           {[]int64{1, 2, 4}, []int64{4, 2, 1}, ""},
		"older":              {[]int64{1, 2}, []int64{1, 2, 3, 4}, "version 2, want 4; run avain migrate"},
		"newer":              {[]int64{1, 2, 3}, []int64{1, 2}, "does not know: 3;"},
		"one in between":     {[]int64{1, 2, 4}, []int64{1, 2, 3, 4}, "version 4, but migrations before that are missing: 3; run avain migrate"},
		"several":            {[]int64{1, 5}, []int64{1, 2, 3, 5, 6}, "missing: 2 3 6"},
		"of another program": {[]int64{1, 2, 7}, []int64{1, 2, 3}, "does not know: 7;"},
	} {
		err := compareMigrations(c.got, c.want)
		if c.says == "" && err != nil || c.says != "" && (!errors.Is(err, ErrSchema) || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
}

// A migration that is missing below the last one, as after a merge of two branches or a
// restored table, is found before a statement fails of it; migrating brings it.
func TestMissingMigrationIsFound(t *testing.T) {
	t.Parallel()
	for driver, s := range both(t) {
		db := raw(t, s)
		for _, statement := range []string{
			"DELETE FROM goose_db_version WHERE version_id = 17", "DROP TABLE feedback", "DROP TABLE feedback_comments",
		} {
			if _, err := db.ExecContext(t.Context(), statement); err != nil {
				t.Fatalf("%s: %s: %v", driver, statement, err)
			}
		}
		if err := s.CheckSchema(t.Context()); !errors.Is(err, ErrSchema) || !strings.Contains(err.Error(), "are missing: 17;") {
			t.Errorf("%s: %v", driver, err)
		}
		if err := s.Migrate(t.Context()); err != nil {
			t.Errorf("%s: %v", driver, err)
		}
		if err := s.CheckSchema(t.Context()); err != nil {
			t.Errorf("%s, migrated: %v", driver, err)
		}
	}
}
