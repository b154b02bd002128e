package store

import (
	"context"
	"errors"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/operations"
)

const (
	keyColumns = `slot, kid, alg, sealed, public_jwk, created_at, active_from, retire_at, remove_at`

	signingKeysSQL = `SELECT ` + keyColumns + ` FROM signing_keys ORDER BY slot`

	addSigningKeySQL = `INSERT INTO signing_keys (` + keyColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`

	// What is kept of a key is kept by whoever deletes its row: one that was revoked in the
	// same moment leaves nothing.
	retireSigningKeySQL = `DELETE FROM signing_keys WHERE kid = $1`
	addHintKeySQL       = `INSERT INTO hint_keys (kid, alg, sealed, forget_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING`
	forgetHintKeysSQL   = `DELETE FROM hint_keys WHERE forget_at <= $1`
	hintKeySQL          = `SELECT kid, alg, sealed, forget_at FROM hint_keys WHERE kid = $1`
	revokeHintKeySQL    = `DELETE FROM hint_keys WHERE kid = $1`
)

// SigningKeys lists every key, by slot.
func (s *Keys) SigningKeys(ctx context.Context) (_ []operations.SigningKey, err error) {
	rows, err := s.db.reader().QueryContext(ctx, signingKeysSQL)
	if err != nil {
		return nil, wrap("list signing keys", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var keys []operations.SigningKey
	for rows.Next() {
		var k operations.SigningKey
		var public string
		err := rows.Scan(&k.Slot, &k.KID, &k.Alg, &k.Sealed, &public, timeColumn{&k.CreatedAt},
			timeColumn{&k.ActiveFrom}, timeColumn{&k.RetireAt}, timeColumn{&k.RemoveAt})
		if err != nil {
			return nil, wrap("list signing keys", err)
		}
		k.PublicJWK = []byte(public)
		keys = append(keys, k)
	}
	return keys, wrap("list signing keys", rows.Err())
}

// AddSigningKey adds a key. fault.ErrExists: its slot or KID is taken, as when
// another node has rotated at the same moment.
func (s *Keys) AddSigningKey(ctx context.Context, k operations.SigningKey) error {
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		return mustChange(fault.ErrExists)(tx.ExecContext(ctx, addSigningKeySQL, k.Slot, text(k.KID), text(k.Alg), k.Sealed,
			text(string(k.PublicJWK)), millis(k.CreatedAt), millis(k.ActiveFrom), millis(k.RetireAt), millis(k.RemoveAt)))
	})
	return wrap("add signing key", err)
}

// RetireSigningKeys removes the keys of these KIDs and keeps what may verify hints, and
// forgets what was kept for so long that it is of no use now. A key that is gone already
// leaves nothing: another node has retired it, or somebody has revoked it.
func (s *Keys) RetireSigningKeys(ctx context.Context, keys []operations.HintKey, now time.Time) error {
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		for _, k := range keys {
			switch err := mustChange(fault.ErrNotFound)(tx.ExecContext(ctx, retireSigningKeySQL, text(k.KID))); {
			case errors.Is(err, fault.ErrNotFound):
				continue
			case err != nil:
				return err
			}
			if _, err := tx.ExecContext(ctx, addHintKeySQL, text(k.KID), text(k.Alg), k.Sealed, millis(k.ForgetAt)); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, forgetHintKeysSQL, millis(now))
		return err
	})
	return wrap("retire signing keys", err)
}

// HintKey is what is kept of a retired key. fault.ErrNotFound.
func (s *Keys) HintKey(ctx context.Context, kid string) (operations.HintKey, error) {
	var k operations.HintKey
	err := s.db.reader().QueryRowContext(ctx, hintKeySQL, text(kid)).Scan(&k.KID, &k.Alg, &k.Sealed, timeColumn{&k.ForgetAt})
	return k, wrap("read hint key", one(err, fault.ErrNotFound))
}

// RevokeSigningKey removes a key that has leaked, whether it signs, waits or has retired,
// and keeps nothing of it. fault.ErrNotFound.
func (s *Keys) RevokeSigningKey(ctx context.Context, kid string) error {
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		found := mustChange(fault.ErrNotFound)(tx.ExecContext(ctx, retireSigningKeySQL, text(kid)))
		if found != nil && !errors.Is(found, fault.ErrNotFound) {
			return found
		}
		kept := mustChange(fault.ErrNotFound)(tx.ExecContext(ctx, revokeHintKeySQL, text(kid)))
		if errors.Is(kept, fault.ErrNotFound) {
			return found
		}
		return kept
	})
	return wrap("revoke signing key", err)
}
