package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"avain/internal/app"
	"avain/internal/domain/fault"
	"avain/internal/domain/operations"
	"avain/internal/platform/audit"
	"avain/internal/secret"
)

type apiKeysCreateCommand struct {
	configFlag
	Name     string        `arg:"" help:"Where the key is used, for people."`
	Scopes   []string      `required:"" help:"What it may do: employers:read, employers:write, persons:read, persons:write, invitations:write, sessions:read, sessions:write, import, scim, notices:read, notices:write."`
	Employer []string      `placeholder:"ID" help:"Only for these employers; for all when left out."`
	Life     time.Duration `help:"How long it is good, such as 8760h; for ever when left out."`
}

// Help is shown by avain admin keys create --help.
func (apiKeysCreateCommand) Help() string {
	return `Prints the key, once: it is kept as a hash only.

  avain admin keys create "HR of Esimerkki Oy" --scopes persons:read,persons:write,invitations:write --employer 5fPmrVnSIqyO2nBN0fZ1Lw`
}

// Run makes the key.
func (c apiKeysCreateCommand) Run(ctx context.Context, t terminal) error {
	return withService(ctx, t, c.configFlag, func(s *app.Service) error {
		k := operations.APIKey{Name: c.Name, Employers: c.Employer}
		for _, scope := range c.Scopes {
			k.Scopes = append(k.Scopes, operations.APIScope(scope))
		}
		if c.Life > 0 {
			k.ExpiresAt = time.Now().Add(c.Life)
		}
		var shown secret.Text
		err := s.Audit.Atomically(ctx, func(ctx context.Context) (err error) {
			if k, shown, err = s.APIKeys.New(ctx, k); err == nil {
				s.Audit.APIKeyAdded(ctx, audit.System, k)
			}
			return err
		})
		if mistakes, ok := errors.AsType[fault.FieldErrors](err); ok {
			return usageError{mistakes}
		}
		if err != nil {
			return err
		}
		if err := t.note("Key %s; it is not shown again:", k.ID); err != nil {
			return err
		}
		return t.say(apiKeySecretOut{k.ID, shown.Reveal()}, "%s", shown.Reveal())
	})
}

// apiKeySecretOut is a key with its secret in JSON, once.
type apiKeySecretOut struct {
	ID  string `json:"id"`
	Key string `json:"key"`
}

type apiKeysListCommand struct {
	configFlag
}

// Help is shown by avain admin keys list --help.
func (apiKeysListCommand) Help() string {
	return `Lists the keys of the admin API, without their secrets. Times are UTC; last use is exact to a minute.

  avain admin keys list`
}

// apiKeyOut is a key in JSON.
type apiKeyOut struct {
	ID        string                `json:"id"`
	Name      string                `json:"name"`
	State     string                `json:"state"`
	Scopes    []operations.APIScope `json:"scopes"`
	Employers []string              `json:"employers,omitempty"`
	CreatedAt time.Time             `json:"created_at"`
	ExpiresAt time.Time             `json:"expires_at,omitzero"`
	UsedAt    time.Time             `json:"used_at,omitzero"`
}

// Run lists.
func (c apiKeysListCommand) Run(ctx context.Context, t terminal) error {
	return withService(ctx, t, c.configFlag, func(s *app.Service) error {
		all, err := s.Store.Operations.APIKeys(ctx)
		if err != nil {
			return err
		}
		values, rows := []apiKeyOut{}, [][]string{}
		for _, k := range all {
			state := "good"
			switch {
			case !k.RevokedAt.IsZero():
				state = "revoked"
			case !k.Live(time.Now()):
				state = "expired"
			}
			values = append(values, apiKeyOut{k.ID, k.Name, state, k.Scopes, k.Employers, k.CreatedAt, k.ExpiresAt, k.UsedAt})
			scopes := make([]string, len(k.Scopes))
			for i, scope := range k.Scopes {
				scopes[i] = string(scope)
			}
			of := "all"
			if !k.OfAll() {
				of = strings.Join(k.Employers, " ")
			}
			rows = append(rows, []string{k.ID, state, when(k.UsedAt), when(k.ExpiresAt), of, strings.Join(scopes, ","), k.Name})
		}
		return t.table(values, []string{"ID", "STATE", "LAST USE", "EXPIRES", "EMPLOYERS", "SCOPES…", "NAME…"}, rows)
	})
}

type apiKeysRotateCommand struct {
	configFlag
	ID      string        `arg:"" help:"Id of the key."`
	Overlap time.Duration `default:"24h" help:"How long the secret before stays good."`
}

// Help is shown by avain admin keys rotate --help.
func (apiKeysRotateCommand) Help() string {
	return `Prints a new secret for the key, once. The one before stays good for the overlap, so that nothing stops while you exchange it; 0s when it has leaked.

  avain admin keys rotate 5fPmrVnSIqyO2nBN0fZ1Lw --overlap 1h`
}

// Run exchanges the secret.
func (c apiKeysRotateCommand) Run(ctx context.Context, t terminal) error {
	return withService(ctx, t, c.configFlag, func(s *app.Service) error {
		var shown secret.Text
		if err := s.Audit.Atomically(ctx, func(ctx context.Context) (err error) {
			s.Audit.APIKeyRotated(ctx, audit.System, c.ID)
			shown, err = s.APIKeys.Rotate(ctx, c.ID, c.Overlap)
			return err
		}); err != nil {
			return unknown("key", err)
		}
		return t.say(apiKeySecretOut{c.ID, shown.Reveal()}, "%s", shown.Reveal())
	})
}

type apiKeysRevokeCommand struct {
	configFlag
	ID string `arg:"" help:"Id of the key."`
}

// Help is shown by avain admin keys revoke --help.
func (apiKeysRevokeCommand) Help() string {
	return `The key opens nothing any more, on every node, at once.

  avain admin keys revoke 5fPmrVnSIqyO2nBN0fZ1Lw`
}

// Run ends the key.
func (c apiKeysRevokeCommand) Run(ctx context.Context, t terminal) error {
	return withService(ctx, t, c.configFlag, func(s *app.Service) error {
		if err := s.Audit.Atomically(ctx, func(ctx context.Context) error {
			s.Audit.APIKeyRevoked(ctx, audit.System, c.ID)
			return s.Store.Operations.RevokeAPIKey(ctx, c.ID, time.Now())
		}); err != nil {
			return unknown("key", err)
		}
		return t.done(c.ID, "revoked")
	})
}

// unknown says that there is no such thing. The command was right and has failed: only the
// database knows what there is.
func unknown(what string, err error) error {
	if errors.Is(err, fault.ErrNotFound) {
		return fmt.Errorf("there is no such %s", what)
	}
	return err
}
