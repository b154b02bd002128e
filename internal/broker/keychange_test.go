package broker

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func kidsOf(keys []ourKey) (kids []string) {
	for _, k := range keys {
		kids = append(kids, k.kid)
	}
	return kids
}

// Our key for a broker is changed within its file: the new one is published or opens first,
// then it is used, and what a key is called does not change while it is there.
func TestThreat64KeyFilesChange(t *testing.T) {
	t.Parallel()
	file := KeyFile{File: keyFile(t, testSigning()), KID: "as-registered"}
	read := func() []byte {
		t.Helper()
		text, err := os.ReadFile(file.File)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	step := func(do func([]byte) ([]byte, error), want int) []string {
		t.Helper()
		next, err := do(read())
		if err == nil {
			err = os.WriteFile(file.File, next, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		keys, err := loadKeys([]KeyFile{file})
		if err != nil || len(keys) != want {
			t.Fatalf("%d keys, %v", len(keys), err)
		}
		return kidsOf(keys)
	}
	added := step(ChangeKeys.Add, 2)
	if added[0] != "as-registered" || len(added[1]) != 43 {
		t.Errorf("added: %q", added)
	}
	h, err := ChangeKeys.Holds(read())
	if err != nil || len(h.Keys) != 2 || h.Primary != h.Keys[0] {
		t.Errorf("added: %+v, %v", h, err)
	}
	used := step(ChangeKeys.Use, 2)
	if !slices.Equal(used, []string{added[1], "as-registered"}) {
		t.Errorf("used: %q", used)
	}
	if u, err := ChangeKeys.Holds(read()); err != nil || u.Primary != u.Newest() || u.Newest() != h.Newest() {
		t.Errorf("used: %+v, %v", u, err)
	}
	if kept := step(ChangeKeys.Keep, 1); kept[0] != added[1] {
		t.Errorf("kept: %q", kept)
	}
	for _, text := range []string{"", "{}", "canary"} {
		if _, err := ChangeKeys.Add([]byte(text)); err == nil || bytes.Contains([]byte(err.Error()), []byte("canary")) {
			t.Errorf("%q: %v", text, err)
		}
		if _, err := ChangeKeys.Use([]byte(text)); err == nil {
			t.Errorf("%q is used", text)
		}
	}
}

// A broker believes the statement that it was handed: which of two entity keys signs is
// decided by that statement's file alone, and the next statement says the same as the first.
func TestThreat64StatementChoosesTheEntityKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetOP, nil)
	config := w.config
	old, err := NewStatement(config, Deps{Now: w.clock.Now, CallbackURL: callbackURL})
	if err != nil {
		t.Fatal(err)
	}
	config.OurKeys.StatementFile = writeFile(t, "ours.jwt", old)
	text, err := os.ReadFile(config.OurKeys.Entity.File)
	if err != nil {
		t.Fatal(err)
	}
	first, err := loadEntity(config.OurKeys)
	if err != nil {
		t.Fatal(err)
	}
	added, err := ChangeKeys.Add(text)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "entity.pem")
	config.OurKeys.Entity = &KeyFile{File: file, KID: config.OurKeys.Entity.KID}
	signs := func(text []byte) string {
		t.Helper()
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		key, err := loadEntity(config.OurKeys)
		if err != nil {
			t.Fatal(err)
		}
		if mistakes := config.Validate("brokers[0]"); len(mistakes) > 0 {
			t.Errorf("refused: %v", mistakes)
		}
		return key.kid
	}
	if signs(added) != first.kid {
		t.Error("the new key signs before the broker knows it")
	}
	next, err := NextStatement(config, Deps{Now: w.clock.Now, CallbackURL: callbackURL}, added)
	if err != nil || SignedBy(old, added) || !SignedBy(next, added) {
		t.Fatalf("the next statement is not the new key's: %v", err)
	}
	used, err := ChangeKeys.Use(added)
	if err != nil {
		t.Fatal(err)
	}
	if signs(used) != first.kid {
		t.Error("the new key signs while the old statement is the broker's")
	}
	config.OurKeys.StatementFile = writeFile(t, "next.jwt", next)
	for _, text := range [][]byte{added, used} {
		if kid := signs(text); kid == first.kid {
			t.Error("the old key signs though the broker has the new statement")
		}
	}
	s, err := readOurStatement(config.OurKeys.StatementFile, first)
	if err != nil || !s.expires.After(w.clock.Now()) {
		t.Errorf("the next statement: %v, ends %s", err, s.expires)
	}
}
