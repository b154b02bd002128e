package employment

import (
	"time"

	"avain/internal/domain/queue"
)

// ImportState is how far an import has come.
type ImportState string

// The states.
const (
	ImportReceiving ImportState = "receiving" // the file is coming
	ImportRunning   ImportState = "running"
	ImportDone      ImportState = "done"
	ImportFailed    ImportState = "failed" // the file did not come to its end: nothing was done
)

// Import is a file of people of one employer.
type Import struct {
	ID       string
	Employer string
	State    ImportState
	Invite   bool // invite those who are new

	Rows    int64
	Done    int64 // rows that have been dealt with, well or not
	Created int64
	Updated int64
	Invited int64
	Failed  int64

	CreatedAt  time.Time
	FinishedAt time.Time
}

// ImportMistake is something wrong in a row. Detail never repeats what stood there.
type ImportMistake struct {
	Line   int64
	Field  string
	Detail string
}

// HireRequest is an employer's record that is ready to be written, with the invitation and
// the job of its mail where there is one.
type HireRequest struct {
	Line       int64      // of the file; 0 outside an import
	Change     Change     // of the record that is there already; only in an import
	Employment Employment // the new one, where there is none
	Invitation *Invitation
	Jobs       []queue.Job
}
