package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/queue"
	"avain/internal/secret"
)

// counting is a database that writes down each statement and how many rows it answers.
type counting struct {
	database
	done []string
}

func (c *counting) reader() runner { return countingRunner{c.database.reader(), c, true} }

func (c *counting) write(ctx context.Context, act func(ctx context.Context, tx runner) error) error {
	return c.database.write(ctx, func(ctx context.Context, tx runner) error { return act(ctx, countingRunner{tx, c, false}) })
}

type countingRunner struct {
	runner
	c     *counting
	reads bool
}

func (r countingRunner) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	result, err := r.runner.ExecContext(ctx, query, args...)
	if err == nil {
		n, _ := result.RowsAffected()
		r.c.done = append(r.c.done, fmt.Sprint(n, " ", query))
	}
	return result, err
}

// QueryContext leaves the rows to whoever reads them.
func (r countingRunner) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if !r.reads {
		r.c.done = append(r.c.done, query)
	}
	return r.runner.QueryContext(ctx, query, args...)
}

// QueryRowContext runs a statement that only reads once more, to count its rows.
func (r countingRunner) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	n := -1
	if r.reads {
		n = 0
		if err := eachRow(ctx, r.runner, query, args, func(scanner) error { n++; return nil }); err != nil {
			n = -2
		}
	}
	r.c.done = append(r.c.done, fmt.Sprint(n, " ", query))
	return r.runner.QueryRowContext(ctx, query, args...)
}

// What is asked about a user name takes the same statements, with as many rows, whether
// somebody has the name, has it as an e-mail address, or nobody has it.
func TestThreat45UnknownNamesTakeTheSameStatements(t *testing.T) {
	t.Parallel()
	for driver, s := range both(t) {
		p := login.Person{ID: login.NewID(), Subject: login.NewID(), Locale: "fi"}
		c := login.Credential{ID: login.NewID(), Person: p.ID, UserName: "aino", Email: "aino@example.com", Hash: "$argon2id$v=19$m=64,t=1,p=1$x$y"}
		if err := s.People.AddPersonWithCredential(t.Context(), p, nil, nil, c); err != nil {
			t.Fatal(err)
		}
		c2 := &counting{database: s.db.database}
		s.db.database = c2
		now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
		ask := func(name string) []string {
			c2.done = nil
			found, err := s.People.CredentialByName(t.Context(), name)
			if err != nil && !errors.Is(err, fault.ErrNotFound) {
				t.Fatal(err)
			}
			if _, err := s.People.Recognised(t.Context(), login.From{Person: found.Person, Key: "k", Network: secret.New().Hash()}, now); err != nil {
				t.Fatal(err)
			}
			budgets := []login.RateLimit{{Key: secret.New().Hash(), Burst: 1, Interval: time.Minute}, {Key: secret.New().Hash(), Burst: 1, Interval: time.Minute}}
			for range 2 { // the second finds them empty
				if _, err := s.Limits.SpendFirst(t.Context(), now, budgets); err != nil && fault.AsError(err).Kind != fault.TooMany {
					t.Fatal(err)
				}
			}
			return c2.done
		}
		nobody := ask("nobody")
		if len(nobody) < 5 {
			t.Errorf("%s: %q", driver, nobody)
		}
		for _, name := range []string{"aino", "aino@example.com", "nobody@example.com"} {
			if got := ask(name); !slices.Equal(got, nobody) {
				t.Errorf("%s: %s: %q, nobody: %q", driver, name, got, nobody)
			}
		}
		s.db.database = c2.database
	}
}

// The end of a session whose client is not told takes no statement more than before there
// were such clients; one that is told takes one.
func TestUntoldEndsTakeNoStatement(t *testing.T) {
	t.Parallel()
	for driver, s := range both(t) {
		tells := false
		s.revoked = func(_ login.Session, subject func() (string, error)) ([]queue.Job, error) {
			if !tells {
				return nil, nil
			}
			_, err := subject()
			return nil, err
		}
		c := &counting{database: s.db.database}
		s.db.database = c
		end := func() (took []string) {
			p := login.Person{ID: login.NewID(), Subject: login.NewID(), Locale: "fi"}
			if err := s.People.AddPerson(t.Context(), p, nil, nil); err != nil {
				t.Fatal(err)
			}
			session := login.Session{ID: login.NewID(), Person: p.ID, Client: "app", Refresh: secret.New().Hash(), CreatedAt: noon, IdleUntil: noon.Add(time.Hour), EndsAt: noon.Add(time.Hour)}
			row, err := sessionRow(session)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.database.write(t.Context(), func(ctx context.Context, tx runner) error {
				_, err := tx.ExecContext(ctx, addSessionSQL, row...)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			c.done = nil
			if err := s.Sessions.RevokeSession(t.Context(), session.ID, "logout_app", noon); err != nil {
				t.Fatal(err)
			}
			return c.done
		}
		if took := end(); len(took) != 1 {
			t.Errorf("%s: nobody is told: %q", driver, took)
		}
		tells = true
		if took := end(); len(took) != 2 || !strings.Contains(took[1], subjectOfSQL) {
			t.Errorf("%s: the client is told: %q", driver, took)
		}
		s.db.database = c.database
	}
}
