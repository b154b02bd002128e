package reasons

import (
	"slices"
	"time"

	"avain/internal/domain/login"
)

// Code is the support code of a request that was refused before there was a login: it
// holds the reason and the time itself. Nothing is written for it: a flood of refusals
// costs no row, and it explains even why the database could not be asked.
func Code(reason login.Reason, at time.Time) string {
	return login.RefusalCode(Of(reason).Number, at)
}

// OfCode reads what [Code] has made: the entry, and when, to within five minutes. It
// returns false for the code of a login, and for what is no code of ours.
func OfCode(code string, now time.Time) (Entry, time.Time, bool) {
	number, when, ok := login.ReadRefusalCode(code, now)
	at := slices.IndexFunc(entries, func(e Entry) bool { return e.Number == number })
	if !ok || at < 0 {
		return Entry{}, time.Time{}, false
	}
	return entries[at], when, true
}
