package keyset_test

import (
	"bytes"
	"strings"
	"testing"

	"avain/internal/platform/keyset"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	tink "github.com/tink-crypto/tink-go/v2/keyset"
)

func TestAEAD(t *testing.T) {
	t.Parallel()
	file, err := keyset.NewAEAD()
	if err != nil {
		t.Fatal(err)
	}
	seal, err := keyset.AEAD(file)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := seal.Encrypt([]byte("canary"), []byte("row 1"))
	if err != nil || bytes.Contains(sealed, []byte("canary")) {
		t.Fatalf("%q, %v", sealed, err)
	}
	again, err := keyset.AEAD(file)
	if err != nil {
		t.Fatal(err)
	}
	if opened, err := again.Decrypt(sealed, []byte("row 1")); err != nil || string(opened) != "canary" {
		t.Errorf("%q, %v", opened, err)
	}
	if _, err := again.Decrypt(sealed, []byte("row 2")); err == nil {
		t.Error("what was sealed for one row opens in another")
	}
	otherFile, err := keyset.NewAEAD()
	if err != nil {
		t.Fatal(err)
	}
	other, err := keyset.AEAD(otherFile)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Decrypt(sealed, []byte("row 1")); err == nil {
		t.Error("another keyset opens it")
	}
}

// After a new key was added, what the old one sealed still opens.
func TestAEADRotation(t *testing.T) {
	t.Parallel()
	file, err := keyset.NewAEAD()
	if err != nil {
		t.Fatal(err)
	}
	before, err := keyset.AEAD(file)
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := before.Encrypt([]byte("canary"), nil)
	if err != nil {
		t.Fatal(err)
	}
	after, err := keyset.AEAD(addKey(t, file))
	if err != nil {
		t.Fatal(err)
	}
	if opened, err := after.Decrypt(sealed, nil); err != nil || string(opened) != "canary" {
		t.Errorf("%q, %v", opened, err)
	}
	resealed, err := after.Encrypt([]byte("canary"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := before.Decrypt(resealed, nil); err == nil {
		t.Error("the old key still seals")
	}
}

// addKey does what Tink's own command does to rotate a keyset.
func addKey(t *testing.T, file []byte) []byte {
	t.Helper()
	handle, err := insecurecleartextkeyset.Read(tink.NewJSONReader(bytes.NewReader(file)))
	if err != nil {
		t.Fatal(err)
	}
	manager := tink.NewManagerFromHandle(handle)
	id, err := manager.Add(aead.AES256GCMKeyTemplate())
	if err != nil {
		t.Fatal(err)
	}
	if err := manager.SetPrimary(id); err != nil {
		t.Fatal(err)
	}
	if handle, err = manager.Handle(); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, tink.NewJSONWriter(&out)); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestPRF(t *testing.T) {
	t.Parallel()
	file, err := keyset.NewPRF()
	if err != nil {
		t.Fatal(err)
	}
	compute := func(file []byte, input string) string {
		t.Helper()
		set, err := keyset.PRF(file)
		if err != nil {
			t.Fatal(err)
		}
		out, err := set.ComputePrimaryPRF([]byte(input), 32)
		if err != nil || len(out) != 32 {
			t.Fatalf("%d bytes, %v", len(out), err)
		}
		return string(out)
	}
	if compute(file, "a") != compute(file, "a") || compute(file, "a") == compute(file, "b") {
		t.Error("not a function of its input")
	}
	other, err := keyset.NewPRF()
	if err != nil {
		t.Fatal(err)
	}
	if compute(file, "a") == compute(other, "a") {
		t.Error("not a function of its key")
	}
}

// A wrong file is refused, and the error does not quote it: it may be a keyset
// with a slip in it.
func TestWrongFiles(t *testing.T) {
	t.Parallel()
	aeadFile, err := keyset.NewAEAD()
	if err != nil {
		t.Fatal(err)
	}
	prfFile, err := keyset.NewPRF()
	if err != nil {
		t.Fatal(err)
	}
	read := map[string]func([]byte) error{
		"AEAD": func(b []byte) error { _, err := keyset.AEAD(b); return err },
		"PRF":  func(b []byte) error { _, err := keyset.PRF(b); return err },
	}
	for name, c := range map[string]struct {
		kind string
		file []byte
	}{
		"PRF for AEAD": {"AEAD", prfFile}, "AEAD for PRF": {"PRF", aeadFile},
		"empty": {"AEAD", nil}, "empty PRF": {"PRF", nil}, "no keys": {"AEAD", []byte(`{"primaryKeyId":1,"key":[]}`)},
		"cut": {"AEAD", aeadFile[:len(aeadFile)-5]}, "cut PRF": {"PRF", prfFile[:len(prfFile)-5]},
		"not JSON":     {"PRF", []byte("canary-value")},
		"broken value": {"AEAD", bytes.Replace(aeadFile, []byte(`"value":"`), []byte(`"value":"!canary`), 1)},
	} {
		err := read[c.kind](c.file)
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		if strings.Contains(err.Error(), "canary") || !strings.HasPrefix(err.Error(), "keyset: not a") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
