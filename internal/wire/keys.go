package wire

import (
	"fmt"

	"avain/internal/config"
	"avain/internal/keyset"
	"avain/internal/people"
	"avain/internal/secret"

	"github.com/tink-crypto/tink-go/v2/tink"
)

// keys are what the configuration keeps outside the database.
type keys struct {
	aead   tink.AEAD
	people people.Keys
	shared secret.Text // derive from it, one purpose each; never use it itself
}

func loadKeys(c config.Config) (keys, error) {
	sealing, err := keyset.AEAD([]byte(c.Keys.AEADKeyset.Reveal()))
	if err != nil {
		return keys{}, fmt.Errorf("keys.aead_keyset_file: %w", err)
	}
	lookup, err := keyset.PRF([]byte(c.Keys.PRFKeyset.Reveal()))
	if err != nil {
		return keys{}, fmt.Errorf("keys.prf_keyset_file: %w", err)
	}
	k := keys{aead: sealing, people: people.Keys{Lookup: lookup}, shared: c.Keys.Secret}
	if c.HETU.KeepOriginal {
		k.people.Seal = sealing
	}
	return k, nil
}
