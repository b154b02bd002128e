package docs_test

import (
	"database/sql"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"avain/internal/platform/store"
)

// schema lists the columns of each table, as the program makes them.
func schema(t *testing.T) map[string][]string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.db")
	s, err := store.Open(t.Context(), store.Config{Driver: store.SQLite, Path: path, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	rows, err := db.QueryContext(t.Context(), `SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' AND m.name NOT LIKE 'goose_%'`)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	tables := map[string][]string{}
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			t.Fatal(err)
		}
		tables[table] = append(tables[table], column)
	}
	if err := rows.Err(); err != nil || len(tables) < 20 {
		t.Fatalf("%d tables, %v", len(tables), err)
	}
	return tables
}

// Every column that people could be in stands in docs/privacy.md, in the section of its
// table, once, and says truly whether it is exported.
func TestEveryColumnIsInThePrivacyTable(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(root, "docs/privacy.md"))
	if err != nil {
		t.Fatal(err)
	}
	exported := store.PersonalColumns()
	tables := schema(t)
	for table, columns := range tables {
		_, section, ok := strings.Cut(string(text), "\n## "+table+"\n")
		if !ok || !strings.Contains(string(text), "| [`"+table+"`](#"+table+") |") {
			t.Errorf("docs/privacy.md does not know the table %s", table)
			continue
		}
		section, _, _ = strings.Cut(section, "\n## ")
		found := map[string]bool{}
		for line := range strings.Lines(section) {
			cells := strings.Split(line, "|")
			if len(cells) != 5 || !strings.Contains(cells[1], "`") {
				continue
			}
			for column := range strings.SplitSeq(cells[1], ",") {
				column = strings.Trim(column, " `")
				if found[column] || !slices.Contains(columns, column) {
					t.Errorf("%s.%s stands twice, or does not exist", table, column)
				}
				found[column] = true
				if says := strings.TrimSpace(cells[3]) == "exported"; says != slices.Contains(exported[table], column) {
					t.Errorf("%s.%s: exported, says the document: %v", table, column, says)
				}
			}
		}
		for _, column := range columns {
			if !found[column] {
				t.Errorf("%s.%s is missing", table, column)
			}
		}
	}
}
