package support

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"avain/internal/console"
	"avain/internal/core/diagnosis"
	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/web"
)

const (
	maxFound = 20
	maxQuery = 120 // bytes
)

// identityCode is what looks like a Finnish personal identity code, old or new separators,
// however it is spaced: nobody types one here, and no reason holds one.
var identityCode = regexp.MustCompile(`(?i)\d{6}\s?[-+A-FU-Y]\s?\d{3}\s?[0-9A-Z]`)

// Row is a person, or an employer's record of one, in a list.
type Row struct {
	Path      string
	Name      string
	Email     string
	Employers []string
	Locked    bool
	Paused    bool
	Waiting   bool // has not activated
}

// Line is what tells one from another of the same name.
func (r Row) Line() string {
	parts := r.Employers
	if r.Email != "" {
		parts = append([]string{r.Email}, parts...)
	}
	return strings.Join(parts, " · ")
}

// EmployerRow is an employer in a list.
type EmployerRow struct{ Path, Name string }

// searchView is the first page of the console, and what was found.
type searchView struct {
	Typed     string
	Searched  bool
	People    []Row
	Employers []EmployerRow
	More      bool   // there are more than are shown
	Wrong     string // key of what is wrong with what was typed; empty mostly
}

// find takes what was typed and goes to what it leads to. What was typed is a name or an
// address: it goes into no address line but sealed, so that no proxy, history or Referer
// keeps it (threat 32).
func (k *Desk) find(w http.ResponseWriter, r *http.Request, who console.Agent) error {
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.Invalid, login.ReasonRequestInvalid, err)
	}
	typed := strings.TrimSpace(r.PostForm.Get("q"))
	switch {
	case typed == "":
		return web.SeeOther(w, console.Root)
	case identityCode.MatchString(typed):
		return k.renderSearch(w, r, who, http.StatusBadRequest, searchView{Wrong: "desk.no_identity_codes"})
	case len(typed) > maxQuery || !utf8.ValidString(typed):
		return k.renderSearch(w, r, who, http.StatusBadRequest, searchView{Wrong: "desk.too_long"})
	}
	if code, ok := login.ParseSupportCode(typed); ok {
		a, err := k.d.Logins.AttemptBySupportCode(r.Context(), code)
		if err == nil {
			return web.SeeOther(w, console.Root+"attempts/"+a.ID)
		}
		if !errors.Is(err, fault.ErrNotFound) {
			return err
		}
		if _, ok := diagnosis.OfCode(code, k.d.Now()); ok {
			return web.SeeOther(w, console.Root+"refusals/"+code)
		}
	}
	sealed, err := k.d.Sealer.Encrypt([]byte(typed), []byte(sealedFor(who)))
	if err != nil {
		return err
	}
	return web.SeeOther(w, console.Root+"?found="+base64.RawURLEncoding.EncodeToString(sealed))
}

// sealedFor makes the address of a search open for one agent only.
func sealedFor(who console.Agent) string { return "avain console search " + who.ID }

func (k *Desk) showSearch(w http.ResponseWriter, r *http.Request, who console.Agent) error {
	view := searchView{}
	if sealed, err := base64.RawURLEncoding.DecodeString(r.URL.Query().Get("found")); err == nil && len(sealed) > 0 {
		typed, err := k.d.Sealer.Decrypt(sealed, []byte(sealedFor(who)))
		if err != nil {
			return fault.New(fault.NotFound, login.ReasonPageUnknown, nil)
		}
		if err := k.look(r.Context(), string(typed), &view); err != nil {
			return err
		}
	}
	return k.renderSearch(w, r, who, http.StatusOK, view)
}

func (k *Desk) renderSearch(w http.ResponseWriter, r *http.Request, who console.Agent, status int, view searchView) error {
	t, err := k.search()
	if err != nil {
		return err
	}
	page := web.Page{Template: t, Title: "desk.title", Data: view}
	if !view.Searched {
		page.Self = console.Root
	}
	return k.d.Console.Render(w, r, who, status, page)
}

// look fills in who and what fits.
func (k *Desk) look(ctx context.Context, typed string, view *searchView) error {
	view.Typed, view.Searched = typed, true
	persons, records, employers, err := k.candidates(ctx, typed)
	if err != nil {
		return err
	}
	view.More = len(persons) > maxFound || len(records) > maxFound || len(employers) > maxFound
	seen := map[string]bool{}
	for _, id := range records[:min(len(records), maxFound)] {
		m, err := k.d.Employments.EmploymentByID(ctx, id)
		if errors.Is(err, fault.ErrNotFound) {
			continue // gone meanwhile
		}
		if err != nil {
			return err
		}
		if m.Person != "" {
			persons = append(persons, m.Person)
			continue
		}
		row, err := k.recordRow(ctx, m)
		if err != nil {
			return err
		}
		view.People = append(view.People, row)
	}
	for _, id := range persons {
		if len(view.People) == maxFound {
			view.More = true
			break
		}
		row, human, err := k.personRow(ctx, id)
		if errors.Is(err, fault.ErrNotFound) || seen[human] {
			continue
		}
		if err != nil {
			return err
		}
		seen[human] = true
		view.People = append(view.People, row)
	}
	for _, id := range employers[:min(len(employers), maxFound)] {
		e, err := k.d.Employments.EmployerByID(ctx, id)
		if err != nil && !errors.Is(err, fault.ErrNotFound) {
			return err
		}
		view.Employers = append(view.Employers, EmployerRow{console.Root + "employers/" + e.ID, e.Name})
	}
	slices.SortFunc(view.People, func(a, b Row) int { return strings.Compare(a.Name, b.Name) })
	slices.SortFunc(view.Employers, func(a, b EmployerRow) int { return strings.Compare(a.Name, b.Name) })
	return nil
}

func (k *Desk) candidates(ctx context.Context, typed string) (persons, records, employers []string, err error) {
	const most = maxFound + 1
	if !strings.ContainsAny(typed, " ,") {
		// An address, or the name that somebody logs in with.
		if persons, records, err = k.d.Search.FindByAddress(ctx, typed, most); err != nil {
			return nil, nil, nil, err
		}
	}
	if strings.Contains(typed, "@") {
		return persons, records, nil, nil
	}
	named, err1 := k.d.Search.PersonsNamed(ctx, typed, most)
	hired, err2 := k.d.Search.EmploymentsNamed(ctx, typed, most)
	employers, err3 := k.d.Search.EmployersNamed(ctx, typed, most)
	return append(persons, named...), append(records, hired...), employers, errors.Join(err1, err2, err3)
}

func (k *Desk) personRow(ctx context.Context, id string) (row Row, human string, err error) {
	p, err := k.d.People.PersonByID(ctx, id)
	if err != nil {
		return Row{}, "", err
	}
	row = Row{
		Path: console.Root + "people/" + p.ID, Name: p.Name, Email: p.Email, Locked: p.Locked(), Paused: k.d.Now().Before(p.PausedUntil),
	}
	hired, err := k.d.Employments.EmploymentsOfPerson(ctx, p.ID)
	if err != nil {
		return Row{}, "", err
	}
	for _, m := range hired {
		e, err := k.d.Employments.EmployerByID(ctx, m.Employer)
		if err != nil {
			return Row{}, "", err
		}
		if !slices.Contains(row.Employers, e.Name) {
			row.Employers = append(row.Employers, e.Name)
		}
		if row.Email == "" {
			row.Email = m.Email
		}
	}
	return row, p.ID, nil
}

func (k *Desk) recordRow(ctx context.Context, m employment.Employment) (Row, error) {
	e, err := k.d.Employments.EmployerByID(ctx, m.Employer)
	return Row{
		Path: console.Root + "records/" + m.ID, Name: strings.TrimSpace(m.GivenName + " " + m.FamilyName), Email: m.Email,
		Employers: []string{e.Name}, Waiting: true,
	}, err
}

// employerView are the people of an employer, by id, page by page.
type employerView struct {
	Name   string
	People []Row
	Next   string // path of the next page; empty at the end
}

const peopleOnPage = 50

func (k *Desk) showEmployer(w http.ResponseWriter, r *http.Request, who console.Agent) error {
	e, err := k.d.Employments.EmployerByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return found(err)
	}
	k.d.Looks.EmployerViewed(r.Context(), who.Actor(), e.ID)
	hired, err := k.d.Employments.EmploymentsOf(r.Context(), e.ID, r.URL.Query().Get("after"), peopleOnPage)
	if err != nil {
		return err
	}
	view := employerView{Name: e.Name}
	for _, m := range hired {
		row := Row{
			Path: console.Root + "records/" + m.ID, Name: strings.TrimSpace(m.GivenName + " " + m.FamilyName), Email: m.Email,
			Employers: []string{e.Name}, Waiting: m.Person == "",
		}
		if m.Person != "" {
			row.Path = console.Root + "people/" + m.Person
		}
		view.People = append(view.People, row)
	}
	if len(hired) == peopleOnPage {
		view.Next = console.Root + "employers/" + e.ID + "?after=" + hired[len(hired)-1].ID
	}
	t, err := k.employer()
	if err != nil {
		return err
	}
	return k.d.Console.Render(w, r, who, http.StatusOK, web.Page{Template: t, Title: "desk.employer", Values: []any{"Name", e.Name}, Data: view})
}
