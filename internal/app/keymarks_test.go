package app

import (
	"bytes"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/core/people"
	"avain/internal/platform/keyset"
	"avain/internal/platform/store"
	"avain/internal/platform/store/storetest"
	"avain/internal/secret"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	tinkkeyset "github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
)

// files are the keys as they lie in files.
type files struct {
	secret    secret.Text
	prf, aead []byte
}

func newFiles(t *testing.T) files {
	t.Helper()
	lookup, err := keyset.NewPRF()
	if err != nil {
		t.Fatal(err)
	}
	sealing, err := keyset.NewAEAD()
	if err != nil {
		t.Fatal(err)
	}
	return files{secret.New(), lookup, sealing}
}

func (f files) keys(t *testing.T) keys {
	t.Helper()
	lookup, err := keyset.PRF(f.prf)
	if err != nil {
		t.Fatal(err)
	}
	sealing, err := keyset.AEAD(f.aead)
	if err != nil {
		t.Fatal(err)
	}
	shared, err := keyset.ReadSecret(f.secret)
	if err != nil {
		t.Fatal(err)
	}
	return keys{aead: sealing, people: people.Keys{Lookup: lookup}, shared: shared.Ring, subjects: shared.Subjects, audit: shared.Audit}
}

// edit changes a keyset as an operator does.
func edit(t *testing.T, file []byte, change func(m *tinkkeyset.Manager) error) []byte {
	t.Helper()
	handle, err := insecurecleartextkeyset.Read(tinkkeyset.NewJSONReader(bytes.NewReader(file)))
	if err != nil {
		t.Fatal(err)
	}
	manager := tinkkeyset.NewManagerFromHandle(handle)
	if err := change(manager); err != nil {
		t.Fatal(err)
	}
	if handle, err = manager.Handle(); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, tinkkeyset.NewJSONWriter(&out)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func migrated(t *testing.T) *store.Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "avain.db")
	storetest.Migrated(t, path)
	db, err := store.Open(t.Context(), store.Config{Driver: store.SQLite, Path: path, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// A node with a key of its own is stopped, and told which; looking changes nothing.
func TestWrongKeyIsRecognised(t *testing.T) {
	t.Parallel()
	db, right, other := migrated(t), newFiles(t), newFiles(t)
	if _, err := other.keys(t).recognise(t.Context(), db, lookOnly); err != nil {
		t.Fatalf("before anybody has left a mark: %v", err)
	}
	for range 2 {
		if _, err := right.keys(t).recognise(t.Context(), db, keepMarks); err != nil {
			t.Fatal(err)
		}
	}
	all := []string{"keys.secret_file", "keys.prf_keyset_file", "keys.aead_keyset_file"}
	for _, c := range []struct {
		files files
		wrong []string
	}{
		{files{other.secret, right.prf, right.aead}, all[:1]},
		{files{right.secret, other.prf, right.aead}, all[1:2]},
		{files{right.secret, right.prf, other.aead}, all[2:]},
		{other, all},
	} {
		for _, how := range []recognising{lookOnly, keepMarks} {
			_, err := c.files.keys(t).recognise(t.Context(), db, how)
			if !errors.Is(err, ErrWrongKey) {
				t.Fatalf("%v: %v", c.wrong, err)
			}
			for _, setting := range all {
				if strings.Contains(err.Error(), setting) != slices.Contains(c.wrong, setting) {
					t.Errorf("%v: told %v", c.wrong, err)
				}
			}
		}
	}
	// Taken over on purpose, and then the old ones are the wrong ones.
	mixed := files{right.secret, other.prf, other.aead}
	taken, err := mixed.keys(t).recognise(t.Context(), db, takeOver)
	if err != nil || !slices.Equal(taken, all[1:]) {
		t.Errorf("taken over %v, %v", taken, err)
	}
	if taken, err := mixed.keys(t).recognise(t.Context(), db, takeOver); err != nil || len(taken) != 0 {
		t.Errorf("taken over again %v, %v", taken, err)
	}
	if _, err := right.keys(t).recognise(t.Context(), db, keepMarks); !errors.Is(err, ErrWrongKey) {
		t.Errorf("the keys from before: %v", err)
	}
}

// While nodes get a new key one after the other nobody is stopped; whoever has missed it is
// stopped once it is in use, and so is who still has the old one alone.
func TestKeysetsChangeNodeByNode(t *testing.T) {
	t.Parallel()
	templates := map[string]*tinkpb.KeyTemplate{"prf": prf.HMACSHA256PRFKeyTemplate(), "aead": aead.AES256GCMKeyTemplate()}
	for which, template := range templates {
		t.Run(which, func(t *testing.T) {
			t.Parallel()
			db, old := migrated(t), newFiles(t)
			var id uint32
			with := func(change func(m *tinkkeyset.Manager) error, from files) files {
				if which == "prf" {
					from.prf = edit(t, from.prf, change)
				} else {
					from.aead = edit(t, from.aead, change)
				}
				return from
			}
			added := with(func(m *tinkkeyset.Manager) (err error) { id, err = m.Add(template); return err }, old)
			promoted := with(func(m *tinkkeyset.Manager) error { return m.SetPrimary(id) }, added)
			start := func(f files) error {
				_, err := f.keys(t).recognise(t.Context(), db, keepMarks)
				return err
			}
			for step, f := range []files{old, added, old, added, promoted, added, promoted} {
				if err := start(f); err != nil {
					t.Fatalf("step %d: %v", step, err)
				}
			}
			if err := start(old); !errors.Is(err, ErrWrongKey) {
				t.Errorf("without the key that is in use: %v", err)
			}
		})
	}
}

// Nodes with different keys that start at once on a new database: one set wins.
func TestFirstMarksRace(t *testing.T) {
	t.Parallel()
	db := migrated(t)
	nodes := make([]keys, 4)
	for i := range nodes {
		nodes[i] = newFiles(t).keys(t)
	}
	won := make(chan int, len(nodes))
	done := make(chan error, len(nodes))
	for i, k := range nodes {
		go func() {
			_, err := k.recognise(t.Context(), db, keepMarks)
			if err == nil {
				won <- i
			}
			done <- err
		}()
	}
	for range nodes {
		if err := <-done; err != nil && !errors.Is(err, ErrWrongKey) {
			t.Error(err)
		}
	}
	if len(won) > 1 {
		t.Errorf("%d different keys were taken", len(won))
	}
}
