package store

import (
	"context"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
)

const (
	// $2 is the employer who asks.
	touchEmploymentSQL = `UPDATE employments SET updated_at = $3 WHERE id = $1 AND employer = $2`
)

// PutBenefit gives the person of an employer's record one benefit, or changes what is said
// of it ([employment.Employment.Benefit]); the others stay. fault.ErrNotFound also for another
// employer's record; fault.FieldErrors.
func (s *Employments) PutBenefit(ctx context.Context, employer, id string, c employment.BenefitChange, at time.Time) error {
	return s.changeEmployer(ctx, "put benefit", employer, id, func(ctx context.Context, tx runner) error {
		if err := mustChange(fault.ErrNotFound)(tx.ExecContext(ctx, touchEmploymentSQL, id, employer, millis(at))); err != nil {
			return err
		}
		before, err := benefitsOf(ctx, tx, id)
		if err != nil {
			return err
		}
		b, mistakes := employment.Employment{Benefits: before}.Benefit(c, at)
		if len(mistakes) > 0 {
			return mistakes
		}
		return putBenefits(ctx, tx, id, []login.Benefit{b}, at)
	})
}

// DropBenefit takes a benefit away. fault.ErrNotFound also for another employer's record;
// a benefit that is not there is no mistake.
func (s *Employments) DropBenefit(ctx context.Context, employer, id, kind string, at time.Time) error {
	return s.changeEmployer(ctx, "drop benefit", employer, id, func(ctx context.Context, tx runner) error {
		if err := mustChange(fault.ErrNotFound)(tx.ExecContext(ctx, touchEmploymentSQL, id, employer, millis(at))); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, dropBenefitSQL, id, text(kind))
		return err
	})
}
