package employment

import (
	"slices"
	"time"

	"avain/internal/domain/login"
	"avain/internal/secret"
)

// UserKind is which kind of user somebody is to an employer (product.md).
type UserKind string

// The kinds.
const (
	UserSmartumPlus UserKind = "smartumplus" // logs in with bank authentication or Mobile Certificate only
	UserSmartum     UserKind = "smartum"     // may have Smartum credentials
)

// UserKinds lists every kind.
func UserKinds() []UserKind { return []UserKind{UserSmartumPlus, UserSmartum} }

// Employer gives benefits to people.
type Employer struct {
	ID        string
	Name      string
	Locale    string // fi, sv, en: of mails to people whose own language is not known
	AnyName   bool   // activations are not held when the verified name is another than the employer's
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Employment is an employer's record of a person. It exists before anybody has proved
// to be that person, and belongs to one employer: another never sees it (threat 25).
type Employment struct {
	ID         string
	Employer   string
	Person     string // empty until somebody is known
	Kind       UserKind
	ExternalID string // the employer's own id; unique for the employer, or empty
	UserName   string // the name in the employer's directory; unique for the employer in any case of letters, or empty
	Email      string
	GivenName  string // what the employer calls them; a strong authentication knows better
	FamilyName string
	Locale     string // fi, sv, en; empty: the employer's

	// Addresses are those that the employer's directory has. Email is the one of them that
	// letters go to, and right where they disagree: other ways change only that one. Empty:
	// there is Email, for work, and no other.
	Addresses []Address

	// Lookup is the keyed hash of the identity code that the employer gave, if any:
	// then nobody else can activate.
	Lookup []byte

	Terms       string // version of the terms that were accepted
	TermsAt     time.Time
	ActivatedAt time.Time
	EndedAt     time.Time
	CreatedAt   time.Time
	UpdatedAt   time.Time

	Benefits []login.Benefit
}

// Address is an e-mail address as a directory has it.
type Address struct {
	Value   string `json:"value"`
	Type    string `json:"type,omitempty"` // work, home, other, or a word of the directory's own
	Primary bool   `json:"primary,omitempty"`
}

// SaysSame reports whether a directory would find the same in both: names, addresses, and
// whether it has ended.
func (e Employment) SaysSame(o Employment) bool {
	return e.ExternalID == o.ExternalID && e.UserName == o.UserName && e.Email == o.Email && e.GivenName == o.GivenName &&
		e.FamilyName == o.FamilyName && e.Locale == o.Locale && e.EndedAt.IsZero() == o.EndedAt.IsZero() && slices.Equal(e.Addresses, o.Addresses)
}

// Active reports whether a person has activated it and it has not ended.
func (e Employment) Active() bool { return !e.ActivatedAt.IsZero() && e.EndedAt.IsZero() }

// Released reports whether the employer has finished at least one benefit.
func (e Employment) Released() bool {
	for _, b := range e.Benefits {
		if !b.ReleasedAt.IsZero() {
			return true
		}
	}
	return false
}

// MailState is how far the mail of an invitation has come.
type MailState string

// The states of a mail.
const (
	MailQueued  MailState = "queued"
	MailSent    MailState = "sent"    // a mail server has taken it
	MailRefused MailState = "refused" // a mail server has refused it for good
	MailFailed  MailState = "failed"  // given up after many tries
	MailBounced MailState = "bounced" // came back later
)

// Invitation is a ticket to activate an employment. Whoever brings it proves who they
// are; the ticket alone opens nothing (threat 9).
type Invitation struct {
	ID         string
	Employment string
	Token      secret.Hash
	CreatedAt  time.Time
	ExpiresAt  time.Time
	RemindAt   time.Time // zero: no reminder, or sent
	UsedAt     time.Time
	RevokedAt  time.Time
	HeldAt     time.Time // when somebody with another name last tried; see HeldActivation

	Mail       MailState
	MailAt     time.Time // when it came to that state
	MailDetail string    // what the mail server said, without addresses
}

// PressedTwice is how long a second press of the same button, by whomever and on whichever
// node, is taken for a double click: it orders no second letter.
const PressedTwice = time.Minute

// Open reports whether the invitation can be used at the time.
func (i Invitation) Open(now time.Time) bool {
	return i.UsedAt.IsZero() && i.RevokedAt.IsZero() && now.Before(i.ExpiresAt)
}

// HeldActivation is a try of a verified human whose name is another than the one that the
// employer gave. It binds nothing. It has no name: whose it is, they say themselves, with
// the support code that they were shown.
type HeldActivation struct {
	ID          string
	Invitation  string
	SupportCode string // of the login in which they came
	HeldAt      time.Time
	ReleasedAt  time.Time // zero: still held
}

// Activation is what binds an employment to the human who has just proved who they
// are.
type Activation struct {
	Invitation string   // id
	Lookups    [][]byte // of the verified identity code, the current key's first
	Sealed     func(person string) ([]byte, error)
	Person     login.Person // to be written when nobody has the code yet
	Terms      string       // version
	TermsAt    time.Time
	At         time.Time
}

// Activated is what an activation led to.
type Activated struct {
	Person     login.Person
	Employment Employment
	Again      bool // the same human had activated it before: nothing changed
}
