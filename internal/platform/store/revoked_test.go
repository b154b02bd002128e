package store_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/queue"
	"avain/internal/platform/store"
	"avain/internal/platform/store/storetest"
)

// What follows from the end of a session is ordered once, with the end, for those that
// really ended.
func TestEndsOfSessionsAreTold(t *testing.T) {
	onBoth(t, func(t *testing.T, config func(testing.TB) store.Config) {
		c := config(t)
		c.Revoked = func(s login.Session, _ func() (string, error)) ([]queue.Job, error) {
			return []queue.Job{{
				ID: login.NewID(), Kind: "told", Payload: []byte(`"` + s.ID + ` ` + s.RevokedWhy + `"`), At: storetest.Noon(), CreatedAt: s.RevokedAt,
			}}, nil
		}
		s := open(t, c)
		r, p := storetest.Confirmed(t, s)
		ids := []string{r.Session.ID}
		for range 2 {
			if _, err := s.Attempts.RedeemCode(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			r = storetest.ConfirmedFor(t, s, p.ID)
			ids = append(ids, r.Session.ID)
		}
		storetest.SignIn(t, s) // somebody else
		for range 2 {
			if err := s.Sessions.RevokeSession(t.Context(), ids[0], "logout", storetest.Noon()); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Sessions.RevokeSessionsOfPerson(t.Context(), p.ID, "stolen", storetest.Noon()); err != nil {
				t.Fatal(err)
			}
		}
		told, err := s.Operations.ClaimJobs(t.Context(), []queue.Claim{{Kind: "told", Limit: 10, Until: storetest.Noon().Add(time.Minute)}}, storetest.Noon())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, j := range told {
			got = append(got, string(j.Payload))
		}
		want := []string{`"` + ids[0] + ` logout"`, `"` + ids[1] + ` stolen"`}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("told %q, want %q", got, want)
		}
	})
}

// The subject is at hand in the transaction that erases the person; who does not ask for it
// costs no statement; and when what follows cannot be ordered, nothing has ended.
func TestSubjectOfWhatEnds(t *testing.T) {
	onBoth(t, func(t *testing.T, config func(testing.TB) store.Config) {
		var ask bool
		var broken error
		told := map[string]string{}
		c := config(t)
		c.Revoked = func(s login.Session, subject func() (string, error)) ([]queue.Job, error) {
			if broken != nil {
				return nil, broken
			}
			if !ask {
				return nil, nil
			}
			sub, err := subject()
			told[s.ID] = sub + " " + s.RevokedWhy
			return nil, err
		}
		s := open(t, c)
		ends := map[string]func(session login.Session) error{
			"revoked": func(x login.Session) error {
				return s.Sessions.RevokeSession(t.Context(), x.ID, "revoked", storetest.Noon())
			},
			"all": func(x login.Session) error {
				_, err := s.Sessions.RevokeSessionsOfPerson(t.Context(), x.Person, "all", storetest.Noon())
				return err
			},
			"person_locked": func(x login.Session) error { return s.People.LockPerson(t.Context(), x.Person, storetest.Noon()) },
			"erased": func(x login.Session) error {
				_, err := s.People.ErasePerson(t.Context(), x.Person, operations.Erasure{At: storetest.Noon()})
				return err
			},
		}
		for why, end := range ends {
			session := storetest.SignIn(t, s)
			p, err := s.People.PersonByID(t.Context(), session.Person)
			if err != nil {
				t.Fatal(err)
			}
			if broken = errors.New("broken"); !errors.Is(end(session), broken) {
				t.Errorf("%s: goes on although nobody can be told", why)
			}
			if now, err := s.Sessions.SessionByID(t.Context(), session.ID); err != nil || !now.RevokedAt.IsZero() {
				t.Errorf("%s: ended although nobody was told: %v", why, err)
			}
			broken = nil
			ask = true
			if err := end(session); err != nil {
				t.Fatal(err)
			}
			ask = false
			if got := told[session.ID]; got != p.Subject+" "+why {
				t.Errorf("%s: told %q, want the subject %s", why, got, p.Subject)
			}
		}
	})
}

// A lock ends what is under way, of all records of the human, and nobody else's; whoever
// is let in again has to log in.
func TestLockEndsSessions(t *testing.T) {
	onBoth(t, func(t *testing.T, config func(testing.TB) store.Config) {
		s := open(t, config(t))
		locked, other := storetest.SignIn(t, s), storetest.SignIn(t, s)
		for range 2 {
			if err := s.People.LockPerson(t.Context(), locked.Person, storetest.Noon()); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.People.UnlockPerson(t.Context(), locked.Person, storetest.Noon().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		for id, want := range map[string]string{locked.ID: string(login.ReasonPersonLocked), other.ID: ""} {
			if got, err := s.Sessions.SessionByID(t.Context(), id); err != nil || got.RevokedWhy != want || got.RevokedAt.IsZero() != (want == "") {
				t.Errorf("%+v, %v; want it ended by %q", got, err, want)
			}
		}
	})
}

// What tells a client that a session has ended is not dropped when the person is erased
// before it has been told, but only while there is hope for it; and when nobody delivers it,
// it goes within days.
func TestErasureKeepsWhatClientsMustLearn(t *testing.T) {
	onBoth(t, func(t *testing.T, config func(testing.TB) store.Config) {
		s := open(t, config(t))
		session := storetest.SignIn(t, s)
		job := func(kind string) queue.Job {
			return queue.Job{
				ID: login.NewID(), Kind: kind, Payload: []byte(`{"sid":"` + session.ID + `","sub":"S"}`), At: storetest.Noon(), CreatedAt: storetest.Noon(),
			}
		}
		waits, dead, mail := job(queue.KindLogout+"shop"), job(queue.KindLogout+"gone"), job("mail.new_login")
		if err := s.Operations.AddJobs(t.Context(), waits, dead, mail); err != nil {
			t.Fatal(err)
		}
		held, err := s.Operations.ClaimJobs(t.Context(), []queue.Claim{{Kind: dead.Kind, Limit: 1, Until: storetest.Noon().Add(time.Minute)}}, storetest.Noon())
		if err != nil || len(held) != 1 {
			t.Fatal(held, err)
		}
		held[0].Payload = []byte(`{"sid":"` + session.ID + `"}`)
		if err := s.Operations.BuryJob(t.Context(), held[0], storetest.Noon(), "http_400"); err != nil {
			t.Fatal(err)
		}
		if given, err := s.Operations.DeadJobs(t.Context(), "", queue.Place{}, 10); err != nil || len(given) != 1 || !bytes.Equal(given[0].Payload, held[0].Payload) {
			t.Errorf("kept of the job that was given up: %+v, %v", given, err)
		}
		if _, err := s.People.ErasePerson(t.Context(), session.Person, operations.Erasure{At: storetest.Noon()}); err != nil {
			t.Fatal(err)
		}
		left := func() (kinds []string) {
			depths, err := s.Operations.JobDepths(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range depths {
				kinds = append(kinds, d.Kind)
			}
			return kinds
		}
		if got := left(); !slices.Equal(got, []string{waits.Kind}) {
			t.Errorf("left: %q, want %q", got, waits.Kind)
		}
		for _, after := range []struct {
			days int
			want []string
		}{{6, []string{waits.Kind}}, {8, nil}} {
			if _, err := s.Purge(t.Context(), storetest.Noon().AddDate(0, 0, after.days), store.Retention{}); err != nil {
				t.Fatal(err)
			}
			if got := left(); !slices.Equal(got, after.want) {
				t.Errorf("after %d days: %q, want %q", after.days, got, after.want)
			}
		}
	})
}
