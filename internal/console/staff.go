package console

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/shown"
	"avain/internal/domain/staff"
	"avain/internal/platform/web"
	"avain/internal/secret"
)

// InvitationLife is how long the link is good with which somebody makes a passkey.
const InvitationLife = 15 * time.Minute

// maxName bounds the name of somebody of the staff, in letters.
const maxName = 80

// Invite adds somebody to the staff and answers the link with which they make their
// first passkey, once. Who invites is "staff:…" or "system". Errors: fault.FieldErrors.
func (c *Console) Invite(ctx context.Context, actor, name string, role staff.Role) (staff.Member, secret.Text, error) {
	name = shown.Line(name, shown.Whole)
	var mistakes fault.FieldErrors
	if n := shown.Len(name); n == 0 || n > maxName || len(name) > shown.Bytes(maxName) {
		mistakes = append(mistakes, fault.FieldError{Field: "name", Detail: "must have 1 to 80 letters"})
	}
	if !slices.Contains(staff.Roles(), role) {
		mistakes = append(mistakes, fault.FieldError{Field: "role", Detail: "must be agent, lead or operator"})
	}
	if len(mistakes) > 0 {
		return staff.Member{}, secret.Text{}, mistakes
	}
	who := staff.Member{ID: login.NewID(), Name: name, Role: role, CreatedAt: c.d.Now()}
	link, err := c.invite(ctx, actor, who, true)
	return who, link, err
}

// InviteAgain answers another link for somebody who has lost their passkeys. The links
// before are dead. Errors: fault.ErrNotFound also for somebody who is disabled.
func (c *Console) InviteAgain(ctx context.Context, actor, id string) (staff.Member, secret.Text, error) {
	who, err := c.d.Staff.StaffByID(ctx, id)
	if err != nil {
		return staff.Member{}, secret.Text{}, err
	}
	link, err := c.invite(ctx, actor, who, false)
	return who, link, err
}

func (c *Console) invite(ctx context.Context, actor string, who staff.Member, isNew bool) (secret.Text, error) {
	token, now := secret.New(), c.d.Now()
	i := staff.Invitation{Token: token.Hash(), Staff: who.ID, By: actor, CreatedAt: now, ExpiresAt: now.Add(InvitationLife)}
	if err := c.d.Audit.Atomically(ctx, func(ctx context.Context) error {
		c.d.Audit.StaffInvited(ctx, actor, who)
		return c.d.Staff.InviteStaff(ctx, who, isNew, i)
	}); err != nil {
		return secret.Text{}, err
	}
	// Behind the #: browsers send it to nobody.
	return secret.Of(c.d.BaseURL + Root + "invited#" + token.Reveal()), nil
}

// SetRole gives somebody another role. Errors: fault.ErrNotFound, fault.FieldErrors.
func (c *Console) SetRole(ctx context.Context, actor, id string, role staff.Role) error {
	if !slices.Contains(staff.Roles(), role) {
		return fault.FieldErrors{{Field: "role", Detail: "must be agent, lead or operator"}}
	}
	return c.d.Audit.Atomically(ctx, func(ctx context.Context) error {
		c.d.Audit.StaffRoleSet(ctx, actor, id, role)
		return c.d.Staff.SetStaffRole(ctx, id, role)
	})
}

// Disable keeps somebody out from now on: every browser in which they are signed in is
// out at its next click. Errors: fault.ErrNotFound.
func (c *Console) Disable(ctx context.Context, actor, id string) error {
	return c.d.Audit.Atomically(ctx, func(ctx context.Context) error {
		c.d.Audit.StaffDisabled(ctx, actor, id)
		return c.d.Staff.DisableStaff(ctx, id, c.d.Now())
	})
}

// Enable lets somebody in again with the passkeys that they had. Errors: fault.ErrNotFound.
func (c *Console) Enable(ctx context.Context, actor, id string) error {
	return c.d.Audit.Atomically(ctx, func(ctx context.Context) error {
		c.d.Audit.StaffEnabled(ctx, actor, id)
		return c.d.Staff.EnableStaff(ctx, id)
	})
}

func (c *Console) mountStaff() {
	c.Post("sign-out", staff.RoleAgent, c.signOut)
	c.Get("passkeys", staff.RoleAgent, c.showPasskeys)
	c.Post("seen", staff.RoleAgent, c.seen)
	c.PostConfirmed("passkeys/begin", staff.RoleAgent, c.beginAdding)
	c.Post("passkeys/finish", staff.RoleAgent, c.finishAdding) // ends what was begun with a proof
	c.PostConfirmed("passkeys/{id}/remove", staff.RoleAgent, c.removePasskey)
	c.Get("staff", staff.RoleOperator, c.showStaff)
	c.PostConfirmed("staff", staff.RoleOperator, c.inviteStaff)
	c.PostConfirmed("staff/{id}", staff.RoleOperator, c.changeStaff)
}

// passkeysView are somebody's own passkeys.
type passkeysView struct{ Passkeys []staff.Passkey }

func (c *Console) showPasskeys(w http.ResponseWriter, r *http.Request, who Agent) error {
	t, err := c.own.passkeys()
	if err != nil {
		return err
	}
	keys, err := c.d.Passkeys.PasskeysOf(r.Context(), who.ID)
	if err != nil {
		return err
	}
	return c.Render(w, r, who, http.StatusOK, web.Page{Template: t, Title: "console.passkeys", Data: passkeysView{keys}})
}

func (c *Console) beginAdding(w http.ResponseWriter, r *http.Request, who Agent) error {
	staff, err := c.d.Staff.StaffByID(r.Context(), who.ID)
	if err != nil {
		return err
	}
	return c.beginMaking(w, r, adding, staff, secret.Hash{})
}

func (c *Console) finishAdding(w http.ResponseWriter, r *http.Request, who Agent) error {
	if _, err := c.finishMaking(w, r, adding, who.ID); err != nil {
		return err
	}
	c.cookies.set(w, cookieFlash, "console.done_passkey_added", flashLife)
	web.WriteJSON(w, http.StatusOK, struct{}{})
	return nil
}

func (c *Console) removePasskey(w http.ResponseWriter, r *http.Request, who Agent) error {
	id := r.PathValue("id")
	err := c.d.Audit.Atomically(r.Context(), func(ctx context.Context) error {
		c.d.PasskeyAudit.PasskeyRemoved(ctx, who.ID, id)
		return c.d.Passkeys.DropPasskey(ctx, who.ID, id)
	})
	switch {
	case errors.Is(err, fault.ErrNotFound):
		return fault.New(fault.NotFound, login.ReasonPageUnknown, err)
	case errors.Is(err, fault.ErrMoved):
		return fault.New(fault.Conflict, login.ReasonPageUnknown, err)
	case err != nil:
		return err
	}
	return c.Done(w, Root+"passkeys", "console.done_passkey_removed")
}

// staffView is the staff, and the link for somebody who was just invited.
type staffView struct {
	Staff []staff.Member
	Roles []staff.Role
	Self  string

	Link    string // shown once; empty mostly
	LinkFor string
	Minutes int
	Name    string // as it was typed, when it was wrong
	Wrong   bool
}

func (c *Console) showStaff(w http.ResponseWriter, r *http.Request, who Agent) error {
	link := c.taken(w, r)
	return c.renderStaff(w, r, who, http.StatusOK, staffView{Link: link.Link, LinkFor: link.Name})
}

func (c *Console) renderStaff(w http.ResponseWriter, r *http.Request, who Agent, status int, view staffView) error {
	t, err := c.own.staff()
	if err != nil {
		return err
	}
	if view.Staff, err = c.d.Staff.Staff(r.Context()); err != nil {
		return err
	}
	view.Roles, view.Self, view.Minutes = staff.Roles(), who.ID, int(InvitationLife.Minutes())
	return c.Render(w, r, who, status, web.Page{Template: t, Title: "console.staff", Data: view})
}

func (c *Console) inviteStaff(w http.ResponseWriter, r *http.Request, who Agent) error {
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.Invalid, login.ReasonRequestInvalid, err)
	}
	name := r.PostForm.Get("name")
	staff, link, err := c.inviteOnce(r.Context(), who.Actor(), name, staff.Role(r.PostForm.Get("role")))
	if _, wrong := errors.AsType[fault.FieldErrors](err); wrong {
		return c.renderStaff(w, r, who, http.StatusBadRequest, staffView{Wrong: true, Name: name})
	}
	if err != nil {
		return err
	}
	return c.handOver(w, staff, link)
}

// inviteOnce takes a second press of the button for what it is: somebody who was added a
// moment ago gets another link, and is not added again.
func (c *Console) inviteOnce(ctx context.Context, actor, name string, role staff.Role) (staff.Member, secret.Text, error) {
	all, err := c.d.Staff.Staff(ctx)
	if err != nil {
		return staff.Member{}, secret.Text{}, err
	}
	for _, known := range all {
		if known.Name == shown.Line(name, shown.Whole) && known.Role == role && c.d.Now().Sub(known.CreatedAt) < flashLife && !known.Disabled() {
			return c.InviteAgain(ctx, actor, known.ID)
		}
	}
	return c.Invite(ctx, actor, name, role)
}

// handed is a link on its way to the page that shows it.
type handed struct {
	Name string `json:"name"`
	Link string `json:"link"`
}

const sealedLink = "avain console staff link"

// handOver goes to the page that shows a link, once: it travels sealed, and the page
// takes it out of the browser.
func (c *Console) handOver(w http.ResponseWriter, staff staff.Member, link secret.Text) error {
	plain, err := json.Marshal(handed{staff.Name, link.Reveal()})
	if err != nil {
		return err
	}
	sealed, err := c.d.Sealer.Encrypt(plain, []byte(sealedLink))
	if err != nil {
		return err
	}
	c.cookies.set(w, cookieLink, base64.RawURLEncoding.EncodeToString(sealed), flashLife)
	return web.SeeOther(w, Root+"staff")
}

func (c *Console) taken(w http.ResponseWriter, r *http.Request) (link handed) {
	value, ok := c.cookies.read(r, cookieLink)
	if !ok {
		return handed{}
	}
	c.cookies.set(w, cookieLink, "", 0)
	sealed, err := base64.RawURLEncoding.DecodeString(value)
	if err != nil {
		return handed{}
	}
	plain, err := c.d.Sealer.Decrypt(sealed, []byte(sealedLink))
	if err != nil || json.Unmarshal(plain, &link) != nil {
		return handed{}
	}
	return link
}

// changeStaff does one of several things to somebody. Nobody does them to themselves: the
// last operator would lock everybody out.
func (c *Console) changeStaff(w http.ResponseWriter, r *http.Request, who Agent) error {
	if err := r.ParseForm(); err != nil {
		return fault.New(fault.Invalid, login.ReasonRequestInvalid, err)
	}
	id, done := r.PathValue("id"), ""
	if id == who.ID {
		return fault.New(fault.Conflict, login.ReasonRequestInvalid, nil)
	}
	var err error
	switch r.PostForm.Get("do") {
	case "disable":
		err, done = c.Disable(r.Context(), who.Actor(), id), "console.done_disabled"
	case "enable":
		err, done = c.Enable(r.Context(), who.Actor(), id), "console.done_enabled"
	case "role":
		err, done = c.SetRole(r.Context(), who.Actor(), id, staff.Role(r.PostForm.Get("role"))), "console.done_role"
	case "invite":
		var link secret.Text
		var staff staff.Member
		if staff, link, err = c.InviteAgain(r.Context(), who.Actor(), id); err == nil {
			return c.handOver(w, staff, link)
		}
	default:
		return fault.New(fault.Invalid, login.ReasonRequestInvalid, nil)
	}
	if _, wrong := errors.AsType[fault.FieldErrors](err); wrong {
		return fault.New(fault.Invalid, login.ReasonRequestInvalid, err)
	}
	if errors.Is(err, fault.ErrNotFound) {
		return fault.New(fault.NotFound, login.ReasonPageUnknown, err)
	}
	if err != nil {
		return err
	}
	return c.Done(w, Root+"staff", done)
}
