package app

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"avain/internal/broker"
	"avain/internal/config"
	"avain/internal/core/people"
	"avain/internal/domain/hetu"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/platform/passhash"
	"avain/internal/platform/store"
	"avain/internal/platform/store/storetest"
	"avain/internal/protocol/signing"
	"avain/internal/secret"
)

// keyWorld is an installation of two nodes whose keys change.
type keyWorld struct {
	*testing.T
	database config.Database
	now      time.Time
	here     string // the node on which the operator works
	there    string // the other one
	db       *store.Store
}

var keyNamesInFiles = map[string]string{"secret": "secret", "prf": "prf.json", "aead": "aead.json"}

// onBothDatabases runs a test of each key on each database.
func onBothDatabases(t *testing.T, names []string, test func(w *keyWorld, name string)) {
	t.Helper()
	t.Parallel()
	for _, driver := range []store.Driver{store.SQLite, store.Postgres} {
		for _, name := range names {
			t.Run(fmt.Sprintf("%s/%s", driver, name), func(t *testing.T) {
				t.Parallel()
				test(newKeyWorld(t, driver), name)
			})
		}
	}
}

func newKeyWorld(t *testing.T, driver store.Driver) *keyWorld {
	t.Helper()
	w := &keyWorld{T: t, now: time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC), here: t.TempDir(), there: t.TempDir()}
	w.database = config.Database{Driver: config.Driver(driver), MaxConnections: 4}
	if driver == store.Postgres {
		w.database.Connection = secret.Of(storetest.FreshPostgres(t))
	} else {
		w.database.Path = storetest.Fresh(t)
	}
	files := newFiles(t)
	for name, text := range map[string][]byte{"secret": []byte(files.secret.Reveal() + "\n"), "prf.json": files.prf, "aead.json": files.aead} {
		for _, dir := range []string{w.here, w.there} {
			w.must(os.WriteFile(filepath.Join(dir, name), text, 0o600))
		}
	}
	w.must(Migrate(t.Context(), w.config(w.here), slog.New(slog.DiscardHandler)))
	w.db = w.open(w.here)
	return w
}

func (w *keyWorld) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *keyWorld) config(dir string) config.Config {
	w.Helper()
	read := func(name string) secret.Text {
		text, err := os.ReadFile(filepath.Join(dir, name))
		w.must(err)
		return secret.Of(strings.TrimSpace(string(text)))
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	return config.Config{
		Database: w.database, Lifetimes: config.Lifetimes{Attempt: 10 * time.Minute}, HETU: config.HETU{KeepOriginal: true},
		Keys: config.Keys{
			SecretFile: at("secret"), PRFKeysetFile: at("prf.json"), AEADKeysetFile: at("aead.json"),
			Secret: read("secret"), PRFKeyset: read("prf.json"), AEADKeyset: read("aead.json"), AuditBegunFile: at("audit-begun"),
		},
	}
}

// open is the store of a node that starts with the keys in a folder.
func (w *keyWorld) open(dir string) *store.Store {
	w.Helper()
	c := storeConfig(w.config(dir), slog.New(slog.DiscardHandler), func() time.Time { return w.now }, operations.AuditHead{})
	c.KeyNames = keyNames(w.keys(dir).holds)
	db, err := store.Open(w.Context(), c)
	w.must(err)
	w.Cleanup(func() {
		if err := db.Close(); err != nil {
			w.Error(err)
		}
	})
	return db
}

func (w *keyWorld) keys(dir string) keys {
	w.Helper()
	k, err := loadKeys(w.config(dir))
	w.must(err)
	return k
}

// start is what a node does when it starts, as far as its keys go: it is refused, or lives.
func (w *keyWorld) start(dir string) error {
	w.Helper()
	if _, err := w.keys(dir).recognise(w.Context(), w.db, keepMarks); err != nil {
		return err
	}
	_, err := w.open(dir).Beat(w.Context(), dir, 0)
	return err
}

// restart gives both nodes the file, one after the other, and starts them.
func (w *keyWorld) restart(name string) {
	w.Helper()
	text, err := os.ReadFile(filepath.Join(w.here, keyNamesInFiles[name]))
	w.must(err)
	w.must(w.start(w.here))
	w.must(w.start(w.there)) // with the file of before: both can run
	w.must(os.WriteFile(filepath.Join(w.there, keyNamesInFiles[name]), text, 0o600))
	w.must(w.start(w.there))
}

func (w *keyWorld) rotate(name string, how RotateHow, interim func(string) error) (KeyChange, error) {
	w.Helper()
	d := Deps{Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return w.now }}
	return rotateKey(w.Context(), w.config(w.here), name, how, d, interim)
}

// step takes a step, after which the change must stand there.
func (w *keyWorld) step(name, want string) KeyChange {
	w.Helper()
	change, err := w.rotate(name, RotateHow{}, nil)
	if err != nil || change.Step != want {
		w.Fatalf("%s: %+v, %v; want %s", name, change, err, want)
	}
	return change
}

// people of this node, with its keys.
func (w *keyWorld) people(dir string) *people.People {
	w.Helper()
	k := w.keys(dir)
	hasher, err := passhash.New(passhash.Config{
		Params: passhash.Params{MemoryKiB: 64, Passes: 1, Threads: 1}, Peppers: k.shared.Derive("passwords"), Slots: 1,
	})
	w.must(err)
	return people.New(people.Deps{
		People: w.db.People, Lookups: w.db.Keys, Credentials: w.db.People, Employments: w.db.Employments,
		Invitations: w.db.Employments, Limits: w.db.Limits, Jobs: w.db.Operations, Keys: people.Keys{Lookup: k.people.Lookup}, Now: func() time.Time { return w.now }, Passwords: hasher,
		TicketKeys: k.shared.Derive("invitations"), InvitationLife: 30 * 24 * time.Hour,
	})
}

const (
	aCode     = "100190-999P"
	aPassword = "hevonen paristo niitti"
)

// inhabit gives every key something that it has made.
func (w *keyWorld) inhabit() {
	w.Helper()
	p := w.people(w.here)
	code, err := hetu.Parse(aCode, hetu.Lenient)
	w.must(err)
	hash, err := p.HashPassword(w.Context(), secret.Of(aPassword))
	w.must(err)
	_, err = p.AddSmartum(w.Context(), code, login.Person{Name: "Aino", Email: "aino@example.com"}, "aino", hash)
	w.must(err)
	w.must(w.signer(w.here).Start(w.Context()))
}

func (w *keyWorld) signer(dir string) *signing.Signer {
	w.Helper()
	s, err := signing.New(signing.Config{
		Store: w.db.Keys, AEAD: w.keys(dir).aead, Issuer: "https://login.example.com", Algs: []string{"ES256"}, ActiveFor: 30 * 24 * time.Hour,
		HintLife: 365 * 24 * time.Hour, Now: func() time.Time { return w.now },
	})
	w.must(err)
	return s
}

// works proves that a node with these keys knows everybody and opens everything.
func (w *keyWorld) works(dir string) {
	w.Helper()
	code, err := hetu.Parse(aCode, hetu.Lenient)
	w.must(err)
	if p, err := w.people(dir).ByCode(w.Context(), code); err != nil || p.Name != "Aino" {
		w.Errorf("the person is a stranger: %v", err)
	}
	if err := w.signer(dir).Start(w.Context()); err != nil {
		w.Errorf("the keys that sign tokens do not open: %v", err)
	}
	if _, err := w.people(dir).CheckPassword(w.Context(), people.Try{Name: "aino", Password: secret.Of(aPassword)}); err != nil {
		w.Errorf("the password is wrong: %v", err)
	}
}

var allKeys = []string{"secret", "prf", "aead"}

// The whole way: no step is taken before the nodes are ready, a node with the file of before
// can run beside one with the next, and the old key goes when nothing needs it.
func TestThreat62RotationLosesNothing(t *testing.T) {
	onBothDatabases(t, allKeys, func(w *keyWorld, name string) {
		w.must(w.start(w.here))
		w.must(w.start(w.there))
		w.inhabit()
		old := w.backup(name)
		w.step(name, StepAdded)
		if c := w.step(name, StepAdded); c.Ready != 0 || c.Nodes != 2 || !strings.Contains(c.Next, "copy ") {
			w.Fatalf("before any node has it: %+v", c)
		}
		w.must(w.start(w.here))
		if c := w.step(name, StepAdded); c.Ready != 1 {
			w.Fatalf("before all have it: %+v", c)
		}
		w.restart(name)
		added := w.backup(name)
		w.step(name, StepUsed)
		if err := w.startWith(name, old); !errors.Is(err, ErrWrongKey) {
			w.Errorf("a node without the new key starts: %v", err)
		}
		if c := w.step(name, StepUsed); c.Ready != 0 {
			w.Errorf("before any node uses it: %+v", c)
		}
		w.restart(name)
		w.works(w.here)
		if name == "aead" { // what it has sealed, the command seals anew
			w.step(name, StepNone)
		} else {
			w.step(name, StepUsed)
			if err := w.startWith(name, added); !errors.Is(err, ErrOldKey) {
				w.Errorf("a node that makes what is lost tomorrow starts: %v", err)
			}
			w.loginAgain()
			w.now = w.now.Add(2 * afterSecret)
			w.step(name, StepNone)
		}
		w.works(w.here)
		w.alone(name)
		stale := func(when string) {
			w.Helper()
			if err := w.startWith(name, added); !errors.Is(err, ErrOldKey) {
				w.Errorf("%s, a node starts that was away since the first step: %v", when, err)
			}
			w.must(w.start(w.here)) // and it has not made its key the right one
		}
		stale("when the change is over")
		if c := w.step(name, StepAdded); c.Did == "" {
			w.Errorf("another change does not begin: %+v", c)
		}
		stale("in the next change")
	})
}

func (w *keyWorld) backup(name string) []byte {
	w.Helper()
	text, err := os.ReadFile(filepath.Join(w.here, keyNamesInFiles[name]))
	w.must(err)
	return text
}

// startWith starts a third node that has another file of one key.
func (w *keyWorld) startWith(name string, text []byte) error {
	w.Helper()
	dir := w.TempDir()
	for _, file := range keyNamesInFiles {
		content, err := os.ReadFile(filepath.Join(w.here, file))
		w.must(err)
		if file == keyNamesInFiles[name] {
			content = text
		}
		w.must(os.WriteFile(filepath.Join(dir, file), content, 0o600))
	}
	_, err := w.keys(dir).recognise(w.Context(), w.db, keepMarks)
	return err
}

// loginAgain is the person, who comes back.
func (w *keyWorld) loginAgain() {
	w.Helper()
	code, err := hetu.Parse(aCode, hetu.Lenient)
	w.must(err)
	_, err = w.people(w.here).Identify(w.Context(), login.Identity{HETU: code, Name: "Aino"})
	w.must(err)
	_, err = w.people(w.here).CheckPassword(w.Context(), people.Try{Name: "aino", Password: secret.Of(aPassword)})
	w.must(err)
}

// alone: one key is left, in a file of ours alone, and the one before is beside it.
func (w *keyWorld) alone(name string) {
	w.Helper()
	for _, file := range []string{keyNamesInFiles[name], keyNamesInFiles[name] + ".old"} {
		info, err := os.Stat(filepath.Join(w.here, file))
		w.must(err)
		if info.Mode().Perm() != 0o600 {
			w.Errorf("%s has mode %o", file, info.Mode().Perm())
		}
	}
	if n := len(w.keys(w.here).holds[name].Keys); n != 1 {
		w.Errorf("%d keys are left", n)
	}
	if left, err := filepath.Glob(filepath.Join(w.here, ".keys-*")); err != nil || len(left) > 0 {
		w.Errorf("drafts are left: %v, %v", left, err)
	}
}

var errKilled = errors.New("killed")

// Whenever it is killed, the file is the old or the next one, both are good with the database,
// and the next run goes on to the same end.
func TestThreat62RotationIsKilledAnywhere(t *testing.T) {
	onBothDatabases(t, allKeys, func(w *keyWorld, name string) {
		w.must(w.start(w.here))
		w.inhabit()
		for kill := 0; ; kill++ {
			point, died := 0, false
			for steps := 0; ; steps++ {
				change, err := w.rotate(name, RotateHow{}, func(string) error {
					if point++; point-1 == kill {
						died = true
						return errKilled
					}
					return nil
				})
				switch {
				case errors.Is(err, errKilled):
				case err != nil:
					w.Fatalf("killed at point %d: %v", kill, err)
				}
				w.must(w.start(w.here))
				w.works(w.here)
				w.loginAgain()
				w.now = w.now.Add(2 * afterSecret)
				if err == nil && change.Step == StepNone {
					break
				}
				if steps > 10 {
					w.Fatalf("killed at point %d it comes to no end: %+v", kill, change)
				}
			}
			if !died {
				if kill < 6 {
					w.Errorf("there were only %d points to die at", kill)
				}
				return
			}
		}
	})
}

// Of two operators who begin on two nodes, one does; the other is told, and whose file was
// lost gives up.
func TestRotationBeginsOnce(t *testing.T) {
	onBothDatabases(t, allKeys, func(w *keyWorld, name string) {
		old := w.backup(name)
		w.step(name, StepAdded)
		lost := w.backup(name)
		w.must(os.WriteFile(filepath.Join(w.here, keyNamesInFiles[name]), old, 0o600)) // the other node
		change := w.step(name, StepNone)
		if change.Did != "" || !strings.Contains(change.Next, "--abandon") {
			t.Errorf("begun twice: %+v", change)
		}
		w.must(os.WriteFile(filepath.Join(w.here, keyNamesInFiles[name]), lost, 0o600))
		if _, err := w.rotate(name, RotateHow{Abandon: true}, nil); err != nil {
			t.Fatal(err)
		}
		if got := w.keys(w.here).holds[name]; len(got.Keys) != 1 {
			t.Errorf("after it was given up: %+v", got)
		}
		if _, err := w.rotate(name, RotateHow{Abandon: true}, nil); err == nil {
			t.Error("given up what had not begun")
		}
		w.step(name, StepAdded)
		w.step(name, StepUsed)
		if _, err := w.rotate(name, RotateHow{Abandon: true}, nil); err == nil {
			t.Error("given up what is used")
		}
	})
}

// The old key of identity codes goes only when nobody needs it, or when the operator says how
// many will be strangers.
func TestThreat62ForceNeedsTheNumber(t *testing.T) {
	onBothDatabases(t, []string{"prf", "secret"}, func(w *keyWorld, name string) {
		w.inhabit()
		w.step(name, StepAdded)
		w.step(name, StepUsed)
		w.now = w.now.Add(time.Hour)
		if c := w.step(name, StepUsed); c.needed() != 1 || len(c.Needs) != 1 {
			t.Fatalf("one needs it: %+v", c)
		}
		statuses, err := KeyStatuses(w.Context(), w.config(w.here), slog.New(slog.DiscardHandler), w.now)
		w.must(err)
		for _, s := range statuses {
			if s.Change != nil && (s.Change.Key != name || s.Change.needed() != 1 || s.State != KeyChanging) {
				t.Errorf("status: %+v", s)
			}
		}
		for _, n := range []int64{0, 2} {
			if _, err := w.rotate(name, RotateHow{Force: &n}, nil); err == nil {
				t.Errorf("forced with %d", n)
			}
		}
		n := int64(1)
		if c, err := w.rotate(name, RotateHow{Force: &n}, nil); err != nil || c.Step != StepNone {
			t.Errorf("forced with the number: %+v, %v", c, err)
		}
		entries, _, err := w.db.Audit.SearchAudit(w.Context(), operations.AuditQuery{Action: "keys.rotate", Limit: 10})
		if err != nil || len(entries) != 3 || entries[0].Detail["forced"] != "1" {
			t.Errorf("the audit log: %+v, %v", entries, err)
		}
	})
}

// Whoever goes back to an old file on purpose says so, and that ends the change.
func TestAcceptedKeysEndAChange(t *testing.T) {
	onBothDatabases(t, allKeys, func(w *keyWorld, name string) {
		old := w.backup(name)
		for _, step := range []string{StepAdded, StepUsed} {
			w.step(name, step)
		}
		w.must(os.WriteFile(filepath.Join(w.here, keyNamesInFiles[name]), old, 0o600))
		log := slog.New(slog.DiscardHandler)
		if taken, err := AcceptKeys(w.Context(), w.config(w.here), log); err != nil || len(taken) != 1 {
			w.Fatalf("%v, %v", taken, err)
		}
		w.must(w.start(w.here))
		w.step(name, StepAdded)
	})
}

// A kept code lets the command move its owner by itself.
func TestRotationHashesKeptCodes(t *testing.T) {
	onBothDatabases(t, []string{"prf"}, func(w *keyWorld, name string) {
		k := w.keys(w.here)
		p := people.New(people.Deps{
			People: w.db.People, Lookups: w.db.Keys, Credentials: w.db.People, Employments: w.db.Employments,
			Invitations: w.db.Employments, Limits: w.db.Limits, Jobs: w.db.Operations, Keys: k.people, Now: time.Now,
		})
		code, err := hetu.Parse(aCode, hetu.Lenient)
		w.must(err)
		_, _, err = p.Add(w.Context(), code, login.Person{Name: "Aino"})
		w.must(err)
		w.step(name, StepAdded)
		w.step(name, StepUsed)
		w.step(name, StepNone)
		if got, err := w.people(w.here).ByCode(w.Context(), code); err != nil || got.Name != "Aino" {
			t.Errorf("whose code is kept: %+v, %v", got, err)
		}
	})
}

func TestReplaceFileFollowsLinks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, link := filepath.Join(dir, "real"), filepath.Join(dir, "link")
	if err := errors.Join(os.WriteFile(file, []byte("old"), 0o640), os.Chmod(file, 0o640), os.Symlink(file, link), replaceFile(link, []byte("new"))); err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(link)
	if err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is a file now: %v", err)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "new" {
		t.Errorf("%q, %v", text, err)
	}
	if info, err = os.Stat(file); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the service's group can read it no more, or others can: %v, %v", info.Mode(), err)
	}
	unlock, err := lockDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lockDir(dir); !errors.Is(err, errChanging) {
		t.Errorf("two at once: %v", err)
	}
	if err := unlock(); err != nil {
		t.Fatal(err)
	}
}

// brokered is an installation with a broker of the preset, whose keys change.
func brokered(t *testing.T, preset broker.Preset) (*keyWorld, config.Config) {
	t.Helper()
	w := newKeyWorld(t, store.SQLite)
	b := broker.Config{ID: "telia", Preset: preset}
	key := func(use string) broker.KeyFile {
		text, err := broker.NewKey()
		w.must(err)
		file := filepath.Join(w.here, "telia-"+use+".pem")
		w.must(os.WriteFile(file, text, 0o600))
		return broker.KeyFile{File: file}
	}
	c := w.config(w.here)
	c.Public.BaseURL = "https://login.example.com"
	entity := key("entity")
	b.OurKeys = broker.OurKeys{
		Signing: []broker.KeyFile{key("signing")}, Decryption: []broker.KeyFile{key("decryption")}, Entity: &entity, OrganizationName: "Esimerkki Oy",
	}
	b.ClientID = "example-client"
	b.BrokerKeys.EntityKeysFile = "unused"
	c.Brokers = []broker.Config{b}
	return w, c
}

// A broker has known a new key for a day before it is used, and the old one is there for a day
// afterwards, whatever the operator asks for.
func TestThreat64BrokersAreGivenTime(t *testing.T) {
	t.Parallel()
	w, c := brokered(t, broker.PresetTelia)
	rotate := func(name, want string) KeyChange {
		t.Helper()
		change, err := RotateKey(t.Context(), c, name, RotateHow{}, Deps{Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return w.now }})
		if err != nil || change.Step != want {
			t.Fatalf("%s: %+v, %v; want %s", name, change, err, want)
		}
		return change
	}
	for name, before := range map[string]time.Duration{"telia/signing": brokerKeeps, "telia/decryption": 0} {
		rotate(name, StepAdded)
		if before > 0 {
			rotate(name, StepAdded)
			w.now = w.now.Add(before - time.Second)
			if change := rotate(name, StepAdded); !change.Waits(w.now) {
				t.Errorf("%s: %+v", name, change)
			}
			w.now = w.now.Add(time.Second)
		}
		rotate(name, StepUsed)
		rotate(name, StepUsed)
		w.now = w.now.Add(brokerKeeps - time.Second)
		rotate(name, StepUsed)
		w.now = w.now.Add(time.Second)
		rotate(name, StepNone)
	}
	if _, err := RotateKey(t.Context(), c, "nobody/signing", RotateHow{}, Deps{Log: slog.New(slog.DiscardHandler)}); !errors.Is(err, ErrNoSuchKey) {
		t.Errorf("no such key: %v", err)
	}
	if _, err := RotateKey(t.Context(), c, "telia/entity", RotateHow{}, Deps{Log: slog.New(slog.DiscardHandler)}); err == nil || !strings.Contains(err.Error(), "avain keys statement") {
		t.Errorf("an entity key that the broker knows by no statement of ours: %v", err)
	}
}
