package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"avain/internal/config"
	"avain/internal/domain/fault"
	"avain/internal/platform/keyset"
	"avain/internal/platform/store"
	"avain/internal/secret"
)

// A key outside the database is changed in three steps, each by one run of avain keys rotate
// (docs/decisions/0031): the new key is added, and every node gets it; it is used; and the
// old one is dropped when nothing needs it any more. Between the runs the operator carries
// the file to the other nodes. The database knows how far the change has come, and each node
// tells there which keys it holds, so that no step is taken too early.

// The steps of a change.
const (
	StepNone  = "none"  // there is one key, and no change
	StepAdded = "added" // there is a new one, which is not used
	StepUsed  = "used"  // it is used, and the old one is there still
)

// KeyChange is how far the change of a key has come.
type KeyChange struct {
	Key   string    `json:"id"`   // as avain keys rotate calls it
	File  string    `json:"file"` // where it is
	Step  string    `json:"step"`
	Did   string    `json:"done,omitempty"`  // what this run has done
	Nodes int       `json:"nodes"`           // that run
	Ready int       `json:"nodes_ready"`     // of them, for the next step
	After time.Time `json:"after,omitzero"`  // the next step comes no sooner
	Needs []KeyNeed `json:"needs,omitempty"` // what still needs the old key
	Next  string    `json:"next"`            // what the operator does
}

// KeyNeed is what would be lost with the old key.
type KeyNeed struct {
	What  string `json:"what"`
	Count int64  `json:"count"`
	Lost  string `json:"lost"`
}

// needed is how much would be lost.
func (c KeyChange) needed() (n int64) {
	for _, need := range c.Needs {
		n += need.Count
	}
	return n
}

// Waits reports that the next step cannot be taken yet.
func (c KeyChange) Waits(now time.Time) bool {
	return c.Ready < c.Nodes || now.Before(c.After) || c.needed() > 0
}

// Text says it to people.
func (c KeyChange) Text() string {
	var b strings.Builder
	if c.Did != "" {
		fmt.Fprintln(&b, c.Did)
	}
	if c.Step != StepNone {
		fmt.Fprintf(&b, "%d of %d running nodes are ready for the next step\n", c.Ready, c.Nodes)
	}
	for _, need := range c.Needs {
		fmt.Fprintf(&b, "needs the old key: %d %s (%s)\n", need.Count, need.What, need.Lost)
	}
	if !c.After.IsZero() {
		fmt.Fprintf(&b, "the next step comes at %s at the earliest\n", c.After.UTC().Format("2006-01-02 15:04 MST"))
	}
	fmt.Fprintf(&b, "next: %s", c.Next)
	return b.String()
}

// changeable is a file whose keys can be changed.
type changeable struct {
	name, setting string
	path          string // empty: it comes from a variable
	change        keyset.Change
	put           func(*config.Keys, secret.Text) // its text into a configuration; nil: it has no mark

	before, after time.Duration // for which everybody knows the new key before it is used; for which the old one stays
	work          func(ctx context.Context, r *rotation) error
	needs         func(ctx context.Context, r *rotation) ([]KeyNeed, error)

	// Of a key that somebody outside must be told of; each may be nil.
	beside  string                                                                       // a file that goes along with this one
	ready   func() error                                                                 // whether it can be changed at all
	prepare func(r *rotation) error                                                      // when the new key is there
	using   func(ctx context.Context, r *rotation, how RotateHow) (goOn bool, err error) // just before it is used
	also    func(step string) string                                                     // what else to do before the next step
}

// afterSecret is for how long something lives that the shared secret makes and nobody counts:
// logins, QR codes, nonces, the links for new passwords, each with room to spare.
const afterSecret = time.Hour

func changeables(c config.Config) []changeable {
	k := c.Keys
	return append([]changeable{
		{
			name: "secret", setting: secretSetting, path: fileOf(k.SecretFile, k.SecretEnv), change: keyset.ChangeSecret, after: max(afterSecret, 2*c.Lifetimes.Attempt),
			put: func(k *config.Keys, text secret.Text) { k.Secret = text }, needs: secretNeeds,
		},
		{
			name: "prf", setting: "keys.prf_keyset_file", path: fileOf(k.PRFKeysetFile, k.PRFKeysetEnv), change: keyset.ChangePRF,
			put: func(k *config.Keys, text secret.Text) { k.PRFKeyset = text }, work: hashAnew, needs: prfNeeds,
		},
		{
			name: "aead", setting: "keys.aead_keyset_file", path: fileOf(k.AEADKeysetFile, k.AEADKeysetEnv), change: keyset.ChangeAEAD,
			put: func(k *config.Keys, text secret.Text) { k.AEADKeyset = text }, work: sealAnew, needs: aeadNeeds,
		},
	}, brokerChangeables(c)...)
}

// fileOf is the file, unless a variable holds the key: then the default file means nothing.
func fileOf(file, env string) string {
	if env != "" {
		return ""
	}
	return file
}

// keyNote is what the database knows of a change. It has the names of keys only. It stays
// when the change is over: a node that comes back after a month, with the file of a step in
// the middle, must not take the old key for the right one.
type keyNote struct {
	Key   string `json:"key"`             // the new one
	From  string `json:"from,omitempty"`  // the one that it takes the place of
	Known int64  `json:"known,omitempty"` // when all nodes had it, in milliseconds
	Used  bool   `json:"used,omitempty"`  // a file says so
	Since int64  `json:"since,omitempty"` // when all nodes used it
	Over  bool   `json:"over,omitempty"`  // the old one is gone
}

// allows reports whether a node may use a key: the new one, as the first node does before
// anybody has noted it, and the one before, while nodes get the new file one after the other.
func (n keyNote) allows(key string) bool {
	return key == n.Key || key == n.From && n.Since == 0 && !n.Over
}

// readNote answers the note and its text; an empty text, when there is no change.
func readNote(ctx context.Context, db *store.Store, name string) (note keyNote, text string, err error) {
	text, err = db.Keys.KeyChange(ctx, name)
	if errors.Is(err, fault.ErrNotFound) {
		return note, "", nil
	}
	if err == nil {
		err = json.Unmarshal([]byte(text), &note)
	}
	return note, text, err
}

// rotation is a change of one key, as it stands.
type rotation struct {
	changeable
	c   config.Config
	db  *store.Store
	log *slog.Logger
	now func() time.Time

	text    []byte
	holds   keyset.Holding
	keys    keys // of the configuration, with this file as it is now
	note    keyNote
	noted   string             // the note's text
	nodes   [][]string         // this key's names on each node that runs, the one in use first
	interim func(string) error // tests kill the process here; else nil
}

// read reads the file and what the database knows.
func (r *rotation) read(ctx context.Context) (err error) {
	if r.path == "" {
		return fmt.Errorf("%s: the key comes from a variable, which this command cannot write; put it into a file for the change", r.setting)
	}
	if r.text, err = os.ReadFile(r.path); err != nil {
		return fmt.Errorf("%s: %w", r.setting, err)
	}
	if r.holds, err = r.change.Holds(r.text); err != nil {
		return fmt.Errorf("%s: %w", r.setting, err)
	}
	if r.put != nil {
		r.put(&r.c.Keys, secret.Of(strings.TrimSpace(string(r.text))))
	}
	if r.keys, err = loadKeys(r.c); err != nil {
		return err
	}
	if r.note, r.noted, err = readNote(ctx, r.db, r.name); err != nil {
		return err
	}
	all, err := r.db.Keys.NodeKeys(ctx)
	r.nodes = nil
	for _, names := range all {
		r.nodes = append(r.nodes, namesOf(names, r.name))
	}
	return err
}

// step is where the file stands.
func (r *rotation) step() string {
	switch {
	case len(r.holds.Keys) < 2:
		return StepNone
	case r.holds.Primary == r.holds.Newest():
		return StepUsed
	default:
		return StepAdded
	}
}

// foreign reports that the change was begun with another key than this file has.
func (r *rotation) foreign() bool { return r.noted != "" && !r.note.Over && !r.holds.Has(r.note.Key) }

// look says how far the change has come, and what is next. It changes nothing.
func (r *rotation) look(ctx context.Context) (c KeyChange, err error) {
	c = KeyChange{Key: r.name, File: r.path, Step: r.step(), Nodes: len(r.nodes)}
	again := "avain keys rotate " + r.name
	for _, names := range r.nodes {
		if c.Step == StepAdded && slices.Contains(names, r.holds.Newest()) || c.Step == StepUsed && len(names) > 0 && names[0] == r.holds.Primary || c.Step == StepNone {
			c.Ready++
		}
	}
	files, more := r.path, ""
	if r.beside != "" && c.Step == StepUsed {
		files += " and " + r.beside
	}
	if r.also != nil {
		more = r.also(c.Step)
	}
	carry := fmt.Sprintf("copy %s to every node and restart them, one after the other; then run %s again%s", files, again, more)
	switch {
	case r.foreign():
		c.Next = fmt.Sprintf("the change was begun with the key %s, which this file lacks: take the file from where it was begun; if it is lost, run %s --abandon", r.note.Key, again)
		return c, nil
	case c.Step == StepNone:
		c.Next = again + " begins a change"
		return c, nil
	case c.Ready < c.Nodes:
		c.Next = carry
		return c, nil
	case c.Step == StepAdded:
		c.After = laterThan(r.note.Known, r.before)
		c.Next = again + " lets the new key be used" + more
		if r.note.Known == 0 && len(r.nodes) == 0 {
			c.Next = carry
		}
		return c, nil
	}
	c.After = laterThan(r.note.Since, r.after)
	if r.needs != nil {
		if c.Needs, err = r.needs(ctx, r); err != nil {
			return c, err
		}
	}
	c.Next = again + " drops the old key" + more
	if n := c.needed(); n > 0 {
		c.Next = fmt.Sprintf("run %s again later: what needs the old key moves on as people come; %s --force %d drops it all the same", again, again, n)
	}
	return c, nil
}

// laterThan is zero while the time is not known.
func laterThan(ms int64, by time.Duration) time.Time {
	if ms == 0 || by == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).Add(by)
}

// keyNames are what a node tells the others: "aead=2,1 prf=4 secret=ab12".
func keyNames(all map[string]keyset.Holding) string {
	var words []string
	for name, h := range all {
		words = append(words, name+"="+strings.Join(h.Ordered(), ","))
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

// namesOf are those of one key.
func namesOf(told, name string) []string {
	for word := range strings.FieldsSeq(told) {
		if names, ok := strings.CutPrefix(word, name+"="); ok {
			return strings.Split(names, ",")
		}
	}
	return nil
}
