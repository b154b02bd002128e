package broker

import (
	"bytes"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// ourStatement is our entity statement as it was handed to a broker.
type ourStatement struct {
	raw      []byte
	expires  time.Time
	body     map[string]any // without the dates
	verifies bool           // signed by the configured entity key
}

// readOurStatement reads the stored file. That it says what the configuration says is
// looked at elsewhere, because where it differs is advice, not an error: the broker has
// the old one until it is given another.
func readOurStatement(file string, entity ourKey) (ourStatement, error) {
	raw, err := readFile(file)
	if err != nil {
		return ourStatement{}, err
	}
	raw = bytes.TrimSpace(raw)
	signed, err := jose.ParseSignedCompact(string(raw), []jose.SignatureAlgorithm{entityAlgorithm})
	if err != nil {
		return ourStatement{}, fmt.Errorf("%s: not a signed entity statement", file)
	}
	s := ourStatement{raw: raw}
	if err := json.Unmarshal(signed.UnsafePayloadWithoutVerification(), &s.body); err != nil {
		return ourStatement{}, fmt.Errorf("%s: payload is not JSON", file)
	}
	s.expires = claims(s.body).time("exp")
	delete(s.body, "iat")
	delete(s.body, "exp")
	_, err = signed.Verify(entity.private.Public())
	s.verifies = err == nil
	return s, nil
}

// verifiesBy reports whether a statement is signed by the key.
func verifiesBy(statement []byte, key *rsa.PrivateKey) bool {
	signed, err := jose.ParseSignedCompact(string(bytes.TrimSpace(statement)), []jose.SignatureAlgorithm{entityAlgorithm})
	if err != nil {
		return false
	}
	_, err = signed.Verify(key.Public())
	return err == nil
}

// loadOurStatement reads what is to be served. One of another key would be believed by
// nobody: the broker verifies our key set with the key that stands in it.
func (u *upstream) loadOurStatement(file string) ([]byte, error) {
	s, err := readOurStatement(file, *u.published.entity)
	switch {
	case err != nil:
		return nil, err
	case !s.verifies:
		return nil, errOtherEntity(file)
	}
	return s.raw, nil
}

func errOtherEntity(file string) error {
	return fmt.Errorf("%s: not signed with our_keys.entity: take the line out, make another statement (avain keys statement) and hand it to the broker", file)
}

// differences names the members in which a stored statement and the configuration
// disagree.
func (s ourStatement) differences(u *upstream) []string {
	want := u.statementBody()
	want["iss"], want["sub"] = u.entityID(), u.entityID()
	var now map[string]any
	if raw, err := json.Marshal(want); err != nil || json.Unmarshal(raw, &now) != nil {
		return nil
	}
	var differ []string
	for _, name := range []string{"iss", "sub", "jwks"} {
		if !reflect.DeepEqual(s.body[name], now[name]) {
			differ = append(differ, name)
		}
	}
	old := relyingPartyOf(s.body)
	for name, value := range relyingPartyOf(now) {
		if !reflect.DeepEqual(old[name], value) {
			differ = append(differ, name)
		}
	}
	slices.Sort(differ)
	return differ
}

// relyingPartyOf is the metadata of a statement about a relying party; nil when there is
// none.
func relyingPartyOf(body map[string]any) map[string]any {
	metadata, _ := body["metadata"].(map[string]any)
	party, _ := metadata["openid_relying_party"].(map[string]any)
	return party
}

// NewStatement makes our entity statement for a broker, to be handed over and stored
// (our_keys.statement_file). It ends after our_keys.statement_ttl.
func NewStatement(config Config, d Deps) ([]byte, error) {
	config.OurKeys.StatementFile = "" // the one that is to be replaced
	r, err := New([]Config{config}, d)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	if r.brokers[0].published.entity == nil {
		return nil, errors.New("our_keys.entity is missing: this broker needs no entity statement")
	}
	return r.EntityStatement(r.brokers[0].config.ID)
}
