package expiry

import (
	"fmt"
	"time"
)

// Owner is whose it is, and so who makes the next one.
type Owner string

// The owners.
const (
	Ours   Owner = "ours"
	Theirs Owner = "theirs" // a broker's or a client's: ask them
)

// Ending is one thing that ends.
type Ending struct {
	Setting string // that names the file, such as brokers[0].broker_keys.entity_statement_file
	File    string
	What    string // "the entity statement of the broker telia"
	Owner   Owner
	Starts  time.Time // zero: unknown
	Ends    time.Time // from this instant on it is worth nothing

	Then string // what happens then: "every login through telia fails"
	Do   string // what to do before
	// Stops says that logins fail for certain when it has ended.
	Stops bool
	// Reread says that the service takes a new file while it runs. The others are read at
	// start: a new file alone helps nobody.
	Reread bool
}

const (
	day = 24 * time.Hour

	soon   = 60 * day // time to write to whoever makes the next one
	near   = 30 * day
	urgent = 7 * day
)

// Stage is how near an end is.
type Stage int

// The stages, in their order.
const (
	Far    Stage = iota
	Early        // near by the calendar, but not for something that programs renew
	Soon         // within 60 days
	Near         // within 30 days
	Urgent       // within 7 days
	Ended
)

// Stage is how near the end is. What is renewed by programs and read again while we run
// may live for less than our 60 days: warning of it all its life would teach everybody to
// look away. Such programs renew when a third of the life is left; before that, all is well.
func (e Ending) Stage(now time.Time) Stage {
	left := e.Ends.Sub(now)
	switch {
	case left <= 0:
		return Ended
	case left > soon:
		return Far
	case e.Reread && left > e.Ends.Sub(e.Starts)/3:
		return Early
	case left <= urgent:
		return Urgent
	case left <= near:
		return Near
	default:
		return Soon
	}
}

// Days is how many whole days are left; negative when it has ended.
func (e Ending) Days(now time.Time) int { return int(e.Ends.Sub(now) / day) }

// Says tells what ends, when, and what to do, in one line that begins with the file.
func (e Ending) Says(now time.Time) string {
	subject := fmt.Sprintf("%s: %s", e.File, e.What)
	date := e.Ends.UTC().Format(time.DateOnly)
	switch e.Stage(now) {
	case Ended:
		return fmt.Sprintf("%s ended %s (%s), so %s: %s", subject, ago(now.Sub(e.Ends)), date, e.Then, e.Do)
	case Urgent:
		return fmt.Sprintf("%s ends in %s (%s), and then %s. Today: %s", subject, span(e.Ends.Sub(now)), date, e.Then, e.Do)
	case Near:
		return fmt.Sprintf("%s ends in %s (%s), and then %s. Do not wait: %s", subject, span(e.Ends.Sub(now)), date, e.Then, e.Do)
	case Far, Early, Soon:
	}
	return fmt.Sprintf("%s ends in %s (%s): %s", subject, span(e.Ends.Sub(now)), date, e.Do)
}

func ago(d time.Duration) string {
	if d < day {
		return "today"
	}
	return span(d) + " ago"
}

// span writes a length of time as people say it, in whole days or hours.
func span(d time.Duration) string {
	count, unit := int(d/day), "day"
	if count == 0 {
		count, unit = int(d/time.Hour), "hour"
	}
	switch count {
	case 0:
		return "less than an hour"
	case 1:
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", count, unit)
}
