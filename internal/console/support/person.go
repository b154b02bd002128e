package support

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"avain/internal/console"
	"avain/internal/core/diagnosis"
	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/staff"
	"avain/internal/platform/audit"
	"avain/internal/platform/web"
)

const (
	loginsShown = 20
	actsShown   = 30
	wrongShown  = 14 // days
)

// personView is everything that the console shows of a person.
type personView struct {
	Path       string
	Name       string
	Emails     []string
	UserNames  []string
	Locale     string
	Plus       bool
	Locked     string // since when; empty when not
	Paused     string // until when; empty when not
	Employers  []employmentView
	Devices    []deviceView
	Logins     []loginView
	Types      bool // may log in with a password, or somebody has tried to
	Wrong      []wrongView
	Acts       []actView
	MayResume  bool
	Pause      form
	PauseHours []int
}

// employmentView is what an employer has said of a person, and how far the person has
// come.
type employmentView struct {
	Employer    string
	Name        string // what the employer calls them
	Email       string
	Kind        employment.UserKind
	Activated   string
	Ended       string
	Benefits    []login.Benefit
	Released    bool
	Invitations []invitationView
	Held        []heldView
	Form        *form // to invite again; nil when there is nothing to
}

// invitationView is an invitation and what became of its mail.
type invitationView struct {
	Sent   string
	State  string // open, used, revoked, expired
	Mail   employment.MailState
	MailAt string
	Detail string
	Bad    bool // the mail has not arrived
}

// deviceView is where a person is logged in.
type deviceView struct {
	Name, Model, Platform, Version, App string
	Web                                 bool
	Method                              login.Method
	Means                               string
	Place                               string
	Since, Used                         string
	Form                                form
}

// loginView is a login in the list of a person.
type loginView struct {
	Path, Code, At, Title, Means, Browser string
	Method                                login.Method
	Good, Gone, Running                   bool
}

// wrongView is a day on which the person's password was typed wrongly.
type wrongView struct {
	Day          string
	Tries, Known int
	Networks     int
	More         bool // from more networks than are told apart
}

// actView is what a colleague did.
type actView struct{ At, Who, Action, Because string }

// form is one of several on a page that ask for a reason: where it goes, and what was
// wrong with it when it came.
type form struct {
	ID      string
	Action  string
	Because string // as it was typed
	Wrong   string // key of what is wrong; empty mostly
}

func (k *Desk) showPerson(w http.ResponseWriter, r *http.Request, who console.Agent) error {
	p, err := k.personOf(r)
	if err != nil {
		return err
	}
	k.d.Looks.PersonViewed(r.Context(), who.Actor(), p.ID)
	return k.renderPerson(w, r, who, http.StatusOK, p, form{})
}

// personOf is the person of a path. What is no id of a person looks like nobody.
func (k *Desk) personOf(r *http.Request) (login.Person, error) {
	id := r.PathValue("id")
	if !login.ValidID(id) {
		return login.Person{}, found(fault.ErrNotFound)
	}
	p, err := k.d.People.PersonByID(r.Context(), id)
	return p, found(err)
}

// renderPerson shows a person; wrong is the form that came with a mistake, if one did.
func (k *Desk) renderPerson(w http.ResponseWriter, r *http.Request, who console.Agent, status int, p login.Person, wrong form) error {
	lang := k.d.Web.Language(r)
	path := console.Root + "people/" + p.ID
	view := personView{
		Path: path, Name: p.Name, Locale: p.Locale, Plus: p.SmartumPlus, Locked: k.day(p.LockedAt), PauseHours: pauseHours,
		MayResume: who.Role.Covers(staff.RoleLead), Pause: withInput(form{ID: "pause", Action: path + "/pause"}, wrong),
	}
	if k.d.Now().Before(p.PausedUntil) {
		view.Paused = k.day(p.PausedUntil)
		view.Pause = withInput(form{ID: "resume", Action: path + "/resume"}, wrong)
	}
	if p.Email != "" {
		view.Emails = append(view.Emails, p.Email)
	}
	var err error
	if view.UserNames, err = k.d.People.UserNamesOf(r.Context(), p.ID); err != nil {
		return err
	}
	if view.Employers, err = k.employersOf(r.Context(), p.ID, path, wrong); err != nil {
		return err
	}
	for _, e := range view.Employers {
		if e.Email != "" && !slices.ContainsFunc(view.Emails, func(known string) bool { return strings.EqualFold(known, e.Email) }) {
			view.Emails = append(view.Emails, e.Email)
		}
	}
	if view.Devices, err = k.devicesOf(r.Context(), p.ID, path, lang, wrong); err != nil {
		return err
	}
	if view.Logins, err = k.loginsOf(r.Context(), p.ID, lang); err != nil {
		return err
	}
	if view.Wrong, err = k.wrongOf(r.Context(), p.ID); err != nil {
		return err
	}
	view.Types = len(view.UserNames)+len(view.Wrong) > 0
	if view.Acts, err = k.actsOn(r.Context(), "person:"+p.ID); err != nil {
		return err
	}
	t, err := k.person()
	if err != nil {
		return err
	}
	return k.d.Console.Render(w, r, who, status, web.Page{Template: t, Title: "desk.person", Values: []any{"Name", cmp.Or(p.Name, "–")}, Data: view, Self: path})
}

// withInput is a form as it was typed when it was the one with the mistake.
func withInput(f, wrong form) form {
	if f.ID == wrong.ID {
		f.Because, f.Wrong = wrong.Because, wrong.Wrong
	}
	return f
}

func (k *Desk) employersOf(ctx context.Context, person, path string, wrong form) (all []employmentView, err error) {
	hired, err := k.d.Employments.EmploymentsOfPerson(ctx, person)
	if err != nil {
		return nil, err
	}
	for _, m := range hired {
		view, err := k.employment(ctx, m)
		if err != nil {
			return nil, err
		}
		if view.Form != nil {
			*view.Form = withInput(form{ID: "invite-" + m.ID, Action: path + "/records/" + m.ID}, wrong)
		}
		all = append(all, view)
	}
	return all, nil
}

func (k *Desk) employment(ctx context.Context, m employment.Employment) (employmentView, error) {
	e, err := k.d.Employments.EmployerByID(ctx, m.Employer)
	if err != nil {
		return employmentView{}, err
	}
	invited, err := k.d.Employments.InvitationsOf(ctx, m.ID)
	if err != nil {
		return employmentView{}, err
	}
	view := employmentView{
		Employer: e.Name, Name: strings.TrimSpace(m.GivenName + " " + m.FamilyName), Email: m.Email, Kind: m.Kind,
		Activated: k.day(m.ActivatedAt), Ended: k.day(m.EndedAt), Benefits: m.Benefits, Released: m.Released(),
	}
	if invitable(m) {
		view.Form = &form{}
	}
	for _, i := range invited[:min(len(invited), 5)] {
		view.Invitations = append(view.Invitations, k.invitation(i))
	}
	view.Held, err = k.held(ctx, m)
	return view, err
}

// heldView is somebody whose name is another than the employer's. Who it is, the employer's
// record does not say: they say it themselves, with their support code.
type heldView struct {
	At, Code, Released string
	Form               form
}

func (k *Desk) held(ctx context.Context, m employment.Employment) (all []heldView, err error) {
	held, err := k.d.Employments.HeldActivations(ctx, m.ID)
	for _, h := range held {
		all = append(all, heldView{
			At: k.day(h.HeldAt), Code: h.SupportCode, Released: k.day(h.ReleasedAt),
			Form: form{ID: "held-" + h.ID, Action: console.Root + "records/" + m.ID + "/held/" + h.ID},
		})
	}
	return all, err
}

func invitable(m employment.Employment) bool { return m.ActivatedAt.IsZero() && m.EndedAt.IsZero() }

func (k *Desk) invitation(i employment.Invitation) invitationView {
	view := invitationView{Sent: k.day(i.CreatedAt), State: "open", Mail: i.Mail, MailAt: k.day(i.MailAt), Detail: i.MailDetail}
	switch {
	case !i.UsedAt.IsZero():
		view.State = "used"
	case !i.RevokedAt.IsZero():
		view.State = "revoked"
	case !i.Open(k.d.Now()):
		view.State = "expired"
	}
	switch i.Mail {
	case employment.MailRefused, employment.MailFailed, employment.MailBounced:
		view.Bad = true
	case employment.MailQueued, employment.MailSent:
	}
	return view
}

func (k *Desk) devicesOf(ctx context.Context, person, path, lang string, wrong form) (all []deviceView, err error) {
	sessions, err := k.d.Logins.SessionsOfPerson(ctx, person)
	if err != nil {
		return nil, err
	}
	for _, s := range sessions {
		if !s.Live(k.d.Now()) {
			continue
		}
		all = append(all, deviceView{
			Name: s.Device.Name, Model: s.Device.Model, Platform: s.Device.Platform, Version: s.Device.AppVersion, App: k.d.Client(s.Client),
			Web: s.Client == login.WebClient, Method: s.Method, Means: k.d.Means(lang, s.Means), Place: s.Place.In(lang),
			Since: k.day(s.CreatedAt), Used: k.day(s.UsedAt), Form: withInput(form{ID: "out-" + s.ID, Action: path + "/devices/" + s.ID}, wrong),
		})
	}
	return all, nil
}

func (k *Desk) loginsOf(ctx context.Context, person, lang string) (all []loginView, err error) {
	attempts, err := k.d.Logins.AttemptsOfPerson(ctx, person, loginsShown)
	if err != nil {
		return nil, err
	}
	for _, a := range attempts {
		d := diagnosis.Of(a, k.d.Now())
		words, err := diagnosis.Say(d, lang, k.d.Brand)
		if err != nil {
			return nil, err
		}
		all = append(all, loginView{
			Path: console.Root + "attempts/" + a.ID, Code: a.SupportCode, At: k.day(a.CreatedAt), Title: words.Title, Means: k.d.Means(lang, d.Means),
			Browser: d.Browser, Method: a.Method, Good: d.Good, Gone: d.Gone, Running: d.Running,
		})
	}
	return all, nil
}

// wrongOf tells whether somebody guesses, or the person mistypes.
func (k *Desk) wrongOf(ctx context.Context, person string) (all []wrongView, err error) {
	days, err := k.d.People.WrongTriesOf(ctx, person, wrongShown)
	if err != nil {
		return nil, err
	}
	for _, w := range days {
		day, err := time.Parse(time.DateOnly, w.Day)
		if err != nil {
			return nil, err
		}
		all = append(all, wrongView{
			Day: day.Format("2.1.2006"), Tries: int(w.Tries), Known: int(w.Known), Networks: w.Networks, More: w.More,
		})
	}
	return all, nil
}

func (k *Desk) actsOn(ctx context.Context, target string) (all []actView, err error) {
	entries, err := k.d.Staff.StaffActsOn(ctx, target, actsShown)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, e := range entries {
		id := strings.TrimPrefix(e.Actor, "staff:")
		if _, known := names[id]; !known {
			names[id] = id
			if staff, err := k.d.Staff.StaffByID(ctx, id); err == nil {
				names[id] = staff.Name
			}
		}
		act := actView{At: k.day(e.At), Who: names[id], Action: strings.TrimPrefix(e.Action, "staff."), Because: e.Detail[audit.Because]}
		if n := len(all); n > 0 && act.Because == "" && all[n-1].Who == act.Who && all[n-1].Action == act.Action {
			continue // looked again
		}
		all = append(all, act)
	}
	return all, nil
}

// recordView is an employer's record of somebody who has not activated.
type recordView struct {
	Record employmentView
	Acts   []actView
}

func (k *Desk) showRecord(w http.ResponseWriter, r *http.Request, who console.Agent) error {
	m, err := k.d.Employments.EmploymentByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return found(err)
	}
	if m.Person != "" {
		return web.SeeOther(w, console.Root+"people/"+m.Person)
	}
	k.d.Looks.RecordViewed(r.Context(), who.Actor(), m.ID)
	return k.renderRecord(w, r, who, http.StatusOK, m, form{})
}

func (k *Desk) renderRecord(w http.ResponseWriter, r *http.Request, who console.Agent, status int, m employment.Employment, wrong form) error {
	path := console.Root + "records/" + m.ID
	record, err := k.employment(r.Context(), m)
	if err != nil {
		return err
	}
	if record.Form != nil {
		*record.Form = withInput(form{ID: "invite-" + m.ID, Action: path + "/invite"}, wrong)
	}
	for i := range record.Held {
		record.Held[i].Form = withInput(record.Held[i].Form, wrong)
	}
	acts, err := k.actsOn(r.Context(), "employment:"+m.ID)
	if err != nil {
		return err
	}
	t, err := k.record()
	if err != nil {
		return err
	}
	return k.d.Console.Render(w, r, who, status, web.Page{
		Template: t, Title: "desk.person", Values: []any{"Name", cmp.Or(record.Name, "–")}, Data: recordView{record, acts}, Self: path,
	})
}

// pauseHours are the lengths of a pause that are offered; the first is the usual one.
var pauseHours = []int{24, 72, 168}

// pausedFor is the length of a pause that was asked for, else the usual one.
func pausedFor(value string) time.Duration {
	hours := pauseHours[0]
	for _, offered := range pauseHours {
		if value == strconv.Itoa(offered) {
			hours = offered
		}
	}
	return time.Duration(hours) * time.Hour
}
