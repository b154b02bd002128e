package support

import (
	"context"
	"embed"
	"errors"
	"net/http"
	"time"

	"avain/internal/console"
	"avain/internal/core/diagnosis"
	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/staff"
	"avain/internal/platform/web"
)

//go:embed templates/*.html
var templateFiles embed.FS

// Search finds people, records and employers by what a caller says. fault.ErrNotFound.
type Search interface {
	PersonsNamed(ctx context.Context, typed string, limit int) ([]string, error)
	EmploymentsNamed(ctx context.Context, typed string, limit int) ([]string, error)
	EmployersNamed(ctx context.Context, typed string, limit int) ([]string, error)
	FindByAddress(ctx context.Context, address string, limit int) (persons, employments []string, err error)
}

// People are those who log in, without keys of look-up. Look-ups return fault.ErrNotFound.
type People interface {
	PersonByID(ctx context.Context, id string) (login.Person, error)
	UserNamesOf(ctx context.Context, person string) ([]string, error)
	WrongTriesOf(ctx context.Context, person string, days int) ([]login.WrongDay, error)
}

// Employments are what employers say of people. Look-ups return fault.ErrNotFound.
type Employments interface {
	EmploymentByID(ctx context.Context, id string) (employment.Employment, error)
	EmploymentsOfPerson(ctx context.Context, person string) ([]employment.Employment, error)
	EmploymentsOf(ctx context.Context, employer, after string, limit int) ([]employment.Employment, error)
	EmployerByID(ctx context.Context, id string) (employment.Employer, error)
	HeldActivations(ctx context.Context, employment string) ([]employment.HeldActivation, error)
	InvitationsOf(ctx context.Context, employment string) ([]employment.Invitation, error)
}

// Logins are attempts and sessions as an agent may see them: without hashes, keys and what
// a client asked for. Look-ups return fault.ErrNotFound.
type Logins interface {
	SessionByID(ctx context.Context, id string) (login.Session, error)
	SessionsOfPerson(ctx context.Context, person string) ([]login.Session, error)
	AttemptByID(ctx context.Context, id string) (login.Attempt, error)
	AttemptBySupportCode(ctx context.Context, code string) (login.Attempt, error)
	AttemptsOfPerson(ctx context.Context, person string, limit int) ([]login.Attempt, error)
}

// Colleagues are who has helped before, and how.
type Colleagues interface {
	StaffActsOn(ctx context.Context, target string, limit int) ([]operations.AuditEntry, error)
	StaffByID(ctx context.Context, id string) (staff.Member, error)
}

// Acts are what agents can do. None of them hands anything out.
type Acts interface {
	// Invite orders the letter of a new invitation, unless somebody has just done so; a
	// Conflict when there is nothing to invite to.
	Invite(ctx context.Context, m employment.Employment) (stands employment.Invitation, ordered bool, err error)
	RevokeSession(ctx context.Context, id, reason string, at time.Time) error
	PausePerson(ctx context.Context, id string, until, at time.Time) error
	// ReleaseActivation returns fault.ErrNotFound also for one that is released.
	ReleaseActivation(ctx context.Context, employment, id string, at time.Time) error
}

// Looks are told of every look.
type Looks interface {
	SearchRefused(ctx context.Context, actor string)
	PersonViewed(ctx context.Context, actor, person string)
	RecordViewed(ctx context.Context, actor, employment string)
	EmployerViewed(ctx context.Context, actor, employer string)
	AttemptViewed(ctx context.Context, actor string, a login.Attempt)
}

// Auditor is told of every act.
type Auditor interface {
	Atomically(ctx context.Context, act func(ctx context.Context) error) error
	PersonInvited(ctx context.Context, actor, target string, i employment.Invitation, because string)
	DeviceLoggedOut(ctx context.Context, actor, person, session, because string)
	MethodsPaused(ctx context.Context, actor, person string, until time.Time, because string)
	MethodsResumed(ctx context.Context, actor, person, because string)
	ActivationReleased(ctx context.Context, actor, employment string, h employment.HeldActivation, because string)
}

// Deps are what the pages need.
type Deps struct {
	Console     *console.Console
	Search      Search
	People      People
	Employments Employments
	Logins      Logins
	Staff       Colleagues
	Acts        Acts
	Looks       Looks
	Audit       Auditor
	Sealer      console.Sealer
	Web         *web.Kit
	Now         func() time.Time
	Zone        *time.Location               // of the times that agents read
	Client      func(id string) string       // name of an app
	Means       func(lang, id string) string // name of a bank or method; the id of one that is gone
	Brand       diagnosis.Brand
	Wake        func() // lets what was ordered begin at once
}

// Desk serves the pages.
type Desk struct {
	d                                                  Deps
	searches                                           *web.Limiter // per agent
	search, person, record, attempt, employer, refusal func() (*web.Template, error)
}

// How much one agent may search and look at: a hundred calls an hour are many, a list of
// all customers is more.
var searchLimit = web.Limit{Burst: 60, Each: 5 * time.Second}

// New mounts the pages on the console.
func New(d Deps) *Desk {
	k := &Desk{d: d, searches: web.NewLimiter(searchLimit, 1000, d.Now)}
	for name, at := range map[string]*func() (*web.Template, error){
		"search": &k.search, "person": &k.person, "record": &k.record, "attempt": &k.attempt, "employer": &k.employer,
		"refusal": &k.refusal,
	} {
		*at = d.Console.Template(templateFiles, "templates/parts.html", "templates/"+name+".html")
	}
	c := d.Console
	c.AddNav(console.Root, "desk.nav", staff.RoleAgent)
	c.Get("{$}", staff.RoleAgent, k.showSearch)
	c.Post("search", staff.RoleAgent, k.limited(k.find))
	c.Get("people/{id}", staff.RoleAgent, k.limited(k.showPerson))
	c.Post("people/{id}/pause", staff.RoleAgent, k.pause)
	c.Post("people/{id}/resume", staff.RoleLead, k.resume)
	c.Post("people/{id}/devices/{session}", staff.RoleAgent, k.logOut)
	c.Post("people/{id}/records/{record}", staff.RoleAgent, k.inviteKnown)
	c.Get("records/{id}", staff.RoleAgent, k.limited(k.showRecord))
	c.Post("records/{id}/invite", staff.RoleAgent, k.inviteUnknown)
	c.Post("records/{id}/held/{held}", staff.RoleAgent, k.release)
	c.Get("attempts/{id}", staff.RoleAgent, k.limited(k.showAttempt))
	c.Get("refusals/{code}", staff.RoleAgent, k.limited(k.showRefusal))
	c.Get("employers/{id}", staff.RoleAgent, k.limited(k.showEmployer))
	return k
}

// limited holds back somebody who looks at more people than help needs.
func (k *Desk) limited(h console.Handler) console.Handler {
	return func(w http.ResponseWriter, r *http.Request, who console.Agent) error {
		if err := k.searches.Check(who.ID); err != nil {
			k.d.Looks.SearchRefused(r.Context(), who.Actor())
			return err
		}
		return h(w, r, who)
	}
}

// found turns a look-up that found nothing into the one answer for what is not there and
// what is of another kind (threats 25, 26).
func found(err error) error {
	if errors.Is(err, fault.ErrNotFound) {
		return fault.New(fault.NotFound, login.ReasonPageUnknown, err)
	}
	return err
}

// clock is a time as agents read it on the phone: to the second, in their zone.
func (k *Desk) clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(k.d.Zone).Format("15:04:05")
}

// day is a time in a list.
func (k *Desk) day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(k.d.Zone).Format("2.1.2006 15:04")
}
