package staff

import (
	"slices"
	"time"

	"avain/internal/secret"
)

// Role is what somebody of the staff may do in the console. Each includes the ones
// before it.
type Role string

// The roles.
const (
	RoleAgent    Role = "agent"    // finds people and logins, helps them
	RoleLead     Role = "lead"     // also publishes notices, ends pauses, reads feedback
	RoleOperator Role = "operator" // also decides who the staff is, and reads the audit log
)

// Roles lists them, the least first.
func Roles() []Role { return []Role{RoleAgent, RoleLead, RoleOperator} }

// Covers reports whether the role may do what needs at least the other one. A word that
// is no role covers nothing and is covered by nothing.
func (r Role) Covers(least Role) bool {
	have, need := slices.Index(Roles(), r), slices.Index(Roles(), least)
	return need >= 0 && have >= need
}

// Member is somebody who works in the console. They are no [login.Person]: nothing leads from
// one to the other.
type Member struct {
	ID         string
	Name       string
	Role       Role
	CreatedAt  time.Time
	DisabledAt time.Time // zero: may sign in
}

// Disabled reports whether they are kept out.
func (s Member) Disabled() bool { return !s.DisabledAt.IsZero() }

// MemberPasskey is a passkey and whose it is.
type MemberPasskey struct {
	Passkey Passkey
	Staff   Member
}

// Invitation lets somebody of the staff make a passkey, once.
type Invitation struct {
	Token     secret.Hash
	Staff     string
	By        string // "staff:…" or "system"
	CreatedAt time.Time
	ExpiresAt time.Time
}

// Passkey is a WebAuthn credential of somebody of the staff. The key is public.
type Passkey struct {
	ID         string // ours
	Staff      string
	Credential []byte // id that the authenticator gave it; unique
	Name       string // for people: where it was made
	Record     []byte // JSON of the WebAuthn library: public key, flags, sign counter
	CreatedAt  time.Time
	UsedAt     time.Time // zero: never
}

// Session is a browser in which somebody of the staff is signed in.
type Session struct {
	Token     secret.Hash
	Staff     string
	Passkey   string // id of the one that opened it
	CreatedAt time.Time
	IdleUntil time.Time // coarse: moved at most once a minute
	EndsAt    time.Time
}

// Live reports whether the session is good at the time.
func (s Session) Live(now time.Time) bool {
	return now.Before(s.IdleUntil) && now.Before(s.EndsAt)
}
