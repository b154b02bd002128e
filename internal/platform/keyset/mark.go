package keyset

import (
	"bytes"
	"encoding/base64"

	"github.com/tink-crypto/tink-go/v2/prf"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// A mark is what a database keeps to recognise the key that its installation uses, and
// what tells nothing of the key. Only whoever holds the key makes it or finds it right.

// purpose is what is marked. No identity code and no other purpose reads like it.
const purpose = "avain key mark"

// idBytes is how much of a ciphertext says which key of its keyset made it: Tink's prefix.
const idBytes = 5

// PRFMark is the mark of the primary key, and held whether a mark is that of any key in
// the set.
func PRFMark(set *prf.Set, recorded string) (mark string, held bool, err error) {
	for id, f := range set.PRFs {
		sum, err := f.ComputePRF([]byte(purpose), 32)
		if err != nil {
			return "", false, err
		}
		text := base64.RawURLEncoding.EncodeToString(sum)
		if id == set.PrimaryID {
			mark = text
		}
		held = held || text == recorded
	}
	return mark, held, nil
}

// AEADMark is the mark of the primary key, and held whether a mark is that of any key in
// the set. Marks of one key differ each time: when the recorded one is the primary key's,
// it is returned as it is.
func AEADMark(aead tink.AEAD, recorded string) (mark string, held bool, err error) {
	fresh, err := aead.Encrypt(nil, []byte(purpose))
	if err != nil {
		return "", false, err
	}
	sealed, err := base64.RawURLEncoding.DecodeString(recorded)
	if err == nil {
		_, err = aead.Decrypt(sealed, []byte(purpose))
	}
	if held = err == nil; held && bytes.Equal(sealed[:idBytes], fresh[:idBytes]) {
		return recorded, true, nil
	}
	return base64.RawURLEncoding.EncodeToString(fresh), held, nil
}
