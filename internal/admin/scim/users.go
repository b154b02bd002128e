package scim

import (
	"context"
	"errors"
	"net/http"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
)

// find answers a user of the key's employer. Records without a user name are none.
func (f *Feature) find(c call) (employment.Employment, error) {
	m, err := f.Store.EmploymentOf(c.Context(), c.employer, c.PathValue("id"))
	if err != nil {
		return m, missing(err)
	}
	return m, named(m)
}

func named(m employment.Employment) error {
	if m.UserName == "" {
		return missing(nil)
	}
	return nil
}

func (f *Feature) get(w http.ResponseWriter, c call) error {
	m, err := f.find(c)
	if err != nil {
		return err
	}
	return f.show(w, c, http.StatusOK, m)
}

// show answers with a user, in the parts that were asked for.
func (f *Feature) show(w http.ResponseWriter, c call, status int, m employment.Employment) error {
	u := userOf(m, f.root())
	parts, err := partsOf(c.URL.Query())
	if err != nil {
		return err
	}
	doc, err := parts.of(u)
	if err != nil {
		return err
	}
	w.Header().Set("Location", u.Meta.Location)
	answer(w, status, doc)
	return nil
}

func (f *Feature) create(w http.ResponseWriter, c call) error {
	var u user
	if _, err := partsOf(c.URL.Query()); err != nil {
		return err
	}
	if err := read(c, &u); err != nil {
		return err
	}
	m, err := f.record(u, employment.Employment{})
	if err != nil {
		return err
	}
	m.Employer, m.Kind = c.employer, employment.UserSmartumPlus
	h, err := f.People.Prepare(m, false)
	if err != nil {
		return err
	}
	if err := f.Audit.Atomically(c.Context(), func(ctx context.Context) error {
		f.Audit.EmploymentAdded(ctx, c.actor(), h.Employment)
		if !h.Employment.EndedAt.IsZero() {
			f.Audit.EmploymentEnded(ctx, c.actor(), h.Employment)
		}
		return f.Store.AddEmployment(ctx, h.Employment)
	}); errors.Is(err, fault.ErrExists) {
		return taken()
	} else if err != nil {
		return err
	}
	m, err = f.Store.EmploymentOf(c.Context(), c.employer, h.Employment.ID)
	if err != nil {
		return missing(err)
	}
	return f.show(w, c, http.StatusCreated, m)
}

// replace takes a user as a whole (RFC 7644 §3.5.1). What is left out is taken away, but
// for active: a directory that does not speak of it must not bring back who has left.
func (f *Feature) replace(w http.ResponseWriter, c call) error {
	var u user
	if err := read(c, &u); err != nil {
		return err
	}
	return f.change(w, c, func(user) (user, error) { return u, nil })
}

func (f *Feature) patch(w http.ResponseWriter, c call) error {
	return f.change(w, c, func(u user) (user, error) {
		err := patchUser(&u, c.body)
		return u, err
	})
}

// change makes the record say what the user says, in one transaction.
func (f *Feature) change(w http.ResponseWriter, c call, to func(user) (user, error)) error {
	if _, err := partsOf(c.URL.Query()); err != nil {
		return err
	}
	var after employment.Employment
	err := f.Audit.Atomically(c.Context(), func(ctx context.Context) error {
		before, changed, err := f.Store.ChangeUser(ctx, c.employer, c.PathValue("id"), f.Now(), func(m employment.Employment) (employment.Employment, error) {
			if err := named(m); err != nil {
				return m, err
			}
			u, err := to(userOf(m, f.root()))
			if err != nil {
				return m, err
			}
			return f.record(u, m)
		})
		if err == nil {
			f.note(ctx, c, before, changed)
		}
		after = changed
		return err
	})
	if errors.Is(err, fault.ErrExists) {
		return taken()
	}
	if err != nil {
		return missing(err)
	}
	return f.show(w, c, http.StatusOK, after)
}

// note writes into the audit log what has changed.
func (f *Feature) note(ctx context.Context, c call, before, after employment.Employment) {
	if !before.SaysSame(after) {
		f.Audit.EmploymentChanged(ctx, c.actor(), before, "record")
	}
	switch was, is := before.EndedAt.IsZero(), after.EndedAt.IsZero(); {
	case was && !is:
		f.Audit.EmploymentEnded(ctx, c.actor(), before)
	case !was && is:
		f.Audit.EmploymentResumed(ctx, c.actor(), before)
	}
}

// remove ends the employment; the record stays for the person, without its names, so
// that the directory can add somebody under them again.
func (f *Feature) remove(w http.ResponseWriter, c call) error {
	m, err := f.find(c)
	if err != nil {
		return err
	}
	if err := f.Audit.Atomically(c.Context(), func(ctx context.Context) error {
		f.Audit.EmploymentEnded(ctx, c.actor(), m)
		return f.Store.ForgetEmployment(ctx, m.Employer, m.ID, f.Now())
	}); err != nil {
		return missing(err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
