package scim

import (
	"errors"
	"net/http"
	"strconv"

	"avain/internal/login"
)

// find answers a user of the key's employer. Records without a user name are none.
func (f *Feature) find(c call) (login.Employment, error) {
	m, err := f.Store.EmploymentOf(c.Context(), c.employer, c.PathValue("id"))
	if err != nil {
		return m, missing(err)
	}
	if m.UserName == "" {
		return m, missing(nil)
	}
	return m, nil
}

func (f *Feature) get(w http.ResponseWriter, c call) error {
	m, err := f.find(c)
	if err != nil {
		return err
	}
	answer(w, http.StatusOK, userOf(m))
	return nil
}

func (f *Feature) create(w http.ResponseWriter, c call) error {
	var u user
	if err := read(c, &u); err != nil {
		return err
	}
	m, err := f.record(u)
	if err != nil {
		return err
	}
	m.Employer, m.Kind = c.employer, login.UserSmartumPlus
	h, err := f.People.Prepare(m, false)
	if err != nil {
		return err
	}
	if err := f.Store.AddEmployment(c.Context(), h.Employment); errors.Is(err, login.ErrExists) {
		return taken()
	} else if err != nil {
		return err
	}
	f.Audit.EmploymentAdded(c.Context(), c.actor(), h.Employment)
	if !u.active() {
		if err := f.setActive(c, h.Employment, false); err != nil {
			return err
		}
	}
	return f.written(w, c, http.StatusCreated, h.Employment.ID)
}

// written answers with the user as it is now.
func (f *Feature) written(w http.ResponseWriter, c call, status int, id string) error {
	m, err := f.Store.EmploymentOf(c.Context(), c.employer, id)
	if err != nil {
		return missing(err)
	}
	w.Header().Set("Location", "/scim/v2/Users/"+m.ID)
	answer(w, status, userOf(m))
	return nil
}

func (f *Feature) replace(w http.ResponseWriter, c call) error {
	before, err := f.find(c)
	if err != nil {
		return err
	}
	var u user
	if err := read(c, &u); err != nil {
		return err
	}
	return f.write(w, c, before, u)
}

func (f *Feature) patch(w http.ResponseWriter, c call) error {
	before, err := f.find(c)
	if err != nil {
		return err
	}
	u := userOf(before)
	if err := patchUser(&u, c.body); err != nil {
		return err
	}
	return f.write(w, c, before, u)
}

// write makes the record say what the user says.
func (f *Feature) write(w http.ResponseWriter, c call, before login.Employment, u user) error {
	m, err := f.record(u)
	if err != nil {
		return err
	}
	m.ID, m.Employer, m.Kind, m.Benefits = before.ID, before.Employer, before.Kind, before.Benefits
	if err := f.Store.ChangeEmployment(c.Context(), m, f.Now()); errors.Is(err, login.ErrExists) {
		return taken()
	} else if err != nil {
		return missing(err)
	}
	f.Audit.EmploymentChanged(c.Context(), c.actor(), before, "record")
	if u.active() != before.EndedAt.IsZero() {
		if err := f.setActive(c, before, u.active()); err != nil {
			return err
		}
	}
	return f.written(w, c, http.StatusOK, m.ID)
}

func (f *Feature) setActive(c call, m login.Employment, active bool) error {
	if active {
		if err := f.Store.ResumeEmployment(c.Context(), m.Employer, m.ID, f.Now()); err != nil {
			return missing(err)
		}
		f.Audit.EmploymentResumed(c.Context(), c.actor(), m)
		return nil
	}
	if err := f.Store.EndEmployment(c.Context(), m.Employer, m.ID, f.Now()); err != nil {
		return missing(err)
	}
	f.Audit.EmploymentEnded(c.Context(), c.actor(), m)
	return nil
}

// remove ends the employment; the record stays for the person, without its names, so
// that the directory can add somebody under them again.
func (f *Feature) remove(w http.ResponseWriter, c call) error {
	m, err := f.find(c)
	if err != nil {
		return err
	}
	if err := f.Store.ForgetEmployment(c.Context(), m.Employer, m.ID, f.Now()); err != nil {
		return missing(err)
	}
	f.Audit.EmploymentEnded(c.Context(), c.actor(), m)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

const (
	defaultCount = 100
	mostCount    = 200
)

// list answers a page (RFC 7644 §3.4.2).
func (f *Feature) list(w http.ResponseWriter, c call) error {
	query := c.URL.Query()
	start, err := number(query.Get("startIndex"), 1)
	if err != nil {
		return bad("invalidValue", "startIndex must be a number.")
	}
	count, err := number(query.Get("count"), defaultCount)
	if err != nil {
		return bad("invalidValue", "count must be a number.")
	}
	start, count = max(start, 1), min(max(count, 0), mostCount)
	var all []login.Employment
	var total int64
	if text := query.Get("filter"); text == "" {
		all, total, err = f.Store.NamedEmployments(c.Context(), c.employer, start-1, count)
	} else {
		all, total, err = f.search(c, text, start, count)
	}
	if err != nil {
		return err
	}
	users := make([]user, 0, len(all))
	for _, m := range all {
		users = append(users, userOf(m))
	}
	answer(w, http.StatusOK, listing{[]string{schemaList}, total, start, len(users), users})
	return nil
}

// search finds by a filter. An address may be that of several people, the others of
// one at most.
func (f *Feature) search(c call, text string, start, count int) ([]login.Employment, int64, error) {
	filter, err := ParseFilter(text)
	if err != nil {
		return nil, 0, err
	}
	found, err := f.List(c.Context(), c.employer, filter, mostCount)
	if err != nil {
		return nil, 0, err
	}
	var named []login.Employment
	for _, m := range found {
		if m.UserName != "" {
			named = append(named, m)
		}
	}
	from := min(start-1, len(named))
	return named[from:min(from+count, len(named))], int64(len(named)), nil
}

func number(s string, none int) (int, error) {
	if s == "" {
		return none, nil
	}
	n, err := strconv.Atoi(s)
	return min(n, 1<<30), err
}

const schemaList = "urn:ietf:params:scim:api:messages:2.0:ListResponse"

type listing struct {
	Schemas   []string `json:"schemas"`
	Total     int64    `json:"totalResults"`
	Start     int      `json:"startIndex"`
	Count     int      `json:"itemsPerPage"`
	Resources any      `json:"Resources"`
}

func listOf(one any) listing {
	return listing{[]string{schemaList}, 1, 1, 1, []any{one}}
}
