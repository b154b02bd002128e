package support

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"avain/internal/console"
	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/shown"
)

const (
	shortestReason = 5   // letters
	maxReason      = 200 // letters
)

// why is how a session ends that somebody of the staff has ended, as it stands in the
// session and in what other systems are told.
const why = "support"

// because reads the reason of an act, and says what is wrong with it: empty when nothing
// is. The audit log keeps it for ever, so an identity code must not get in.
func because(r *http.Request, id string) (form, error) {
	if err := r.ParseForm(); err != nil {
		return form{}, fault.New(fault.Invalid, login.ReasonRequestInvalid, err)
	}
	f := form{ID: id, Because: shown.Line(r.PostForm.Get("because"), shown.Whole)}
	switch n := shown.Len(f.Because); {
	case n < shortestReason:
		f.Wrong = "desk.reason_short"
	case n > maxReason || len(f.Because) > shown.Bytes(maxReason):
		f.Wrong = "desk.reason_long"
	case identityCode.MatchString(f.Because):
		f.Wrong, f.Because = "desk.reason_code", ""
	}
	return f, nil
}

// pause keeps login link and QR code off for a person. A pause that lasts longer stays.
func (k *Desk) pause(w http.ResponseWriter, r *http.Request, who console.Agent) error {
	p, f, err := k.actOn(r, "pause")
	if err != nil || f.Wrong != "" {
		return k.again(w, r, who, p, f, err)
	}
	now := k.d.Now()
	until := now.Add(pausedFor(r.PostForm.Get("hours")))
	if until.Sub(p.PausedUntil) > employment.PressedTwice { // else: pressed twice
		if err := k.d.Audit.Atomically(r.Context(), func(ctx context.Context) error {
			k.d.Audit.MethodsPaused(ctx, who.Actor(), p.ID, until, f.Because)
			return k.d.Acts.PausePerson(ctx, p.ID, until, now)
		}); err != nil {
			return found(err)
		}
	}
	return k.d.Console.Done(w, console.Root+"people/"+p.ID, "desk.done_paused")
}

// resume ends a pause before its time.
func (k *Desk) resume(w http.ResponseWriter, r *http.Request, who console.Agent) error {
	p, f, err := k.actOn(r, "resume")
	if err != nil || f.Wrong != "" {
		return k.again(w, r, who, p, f, err)
	}
	if k.d.Now().Before(p.PausedUntil) {
		if err := k.d.Audit.Atomically(r.Context(), func(ctx context.Context) error {
			k.d.Audit.MethodsResumed(ctx, who.Actor(), p.ID, f.Because)
			return k.d.Acts.PausePerson(ctx, p.ID, time.Time{}, k.d.Now())
		}); err != nil {
			return found(err)
		}
	}
	return k.d.Console.Done(w, console.Root+"people/"+p.ID, "desk.done_resumed")
}

// logOut ends one of the person's sessions. Another's looks like none (threat 26).
func (k *Desk) logOut(w http.ResponseWriter, r *http.Request, who console.Agent) error {
	id := r.PathValue("session")
	p, f, err := k.actOn(r, "out-"+id)
	if err != nil {
		return err
	}
	if !login.ValidID(id) {
		return found(fault.ErrNotFound)
	}
	s, err := k.d.Logins.SessionByID(r.Context(), id)
	if err != nil {
		return found(err)
	}
	// The session may hang on a record of the same human: ask whose it is.
	owner, err := k.d.People.PersonByID(r.Context(), s.Person)
	if err != nil || owner.ID != p.ID {
		return found(errors.Join(err, fault.ErrNotFound))
	}
	if f.Wrong != "" {
		return k.again(w, r, who, p, f, nil)
	}
	if s.RevokedAt.IsZero() {
		if err := k.d.Audit.Atomically(r.Context(), func(ctx context.Context) error {
			k.d.Audit.DeviceLoggedOut(ctx, who.Actor(), p.ID, s.ID, f.Because)
			return k.d.Acts.RevokeSession(ctx, s.ID, why, k.d.Now())
		}); err != nil {
			return found(err)
		}
	}
	return k.d.Console.Done(w, console.Root+"people/"+p.ID, "desk.done_out")
}

// inviteKnown invites a known person anew to what another employer gives.
func (k *Desk) inviteKnown(w http.ResponseWriter, r *http.Request, who console.Agent) error {
	id := r.PathValue("record")
	p, f, err := k.actOn(r, "invite-"+id)
	if err != nil {
		return err
	}
	m, err := k.d.Employments.EmploymentByID(r.Context(), id)
	if err != nil || m.Person == "" {
		return found(errors.Join(err, fault.ErrNotFound))
	}
	owner, err := k.d.People.PersonByID(r.Context(), m.Person)
	if err != nil || owner.ID != p.ID {
		return found(errors.Join(err, fault.ErrNotFound))
	}
	if f.Wrong != "" {
		return k.again(w, r, who, p, f, nil)
	}
	return k.invite(w, r, who, m, "person:"+p.ID, console.Root+"people/"+p.ID, f.Because)
}

// inviteUnknown invites somebody anew of whom there is an employer's record only.
func (k *Desk) inviteUnknown(w http.ResponseWriter, r *http.Request, who console.Agent) error {
	m, err := k.d.Employments.EmploymentByID(r.Context(), r.PathValue("id"))
	if err != nil || m.Person != "" {
		return found(errors.Join(err, fault.ErrNotFound))
	}
	f, err := because(r, "invite-"+m.ID)
	if err != nil {
		return err
	}
	if f.Wrong != "" {
		return k.renderRecord(w, r, who, http.StatusBadRequest, m, f)
	}
	return k.invite(w, r, who, m, "employment:"+m.ID, console.Root+"records/"+m.ID, f.Because)
}

// release lets a human activate who was held because of another name. The staff names them
// by the support code that the page showed them: another human who came with the same
// link stays out.
func (k *Desk) release(w http.ResponseWriter, r *http.Request, who console.Agent) error {
	m, err := k.d.Employments.EmploymentByID(r.Context(), r.PathValue("id"))
	if err != nil {
		return found(err)
	}
	all, err := k.d.Employments.HeldActivations(r.Context(), m.ID)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(h employment.HeldActivation) bool { return h.ID == r.PathValue("held") })
	if at < 0 {
		return found(fault.ErrNotFound)
	}
	f, err := because(r, "held-"+all[at].ID)
	if err != nil {
		return err
	}
	if f.Wrong != "" {
		return k.renderRecord(w, r, who, http.StatusBadRequest, m, f)
	}
	if all[at].ReleasedAt.IsZero() { // else: pressed twice
		if err := k.d.Audit.Atomically(r.Context(), func(ctx context.Context) error {
			k.d.Audit.ActivationReleased(ctx, who.Actor(), m.ID, all[at], f.Because)
			return k.d.Acts.ReleaseActivation(ctx, m.ID, all[at].ID, k.d.Now())
		}); err != nil {
			return found(err)
		}
	}
	return k.d.Console.Done(w, console.Root+"records/"+m.ID, "desk.done_released")
}

func (k *Desk) invite(w http.ResponseWriter, r *http.Request, who console.Agent, m employment.Employment, target, path, reason string) error {
	ordered := false // else: pressed twice
	if err := k.d.Audit.Atomically(r.Context(), func(ctx context.Context) (err error) {
		var i employment.Invitation
		if i, ordered, err = k.d.Acts.Invite(ctx, m); ordered {
			k.d.Audit.PersonInvited(ctx, who.Actor(), target, i, reason)
		}
		return err
	}); err != nil {
		return err
	}
	if ordered {
		k.d.Wake()
	}
	return k.d.Console.Done(w, path, "desk.done_invited")
}

func (k *Desk) actOn(r *http.Request, id string) (login.Person, form, error) {
	p, err := k.personOf(r)
	if err != nil {
		return p, form{}, err
	}
	f, err := because(r, id)
	return p, f, err
}

// again shows the person's page with what was typed and what is wrong with it.
func (k *Desk) again(w http.ResponseWriter, r *http.Request, who console.Agent, p login.Person, f form, err error) error {
	if err != nil {
		return err
	}
	return k.renderPerson(w, r, who, http.StatusBadRequest, p, f)
}
