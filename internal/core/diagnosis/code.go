package diagnosis

import (
	"time"

	"avain/internal/domain/reasons"
)

// OfCode reads the support code of a request that was refused before there was a login:
// too old an app, a wrong clock, too many tries, a page opened from an old bookmark.
// The code itself says what it was, and when, to within five minutes; the log has the
// rest under it. It returns false for every other code.
func OfCode(code string, now time.Time) (Diagnosis, bool) {
	entry, at, ok := reasons.OfCode(code, now)
	return Diagnosis{Entry: entry, At: at}, ok
}
