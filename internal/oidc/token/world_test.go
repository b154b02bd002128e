package token_test

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"avain/internal/core/attempt"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/oidc/token"
	"avain/internal/platform/keyset"
	"avain/internal/platform/web"
	"avain/internal/protocol/client"
	"avain/internal/protocol/dpop"
	"avain/internal/protocol/oauth"
	"avain/internal/protocol/signing"
	"avain/internal/secret"

	"github.com/go-jose/go-jose/v4"
)

const (
	issuer     = "https://login.example"
	api        = "https://api.example"
	otherAPI   = "https://other.example"
	password   = "the secret of the shops"
	accessLife = 10 * time.Minute
	idleLife   = 30 * 24 * time.Hour
	grace      = 30 * time.Second
)

var (
	start    = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	errStore = errors.New("the database does not answer")
)

// world is the feature, mounted, over a small table of sessions.
type world struct {
	testing.TB
	*token.Feature
	mux      *http.ServeMux
	signer   *signing.Signer
	families token.Families
	key      *ecdsa.PrivateKey // of the device
	bank     *ecdsa.PrivateKey // of the client that signs assertions

	now      time.Time
	sessions map[string]login.Session
	person   login.Person
	email    login.Email
	marks    map[secret.Hash]bool
	revoked  []string // reasons, in order
	audited  []string
	used     login.Session // as UseSession has last left it
	broken   string        // name of the method that fails
	between  func()        // happens between look-up and use

	granted  attempt.Granted
	refused  error // of the code
	redeemed []attempt.RedeemRequest
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{
		TB: t, now: start, sessions: map[string]login.Session{}, marks: map[secret.Hash]bool{}, key: newKey(t), bank: newKey(t),
		person: login.Person{ID: "person", Subject: "subject", Name: "Aino Virtanen", GivenName: "Aino", FamilyName: "Virtanen", Locale: "fi"},
	}
	clock := func() time.Time { return w.now }
	scopes := []string{oauth.ScopeOpenID, oauth.ScopeProfile, oauth.ScopeEmail, oauth.ScopeBenefits, oauth.ScopeOfflineAccess}
	jwks, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: w.bank.Public(), KeyID: "k", Use: "sig"}}})
	w.must(err)
	clients, err := client.New(client.Config{Issuer: issuer, Now: clock, Clients: []login.Client{
		{ID: "app", Profile: login.ProfileStrict, Auth: login.AuthNone, Scopes: scopes, Alg: "ES256", Audiences: []string{api, otherAPI}},
		{ID: "spa", Profile: login.ProfileCompatible, Auth: login.AuthNone, Scopes: scopes, Alg: "ES256", Introspection: true},
		{ID: "shop", Profile: login.ProfileCompatible, Auth: login.AuthSecretBasic, Secret: secret.Of(password), Scopes: scopes, Alg: "ES256", Introspection: true},
		{ID: "plain", Profile: login.ProfileCompatible, Auth: login.AuthSecretBasic, Secret: secret.Of(password), Scopes: scopes[:2], Alg: "ES256"},
		{ID: "bank", Profile: login.ProfileStrict, Auth: login.AuthPrivateKeyJWT, JWKS: jwks, Scopes: scopes, Alg: "ES256", Introspection: true},
	}})
	w.must(err)
	proofs, err := dpop.New(dpop.Config{Keys: secret.Ring{secret.New()}, Now: clock})
	w.must(err)
	file, err := keyset.NewAEAD()
	w.must(err)
	aead, err := keyset.AEAD(file)
	w.must(err)
	w.signer, err = signing.New(signing.Config{Store: &keys{}, AEAD: aead, Issuer: issuer, Now: clock})
	w.must(err)
	w.must(w.signer.Start(t.Context()))
	kit, err := web.New(web.Config{BaseURL: &url.URL{Scheme: "https", Host: "login.example"}, Brand: web.Brand{Name: "SmartumPay"}, Now: clock})
	w.must(err)
	w.families = token.Families{Keys: []secret.Text{secret.New()}, Before: secret.Ring{secret.New()}}
	w.mux = http.NewServeMux()
	w.Feature = token.New(token.Deps{
		Codes: w, Sessions: w, Replays: w, People: w, Clients: clients, Proofs: proofs, Signer: w.signer, Audit: w, Web: kit, Now: clock, BaseURL: issuer,
		AccessLife: accessLife, IdleLife: idleLife, RotationGrace: grace, Families: w.families,
	})
	w.Mount(w.mux)
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func thumbprint(key *ecdsa.PrivateKey) string {
	sum, err := (&jose.JSONWebKey{Key: key.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

// login puts a session into the table whose refresh token is the one returned: of the
// client, and bound to the key of the device if that is so.
func (w *world) login(client string, bound bool) (login.Session, secret.Text) {
	w.Helper()
	refresh := secret.New()
	s := login.Session{
		ID: login.NewID(), Person: w.person.ID, Client: client, Broker: "op", ACR: "loa2", AMR: []string{"bank"}, AuthTime: start.Add(-time.Minute),
		Scopes: []string{oauth.ScopeOpenID, oauth.ScopeProfile, oauth.ScopeOfflineAccess}, Nonce: "nonce", Refresh: refresh.Hash(),
		IdleUntil: start.Add(idleLife), EndsAt: start.Add(365 * 24 * time.Hour),
	}
	if bound {
		s.Key = thumbprint(w.key)
	}
	w.sessions[s.ID] = s
	return s, refresh
}

// change edits a session in the table.
func (w *world) change(id string, edit func(s *login.Session)) {
	s := w.sessions[id]
	edit(&s)
	w.sessions[id] = s
}

// answer is what an endpoint has answered.
type answer struct {
	status int
	header http.Header
	body   map[string]any
}

func (a answer) text(name string) string {
	s, _ := a.body[name].(string)
	return s
}

// says holds an answer against the code of an OAuth error, and its reason.
func (w *world) says(name string, a answer, code string, reason login.Reason) {
	w.Helper()
	if a.text("error") != code || a.text("reason") != string(reason) {
		w.Errorf("%s: status %d, %v; want %s (%s)", name, a.status, a.body, code, reason)
	}
}

func (w *world) send(r *http.Request) answer {
	w.Helper()
	recorder := httptest.NewRecorder()
	w.mux.ServeHTTP(recorder, r)
	a := answer{status: recorder.Code, header: recorder.Header()}
	if text, err := io.ReadAll(recorder.Body); err != nil || len(text) > 0 && json.Unmarshal(text, &a.body) != nil {
		w.Errorf("%s answers %q, %v", r.URL.Path, text, err)
	}
	return a
}

// post sends a form as the client does, with a proof of the device's key if proved.
func (w *world) post(path, client string, proved bool, form ...string) answer {
	w.Helper()
	r := w.request(path, client, form...)
	if proved {
		r.Header.Set("DPoP", w.prove(w.key, path, ""))
	}
	return w.send(r)
}

func (w *world) request(path, client string, form ...string) *http.Request {
	w.Helper()
	values := url.Values{}
	for i := 0; i < len(form); i += 2 {
		values.Set(form[i], form[i+1])
	}
	switch client {
	case "app", "spa":
		values.Set("client_id", client)
	case "bank":
		values.Set("client_assertion_type", oauth.AssertionJWTBearer)
		values.Set("client_assertion", w.sign(w.bank, (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", "k"), map[string]any{
			"iss": client, "sub": client, "aud": issuer, "jti": login.NewID(), "iat": w.now.Unix(), "exp": w.now.Add(time.Minute).Unix(),
		}))
	}
	r := httptest.NewRequestWithContext(w.Context(), http.MethodPost, path, strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if client == "shop" || client == "plain" {
		r.SetBasicAuth(client, url.QueryEscape(password))
	}
	return r
}

// prove makes a proof of possession for a request to the path.
func (w *world) prove(key *ecdsa.PrivateKey, path, accessToken string) string {
	w.Helper()
	a := w.send(w.request("/token", "app")) // refused, with a nonce
	claims := map[string]any{
		"jti": login.NewID(), "htm": http.MethodPost, "htu": issuer + path, "iat": w.now.Unix(), "nonce": a.header.Get("DPoP-Nonce"),
	}
	if accessToken != "" {
		sum := sha256.Sum256([]byte(accessToken))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(sum[:])
	}
	return w.sign(key, (&jose.SignerOptions{EmbedJWK: true}).WithType("dpop+jwt"), claims)
}

func (w *world) sign(key *ecdsa.PrivateKey, options *jose.SignerOptions, claims map[string]any) string {
	w.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, options)
	w.must(err)
	payload, err := json.Marshal(claims)
	w.must(err)
	signed, err := signer.Sign(payload)
	w.must(err)
	compact, err := signed.CompactSerialize()
	w.must(err)
	return compact
}

// claims are those of a token that the service has signed.
func (w *world) claims(signed, typ string) map[string]any {
	w.Helper()
	raw, err := w.signer.Verify(w.Context(), signed, signing.Expect{Typ: typ})
	w.must(err)
	var claims map[string]any
	w.must(json.Unmarshal(raw, &claims))
	return claims
}

// The world is what the feature stands on.

func (w *world) failing(method string) error {
	if w.broken == method {
		return errStore
	}
	return nil
}

func (w *world) Redeem(_ context.Context, in attempt.RedeemRequest) (attempt.Granted, error) {
	w.redeemed = append(w.redeemed, in)
	return w.granted, w.refused
}

func (w *world) SessionByID(_ context.Context, id string) (login.Session, error) {
	if err := w.failing("SessionByID"); err != nil {
		return login.Session{}, err
	}
	s, ok := w.sessions[id]
	if !ok {
		return s, fault.ErrNotFound
	}
	return s, nil
}

func (w *world) SessionByRefresh(_ context.Context, hash secret.Hash) (login.Session, error) {
	for _, s := range w.sessions {
		if s.Refresh.Equal(hash) || s.Previous.Equal(hash) {
			return s, w.failing("SessionByRefresh")
		}
	}
	return login.Session{}, errors.Join(fault.ErrNotFound, w.failing("SessionByRefresh"))
}

func (w *world) UseSession(ctx context.Context, id string, at, idleUntil time.Time, once ...login.ReplayKey) (login.Session, error) {
	if w.between != nil {
		w.between()
	}
	if err := errors.Join(w.failing("UseSession"), w.UseOnce(ctx, once...)); err != nil {
		return login.Session{}, err
	}
	w.change(id, func(s *login.Session) { s.UsedAt, s.IdleUntil, s.Used = at, idleUntil, true })
	w.used = w.sessions[id]
	return w.used, nil
}

func (w *world) RotateRefresh(ctx context.Context, id string, old, next secret.Hash, previousUntil, _ time.Time, once ...login.ReplayKey) (login.Session, error) {
	if w.between != nil {
		w.between()
	}
	if err := w.failing("RotateRefresh"); err != nil {
		return login.Session{}, err
	}
	if s := w.sessions[id]; !s.Refresh.Equal(old) {
		return s, fault.ErrMoved
	}
	if err := w.UseOnce(ctx, once...); err != nil {
		return login.Session{}, err
	}
	w.change(id, func(s *login.Session) {
		s.Previous, s.Refresh, s.PreviousUntil = old, next, previousUntil
		s.Generation++
	})
	return w.sessions[id], nil
}

func (w *world) RevokeSession(_ context.Context, id, reason string, at time.Time) error {
	w.revoked = append(w.revoked, reason)
	w.change(id, func(s *login.Session) { s.RevokedAt, s.RevokedWhy = at, reason })
	return w.failing("RevokeSession")
}

func (w *world) UseOnce(_ context.Context, once ...login.ReplayKey) error {
	for _, o := range once {
		if w.marks[o.Hash] {
			return fault.ErrReplayed
		}
		w.marks[o.Hash] = true
	}
	return w.failing("UseOnce")
}

func (w *world) PersonByID(_ context.Context, id string) (login.Person, error) {
	if id != w.person.ID {
		return login.Person{}, fault.ErrNotFound
	}
	return w.person, w.failing("PersonByID")
}

func (w *world) PersonOnly(ctx context.Context, id string) (login.Person, error) {
	return w.PersonByID(ctx, id)
}

func (w *world) EmailOf(context.Context, string) (login.Email, error) {
	return w.email, w.failing("EmailOf")
}

func (w *world) Atomically(ctx context.Context, act func(context.Context) error) error {
	return act(ctx)
}

func (w *world) SessionRevoked(_ context.Context, _ login.Session, reason string) {
	w.audited = append(w.audited, reason)
}

func (w *world) RefreshReused(context.Context, login.Session) {
	w.audited = append(w.audited, "refresh_reused")
}

// keys are the signing keys of a service that has just begun.
type keys struct{ all []operations.SigningKey }

func (*keys) Atomically(ctx context.Context, act func(context.Context) error) error { return act(ctx) }

func (k *keys) SigningKeys(context.Context) ([]operations.SigningKey, error) { return k.all, nil }

func (k *keys) AddSigningKey(_ context.Context, key operations.SigningKey) error {
	k.all = append(k.all, key)
	return nil
}

func (*keys) RetireSigningKeys(context.Context, []operations.HintKey, time.Time) error { return nil }

func (*keys) HintKey(context.Context, string) (operations.HintKey, error) {
	return operations.HintKey{}, fault.ErrNotFound
}
