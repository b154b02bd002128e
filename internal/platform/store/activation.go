package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/queue"
)

const (
	useInvitationSQL = `UPDATE invitations SET used_at = $2, remind_at = 0
		WHERE id = $1 AND used_at = 0 AND revoked_at = 0 AND expires_at > $2
		RETURNING employment, mailed_to`

	// The rows that activating and joining look at before they write: whoever comes at
	// the same time waits here.
	lockEmploymentSQL = `UPDATE employments SET updated_at = $2 WHERE id = $1 RETURNING ` + employmentColumns
	lockHumanSQL      = `UPDATE persons SET updated_at = $2 WHERE id = ` + humanOf + ` RETURNING id, same_as, hetu_lookup`
	humanSQL          = `SELECT h.id, h.same_as, h.hetu_lookup FROM persons r JOIN persons h ON h.id = r.same_as WHERE r.id = $1`
	humanByLookupSQL  = `SELECT h.id, h.same_as, h.hetu_lookup FROM persons r JOIN persons h ON h.id = r.same_as WHERE r.hetu_lookup = $1`

	proveSQL = `UPDATE persons SET hetu_lookup = $2, hetu_sealed = $3, updated_at = $4 WHERE id = $1 AND hetu_lookup IS NULL`

	activateSQL = `UPDATE employments SET person = $2, terms = $3, terms_at = $4,
			activated_at = CASE WHEN activated_at = 0 THEN $5 ELSE activated_at END, updated_at = $5, email_proved = (email <> '' AND email = $6)
		WHERE id = $1`
	activateBenefitsSQL = `UPDATE benefits SET activated_at = $2 WHERE employment = $1 AND released_at > 0 AND activated_at = 0`
	upgradeSQL          = `UPDATE persons SET smartum_plus = TRUE, updated_at = $2 WHERE id = $1 AND smartum_plus = FALSE`

	// A lock and a pause hold for the human, whichever of the records they were put on.
	inheritSQL = `UPDATE persons SET
			smartum_plus = (SELECT f.smartum_plus OR persons.smartum_plus FROM persons f WHERE f.id = $2),
			locked_at = (SELECT CASE WHEN persons.locked_at > 0 THEN persons.locked_at ELSE f.locked_at END FROM persons f WHERE f.id = $2),
			paused_until = (SELECT CASE WHEN persons.paused_until > f.paused_until THEN persons.paused_until ELSE f.paused_until END FROM persons f WHERE f.id = $2),
			email = (SELECT CASE WHEN persons.email <> '' THEN persons.email ELSE f.email END FROM persons f WHERE f.id = $2),
			updated_at = $3
		WHERE id = $1`
	joinSQL = `UPDATE persons SET same_as = $1, updated_at = $3 WHERE same_as = $2`
)

// record is what joining needs to know of a person.
type record struct {
	id, sameAs string
	lookup     []byte
}

func scanRecord(row scanner) (record, error) {
	var r record
	err := row.Scan(&r.id, &r.sameAs, &r.lookup)
	return r, err
}

// Activate binds the invitation's employment to the human with the verified identity
// code, in one transaction with the jobs that follow: the person is found, or the
// record that the employment had is proved, or a new one is written; a record without
// a code joins the one that has it; the benefits that are released become active.
//
// fault.ErrNotFound: no such invitation. fault.ErrMoved: it cannot be used any more
// (look at it to see why). fault.ErrExists: it belongs to another human (threat 9).
func (s *People) Activate(ctx context.Context, a employment.Activation, jobs func(employment.Employment, login.Person) []queue.Job) (done employment.Activated, err error) {
	if !storable(a.Invitation) || len(a.Lookups) == 0 {
		return employment.Activated{}, fault.ErrNotFound
	}
	err = s.db.write(ctx, func(ctx context.Context, tx runner) (err error) {
		if done, err = activate(ctx, tx, a, jobs); err != nil {
			return err
		}
		return s.endOutgrown(ctx, tx, done.Person.ID, a.At)
	})
	if err != nil {
		return employment.Activated{}, wrap("activate", err)
	}
	done.Person.Benefits, err = s.benefits(ctx, done.Person.ID)
	return done, wrap("activate", err)
}

func activate(ctx context.Context, tx runner, a employment.Activation, jobs func(employment.Employment, login.Person) []queue.Job) (employment.Activated, error) {
	var id, mailedTo string
	err := tx.QueryRowContext(ctx, useInvitationSQL, a.Invitation, millis(a.At)).Scan(&id, &mailedTo)
	if errors.Is(err, sql.ErrNoRows) {
		return activateAgain(ctx, tx, a)
	}
	if err != nil {
		return employment.Activated{}, err
	}
	m, err := scanEmployment(tx.QueryRowContext(ctx, lockEmploymentSQL, id, millis(a.At)))
	if err != nil {
		return employment.Activated{}, one(err, fault.ErrNotFound)
	}
	if !m.EndedAt.IsZero() || !m.ActivatedAt.IsZero() {
		return employment.Activated{}, fault.ErrMoved
	}
	if len(m.Lookup) > 0 && !among(a.Lookups, m.Lookup) {
		return employment.Activated{}, fault.ErrExists // the employer meant somebody else
	}
	human, err := bind(ctx, tx, m.Person, a)
	if err != nil {
		return employment.Activated{}, err
	}
	return finish(ctx, tx, m, human, mailedTo, a, jobs)
}

// activateAgain answers whoever comes back with an invitation that they have used
// themselves: a reloaded page is no failure.
func activateAgain(ctx context.Context, tx runner, a employment.Activation) (employment.Activated, error) {
	i, err := scanInvitation(tx.QueryRowContext(ctx, invitationByIDSQL, a.Invitation))
	if err != nil {
		return employment.Activated{}, one(err, fault.ErrNotFound)
	}
	if i.UsedAt.IsZero() {
		return employment.Activated{}, fault.ErrMoved
	}
	m, err := findEmployment(ctx, tx, employmentByIDSQL, i.Employment)
	if err != nil {
		return employment.Activated{}, err
	}
	owner, err := scanRecord(tx.QueryRowContext(ctx, humanSQL, m.Person))
	if err != nil {
		return employment.Activated{}, one(err, fault.ErrMoved)
	}
	if !among(a.Lookups, owner.lookup) {
		return employment.Activated{}, fault.ErrExists
	}
	p, err := scanPerson(tx.QueryRowContext(ctx, personByIDSQL, owner.id))
	return employment.Activated{Person: p, Employment: m, Again: true}, err
}

// bind finds the human's record, and joins to it the one that the employment had.
func bind(ctx context.Context, tx runner, held string, a employment.Activation) (human string, err error) {
	var before record
	if held != "" {
		if before, err = lockHuman(ctx, tx, held, a.At); err != nil {
			return "", err
		}
	}
	// Behind the lock: the same human may just have proved that record in another tab.
	known, err := findByLookup(ctx, tx, a.Lookups)
	if err != nil {
		return "", err
	}
	switch {
	case known.id != "" && (before.id == "" || before.id == known.id):
		return known.id, nil
	case len(before.lookup) > 0:
		return "", fault.ErrExists // the record is another verified human's
	case known.id != "":
		return known.id, join(ctx, tx, before.id, known.id, a.At)
	case before.id != "":
		return before.id, prove(ctx, tx, before.id, a)
	default:
		return addHuman(ctx, tx, a)
	}
}

// lockHuman finds the record that stands for a human, and lets nobody else prove or join
// it until this transaction is over: two humans who came at the same time with invitations
// of one record would both be its owner otherwise.
func lockHuman(ctx context.Context, tx runner, id string, at time.Time) (record, error) {
	r, err := scanRecord(tx.QueryRowContext(ctx, lockHumanSQL, id, millis(at)))
	switch {
	case err != nil:
		return record{}, one(err, fault.ErrNotFound)
	case r.sameAs != r.id:
		return record{}, errOvertaken // it has been joined to another while we waited
	default:
		return r, nil
	}
}

func findByLookup(ctx context.Context, tx runner, lookups [][]byte) (record, error) {
	for _, lookup := range lookups {
		if len(lookup) == 0 {
			continue
		}
		r, err := scanRecord(tx.QueryRowContext(ctx, humanByLookupSQL, lookup))
		if !errors.Is(err, sql.ErrNoRows) {
			return r, err
		}
	}
	return record{}, nil
}

func prove(ctx context.Context, tx runner, id string, a employment.Activation) error {
	sealed, err := a.Sealed(id)
	if err != nil {
		return err
	}
	return mustChange(fault.ErrExists)(tx.ExecContext(ctx, proveSQL, id, a.Lookups[0], bytesOrNull(sealed), millis(a.At)))
}

func addHuman(ctx context.Context, tx runner, a employment.Activation) (string, error) {
	sealed, err := a.Sealed(a.Person.ID)
	if err != nil {
		return "", err
	}
	err = addPerson(ctx, tx, a.Person, a.Lookups[0], sealed)
	if !errors.Is(err, fault.ErrExists) {
		return a.Person.ID, err
	}
	// Somebody has just written this human: another invitation, in another tab.
	known, err := findByLookup(ctx, tx, a.Lookups)
	if err == nil && known.id == "" {
		err = fault.ErrExists
	}
	return known.id, err
}

// finish writes the activation. The address is proved when it is the one that the link
// was mailed to.
func finish(
	ctx context.Context, tx runner, m employment.Employment, human, mailedTo string, a employment.Activation, jobs func(employment.Employment, login.Person) []queue.Job,
) (employment.Activated, error) {
	if m.Person == "" {
		m.Person = human
	}
	m.Terms, m.TermsAt, m.ActivatedAt, m.UpdatedAt = a.Terms, a.TermsAt, a.At, a.At
	_, err1 := tx.ExecContext(ctx, activateSQL, m.ID, m.Person, text(m.Terms), millis(m.TermsAt), millis(a.At), mailedTo)
	_, err2 := tx.ExecContext(ctx, activateBenefitsSQL, m.ID, millis(a.At))
	_, err3 := tx.ExecContext(ctx, dropHeldSQL, m.ID)
	if err := errors.Join(err1, err2, err3); err != nil {
		return employment.Activated{}, err
	}
	if m.Kind == employment.UserSmartumPlus {
		if _, err := tx.ExecContext(ctx, upgradeSQL, human, millis(a.At)); err != nil {
			return employment.Activated{}, err
		}
	}
	p, err := scanPerson(tx.QueryRowContext(ctx, personByIDSQL, human))
	if err != nil {
		return employment.Activated{}, err
	}
	if m.Benefits, err = benefitsOf(ctx, tx, m.ID); err != nil {
		return employment.Activated{}, err
	}
	return employment.Activated{Person: p, Employment: m}, addJobs(ctx, tx, jobs(m, p))
}

// JoinPersons makes two records one human: from is the same as into from now on, with
// everything that hangs on it. from must not have a verified code of its own, unless
// they are one already. fault.ErrNotFound, fault.ErrExists: two verified humans.
func (s *People) JoinPersons(ctx context.Context, from, into string, at time.Time, jobs ...queue.Job) error {
	if !storable(from) || !storable(into) {
		return fault.ErrNotFound
	}
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		a, b, err := lockBoth(ctx, tx, from, into, at)
		if err != nil {
			return err
		}
		if a.id == b.id {
			return nil
		}
		if len(a.lookup) > 0 {
			return fault.ErrExists
		}
		if err := errors.Join(join(ctx, tx, a.id, b.id, at), addJobs(ctx, tx, jobs)); err != nil {
			return err
		}
		return s.endOutgrown(ctx, tx, b.id, at)
	})
	return wrap("join persons", err)
}

// lockBoth locks two humans in one order, whoever of them is to join the other: two
// callers who want the opposite would wait for each other.
func lockBoth(ctx context.Context, tx runner, from, into string, at time.Time) (a, b record, err error) {
	first, second := &a, &b
	if into < from {
		from, into, first, second = into, from, &b, &a
	}
	if *first, err = lockHuman(ctx, tx, from, at); err == nil {
		*second, err = lockHuman(ctx, tx, into, at)
	}
	return a, b, err
}

func join(ctx context.Context, tx runner, from, into string, at time.Time) error {
	if _, err := tx.ExecContext(ctx, inheritSQL, into, from, millis(at)); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, joinSQL, into, from, millis(at))
	return err
}

func among(lookups [][]byte, one []byte) bool {
	for _, l := range lookups {
		if len(l) > 0 && bytes.Equal(l, one) {
			return true
		}
	}
	return false
}
