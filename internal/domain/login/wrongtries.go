package login

import "avain/internal/secret"

// NetworksTold is how many networks are told apart of those from which a person's password
// was typed wrongly on one day. Somebody with ten thousand networks makes no more rows.
const NetworksTold = 10

// WrongTries counts wrong passwords for one person, from one network on one day.
type WrongTries struct {
	Person  string
	Day     string      // a date, 2026-11-22, where people have their days
	Network secret.Hash // keyed, of person, day and network; zero: not told apart
	Tries   int64
	Known   int64 // of them, from a device or network where the person had got in before
}

// WrongDay is how a day's wrong passwords for a human look to those who help them.
type WrongDay struct {
	Day      string
	Tries    int64
	Known    int64
	Networks int  // that are told apart
	More     bool // there were others
}
