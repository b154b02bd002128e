package people

import "context"

// Waiting names the employers of a person who have given them nothing yet that can be
// used.
func (p *People) Waiting(ctx context.Context, person string) (employers []string, err error) {
	all, err := p.d.Employments.EmploymentsOfPerson(ctx, person)
	if err != nil {
		return nil, err
	}
	for _, m := range all {
		if !m.EndedAt.IsZero() || m.Released() {
			continue
		}
		e, err := p.d.Employments.EmployerByID(ctx, m.Employer)
		if err != nil {
			return nil, err
		}
		employers = append(employers, e.Name)
	}
	return employers, nil
}
