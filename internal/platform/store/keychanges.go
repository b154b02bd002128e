package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/operations"
)

// What a change of a key outside the database needs to know: how far it has come, which node
// holds which keys, and what here still needs the old key.

const (
	keyChanges = "key_change_" // begins the names in meta

	dropMetaSQL = `DELETE FROM meta WHERE name = $1 AND value = $2`

	nodeKeysSQL = `SELECT key_names FROM nodes WHERE seen_at >= (%[1]s) - $1 ORDER BY id`
)

// KeyChange is how far the change of a key has come. fault.ErrNotFound: there is none.
func (s *Keys) KeyChange(ctx context.Context, name string) (change string, err error) {
	err = s.db.reader().QueryRowContext(ctx, keyMarkSQL, keyChanges+name).Scan(&change)
	return change, wrap("read key change", one(err, fault.ErrNotFound))
}

// SetKeyChange writes how far a change has come in the place of what was there; was is empty
// for the first, and is when it is over. fault.ErrMoved: somebody else was faster.
func (s *Keys) SetKeyChange(ctx context.Context, name, was, is string) error {
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		switch {
		case was == "":
			return mustChange(fault.ErrMoved)(tx.ExecContext(ctx, addKeyMarkSQL, keyChanges+name, is))
		case is == "":
			return mustChange(fault.ErrMoved)(tx.ExecContext(ctx, dropMetaSQL, keyChanges+name, was))
		default:
			return mustChange(fault.ErrMoved)(tx.ExecContext(ctx, moveKeyMarkSQL, keyChanges+name, was, is))
		}
	})
	return wrap("write key change", err)
}

// NodeKeys are the keys of each node that lives, as it names them itself (Config.KeyNames).
func (s *Keys) NodeKeys(ctx context.Context) (all []string, err error) {
	err = eachRow(ctx, s.db.reader(), fmt.Sprintf(nodeKeysSQL, s.db.clock()), []any{nodeLives.Milliseconds()}, func(row scanner) error {
		var names string
		err := row.Scan(&names)
		all = append(all, names)
		return err
	})
	return all, wrap("read the nodes' keys", err)
}

const (
	// Under another key than the one whose values begin so.
	otherHumansSQL = `SELECT COUNT(*) FROM (
		SELECT hetu_lookup AS h FROM persons WHERE hetu_lookup IS NOT NULL AND SUBSTR(hetu_lookup, 1, 4) <> $1
		UNION SELECT hetu_lookup FROM employments WHERE hetu_lookup IS NOT NULL AND SUBSTR(hetu_lookup, 1, 4) <> $1
		UNION SELECT lookup FROM held_activations WHERE SUBSTR(lookup, 1, 4) <> $1) AS humans`
	chunksSQL = `SELECT COUNT(*) FROM import_chunks`

	otherPasswordsSQL = `SELECT COUNT(*) FROM credentials WHERE hash LIKE '%,keyid=%' AND hash NOT LIKE $1 ESCAPE '\'`
	oldRemindersSQL   = `SELECT COUNT(*) FROM invitations WHERE remind_at > 0 AND used_at = 0 AND revoked_at = 0 AND created_at < $1`
	oldSessionsSQL    = `SELECT COUNT(*) FROM sessions WHERE client = $1 AND revoked_at = 0 AND ends_at > $2 AND idle_until > $2 AND created_at < $3`
)

func (s *Keys) count(ctx context.Context, what, query string, args ...any) (n int64, err error) {
	err = s.db.reader().QueryRowContext(ctx, query, args...).Scan(&n)
	return n, wrap(what, err)
}

// HumansUnderOther counts the humans whose identity codes are known by a look-up value of
// another key than the one whose values begin so.
func (s *Keys) HumansUnderOther(ctx context.Context, prefix []byte) (int64, error) {
	return s.count(ctx, "count look-up values", otherHumansSQL, prefix)
}

// ChunksWaiting counts the parts of imported files that are not taken in yet: they hold
// look-up values, too.
func (s *Keys) ChunksWaiting(ctx context.Context) (int64, error) {
	return s.count(ctx, "count chunks", chunksSQL)
}

// PasswordsUnderOther counts the passwords that were hashed with another pepper than the one
// with the key id.
func (s *Keys) PasswordsUnderOther(ctx context.Context, keyID string) (int64, error) {
	escaped := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(keyID)
	return s.count(ctx, "count passwords", otherPasswordsSQL, "%,keyid="+escaped+"$%")
}

// RemindersBefore counts the reminders to come of invitations from before a time.
func (s *Keys) RemindersBefore(ctx context.Context, before time.Time) (int64, error) {
	return s.count(ctx, "count reminders", oldRemindersSQL, millis(before))
}

// SessionsBefore counts a client's live sessions from before a time.
func (s *Keys) SessionsBefore(ctx context.Context, client string, now, before time.Time) (int64, error) {
	return s.count(ctx, "count sessions", oldSessionsSQL, text(client), millis(now), millis(before))
}

const (
	hintKeysSQL      = `SELECT kid, alg, sealed, forget_at FROM hint_keys ORDER BY kid`
	resealSigningSQL = `UPDATE signing_keys SET sealed = $3 WHERE kid = $1 AND sealed = $2`
	resealHintSQL    = `UPDATE hint_keys SET sealed = $3 WHERE kid = $1 AND sealed = $2`
	resealPersonSQL  = `UPDATE persons SET hetu_sealed = $3 WHERE id = $1 AND hetu_sealed = $2`
	sealedOtherSQL   = `SELECT id, hetu_sealed FROM persons WHERE hetu_sealed IS NOT NULL AND SUBSTR(hetu_sealed, 1, 5) <> $1 AND id > $2 ORDER BY id LIMIT $3`
	sealedLookupsSQL = `SELECT id, hetu_sealed FROM persons WHERE hetu_sealed IS NOT NULL AND hetu_lookup IS NOT NULL AND SUBSTR(hetu_lookup, 1, 4) <> $1 AND id > $2 ORDER BY id LIMIT $3`
	countSealedSQL   = `SELECT COUNT(*) FROM persons WHERE hetu_sealed IS NOT NULL AND SUBSTR(hetu_sealed, 1, 5) <> $1`
	countSigningSQL  = `SELECT (SELECT COUNT(*) FROM signing_keys WHERE SUBSTR(sealed, 1, 5) <> $1) + (SELECT COUNT(*) FROM hint_keys WHERE SUBSTR(sealed, 1, 5) <> $1)`
	sealedRowsAtOnce = 500
)

// SealedCode is an identity code that is kept, sealed for its person.
type SealedCode struct {
	Person string
	Sealed []byte
}

// CodesSealedByOther lists some of the identity codes that another key has sealed than the
// one whose ciphertexts begin so, after a person's id.
func (s *Keys) CodesSealedByOther(ctx context.Context, prefix []byte, after string) ([]SealedCode, error) {
	return s.sealedCodes(ctx, sealedOtherSQL, prefix, after)
}

// CodesUnderOther lists some of the identity codes that are kept, of people whose look-up
// value is another key's than the one whose values begin so, after a person's id.
func (s *Keys) CodesUnderOther(ctx context.Context, prefix []byte, after string) ([]SealedCode, error) {
	return s.sealedCodes(ctx, sealedLookupsSQL, prefix, after)
}

func (s *Keys) sealedCodes(ctx context.Context, query string, prefix []byte, after string) (all []SealedCode, err error) {
	err = eachRow(ctx, s.db.reader(), query, []any{prefix, text(after), sealedRowsAtOnce}, func(row scanner) error {
		var c SealedCode
		err := row.Scan(&c.Person, &c.Sealed)
		all = append(all, c)
		return err
	})
	return all, wrap("list sealed codes", err)
}

// SealedByOther counts what another key has sealed than the one whose ciphertexts begin so:
// keys that sign tokens or have signed them, and identity codes.
func (s *Keys) SealedByOther(ctx context.Context, prefix []byte) (keys, codes int64, err error) {
	keys, err1 := s.count(ctx, "count sealed keys", countSigningSQL, prefix)
	codes, err2 := s.count(ctx, "count sealed codes", countSealedSQL, prefix)
	return keys, codes, errors.Join(err1, err2)
}

// HintKeys lists what is kept of all retired keys.
func (s *Keys) HintKeys(ctx context.Context) (all []operations.HintKey, err error) {
	err = eachRow(ctx, s.db.reader(), hintKeysSQL, nil, func(row scanner) error {
		var k operations.HintKey
		err := row.Scan(&k.KID, &k.Alg, &k.Sealed, timeColumn{&k.ForgetAt})
		all = append(all, k)
		return err
	})
	return all, wrap("list hint keys", err)
}

// ResealSigningKey puts the same key, sealed with another one, in the place of what was
// there. When that has changed or gone meanwhile, it changes nothing.
func (s *Keys) ResealSigningKey(ctx context.Context, kid string, was, is []byte) error {
	return s.reseal(ctx, resealSigningSQL, kid, was, is)
}

// ResealHintKey is ResealSigningKey for what is kept of a retired key.
func (s *Keys) ResealHintKey(ctx context.Context, kid string, was, is []byte) error {
	return s.reseal(ctx, resealHintSQL, kid, was, is)
}

// ResealPerson is ResealSigningKey for the identity code of a person.
func (s *Keys) ResealPerson(ctx context.Context, id string, was, is []byte) error {
	return s.reseal(ctx, resealPersonSQL, id, was, is)
}

func (s *Keys) reseal(ctx context.Context, query, id string, was, is []byte) error {
	err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
		_, err := tx.ExecContext(ctx, query, text(id), was, is)
		return err
	})
	return wrap("reseal", err)
}
