package demo

import (
	"net/http"
	"slices"

	"avain/internal/domain/login"
	"avain/internal/platform/audit"
	"avain/internal/platform/web"
)

// staffNames are whom the demo invites into the support console.
var staffNames = map[login.Role]string{login.RoleAgent: "Sanna", login.RoleLead: "Lauri", login.RoleOperator: "Outi"}

// inviteStaff makes an invitation to the support console and goes there. On a real
// installation only an operator can do that.
func (d *Demo) inviteStaff(w http.ResponseWriter, r *http.Request) error {
	role := login.Role(r.PostFormValue("role"))
	if !slices.Contains(login.Roles(), role) {
		return login.BadParam("role", "choose a role")
	}
	_, link, err := d.Inside.Console.Invite(r.Context(), audit.System, staffNames[role], role)
	if err != nil {
		return err
	}
	return web.SeeOther(w, link.Reveal())
}
