package store

import (
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/queue"
	"avain/internal/secret"

	"pgregory.net/rapid"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// town is people with everything that there can be of a person, each under words that
// nobody else has.
type town struct {
	*testing.T
	rt *rapid.T
	s  *Store
}

// citizen is one human.
type citizen struct {
	canary  string   // stands in every text of theirs
	persons []string // ids
	records []string // ids of employments
	ids     []string // all others
}

// signs are all the words that only rows of theirs hold.
func (c *citizen) signs() []string {
	return slices.Concat([]string{c.canary}, c.persons, c.records, c.ids)
}

func (w town) must(err error) {
	w.Helper()
	if err != nil {
		w.rt.Fatal(err)
	}
}

func (w town) newHash() secret.Hash { return secret.New().Hash() }

// settle writes a human with a random choice of what there can be.
func (w town) settle(name string, employers []string) *citizen {
	draw := func(what string) bool { return rapid.Bool().Draw(w.rt, name+" has "+what) }
	c := &citizen{canary: "Kanarialintu" + login.NewID()}
	lookup := w.newHash()
	for i := range rapid.IntRange(1, 2).Draw(w.rt, name+" records") {
		p := login.Person{
			ID: login.NewID(), Subject: c.canary + fmt.Sprint(i), GivenName: c.canary, FamilyName: c.canary, Name: c.canary + " " + c.canary,
			Email: c.canary + "@example.com", Locale: "fi", CreatedAt: noon,
		}
		code := lookup[:]
		if i > 0 {
			code = nil // an older record, that joins the first
		}
		w.must(w.s.People.AddPerson(w.rt.Context(), p, code, code))
		c.persons = append(c.persons, p.ID)
		w.account(c, p.ID, draw)
		if i > 0 {
			w.must(w.s.People.JoinPersons(w.rt.Context(), p.ID, c.persons[0], noon))
		}
	}
	for _, employer := range employers {
		if draw("employment") {
			w.hire(c, employer, lookup, draw)
		}
	}
	w.must(w.s.Audit.AppendAudit(w.rt.Context(), operations.AuditEntry{At: noon, Actor: "person:" + c.persons[0], Action: "password.set", Target: "person:" + c.persons[0]}))
	return c
}

// account gives a record user name, session, login, QR page and what waits.
func (w town) account(c *citizen, person string, draw func(string) bool) {
	ctx, device := w.rt.Context(), login.Device{Name: c.canary + " puhelin", Model: c.canary}
	key := "jkt" + c.canary + login.NewID()
	id := func() string { c.ids = append(c.ids, login.NewID()); return c.ids[len(c.ids)-1] }
	if draw("user name") {
		one := id()
		credential := login.Credential{ID: one, Person: person, UserName: strings.ToLower(c.canary + one), Email: one + "@" + c.canary, Hash: "hash", CreatedAt: noon, ChangedAt: noon}
		w.must(w.s.People.AddCredential(ctx, credential))
		w.must(w.s.People.AddReset(ctx, w.newHash(), credential.ID, noon, noon.Add(time.Hour),
			queue.Job{ID: login.NewID(), Kind: "mail.password", Payload: []byte(`{"credential":"` + credential.ID + `"}`), At: noon, CreatedAt: noon}))
	}
	attempt := login.Attempt{
		ID: id(), SupportCode: login.NewSupportCode(), Method: login.MethodDirect, State: login.StateCreated, Client: "app", Key: key, Device: device,
		Request: login.Request{State: c.canary, Scopes: []string{}}, CreatedAt: noon, UpdatedAt: noon, ExpiresAt: noon.Add(time.Hour),
		Timeline: []login.Event{{At: noon, Step: "start", Browser: c.canary}},
	}
	w.must(w.s.Attempts.StartAttempt(ctx, attempt, login.AttemptSecrets{}))
	code := w.newHash()
	_, err := w.s.Attempts.MoveAttempt(ctx, login.Transition{
		Attempt: attempt.ID, From: []login.State{login.StateCreated}, To: login.StateConfirmed, At: noon, SetIdentity: &login.AuthResult{Person: person, AuthTime: noon},
		SetCode: code, SetCodeEnds: noon.Add(time.Hour), BrokerRequest: &login.BrokerRequest{State: w.newHash(), Means: c.canary, StartedAt: noon, ExpiresAt: noon.Add(time.Hour)},
		Digits: &login.Digits{Hash: w.newHash(), Expires: noon.Add(time.Minute)},
	})
	w.must(err)
	w.must(w.s.People.AddWrongTries(ctx, []login.WrongTries{
		{Person: person, Day: "2026-11-22", Network: w.newHash(), Tries: 3, Known: 1}, {Person: person, Day: "2026-11-21", Tries: 1},
	}))
	if draw("an unfinished login") {
		loose := attempt
		loose.ID, loose.SupportCode = id(), login.NewSupportCode()
		w.must(w.s.Attempts.StartAttempt(ctx, loose, login.AttemptSecrets{}))
	}
	session := login.Session{
		ID: id(), Person: person, Client: "app", Key: key, Method: login.MethodDirect, Device: device, Place: login.Place(c.canary), AuthTime: noon,
		Refresh: w.newHash(), CreatedAt: noon, IdleUntil: noon.Add(time.Hour), EndsAt: noon.Add(time.Hour),
	}
	_, err = w.s.Attempts.RedeemCode(ctx, login.Redemption{
		Code: code, Attempt: attempt.ID, At: noon, Session: session,
		Jobs: []queue.Job{{ID: login.NewID(), Kind: "mail.new_login", Key: session.ID, Payload: []byte(`{"session":"` + session.ID + `"}`), At: noon, CreatedAt: noon}},
	})
	w.must(err)
	_, err = w.s.Attempts.ShowQRPage(ctx, login.QRPage{
		ID: id(), Session: session.ID, State: login.QRShown, Person: person, Means: c.canary, CreatedAt: noon, ShownUntil: noon.Add(time.Minute),
	}, 10, noon.Add(-time.Hour))
	w.must(err)
}

// hire makes an employer's record, invited and perhaps activated.
func (w town) hire(c *citizen, employer string, lookup secret.Hash, draw func(string) bool) {
	ctx := w.rt.Context()
	m := employment.Employment{
		ID: login.NewID(), Employer: employer, Kind: employment.UserSmartumPlus, ExternalID: c.canary, UserName: c.canary, Email: c.canary + "@work.example",
		GivenName: c.canary, FamilyName: c.canary, Lookup: lookup[:], CreatedAt: noon, Benefits: []login.Benefit{{Kind: "lunch", ReleasedAt: noon}},
	}
	i := employment.Invitation{ID: login.NewID(), Employment: m.ID, Token: w.newHash(), CreatedAt: noon, ExpiresAt: noon.Add(time.Hour)}
	c.records, c.ids = append(c.records, m.ID), append(c.ids, i.ID)
	w.must(w.s.Employments.AddInvited(ctx, m, i,
		queue.Job{ID: login.NewID(), Kind: "mail.invitation", Payload: []byte(`{"invitation":"` + i.ID + `"}`), At: noon, CreatedAt: noon}))
	w.must(w.s.Employments.Mailed(ctx, i.ID, employment.MailSent, c.canary, noon))
	answer := operations.RecordedResponse{Mark: w.newHash(), Request: w.newHash(), Busy: noon, Expires: noon.Add(time.Hour)}
	_, err := w.s.Operations.BeginAnswer(ctx, answer, noon)
	w.must(err)
	w.must(w.s.Operations.EndAnswer(ctx, answer.Mark, 201, `{"id":"`+m.ID+`","email":"`+m.Email+`"}`))
	if draw("activated") {
		_, err := w.s.People.Activate(ctx, employment.Activation{
			Invitation: i.ID, Lookups: [][]byte{lookup[:]}, Sealed: func(string) ([]byte, error) { return nil, nil }, Terms: "2026-01", TermsAt: noon, At: noon,
		}, func(employment.Employment, login.Person) []queue.Job { return nil })
		w.must(err)
	}
}

// tables are all rows of the database as texts, by table.
func tables(t *testing.T, db *sql.DB, driver Driver) map[string][]string {
	t.Helper()
	list := map[Driver]string{
		SQLite:   "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%'",
		Postgres: "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_name NOT LIKE 'goose_%'",
	}[driver]
	all := map[string][]string{}
	for _, table := range lines(t, db, 1, list) {
		row := "CAST(t AS TEXT)"
		if driver == SQLite {
			columns := lines(t, db, 1, "SELECT 'QUOTE(' || name || ')' FROM pragma_table_info('"+table+"')")
			row = strings.Join(columns, " || ' ' || ")
		}
		all[table] = lines(t, db, 1, "SELECT "+row+" FROM "+table+" t")
		slices.Sort(all[table])
	}
	return all
}

// speaksOf reports whether a row holds one of the signs.
func speaksOf(row string, signs []string) bool {
	for _, sign := range signs {
		if strings.Contains(strings.ToLower(row), strings.ToLower(sign)) || strings.Contains(strings.ToLower(row), hex.EncodeToString([]byte(sign))) {
			return true
		}
	}
	return false
}

// maxTowns bounds the histories of one run: everything that is left of each is read
// again after every erasure.
const maxTowns = 25

// Whatever there is of a person: when they are erased, exactly the rows that speak of
// them are gone, from every table but the security log, and everything of everybody else
// is as it was.
func TestErasureTakesThePersonAndNobodyElse(t *testing.T) {
	t.Parallel()
	for driver, s := range both(t) {
		t.Run(string(driver), func(t *testing.T) {
			t.Parallel()
			db := raw(t, s)
			towns := 0
			rapid.Check(t, func(rt *rapid.T) {
				if towns++; towns > maxTowns {
					return
				}
				w := town{t, rt, s}
				var employers []string
				for range 2 {
					e := employment.Employer{ID: login.NewID(), Name: "Oy", Locale: "fi", CreatedAt: noon}
					w.must(s.Employments.AddEmployer(rt.Context(), e))
					employers = append(employers, e.ID)
				}
				victim, other := w.settle("the erased", employers), w.settle("the other", employers)
				before := tables(t, db, driver)
				from := rapid.SampledFrom(append(victim.persons, victim.records...)).Draw(rt, "by")
				if len(victim.records) == 0 {
					from = victim.persons[0]
				}
				keepDates := rapid.Bool().Draw(rt, "keep dates")
				erased, err := s.People.ErasePerson(rt.Context(), from, operations.Erasure{At: noon, KeepDates: keepDates})
				w.must(err)
				checkErased(rt, before, tables(t, db, driver), victim, keepDates)
				if len(erased.Persons) != len(victim.persons) || len(erased.Employments) != len(victim.records) {
					rt.Errorf("erased %+v of %+v", erased, victim)
				}
				if _, err := s.People.ErasePerson(rt.Context(), victim.persons[0], operations.Erasure{At: noon}); !errors.Is(err, fault.ErrNotFound) {
					rt.Errorf("again: %v", err)
				}
				if data, err := s.People.PersonalData(rt.Context(), other.persons[0]); err != nil || speaksOf(fmt.Sprint(data), victim.signs()) || !speaksOf(fmt.Sprint(data), other.signs()) {
					rt.Errorf("the other's data: %v %v", data, err)
				}
			})
		})
	}
}

func checkErased(rt *rapid.T, before, after map[string][]string, victim *citizen, keepDates bool) {
	for table, rows := range before {
		var want []string
		for _, row := range rows {
			if table == "audit" || table == "audit_unsealed" || !speaksOf(row, victim.signs()) {
				want = append(want, row)
			}
		}
		got := after[table]
		if keepDates && (table == "employments" || table == "benefits") {
			// Bare records: the id of the record, and nothing that leads to a person.
			got = slices.DeleteFunc(slices.Clone(got), func(row string) bool {
				return speaksOf(row, victim.records) && !speaksOf(row, append(victim.persons, victim.canary))
			})
		}
		if table == "meta" {
			continue // counts the entries of the security log
		}
		for _, row := range got {
			if !slices.Contains(want, row) {
				rt.Errorf("%s holds %q", table, row)
			}
		}
		for _, row := range want {
			if !slices.Contains(got, row) {
				rt.Errorf("%s has lost %q", table, row)
			}
		}
		for _, row := range after[table] {
			if speaksOf(row, []string{victim.canary}) {
				rt.Errorf("%s still holds %q", table, row)
			}
		}
	}
}

// Not even in the file, between the rows or in the write-ahead log, is anything left.
func TestErasedFromTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "x.db")
	s, err := Open(t.Context(), Config{Driver: SQLite, Path: path, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	holds := func(word string) (found bool) {
		for _, suffix := range []string{"", "-wal"} {
			b, err := os.ReadFile(path + suffix)
			if err != nil {
				t.Fatal(err)
			}
			found = found || strings.Contains(strings.ToLower(string(b)), strings.ToLower(word))
		}
		return found
	}
	rapid.Check(t, func(rt *rapid.T) {
		w := town{t, rt, s}
		e := employment.Employer{ID: login.NewID(), Name: "Oy", Locale: "fi", CreatedAt: noon}
		w.must(s.Employments.AddEmployer(rt.Context(), e))
		victim := w.settle("the erased", []string{e.ID})
		if !holds(victim.canary) {
			rt.Fatal("the search is blind")
		}
		_, err := s.People.ErasePerson(rt.Context(), victim.persons[0], operations.Erasure{At: noon})
		w.must(err)
		if holds(victim.canary) {
			rt.Error("the file still holds the person")
		}
	})
}

// Every column of a table that is read for people is either shown to them or withheld
// on purpose; and every table is either read for people or is known to hold nobody.
func TestEveryColumnIsShownOrWithheld(t *testing.T) {
	t.Parallel()
	nobody := []string{
		"meta", "once", "signing_keys", "hint_keys", "nodes", "switches", "notices", "api_keys", // not about people
		"budgets", "idempotency", // under keyed hashes, and for a day at most
		"held_activations",              // under keyed hashes, and until the invitation goes
		"tallies", "alerts", "feedback", // counts
		"feedback_comments",                                  // of nobody knows whom, cleaned, and for half a year
		"person_words", "employment_words", "employer_words", // of names that are shown where they come from
		"staff", "staff_invitations", "staff_sessions", "passkeys", // those who work in the console, not those who log in
		"imports", "import_chunks", "import_mistakes", // an employer's files, until they are read
		"audit_streams", "audit_sealed", "leases", "audit_refused", // the last is evidence of an attack, and empty
	}
	for driver, s := range both(t) {
		db := raw(t, s)
		want := map[string][]string{}
		for _, h := range holdings() {
			for column := range strings.FieldsSeq(h.shown + " " + h.withheld) {
				name, _, _ := strings.Cut(column, ":")
				want[h.table] = append(want[h.table], name)
			}
			slices.Sort(want[h.table])
		}
		for table := range tables(t, db, driver) {
			query := "SELECT name FROM pragma_table_info('" + table + "')"
			if driver == Postgres {
				query = "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' AND table_name = '" + table + "'"
			}
			columns := lines(t, db, 1, query)
			slices.Sort(columns)
			if !slices.Contains(nobody, table) && !slices.Equal(columns, want[table]) {
				t.Errorf("%s: %s has %v, of which %v are decided", driver, table, columns, want[table])
			}
		}
	}
}
