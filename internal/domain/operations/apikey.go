package operations

import (
	"slices"
	"time"

	"avain/internal/secret"
)

// APIScope is something that a key of the admin API may do.
type APIScope string

// The scopes.
const (
	ScopeEmployersRead    APIScope = "employers:read"
	ScopeEmployersWrite   APIScope = "employers:write"
	ScopePersonsRead      APIScope = "persons:read"
	ScopePersonsWrite     APIScope = "persons:write"
	ScopeInvitationsWrite APIScope = "invitations:write"
	ScopeSessionsRead     APIScope = "sessions:read"
	ScopeSessionsWrite    APIScope = "sessions:write"
	ScopeImport           APIScope = "import"
	ScopeSCIM             APIScope = "scim"
	ScopeNoticesRead      APIScope = "notices:read"
	ScopeNoticesWrite     APIScope = "notices:write"
)

// APIScopes lists them all.
func APIScopes() []APIScope {
	return []APIScope{
		ScopeEmployersRead, ScopeEmployersWrite, ScopePersonsRead, ScopePersonsWrite, ScopeInvitationsWrite,
		ScopeSessionsRead, ScopeSessionsWrite, ScopeImport, ScopeSCIM,
		ScopeNoticesRead, ScopeNoticesWrite,
	}
}

// APIKey opens the admin API to a program. Its secret is shown once, when it is made;
// afterwards there is only a hash.
type APIKey struct {
	ID        string
	Name      string // for people: where it is used
	Scopes    []APIScope
	Employers []string // ids; empty: all of them
	Hash      secret.Hash

	// Previous is good until PreviousUntil, so that a key can be exchanged without an
	// outage.
	Previous      secret.Hash
	PreviousUntil time.Time

	CreatedAt time.Time
	ExpiresAt time.Time // zero: never
	RevokedAt time.Time
	UsedAt    time.Time // coarse: moved at most once a minute
}

// May reports whether the key has the scope.
func (k APIKey) May(scope APIScope) bool { return slices.Contains(k.Scopes, scope) }

// Sees reports whether the key may touch what belongs to the employer (threat 25).
func (k APIKey) Sees(employer string) bool {
	return k.OfAll() || slices.Contains(k.Employers, employer)
}

// OfAll reports whether the key is the operator's own, for all employers.
func (k APIKey) OfAll() bool { return len(k.Employers) == 0 }

// Live reports whether the key is good at the time.
func (k APIKey) Live(now time.Time) bool {
	return k.RevokedAt.IsZero() && (k.ExpiresAt.IsZero() || now.Before(k.ExpiresAt))
}

// RecordedResponse is what a request was answered that may be sent again.
type RecordedResponse struct {
	Mark    secret.Hash // of key, operation and the caller's own value
	Request secret.Hash // of what was asked
	Status  int         // 0 while the first request is being worked on
	Body    string      // JSON; never holds a secret or an identity code
	Busy    time.Time   // until then the first request is believed to be running
	Expires time.Time
}
