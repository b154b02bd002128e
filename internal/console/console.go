package console

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"avain/internal/login"
	"avain/internal/secret"
	"avain/internal/web"
)

// Root is where the console begins.
const Root = "/console/"

// Agent is who is signed in.
type Agent struct {
	ID   string
	Name string
	Role login.Role
}

// Actor is the agent in the audit log.
func (a Agent) Actor() string { return "staff:" + a.ID }

// Handler answers a request of somebody whose role has been checked, or returns an
// error, which is shown in the console's frame.
type Handler func(w http.ResponseWriter, r *http.Request, who Agent) error

// Sessions finds who is signed in.
type Sessions interface {
	// StaffBySession finds the session and whose it is; login.ErrNotFound also for
	// those who are disabled.
	StaffBySession(ctx context.Context, token secret.Hash) (login.StaffSession, login.Staff, error)
	// UseStaffSession says that a session was used, at most once a minute.
	UseStaffSession(ctx context.Context, s login.StaffSession, at, idleUntil time.Time) error
}

// Deps are what the console stands on.
type Deps struct {
	Sessions Sessions
	Web      *web.Kit // at the console's own address
	Now      func() time.Time
	BaseURL  string // the console's own address; no trailing slash
}

// Console is the frame that the parts of the console mount themselves on. Mount all of
// them before the first request.
type Console struct {
	d       Deps
	mux     *http.ServeMux
	cookies cookies
	frame   func() (*web.Template, error)
	own     pages
	nav     []navItem
	routes  []Route
}

// Route is an address of the console and who may use it.
type Route struct {
	Method, Pattern string // GET or POST; the pattern with [Root]
	Least           login.Role
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
	c.frame = sync.OnceValues(func() (*web.Template, error) { return d.Web.Template(templateFiles, "templates/frame.html") })
	c.own = c.ownPages()
	c.mux.Handle("GET /static/", d.Web.Static())
	c.mux.Handle("GET "+Root+"sign-in", d.Web.Framed(c.failed, c.askToSignIn))
	c.Get("{rest...}", login.RoleAgent, func(http.ResponseWriter, *http.Request, Agent) error {
		return login.E(login.NotFound, login.ReasonPageUnknown, nil)
	})
	return c, nil
}

// Handler serves the console and the static files of its pages.
func (c *Console) Handler() http.Handler { return c.d.Web.Middleware(c.mux) }

// Get mounts a page at a pattern below [Root], for whoever has at least the role.
func (c *Console) Get(pattern string, least login.Role, h Handler) {
	c.mount(http.MethodGet, pattern, least, h)
}

// Post mounts an act at a pattern below [Root]. What another site sends is refused. An
// act that changes something of a person takes a reason ([Reason]) and audits it.
func (c *Console) Post(pattern string, least login.Role, h Handler) {
	c.mount(http.MethodPost, pattern, least, h)
}

func (c *Console) mount(method, pattern string, least login.Role, h Handler) {
	pattern = Root + strings.TrimPrefix(pattern, "/")
	c.routes = append(c.routes, Route{Method: method, Pattern: pattern, Least: least})
	c.mux.Handle(method+" "+pattern, c.d.Web.Framed(c.failed, func(w http.ResponseWriter, r *http.Request) error {
		who, ok, err := c.signedIn(r)
		if err != nil {
			return err
		}
		if !ok {
			return c.signInFirst(w, r)
		}
		if !who.Role.Covers(least) {
			return login.E(login.Forbidden, login.ReasonPageUnknown, nil)
		}
		return h(w, r.WithContext(context.WithValue(r.Context(), agentKey{}, who)), who)
	}))
}

type agentKey struct{}

// signedIn is who sent the request. Whatever is in doubt counts as nobody.
func (c *Console) signedIn(r *http.Request) (Agent, bool, error) {
	token, ok := c.cookies.session(r)
	if !ok {
		return Agent{}, false, nil
	}
	s, staff, err := c.d.Sessions.StaffBySession(r.Context(), token.Hash())
	if errors.Is(err, login.ErrNotFound) {
		return Agent{}, false, nil
	}
	if err != nil {
		return Agent{}, false, err
	}
	now := c.d.Now()
	if !s.Live(now) || staff.Disabled() || !s.Token.Equal(token.Hash()) {
		return Agent{}, false, nil
	}
	if err := c.d.Sessions.UseStaffSession(r.Context(), s, now, now.Add(Idle)); err != nil {
		return Agent{}, false, err
	}
	return Agent{ID: staff.ID, Name: staff.Name, Role: staff.Role}, true, nil
}
