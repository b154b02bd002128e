package people_test

import (
	"context"
	"slices"
	"strconv"
	"testing"
	"time"

	"avain/internal/core/people"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/queue"
	"avain/internal/platform/passhash"
	"avain/internal/platform/store"
	"avain/internal/secret"
)

// watched is a store that remembers what it was asked. That each of these asks the
// database for as much, whether it finds anything or not, is for the store's tests.
type watched struct {
	*store.People
	db    *store.Store
	asked []string
}

func (w *watched) CredentialByName(ctx context.Context, name string) (login.Credential, error) {
	w.asked = append(w.asked, "credential by name")
	return w.db.People.CredentialByName(ctx, name)
}

func (w *watched) PersonByID(ctx context.Context, id string) (login.Person, error) {
	w.asked = append(w.asked, "person")
	return w.db.People.PersonByID(ctx, id)
}

func (w *watched) Recognised(ctx context.Context, from login.From, now time.Time) (login.Seen, error) {
	w.asked = append(w.asked, "recognised")
	return w.db.People.Recognised(ctx, from, now)
}

func (w *watched) Spend(ctx context.Context, at time.Time, budgets ...login.RateLimit) error {
	w.asked = append(w.asked, "spend")
	return w.db.Limits.Spend(ctx, at, budgets...)
}

func (w *watched) SpendFirst(ctx context.Context, at time.Time, groups ...[]login.RateLimit) (int, error) {
	w.asked = append(w.asked, "spend first")
	return w.db.Limits.SpendFirst(ctx, at, groups...)
}

func (w *watched) AddJobs(ctx context.Context, jobs ...queue.Job) error {
	w.asked = append(w.asked, "jobs")
	return w.db.Operations.AddJobs(ctx, jobs...)
}

func (w *watched) AddWrongTries(ctx context.Context, counted []login.WrongTries) error {
	w.asked = append(w.asked, "wrong tries")
	return w.db.People.AddWrongTries(ctx, counted)
}

func (w *watched) AddReset(ctx context.Context, h secret.Hash, credential string, at, expires time.Time, jobs ...queue.Job) error {
	w.asked = append(w.asked, "reset")
	return w.db.People.AddReset(ctx, h, credential, at, expires, jobs...)
}

func nameOf(kind string, n int) string { return kind + strconv.Itoa(n) }

// A name that nobody has causes the work of one that somebody has: the same questions in
// the same order, and one hash, whose parameters are as often dear as people's are. The
// letter of a forgotten password is looked after by a job. That the password of somebody was
// wrong is counted beside the try.
func TestThreat45UnknownNamesCauseTheSameWork(t *testing.T) {
	t.Parallel()
	o := newOffice(t)
	var hashed []passhash.Params
	cheap, dear := passhash.Params{MemoryKiB: 64, Passes: 1, Threads: 1}, passhash.Params{MemoryKiB: 256, Passes: 3, Threads: 1}
	hasher, err := passhash.New(passhash.Config{
		Params: cheap, Peppers: secret.Ring{secret.Of("pepper")}, Slots: 1, Computing: func(p passhash.Params) { hashed = append(hashed, p) },
	})
	if err != nil {
		t.Fatal(err)
	}
	const some = 40
	for i := range some {
		p := login.Person{ID: login.NewID(), Subject: login.NewID(), Locale: "fi", Email: login.NewID() + "@example.com"}
		if err := o.db.People.AddPerson(t.Context(), p, nil, nil); err != nil {
			t.Fatal(err)
		}
		cost := cheap
		if i%4 == 0 {
			cost = dear
		}
		hash, err := placeIn(t, cost).Hash(t.Context(), secret.Of(rightPassword))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.AddCredential(t.Context(), p.ID, nameOf("known", i), p.Email, hash); err != nil {
			t.Fatal(err)
		}
	}
	counts, err := o.db.People.PasswordCosts(t.Context())
	if err != nil || len(counts) != 2 {
		t.Fatalf("%v, %v", counts, err)
	}
	w := &watched{People: o.db.People, db: o.db}
	wrong := people.NewWrongTries(time.UTC)
	typists := people.New(people.Deps{
		Wrong:  wrong,
		People: w, Lookups: o.db.Keys, Credentials: w, Employments: o.db.Employments,
		Invitations: o.db.Employments, Limits: w, Jobs: w, Now: func() time.Time { return o.now }, Passwords: hasher, TicketKeys: secret.Ring{secret.Of("the same in every run")},
		Costs: func(context.Context) passhash.Costs { return passhash.NewCosts(counts) },
	})
	work := func(kind string, n int) (asked []string, dearOnes int) {
		for i := range n {
			w.asked, hashed = nil, nil
			if _, err := typists.CheckPassword(t.Context(), people.Try{Name: nameOf(kind, i), Password: secret.Of(guessed), Place: people.Place{Key: login.NewID(), Network: "x"}}); !fault.HasReason(err, login.ReasonPasswordWrong) {
				t.Fatal(err)
			}
			if err := typists.ForgotPassword(t.Context(), nameOf(kind, i)); err != nil {
				t.Fatal(err)
			}
			if len(hashed) != 1 || asked != nil && !slices.Equal(asked, w.asked) {
				t.Fatalf("%s: %d hashes, asked %v, before %v", nameOf(kind, i), len(hashed), w.asked, asked)
			}
			asked = w.asked
			if hashed[0] == dear {
				dearOnes++
			}
		}
		return asked, dearOnes
	}
	known, dearKnown := work("known", some)
	unknown, dearUnknown := work("unknown", 10*some)
	if !slices.Equal(known, unknown) {
		t.Errorf("known: %v, unknown: %v", known, unknown)
	}
	if dearKnown != some/4 || dearUnknown < 10*some/5 || dearUnknown > 10*some*3/10 {
		t.Errorf("%d of %d known names are dear, %d of %d unknown", dearKnown, some, dearUnknown, 10*some)
	}
	k := &taker{}
	if err := wrong.Flush(t.Context(), k); err != nil || len(k.got) != some {
		t.Errorf("wrong passwords of %d people are counted, %v", len(k.got), err)
	}
	if again, dearAgain := work("unknown", 10*some); dearAgain != dearUnknown || !slices.Equal(again, unknown) {
		t.Errorf("again: %d dear", dearAgain)
	}
}
