package attempt

import (
	"time"

	"avain/internal/domain/login"
)

// What is counted for a person, in the database: a node more, or a restart, gives
// nobody another chance. Three tries per login are few, but a victim can be led to
// confirm many logins (threats 1, 22, 33); nobody who logs in comes near these numbers.
// An empty budget pauses this path. It ends no login and closes no other way in.
const (
	digitsAtOnce = 12 // six digits brought by apps: four logins that all end wrong
	digitsEach   = 5 * time.Minute

	confirmsAtOnce = 12 // "Vahvista kirjautuminen" pressed
	confirmsEach   = time.Minute
)

// budget is that of one person for one kind of act.
func (s *Attempts) budget(act, person string, burst int, each time.Duration) login.RateLimit {
	return login.RateLimit{Key: s.d.DigitsKeys.First().Derive("budget", act, person).Hash(), Burst: burst, Interval: each}
}
