package backchannel

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/platform/jobs"
	"avain/internal/platform/keyset"
	"avain/internal/platform/store"
	"avain/internal/platform/store/storetest"
	"avain/internal/protocol/client"
	"avain/internal/protocol/signing"
	"avain/internal/secret"
	"avain/internal/testkit/patience"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const issuer = "https://login.example.com"

// world is the whole way of a token: database, runner, signer, sender, network, client.
// Its clock stands until a test moves it.
type world struct {
	t        *testing.T
	store    *store.Store
	sender   *Sender
	signer   *signing.Signer
	clients  *client.Registry
	receiver *httptest.Server
	clock    atomic.Int64 // unix milliseconds
	ended    chan jobs.Outcome
	runner   *jobs.Runner
	log      bytes.Buffer // read it when the runner is idle

	mu       sync.Mutex
	received []string // tokens
}

// newWorld starts a world with three clients: shop and bakery, which are told at the
// receiver, and quiet, which is not.
func newWorld(t *testing.T, answer http.HandlerFunc) *world {
	t.Helper()
	w := &world{t: t, ended: make(chan jobs.Outcome, 1000)}
	w.clock.Store(time.Date(2026, 11, 22, 12, 0, 0, 500_000_000, time.UTC).UnixMilli())
	w.receiver = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || r.Header.Get("Cache-Control") != "no-store" || r.URL.RawQuery != "logout=backchannel" {
			t.Errorf("received %s %s %v", r.Method, r.URL, r.Header)
		}
		token := r.PostFormValue("logout_token")
		if len(r.PostForm) != 1 || token == "" {
			t.Errorf("received %v", r.PostForm)
		}
		w.mu.Lock()
		w.received = append(w.received, token)
		w.mu.Unlock()
		answer(rw, r)
	}))
	address := w.receiver.URL + "/out?logout=backchannel"
	all := []login.Client{
		{ID: "shop", Auth: login.AuthNone, Alg: "RS256", Sector: "shop.example", BackchannelLogoutURI: address},
		{ID: "bakery", Auth: login.AuthNone, Alg: "ES256", BackchannelLogoutURI: address},
		{ID: "quiet", Auth: login.AuthNone, Alg: "ES256"},
	}
	log := slog.New(slog.NewTextHandler(&w.log, nil))
	var err error
	if w.clients, err = client.New(client.Config{Clients: all, Issuer: issuer, PairwiseKey: secret.New(), Now: w.now}); err != nil {
		t.Fatal(err)
	}
	if w.sender, err = New(Config{Issuer: issuer, Clients: all, Subject: w.clients.Subject, Now: w.now, Log: log}); err != nil {
		t.Fatal(err)
	}
	w.open(log)
	w.start()
	return w
}

// open makes the database, the signer and the runner.
func (w *world) open(log *slog.Logger) {
	w.t.Helper()
	file, err := keyset.NewAEAD()
	if err != nil {
		w.t.Fatal(err)
	}
	aead, err := keyset.AEAD(file)
	if err != nil {
		w.t.Fatal(err)
	}
	if w.store, err = store.Open(w.t.Context(), store.Config{
		Driver: store.SQLite, Path: storetest.Fresh(w.t), Log: slog.New(slog.DiscardHandler), Revoked: w.sender.Jobs,
	}); err != nil {
		w.t.Fatal(err)
	}
	if err := w.store.Migrate(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
	if w.signer, err = signing.New(signing.Config{Store: w.store.Keys, AEAD: aead, Issuer: issuer, Algs: []string{"RS256", "ES256"}, Now: w.now}); err != nil {
		w.t.Fatal(err)
	}
	w.runner = jobs.New(jobs.Config{
		Store: w.store.Operations, Now: w.now, Log: log, Scrub: func(s string) string { return s }, Random: func() float64 { return 0.5 },
		Observe: func(_ string, o jobs.Outcome, _ time.Duration) { w.ended <- o },
	})
	w.sender.Register(w.runner, w.signer)
}

// start runs the runner until the test ends.
func (w *world) start() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); w.runner.Run(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		<-done
		w.sender.Close()
		w.receiver.Close()
		if err := w.store.Close(); err != nil {
			w.t.Error(err)
		}
	})
}

func (w *world) now() time.Time { return time.UnixMilli(w.clock.Load()).UTC() }

// after lets time go by.
func (w *world) after(d time.Duration) {
	w.clock.Add(d.Milliseconds())
	w.runner.Wake()
}

// session logs a person in to a client.
func (w *world) session(client string) (login.Session, login.Person) {
	w.t.Helper()
	p := login.Person{ID: login.NewID(), Subject: "subject-" + login.NewID(), Locale: "fi", CreatedAt: w.now()}
	if err := w.store.People.AddPerson(w.t.Context(), p, nil, nil); err != nil {
		w.t.Fatal(err)
	}
	return w.again(client, p), p
}

// again is another session of a person.
func (w *world) again(client string, p login.Person) login.Session {
	w.t.Helper()
	now := w.now()
	a := login.Attempt{
		ID: login.NewID(), SupportCode: login.NewSupportCode(), Method: login.MethodDirect, State: login.StateCreated, Client: client,
		Request: login.Request{Scopes: []string{}}, CreatedAt: now, UpdatedAt: now, ExpiresAt: now.Add(time.Hour),
		Timeline: []login.Event{{At: now, Step: login.StepStart}},
	}
	if err := w.store.Attempts.StartAttempt(w.t.Context(), a, login.AttemptSecrets{}); err != nil {
		w.t.Fatal(err)
	}
	code := secret.New().Hash()
	if _, err := w.store.Attempts.MoveAttempt(w.t.Context(), login.Transition{
		Attempt: a.ID, From: []login.State{login.StateCreated}, To: login.StateConfirmed, At: now,
		SetIdentity: &login.AuthResult{Person: p.ID, AuthTime: now}, SetCode: code, SetCodeEnds: now.Add(time.Hour),
	}); err != nil {
		w.t.Fatal(err)
	}
	s := login.Session{ID: login.NewID(), Person: p.ID, Client: client, Method: login.MethodDirect, AuthTime: now, CreatedAt: now, IdleUntil: now.Add(time.Hour), EndsAt: now.Add(time.Hour), Refresh: secret.New().Hash()}
	if _, err := w.store.Attempts.RedeemCode(w.t.Context(), login.Redemption{Code: code, Attempt: a.ID, At: now, Session: s}); err != nil {
		w.t.Fatal(err)
	}
	return s
}

// end revokes a session.
func (w *world) end(s login.Session) {
	w.t.Helper()
	if err := w.store.Sessions.RevokeSession(w.t.Context(), s.ID, "logout_web", w.now()); err != nil {
		w.t.Fatal(err)
	}
	w.runner.Wake()
}

// wantEnd waits for a try and demands how it ended.
func (w *world) wantEnd(want jobs.Outcome) {
	w.t.Helper()
	select {
	case o := <-w.ended:
		if o != want {
			w.t.Fatalf("a try ended %s, want %s", o, want)
		}
	case <-patience.Over():
		w.t.Fatalf("no try ended; want %s", want)
	}
}

// nextTry is how long from now the one waiting job will be begun again.
func (w *world) nextTry() time.Duration {
	w.t.Helper()
	depths, err := w.store.Operations.JobDepths(w.t.Context())
	if err != nil || len(depths) != 1 || depths[0].Waiting != 1 {
		w.t.Fatalf("jobs: %+v, %v", depths, err)
	}
	return depths[0].Oldest.Sub(w.now())
}

func (w *world) tokens() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.received
}

// read is what a client that we did not write makes of a token, at the time of the world.
func (w *world) read(client, alg, token string) *oidc.LogoutToken {
	w.t.Helper()
	got, err := w.verifier(client, alg).VerifyLogout(w.t.Context(), token)
	if err != nil {
		w.t.Fatalf("%s refuses the token: %v", client, err)
	}
	return got
}

func (w *world) verifier(client, alg string) *oidc.IDTokenVerifier {
	w.t.Helper()
	body, _, err := w.signer.JWKS(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal(body, &set); err != nil {
		w.t.Fatal(err)
	}
	keys := &oidc.StaticKeySet{}
	for _, key := range set.Keys {
		keys.PublicKeys = append(keys.PublicKeys, key.Key)
	}
	return oidc.NewVerifier(issuer, keys, &oidc.Config{ClientID: client, SupportedSigningAlgs: []string{alg}, Now: w.now})
}

// status answers with a status and nothing else.
func status(code int) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		rw.WriteHeader(code)
	}
}
