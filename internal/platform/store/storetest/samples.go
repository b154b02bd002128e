package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/store"
	"avain/internal/secret"
)

// Noon is the time at which the sample rows are made. The store has no clock of its
// own in this, so the tests need none either.
func Noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

// Attempt is a new attempt of the phone app, as /par would start it.
func Attempt() login.Attempt {
	return login.Attempt{
		ID: login.NewID(), SupportCode: login.NewSupportCode(), Method: login.MethodDirect, State: login.StateCreated,
		Client: "smartumpay",
		Request: login.Request{
			RedirectURI: "https://app.example/return", State: secret.NewShort().Reveal(), Nonce: secret.NewShort().Reveal(),
			Scopes: []string{"openid", "profile", "offline_access"}, CodeChallenge: secret.New().Reveal(), UILocales: []string{"fi", "sv"},
		},
		Device:    login.Device{Name: "Ainon puhelin", Model: "Pixel 9", Platform: "android", AppVersion: "1.16.0"},
		Key:       secret.New().Reveal(),
		CreatedAt: Noon(), UpdatedAt: Noon(), ExpiresAt: Noon().Add(10 * time.Minute),
		Timeline: []login.Event{Event("start")},
	}
}

// Secrets are the handles that /par would make.
func Secrets() login.AttemptSecrets {
	return login.AttemptSecrets{RequestURI: NewHash(), AuthSession: NewHash()}
}

// NewHash is the hash of a new secret.
func NewHash() secret.Hash { return secret.New().Hash() }

// Event is a line of a timeline, at noon.
func Event(step string) login.Event {
	return login.Event{At: Noon(), Step: step, Outcome: login.OutcomeOK, Browser: "Opera 76 on Android"}
}

// Mark is a mark that nobody has set.
func Mark() login.ReplayKey {
	return login.ReplayKey{Hash: NewHash(), Expires: Noon().Add(5 * time.Minute)}
}

// Person is somebody with benefits.
func Person() login.Person {
	return login.Person{
		ID: login.NewID(), Subject: login.NewID(), GivenName: "Aino", FamilyName: "Ääkkönen", Name: "Aino Ääkkönen",
		Email: "aino@example.com", Locale: "fi", SmartumPlus: true, CreatedAt: Noon(),
		Benefits: []login.Benefit{{Kind: "lunch", Employer: "Kahvila Oy"}, {Kind: "sports", Employer: "Kahvila Oy"}},
	}
}

// Session is a new session of the person, as redeeming a code would make it.
func Session(person string) login.Session {
	return login.Session{
		ID: login.NewID(), Person: person, Client: "smartumpay", Key: secret.New().Reveal(), Method: login.MethodDirect,
		Broker: "simulated", Means: "nordea", ACR: "http://ftn.ficora.fi/2017/loa2", AMR: []string{"bank"}, AuthTime: Noon(),
		Scopes: []string{"openid", "offline_access"}, Nonce: "n-0S6_WzA2Mj", Device: login.Device{Platform: "ios"}, Place: "Tampere",
		Refresh: NewHash(), CreatedAt: Noon(), UsedAt: Noon(),
		IdleUntil: Noon().Add(90 * 24 * time.Hour), EndsAt: Noon().Add(365 * 24 * time.Hour),
	}
}

// Start writes a new attempt, changed as asked.
func Start(t testing.TB, s *store.Store, change ...func(*login.Attempt)) login.Attempt {
	t.Helper()
	for try := 0; ; try++ {
		a := Attempt()
		for _, c := range change {
			c(&a)
		}
		err := s.Attempts.StartAttempt(t.Context(), a, Secrets())
		if err == nil {
			return a
		}
		if !errors.Is(err, fault.ErrExists) || try == 3 { // a support code may come twice, but not again and again
			t.Fatalf("start: %v", err)
		}
	}
}

// Confirmed writes a person and an attempt of theirs that has a code to redeem.
func Confirmed(t testing.TB, s *store.Store) (login.Redemption, login.Person) {
	t.Helper()
	p := AddPerson(t, s)
	return ConfirmedFor(t, s, p.ID), p
}

// ConfirmedFor writes an attempt of the person that has a code to redeem.
func ConfirmedFor(t testing.TB, s *store.Store, person string) login.Redemption {
	t.Helper()
	r := login.Redemption{Code: NewHash(), At: Noon().Add(time.Second), Session: Session(person), Event: Event("redeem")}
	r.Attempt = Start(t, s).ID
	_, err := s.Attempts.MoveAttempt(t.Context(), login.Transition{
		Attempt: r.Attempt, From: []login.State{login.StateCreated}, To: login.StateConfirmed, At: Noon(), Event: Event("confirm"),
		SetIdentity: &login.AuthResult{Person: person}, SetCode: r.Code, SetCodeEnds: Noon().Add(time.Minute),
	})
	if err != nil {
		t.Fatalf("confirm: %v", err)
	}
	return r
}

// AddPerson writes a new person.
func AddPerson(t testing.TB, s *store.Store) login.Person {
	t.Helper()
	p := Person()
	lookup := NewHash()
	if err := s.People.AddPerson(t.Context(), p, lookup[:], nil); err != nil {
		t.Fatalf("add person: %v", err)
	}
	return p
}

// SignIn writes a new session of a new person.
func SignIn(t testing.TB, s *store.Store, change ...func(*login.Session)) login.Session {
	t.Helper()
	r, p := Confirmed(t, s)
	session := Session(p.ID)
	for _, c := range change {
		c(&session)
	}
	r.Session = session
	if _, err := s.Attempts.RedeemCode(t.Context(), r); err != nil {
		t.Fatalf("redeem: %v", err)
	}
	return session
}

// together runs act n times at once and returns the errors.
func together(ctx context.Context, n int, act func(ctx context.Context, i int) error) []error {
	errs := make([]error, n)
	begin := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-begin
			errs[i] = act(ctx, i)
		})
	}
	close(begin)
	all.Wait()
	return errs
}

// oneWinner demands that one succeeded and all others got the error.
func oneWinner(t *testing.T, errs []error, others error) {
	t.Helper()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, others):
			t.Errorf("a loser got %v, want %v", err, others)
		}
	}
	if won != 1 {
		t.Errorf("%d winners, want 1", won)
	}
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: got %v, want %v", what, err, want)
	}
}

func must[T any](t *testing.T) func(T, error) T {
	t.Helper()
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
