package keyset_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"avain/internal/platform/keyset"
	"avain/internal/secret"
)

// A key of every kind is added, used, and the old one dropped, without another program. What
// the old one has made is good until then, and neither step is a surprise when it is done twice.
func TestChange(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]struct {
		change keyset.Change
		make   func() ([]byte, error)
	}{
		"prf": {keyset.ChangePRF, keyset.NewPRF}, "aead": {keyset.ChangeAEAD, keyset.NewAEAD},
		"secret": {keyset.ChangeSecret, func() ([]byte, error) { return []byte(secret.New().Reveal() + "\n"), nil }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			old, err := kind.make()
			if err != nil {
				t.Fatal(err)
			}
			holds := func(text []byte) keyset.Holding {
				t.Helper()
				h, err := kind.change.Holds(text)
				if err != nil {
					t.Fatal(err)
				}
				return h
			}
			step := func(do func([]byte) ([]byte, error), text []byte) []byte {
				t.Helper()
				next, err := do(text)
				if err != nil {
					t.Fatal(err)
				}
				return next
			}
			first := holds(old).Primary
			added := step(kind.change.Add, old)
			h := holds(added)
			if len(h.Keys) != 2 || h.Primary != first || h.Newest() == first || !h.Has(first) || h.Ordered()[0] != first {
				t.Fatalf("added: %+v", h)
			}
			used := step(kind.change.Use, added)
			if u := holds(used); u.Primary != h.Newest() || u.Newest() != h.Newest() || len(u.Keys) != 2 || !slices.Equal(holds(step(kind.change.Use, used)).Ordered(), u.Ordered()) {
				t.Errorf("used: %+v", u)
			}
			kept := step(kind.change.Keep, used)
			if k := holds(kept); len(k.Keys) != 1 || k.Primary != h.Newest() {
				t.Errorf("kept: %+v", k)
			}
			if again := step(kind.change.Keep, kept); !bytes.Equal(bytes.TrimSpace(again), bytes.TrimSpace(kept)) {
				t.Error("kept again is another file")
			}
			if back := holds(step(kind.change.Keep, added)); back.Primary != first || len(back.Keys) != 1 {
				t.Errorf("given up: %+v", back)
			}
		})
	}
}

// What is derived of the secret for ever stays as it was, whichever secret comes after.
func TestSecretKeepsWhatCannotChange(t *testing.T) {
	t.Parallel()
	text := secret.New()
	first, err := keyset.ReadSecret(text)
	if err != nil {
		t.Fatal(err)
	}
	if !first.Subjects.Equal(text.Derive("pairwise subjects")) || !first.Audit.Equal(text.Derive("audit chain")) {
		t.Error("an installation that has one secret would know people by other subjects")
	}
	file := []byte(text.Reveal())
	for _, do := range []func([]byte) ([]byte, error){keyset.ChangeSecret.Add, keyset.ChangeSecret.Use, keyset.ChangeSecret.Keep, keyset.ChangeSecret.Add} {
		if file, err = do(file); err != nil {
			t.Fatal(err)
		}
		s, err := keyset.ReadSecret(secret.Of(string(file)))
		if err != nil || !s.Subjects.Equal(first.Subjects) || !s.Audit.Equal(first.Audit) {
			t.Fatalf("subjects or audit log changed: %v", err)
		}
	}
	if strings.Contains(string(file), text.Reveal()) {
		t.Error("the old secret is in the file still")
	}
	if _, err := keyset.ChangeSecret.Add(file); err == nil {
		t.Error("a third generation")
	}
	if _, err := keyset.ReadSecret(secret.Of("openssl wraps\nlong texts over two lines: they are one secret")); err != nil {
		t.Error(err)
	}
}

func TestWrongSecretFiles(t *testing.T) {
	t.Parallel()
	const long = "canary-canary-canary-canary-canary-canary"
	for _, text := range []string{
		"", "short canary", "{", "{}", `{"generations":[]}`, `{"generations":["` + long + `"],"current":0}`,
		`{"generations":["` + long + `"],"current":1,"subjects":"` + long + `","audit_chain":"` + long + `"}`,
		`{"generations":["` + long + `"],"current":-1,"subjects":"` + long + `","audit_chain":"` + long + `"}`,
		`{"generations":["` + long + `"],"current":0,"subjects":"` + long + `","audit_chain":"` + long + `","x":1}`,
		`{"generations":["` + long + `"],"current":0,"subjects":"` + long + `","audit_chain":"` + long + `"} {}`,
		`{"generations":["` + long + `","canary"],"current":0,"subjects":"` + long + `","audit_chain":"` + long + `"}`,
	} {
		if _, err := keyset.ReadSecret(secret.Of(text)); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", text, err)
		}
	}
}
