package store

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"avain/internal/login"
)

// importedChunk is what became of a chunk.
type importedChunk struct {
	created, updated, invited, failed int64
	mistakes                          []login.ImportMistake
}

// TakeChunk writes the people of a chunk and ends its job, all at once: whenever the
// process dies, each row is taken once. A row that cannot be taken stops no other; it
// is listed. login.ErrMoved: the job is somebody else's by now, and nothing was done.
func (s *Store) TakeChunk(ctx context.Context, j login.Job, id string, n int, all []login.Hiring, at time.Time) error {
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		var c importedChunk
		if err := mustChange(login.ErrMoved)(tx.ExecContext(ctx, dropChunkSQL, text(id), n)); err != nil {
			return err
		}
		for _, h := range all {
			if err := c.take(ctx, tx, h, at); err != nil {
				return err
			}
		}
		if err := addMistakes(ctx, tx, id, c.mistakes); err != nil {
			return err
		}
		err := mustChange(login.ErrMoved)(tx.ExecContext(ctx, progressSQL, text(id), int64(len(all)), c.created, c.updated, c.invited, c.failed, millis(at)))
		if err != nil {
			return err
		}
		return finishJob(ctx, tx, j)
	})
	return wrap("take chunk", err)
}

// take writes one row: a new record, or a change of the one with the same external id.
func (c *importedChunk) take(ctx context.Context, tx runner, h login.Hiring, at time.Time) error {
	m := h.Employment
	before, err := employment(ctx, tx, employmentByExternalIDSQL, text(m.Employer), text(m.ExternalID))
	switch {
	case errors.Is(err, login.ErrNotFound):
		return c.add(ctx, tx, h)
	case err != nil:
		return err
	case !before.EndedAt.IsZero():
		c.fail(h.Line, "external_id", "this person has left; resume them first")
		return nil
	}
	return c.change(ctx, tx, h, before, at)
}

func (c *importedChunk) add(ctx context.Context, tx runner, h login.Hiring) error {
	h.Employment.Kind = cmp.Or(h.Employment.Kind, login.UserSmartumPlus)
	err := addEmployment(ctx, tx, h.Employment)
	if errors.Is(err, login.ErrExists) {
		c.fail(h.Line, "user_name", "another person of this employer has it")
		return nil
	}
	if err != nil {
		return err
	}
	c.created++
	if h.Invitation == nil {
		return nil
	}
	c.invited++
	return invite(ctx, tx, *h.Invitation, h.Jobs)
}

// change takes over what the row says; what it leaves empty stays as it is. Open invitations
// end with the address that they were sent to; where the import invites, a new one follows.
func (c *importedChunk) change(ctx context.Context, tx runner, h login.Hiring, before login.Employment, at time.Time) error {
	row, line := h.Employment, h.Line
	err := mustChange(login.ErrExists)(tx.ExecContext(ctx, changeEmploymentSQL, before.ID, before.Employer,
		cmp.Or(string(row.Kind), string(before.Kind)), text(before.ExternalID), text(cmp.Or(row.UserName, before.UserName)),
		text(cmp.Or(row.Email, before.Email)), text(cmp.Or(row.GivenName, before.GivenName)), text(cmp.Or(row.FamilyName, before.FamilyName)),
		text(cmp.Or(row.Locale, before.Locale)), millis(at), userNameKey(cmp.Or(row.UserName, before.UserName))))
	if errors.Is(err, login.ErrExists) {
		c.fail(line, "user_name", "another person of this employer has it")
		return nil
	}
	if err != nil {
		return err
	}
	if err := rewordEmployment(ctx, tx, before, cmp.Or(row.GivenName, before.GivenName), cmp.Or(row.FamilyName, before.FamilyName)); err != nil {
		return err
	}
	c.updated++
	if err := c.readdress(ctx, tx, h, before, at); err != nil {
		return err
	}
	if len(row.Lookup) > 0 {
		if _, err := tx.ExecContext(ctx, setLookupSQL, before.ID, row.Lookup); err != nil {
			return err
		}
	}
	if len(row.Benefits) == 0 {
		return nil
	}
	for _, old := range before.Benefits {
		if slices.ContainsFunc(row.Benefits, func(b login.Benefit) bool { return b.Kind == old.Kind }) {
			continue
		}
		if _, err := tx.ExecContext(ctx, dropBenefitSQL, before.ID, old.Kind); err != nil {
			return err
		}
	}
	return putBenefits(ctx, tx, before.ID, row.Benefits, at)
}

func (c *importedChunk) readdress(ctx context.Context, tx runner, h login.Hiring, before login.Employment, at time.Time) error {
	ended, err := endWithAddress(ctx, tx, before, cmp.Or(h.Employment.Email, before.Email), at)
	if err != nil || !ended || h.Invitation == nil {
		return err
	}
	again := *h.Invitation
	again.Employment = before.ID
	c.invited++
	return invite(ctx, tx, again, h.Jobs)
}

func (c *importedChunk) fail(line int64, field, detail string) {
	c.failed++
	c.mistakes = append(c.mistakes, login.ImportMistake{Line: line, Field: field, Detail: detail})
}
