package people

import (
	"context"
	"errors"
	"fmt"

	"avain/internal/domain/fault"
	"avain/internal/domain/hetu"
	"avain/internal/domain/login"
	"avain/internal/secret"
)

// HashPassword makes what is kept of a password that is to be added. Errors: a
// fault.TooMany that says how long to wait.
func (p *People) HashPassword(ctx context.Context, typed secret.Text) (string, error) {
	place, err := p.d.Passwords.Enter()
	if err != nil {
		return "", err
	}
	defer place.Leave()
	return place.Hash(ctx, typed)
}

// AddCredential gives a person a user name with a password's hash. Errors:
// fault.ErrExists.
func (p *People) AddCredential(ctx context.Context, person, userName, email, hash string) (login.Credential, error) {
	c := p.newCredential(person, userName, email, hash)
	if err := p.unheard(ctx, c); err != nil {
		return c, err
	}
	return c, p.d.Credentials.AddCredential(ctx, c)
}

// AddSmartum writes a Smartum user with their benefits, user name and password's hash.
// The code is zero while nobody knows it. Whoever has a code that is known keeps record
// and benefits, and gets the user name to them; it answers whether the person is new.
// Errors: fault.ErrExists when user name or e-mail address log somebody in already.
func (p *People) AddSmartum(ctx context.Context, code hetu.Code, person login.Person, userName, hash string) (isNew bool, err error) {
	person.ID, person.Subject, person.CreatedAt = login.NewID(), newSubject(), p.d.Now()
	if code.Zero() {
		return true, p.addSmartum(ctx, person, nil, nil, userName, hash)
	}
	lookups, err := p.lookups(ctx, code)
	if err != nil {
		return false, err
	}
	known, _, err := p.d.People.PersonByLookup(ctx, lookups)
	if err == nil {
		_, err = p.AddCredential(ctx, known.ID, userName, person.Email, hash)
		return false, err
	}
	if !errors.Is(err, fault.ErrNotFound) {
		return false, fmt.Errorf("find person: %w", err)
	}
	sealed, err := p.d.Keys.seal(code, person.ID)
	if err != nil {
		return false, err
	}
	return true, p.addSmartum(ctx, person, lookups[0], sealed, userName, hash)
}

func (p *People) addSmartum(ctx context.Context, person login.Person, lookup, sealed []byte, userName, hash string) error {
	c := p.newCredential(person.ID, userName, person.Email, hash)
	if err := p.unheard(ctx, c); err != nil {
		return err
	}
	return p.d.Credentials.AddPersonWithCredential(ctx, person, lookup, sealed, c)
}

func (p *People) newCredential(person, userName, email, hash string) login.Credential {
	now := p.d.Now()
	return login.Credential{
		ID: login.NewID(), Person: person, UserName: UserName(userName), Email: UserName(email), Hash: hash, CreatedAt: now, ChangedAt: now,
	}
}

// unheard refuses a user name that is somebody's e-mail address, and the other way
// round: one of the two people could not log in any more.
func (p *People) unheard(ctx context.Context, c login.Credential) error {
	for _, name := range []string{c.UserName, c.Email} {
		_, err := p.d.Credentials.CredentialByName(ctx, name)
		if err == nil {
			return fault.ErrExists
		}
		if !errors.Is(err, fault.ErrNotFound) {
			return fmt.Errorf("find credential: %w", err)
		}
	}
	return nil
}
