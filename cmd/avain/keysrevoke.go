package main

import (
	"context"

	"avain/internal/app"
	"avain/internal/platform/audit"
)

type keysRevokeCommand struct {
	configFlag
	KID string `arg:"" name:"kid" help:"The key's kid, as in /jwks or in the header of a token."`
}

// Help is shown by avain keys revoke --help.
func (keysRevokeCommand) Help() string {
	return `For a key that signs our tokens and has leaked. Nothing of it is kept: within a minute it is out of /jwks on every node, what it signed is void, and an ID token of it is no hint at /logout any more. Apps get new tokens by themselves; nobody is logged out. The next key takes over, or is made. Clients that have cached /jwks trust the key for up to an hour longer: tell them.

  avain keys revoke lC9HhNTVw1XWzTNwHmVzqFhcFQhpWwlFOTaqVzqFhcF`
}

// Run ends the key.
func (c keysRevokeCommand) Run(ctx context.Context, t terminal) error {
	return withService(ctx, t, c.configFlag, func(s *app.Service) error {
		if err := s.Audit.Atomically(ctx, func(ctx context.Context) error {
			s.Audit.KeyRevoked(ctx, audit.System, c.KID)
			return s.Store.Keys.RevokeSigningKey(ctx, c.KID)
		}); err != nil {
			return unknown("key", err)
		}
		return t.done(c.KID, "revoked")
	})
}
