package people

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/passhash"
	"avain/internal/secret"

	"golang.org/x/text/unicode/norm"
)

// ResetLife is how long the link for a new password is good.
const ResetLife = 30 * time.Minute

// The jobs that passwords order. The payload of the letters is a [ResetJob].
const (
	JobPasswordForgotten = "password.forgotten" // somebody says so of a name: see [People.Forgotten]
	JobPasswordReset     = "mail.password"
	JobPasswordChanged   = "mail.password_changed"
)

// ResetJob names the credential that a letter is about, and which reset it is. The
// letter's program makes the secret again with [People.ResetTicket].
type ResetJob struct {
	Credential string `json:"credential"`
	Reset      string `json:"reset,omitempty"`
	Key        string `json:"key,omitempty"` // the name of the key that the secret was made with
}

// MaxUserName bounds a user name, in bytes (RFC 5321 §4.5.3.1.3).
const MaxUserName = 254

// UserName is a user name or e-mail address as it is compared: without spaces around
// it, in small letters. A phone's keyboard adds both.
func UserName(typed string) string {
	return strings.ToLower(norm.NFC.String(strings.TrimSpace(typed)))
}

// CheckPassword finds the person with the user name or e-mail address and the password.
//
// Errors: ReasonPasswordWrong whichever of the two is wrong, after the same work;
// ReasonStrongRequired, with the person, for a SmartumPlus person whose password was
// right; a fault.TooMany that says how long to wait, before anything was compared.
func (p *People) CheckPassword(ctx context.Context, t Try) (login.Person, error) {
	place, err := p.d.Passwords.Enter()
	if err != nil {
		return login.Person{}, err
	}
	defer place.Leave()
	t.Name = UserName(t.Name)
	pretended := p.pretended(ctx, t.Name) // asked for every name
	c, err := p.d.Credentials.CredentialByName(ctx, t.Name)
	known := err == nil
	if err != nil && !errors.Is(err, fault.ErrNotFound) {
		return login.Person{}, fmt.Errorf("find credential: %w", err)
	}
	paid, err := p.payFor(ctx, t, c)
	if err != nil {
		return login.Person{}, err
	}
	if !known {
		return login.Person{}, errors.Join(p.wrong(t, c, paid), place.Pretend(ctx, pretended, t.Password))
	}
	right, stale, err := place.Verify(ctx, c.Hash, t.Password)
	if err != nil {
		return login.Person{}, err
	}
	if !right {
		return login.Person{}, p.wrong(t, c, paid)
	}
	if stale {
		if err := p.rehash(ctx, place, c, t.Password); err != nil {
			return login.Person{}, err
		}
	}
	return p.letIn(ctx, c.Person, t.Place, paid.spent)
}

// letIn finds the person whose password was right and remembers where they are.
func (p *People) letIn(ctx context.Context, id string, at Place, spent []login.RateLimit) (login.Person, error) {
	person, err := p.d.People.PersonByID(ctx, id)
	if err != nil {
		return login.Person{}, fmt.Errorf("person of credential: %w", err)
	}
	if err := p.recognise(ctx, person.ID, at, spent); err != nil {
		return login.Person{}, err
	}
	if person.SmartumPlus {
		return person, fault.New(fault.Forbidden, login.ReasonStrongRequired, nil)
	}
	return person, nil
}

// pretended is what a name costs that nobody has: always the same for one name, and as
// dear in how many of them as people's passwords are.
func (p *People) pretended(ctx context.Context, name string) passhash.Params {
	uniform := p.d.TicketKeys.First().Derive("cost of an unknown name", name).Hash()
	return p.d.Costs(ctx).Of(binary.BigEndian.Uint64(uniform[:8]))
}

// wrong counts a try that failed, and says so. For a name that nobody has it does as much,
// and nothing is counted.
func (p *People) wrong(t Try, c login.Credential, paid payment) error {
	p.d.Wrong.count(p.d.Now(), c.Person, paid.known, func(day string) secret.Hash {
		if t.Network == "" {
			return secret.Hash{}
		}
		return p.d.TicketKeys.First().Derive("network of wrong tries", c.Person, day, t.Network).Hash()
	})
	return fault.New(fault.Forbidden, login.ReasonPasswordWrong, nil)
}

func (p *People) rehash(ctx context.Context, place *passhash.Place, c login.Credential, typed secret.Text) error {
	stronger, err := place.Hash(ctx, typed)
	if err != nil {
		return err
	}
	return p.d.Credentials.Rehash(ctx, c.ID, c.Hash, stronger)
}

// ResetTicket is the secret of a letter's link, derived from a key outside the database.
func (p *People) ResetTicket(r ResetJob) secret.Text {
	return p.d.TicketKeys.Named(r.Key).Derive("password reset", r.Reset)
}

// ResetOf says whose password a ticket may set. It spends nothing. Errors:
// ReasonResetExpired.
func (p *People) ResetOf(ctx context.Context, ticket secret.Text) (login.Credential, login.Person, error) {
	c, err := p.d.Credentials.ResetOf(ctx, ticket.Hash(), p.d.Now())
	if errors.Is(err, fault.ErrNotFound) {
		return login.Credential{}, login.Person{}, fault.New(fault.Gone, login.ReasonResetExpired, err)
	}
	if err != nil {
		return login.Credential{}, login.Person{}, err
	}
	person, err := p.d.People.PersonByID(ctx, c.Person)
	return c, person, err
}

// SetPassword spends the ticket and sets the password, which the caller has checked
// against the rules; what also does is part of the same transaction. The person is told by
// mail. Errors: ReasonResetExpired; a fault.TooMany that says how long to wait.
func (p *People) SetPassword(
	ctx context.Context, ticket, typed secret.Text, also func(ctx context.Context, c login.Credential) error,
) (login.Credential, error) {
	c, _, err := p.ResetOf(ctx, ticket)
	if err != nil {
		return login.Credential{}, err
	}
	hash, err := p.HashPassword(ctx, typed)
	if err != nil {
		return login.Credential{}, err
	}
	now := p.d.Now()
	job, err := order(JobPasswordChanged, login.NewID(), ResetJob{Credential: c.ID}, now)
	if err != nil {
		return login.Credential{}, err
	}
	err = p.d.Audit.Atomically(ctx, func(ctx context.Context) (err error) {
		if c, err = p.d.Credentials.ResetPassword(ctx, ticket.Hash(), hash, now, job); err != nil {
			return err
		}
		return also(ctx, c)
	})
	if errors.Is(err, fault.ErrNotFound) {
		return login.Credential{}, fault.New(fault.Gone, login.ReasonResetExpired, err)
	}
	return c, err
}

// Addressee is who a letter about a credential goes to.
type Addressee struct {
	Address, Locale, Name string
}

// AddresseeOf finds whom to write to about a credential. The address is empty when
// there is none any more.
func (p *People) AddresseeOf(ctx context.Context, credential string) (Addressee, error) {
	c, err := p.d.Credentials.CredentialByID(ctx, credential)
	if errors.Is(err, fault.ErrNotFound) {
		return Addressee{}, nil
	}
	if err != nil {
		return Addressee{}, err
	}
	person, err := p.d.People.PersonByID(ctx, c.Person)
	return Addressee{Address: addressOf(c, person), Locale: person.Locale, Name: person.GivenName}, err
}

func addressOf(c login.Credential, person login.Person) string {
	if c.Email != "" {
		return c.Email
	}
	return person.Email
}
