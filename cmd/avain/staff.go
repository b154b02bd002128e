package main

import (
	"context"
	"errors"
	"time"

	"avain/internal/app"
	"avain/internal/console"
	"avain/internal/domain/fault"
	"avain/internal/domain/staff"
	"avain/internal/platform/audit"
	"avain/internal/secret"
)

type staffInviteCommand struct {
	configFlag
	Name  string `help:"The person's name, as colleagues know it." xor:"who" required:""`
	Again string `help:"Id of somebody of the staff who needs another passkey, instead of a name." placeholder:"ID" xor:"who" required:""`
	Role  string `help:"agent: helps people. lead: also publishes notices and ends pauses. operator: also decides who the staff is." enum:"agent,lead,operator" default:"agent"`
}

// Help is shown by avain admin staff invite --help.
func (staffInviteCommand) Help() string {
	return `Prints a link with which the person makes a passkey for the support console. It works once, for 15 minutes; give it to them and to nobody else.

  avain admin staff invite --name "Sanna Salo" --role operator
  avain admin staff invite --again 5fPmrVnSIqyO2nBN0fZ1Lw`
}

// Run prints the link.
func (c staffInviteCommand) Run(ctx context.Context, t terminal) error {
	return withService(ctx, t, c.configFlag, func(s *app.Service) (err error) {
		var who staff.Member
		var link secret.Text
		if c.Again != "" {
			who, link, err = s.Console.InviteAgain(ctx, audit.System, c.Again)
		} else {
			who, link, err = s.Console.Invite(ctx, audit.System, c.Name, staff.Role(c.Role))
		}
		if mistakes, ok := errors.AsType[fault.FieldErrors](err); ok {
			return usageError{mistakes}
		}
		if err != nil {
			return unknown("person of the staff, or they are disabled", err)
		}
		if err := t.note("%s is %s, %s; the link works once, for %.0f minutes:", who.Name, who.ID, who.Role, console.InvitationLife.Minutes()); err != nil {
			return err
		}
		return t.say(staffInvitationOut{who.ID, who.Name, who.Role, link.Reveal(), int(console.InvitationLife.Seconds())}, "%s", link.Reveal())
	})
}

// staffInvitationOut is an invitation in JSON.
type staffInvitationOut struct {
	ID       string     `json:"id"`
	Name     string     `json:"name"`
	Role     staff.Role `json:"role"`
	Link     string     `json:"link"`
	LinkLife int        `json:"link_life"` // seconds
}

type staffListCommand struct {
	configFlag
}

// Help is shown by avain admin staff list --help.
func (staffListCommand) Help() string {
	return `Lists those who work in the support console. Times are UTC.

  avain admin staff list`
}

// staffOut is somebody of the staff in JSON.
type staffOut struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	Role       staff.Role `json:"role"`
	Passkeys   int        `json:"passkeys"`
	CreatedAt  time.Time  `json:"created_at"`
	UsedAt     time.Time  `json:"used_at,omitzero"`
	DisabledAt time.Time  `json:"disabled_at,omitzero"`
}

// Run lists.
func (c staffListCommand) Run(ctx context.Context, t terminal) error {
	return withService(ctx, t, c.configFlag, func(s *app.Service) error {
		all, err := s.Store.Staff.Staff(ctx)
		if err != nil {
			return err
		}
		values, rows := []staffOut{}, [][]string{}
		for _, who := range all {
			keys, err := s.Store.Staff.PasskeysOf(ctx, who.ID)
			if err != nil {
				return err
			}
			out := staffOut{ID: who.ID, Name: who.Name, Role: who.Role, Passkeys: len(keys), CreatedAt: who.CreatedAt, DisabledAt: who.DisabledAt}
			for _, k := range keys {
				if k.UsedAt.After(out.UsedAt) {
					out.UsedAt = k.UsedAt
				}
			}
			state := "good"
			switch {
			case who.Disabled():
				state = "disabled"
			case len(keys) == 0:
				state = "invited"
			}
			values = append(values, out)
			rows = append(rows, []string{who.ID, state, string(who.Role), when(out.UsedAt), who.Name})
		}
		return t.table(values, []string{"ID", "STATE", "ROLE", "LAST SIGN-IN", "NAME…"}, rows)
	})
}

type staffRoleCommand struct {
	configFlag
	ID   string `arg:"" help:"Id of the person."`
	Role string `arg:"" help:"agent, lead or operator." enum:"agent,lead,operator"`
}

// Help is shown by avain admin staff role --help.
func (staffRoleCommand) Help() string {
	return `Holds from the person's next click on.

  avain admin staff role 5fPmrVnSIqyO2nBN0fZ1Lw lead`
}

// Run gives the role.
func (c staffRoleCommand) Run(ctx context.Context, t terminal) error {
	return withService(ctx, t, c.configFlag, func(s *app.Service) error {
		if err := s.Console.SetRole(ctx, audit.System, c.ID, staff.Role(c.Role)); err != nil {
			return unknown("person of the staff", err)
		}
		return t.done(c.ID, c.Role)
	})
}

type staffDisableCommand struct {
	configFlag
	ID string `arg:"" help:"Id of the person."`
}

// Help is shown by avain admin staff disable --help.
func (staffDisableCommand) Help() string {
	return `Keeps the person out of the support console. Where they are signed in, they are out at their next click; unused invitations are dead.

  avain admin staff disable 5fPmrVnSIqyO2nBN0fZ1Lw`
}

// Run keeps them out.
func (c staffDisableCommand) Run(ctx context.Context, t terminal) error {
	return withService(ctx, t, c.configFlag, func(s *app.Service) error {
		if err := s.Console.Disable(ctx, audit.System, c.ID); err != nil {
			return unknown("person of the staff", err)
		}
		return t.done(c.ID, "disabled")
	})
}

type staffEnableCommand struct {
	configFlag
	ID string `arg:"" help:"Id of the person."`
}

// Help is shown by avain admin staff enable --help.
func (staffEnableCommand) Help() string {
	return `Lets the person in again, with the passkeys that they had.

  avain admin staff enable 5fPmrVnSIqyO2nBN0fZ1Lw`
}

// Run lets them in.
func (c staffEnableCommand) Run(ctx context.Context, t terminal) error {
	return withService(ctx, t, c.configFlag, func(s *app.Service) error {
		if err := s.Console.Enable(ctx, audit.System, c.ID); err != nil {
			return unknown("person of the staff", err)
		}
		return t.done(c.ID, "enabled")
	})
}
