package passhash_test

import (
	"crypto/sha1" //nolint:gosec // the format of lists of leaked passwords
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/platform/passhash"
	"avain/internal/secret"

	"golang.org/x/crypto/argon2"
	"pgregory.net/rapid"
)

// cheap are parameters for tests.
func cheap() passhash.Params { return passhash.Params{MemoryKiB: 64, Passes: 1, Threads: 1} }

func newHasher(t testing.TB, c passhash.Config) *passhash.Hasher {
	t.Helper()
	h, err := passhash.New(c)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// inQueue is a place in the queue of a hasher of its own.
func inQueue(t testing.TB, p passhash.Params, pepper string) *passhash.Place {
	t.Helper()
	place, err := newHasher(t, passhash.Config{Params: p, Peppers: secret.Ring{secret.Of(pepper)}, Slots: 2}).Enter()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(place.Leave)
	return place
}

func TestHashAndVerify(t *testing.T) {
	t.Parallel()
	h := inQueue(t, cheap(), "pepper")
	rapid.Check(t, func(rt *rapid.T) {
		right, wrong := rapid.String().Draw(rt, "right"), rapid.String().Draw(rt, "wrong")
		stored, err := h.Hash(rt.Context(), secret.Of(right))
		if err != nil {
			rt.Fatal(err)
		}
		if err := passhash.Check(stored); err != nil {
			rt.Fatalf("%s: %v", stored, err)
		}
		again, err := h.Hash(rt.Context(), secret.Of(right))
		if err != nil || again == stored {
			rt.Fatalf("the same text twice: the salt is missing (%v)", err)
		}
		if ok, stale, err := h.Verify(rt.Context(), stored, secret.Of(right)); !ok || stale || err != nil {
			rt.Fatalf("right: %v, stale %v, %v", ok, stale, err)
		}
		if ok, _, err := h.Verify(rt.Context(), stored, secret.Of(wrong)); ok != (right == wrong) || err != nil {
			rt.Fatalf("wrong: %v, %v", ok, err)
		}
	})
}

// Whoever has the database but not the key cannot even try: the same password under
// another key is another hash, and the text says so.
func TestThreat08DatabaseAloneCannotBeTried(t *testing.T) {
	t.Parallel()
	stored, err := inQueue(t, cheap(), "pepper").Hash(t.Context(), secret.Of("korrekti hevonen"))
	if err != nil {
		t.Fatal(err)
	}
	if ok, _, err := inQueue(t, cheap(), "another").Verify(t.Context(), stored, secret.Of("korrekti hevonen")); ok || err == nil {
		t.Errorf("verified with another key: %v, %v", ok, err)
	}
	parts := strings.Split(stored, "$")
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		t.Fatal(err)
	}
	plain := base64.RawStdEncoding.EncodeToString(argon2.IDKey([]byte("korrekti hevonen"), salt, 1, 64, 1, 32))
	if plain == parts[5] {
		t.Error("the hash is of the password itself")
	}
}

// A hash that came from another system, or from smaller parameters, verifies and is
// marked for rehashing; one with a wrong password is not.
func TestOldHashesAreStale(t *testing.T) {
	t.Parallel()
	h := inQueue(t, cheap(), "pepper")
	salt := []byte("saltsaltsaltsalt")
	elsewhere := "$argon2id$v=19$m=32,t=2,p=1$" + base64.RawStdEncoding.EncodeToString(salt) + "$" +
		base64.RawStdEncoding.EncodeToString(argon2.IDKey([]byte("vanha salasana"), salt, 2, 32, 1, 32))
	weaker, err := inQueue(t, passhash.Params{MemoryKiB: 32, Passes: 1, Threads: 1}, "pepper").Hash(t.Context(), secret.Of("vanha salasana"))
	if err != nil {
		t.Fatal(err)
	}
	for name, stored := range map[string]string{"elsewhere": elsewhere, "weaker": weaker} {
		if ok, stale, err := h.Verify(t.Context(), stored, secret.Of("vanha salasana")); !ok || !stale || err != nil {
			t.Errorf("%s: right %v, stale %v, %v", name, ok, stale, err)
		}
		if ok, stale, err := h.Verify(t.Context(), stored, secret.Of("väärä")); ok || stale || err != nil {
			t.Errorf("%s with a wrong password: right %v, stale %v, %v", name, ok, stale, err)
		}
	}
}

// A password that the older generation of the pepper has hashed is right, and stale until it
// has been hashed anew; a generation that is gone takes its passwords along.
func TestPeppersChange(t *testing.T) {
	t.Parallel()
	enter := func(peppers ...string) *passhash.Place {
		t.Helper()
		var ring secret.Ring
		for _, p := range peppers {
			ring = append(ring, secret.Of(p))
		}
		place, err := newHasher(t, passhash.Config{Params: cheap(), Peppers: ring, Slots: 2}).Enter()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(place.Leave)
		return place
	}
	old, both, fresh := enter("old"), enter("new", "old"), enter("new")
	typed := secret.Of("korrekti hevonen")
	before, err := old.Hash(t.Context(), typed)
	if err != nil {
		t.Fatal(err)
	}
	after, err := both.Hash(t.Context(), typed)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		by           *passhash.Place
		stored       string
		right, stale bool
	}{
		"the older generation's": {both, before, true, true}, "the newer one's": {both, after, true, false},
		"when the old one is gone":                                     {fresh, after, true, false},
		"on a node that uses the old one still, and knows the new one": {enter("old", "new"), after, true, true},
	} {
		if right, stale, err := c.by.Verify(t.Context(), c.stored, typed); right != c.right || stale != c.stale || err != nil {
			t.Errorf("%s: right %t, stale %t, %v", name, right, stale, err)
		}
		if right, _, _ := c.by.Verify(t.Context(), c.stored, secret.Of("väärä")); right {
			t.Errorf("%s: a wrong password is right", name)
		}
	}
	if _, _, err := fresh.Verify(t.Context(), before, typed); err == nil {
		t.Error("verified with a key that is gone")
	}
}

func hostileTexts() []string {
	const good = "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$c3Vtc3Vtc3Vtc3Vtc3Vtcw"
	return []string{
		"", "x", good + "=", good + "$", " " + good, strings.Replace(good, "m=64", "m=064", 1), "$2b$12$abcdefghijklmnopqrstuv", "$argon2i$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$c3Vtc3Vtc3Vtc3Vtc3Vtcw",
		"$argon2id$v=16$m=64,t=1,p=1$c2FsdHNhbHQ$c3Vtc3Vtc3Vtc3Vtc3Vtcw",
		"$argon2id$v=19$m=4294967295,t=1,p=1$c2FsdHNhbHQ$c3Vtc3Vtc3Vtc3Vtc3Vtcw",  // all memory there is
		"$argon2id$v=19$m=64,t=4000000000,p=1$c2FsdHNhbHQ$c3Vtc3Vtc3Vtc3Vtc3Vtcw", // for ever
		"$argon2id$v=19$m=64,t=0,p=1$c2FsdHNhbHQ$c3Vtc3Vtc3Vtc3Vtc3Vtcw", "$argon2id$v=19$m=64,t=1,p=0$c2FsdHNhbHQ$c3Vtc3Vtc3Vtc3Vtc3Vtcw",
		"$argon2id$v=19$m=1,t=1,p=200$c2FsdHNhbHQ$c3Vtc3Vtc3Vtc3Vtc3Vtcw", "$argon2id$v=19$m=64,t=1,p=1$$", "$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$",
		"$argon2id$v=19$m=64,t=1,p=1,keyid=$c2FsdHNhbHQ$c3Vtc3Vtc3Vtc3Vtc3Vtcw", "$argon2id$v=19$m=64,t=1,p=1$!$!",
	}
}

func TestHostileTextsAreRefused(t *testing.T) {
	t.Parallel()
	h := inQueue(t, cheap(), "pepper")
	if err := passhash.Check("$argon2id$v=19$m=64,t=1,p=1$c2FsdHNhbHQ$c3Vtc3Vtc3Vtc3Vtc3Vtcw"); err != nil {
		t.Fatalf("the text that the hostile ones are made of: %v", err)
	}
	for _, stored := range hostileTexts() {
		if err := passhash.Check(stored); err == nil {
			t.Errorf("%q passed", stored)
		}
		if ok, _, err := h.Verify(t.Context(), stored, secret.Of("x")); ok || err == nil {
			t.Errorf("%q: %v, %v", stored, ok, err)
		}
	}
}

func FuzzStoredHash(f *testing.F) {
	h := inQueue(f, cheap(), "pepper")
	good, err := h.Hash(f.Context(), secret.Of("x"))
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range append(hostileTexts(), good) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, stored string) {
		if err := passhash.Check(stored); err != nil && strings.Contains(err.Error(), stored) && len(stored) > 60 {
			t.Errorf("the error quotes the hash: %v", err)
		}
	})
}

func TestRules(t *testing.T) {
	t.Parallel()
	list := writeList(t, "Salasana123456", "qwertyuiop1234")
	leaked, err := passhash.OpenLeaked(list)
	if err != nil {
		t.Fatal(err)
	}
	rules := passhash.Rules{MinLength: 12, Leaked: leaked.Has}
	about := []string{"aino.virtanen@example.com", "aino", "Aino Virtanen"}
	for typed, want := range map[string]string{
		"hevonen paristo niitti": "", "ääkkösiä on tässä": "", " välilyönti saa olla ": "", strings.Repeat("pitkä lause ", 60): "",
		"lyhyt": "too_short", "ääkköspitkä": "too_short", "": "too_short",
		"aaaaaaaaaaaaaaa": "too_simple", "121212121212121": "too_simple", "AinoVirtanen1": "too_simple", "aino.virtanen@example.com": "too_simple",
		"Salasana123456": "leaked", "qwertyuiop1234": "leaked",
		strings.Repeat("x1y2", 300): "too_long", "\xff\xfe ei ole tekstiä": "too_long",
	} {
		err := rules.Check(t.Context(), secret.Of(typed), about...)
		switch {
		case want == "" && err != nil:
			t.Errorf("%.30q: %v", typed, err)
		case want != "" && (!fault.HasReason(err, login.ReasonPasswordWeak) || fault.AsError(err).Detail != want):
			t.Errorf("%.30q: %v, want %s", typed, err, want)
		}
	}
}

// The same letters typed on two keyboards are the same password.
func TestComposedAndDecomposed(t *testing.T) {
	t.Parallel()
	if a, b := passhash.Of("p\u00e4\u00e4sk\u00f6"), passhash.Of("pa\u0308a\u0308sko\u0308"); !a.Equal(b) {
		t.Error("two passwords")
	}
}

func writeList(t testing.TB, passwords ...string) string {
	t.Helper()
	var lines []string
	for i := range 500 {
		passwords = append(passwords, fmt.Sprintf("filler %d", i))
	}
	for i, p := range passwords {
		sum := sha1.Sum([]byte(p)) //nolint:gosec // see above
		lines = append(lines, strings.ToUpper(hex.EncodeToString(sum[:]))+fmt.Sprintf(":%d", i*i))
	}
	slices.Sort(lines)
	path := filepath.Join(t.TempDir(), "leaked.txt")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\r\n")+"\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLeakedFindsEveryLineAndNoOther(t *testing.T) {
	t.Parallel()
	for size := range 40 {
		var known []string
		for i := range size {
			known = append(known, fmt.Sprintf("filler %d", 1000+i))
		}
		leaked, err := passhash.OpenLeaked(writeList(t, known...))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 500 {
			if has, err := leaked.Has(t.Context(), secret.Of(fmt.Sprintf("filler %d", i))); !has || err != nil {
				t.Fatalf("%d known: filler %d: %v, %v", size, i, has, err)
			}
		}
		for i := range 50 {
			if has, err := leaked.Has(t.Context(), secret.Of(fmt.Sprintf("stranger %d", i))); has || err != nil {
				t.Fatalf("stranger %d: %v, %v", i, has, err)
			}
		}
	}
}

func TestOtherFilesAreNoLists(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"words": "password\n123456\n", "binary": strings.Repeat("\x00", 500), "long": strings.Repeat("a", 500)} {
		path := filepath.Join(t.TempDir(), "list")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := passhash.OpenLeaked(path); err == nil {
			t.Errorf("%s: taken for a list", name)
		}
	}
	if _, err := passhash.OpenLeaked(filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Error("a missing file was opened")
	}
}

func BenchmarkVerify(b *testing.B) {
	h := inQueue(b, passhash.DefaultParams(), "pepper")
	stored, err := h.Hash(b.Context(), secret.Of("hevonen paristo niitti"))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if ok, _, err := h.Verify(b.Context(), stored, secret.Of("hevonen paristo niitti")); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

// One's own address is no password, however short its country is.
func TestOwnAddressIsNoPassword(t *testing.T) {
	t.Parallel()
	rules := passhash.Rules{MinLength: 12}
	for typed, weak := range map[string]bool{
		"aino@example.fi": true, "Aino@Example.FI": true, "aino@example.fi123": true, "aino@example.fi1234": false, "paristo@example.fi": false,
	} {
		if err := rules.Check(t.Context(), secret.Of(typed), "", "aino@example.fi"); fault.HasReason(err, login.ReasonPasswordWeak) != weak {
			t.Errorf("%s: %v", typed, err)
		}
	}
}
