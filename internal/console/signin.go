package console

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/staff"
	"avain/internal/platform/web"
	"avain/internal/secret"

	"github.com/go-webauthn/webauthn/protocol"
)

// mountSignIn mounts what nobody needs to be signed in for. All of it counts against the
// budget of the network.
func (c *Console) mountSignIn() {
	c.mux.Handle("GET "+Root+"sign-in", c.d.Web.Framed(c.failed, c.askToSignIn))
	c.mux.Handle("GET "+Root+"invited", c.d.Web.Framed(c.failed, c.showInvited))
	for path, h := range map[string]web.Handler{
		"sign-in/begin": c.beginSignIn, "sign-in/finish": c.finishSignIn, "invited/begin": c.beginInvited, "invited/finish": c.finishInvited,
	} {
		c.mux.Handle("POST "+Root+path, c.d.Web.Framed(c.failedScript, func(w http.ResponseWriter, r *http.Request) error {
			if err := c.knocks.Check(web.NetworkKey(r.Context())); err != nil {
				return err
			}
			return h(w, r)
		}))
	}
}

// failedScript answers our own script, which has the words for each kind of failure.
func (c *Console) failedScript(w http.ResponseWriter, _ *http.Request, e *fault.Error, status int) {
	web.WriteJSON(w, status, struct {
		Error string `json:"error"`
	}{kindOf(e.Kind)})
}

// signInView asks who is there.
type signInView struct {
	Next string
	Form *keptForm // what was sent by somebody who was signed in no longer; nil mostly
}

// keptForm is a form that came too late: nothing that somebody typed is lost.
type keptForm struct {
	Action string
	Fields []web.Hidden
}

// keptBytes bounds what is given back to be sent again.
const keptBytes = 16 << 10

// signInFirst sends a reader to sign in, and back here afterwards. Who sends a form signs
// in on the spot, and then sends it again themselves.
func (c *Console) signInFirst(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodPost {
		return web.SeeOther(w, Root+"sign-in?next="+url.QueryEscape(ownPage(r.URL.RequestURI())))
	}
	if r.Header.Get("Accept") == "application/json" { // our own script
		return fault.New(fault.Unauthenticated, login.ReasonSignInAgain, nil)
	}
	form, err := kept(r)
	if err != nil {
		return err
	}
	return c.showSignIn(w, r, http.StatusUnauthorized, signInView{Next: Root, Form: form})
}

// kept is what a form brought, to be sent again; nil when it is too much, or when it was sent
// to an address that no page of ours has: the page must not repeat what a stranger wrote there.
func kept(r *http.Request) (*keptForm, error) {
	if !ownPath(r) {
		return nil, nil //nolint:nilnil // nothing is kept, and that is no mistake
	}
	if err := r.ParseForm(); err != nil {
		return nil, fault.New(fault.Invalid, login.ReasonRequestInvalid, err)
	}
	form, size := &keptForm{Action: r.URL.EscapedPath()}, 0
	for _, name := range slices.Sorted(maps.Keys(r.PostForm)) {
		if name == confirmedField {
			continue // it is used up, or too old
		}
		for _, value := range r.PostForm[name] {
			form.Fields = append(form.Fields, web.Hidden{Name: name, Value: value})
			size += len(name) + len(value)
		}
	}
	if size > keptBytes {
		return nil, nil //nolint:nilnil // nothing is kept, and that is no mistake
	}
	return form, nil
}

// ownPath reports whether each part of the path that a route leaves open is an id.
func ownPath(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Pattern, "/") {
		name, open := strings.CutPrefix(part, "{")
		if open && !login.ValidID(r.PathValue(strings.TrimSuffix(name, "}"))) {
			return false
		}
	}
	return true
}

// ownPage lets only pages of the console be gone to after signing in (threat 19).
func ownPage(path string) string {
	u, err := url.Parse(path)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(u.Path, Root) || strings.Contains(u.Path, "//") || strings.Contains(u.Path, "..") || strings.ContainsAny(path, "\\\x00\n\r") {
		return Root
	}
	return path
}

func (c *Console) askToSignIn(w http.ResponseWriter, r *http.Request) error {
	next := ownPage(r.URL.Query().Get("next"))
	if _, ok, err := c.signedIn(r); err != nil || ok {
		if err != nil {
			return err
		}
		return web.SeeOther(w, next) // signed in meanwhile, in another tab
	}
	return c.showSignIn(w, r, http.StatusOK, signInView{Next: next})
}

func (c *Console) showSignIn(w http.ResponseWriter, r *http.Request, status int, view signInView) error {
	t, err := c.own.signIn()
	if err != nil {
		return err
	}
	page := web.Page{Template: t, Title: "console.signin", Data: view}
	if view.Form == nil && view.Next == Root {
		page.Self = Root + "sign-in"
	}
	return c.Render(w, r, Agent{}, status, page)
}

func (c *Console) showInvited(w http.ResponseWriter, r *http.Request) error {
	t, err := c.own.invited()
	if err != nil {
		return err
	}
	// No language switch: it would lose the fragment that holds the ticket.
	return c.Render(w, r, Agent{}, http.StatusOK, web.Page{Template: t, Title: "console.invited", Values: []any{"Name", ""}})
}

func (c *Console) beginSignIn(w http.ResponseWriter, _ *http.Request) error {
	options, session, err := c.webauthn.BeginDiscoverableLogin()
	if err != nil {
		return err
	}
	if err := c.keep(w, ceremony{Kind: signingIn, Session: *session}); err != nil {
		return err
	}
	web.WriteJSON(w, http.StatusOK, struct {
		Options *protocol.CredentialAssertion `json:"options"`
	}{options})
	return nil
}

func (c *Console) finishSignIn(w http.ResponseWriter, r *http.Request) error {
	k, once, err := c.finishUsing(w, r)
	if err != nil {
		return err
	}
	return c.enter(w, r, k, once)
}

// ticket is what the link of an invitation carries behind the #, so that no server and no
// Referer on the way has seen it.
type ticket struct {
	Ticket string `json:"ticket"`
}

func (c *Console) beginInvited(w http.ResponseWriter, r *http.Request) error {
	var brought ticket
	if err := json.NewDecoder(r.Body).Decode(&brought); err != nil || !tokenShape.MatchString(brought.Ticket) {
		return gone(fault.ErrNotFound)
	}
	token := secret.Of(brought.Ticket).Hash()
	_, staff, err := c.d.Staff.StaffInvitation(r.Context(), token, c.d.Now())
	if err != nil {
		return gone(err)
	}
	return c.beginMaking(w, r, invited, staff, token)
}

func (c *Console) finishInvited(w http.ResponseWriter, r *http.Request) error {
	k, err := c.finishMaking(w, r, invited, "")
	if err != nil {
		return err
	}
	return c.enter(w, r, k)
}

// enter signs somebody in whose passkey was just proved. The session gets a new secret
// each time, so that nobody can have planted it (session fixation, threat 15).
func (c *Console) enter(w http.ResponseWriter, r *http.Request, k staff.Passkey, once ...login.ReplayKey) error {
	token, now := secret.New(), c.d.Now()
	session := staff.Session{
		Token: token.Hash(), Staff: k.Staff, Passkey: k.ID, CreatedAt: now, IdleUntil: now.Add(Idle), EndsAt: now.Add(Longest),
	}
	before, again := c.cookies.session(r)
	if err := c.d.Audit.Atomically(r.Context(), func(ctx context.Context) error {
		c.d.Audit.StaffSignedIn(ctx, k.Staff, k.ID)
		if err := c.d.Sessions.SignInStaff(ctx, k, session, now, once...); err != nil || !again {
			return gone(err)
		}
		return c.d.Sessions.EndStaffSession(ctx, before.Hash())
	}); err != nil {
		return err
	}
	c.cookies.set(w, cookieSession, token.Reveal(), Longest)
	web.WriteJSON(w, http.StatusOK, struct{}{})
	return nil
}

func (c *Console) signOut(w http.ResponseWriter, r *http.Request, who Agent) error {
	token, ok := c.cookies.session(r)
	if !ok {
		return errors.New("nobody is signed in")
	}
	if err := c.d.Audit.Atomically(r.Context(), func(ctx context.Context) error {
		c.d.Audit.StaffSignedOut(ctx, who.ID)
		return c.d.Sessions.EndStaffSession(ctx, token.Hash())
	}); err != nil {
		return err
	}
	c.cookies.set(w, cookieSession, "", 0)
	return web.SeeOther(w, Root+"sign-in")
}
