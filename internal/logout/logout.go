package logout

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"avain/internal/client"
	"avain/internal/login"
	"avain/internal/oauth"
	"avain/internal/signer"
	"avain/internal/web"
)

// Sessions are the logged-in apps. login.ErrNotFound.
type Sessions interface {
	SessionByID(ctx context.Context, id string) (login.Session, error)
	RevokeSession(ctx context.Context, id, why string, at time.Time) error
}

// Auditor is told when a session ends.
type Auditor interface {
	SessionRevoked(ctx context.Context, s login.Session, why string)
}

// Deps are what the feature stands on.
type Deps struct {
	Sessions Sessions
	Clients  *client.Registry
	Signer   *signer.Signer
	Audit    Auditor
	Web      *web.Kit
	Now      func() time.Time
}

// Feature serves /logout.
type Feature struct{ d Deps }

// New makes the feature.
func New(d Deps) *Feature { return &Feature{d} }

// Mount adds the endpoint to the mux, for GET and POST (§2 of the specification).
func (f *Feature) Mount(mux *http.ServeMux) {
	mux.Handle("GET /logout", f.d.Web.Page(f.logout))
	mux.Handle("POST /logout", f.d.Web.CrossOriginPage(f.logout))
}

// hidden repeats the request in the form that carries it out.
func hidden(p oauth.Params) []web.Hidden {
	var fields []web.Hidden
	for _, name := range []string{"id_token_hint", "post_logout_redirect_uri", "state", "client_id", "ui_locales"} {
		if p.Has(name) {
			fields = append(fields, web.Hidden{Name: name, Value: p.Get(name)})
		}
	}
	return fields
}

// hint is what we read of an id_token_hint.
type hint struct {
	Audience string `json:"aud"`
	Session  string `json:"sid"`
}

// logout ends the session that a genuine ID token of ours names. Without one it ends
// nothing: a link on some page must not be able to log anybody out. For the same
// reason a GET asks first (§2: the OP should ask), and only a POST acts.
func (f *Feature) logout(w http.ResponseWriter, r *http.Request) error {
	params, err := paramsOf(r)
	if err != nil {
		return err
	}
	if err := params.GivenBack("state"); err != nil {
		return err
	}
	web.Prefer(r.Context(), params.Words("ui_locales"))
	c, session, err := f.hinted(r.Context(), params)
	if err != nil {
		return err
	}
	target, err := targetOf(params, c)
	if err != nil {
		return err
	}
	live := session.ID != "" && session.RevokedAt.IsZero()
	if live && r.Method == http.MethodGet {
		return f.d.Web.RenderLogout(w, r, web.LogoutPage{
			Client: c.Name, Action: "/logout", Hidden: hidden(params), FormAction: []string{web.LeavesTo(target)},
		})
	}
	if live {
		const why = "logout_browser"
		if err := f.d.Sessions.RevokeSession(r.Context(), session.ID, why, f.d.Now()); err != nil {
			return err
		}
		f.d.Audit.SessionRevoked(r.Context(), session, why)
	}
	if target != "" {
		return f.d.Web.Leave(w, r, web.Leaving{Client: c.Name, Address: target})
	}
	return f.d.Web.RenderLoggedOut(w, r, web.LoggedOutPage{Client: c.Name})
}

func paramsOf(r *http.Request) (oauth.Params, error) {
	if r.Method == http.MethodPost {
		return oauth.FormParams(r)
	}
	return oauth.QueryParams(r)
}

// hinted finds client and session of the id_token_hint, which may have expired.
func (f *Feature) hinted(ctx context.Context, p oauth.Params) (login.Client, login.Session, error) {
	if !p.Has("id_token_hint") {
		return login.Client{}, login.Session{}, nil
	}
	wrong := login.BadParam("id_token_hint", "is not an ID token of this service for this client")
	raw, err := f.d.Signer.Verify(ctx, p.Get("id_token_hint"), signer.Expect{Typ: signer.TypIDToken, Expired: true})
	if err != nil {
		if login.AsError(err).Kind == login.Internal {
			return login.Client{}, login.Session{}, err
		}
		return login.Client{}, login.Session{}, wrong
	}
	var h hint
	if err := json.Unmarshal(raw, &h); err != nil {
		return login.Client{}, login.Session{}, wrong
	}
	c, ok := f.d.Clients.Get(h.Audience)
	if !ok || p.Has("client_id") && p.Get("client_id") != c.ID {
		return login.Client{}, login.Session{}, wrong
	}
	web.Note(ctx, web.FieldClient, c.ID)
	session, err := f.d.Sessions.SessionByID(ctx, h.Session)
	if errors.Is(err, login.ErrNotFound) {
		return c, login.Session{}, nil // purged: it has been over for long
	}
	return c, session, err
}

// targetOf checks where the browser is to go afterwards. Only a client that the
// hint has proved may name a target, and only a registered one (open redirector).
func targetOf(p oauth.Params, c login.Client) (string, error) {
	uri := p.Get("post_logout_redirect_uri")
	if uri == "" {
		return "", nil
	}
	if c.ID == "" || !client.MatchLogoutRedirect(c, uri) {
		return "", login.BadParam("post_logout_redirect_uri", "is not registered for the client of the id_token_hint")
	}
	if !p.Has("state") {
		return uri, nil
	}
	separator := "?"
	if strings.Contains(uri, "?") {
		separator = "&"
	}
	return uri + separator + url.Values{"state": {p.Get("state")}}.Encode(), nil
}
