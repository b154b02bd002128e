package login

import "time"

// Standing is how far an attempt is: what those who wait for it want to know, and
// nothing that would be worth stealing.
type Standing struct {
	Attempt   string
	State     State
	Reason    Reason
	UpdatedAt time.Time
	ExpiresAt time.Time
}
