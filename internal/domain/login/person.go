package login

import (
	"slices"
	"time"

	"avain/internal/domain/hetu"
	"avain/internal/secret"
)

// Identity is a person as a broker has just proved them. It lives in memory only,
// between the broker's answer and the look-up of the person.
type Identity struct {
	HETU       hetu.Code
	GivenName  string // may be empty: some brokers send only Name
	FamilyName string
	Name       string // display name; never empty
	Broker     string // our id of the broker
	Means      string // our id of the means, as the broker reported it; MeansUnknown for one of none of ours
	ACR        string // level of assurance, as the broker states it
	AMR        []string
	AuthTime   time.Time
}

// Instead is the means that was chosen before the person left, if the broker reports
// another one: what belongs into [Event.Chosen].
func (i Identity) Instead(chosen string) string {
	if i.Means == chosen {
		return ""
	}
	return chosen
}

// Person is one human, keyed by the verified personal identity code. Somebody who has
// only Smartum credentials has none yet. A record that turned out to be the same human
// as another is answered as that other, with its own subject.
type Person struct {
	ID          string
	Subject     string // "sub" of tokens: random, never derived from the identity code
	GivenName   string
	FamilyName  string
	Name        string
	Email       string
	Locale      string // fi, sv, en
	SmartumPlus bool   // logs in with strong authentication only
	LockedAt    time.Time
	PausedUntil time.Time // login link and QR code are paused for the person until then
	CreatedAt   time.Time
	Benefits    []Benefit // active ones
}

// Locked reports whether the operator has locked the person out.
func (p Person) Locked() bool { return !p.LockedAt.IsZero() }

// Email is an address that an employer has written.
type Email struct {
	Address string
	Proved  bool // the person has activated through a link that was mailed to exactly this address, and it has not changed since
}

// Benefit is something that an employer gives a person.
type Benefit struct {
	Kind     string `json:"kind"`     // lunch, sports, culture, wellbeing, commuting, bicycle
	Employer string `json:"employer"` // its name

	// These are known where the employer's record is looked at, not in what a person has.
	StartsAt    time.Time `json:"-"`
	EndsAt      time.Time `json:"-"` // zero: until further notice
	ReleasedAt  time.Time `json:"-"` // zero: the employer has not finished it yet
	ActivatedAt time.Time `json:"-"`
}

// Session is one app, logged in on one device. The refresh token is its key.
type Session struct {
	ID       string
	Person   string
	Client   string
	Key      string // DPoP thumbprint; empty for compatible clients without DPoP
	Method   Method
	Broker   string
	Means    string
	ACR      string
	AMR      []string
	AuthTime time.Time
	Scopes   []string
	Resource string // whom its access tokens are for (RFC 8707); empty: ourselves
	Nonce    string
	Device   Device
	Place    Place // where it was started

	// Refresh is the current refresh token. For compatible clients the one before
	// stays good until PreviousUntil, for a caller who lost our answer.
	Refresh       secret.Hash
	Previous      secret.Hash
	PreviousUntil time.Time
	Generation    int64 // how often the refresh token has been exchanged

	CreatedAt  time.Time
	UsedAt     time.Time // coarse: moved at most once a minute
	Used       bool      // a token of it has been presented: from then on its code is never answered again
	IdleUntil  time.Time
	EndsAt     time.Time
	RevokedAt  time.Time
	RevokedWhy string
}

// AMRPassword says in the amr that somebody typed a password (RFC 8176 §2).
const AMRPassword = "pwd"

// ByPassword reports whether nothing but a password stands behind an identity: no broker
// has said who this is.
func ByPassword(broker string, amr []string) bool {
	return broker == "" && slices.Contains(amr, AMRPassword)
}

// Outgrown reports whether the session was begun with a password, by somebody who logs in
// with strong authentication only by now.
func (s Session) Outgrown(p Person) bool { return p.SmartumPlus && ByPassword(s.Broker, s.AMR) }

// Live reports whether the session is good at the time.
func (s Session) Live(now time.Time) bool {
	return s.RevokedAt.IsZero() && now.Before(s.IdleUntil) && now.Before(s.EndsAt)
}
