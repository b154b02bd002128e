package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	"avain/internal/config"
	"avain/internal/domain/fault"
	"avain/internal/domain/operations"
	"avain/internal/platform/store"
	"avain/internal/protocol/signing"
)

// KeyStatus says of one key how it stands.
type KeyStatus struct {
	Key    string `json:"key"`   // setting, or the kid of a key that signs tokens
	State  string `json:"state"` // see the constants
	Detail string `json:"detail,omitempty"`

	Change *KeyChange `json:"change,omitempty"` // how far it has come, while it is changed
}

// How a key can stand.
const (
	KeyRight    = "right"    // the one that the database is used with
	KeyUnmarked = "unmarked" // nobody has used the database yet
	KeyWrong    = "wrong"    // another one
	KeyLate     = "late"     // this file has the new key and uses the old one, while all nodes use the new one
	KeyChanging = "changing" // the file holds several keys: a change is under way
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
		all = append(all, status)
	}
	for i := range all {
		if err := changing(ctx, &all[i], c, db, log, now); err != nil {
			return nil, err
		}
	}
	for _, one := range brokerChangeables(c) {
		status := KeyStatus{Key: one.setting, State: KeyRight}
		if _, err := os.Stat(one.path); err != nil || changing(ctx, &status, c, db, log, now) != nil {
			continue // check-config tells what is wrong with it
		}
		if status.State == KeyChanging {
			all = append(all, status)
		}
	}
	rows, err := db.Keys.SigningKeys(ctx)
	for _, row := range rows {
		all = append(all, k.ofSigning(row, rows, now))
	}
	return all, err
}

// changing tells how far the change of a key has come, if there is one.
func changing(ctx context.Context, status *KeyStatus, c config.Config, db *store.Store, log *slog.Logger, now time.Time) error {
	all := changeables(c)
	at := slices.IndexFunc(all, func(one changeable) bool { return one.setting == status.Key })
	if at < 0 || all[at].path == "" || status.State != KeyRight {
		return nil
	}
	r := &rotation{changeable: all[at], c: c, db: db, log: log, now: func() time.Time { return now }}
	if err := r.read(ctx); err != nil {
		return err
	}
	if r.step() == StepNone && (r.noted == "" || r.note.Over) {
		return nil
	}
	change, err := r.look(ctx)
	status.State, status.Change = KeyChanging, &change
	status.Detail = fmt.Sprintf("%s; %d of %d nodes ready; %d in need of the old key; next: %s", change.Step, change.Ready, change.Nodes, change.needed(), change.Next)
	return err
}

func (m marking) status(ctx context.Context, db *store.Store) (KeyStatus, error) {
	status := KeyStatus{Key: m.setting, State: KeyRight}
	recorded, err := db.Keys.KeyMark(ctx, m.name)
	if errors.Is(err, fault.ErrNotFound) {
		status.State = KeyUnmarked
		return status, nil
	}
	if err != nil {
		return status, err
	}
	_, held, err1 := m.mark(recorded)
	_, refused, err2 := m.late(ctx, db)
	switch {
	case !held:
		status.State = KeyWrong
	case refused:
		status.State = KeyLate
	}
	return status, errors.Join(err1, err2)
}

// ofSigning is how a key that signs tokens stands among the others.
func (k keys) ofSigning(row operations.SigningKey, all []operations.SigningKey, now time.Time) KeyStatus {
	day := func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }
	status := KeyStatus{Key: row.KID}
	newer := slices.ContainsFunc(all, func(other operations.SigningKey) bool {
		return other.Alg == row.Alg && other.Slot > row.Slot && !other.ActiveFrom.After(now)
	})
	switch {
	case signing.Check(row, k.aead) != nil:
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
