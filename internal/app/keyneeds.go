package app

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"strconv"
	"time"

	"avain/internal/core/people"
	"avain/internal/domain/login"
	"avain/internal/platform/passhash"
	"avain/internal/platform/store"
	"avain/internal/protocol/signing"
)

// What still needs an old key, and how it is moved to the new one where the database holds
// enough for that.

// since is when every node used the new key; as long as that is not so, now.
func (r *rotation) since() time.Time {
	if r.note.Since == 0 {
		return r.now()
	}
	return time.UnixMilli(r.note.Since)
}

func some(all []KeyNeed) (left []KeyNeed) {
	for _, need := range all {
		if need.Count > 0 {
			left = append(left, need)
		}
	}
	return left
}

func secretNeeds(ctx context.Context, r *rotation) ([]KeyNeed, error) {
	passwords, err1 := r.db.Keys.PasswordsUnderOther(ctx, passhash.KeyID(r.keys.shared.First().Derive("passwords")))
	reminders, err2 := r.db.Keys.RemindersBefore(ctx, r.since())
	return some([]KeyNeed{
		{"passwords", passwords, "each is hashed anew when its owner logs in; without the old secret they must order a new one"},
		{"reminders of invitations", reminders, "without the old secret their links lead nowhere"},
	}), errors.Join(err1, err2)
}

// lookupPrefix is how the look-up values of the key in use begin.
func (r *rotation) lookupPrefix() []byte {
	return binary.BigEndian.AppendUint32(nil, r.keys.people.Lookup.PrimaryID)
}

func prfNeeds(ctx context.Context, r *rotation) ([]KeyNeed, error) {
	humans, err1 := r.db.Keys.HumansUnderOther(ctx, r.lookupPrefix())
	chunks, err2 := r.db.Keys.ChunksWaiting(ctx)
	var families int64
	for _, client := range r.c.LoginClients() {
		if client.Profile == login.ProfileStrict {
			continue // its refresh tokens do not rotate
		}
		n, err := r.db.Keys.SessionsBefore(ctx, client.ID, r.now(), r.since())
		families, err2 = families+n, errors.Join(err2, err)
	}
	return some([]KeyNeed{
		{"people", humans, "each moves on when they log in or an employer's file names them; without the old key they are strangers"},
		{"parts of imports", chunks, "they are taken in within minutes"},
		{"logged-in apps with refresh tokens that rotate", families, "nobody is logged out; without the old key a stolen copy of an old token is not recognised"},
	}), errors.Join(err1, err2)
}

// hashAnew moves people whose identity codes are kept to the new key. For the others somebody
// must bring the code.
func hashAnew(ctx context.Context, r *rotation) error {
	return r.eachCode(ctx, r.db.Keys.CodesUnderOther, r.lookupPrefix(), func(c store.SealedCode) error {
		lookups, err := r.keys.people.LookupsOfSealed(r.keys.aead, c.Person, c.Sealed)
		if err != nil {
			return nil //nolint:nilerr // it is counted, as one that somebody must bring
		}
		return r.db.Keys.Rekey(ctx, lookups)
	})
}

func (r *rotation) eachCode(
	ctx context.Context, list func(context.Context, []byte, string) ([]store.SealedCode, error), prefix []byte, do func(store.SealedCode) error,
) error {
	for after := ""; ; {
		all, err := list(ctx, prefix, after)
		if err != nil || len(all) == 0 {
			return err
		}
		for _, c := range all {
			if err := do(c); err != nil {
				return err
			}
			after = c.Person
		}
	}
}

// tinkPrefix begins what the key in use seals: Tink's version, and the key's id.
func (r *rotation) tinkPrefix() ([]byte, error) {
	id, err := strconv.ParseUint(r.holds.Primary, 10, 32)
	return binary.BigEndian.AppendUint32([]byte{1}, uint32(id)), err
}

func aeadNeeds(ctx context.Context, r *rotation) ([]KeyNeed, error) {
	prefix, err := r.tinkPrefix()
	if err != nil {
		return nil, err
	}
	sealed, codes, err := r.db.Keys.SealedByOther(ctx, prefix)
	return some([]KeyNeed{
		{"keys that sign tokens", sealed, "avain keys rotate aead seals them anew; one that stays does not open with this file"},
		{"identity codes that are kept", codes, "avain keys rotate aead seals them anew; one that stays does not open with this file"},
	}), err
}

// sealAnew seals everything with the key in use that another one has sealed. What does not
// open stays as it is, and is counted.
func sealAnew(ctx context.Context, r *rotation) error {
	prefix, err := r.tinkPrefix()
	if err != nil {
		return err
	}
	ours, err1 := r.db.Keys.SigningKeys(ctx)
	hints, err2 := r.db.Keys.HintKeys(ctx)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	for _, k := range ours {
		if bytes.HasPrefix(k.Sealed, prefix) {
			continue
		}
		if fresh, err := signing.Reseal(k, r.keys.aead); err == nil {
			if err := r.db.Keys.ResealSigningKey(ctx, k.KID, k.Sealed, fresh); err != nil {
				return err
			}
		}
	}
	for _, k := range hints {
		if bytes.HasPrefix(k.Sealed, prefix) {
			continue
		}
		if fresh, err := signing.ResealHint(k, r.keys.aead); err == nil {
			if err := r.db.Keys.ResealHintKey(ctx, k.KID, k.Sealed, fresh); err != nil {
				return err
			}
		}
	}
	return r.eachCode(ctx, r.db.Keys.CodesSealedByOther, prefix, func(c store.SealedCode) error {
		fresh, err := people.Reseal(r.keys.aead, c.Person, c.Sealed)
		if err != nil {
			return nil //nolint:nilerr // it is counted
		}
		return r.db.Keys.ResealPerson(ctx, c.Person, c.Sealed, fresh)
	})
}
