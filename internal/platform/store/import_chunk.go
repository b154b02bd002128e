package store

import (
	"cmp"
	"context"
	"errors"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/queue"
)

// importedChunk is what became of a chunk.
type importedChunk struct {
	created, updated, invited, failed int64
	mistakes                          []employment.ImportMistake
}

// TakeChunk writes the people of a chunk and ends its job, all at once: whenever the
// process dies, each row is taken once. A row that cannot be taken stops no other; it
// is listed. fault.ErrMoved: the job is somebody else's by now, and nothing was done.
func (s *Employments) TakeChunk(ctx context.Context, j queue.Job, id string, n int, all []employment.HireRequest, at time.Time) error {
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		var c importedChunk
		if err := mustChange(fault.ErrMoved)(tx.ExecContext(ctx, dropChunkSQL, text(id), n)); err != nil {
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
		err := mustChange(fault.ErrMoved)(tx.ExecContext(ctx, progressSQL, text(id), int64(len(all)), c.created, c.updated, c.invited, c.failed, millis(at)))
		if err != nil {
			return err
		}
		return finishJob(ctx, tx, j)
	})
	return wrap("take chunk", err)
}

// take writes one row: a new record, or a change of the one with the same external id.
func (c *importedChunk) take(ctx context.Context, tx runner, h employment.HireRequest, at time.Time) error {
	m := h.Employment
	before, err := findEmployment(ctx, tx, lockByExternalIDSQL, text(m.Employer), text(m.ExternalID))
	switch {
	case errors.Is(err, fault.ErrNotFound):
		return c.add(ctx, tx, h, at)
	case err != nil:
		return err
	case !before.EndedAt.IsZero():
		c.fail(h.Line, fault.FieldError{Field: "external_id", Detail: "this person has left; resume them first"})
		return nil
	}
	return c.change(ctx, tx, h, before, at)
}

func (c *importedChunk) add(ctx context.Context, tx runner, h employment.HireRequest, at time.Time) error {
	if _, mistakes := (employment.Employment{}).With(h.Change, at); len(mistakes) > 0 {
		c.fail(h.Line, mistakes...)
		return nil
	}
	h.Employment.Kind = cmp.Or(h.Employment.Kind, employment.UserSmartumPlus)
	err := addEmployment(ctx, tx, h.Employment)
	if errors.Is(err, fault.ErrExists) {
		c.fail(h.Line, fault.FieldError{Field: "user_name", Detail: "another person of this employer has it"})
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

// change takes over what the row says. Open invitations end with the address that they were
// sent to; where the import invites, a new one follows.
func (c *importedChunk) change(ctx context.Context, tx runner, h employment.HireRequest, before employment.Employment, at time.Time) error {
	ended, err := amend(ctx, tx, before, h.Change, at)
	if mistakes, ok := errors.AsType[fault.FieldErrors](err); ok {
		c.fail(h.Line, mistakes...)
		return nil
	}
	if errors.Is(err, fault.ErrExists) {
		c.fail(h.Line, fault.FieldError{Field: "user_name", Detail: "another person of this employer has it"})
		return nil
	}
	if err != nil {
		return err
	}
	c.updated++
	if !ended || h.Invitation == nil {
		return nil
	}
	again := *h.Invitation
	again.Employment = before.ID
	c.invited++
	return invite(ctx, tx, again, h.Jobs)
}

// fail lists what was wrong with a row.
func (c *importedChunk) fail(line int64, mistakes ...fault.FieldError) {
	c.failed++
	for _, m := range mistakes {
		c.mistakes = append(c.mistakes, employment.ImportMistake{Line: line, Field: m.Field, Detail: m.Detail})
	}
}
