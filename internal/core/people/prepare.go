package people

import (
	"context"

	"avain/internal/domain/hetu"
	"avain/internal/domain/login"
)

// Prepare makes an employer's record ready to be written, by whoever writes many of
// them at once or wants to choose the id. See [People.Hire].
func (p *People) Prepare(m login.Employment, invite bool) (login.Hiring, error) {
	now := p.d.Now()
	if m.ID == "" {
		m.ID = login.NewID()
	}
	m.CreatedAt, m.UpdatedAt = now, now
	h := login.Hiring{Employment: m}
	if !invite {
		return h, nil
	}
	i, job, err := p.newInvitation(m, now)
	if err != nil {
		return login.Hiring{}, err
	}
	h.Invitation, h.Jobs = &i, []login.Job{job}
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
