package store

import (
	"context"
	"database/sql"
	"errors"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/queue"
)

const (
	employmentColumns = `id, employer, person, kind, external_id, user_name, email, given_name, family_name, locale,
		addresses, hetu_lookup, terms, terms_at, activated_at, ended_at, created_at, updated_at`

	addEmploymentSQL = `INSERT INTO employments (` + employmentColumns + `, user_name_key)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, '', 0, 0, $13, $14, $14, $15)
		ON CONFLICT DO NOTHING`

	employmentByIDSQL = `SELECT ` + employmentColumns + ` FROM employments WHERE id = $1`
	// $2 is the employer who asks: of another one's record there is no trace.
	employmentOfSQL = `SELECT ` + employmentColumns + ` FROM employments WHERE id = $1 AND employer = $2`

	// Reads a record and keeps everybody else from changing it until the transaction is over.
	lockRecordSQL = `UPDATE employments SET updated_at = updated_at WHERE id = $1 AND employer = $2 RETURNING ` + employmentColumns

	listEmploymentsSQL = `SELECT ` + employmentColumns + ` FROM employments WHERE employer = $1 AND id > $2 `
	inOrderSQL         = ` ORDER BY id LIMIT $3`

	employmentsOfPersonSQL = `SELECT ` + employmentColumns + ` FROM employments WHERE person IN ` + recordsOf + ` ORDER BY created_at, id`

	// Whoever keeps their user name keeps its key too: two whose names differed in nothing
	// but case before that was refused must not stand in each other's way for ever.
	changeEmploymentSQL = `UPDATE employments SET kind = $3, external_id = $4, user_name = $5, email = $6, given_name = $7, family_name = $8,
			locale = $9, updated_at = $10, email_proved = (email_proved AND email = $6),
			user_name_key = CASE WHEN user_name = $5 THEN user_name_key ELSE $11 END
		WHERE id = $1 AND employer = $2 AND NOT EXISTS (SELECT 1 FROM employments o WHERE o.employer = $2 AND o.id <> $1
			AND ((o.external_id <> '' AND o.external_id = $4) OR (o.user_name <> '' AND o.user_name = $5)
				OR (employments.user_name <> $5 AND o.user_name_key <> '' AND o.user_name_key = $11)))`

	// Ending again changes nothing; the invitations that are open end with it.
	endEmploymentSQL    = `UPDATE employments SET ended_at = CASE WHEN ended_at = 0 THEN $3 ELSE ended_at END, updated_at = $3 WHERE id = $1 AND employer = $2`
	resumeEmploymentSQL = `UPDATE employments SET ended_at = 0, updated_at = $3 WHERE id = $1 AND employer = $2`

	invitedByLookupSQL = `SELECT COUNT(*) FROM employments WHERE hetu_lookup = $1 AND activated_at = 0 AND ended_at = 0`

	benefitsOfEmploymentSQL = `SELECT kind, starts_at, ends_at, released_at, activated_at FROM benefits WHERE employment = $1 ORDER BY kind`

	// A benefit of an employment that is active needs no second activation; one that is
	// active stays so.
	putBenefitSQL = `INSERT INTO benefits (employment, kind, starts_at, ends_at, released_at, activated_at)
		SELECT $1, $2, $3, $4, CAST($5 AS BIGINT), CASE WHEN CAST($5 AS BIGINT) > 0 AND m.activated_at > 0 THEN CAST($6 AS BIGINT) ELSE 0 END FROM employments m WHERE m.id = $1
		ON CONFLICT (employment, kind) DO UPDATE SET starts_at = excluded.starts_at, ends_at = excluded.ends_at,
			released_at = CASE WHEN excluded.released_at = 0 THEN 0 WHEN benefits.released_at > 0 THEN benefits.released_at ELSE excluded.released_at END,
			activated_at = CASE WHEN excluded.released_at = 0 THEN 0 WHEN benefits.activated_at > 0 THEN benefits.activated_at ELSE excluded.activated_at END`

	dropBenefitSQL = `DELETE FROM benefits WHERE employment = $1 AND kind = $2`
)

// EmploymentFilter chooses among an employer's records. Empty fields choose nothing
// out.
type EmploymentFilter struct {
	After      string // the id after which the list goes on
	Email      string // exactly so, in any case of letters
	UserName   string // the same
	ExternalID string
}

// AddEmployment writes an employer's record of a person, ended or not, with its benefits
// and the jobs that follow from it. fault.ErrExists: the external id or the user name is taken.
func (s *Employments) AddEmployment(ctx context.Context, m employment.Employment, jobs ...queue.Job) error {
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		if err := addEmployment(ctx, tx, m); err != nil {
			return err
		}
		return addJobs(ctx, tx, jobs)
	})
	return wrap("add employment", err)
}

func addEmployment(ctx context.Context, tx runner, m employment.Employment) error {
	addresses, err := addressesColumn(m.Addresses)
	if err != nil {
		return err
	}
	err = mustChange(fault.ErrExists)(tx.ExecContext(ctx, addEmploymentSQL,
		text(m.ID), text(m.Employer), orNull(m.Person), string(m.Kind), text(m.ExternalID), text(m.UserName), text(m.Email),
		text(m.GivenName), text(m.FamilyName), text(m.Locale), addresses, bytesOrNull(m.Lookup), millis(m.EndedAt), millis(m.CreatedAt),
		userNameKey(m.UserName)))
	if err != nil {
		return err
	}
	if err := employmentWords.put(ctx, tx, text(m.ID), m.GivenName, m.FamilyName); err != nil {
		return err
	}
	return putBenefits(ctx, tx, m.ID, m.Benefits, m.CreatedAt)
}

// ChangeEmployment replaces what the employer says of a person, and the benefits. What
// the person did stays: activation, terms, and that a benefit is active. Open invitations end
// with the address that they were sent to.
// fault.ErrNotFound also for another employer's record; fault.ErrExists.
func (s *Employments) ChangeEmployment(ctx context.Context, m employment.Employment, at time.Time, jobs ...queue.Job) error {
	return s.changeEmployer(ctx, "change employment", m.Employer, m.ID, func(ctx context.Context, tx runner) error {
		before, err := findEmployment(ctx, tx, lockRecordSQL, m.ID, m.Employer)
		if err != nil {
			return err
		}
		if _, err := writeEmployment(ctx, tx, before, m, at); err != nil {
			return err
		}
		return addJobs(ctx, tx, jobs)
	})
}

// AmendEmployment changes what the employer says of a person now, and nothing else
// ([employment.Employment.With]), whatever others say at the same time.
// fault.ErrNotFound also for another employer's record; fault.ErrExists; fault.FieldErrors.
func (s *Employments) AmendEmployment(ctx context.Context, employer, id string, c employment.Change, at time.Time) error {
	return s.changeEmployer(ctx, "amend employment", employer, id, func(ctx context.Context, tx runner) error {
		before, err := findEmployment(ctx, tx, lockRecordSQL, id, employer)
		if err != nil {
			return err
		}
		_, err = amend(ctx, tx, before, c, at)
		return err
	})
}

// amend writes what is said of a record, and reports whether that ended invitations. A file
// that says every night what we know writes nothing.
func amend(ctx context.Context, tx runner, before employment.Employment, c employment.Change, at time.Time) (ended bool, err error) {
	after, mistakes := before.With(c, at)
	if len(mistakes) > 0 {
		return false, mistakes
	}
	if reflect.DeepEqual(before, after) {
		return false, nil
	}
	if ended, err = writeEmployment(ctx, tx, before, after, at); err != nil || len(c.Lookup) == 0 {
		return ended, err
	}
	_, err = tx.ExecContext(ctx, setLookupSQL, before.ID, c.Lookup)
	return ended, err
}

// writeEmployment makes a record that is locked say something else, and reports whether that
// ended invitations. fault.ErrExists: nothing was written.
func writeEmployment(ctx context.Context, tx runner, before, after employment.Employment, at time.Time) (ended bool, err error) {
	if err := mustChange(fault.ErrExists)(tx.ExecContext(ctx, changeEmploymentSQL, before.ID, before.Employer, string(after.Kind), text(after.ExternalID),
		text(after.UserName), text(after.Email), text(after.GivenName), text(after.FamilyName), text(after.Locale), millis(at), userNameKey(after.UserName))); err != nil {
		return false, err
	}
	if ended, err = endWithAddress(ctx, tx, before, after.Email, at); err != nil {
		return false, err
	}
	if err := rewordEmployment(ctx, tx, before, after.GivenName, after.FamilyName); err != nil {
		return false, err
	}
	for _, old := range before.Benefits {
		if slices.ContainsFunc(after.Benefits, func(b login.Benefit) bool { return b.Kind == old.Kind }) {
			continue
		}
		if _, err := tx.ExecContext(ctx, dropBenefitSQL, before.ID, old.Kind); err != nil {
			return false, err
		}
	}
	var different []login.Benefit
	for _, b := range after.Benefits {
		if !slices.Contains(before.Benefits, b) {
			different = append(different, b)
		}
	}
	return ended, putBenefits(ctx, tx, before.ID, different, at)
}

// endWithAddress ends the open invitations of a record whose address changes, and reports
// whether there were any: whoever reads the mailbox of a mistyped address would otherwise
// activate with a link that the employer believes to have corrected (threat 41).
func endWithAddress(ctx context.Context, tx runner, before employment.Employment, email string, at time.Time) (ended bool, err error) {
	if text(email) == before.Email {
		return false, nil
	}
	done, err := tx.ExecContext(ctx, revokeInvitationsSQL, before.ID, millis(at))
	if err != nil {
		return false, err
	}
	n, err := done.RowsAffected()
	return n > 0, err
}

// rewordEmployment writes the words of a record when its names have changed.
func rewordEmployment(ctx context.Context, tx runner, before employment.Employment, given, family string) error {
	if before.GivenName == given && before.FamilyName == family {
		return nil
	}
	return employmentWords.change(ctx, tx, before.ID, given, family)
}

// userNameKey is a user name as it is compared.
func userNameKey(name string) string { return text(strings.ToLower(name)) }

func addressesColumn(all []employment.Address) (string, error) {
	if len(all) == 0 {
		return "[]", nil
	}
	return asJSON(all)
}

func putBenefits(ctx context.Context, tx runner, employment string, benefits []login.Benefit, at time.Time) error {
	for _, b := range benefits {
		_, err := tx.ExecContext(ctx, putBenefitSQL, employment, text(b.Kind), millis(b.StartsAt), millis(b.EndsAt), millis(b.ReleasedAt), millis(at))
		if err != nil {
			return err
		}
	}
	return nil
}

// EndEmployment ends an employer's record: its benefits are over and its invitations
// are dead; the person stays. fault.ErrNotFound.
func (s *Employments) EndEmployment(ctx context.Context, employer, id string, at time.Time) error {
	return s.changeEmployer(ctx, "end employment", employer, id, func(ctx context.Context, tx runner) error {
		err := mustChange(fault.ErrNotFound)(tx.ExecContext(ctx, endEmploymentSQL, id, employer, millis(at)))
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, revokeInvitationsSQL, id, millis(at))
		return err
	})
}

// ResumeEmployment takes the end back: the same person works for the employer again.
// fault.ErrNotFound.
func (s *Employments) ResumeEmployment(ctx context.Context, employer, id string, at time.Time) error {
	return s.changeEmployer(ctx, "resume employment", employer, id, func(ctx context.Context, tx runner) error {
		return mustChange(fault.ErrNotFound)(tx.ExecContext(ctx, resumeEmploymentSQL, id, employer, millis(at)))
	})
}

func (s *Employments) changeEmployer(ctx context.Context, what, employer, id string, act func(context.Context, runner) error) error {
	if !storable(id) || !storable(employer) {
		return fault.ErrNotFound
	}
	return wrap(what, s.db.write(ctx, act))
}

// EmploymentByID finds a record for our own pages, whoever's it is. fault.ErrNotFound.
func (s *Employments) EmploymentByID(ctx context.Context, id string) (employment.Employment, error) {
	if !storable(id) {
		return employment.Employment{}, fault.ErrNotFound
	}
	m, err := findEmployment(ctx, s.db.reader(), employmentByIDSQL, id)
	return m, wrap("find employment", err)
}

// EmploymentOf finds a record of that employer. fault.ErrNotFound also for another
// employer's (threat 25).
func (s *Employments) EmploymentOf(ctx context.Context, employer, id string) (employment.Employment, error) {
	if !storable(id) || !storable(employer) {
		return employment.Employment{}, fault.ErrNotFound
	}
	m, err := findEmployment(ctx, s.db.reader(), employmentOfSQL, id, employer)
	return m, wrap("find employment", err)
}

func findEmployment(ctx context.Context, on runner, query string, args ...any) (employment.Employment, error) {
	m, err := scanEmployment(on.QueryRowContext(ctx, query, args...))
	if err != nil {
		return employment.Employment{}, one(err, fault.ErrNotFound)
	}
	m.Benefits, err = benefitsOf(ctx, on, m.ID)
	return m, err
}

// Employments lists an employer's records by id, with their benefits.
func (s *Employments) Employments(ctx context.Context, employer string, f EmploymentFilter, limit int) ([]employment.Employment, error) {
	query, args := f.query(listEmploymentsSQL, emailIsSQL, text(employer), text(f.After), limit)
	return s.employments(ctx, query+inOrderSQL, args...)
}

// query adds what the filter chooses out to a query that has the arguments.
func (f EmploymentFilter) query(query string, emailIs func(lower string) string, args ...any) (string, []any) {
	next := func(value string) string {
		args = append(args, text(value))
		return "$" + strconv.Itoa(len(args))
	}
	// An index that leaves empty ones out is only used by a query that does so too. The
	// three make eight texts: the cache of statements stays small.
	if f.ExternalID != "" {
		query += "AND external_id <> '' AND external_id = " + next(f.ExternalID) + " "
	}
	if f.UserName != "" {
		query += userNameIsSQL(next(strings.ToLower(f.UserName)), next(f.UserName))
	}
	if f.Email != "" {
		query += emailIs(next(strings.ToLower(f.Email)))
	}
	return query, args
}

func emailIsSQL(lower string) string {
	return "AND LOWER(email) <> '' AND LOWER(email) = " + lower + " "
}

// userNameIsSQL finds a user name by its lower case; and as it is, because migration 33
// left some without a key of their lower case.
func userNameIsSQL(lower, asItIs string) string {
	return "AND ((user_name_key <> '' AND user_name_key = " + lower + ") OR (user_name <> '' AND user_name = " + asItIs + ")) "
}

// EmploymentsOfPerson lists everybody who gives the person something, or did.
func (s *Employments) EmploymentsOfPerson(ctx context.Context, person string) ([]employment.Employment, error) {
	return s.employments(ctx, employmentsOfPersonSQL, text(person))
}

// InvitedByLookup reports whether an employer has added somebody with the identity
// code who has not activated.
func (s *Employments) InvitedByLookup(ctx context.Context, lookups [][]byte) (bool, error) {
	for _, lookup := range lookups {
		if len(lookup) == 0 {
			continue
		}
		var n int
		if err := s.db.reader().QueryRowContext(ctx, invitedByLookupSQL, lookup).Scan(&n); err != nil || n > 0 {
			return n > 0, wrap("find invited", err)
		}
	}
	return false, nil
}

func (s *Employments) employments(ctx context.Context, query string, args ...any) (_ []employment.Employment, err error) {
	all, err := scanEmployments(ctx, s.db.reader(), query, args...)
	for i := range all {
		if err == nil {
			all[i].Benefits, err = benefitsOf(ctx, s.db.reader(), all[i].ID)
		}
	}
	return all, wrap("list employments", err)
}

func scanEmployments(ctx context.Context, on runner, query string, args ...any) (all []employment.Employment, err error) {
	rows, err := on.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		m, err := scanEmployment(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, rows.Err()
}

func benefitsOf(ctx context.Context, on runner, employment string) (all []login.Benefit, err error) {
	rows, err := on.QueryContext(ctx, benefitsOfEmploymentSQL, employment)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var b login.Benefit
		if err := rows.Scan(&b.Kind, timeColumn{&b.StartsAt}, timeColumn{&b.EndsAt}, timeColumn{&b.ReleasedAt}, timeColumn{&b.ActivatedAt}); err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, rows.Err()
}

func scanEmployment(row scanner) (employment.Employment, error) {
	var m employment.Employment
	var person sql.NullString
	err := row.Scan(&m.ID, &m.Employer, &person, &m.Kind, &m.ExternalID, &m.UserName, &m.Email, &m.GivenName, &m.FamilyName, &m.Locale,
		jsonColumn{&m.Addresses}, &m.Lookup, &m.Terms, timeColumn{&m.TermsAt}, timeColumn{&m.ActivatedAt}, timeColumn{&m.EndedAt}, timeColumn{&m.CreatedAt}, timeColumn{&m.UpdatedAt})
	m.Person = person.String
	if len(m.Addresses) == 0 {
		m.Addresses = nil
	}
	return m, err
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return text(s)
}
