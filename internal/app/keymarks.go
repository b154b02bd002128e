package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"avain/internal/config"
	"avain/internal/domain/fault"
	"avain/internal/domain/operations"
	"avain/internal/platform/audit"
	"avain/internal/platform/keyset"
	"avain/internal/platform/store"
	"avain/internal/secret"
)

// A node with another key than the rest does harm in silence: known people are strangers
// to it, imports make everybody twice, no node takes another's nonces, and what it seals
// nobody opens. So the database holds a mark of each key, and whoever comes with another
// one is stopped before they read or write anything else.

// ErrWrongKey is in the chain of the error for a key that is not this installation's.
var ErrWrongKey = errors.New("not the key that this database is used with")

// secretSetting names the file of the shared secret.
const secretSetting = "keys.secret_file"

// ErrOldKey is in the chain of the error for a node that has the new key and does not use it,
// when all others do: what it made now would be lost with the old one.
var ErrOldKey = errors.New("holds the new key and still uses the old one, while every other node uses the new one")

// marking is how one key is recognised.
type marking struct {
	name, setting string
	primary       string // the name of the key in use; empty: it has none
	// mark is the key's own mark, and held whether the one that is recorded is good too.
	mark func(recorded string) (mark string, held bool, err error)
}

func (k keys) markings() []marking {
	return []marking{
		{"secret", secretSetting, k.holds["secret"].Primary, func(recorded string) (string, bool, error) {
			marks := k.shared.Derive("key mark")
			held := slices.ContainsFunc(marks, func(m secret.Text) bool { return m.Reveal() == recorded })
			return marks.First().Reveal(), held, nil
		}},
		// Of the right generation, but not what people's subjects have been made with.
		{"subjects", secretSetting, "", func(recorded string) (string, bool, error) {
			mark := k.subjects.Derive("key mark").Reveal()
			return mark, mark == recorded, nil
		}},
		{"prf", "keys.prf_keyset_file", k.holds["prf"].Primary, func(recorded string) (string, bool, error) {
			return keyset.PRFMark(k.people.Lookup, recorded)
		}},
		{"aead", "keys.aead_keyset_file", k.holds["aead"].Primary, func(recorded string) (string, bool, error) {
			return keyset.AEADMark(k.aead, recorded)
		}},
	}
}

// recognising is what to do about the marks.
type recognising int

const (
	lookOnly  recognising = iota // and write nothing
	keepMarks                    // write those that are missing, and those of a new primary key
	takeOver                     // whatever keys the database was used with before
)

// recogniseKeys is recognise for those who need no more of the keys.
func recogniseKeys(ctx context.Context, c config.Config, db *store.Store, how recognising) error {
	k, err := loadKeys(c)
	if err == nil {
		_, err = k.recognise(ctx, db, how)
	}
	return err
}

// recognise compares every key with its mark, which the first node writes. A keyset passes
// with any of its keys, because nodes get a new one one after the other; once it is the
// primary one somewhere, the mark is its own, and a node that lacks it is stopped. It
// returns the settings of the keys that were taken over.
func (k keys) recognise(ctx context.Context, db *store.Store, how recognising) (taken []string, err error) {
	var wrong []error
	seen := map[string]bool{} // settings that something has been said of: one file, one line
	for _, m := range k.markings() {
		switch another, err := m.recognise(ctx, db, how); {
		case err != nil && !errors.Is(err, ErrWrongKey) && !errors.Is(err, ErrOldKey):
			return nil, err
		case seen[m.setting]:
		case err != nil:
			wrong, seen[m.setting] = append(wrong, err), true
		case another:
			taken, seen[m.setting] = append(taken, m.setting), true
		}
	}
	if len(wrong) > 0 {
		return nil, fmt.Errorf("%w\nput the right one back, from another node or a backup; if it is lost for good, read docs/keys.md", errors.Join(wrong...))
	}
	return taken, nil
}

// recognise reports whether the key is another one than the recorded, and was taken over.
func (m marking) recognise(ctx context.Context, db *store.Store, how recognising) (another bool, err error) {
	for {
		recorded, err := db.Keys.KeyMark(ctx, m.name)
		if err != nil && !errors.Is(err, fault.ErrNotFound) {
			return false, err
		}
		mark, held, err := m.mark(recorded)
		if err != nil {
			return false, fmt.Errorf("%s: %w", m.setting, err)
		}
		another = recorded != "" && !held
		late, refused, err := m.late(ctx, db)
		switch {
		case err != nil:
			return false, err
		case another && how != takeOver:
			return false, fmt.Errorf("%s: %w", m.setting, ErrWrongKey)
		case refused && how != takeOver:
			return false, fmt.Errorf("%s: %w", m.setting, ErrOldKey)
		case mark == recorded || how == lookOnly || late && how == keepMarks:
			return refused, nil
		}
		if err = db.Keys.SetKeyMark(ctx, m.name, recorded, mark); !errors.Is(err, fault.ErrMoved) {
			return another || refused, err
		}
		// Another node was faster: what does it say?
	}
}

// late reports that this node uses another key than is used as far as the change has come, and
// refused that it must not: every other node has gone on, perhaps long ago.
func (m marking) late(ctx context.Context, db *store.Store) (late, refused bool, err error) {
	note, text, err := readNote(ctx, db, m.name)
	if err != nil || m.primary == "" || text == "" {
		return false, false, err
	}
	return note.Used && m.primary != note.Key, !note.allows(m.primary), nil
}

// openForKeys opens the database for those who look at the keys alone, whichever they are:
// the audit log, which reads as tampered with under another secret, is left aside.
func openForKeys(ctx context.Context, c config.Config, log *slog.Logger) (keys, *store.Store, error) {
	k, err := loadKeys(c)
	if err != nil {
		return k, nil, err
	}
	db, err := store.Open(ctx, storeConfig(c, log, time.Now, operations.AuditHead{}))
	if err != nil {
		return k, nil, err
	}
	if err := db.CheckVersion(ctx); err != nil {
		return k, nil, errors.Join(err, db.Close())
	}
	return k, db, nil
}

// forgetChanges ends changes of keys that are not these: nothing comes of them any more.
func (k keys) forgetChanges(ctx context.Context, db *store.Store) error {
	for name, holds := range k.holds {
		note, text, err := readNote(ctx, db, name)
		if err == nil && text != "" && (!holds.Has(note.Key) || !note.allows(holds.Primary)) {
			err = db.Keys.SetKeyChange(ctx, name, text, "")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// AcceptKeys makes the keys of this configuration those of the database, whatever it was
// used with before, and lists the settings of those that were others.
func AcceptKeys(ctx context.Context, c config.Config, log *slog.Logger) (taken []string, err error) {
	k, db, err := openForKeys(ctx, c, log)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	trail := audit.New(db.Audit, time.Now, log)
	err = trail.Atomically(ctx, func(ctx context.Context) (err error) {
		if taken, err = k.recognise(ctx, db, takeOver); err != nil || len(taken) == 0 {
			return err
		}
		trail.KeysAccepted(ctx, audit.System, taken)
		return k.forgetChanges(ctx, db)
	})
	return taken, err
}
