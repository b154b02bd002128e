package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/staff"
	"avain/internal/platform/web"
	"avain/internal/secret"

	"github.com/go-webauthn/webauthn/webauthn"
)

// Root is where the console begins.
const Root = "/console/"

// Agent is who is signed in.
type Agent struct {
	ID   string
	Name string
	Role staff.Role

	session secret.Hash // of this browser
	passkey string      // that it was signed in with
}

// Actor is the agent in the audit log.
func (a Agent) Actor() string { return "staff:" + a.ID }

// Handler answers a request of somebody whose role has been checked, or returns an
// error, which is shown in the console's frame.
type Handler func(w http.ResponseWriter, r *http.Request, who Agent) error

// StaffStore keeps the staff. Look-ups return fault.ErrNotFound.
type StaffStore interface {
	InviteStaff(ctx context.Context, who staff.Member, isNew bool, i staff.Invitation) error
	StaffInvitation(ctx context.Context, token secret.Hash, now time.Time) (staff.Invitation, staff.Member, error)
	StaffByID(ctx context.Context, id string) (staff.Member, error)
	Staff(ctx context.Context) ([]staff.Member, error)
	SetStaffRole(ctx context.Context, id string, role staff.Role) error
	DisableStaff(ctx context.Context, id string, at time.Time) error
	EnableStaff(ctx context.Context, id string) error
}

// PasskeyStore keeps their passkeys. Look-ups return fault.ErrNotFound.
type PasskeyStore interface {
	AddPasskey(ctx context.Context, k staff.Passkey, invitation secret.Hash, at time.Time, once ...login.ReplayKey) error
	PasskeyByCredential(ctx context.Context, credential []byte) (staff.Passkey, error)
	PasskeysOf(ctx context.Context, staff string) ([]staff.Passkey, error)
	DropPasskey(ctx context.Context, staff, id string) error
	// UsePasskey notes that a passkey has proved its holder; marks are set with it.
	UsePasskey(ctx context.Context, k staff.Passkey, at time.Time, once ...login.ReplayKey) error
	// PasskeysSince are those that were made after a time, the oldest first, and whose.
	PasskeysSince(ctx context.Context, after time.Time) ([]staff.MemberPasskey, error)
}

// SessionStore keeps who is signed in. Look-ups return fault.ErrNotFound.
type SessionStore interface {
	SignInStaff(ctx context.Context, k staff.Passkey, s staff.Session, at time.Time, once ...login.ReplayKey) error
	// StaffBySession finds a session and whose it is; not of those who are disabled.
	StaffBySession(ctx context.Context, token secret.Hash) (staff.Session, staff.Member, error)
	UseStaffSession(ctx context.Context, s staff.Session, idleUntil time.Time) error
	EndStaffSession(ctx context.Context, token secret.Hash) error
}

// ReplayStore refuses what has been used before: fault.ErrReplayed.
type ReplayStore interface {
	UseOnce(ctx context.Context, once ...login.ReplayKey) error
}

// Auditor is told what the staff does.
type Auditor interface {
	Atomically(ctx context.Context, act func(ctx context.Context) error) error
	StaffInvited(ctx context.Context, actor string, who staff.Member)
	StaffRoleSet(ctx context.Context, actor, staff string, role staff.Role)
	StaffDisabled(ctx context.Context, actor, staff string)
	StaffEnabled(ctx context.Context, actor, staff string)
	StaffSignedIn(ctx context.Context, staff, passkey string)
	StaffSignedOut(ctx context.Context, staff string)
}

// PasskeyAuditor is told of their passkeys, in the same transactions.
type PasskeyAuditor interface {
	PasskeyAdded(ctx context.Context, k staff.Passkey)
	PasskeyRemoved(ctx context.Context, staff, passkey string)
	PasskeyCopied(ctx context.Context, k staff.Passkey)
}

// Deps are what the console needs.
type Deps struct {
	Staff        StaffStore
	Passkeys     PasskeyStore
	Sessions     SessionStore
	Replays      ReplayStore
	Audit        Auditor
	PasskeyAudit PasskeyAuditor
	Sealer       Sealer
	Web          *web.Kit // at the console's own address
	Now          func() time.Time
	BaseURL      string // the console's own address; no trailing slash
	Name         string // of the service, as authenticators show it
}

// Console is the frame that the parts of the console mount themselves on. Mount all of
// them before the first request.
type Console struct {
	d        Deps
	mux      *http.ServeMux
	cookies  cookies
	knocks   *web.Limiter // of those who are not signed in
	webauthn *webauthn.WebAuthn
	frame    func() (*web.Template, error)
	own      pages
	nav      []navItem
	routes   []Route

	confirmed []string // patterns of the acts that need a fresh proof
}

// Route is an address of the console and who may use it.
type Route struct {
	Method, Pattern string // GET or POST; the pattern with [Root]
	Least           staff.Role
}

// Routes lists every address that needs somebody to be signed in.
func (c *Console) Routes() []Route { return c.routes }

// New makes the frame. Nothing is parsed before the first page.
func New(d Deps) (*Console, error) {
	base, err := url.Parse(d.BaseURL)
	if err != nil {
		return nil, err
	}
	c := &Console{d: d, mux: http.NewServeMux(), cookies: newCookies(base)}
	c.knocks = web.NewLimiter(web.Limit{Burst: 30, Each: 2 * time.Second}, 10_000, d.Now)
	if c.webauthn, err = newWebAuthn(base, d.Name); err != nil {
		return nil, err
	}
	c.frame = sync.OnceValues(func() (*web.Template, error) { return d.Web.Template(templateFiles, "templates/frame.html") })
	c.own = c.ownPages()
	c.mux.Handle("GET /static/", d.Web.Static())
	c.mountSignIn()
	c.mountStaff()
	c.mountConfirm()
	c.Get("{rest...}", staff.RoleAgent, func(http.ResponseWriter, *http.Request, Agent) error {
		return fault.New(fault.NotFound, login.ReasonPageUnknown, nil)
	})
	return c, nil
}

// Handler serves the console and the static files of its pages.
func (c *Console) Handler() http.Handler { return c.d.Web.Middleware(c.mux) }

// Get mounts a page at a pattern below [Root], for whoever has at least the role.
func (c *Console) Get(pattern string, least staff.Role, h Handler) {
	c.mount(http.MethodGet, pattern, least, h)
}

// Post mounts an act at a pattern below [Root]. What another site sends is refused. An
// act that changes something of a person takes a reason ([Reason]) and audits it.
func (c *Console) Post(pattern string, least staff.Role, h Handler) {
	c.mount(http.MethodPost, pattern, least, h)
}

func (c *Console) mount(method, pattern string, least staff.Role, h Handler) {
	pattern = Root + strings.TrimPrefix(pattern, "/")
	c.routes = append(c.routes, Route{Method: method, Pattern: pattern, Least: least})
	guarded := c.d.Web.Framed(c.failed, func(w http.ResponseWriter, r *http.Request) error {
		who, ok, err := c.signedIn(r)
		if err != nil {
			return err
		}
		if !ok {
			return c.signInFirst(w, r)
		}
		if known, ok := r.Context().Value(agentKey{}).(*Agent); ok {
			*known = who
		}
		if !who.Role.Covers(least) {
			return fault.New(fault.Forbidden, login.ReasonPageUnknown, nil)
		}
		return h(w, r, who)
	})
	c.mux.HandleFunc(method+" "+pattern, func(w http.ResponseWriter, r *http.Request) {
		guarded.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), agentKey{}, &Agent{})))
	})
}

// ByItself marks the address under which a page loads itself again: a page that stands
// open on a desk that somebody has left must not keep them signed in.
const ByItself = "?again=1"

func byItself(r *http.Request) bool {
	return r.Method == http.MethodGet && r.URL.Query().Has("again")
}

// agentKey leads to who sent the request, once that is known, for the page of an error.
type agentKey struct{}

// signedIn is who sent the request. Whatever is in doubt counts as nobody.
func (c *Console) signedIn(r *http.Request) (Agent, bool, error) {
	token, ok := c.cookies.session(r)
	if !ok {
		return Agent{}, false, nil
	}
	s, staff, err := c.d.Sessions.StaffBySession(r.Context(), token.Hash())
	if errors.Is(err, fault.ErrNotFound) {
		return Agent{}, false, nil
	}
	if err != nil {
		return Agent{}, false, err
	}
	now := c.d.Now()
	if !s.Live(now) || staff.Disabled() || !s.Token.Equal(token.Hash()) {
		return Agent{}, false, nil
	}
	if !byItself(r) {
		if err := c.d.Sessions.UseStaffSession(r.Context(), s, now.Add(Idle)); err != nil {
			return Agent{}, false, err
		}
	}
	return Agent{ID: staff.ID, Name: staff.Name, Role: staff.Role, session: s.Token, passkey: s.Passkey}, true, nil
}
