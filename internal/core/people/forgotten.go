package people

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/queue"
	"avain/internal/secret"
)

// resets is how many letters may be ordered for a user name, in the database.
var resets = bucket{"reset", 3, 10 * time.Minute}

// forgotten is the payload of JobPasswordForgotten: the name, sealed, because what people
// type into that field may be their password.
type forgotten struct {
	Name []byte `json:"name"`
}

// ForgotPassword orders that somebody with the name gets a letter that lets them set a
// new password. Whether there is such a person is looked up by the job: for the caller,
// and their clock, all names are the same (threat 45). Errors: a fault.TooMany.
func (p *People) ForgotPassword(ctx context.Context, name string) error {
	name = UserName(name)
	now := p.d.Now()
	sealed, err := p.sealName(name)
	if err != nil {
		return err
	}
	payload, err := json.Marshal(forgotten{sealed})
	if err != nil {
		return fmt.Errorf("forgotten password: %w", err)
	}
	if err := p.d.Limits.Spend(ctx, now, p.budget(resets, name)); err != nil {
		return err
	}
	return p.d.Jobs.AddJobs(ctx, queue.Job{ID: login.NewID(), Kind: JobPasswordForgotten, Payload: payload, At: now, CreatedAt: now})
}

// Forgotten does a JobPasswordForgotten: it makes the link and orders the letter, when
// there is somebody with the name. A SmartumPlus person has no use for a password and
// gets none; nor does anybody for a letter that comes half an hour late. Doing it twice
// makes one letter.
func (p *People) Forgotten(ctx context.Context, j queue.Job) error {
	now := p.d.Now()
	name, err := p.openName(j.Payload)
	if err != nil || now.Sub(j.CreatedAt) >= ResetLife {
		return err
	}
	c, err := p.d.Credentials.CredentialByName(ctx, name)
	if errors.Is(err, fault.ErrNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find credential: %w", err)
	}
	person, err := p.d.People.PersonByID(ctx, c.Person)
	if err != nil || person.SmartumPlus || addressOf(c, person) == "" {
		return err
	}
	reset := ResetJob{Credential: c.ID, Reset: j.ID, Key: p.d.TicketKeys.First().Name()}
	letter, err := order(JobPasswordReset, j.ID, reset, now)
	if err != nil {
		return err
	}
	return p.d.Credentials.AddReset(ctx, p.ResetTicket(reset).Hash(), c.ID, now, now.Add(ResetLife), letter)
}

func nameSealer(key secret.Text) (cipher.AEAD, error) {
	hash := key.Derive("names of forgotten passwords").Hash()
	block, err := aes.NewCipher(hash[:])
	if err != nil {
		return nil, fmt.Errorf("seal a name: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}

func (p *People) sealName(name string) ([]byte, error) {
	aead, err := nameSealer(p.d.TicketKeys.First())
	if err != nil {
		return nil, err
	}
	return aead.Seal(nil, nil, []byte(name), nil), nil //nolint:gosec // this AEAD makes its own nonces
}

func (p *People) openName(payload []byte) (string, error) {
	var f forgotten
	if err := json.Unmarshal(payload, &f); err != nil {
		return "", errors.New("the job's payload is not readable")
	}
	for _, key := range p.d.TicketKeys {
		aead, err := nameSealer(key)
		if err != nil {
			return "", err
		}
		if name, err := aead.Open(nil, nil, f.Name, nil); err == nil {
			return string(name), nil
		}
	}
	return "", errors.New("the job's name was sealed with another key")
}
