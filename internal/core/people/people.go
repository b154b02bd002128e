package people

import (
	"context"
	"errors"
	"fmt"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/hetu"
	"avain/internal/domain/login"
	"avain/internal/domain/queue"
	"avain/internal/platform/passhash"
	"avain/internal/secret"
)

// PersonStore keeps people. Look-ups return fault.ErrNotFound.
type PersonStore interface {
	// PersonByLookup finds the person under any of the look-up values. fault.ErrNotFound.
	PersonByLookup(ctx context.Context, lookups [][]byte) (login.Person, []byte, error)
	// AddPerson writes a new person. fault.ErrExists when the look-up is taken.
	AddPerson(ctx context.Context, p login.Person, lookup, sealed []byte) error
	NamePerson(ctx context.Context, id, given, family, name string, at time.Time) error
	PersonByID(ctx context.Context, id string) (login.Person, error)
	// Activate returns fault.ErrNotFound, fault.ErrMoved (cannot be used any more) and
	// fault.ErrExists (another human's).
	Activate(ctx context.Context, a employment.Activation, jobs func(employment.Employment, login.Person) []queue.Job) (employment.Activated, error)
	Recognised(ctx context.Context, from login.From, now time.Time) (login.Seen, error)
	Recognise(ctx context.Context, person string, marks []secret.Hash, until time.Time, spent []login.RateLimit) error
	// Atomically makes several calls one transaction.
	Atomically(ctx context.Context, act func(ctx context.Context) error) error
}

// LookupStore follows the key by which people are found.
type LookupStore interface {
	// Rekey moves all that is known of a code to the first of its look-up values.
	Rekey(ctx context.Context, lookups [][]byte) error
}

// CredentialStore keeps user names and passwords. Look-ups return fault.ErrNotFound.
type CredentialStore interface {
	CredentialByName(ctx context.Context, name string) (login.Credential, error)
	CredentialByID(ctx context.Context, id string) (login.Credential, error)
	AddCredential(ctx context.Context, c login.Credential) error
	AddPersonWithCredential(ctx context.Context, p login.Person, lookup, sealed []byte, c login.Credential) error
	Rehash(ctx context.Context, id, from, to string) error
	AddReset(ctx context.Context, h secret.Hash, credential string, at, expires time.Time, jobs ...queue.Job) error
	ResetOf(ctx context.Context, h secret.Hash, now time.Time) (login.Credential, error)
	ResetPassword(ctx context.Context, h secret.Hash, hash string, at time.Time, jobs ...queue.Job) (login.Credential, error)
}

// EmploymentStore keeps what employers say of people. Look-ups return fault.ErrNotFound.
type EmploymentStore interface {
	// AddEmployment and AddInvited return fault.ErrExists when the employer has another
	// record with the same external id or user name.
	AddEmployment(ctx context.Context, m employment.Employment, jobs ...queue.Job) error
	AddInvited(ctx context.Context, m employment.Employment, i employment.Invitation, jobs ...queue.Job) error
	EmploymentByID(ctx context.Context, id string) (employment.Employment, error)
	EmployerByID(ctx context.Context, id string) (employment.Employer, error)
	EmploymentsOfPerson(ctx context.Context, person string) ([]employment.Employment, error)
	InvitedByLookup(ctx context.Context, lookups [][]byte) (bool, error)
	SetBenefits(ctx context.Context, person string, benefits []login.Benefit) error
}

// InvitationStore keeps the tickets to activate. Look-ups return fault.ErrNotFound.
type InvitationStore interface {
	// Invite answers the invitation that stands: another than i when somebody has just
	// invited. fault.ErrMoved: there is nothing to invite to any more.
	Invite(ctx context.Context, i employment.Invitation, jobs ...queue.Job) (employment.Invitation, error)
	InvitationByToken(ctx context.Context, token secret.Hash) (employment.Invitation, error)
	InvitationByID(ctx context.Context, id string) (employment.Invitation, error)
	DueReminders(ctx context.Context, now time.Time, limit int) ([]employment.Invitation, error)
	Remind(ctx context.Context, invitation string, at time.Time, jobs ...queue.Job) (bool, error)
	// HoldActivation reports whether the human has been released; else it is written down.
	HoldActivation(ctx context.Context, h employment.HeldActivation, employment string, lookups [][]byte) (released bool, err error)
}

// LimitStore counts what may be done only so often.
type LimitStore interface {
	// Spend and SpendFirst return a fault.TooMany that says how long to wait.
	Spend(ctx context.Context, at time.Time, budgets ...login.RateLimit) error
	SpendFirst(ctx context.Context, at time.Time, groups ...[]login.RateLimit) (paid int, err error)
}

// JobStore orders work.
type JobStore interface {
	AddJobs(ctx context.Context, jobs ...queue.Job) error
}

// Deps are what people need.
type Deps struct {
	People      PersonStore
	Lookups     LookupStore
	Credentials CredentialStore
	Employments EmploymentStore
	Invitations InvitationStore
	Limits      LimitStore
	Jobs        JobStore
	Keys        Keys
	Now         func() time.Time

	Passwords *passhash.Hasher
	// Costs are those of everybody's passwords, as they were known last. It may be nil.
	Costs func(ctx context.Context) passhash.Costs

	// Wrong counts wrong passwords; nil counts none.
	Wrong *WrongTries

	TicketKeys     secret.Ring   // tickets, budgets and networks are derived from them
	InvitationLife time.Duration // how long a ticket is good
	RemindAfter    time.Duration // when to remind somebody who has not activated; 0: never

	// Audit is told of activations and passwords, in their transactions; it may be nil.
	Audit Auditor

	// Activated answers the jobs that an activation orders: events for the operator's
	// systems. They are written in its transaction.
	Activated func(employment.Employment, login.Person) []queue.Job
}

// Auditor writes the security log.
type Auditor interface {
	Atomically(ctx context.Context, act func(ctx context.Context) error) error
	Activated(ctx context.Context, person, invitation string)
}

// nobody is an auditor who is not told anything.
type nobody struct{ store PersonStore }

func (n nobody) Atomically(ctx context.Context, act func(ctx context.Context) error) error {
	return n.store.Atomically(ctx, act)
}
func (nobody) Activated(context.Context, string, string) {}

// People finds and adds persons.
type People struct{ d Deps }

// New makes the finder of persons.
func New(d Deps) *People {
	if d.Activated == nil {
		d.Activated = func(employment.Employment, login.Person) []queue.Job { return nil }
	}
	if d.Audit == nil {
		d.Audit = nobody{d.People}
	}
	if d.Costs == nil {
		d.Costs = func(context.Context) passhash.Costs { return passhash.Costs{} }
	}
	return &People{d}
}

// Identify finds the person whom a broker has proved. The verified identity code is
// the only key: the same e-mail with another code is another person (linking by
// e-mail was ZITADEL CVE-2026-56666). Errors: ReasonNoBenefits for a verified
// stranger, whom nobody has added; ReasonNotActivated for one whom an employer has
// added by identity code, and who has not used the invitation.
func (p *People) Identify(ctx context.Context, id login.Identity) (login.Person, error) {
	lookups, err := p.lookups(ctx, id.HETU)
	if err != nil {
		return login.Person{}, err
	}
	person, _, err := p.d.People.PersonByLookup(ctx, lookups)
	if errors.Is(err, fault.ErrNotFound) {
		return login.Person{}, p.stranger(ctx, lookups)
	}
	if err != nil {
		return login.Person{}, fmt.Errorf("find person: %w", err)
	}
	return p.rename(ctx, person, id)
}

// stranger says what a verified person, of whom there is no record, is to us.
func (p *People) stranger(ctx context.Context, lookups [][]byte) error {
	invited, err := p.d.Employments.InvitedByLookup(ctx, lookups)
	switch {
	case err != nil:
		return fmt.Errorf("find invited: %w", err)
	case invited:
		return fault.New(fault.Forbidden, login.ReasonNotActivated, nil)
	default:
		return fault.New(fault.Forbidden, login.ReasonNoBenefits, nil)
	}
}

// rename takes over the name of each strong authentication: people marry, and
// employers misspell. A broker that sends no split names does not erase them.
func (p *People) rename(ctx context.Context, person login.Person, id login.Identity) (login.Person, error) {
	given, family, name := person.GivenName, person.FamilyName, person.Name
	if id.GivenName != "" && id.FamilyName != "" {
		given, family, name = id.GivenName, id.FamilyName, id.GivenName+" "+id.FamilyName
	} else if name == "" {
		name = id.Name
	}
	if given == person.GivenName && family == person.FamilyName && name == person.Name {
		return person, nil
	}
	if err := p.d.People.NamePerson(ctx, person.ID, given, family, name, p.d.Now()); err != nil {
		return login.Person{}, fmt.Errorf("name person: %w", err)
	}
	person.GivenName, person.FamilyName, person.Name = given, family, name
	return person, nil
}

// Add writes a new person, or gives an existing one (same identity code) the
// benefits; nil says nothing of them. It answers the person and whether they are new.
func (p *People) Add(ctx context.Context, code hetu.Code, person login.Person) (login.Person, bool, error) {
	lookups, err := p.lookups(ctx, code)
	if err != nil {
		return login.Person{}, false, err
	}
	known, _, err := p.d.People.PersonByLookup(ctx, lookups)
	if err == nil && person.Benefits == nil {
		return known, false, nil
	}
	if err == nil {
		return known, false, p.d.Employments.SetBenefits(ctx, known.ID, person.Benefits)
	}
	if !errors.Is(err, fault.ErrNotFound) {
		return login.Person{}, false, fmt.Errorf("find person: %w", err)
	}
	person.ID = login.NewID()
	person.Subject = newSubject()
	person.CreatedAt = p.d.Now()
	sealed, err := p.d.Keys.seal(code, person.ID)
	if err != nil {
		return login.Person{}, false, err
	}
	if err := p.d.People.AddPerson(ctx, person, lookups[0], sealed); err != nil {
		return login.Person{}, false, fmt.Errorf("add person: %w", err)
	}
	return person, true, p.d.Employments.SetBenefits(ctx, person.ID, person.Benefits)
}
