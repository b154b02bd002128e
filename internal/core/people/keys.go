package people

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"avain/internal/domain/hetu"

	"github.com/tink-crypto/tink-go/v2/prf"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// lookupBytes is the length of a keyed hash: 128 bits would already make a
// collision among all 41 million possible codes unthinkable.
const lookupBytes = 32

// Keys hash and seal identity codes. They come from keysets outside the database:
// an unkeyed hash of every possible code is made in seconds (ftn.md §4), so a
// database dump alone must not suffice.
type Keys struct {
	Lookup *prf.Set  // several keys while one is being rotated
	Seal   tink.AEAD // nil when no purpose for keeping the code is configured
}

// lookups answers the look-up values of a code, the current key's first. Each
// begins with the id of its key.
func (k Keys) lookups(code hetu.Code) ([][]byte, error) {
	if code.Zero() {
		return nil, fmt.Errorf("look-up of an empty identity code")
	}
	return k.lookupsOf([]byte(code.Reveal()))
}

func (k Keys) lookupsOf(code []byte) ([][]byte, error) {
	all := make([][]byte, 1, len(k.Lookup.PRFs))
	for id, f := range k.Lookup.PRFs {
		sum, err := f.ComputePRF(code, lookupBytes)
		if err != nil {
			return nil, fmt.Errorf("hash identity code: %w", err)
		}
		value := append(binary.BigEndian.AppendUint32(nil, id), sum...)
		if id == k.Lookup.PrimaryID {
			all[0] = value
		} else {
			all = append(all, value)
		}
	}
	return all, nil
}

// lookups answers the look-up values of a code that somebody has brought, the current
// key's first. Whoever brings a code lets everything that was written under an older key
// move to the current one: nobody else could, as the database holds no code.
func (p *People) lookups(ctx context.Context, code hetu.Code) ([][]byte, error) {
	all, err := p.d.Keys.lookups(code)
	if err != nil {
		return nil, err
	}
	if err := p.d.Lookups.Rekey(ctx, all); err != nil {
		return nil, fmt.Errorf("rekey: %w", err)
	}
	return all, nil
}

// seal encrypts the code for the row of one person; it opens nowhere else.
func (k Keys) seal(code hetu.Code, person string) ([]byte, error) {
	if k.Seal == nil {
		return nil, nil
	}
	sealed, err := k.Seal.Encrypt([]byte(code.Reveal()), sealedFor(person))
	if err != nil {
		return nil, fmt.Errorf("seal identity code: %w", err)
	}
	return sealed, nil
}

func sealedFor(person string) []byte { return []byte("person " + person) }

// errSealed does not say what is wrong: nobody but the keyset's owner can tell.
var errSealed = errors.New("an identity code does not open: sealed with another keyset, or changed")

// Reseal is the sealed code of a person, sealed with the primary key of the keyset.
func Reseal(aead tink.AEAD, person string, sealed []byte) ([]byte, error) {
	code, err := aead.Decrypt(sealed, sealedFor(person))
	if err != nil {
		return nil, errSealed
	}
	return aead.Encrypt(code, sealedFor(person))
}

// LookupsOfSealed answers the look-up values of a code that is kept, the current key's first.
func (k Keys) LookupsOfSealed(aead tink.AEAD, person string, sealed []byte) ([][]byte, error) {
	code, err := aead.Decrypt(sealed, sealedFor(person))
	if err != nil {
		return nil, errSealed
	}
	return k.lookupsOf(code)
}
