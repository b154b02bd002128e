package robot

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// App is a phone app of the strict profile.
type App struct {
	Issuer      string
	ClientID    string
	RedirectURI string
	Scope       string
	Key         *Key
	HTTP        *http.Client     // must not follow redirects
	Now         func() time.Time // the phone's clock

	nonce string // DPoP nonce that the service gave last
}

// NewApp makes an app with a key of its own.
func NewApp(issuer, clientID, redirectURI string, client *http.Client) (*App, error) {
	key, err := NewKey()
	if err != nil {
		return nil, err
	}
	return &App{
		Issuer: issuer, ClientID: clientID, RedirectURI: redirectURI, Key: key, HTTP: client, Now: time.Now,
		Scope: "openid profile offline_access benefits",
	}, nil
}

// Login is a login that the app has started and not finished.
type Login struct {
	RequestURI  string `json:"request_uri"`
	ExpiresIn   int    `json:"expires_in"`
	AuthSession string `json:"auth_session"`
	SupportCode string `json:"support_code"`
	LoginLink   string `json:"login_link"`

	State, Nonce, Verifier string
	AuthorizeURL           string
}

// Tokens are what the app holds when it is logged in.
type Tokens struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"`
	RefreshToken string `json:"refresh_token"`
	IDToken      string `json:"id_token"`
	Scope        string `json:"scope"`
}

// Refusal is an answer that is not a success.
type Refusal struct {
	Status      int
	Code        string `json:"error"`
	Description string `json:"error_description"`
	Reason      string `json:"reason"`
	SupportCode string `json:"support_code"`
	Header      http.Header

	// What the answer to a claim holds besides.
	AuthSession string `json:"auth_session"`
	Match       string `json:"match"`
	Name        string `json:"name"`
	ExpiresIn   int    `json:"expires_in"`

	RequestURI string `json:"request_uri"` // of the login that goes on in the browser
}

func (r *Refusal) Error() string {
	return fmt.Sprintf("%d %s (%s): %s", r.Status, r.Code, r.Reason, r.Description)
}

// Start pushes an authorization request. The extra parameters replace or, when
// empty, remove what the app would send.
func (a *App) Start(ctx context.Context, extra url.Values) (Login, error) {
	l := Login{State: random(), Nonce: random(), Verifier: random()}
	challenge := sha256.Sum256([]byte(l.Verifier))
	form := url.Values{
		"client_id": {a.ClientID}, "response_type": {"code"}, "redirect_uri": {a.RedirectURI}, "scope": {a.Scope},
		"state": {l.State}, "nonce": {l.Nonce}, "code_challenge": {b64(challenge[:])}, "code_challenge_method": {"S256"},
		"device_name": {"Robot"}, "device_platform": {"web"}, "app_version": {"1.16.0"},
	}
	for name, values := range extra {
		form[name] = values
		if len(values) == 0 || values[0] == "" {
			delete(form, name)
		}
	}
	if err := a.Post(ctx, "/par", form, &l); err != nil {
		return Login{}, err
	}
	l.AuthorizeURL = a.Issuer + "/authorize?" + url.Values{"client_id": {a.ClientID}, "request_uri": {l.RequestURI}}.Encode()
	return l, nil
}

// Finish checks what the browser brought back and redeems the code.
func (a *App) Finish(ctx context.Context, l Login, location string) (Tokens, error) {
	back, err := url.Parse(location)
	if err != nil || !strings.HasPrefix(location, a.RedirectURI+"?") {
		return Tokens{}, fmt.Errorf("the browser came back to %q", location)
	}
	q := back.Query()
	switch {
	case q.Get("state") != l.State:
		return Tokens{}, errors.New("state of another login")
	case q.Get("iss") != a.Issuer:
		return Tokens{}, errors.New("answer of another issuer")
	case q.Has("error"):
		return Tokens{}, &Refusal{Code: q.Get("error"), Description: q.Get("error_description"), Reason: q.Get("reason"), SupportCode: q.Get("support_code")}
	}
	return a.Redeem(ctx, l, q.Get("code"))
}

// Redeem exchanges a code.
func (a *App) Redeem(ctx context.Context, l Login, code string) (Tokens, error) {
	var t Tokens
	err := a.Post(ctx, "/token", url.Values{
		"grant_type": {"authorization_code"}, "client_id": {a.ClientID}, "code": {code},
		"redirect_uri": {a.RedirectURI}, "code_verifier": {l.Verifier},
	}, &t)
	return t, err
}

// Refresh gets a new access token.
func (a *App) Refresh(ctx context.Context, refresh string) (Tokens, error) {
	var t Tokens
	err := a.Post(ctx, "/token", url.Values{
		"grant_type": {"refresh_token"}, "client_id": {a.ClientID}, "refresh_token": {refresh},
	}, &t)
	return t, err
}

// Revoke logs out.
func (a *App) Revoke(ctx context.Context, refresh string) error {
	return a.Post(ctx, "/revoke", url.Values{"client_id": {a.ClientID}, "token": {refresh}}, nil)
}

// UserInfo reads the claims of the person.
func (a *App) UserInfo(ctx context.Context, accessToken string) (map[string]any, error) {
	var claims map[string]any
	err := a.call(ctx, http.MethodGet, "/userinfo", nil, accessToken, &claims)
	return claims, err
}

// Post sends a form with a proof.
func (a *App) Post(ctx context.Context, path string, form url.Values, into any) error {
	return a.call(ctx, http.MethodPost, path, form, "", into)
}

// call sends a request, and once more when the service wants its nonce in the proof.
func (a *App) call(ctx context.Context, method, path string, form url.Values, accessToken string, into any) error {
	for again := false; ; again = true {
		err := a.once(ctx, method, path, form, accessToken, into)
		refusal, refused := errors.AsType[*Refusal](err)
		if !refused || refusal.Code != "use_dpop_nonce" || again {
			return err
		}
	}
}

func (a *App) once(ctx context.Context, method, path string, form url.Values, accessToken string, into any) error {
	proof, err := a.Key.Prove(Proof{Method: method, URL: a.Issuer + path, Nonce: a.nonce, AccessToken: accessToken, At: a.Now()})
	if err != nil {
		return err
	}
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(ctx, method, a.Issuer+path, body)
	if err != nil {
		return err
	}
	r.Header.Set("DPoP", proof)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if accessToken != "" {
		r.Header.Set("Authorization", "DPoP "+accessToken)
	}
	return a.Do(r, into)
}

// Do sends a request as it is and reads the JSON answer.
func (a *App) Do(r *http.Request, into any) error {
	answer, err := a.HTTP.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	if nonce := answer.Header.Get("DPoP-Nonce"); nonce != "" {
		a.nonce = nonce
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return err
	}
	if answer.StatusCode >= http.StatusBadRequest {
		refusal := &Refusal{Status: answer.StatusCode, Header: answer.Header}
		if err := json.Unmarshal(text, refusal); err != nil {
			return fmt.Errorf("%d with a body that is not JSON: %w", answer.StatusCode, err)
		}
		return refusal
	}
	if into == nil || len(text) == 0 {
		return nil
	}
	return json.Unmarshal(text, into)
}
