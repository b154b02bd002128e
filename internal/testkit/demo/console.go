package demo

import (
	"net/http"
	"slices"

	"avain/internal/domain/fault"
	"avain/internal/domain/staff"
	"avain/internal/platform/audit"
	"avain/internal/platform/web"
)

// staffNames are whom the demo invites into the support console.
var staffNames = map[staff.Role]string{staff.RoleAgent: "Sanna", staff.RoleLead: "Lauri", staff.RoleOperator: "Outi"}

// inviteStaff makes an invitation to the support console and goes there. On a real
// installation only an operator can do that.
func (d *Demo) inviteStaff(w http.ResponseWriter, r *http.Request) error {
	role := staff.Role(r.PostFormValue("role"))
	if !slices.Contains(staff.Roles(), role) {
		return fault.BadParam("role", "choose a role")
	}
	_, link, err := d.Inside.Console.Invite(r.Context(), audit.System, staffNames[role], role)
	if err != nil {
		return err
	}
	return web.SeeOther(w, link.Reveal())
}
