package store

import (
	"context"
	"errors"
	"time"

	"avain/internal/login"
)

const (
	keyColumns = `slot, kid, alg, sealed, public_jwk, created_at, active_from, retire_at, remove_at`

	signingKeysSQL = `SELECT ` + keyColumns + ` FROM signing_keys ORDER BY slot`

	addSigningKeySQL = `INSERT INTO signing_keys (` + keyColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`

	removeSigningKeysSQL = `DELETE FROM signing_keys WHERE remove_at < $1`
)

// SigningKeys lists every key, by slot.
func (s *Store) SigningKeys(ctx context.Context) (_ []login.SigningKey, err error) {
	rows, err := s.db.reader().QueryContext(ctx, signingKeysSQL)
	if err != nil {
		return nil, wrap("list signing keys", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var keys []login.SigningKey
	for rows.Next() {
		var k login.SigningKey
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

// AddSigningKey adds a key. login.ErrExists: its slot or KID is taken, as when
// another node has rotated at the same moment.
func (s *Store) AddSigningKey(ctx context.Context, k login.SigningKey) error {
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		return mustChange(login.ErrExists)(tx.ExecContext(ctx, addSigningKeySQL, k.Slot, text(k.KID), text(k.Alg), k.Sealed,
			text(string(k.PublicJWK)), millis(k.CreatedAt), millis(k.ActiveFrom), millis(k.RetireAt), millis(k.RemoveAt)))
	})
	return wrap("add signing key", err)
}

// RemoveSigningKeys removes the keys whose RemoveAt lies before the time.
func (s *Store) RemoveSigningKeys(ctx context.Context, before time.Time) error {
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		_, err := tx.ExecContext(ctx, removeSigningKeysSQL, millis(before))
		return err
	})
	return wrap("remove signing keys", err)
}
