package attempt_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"log/slog"
	"sync"
	"testing"
	"time"

	"avain/internal/core/attempt"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/store"
	"avain/internal/platform/store/storetest"
	"avain/internal/secret"
)

// world is a real database with one person, and a clock that the test moves.
type world struct {
	*testing.T
	*attempt.Attempts
	db     *store.Store
	person login.Person
	alarms []login.Attempt

	mu  sync.Mutex
	now time.Time
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldOn(t, store.Config{Driver: store.SQLite, Path: storetest.Fresh(t)})
}

// onBoth runs a test once per database.
func onBoth(t *testing.T, test func(w *world)) {
	t.Helper()
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(newWorld(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(newWorldOn(t, store.Config{Driver: store.Postgres, DSN: secret.Of(storetest.FreshPostgres(t))}))
	})
}

func newWorldOn(t *testing.T, config store.Config) *world {
	t.Helper()
	w := &world{T: t, now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}
	config.Now, config.Log = w.clock, slog.New(slog.DiscardHandler)
	db, err := store.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := db.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.db = db
	w.meet()
	w.Attempts = attempt.New(attempt.Deps{
		Attempts: db.Attempts, Handles: db.Attempts, BrokerRequests: db.Attempts, QRPages: db.Attempts, Sessions: db.Sessions, People: db.People, Now: w.clock, Lifetimes: attempt.DefaultLifetimes(),
		QRKeys: secret.Ring{secret.Of("a key that only the nodes have")}, DigitsKeys: secret.Ring{secret.Of("another key that only the nodes have")},
		Audit: w,
	})
	return w
}

// Atomically makes the world the attempts' auditor, which remembers alarms.
func (w *world) Atomically(ctx context.Context, act func(context.Context) error) error {
	return w.db.Atomically(ctx, act)
}

func (w *world) CodeReplayed(_ context.Context, a login.Attempt) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.alarms = append(w.alarms, a)
}
func (*world) SessionCreated(context.Context, login.Session) {}
func (*world) LinkReused(context.Context, login.Attempt)     {}
func (*world) QRReused(context.Context, login.Attempt)       {}

// meet adds a person, who from now on is the one that logs in.
func (w *world) meet() {
	w.Helper()
	id := login.NewID()
	w.person = login.Person{ID: id, Subject: "sub-" + id, Name: "Aino Virtanen", Locale: "fi", CreatedAt: w.clock()}
	if err := w.db.People.AddPerson(w.Context(), w.person, []byte("lookup "+id), nil); err != nil {
		w.Fatal(err)
	}
}

const (
	clientID    = "smartumpay"
	redirectURI = "https://app.example/return"
	keyOfApp    = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
	bankID      = "kuikka"
	brokerID    = "op"
)

// verifier is what only the app knows; its challenge goes into the request.
var verifier = secret.Of("a-verifier-that-only-the-app-knows-0123456789")

func challengeOf(v secret.Text) string {
	sum := sha256.Sum256([]byte(v.Reveal()))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func (w *world) start(key string) attempt.Started {
	w.Helper()
	return w.startBy(login.MethodDirect, key)
}

func (w *world) startBy(method login.Method, key string) attempt.Started {
	w.Helper()
	started, err := w.startFor(w.Context(), method, key)
	if err != nil {
		w.Fatal(err)
	}
	return started
}

func (w *world) startFor(ctx context.Context, method login.Method, key string) (attempt.Started, error) {
	return w.Start(ctx, attempt.StartRequest{
		Client: clientID, Method: method, Key: key,
		Request: login.Request{
			RedirectURI: redirectURI, State: "state", Nonce: "nonce",
			Scopes: []string{"openid", "offline_access"}, CodeChallenge: challengeOf(verifier),
		},
	})
}

// depart chooses a bank in the browser.
func (w *world) depart(a login.Attempt, browser secret.Text) attempt.BrokerRequest {
	w.Helper()
	j := w.NewBrokerRequest(a, browser)
	j.Means, j.Broker = bankID, brokerID
	if _, err := w.StartBrokerRequest(w.Context(), j, browser, login.Event{}); err != nil {
		w.Fatal(err)
	}
	return j
}

func (w *world) identity() login.Identity {
	return login.Identity{Broker: brokerID, Means: bankID, ACR: "loa2", AMR: []string{"bank"}, AuthTime: w.clock()}
}

// authenticated walks an attempt to the point where the person has proved who they
// are.
func (w *world) authenticated(key string, browser secret.Text) login.Attempt {
	w.Helper()
	started := w.start(key)
	w.depart(started.Attempt, browser)
	a, err := w.ByRequestURI(w.Context(), started.RequestURI, clientID)
	if err != nil {
		w.Fatal(err)
	}
	return w.prove(a, browser)
}

func (w *world) prove(a login.Attempt, browser secret.Text) login.Attempt {
	w.Helper()
	j := w.depart(a, browser)
	arrived, err := w.ResumeBrokerRequest(w.Context(), brokerID, j.State, browser)
	if err != nil {
		w.Fatal(err)
	}
	if taken, err := w.ClaimCallback(w.Context(), arrived); err != nil || !taken {
		w.Fatalf("take: %v, %v", taken, err)
	}
	a, err = w.Authenticate(w.Context(), arrived, w.identity(), w.person, login.Event{})
	if err != nil {
		w.Fatal(err)
	}
	return a
}

// linkAuthenticated walks a login link to its confirm page.
func (w *world) linkAuthenticated(key string, browser secret.Text) (attempt.Started, login.Attempt) {
	w.Helper()
	started := w.startBy(login.MethodLink, key)
	a, err := w.OpenLink(w.Context(), started.Attempt, browser, login.Event{})
	if err != nil {
		w.Fatal(err)
	}
	return started, w.prove(a, browser)
}

// row is the attempt as the database has it.
func (w *world) row(id string) login.Attempt {
	w.Helper()
	a, err := w.db.Attempts.AttemptByID(w.Context(), id)
	if err != nil {
		w.Fatal(err)
	}
	return a
}

// sessions counts the person's sessions that nobody has ended.
func (w *world) sessions() int {
	w.Helper()
	all, err := w.db.Sessions.SessionsOfPerson(w.Context(), w.person.ID)
	if err != nil {
		w.Fatal(err)
	}
	return len(all)
}

// confirmed also lets the code out.
func (w *world) confirmed(key string, browser secret.Text) (login.Attempt, secret.Text) {
	w.Helper()
	code, a, err := w.Issue(w.Context(), w.authenticated(key, browser), browser, login.Event{})
	if err != nil {
		w.Fatal(err)
	}
	return a, code
}

func rightful(code secret.Text, key string) attempt.RedeemRequest {
	return attempt.RedeemRequest{Code: code, Client: clientID, RedirectURI: redirectURI, Verifier: verifier, Key: key}
}

// reasonOf is the reason of an error; a success has none.
func reasonOf(err error) login.Reason {
	if err == nil {
		return ""
	}
	return fault.AsError(err).Reason
}

// events lists step and reason of a timeline, the way support reads it.
func (w *world) events(id string) []string {
	w.Helper()
	a, err := w.db.Attempts.AttemptByID(w.Context(), id)
	if err != nil {
		w.Fatal(err)
	}
	var lines []string
	for _, e := range a.Timeline {
		lines = append(lines, e.Step+" "+e.Outcome+" "+string(e.Reason))
	}
	return lines
}
