package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/operations"
	"avain/internal/secret"
)

const (
	apiKeyColumns = `id, name, scopes, employers, hash, previous, previous_until, created_at, expires_at, revoked_at, used_at`

	addAPIKeySQL = `INSERT INTO api_keys (` + apiKeyColumns + `) VALUES ($1, $2, $3, $4, $5, NULL, 0, $6, $7, 0, 0) ON CONFLICT DO NOTHING`

	apiKeyByHashSQL = `SELECT ` + apiKeyColumns + ` FROM api_keys WHERE hash = $1
		UNION ALL SELECT ` + apiKeyColumns + ` FROM api_keys WHERE previous = $1 AND previous_until > $2`
	apiKeyByIDSQL = `SELECT ` + apiKeyColumns + ` FROM api_keys WHERE id = $1`
	apiKeysSQL    = `SELECT ` + apiKeyColumns + ` FROM api_keys ORDER BY created_at, id LIMIT 1000`

	// Of two who exchange a key at once, the second keeps the first one's new secret good
	// for a while: neither of them is locked out.
	rotateAPIKeySQL = `UPDATE api_keys SET previous = hash, previous_until = $3, hash = $2 WHERE id = $1 AND revoked_at = 0`
	revokeAPIKeySQL = `UPDATE api_keys SET revoked_at = CASE WHEN revoked_at = 0 THEN $2 ELSE revoked_at END, previous = NULL, previous_until = 0 WHERE id = $1`
	useAPIKeySQL    = `UPDATE api_keys SET used_at = $2 WHERE id = $1 AND used_at <= $3`

	// apiKeyStep is how far UsedAt may lag behind.
	apiKeyStep = time.Minute
)

// AddAPIKey writes a new key. fault.ErrExists.
func (s *Operations) AddAPIKey(ctx context.Context, k operations.APIKey) error {
	scopes := make([]string, len(k.Scopes))
	for i, scope := range k.Scopes {
		scopes[i] = string(scope)
	}
	employers, err := asJSON(k.Employers)
	if err != nil {
		return wrap("add API key", err)
	}
	err = s.db.write(ctx, func(ctx context.Context, tx runner) error {
		return mustChange(fault.ErrExists)(tx.ExecContext(ctx, addAPIKeySQL, text(k.ID), text(k.Name), text(strings.Join(scopes, " ")),
			text(employers), hash(k.Hash), millis(k.CreatedAt), millis(k.ExpiresAt)))
	})
	return wrap("add API key", err)
}

// APIKeyByHash finds a key by its secret, or by the one before while that is good;
// expired and revoked keys too. fault.ErrNotFound.
func (s *Operations) APIKeyByHash(ctx context.Context, h secret.Hash, now time.Time) (operations.APIKey, error) {
	if h.Zero() {
		return operations.APIKey{}, fault.ErrNotFound
	}
	k, err := scanAPIKey(s.db.reader().QueryRowContext(ctx, apiKeyByHashSQL, h[:], millis(now)))
	return k, wrap("find API key", one(err, fault.ErrNotFound))
}

// APIKeyByID finds a key. fault.ErrNotFound.
func (s *Operations) APIKeyByID(ctx context.Context, id string) (operations.APIKey, error) {
	if !storable(id) {
		return operations.APIKey{}, fault.ErrNotFound
	}
	k, err := scanAPIKey(s.db.reader().QueryRowContext(ctx, apiKeyByIDSQL, id))
	return k, wrap("find API key", one(err, fault.ErrNotFound))
}

// APIKeys lists the keys, the oldest first, at most 1000.
func (s *Operations) APIKeys(ctx context.Context) (all []operations.APIKey, err error) {
	rows, err := s.db.reader().QueryContext(ctx, apiKeysSQL)
	if err != nil {
		return nil, wrap("list API keys", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		k, err := scanAPIKey(rows)
		if err != nil {
			return nil, wrap("list API keys", err)
		}
		all = append(all, k)
	}
	return all, wrap("list API keys", rows.Err())
}

// RotateAPIKey gives a key another secret; the one before is good until the time given.
// fault.ErrNotFound also for a revoked key.
func (s *Operations) RotateAPIKey(ctx context.Context, id string, next secret.Hash, previousUntil time.Time) error {
	return s.changeAPIKey(ctx, "rotate API key", rotateAPIKeySQL, id, hash(next), millis(previousUntil))
}

// RevokeAPIKey ends a key; again changes nothing. fault.ErrNotFound.
func (s *Operations) RevokeAPIKey(ctx context.Context, id string, at time.Time) error {
	return s.changeAPIKey(ctx, "revoke API key", revokeAPIKeySQL, id, millis(at))
}

func (s *Operations) changeAPIKey(ctx context.Context, what, query, id string, args ...any) error {
	if !storable(id) {
		return fault.ErrNotFound
	}
	return wrap(what, s.db.write(ctx, func(ctx context.Context, tx runner) error {
		return mustChange(fault.ErrNotFound)(tx.ExecContext(ctx, query, append([]any{id}, args...)...))
	}))
}

// UseAPIKey says that a key was used, at most once a minute.
func (s *Operations) UseAPIKey(ctx context.Context, k operations.APIKey, at time.Time) error {
	step := at.Add(-apiKeyStep)
	if k.UsedAt.After(step) {
		return nil
	}
	return wrap("use API key", s.db.write(ctx, func(ctx context.Context, tx runner) error {
		_, err := tx.ExecContext(ctx, useAPIKeySQL, text(k.ID), millis(at), millis(step))
		return err
	}))
}

func scanAPIKey(row scanner) (operations.APIKey, error) {
	var k operations.APIKey
	var scopes string
	err := row.Scan(&k.ID, &k.Name, &scopes, jsonColumn{&k.Employers}, hashColumn{&k.Hash}, hashColumn{&k.Previous}, timeColumn{&k.PreviousUntil},
		timeColumn{&k.CreatedAt}, timeColumn{&k.ExpiresAt}, timeColumn{&k.RevokedAt}, timeColumn{&k.UsedAt})
	for scope := range strings.FieldsSeq(scopes) {
		k.Scopes = append(k.Scopes, operations.APIScope(scope))
	}
	return k, err
}
