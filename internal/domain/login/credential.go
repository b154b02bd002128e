package login

import "time"

// Credential is a Smartum user name with its password.
type Credential struct {
	ID        string
	Person    string
	UserName  string // normalised: trimmed, lower case
	Email     string // the same
	Hash      string // Argon2id with its parameters (PHC string format)
	CreatedAt time.Time
	ChangedAt time.Time
}
