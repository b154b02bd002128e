package endsession

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/web"
	"avain/internal/protocol/client"
	"avain/internal/protocol/oauth"
	"avain/internal/protocol/signing"
)

// request is what somebody asks for.
type request struct {
	params  oauth.Params
	client  login.Client  // of the hint, or of client_id without one; zero: nobody said
	session login.Session // of the hint; zero: nothing is left to end
	proved  bool          // a hint that we made
	target  string        // where the browser goes afterwards; "": to a page of ours
}

// names are the parameters that we read (§2).
var names = []string{hintName, "post_logout_redirect_uri", "state", "client_id", "ui_locales"}

const hintName = "id_token_hint"

// values are the parameters that count without a hint.
func (r request) values() url.Values {
	values := url.Values{}
	for _, name := range names {
		if r.params.Has(name) {
			values.Set(name, r.params.Get(name))
		}
	}
	values.Del(hintName) // it proves nothing here, and belongs into no address
	if r.target == "" {
		values.Del("post_logout_redirect_uri")
		values.Del("state")
	}
	return values
}

func (f *Feature) read(r *http.Request) (request, error) {
	params, err := paramsOf(r)
	if err != nil {
		return request{}, err
	}
	if err := params.GivenBack("state"); err != nil {
		return request{}, err
	}
	web.Prefer(r.Context(), params.Words("ui_locales"))
	asked := request{params: params}
	if err := f.hinted(r.Context(), &asked); err != nil {
		return request{}, err
	}
	if asked.client.ID != "" {
		web.Note(r.Context(), web.FieldClient, asked.client.ID)
	}
	asked.target, err = targetOf(params, asked.client)
	return asked, err
}

func paramsOf(r *http.Request) (oauth.Params, error) {
	if r.Method == http.MethodPost {
		return oauth.FormParams(r)
	}
	return oauth.QueryParams(r)
}

// hint is what we read of an id_token_hint.
type hint struct {
	Audience string `json:"aud"`
	Session  string `json:"sid"`
}

// hinted finds client and session of the id_token_hint, which may have expired, and whose
// key may have retired long ago. A hint whose key is not kept any more proves nothing: it
// is as if there was none. One that is wrong is refused.
func (f *Feature) hinted(ctx context.Context, asked *request) error {
	p := asked.params
	wrong := fault.BadParam(hintName, "is not an ID token of this service for this client")
	if !p.Has(hintName) {
		return f.named(asked)
	}
	raw, err := f.d.Signer.Verify(ctx, p.Get(hintName), signing.Expect{Typ: signing.TypIDToken, Hint: true})
	switch {
	case errors.Is(err, signing.ErrKeyGone):
		return f.named(asked)
	case err != nil && fault.AsError(err).Kind == fault.Internal:
		return err
	case err != nil:
		return wrong
	}
	var h hint
	if err := json.Unmarshal(raw, &h); err != nil {
		return wrong
	}
	c, ok := f.d.Clients.Get(h.Audience)
	if !ok || p.Has("client_id") && p.Get("client_id") != c.ID {
		return wrong
	}
	asked.client, asked.proved = c, true
	asked.session, err = f.d.Sessions.SessionByID(ctx, h.Session)
	if errors.Is(err, fault.ErrNotFound) {
		return nil // purged: it has been over for long
	}
	return err
}

// named is the client that names itself. That is no proof, and it needs none: it only
// decides which registered addresses the browser may go to.
func (f *Feature) named(asked *request) error {
	id := asked.params.Get("client_id")
	if id == "" {
		return nil
	}
	c, ok := f.d.Clients.Get(id)
	if !ok {
		return fault.BadParam("client_id", "names no client of this service")
	}
	asked.client = c
	return nil
}

// targetOf checks where the browser is to go afterwards: only to an address that the
// client has registered (open redirector), so the client must be known, by the hint or by
// its client_id (§3). After a hint whose key is gone it is not, and the browser stays here.
func targetOf(p oauth.Params, c login.Client) (string, error) {
	uri := p.Get("post_logout_redirect_uri")
	if uri == "" {
		return "", nil
	}
	switch {
	case c.ID == "" && p.Has(hintName):
		return "", nil
	case c.ID == "":
		return "", fault.BadParam("post_logout_redirect_uri", "needs an id_token_hint or a client_id")
	case !client.MatchLogoutRedirect(c, uri):
		return "", fault.BadParam("post_logout_redirect_uri", "is not registered for this client")
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
