package people

import (
	"context"

	"avain/internal/domain/hetu"
	"avain/internal/domain/login"
)

// ByCode finds the person with an identity code, for the operator who has it from the
// person. It changes nothing. fault.ErrNotFound.
func (p *People) ByCode(ctx context.Context, code hetu.Code) (login.Person, error) {
	lookups, err := p.d.Keys.lookups(code)
	if err != nil {
		return login.Person{}, err
	}
	person, _, err := p.d.People.PersonByLookup(ctx, lookups)
	return person, err
}
