package people

import (
	"context"

	"avain/internal/domain/employment"
	"avain/internal/domain/hetu"
	"avain/internal/domain/login"
	"avain/internal/domain/queue"
)

// Prepare makes an employer's record ready to be written, by whoever writes many of
// them at once or wants to choose the id. See [People.Hire].
func (p *People) Prepare(m employment.Employment, invite bool) (employment.HireRequest, error) {
	now := p.d.Now()
	if m.ID == "" {
		m.ID = login.NewID()
	}
	m.CreatedAt, m.UpdatedAt = now, now
	h := employment.HireRequest{Employment: m}
	if !invite {
		return h, nil
	}
	i, job, err := p.newInvitation(m, now)
	if err != nil {
		return employment.HireRequest{}, err
	}
	h.Invitation, h.Jobs = &i, []queue.Job{job}
	return h, nil
}

// Lookup is the keyed hash of an identity code, under which an employer's record says
// who it belongs to. It is nil without a code.
func (p *People) Lookup(ctx context.Context, code hetu.Code) ([]byte, error) {
	if code.Zero() {
		return nil, nil
	}
	lookups, err := p.lookups(ctx, code)
	if err != nil {
		return nil, err
	}
	return lookups[0], nil
}
