package login

import (
	"time"

	"avain/internal/secret"
)

// QRState is how far a QR page has come. What becomes of the login that a scan
// begins is told by its attempt.
type QRState string

// The states of a QR page.
const (
	QRShown    QRState = "shown"    // a phone may scan it
	QRClaimed  QRState = "claimed"  // a phone has: the code is of no use to any other
	QRReplaced QRState = "replaced" // the browser shows another one instead
)

// QRPage is one showing of QR codes in a browser whose person is signed in: at most
// two minutes, for one phone. The login that it gives away inherits how and when the
// person proved who they are.
type QRPage struct {
	ID      string
	Session string // of the browser that shows it
	State   QRState

	Person   string
	Broker   string
	Means    string
	ACR      string
	AMR      []string
	AuthTime time.Time

	Key        string      // the name of the key that it began with, which is outside the database
	Network    secret.Hash // keyed hash of the network that the browser is in
	CreatedAt  time.Time
	ShownUntil time.Time // a scan after this is too late
	TypedUntil time.Time // end of the typed code's life; zero when none was asked for

	Attempt   string // the login that claimed it
	Elsewhere bool   // the phone that claimed it is in another network than the browser
}

// QRClaim asks to give a QR page to the phone that scanned it. It succeeds once: the
// page is taken and the attempt written in one transaction.
type QRClaim struct {
	Page      string
	Typed     secret.Hash // when a code was typed instead of scanned: it must be the page's, and alive
	At        time.Time
	Elsewhere bool
	Attempt   Attempt
	Secrets   AttemptSecrets
	Once      []ReplayKey
}
