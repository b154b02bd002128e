package store

import (
	"context"
	"errors"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
)

const (
	// A record is answered as the human whose it is; the subject stays the record's.
	personSQL = `SELECT p.id, r.subject, p.given_name, p.family_name, p.name, p.email, p.locale, p.smartum_plus, p.locked_at, p.paused_until, p.created_at
		FROM persons r JOIN persons p ON p.id = r.same_as WHERE `

	personByIDSQL      = personSQL + `r.id = $1`
	personBySubjectSQL = personSQL + `r.subject = $1`
	personByLookupSQL  = personSQL + `r.hetu_lookup = $1`

	activeBenefitsSQL = `SELECT DISTINCT b.kind, e.name
		FROM persons r JOIN employments m ON m.person = r.id JOIN benefits b ON b.employment = m.id JOIN employers e ON e.id = m.employer
		WHERE r.same_as = $1 AND m.ended_at = 0 AND b.activated_at > 0 AND b.starts_at <= $2 AND (b.ends_at = 0 OR b.ends_at > $2)
		ORDER BY b.kind, e.name`

	// recordsOf are all records of the human whose record $1 is.
	recordsOf = `(SELECT id FROM persons WHERE same_as = (SELECT same_as FROM persons WHERE id = $1))`
	// humanOf is the one of them that stands for the human.
	humanOf = `(SELECT same_as FROM persons WHERE id = $1)`

	addPersonSQL = `INSERT INTO persons (id, same_as, subject, given_name, family_name, name, email, locale, smartum_plus, locked_at, created_at,
			updated_at, hetu_lookup, hetu_sealed)
		VALUES ($1, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $12)
		ON CONFLICT DO NOTHING`

	namePersonSQL  = `UPDATE persons SET given_name = $2, family_name = $3, name = $4, updated_at = $5 WHERE id = ` + humanOf + ` RETURNING id`
	lockPersonSQL  = `UPDATE persons SET locked_at = CASE WHEN locked_at = 0 THEN $2 ELSE locked_at END, updated_at = $2 WHERE id = ` + humanOf
	freePersonSQL  = `UPDATE persons SET locked_at = 0, updated_at = $2 WHERE id = ` + humanOf
	pausePersonSQL = `UPDATE persons SET paused_until = $2, updated_at = $3 WHERE id = ` + humanOf
	touchPersonSQL = `UPDATE persons SET updated_at = $2 WHERE id = $1`
)

// PersonByID finds a person. fault.ErrNotFound.
func (s *People) PersonByID(ctx context.Context, id string) (login.Person, error) {
	if !storable(id) {
		return login.Person{}, fault.ErrNotFound
	}
	return s.person(ctx, personByIDSQL, id)
}

// PersonOnly finds a person without the benefits: for the gate and for names, which are
// asked for several times in a login. fault.ErrNotFound.
func (s *People) PersonOnly(ctx context.Context, id string) (login.Person, error) {
	if !storable(id) {
		return login.Person{}, fault.ErrNotFound
	}
	p, err := scanPerson(s.db.reader().QueryRowContext(ctx, personByIDSQL, id))
	return p, wrap("find person", one(err, fault.ErrNotFound))
}

// PersonBySubject finds a person by the sub of their tokens. fault.ErrNotFound.
func (s *People) PersonBySubject(ctx context.Context, subject string) (login.Person, error) {
	if !storable(subject) {
		return login.Person{}, fault.ErrNotFound
	}
	return s.person(ctx, personBySubjectSQL, subject)
}

// PersonByLookup finds the person whose identity code has one of the look-up values:
// the same code under each look-up key that is still in use, the current one first.
// It also answers which value it was, so that the caller can re-key the person, and
// leaves the benefits out: a login asks who this is. fault.ErrNotFound.
func (s *People) PersonByLookup(ctx context.Context, lookups [][]byte) (login.Person, []byte, error) {
	for _, lookup := range lookups {
		if len(lookup) == 0 {
			continue // must not find the persons whose code is not known yet
		}
		p, err := scanPerson(s.db.reader().QueryRowContext(ctx, personByLookupSQL, lookup))
		if err = wrap("find person", one(err, fault.ErrNotFound)); !errors.Is(err, fault.ErrNotFound) {
			return p, lookup, err
		}
	}
	return login.Person{}, nil, fault.ErrNotFound
}

func (s *People) person(ctx context.Context, query string, key any) (login.Person, error) {
	p, err := scanPerson(s.db.reader().QueryRowContext(ctx, query, key))
	if err != nil {
		return login.Person{}, wrap("find person", one(err, fault.ErrNotFound))
	}
	if p.Benefits, err = s.benefits(ctx, p.ID); err != nil {
		return login.Person{}, wrap("find benefits", err)
	}
	return p, nil
}

func (s *People) benefits(ctx context.Context, person string) (_ []login.Benefit, err error) {
	rows, err := s.db.reader().QueryContext(ctx, activeBenefitsSQL, person, millis(s.now()))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var benefits []login.Benefit
	for rows.Next() {
		var b login.Benefit
		if err := rows.Scan(&b.Kind, &b.Employer); err != nil {
			return nil, err
		}
		benefits = append(benefits, b)
	}
	return benefits, rows.Err()
}

// AddPerson writes a person and their benefits. The look-up value is nil while the
// identity code is not known; sealed is nil unless a purpose for keeping the code is
// configured. fault.ErrExists: there is somebody with this code, id or subject.
func (s *People) AddPerson(ctx context.Context, p login.Person, lookup, sealed []byte) error {
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		if err := addPerson(ctx, tx, p, lookup, sealed); err != nil {
			return err
		}
		return giveBenefits(ctx, tx, p, s.now())
	})
	return wrap("add person", err)
}

func addPerson(ctx context.Context, tx runner, p login.Person, lookup, sealed []byte) error {
	err := mustChange(fault.ErrExists)(tx.ExecContext(ctx, addPersonSQL,
		text(p.ID), text(p.Subject), text(p.GivenName), text(p.FamilyName), text(p.Name), text(p.Email), text(p.Locale),
		p.SmartumPlus, millis(p.LockedAt), millis(p.CreatedAt), bytesOrNull(lookup), bytesOrNull(sealed)))
	if err != nil {
		return err
	}
	return personWords.put(ctx, tx, text(p.ID), p.GivenName, p.FamilyName, p.Name)
}

// NamePerson sets the name that a broker has proved. fault.ErrNotFound.
func (s *People) NamePerson(ctx context.Context, id, given, family, name string, at time.Time) error {
	if !storable(id) {
		return fault.ErrNotFound
	}
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		var human string
		if err := tx.QueryRowContext(ctx, namePersonSQL, id, text(given), text(family), text(name), millis(at)).Scan(&human); err != nil {
			return one(err, fault.ErrNotFound)
		}
		return personWords.change(ctx, tx, human, given, family, name)
	})
	return wrap("name person", err)
}

// LockPerson keeps a person out from now on, and ends their sessions in the same
// transaction: whoever has stolen one must not be in again after the lock. Locking again
// changes nothing. fault.ErrNotFound.
func (s *People) LockPerson(ctx context.Context, id string, at time.Time) error {
	if !storable(id) {
		return fault.ErrNotFound
	}
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		err := mustChange(fault.ErrNotFound)(tx.ExecContext(ctx, lockPersonSQL, id, millis(at)))
		if err != nil {
			return err
		}
		_, err = s.revoke(ctx, tx, revokeSessionsOfPersonSQL, id, string(login.ReasonPersonLocked), at)
		return err
	})
	return wrap("lock person", err)
}

// UnlockPerson lets a person in again, who then has to log in. fault.ErrNotFound.
func (s *People) UnlockPerson(ctx context.Context, id string, at time.Time) error {
	return s.changePerson(ctx, "unlock person", freePersonSQL, id, millis(at))
}

// PausePerson pauses login link and QR code for a person until then. fault.ErrNotFound.
func (s *People) PausePerson(ctx context.Context, id string, until, at time.Time) error {
	return s.changePerson(ctx, "pause person", pausePersonSQL, id, millis(until), millis(at))
}

func (s *People) changePerson(ctx context.Context, what, query, id string, args ...any) error {
	if !storable(id) {
		return fault.ErrNotFound
	}
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		return mustChange(fault.ErrNotFound)(tx.ExecContext(ctx, query, append([]any{id}, args...)...))
	})
	return wrap(what, err)
}

func bytesOrNull(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

func scanPerson(row scanner) (login.Person, error) {
	var p login.Person
	err := row.Scan(&p.ID, &p.Subject, &p.GivenName, &p.FamilyName, &p.Name, &p.Email, &p.Locale,
		&p.SmartumPlus, timeColumn{&p.LockedAt}, timeColumn{&p.PausedUntil}, timeColumn{&p.CreatedAt})
	if err != nil {
		return login.Person{}, err
	}
	return p, nil
}
