package wire

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"avain/internal/config"
	"avain/internal/login"
	"avain/internal/signer"
	"avain/internal/store"
)

// KeyStatus says of one key how it stands.
type KeyStatus struct {
	Key    string `json:"key"`   // setting, or the kid of a key that signs tokens
	State  string `json:"state"` // see the constants
	Detail string `json:"detail,omitempty"`
}

// How a key can stand.
const (
	KeyRight    = "right"    // the one that the database is used with
	KeyUnmarked = "unmarked" // nobody has used the database yet
	KeyWrong    = "wrong"    // another one
	KeyChanging = "changing" // prf.json holds several keys: a change is under way
	KeyWaits    = "waits"    // published, does not sign yet
	KeySigns    = "signs"
	KeyRetired  = "retired" // published until its last token has expired
	KeyDamaged  = "damaged" // does not open with this keyset
)

// KeyStatuses says how the keys outside the database stand to it, and those that sign
// tokens. It starts no service, so that it also answers where one would not start.
func KeyStatuses(ctx context.Context, c config.Config, log *slog.Logger, now time.Time) (all []KeyStatus, err error) {
	k, db, err := openForKeys(ctx, c, log)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, m := range k.markings() {
		status, err := m.status(ctx, db)
		if err != nil {
			return nil, err
		}
		if m.name == "subjects" && status.State != KeyWrong {
			continue // a part of the secret's file, which has its line
		}
		if n := len(k.people.Lookup.PRFs); m.name == "prf" && status.State == KeyRight && n > 1 {
			status.State, status.Detail = KeyChanging, fmt.Sprintf("%d keys", n)
		}
		all = append(all, status)
	}
	rows, err := db.SigningKeys(ctx)
	for _, row := range rows {
		all = append(all, k.ofSigning(row, rows, now))
	}
	return all, err
}

func (m marking) status(ctx context.Context, db *store.Store) (KeyStatus, error) {
	status := KeyStatus{Key: m.setting, State: KeyRight}
	recorded, err := db.KeyMark(ctx, m.name)
	if errors.Is(err, login.ErrNotFound) {
		status.State = KeyUnmarked
		return status, nil
	}
	if err != nil {
		return status, err
	}
	_, held, err := m.mark(recorded)
	if !held {
		status.State = KeyWrong
	}
	return status, err
}

// ofSigning is how a key that signs tokens stands among the others.
func (k keys) ofSigning(row login.SigningKey, all []login.SigningKey, now time.Time) KeyStatus {
	day := func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }
	status := KeyStatus{Key: row.KID}
	newer := slices.ContainsFunc(all, func(other login.SigningKey) bool {
		return other.Alg == row.Alg && other.Slot > row.Slot && !other.ActiveFrom.After(now)
	})
	switch {
	case signer.Check(row, k.aead) != nil:
		status.State, status.Detail = KeyDamaged, row.Alg+", sealed with another keyset, or changed"
	case newer:
		status.State, status.Detail = KeyRetired, row.Alg+", published until "+day(row.RemoveAt)
	case row.ActiveFrom.After(now):
		status.State, status.Detail = KeyWaits, row.Alg+", signs from "+day(row.ActiveFrom)
	default:
		status.State, status.Detail = KeySigns, row.Alg+", until "+day(row.RetireAt)
	}
	return status
}
