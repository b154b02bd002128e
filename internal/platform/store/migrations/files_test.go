package migrations_test

import (
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"avain/internal/platform/store/migrations"
)

// Both databases have the same steps, each number once: what cannot be said in one text is
// a pair.
func TestBothDatabasesHaveTheSameSteps(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^(\d{5}_[a-z0-9_]+)\.(both|sqlite|postgres)\.sql$`)
	steps := func(files fs.FS, own string) (names []string) {
		entries, err := fs.ReadDir(files, ".")
		if err != nil {
			t.Fatal(err)
		}
		last := 0
		for _, entry := range entries {
			parts := form.FindStringSubmatch(entry.Name())
			if len(parts) == 0 || parts[2] != "both" && parts[2] != own {
				t.Fatalf("%s among those of %s", entry.Name(), own)
			}
			number, err := strconv.Atoi(parts[1][:5])
			if err != nil || number <= last {
				t.Errorf("%s: %s comes after step %d", own, entry.Name(), last)
			}
			last = number
			names = append(names, parts[1])
		}
		return names
	}
	sqlite, postgres := steps(migrations.SQLite, "sqlite"), steps(migrations.Postgres, "postgres")
	if len(sqlite) == 0 || !slices.Equal(sqlite, postgres) {
		t.Errorf("SQLite has %v, PostgreSQL has %v", sqlite, postgres)
	}
}
