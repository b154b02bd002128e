package app

import (
	"encoding/base64"
	"fmt"

	"avain/internal/config"
	"avain/internal/core/people"
	"avain/internal/platform/keyset"
	"avain/internal/secret"

	"github.com/tink-crypto/tink-go/v2/prf"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// keys are what the configuration keeps outside the database.
type keys struct {
	aead   tink.AEAD
	people people.Keys
	shared secret.Ring // derive from it, one purpose each; never use it itself

	// What a change of the shared secret leaves as it is.
	subjects, audit secret.Text

	// refresh are the keys of refresh token families, the current one first: one for each
	// key of the PRF keyset, so that a change of it keeps what the old one has made.
	refresh []secret.Text

	// holds are the names of the keys in each file.
	holds map[string]keyset.Holding
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
	shared, err := keyset.ReadSecret(c.Keys.Secret)
	if err != nil {
		return keys{}, fmt.Errorf("keys.secret_file: %w", err)
	}
	k := keys{
		aead: sealing, people: people.Keys{Lookup: lookup}, shared: shared.Ring, subjects: shared.Subjects, audit: shared.Audit,
	}
	if k.refresh, err = refreshKeys(lookup); err != nil {
		return keys{}, fmt.Errorf("keys.prf_keyset_file: %w", err)
	}
	if k.holds, err = holdings(c); err != nil {
		return keys{}, err
	}
	if c.HETU.KeepOriginal {
		k.people.Seal = sealing
	}
	return k, nil
}

func holdings(c config.Config) (map[string]keyset.Holding, error) {
	all := map[string]keyset.Holding{}
	for name, file := range map[string]struct {
		change keyset.Change
		text   secret.Text
	}{
		"secret": {keyset.ChangeSecret, c.Keys.Secret}, "prf": {keyset.ChangePRF, c.Keys.PRFKeyset}, "aead": {keyset.ChangeAEAD, c.Keys.AEADKeyset},
	} {
		h, err := file.change.Holds([]byte(file.text.Reveal()))
		if err != nil {
			return nil, fmt.Errorf("keys.%s: %w", name, err)
		}
		all[name] = h
	}
	return all, nil
}

// auditKeyOf keys the proof of the audit log. A configuration that was checked has a secret
// that can be read; with another one nothing of the log is proved.
func auditKeyOf(c config.Config) secret.Text {
	shared, err := keyset.ReadSecret(c.Keys.Secret)
	if err != nil {
		return c.Keys.Secret.Derive(auditKey)
	}
	return shared.Audit
}

// refreshKeys derives a key from each of the keyset. No identity code reads like the
// name of this purpose, so what the keyset says of the one tells nothing of the other.
func refreshKeys(set *prf.Set) ([]secret.Text, error) {
	all := make([]secret.Text, 1, len(set.PRFs))
	for id, f := range set.PRFs {
		sum, err := f.ComputePRF([]byte("refresh token families"), 32)
		if err != nil {
			return nil, err
		}
		if key := secret.Of(base64.RawURLEncoding.EncodeToString(sum)); id == set.PrimaryID {
			all[0] = key
		} else {
			all = append(all, key)
		}
	}
	return all, nil
}
