package people_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"avain/internal/core/people"
	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/hetu"
	"avain/internal/domain/login"
	"avain/internal/domain/queue"
	"avain/internal/platform/passhash"
	"avain/internal/platform/store"
	"avain/internal/secret"
)

type office struct {
	*people.People
	db     *store.Store
	hasher *passhash.Hasher
	hashed atomic.Int32 // hashes that were computed: time cannot be measured in a test
	now    time.Time
	wrong  *people.WrongTries
}

func newOffice(t *testing.T) *office {
	t.Helper()
	o := &office{db: newStore(t), now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	zone, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	o.wrong = people.NewWrongTries(zone)
	if o.hasher, err = passhash.New(passhash.Config{
		Params: passhash.Params{MemoryKiB: 64, Passes: 1, Threads: 1}, Peppers: secret.Ring{secret.Of("pepper")}, Slots: 2,
		Computing: func(passhash.Params) { o.hashed.Add(1) },
	}); err != nil {
		t.Fatal(err)
	}
	o.People = people.New(people.Deps{
		People: o.db.People, Lookups: o.db.Keys, Credentials: o.db.People, Employments: o.db.Employments,
		Invitations: o.db.Employments, Limits: o.db.Limits, Jobs: o.db.Operations, Keys: people.Keys{Lookup: newPRF(t)}, Now: func() time.Time { return o.now }, Passwords: o.hasher,
		TicketKeys: secret.Ring{secret.New()}, InvitationLife: 30 * 24 * time.Hour, RemindAfter: 7 * 24 * time.Hour,
		Wrong: o.wrong,
	})
	return o
}

const rightPassword = "hevonen paristo niitti"

// user is somebody with credentials.
func (o *office) user(t *testing.T, name string, plus bool) login.Person {
	t.Helper()
	p := login.Person{ID: login.NewID(), Subject: login.NewID(), Name: name, Email: name + "@example.com", Locale: "fi", SmartumPlus: plus}
	hash, err := o.HashPassword(t.Context(), secret.Of(rightPassword))
	if err != nil {
		t.Fatal(err)
	}
	if err := o.db.People.AddPerson(t.Context(), p, nil, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := o.AddCredential(t.Context(), p.ID, name, p.Email, hash); err != nil {
		t.Fatal(err)
	}
	return p
}

// typed types a password where nobody has been before.
func (o *office) typed(t *testing.T, name string, typed secret.Text) (login.Person, error) {
	t.Helper()
	return o.CheckPassword(t.Context(), people.Try{Name: name, Password: typed, Place: people.Place{
		Key: login.NewID(), Browser: secret.New(), Network: login.NewID(),
	}})
}

func TestCheckPassword(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	aino := o.user(t, "aino", false)
	o.user(t, "paula", true)
	for _, tc := range []struct {
		name, password string
		want           login.Reason
	}{
		{"aino", rightPassword, ""},
		{" Aino@Example.com ", rightPassword, ""},
		{"aino", rightPassword + " ", login.ReasonPasswordWrong},
		{"aino", "", login.ReasonPasswordWrong},
		{"nobody", rightPassword, login.ReasonPasswordWrong},
		{"", "", login.ReasonPasswordWrong},
		{"paula", rightPassword, login.ReasonStrongRequired},
		{"paula", "väärä", login.ReasonPasswordWrong}, // only who knows the password learns what she is
	} {
		before := o.hashed.Load()
		p, err := o.typed(t, tc.name, secret.Of(tc.password))
		switch {
		case tc.want == "" && (err != nil || p.ID != aino.ID):
			t.Errorf("%q: %s, %v", tc.name, p.ID, err)
		case tc.want != "" && !fault.HasReason(err, tc.want):
			t.Errorf("%q: %v, want %s", tc.name, err, tc.want)
		}
		if n := o.hashed.Load() - before; n != 1 {
			t.Errorf("%q: %d comparisons: the clock tells whether the name is known", tc.name, n)
		}
	}
}

// placeIn is a place in the queue of another hasher with the same key.
func placeIn(t *testing.T, p passhash.Params) *passhash.Place {
	t.Helper()
	h, err := passhash.New(passhash.Config{Params: p, Peppers: secret.Ring{secret.Of("pepper")}, Slots: 1})
	if err != nil {
		t.Fatal(err)
	}
	place, err := h.Enter()
	if err != nil {
		t.Fatal(err)
	}
	return place
}

func TestWeakHashesAreReplaced(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	p := o.user(t, "aino", false)
	old, err := placeIn(t, passhash.Params{MemoryKiB: 32, Passes: 1, Threads: 1}).Hash(t.Context(), secret.Of(rightPassword))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := o.AddCredential(t.Context(), p.ID, "vanha", "", old); err != nil {
		t.Fatal(err)
	}
	if _, err := o.typed(t, "vanha", secret.Of("väärä")); err == nil {
		t.Fatal("wrong password")
	}
	if c, err := o.db.People.CredentialByName(t.Context(), "vanha"); err != nil || c.Hash != old {
		t.Errorf("a wrong password changed the hash: %v", err)
	}
	for range 2 {
		if _, err := o.typed(t, "vanha", secret.Of(rightPassword)); err != nil {
			t.Fatal(err)
		}
	}
	c, err := o.db.People.CredentialByName(t.Context(), "vanha")
	if err != nil || c.Hash == old {
		t.Fatalf("not replaced: %v", err)
	}
	if ok, stale, err := placeIn(t, passhash.Params{MemoryKiB: 64, Passes: 1, Threads: 1}).Verify(t.Context(), c.Hash, secret.Of(rightPassword)); !ok || stale || err != nil {
		t.Errorf("the new hash: %v, %v, %v", ok, stale, err)
	}
}

func (o *office) resets(t *testing.T) []queue.Job {
	t.Helper()
	o.look(t)
	due, err := o.db.Operations.ClaimJobs(t.Context(), []queue.Claim{{Kind: people.JobPasswordReset, Limit: 100, Until: o.now.Add(time.Hour)}}, o.now)
	if err != nil {
		t.Fatal(err)
	}
	return due
}

// look does the jobs that look who has forgotten a password.
func (o *office) look(t *testing.T) {
	t.Helper()
	due, err := o.db.Operations.ClaimJobs(t.Context(), []queue.Claim{{Kind: people.JobPasswordForgotten, Limit: 100, Until: o.now.Add(time.Hour)}}, o.now)
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range due {
		for range 2 { // a job may be done twice
			if err := o.Forgotten(t.Context(), j); err != nil {
				t.Fatal(err)
			}
		}
		if err := o.db.Operations.FinishJob(t.Context(), j); err != nil {
			t.Fatal(err)
		}
	}
}

func TestForgottenPassword(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.user(t, "aino", false)
	o.user(t, "paula", true)
	for _, name := range []string{"nobody", "paula", ""} {
		if err := o.ForgotPassword(t.Context(), name); err != nil {
			t.Errorf("%q: %v: the answer tells who has a password", name, err)
		}
	}
	if jobs := o.resets(t); len(jobs) != 0 {
		t.Fatalf("letters to people without a password: %+v", jobs)
	}
	var jobs []queue.Job
	for range 3 {
		if err := o.ForgotPassword(t.Context(), "AINO "); err != nil {
			t.Fatal(err)
		}
		jobs = append(jobs, o.resets(t)...)
		o.now = o.now.Add(employment.PressedTwice)
	}
	if err := o.ForgotPassword(t.Context(), "aino"); fault.AsError(err).Kind != fault.TooMany {
		t.Errorf("a fourth letter: %v", err)
	}
	if len(jobs) != 3 {
		t.Fatalf("%d letters", len(jobs))
	}
	var good []secret.Text
	for _, j := range jobs {
		ticket := o.ResetTicket(people.ResetJob{Reset: j.Key})
		if c, _, err := o.ResetOf(t.Context(), ticket); err == nil && c.UserName == "aino" {
			good = append(good, ticket)
		}
	}
	if len(good) != 1 {
		t.Fatalf("%d links are good, want the last one only", len(good))
	}
	o.resetOnce(t, good[0])
}

func (o *office) resetOnce(t *testing.T, ticket secret.Text) {
	t.Helper()
	nothing := func(context.Context, login.Credential) error { return nil }
	fails := func(context.Context, login.Credential) error { return errors.ErrUnsupported }
	if _, err := o.SetPassword(t.Context(), ticket, secret.Of("uusi pitkä lause"), fails); !errors.Is(err, errors.ErrUnsupported) {
		t.Fatal(err)
	}
	if _, err := o.SetPassword(t.Context(), ticket, secret.Of("uusi pitkä lause"), nothing); err != nil {
		t.Fatal(err)
	}
	if _, err := o.SetPassword(t.Context(), ticket, secret.Of("toinen pitkä lause"), nothing); !fault.HasReason(err, login.ReasonResetExpired) {
		t.Errorf("twice: %v", err)
	}
	if _, err := o.typed(t, "aino", secret.Of("uusi pitkä lause")); err != nil {
		t.Errorf("the new password: %v", err)
	}
	if _, err := o.typed(t, "aino", secret.Of(rightPassword)); !fault.HasReason(err, login.ReasonPasswordWrong) {
		t.Errorf("the old password: %v", err)
	}
}

func TestResetExpires(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	o.user(t, "aino", false)
	if err := o.ForgotPassword(t.Context(), "aino"); err != nil {
		t.Fatal(err)
	}
	jobs := o.resets(t)
	if len(jobs) != 1 {
		t.Fatalf("%d letters", len(jobs))
	}
	o.now = o.now.Add(people.ResetLife)
	if _, err := o.SetPassword(t.Context(), o.ResetTicket(people.ResetJob{Reset: jobs[0].Key}), secret.Of("uusi pitkä lause"), nil); !fault.HasReason(err, login.ReasonResetExpired) {
		t.Errorf("after half an hour: %v", err)
	}
}

// Two people never answer to one name: a user name may not be somebody's e-mail
// address, and nothing is written when it is.
func TestAddSmartum(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	hash, err := o.HashPassword(t.Context(), secret.Of(rightPassword))
	if err != nil {
		t.Fatal(err)
	}
	aino := login.Person{
		GivenName: "Aino", FamilyName: "Aalto", Name: "Aino Aalto", Email: "Aino@Example.com", Locale: "fi",
		Benefits: []login.Benefit{{Kind: "lunch", Employer: "Esimerkki Oy"}},
	}
	if isNew, err := o.AddSmartum(t.Context(), hetu.Code{}, aino, " Aino ", hash); err != nil || !isNew {
		t.Fatalf("new: %v, %v", isNew, err)
	}
	got, err := o.typed(t, "aino@example.com", secret.Of(rightPassword))
	if err != nil || got.SmartumPlus || len(got.Benefits) != 1 || got.Name != aino.Name {
		t.Errorf("%+v, %v", got, err)
	}
	for name, other := range map[string]login.Person{"aino": {}, "aino@example.com": {}, "someone": {Email: "aino@example.com"}, "somebody": {Email: "AINO"}} {
		other.Locale = "fi"
		if _, err := o.AddSmartum(t.Context(), hetu.Code{}, other, name, hash); !errors.Is(err, fault.ErrExists) {
			t.Errorf("%s, %s: %v", name, other.Email, err)
		}
	}

	// A code that is known keeps its person, kind and benefits.
	code, err := hetu.Parse("010190-900P", hetu.Artificial)
	if err != nil {
		t.Fatal(err)
	}
	known, _, err := o.Add(t.Context(), code, login.Person{Name: "Liisa", Locale: "sv", SmartumPlus: true, Benefits: aino.Benefits})
	if err != nil {
		t.Fatal(err)
	}
	if isNew, err := o.AddSmartum(t.Context(), code, login.Person{Name: "Other", Locale: "fi"}, "liisa", hash); err != nil || isNew {
		t.Fatalf("new: %v, %v", isNew, err)
	}
	got, err = o.typed(t, "liisa", secret.Of(rightPassword))
	if !fault.HasReason(err, login.ReasonStrongRequired) || got.ID != known.ID || got.Name != "Liisa" || len(got.Benefits) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	// One that is not becomes that person, whom a bank finds.
	other, err := hetu.Parse("020290-9016", hetu.Artificial)
	if err != nil {
		t.Fatal(err)
	}
	if isNew, err := o.AddSmartum(t.Context(), other, login.Person{Name: "Erik", Locale: "sv"}, "erik", hash); err != nil || !isNew {
		t.Fatalf("new: %v, %v", isNew, err)
	}
	byPassword, err1 := o.typed(t, "erik", secret.Of(rightPassword))
	byBank, err2 := o.Identify(t.Context(), login.Identity{HETU: other, Name: "Erik"})
	if err1 != nil || err2 != nil || byPassword.ID != byBank.ID {
		t.Errorf("%v, %v: %s and %s", err1, err2, byPassword.ID, byBank.ID)
	}
}
