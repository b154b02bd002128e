package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"avain/internal/config"
	"avain/internal/domain/fault"
	"avain/internal/platform/audit"
)

// RotateHow is what an operator says about a step.
type RotateHow struct {
	Force   *int64 // the old key is dropped, though so much needs it
	Abandon bool   // the change is given up, while the new key is not used yet

	// HandedOver says that the broker has taken the new statement.
	HandedOver bool
}

// ErrNoSuchKey is in the chain of the error for a name that no key has.
var ErrNoSuchKey = errors.New("no key is called that")

// Changeable are the names of the keys that can be changed.
func Changeable(c config.Config) (names []string) {
	for _, one := range changeables(c) {
		names = append(names, one.name)
	}
	return names
}

// RotateKey takes the next step in the change of a key, if it can be taken, and says how far
// the change has come. It may be interrupted anywhere and run again.
func RotateKey(ctx context.Context, c config.Config, name string, how RotateHow, d Deps) (KeyChange, error) {
	return rotateKey(ctx, c, name, how, d, nil)
}

func rotateKey(ctx context.Context, c config.Config, name string, how RotateHow, d Deps, interim func(string) error) (change KeyChange, err error) {
	all := changeables(c)
	at := slices.IndexFunc(all, func(one changeable) bool { return one.name == name })
	if at < 0 {
		return change, fmt.Errorf("%w: %s; there are %s", ErrNoSuchKey, name, strings.Join(Changeable(c), ", "))
	}
	r := &rotation{changeable: all[at], c: c, log: d.Log, now: d.Now, interim: interim}
	if r.now == nil {
		r.now = time.Now
	}
	if r.ready != nil {
		if err := r.ready(); err != nil {
			return change, err
		}
	}
	unlock, err := lockDir(filepath.Dir(r.path))
	if err != nil {
		return change, err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	k, db, err := openForKeys(ctx, c, d.Log)
	if err != nil {
		return change, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := k.recognise(ctx, db, lookOnly); err != nil {
		return change, err
	}
	r.db = db
	if err := r.read(ctx); err != nil {
		return change, err
	}
	did, err := r.next(ctx, how)
	if err != nil {
		return change, err
	}
	if err := r.read(ctx); err != nil {
		return change, err
	}
	change, err = r.look(ctx)
	change.Did = did
	return change, err
}

// next takes the next step.
func (r *rotation) next(ctx context.Context, how RotateHow) (did string, err error) {
	switch step := r.step(); {
	case how.Abandon:
		return r.abandon(ctx)
	case r.foreign():
		return "", nil
	case step == StepNone && r.noted != "" && !r.note.Over:
		// Interrupted just after the old key was dropped.
		return r.over(ctx, "retired", 0)
	case step == StepNone:
		return r.add(ctx)
	case step == StepAdded:
		return r.use(ctx, how)
	default:
		return r.retire(ctx, how)
	}
}

// reached tells a test how far it has come, and dies when the test says so.
func (r *rotation) reached(point string) error {
	if r.interim == nil {
		return nil
	}
	return r.interim(point)
}

// write replaces the file, after which the database is told: a file with a key of which the
// database does not know does no harm, and is understood by the next run.
func (r *rotation) write(next []byte) error {
	if err := r.reached("before the file"); err != nil {
		return err
	}
	if err := replaceFile(r.path, next); err != nil {
		return fmt.Errorf("%s: %w", r.setting, err)
	}
	return r.reached("after the file")
}

// tell makes the note say something else. The step, if it is one, goes into the audit log
// with it.
func (r *rotation) tell(ctx context.Context, note keyNote, step string, forced int64) error {
	raw, err := json.Marshal(note)
	if err != nil {
		return err
	}
	text := string(raw)
	if text == r.noted {
		return nil
	}
	trail := audit.New(r.db.Audit, r.now, r.log)
	if err := trail.Atomically(ctx, func(ctx context.Context) error {
		if step != "" {
			trail.KeyChanged(ctx, audit.System, r.name, step, forced)
		}
		return r.db.Keys.SetKeyChange(ctx, r.name, r.noted, text)
	}); err != nil {
		return err
	}
	r.note, r.noted = note, text
	return r.reached("after the note")
}

// add lets a new key in, which nobody uses.
func (r *rotation) add(ctx context.Context) (did string, err error) {
	before := r.text
	next, err := r.change.Add(r.text)
	if err != nil {
		return "", fmt.Errorf("%s: %w", r.setting, err)
	}
	holds, err := r.change.Holds(next)
	if err != nil {
		return "", err
	}
	if err := r.write(next); err != nil {
		return "", err
	}
	switch err := r.tell(ctx, keyNote{Key: holds.Newest(), From: holds.Primary}, "added", 0); {
	case errors.Is(err, fault.ErrMoved):
		// Somebody has begun on another node just now: theirs is the new key.
		return "", errors.Join(errors.New("the change has just been begun from another node: take the file from there"), replaceFile(r.path, before))
	case err != nil:
		return "", err
	}
	if err := r.prepared(ctx); err != nil {
		return "", err
	}
	return fmt.Sprintf("added the key %s to %s; it is not used yet", holds.Newest(), r.path), nil
}

// prepared makes what must be there before the new key is used.
func (r *rotation) prepared(ctx context.Context) error {
	if r.prepare == nil {
		return nil
	}
	if err := r.read(ctx); err != nil {
		return err
	}
	return r.prepare(r)
}

// use lets the new key be used, when every node that runs has it.
func (r *rotation) use(ctx context.Context, how RotateHow) (did string, err error) {
	if err := r.prepared(ctx); err != nil {
		return "", err
	}
	fresh := r.holds.Newest()
	if note := r.note; note.Key != fresh || note.Over { // a run that was interrupted, or somebody with another program, has added it
		if err := r.tell(ctx, keyNote{Key: fresh, From: r.holds.Primary}, "added", 0); err != nil {
			return "", err
		}
	}
	for _, names := range r.nodes {
		if !slices.Contains(names, fresh) {
			return "", nil
		}
	}
	note := r.note
	if note.Known == 0 {
		note.Known = r.now().UnixMilli()
	}
	if err := r.tell(ctx, note, "", 0); err != nil || r.now().Before(laterThan(note.Known, r.before)) {
		return "", err
	}
	if r.using != nil {
		if goOn, err := r.using(ctx, r, how); err != nil || !goOn {
			return "", err
		}
	}
	next, err := r.change.Use(r.text)
	if err != nil {
		return "", fmt.Errorf("%s: %w", r.setting, err)
	}
	if err := r.write(next); err != nil {
		return "", err
	}
	if err := r.read(ctx); err != nil {
		return "", err
	}
	if err := r.used(ctx); err != nil {
		return "", err
	}
	return fmt.Sprintf("%s uses the key %s from now on; the old one is there still", r.path, fresh), nil
}

// used tells the database that a file uses the new key: from now on no node starts without it.
func (r *rotation) used(ctx context.Context) error {
	note := r.note
	note.Key, note.Used, note.Over = r.holds.Primary, true, false
	if err := r.tell(ctx, note, "used", 0); err != nil {
		return err
	}
	if r.put == nil {
		return nil
	}
	_, err := r.keys.recognise(ctx, r.db, keepMarks)
	return err
}

// retire drops the old key, when every node that runs uses the new one and nothing needs the
// old one. What can be moved is moved here.
func (r *rotation) retire(ctx context.Context, how RotateHow) (did string, err error) {
	if err := r.used(ctx); err != nil {
		return "", err
	}
	for _, names := range r.nodes {
		if len(names) == 0 || names[0] != r.holds.Primary {
			return "", nil
		}
	}
	if note := r.note; note.Since == 0 {
		note.Since = r.now().UnixMilli()
		if err := r.tell(ctx, note, "", 0); err != nil {
			return "", err
		}
	}
	if r.work != nil {
		if err := r.work(ctx, r); err != nil {
			return "", err
		}
	}
	change, err := r.look(ctx)
	if err != nil {
		return "", err
	}
	n := change.needed()
	switch {
	case how.Force != nil && *how.Force != n:
		return "", fmt.Errorf("it is not %d but %d that still needs the old key; look again: avain keys status", *how.Force, n)
	case how.Force == nil && change.Waits(r.now()):
		return "", nil
	}
	return r.drop(ctx, n)
}

// drop keeps the file as it is under another name, and takes the old key out.
func (r *rotation) drop(ctx context.Context, forced int64) (did string, err error) {
	next, err := r.change.Keep(r.text)
	if err != nil {
		return "", fmt.Errorf("%s: %w", r.setting, err)
	}
	if err := backUp(r.path, r.path+".old"); err != nil {
		return "", err
	}
	if err := r.write(next); err != nil {
		return "", err
	}
	return r.over(ctx, "retired", forced)
}

func (r *rotation) over(ctx context.Context, step string, forced int64) (did string, err error) {
	note := keyNote{Key: r.holds.Primary, Since: r.note.Since, Used: true, Over: true}
	if err := r.tell(ctx, note, step, forced); err != nil {
		return "", err
	}
	return fmt.Sprintf("the old key is out of %s, and the change is over. Copy the file to every node; they take it at their next start. "+
		"%s.old is the file as it was: delete it, here and there, when all is well", r.path, r.path), nil
}

// abandon gives up a change whose new key nobody uses.
func (r *rotation) abandon(ctx context.Context) (did string, err error) {
	switch {
	case r.note.Used && !r.note.Over || r.step() == StepUsed:
		return "", errors.New("the new key is used already, so that something needs it: go on, and begin another change afterwards")
	case (r.noted == "" || r.note.Over) && r.step() == StepNone:
		return "", errors.New("no change has begun")
	}
	if r.step() == StepAdded {
		next, err := r.change.Keep(r.text)
		if err != nil {
			return "", err
		}
		if err := r.write(next); err != nil {
			return "", err
		}
	}
	if err := r.tell(ctx, keyNote{Key: r.holds.Primary, Used: true, Over: true}, "abandoned", 0); err != nil {
		return "", err
	}
	return fmt.Sprintf("the change is given up; copy %s to every node", r.path), nil
}
