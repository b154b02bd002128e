package login

import "time"

// AuditEntry is one line of the append-only security log: who did what to whom.
type AuditEntry struct {
	Seq    int64 // given by the store: 1, 2, 3, … without gaps, in the order in which entries became visible
	At     time.Time
	Actor  string            // "person:…", "staff:…", "client:…" or "system"
	Action string            // machine word, such as "session.revoke"
	Target string            // what it was done to: an id, never a name or identity code
	Detail map[string]string // machine words only: never a secret, name or identity code
}
