package keyset

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// NewAEAD makes a keyset with one AES-256-GCM key, as JSON for a file.
func NewAEAD() ([]byte, error) { return generate(aead.AES256GCMKeyTemplate()) }

// NewPRF makes a keyset with one HMAC-SHA-256 PRF key, as JSON for a file.
func NewPRF() ([]byte, error) { return generate(prf.HMACSHA256PRFKeyTemplate()) }

// AEAD reads a keyset that [NewAEAD] made. What any of its keys sealed can be
// opened; its primary key seals.
func AEAD(json []byte) (tink.AEAD, error) {
	handle, err := read(json)
	if err != nil {
		return nil, err
	}
	primitive, err := aead.New(handle)
	if err != nil {
		return nil, errors.New("keyset: not an AEAD keyset")
	}
	return primitive, nil
}

// PRF reads a keyset that [NewPRF] made. The set holds one function per key and
// names the primary one: look up with each, write with the primary.
func PRF(json []byte) (*prf.Set, error) {
	handle, err := read(json)
	if err != nil {
		return nil, err
	}
	set, err := prf.NewPRFSet(handle)
	if err != nil {
		return nil, errors.New("keyset: not a PRF keyset")
	}
	return set, nil
}

// read hides Tink's own error: a parser's message could quote the key material.
func read(json []byte) (*keyset.Handle, error) {
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(json)))
	if err != nil {
		return nil, errors.New("keyset: not a Tink keyset in JSON")
	}
	return handle, nil
}

func generate(template *tinkpb.KeyTemplate) ([]byte, error) {
	handle, err := keyset.NewHandle(template)
	if err != nil {
		return nil, fmt.Errorf("keyset: generate: %w", err)
	}
	var out bytes.Buffer
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&out)); err != nil {
		return nil, fmt.Errorf("keyset: write: %w", err)
	}
	return out.Bytes(), nil
}
