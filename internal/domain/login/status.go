package login

import "time"

// AttemptStatus is how far an attempt is: what those who wait for it want to know, and
// nothing that would be worth stealing.
type AttemptStatus struct {
	Attempt   string
	State     State
	Reason    Reason
	UpdatedAt time.Time
	ExpiresAt time.Time
}
