package operations

import (
	"context"
	"time"

	"avain/internal/domain/queue"
)

// PersonalData are the rows of one table that are about a person, without what is secret or
// somebody else's. Values are texts, numbers, truths, times and JSON.
type PersonalData struct {
	Table string
	Rows  []map[string]any
}

// Erasure says how a person is erased.
type Erasure struct {
	At time.Time
	// KeepDates keeps the bare record of activated employments and benefits: employer,
	// kinds, dates and the version of the accepted terms, and nobody's name.
	KeepDates bool
	// Jobs answers the jobs that follow: events for the operator's systems. They are
	// written in the same transaction. It may be nil, and may run more than once.
	Jobs func(ErasureResult) []queue.Job
	// Told writes the entry of the audit log, likewise.
	Told func(context.Context, ErasureResult)
}

// ErasureResult says what of a person has been erased.
type ErasureResult struct {
	Persons     []string // ids of the records that were one human
	Employments []string // ids, kept as bare records or not
	Sessions    int64    // that were ended with it
	Attempts    int64
	Jobs        int64 // that had not been done
}

// Nothing reports whether there was nothing to erase.
func (e ErasureResult) Nothing() bool {
	return len(e.Persons) == 0 && len(e.Employments) == 0 && e.Attempts == 0 && e.Jobs == 0
}
