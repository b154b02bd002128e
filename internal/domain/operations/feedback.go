package operations

import (
	"time"

	"avain/internal/domain/login"
)

// Feedback is somebody's answer to "Did this answer your question?". It names nobody:
// not who answered, nor which login they came from.
type Feedback struct {
	At      time.Time
	Lang    string
	Page    string       // "login" or "guide"
	Reason  login.Reason // of the failure that led to the page; empty: none
	Helped  bool
	Comment string // cleaned of what must not be kept; empty: none
}

// FeedbackCount is how many said what on one day.
type FeedbackCount struct {
	Day    time.Time // its beginning, UTC
	Page   string
	Lang   string
	Reason login.Reason
	Yes    int64
	No     int64
}

// FeedbackComment is what somebody wrote.
type FeedbackComment struct {
	ID string
	Feedback
}
