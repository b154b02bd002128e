package store

import (
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/store/pgtest"
	"avain/internal/secret"

	"github.com/pressly/goose/v3"
)

// People whose user names differed in nothing but case were two before migration 33. They
// stay two, each can be found, changed and ended, and no third one comes.
func TestUserNamesFromBeforeTheirKey(t *testing.T) {
	t.Parallel()
	for _, config := range []Config{
		{Driver: SQLite, Path: filepath.Join(t.TempDir(), "x.db")},
		{Driver: Postgres, DSN: secret.Of(pgtest.Database(t))},
	} {
		config.AuditKey, config.Log = secret.New(), slog.New(slog.DiscardHandler)
		s, err := Open(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
		db, d := raw(t, s), s.db.dialect()
		provider, err := goose.NewProvider(d.goose, db, d.files, goose.WithDisableGlobalRegistry(true))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := provider.UpTo(t.Context(), 32); err != nil {
			t.Fatal(err)
		}
		exec := func(query string) {
			t.Helper()
			if _, err := db.ExecContext(t.Context(), query); err != nil {
				t.Fatal(err)
			}
		}
		exec(`INSERT INTO employers (id, name, locale, created_at, updated_at) VALUES ('e', 'A', 'fi', 1, 1), ('f', 'B', 'fi', 1, 1)`)
		for id, name := range map[string]string{"upper": "Aino", "lower": "aino", "alone": "Elli", "äiti": "ÄITI", "bare": ""} {
			exec(`INSERT INTO employments (id, employer, kind, external_id, user_name, email, given_name, family_name, locale, terms, terms_at, activated_at, ended_at, created_at, updated_at)
				VALUES ('` + id + `', 'e', 'smartum', '', '` + name + `', '', '', '', '', '', 0, 0, 0, 1, 1)`)
		}
		if err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{"aino": "lower", "Aino": "lower upper", "ELLI": "alone", "ÄITI": "äiti"} {
			all, err := s.Employments.Users(t.Context(), "e", EmploymentFilter{UserName: name}, 10)
			var ids []string
			for _, m := range all {
				ids = append(ids, m.ID)
			}
			if err != nil || strings.Join(ids, " ") != want {
				t.Errorf("%s: %s finds %v, %v; want %s", config.Driver, name, ids, err, want)
			}
		}
		for _, id := range []string{"upper", "lower", "äiti"} {
			_, after, err := s.Employments.ChangeUser(t.Context(), "e", id, fromMillis(2), func(m employment.Employment) (employment.Employment, error) {
				m.GivenName, m.EndedAt = "Aino", fromMillis(2)
				return m, nil
			})
			if err != nil || after.EndedAt.IsZero() {
				t.Errorf("%s: %s stays: %v", config.Driver, id, err)
			}
		}
		for _, name := range []string{"elli", "aino", "Aino"} {
			m := employment.Employment{ID: login.NewID(), Employer: "e", Kind: employment.UserSmartum, UserName: name, CreatedAt: fromMillis(2)}
			if err := s.Employments.AddEmployment(t.Context(), m); !errors.Is(err, fault.ErrExists) {
				t.Errorf("%s: another %s: %v", config.Driver, name, err)
			}
		}
	}
}
