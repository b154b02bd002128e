package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
)

// What follows is for those whom the operator adds by their identity code, with the
// employers' names: they need no invitation, and their benefits are active at once.
const (
	addEmployerByNameSQL = `INSERT INTO employers (id, name, locale, created_at, updated_at)
		SELECT $1, $2, $3, $4, $4 WHERE NOT EXISTS (SELECT 1 FROM employers WHERE name = $2)`

	addEmploymentByNameSQL = `INSERT INTO employments (id, employer, person, kind, external_id, user_name, email, given_name, family_name, locale,
			terms, terms_at, activated_at, ended_at, created_at, updated_at)
		SELECT $1, (SELECT id FROM employers WHERE name = $2 ORDER BY created_at, id LIMIT 1), $3, $4, '', '', $5, $6, $7, $8, '', 0, $9, 0, $9, $9
		WHERE NOT EXISTS (SELECT 1 FROM employments m JOIN employers e ON e.id = m.employer WHERE m.person = $3 AND e.name = $2)`

	benefitsOfPersonSQL = `SELECT b.employment, b.kind, e.name FROM benefits b JOIN employments m ON m.id = b.employment
		JOIN employers e ON e.id = m.employer WHERE m.person = $1`

	addBenefitByNameSQL = `INSERT INTO benefits (employment, kind, starts_at, ends_at, released_at, activated_at)
		SELECT m.id, $3, 0, 0, $4, $4 FROM employments m JOIN employers e ON e.id = m.employer WHERE m.person = $1 AND e.name = $2
		ORDER BY m.created_at, m.id LIMIT 1
		ON CONFLICT DO NOTHING`
)

// SetBenefits says which benefits a person has from now on: those that are not listed are
// over, new ones are active at once, and the others stay as their employers have written them.
// Employers are found by name, or made. fault.ErrNotFound.
func (s *Employments) SetBenefits(ctx context.Context, person string, benefits []login.Benefit) error {
	if !storable(person) {
		return fault.ErrNotFound
	}
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		// Locks the person's row, so that two lists cannot get mixed.
		err := mustChange(fault.ErrNotFound)(tx.ExecContext(ctx, touchPersonSQL, person, millis(s.now())))
		if err != nil {
			return err
		}
		if err := dropUnlisted(ctx, tx, person, benefits); err != nil {
			return err
		}
		p, err := scanPerson(tx.QueryRowContext(ctx, personByIDSQL, person))
		if err != nil {
			return one(err, fault.ErrNotFound)
		}
		p.ID, p.Benefits = person, benefits
		return giveBenefits(ctx, tx, p, s.now())
	})
	return wrap("set benefits", err)
}

func dropUnlisted(ctx context.Context, tx runner, person string, listed []login.Benefit) error {
	type key struct{ employment, kind, employer string }
	var over []key
	err := eachRow(ctx, tx, benefitsOfPersonSQL, []any{person}, func(row scanner) error {
		var k key
		err := row.Scan(&k.employment, &k.kind, &k.employer)
		if !slices.ContainsFunc(listed, func(b login.Benefit) bool { return b.Kind == k.kind && text(b.Employer) == k.employer }) {
			over = append(over, k)
		}
		return err
	})
	for _, k := range over {
		if err == nil {
			_, err = tx.ExecContext(ctx, dropBenefitSQL, k.employment, k.kind)
		}
	}
	return err
}

func giveBenefits(ctx context.Context, tx runner, p login.Person, at time.Time) error {
	kind := employment.UserSmartum
	if p.SmartumPlus {
		kind = employment.UserSmartumPlus
	}
	for _, b := range p.Benefits {
		employer, employment := login.NewID(), login.NewID()
		added, err1 := tx.ExecContext(ctx, addEmployerByNameSQL, employer, text(b.Employer), text(p.Locale), millis(at))
		hired, err2 := tx.ExecContext(ctx, addEmploymentByNameSQL, employment, text(b.Employer), p.ID, string(kind), text(p.Email),
			text(p.GivenName), text(p.FamilyName), text(p.Locale), millis(at))
		_, err3 := tx.ExecContext(ctx, addBenefitByNameSQL, p.ID, text(b.Employer), text(b.Kind), millis(at))
		if err := errors.Join(err1, err2, err3); err != nil {
			return err
		}
		if err := employerWords.putIf(ctx, tx, added, employer, b.Employer); err != nil {
			return err
		}
		if err := employmentWords.putIf(ctx, tx, hired, employment, p.GivenName, p.FamilyName); err != nil {
			return err
		}
	}
	return nil
}
