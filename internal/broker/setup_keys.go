package broker

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

func (t *SetupTest) checkOurs() {
	u := t.u
	about := "our keys"
	for i, key := range u.signing {
		what := "signs"
		if i > 0 {
			what = "is published, and does not sign yet"
		}
		t.add(about, VerdictOK, "%s %s (RSA, %d bits)", key.kid, what, key.private.N.BitLen())
	}
	for i, key := range u.decryption {
		what := "is what the broker encrypts to"
		if i > 0 {
			what = "opens answers, and is not published"
		}
		t.add(about, VerdictOK, "%s %s (RSA, %d bits)", key.kid, what, key.private.N.BitLen())
	}
	about = "what the broker registers"
	t.add(about, VerdictNote, "redirect URI %s", u.callback)
	base := u.origin() + "/ftn/" + u.config.ID
	if u.published.entity == nil {
		t.add(about, VerdictNote, "our keys as a set: %s/jwks, or print them: avain keys jwks %s", base, u.config.ID)
		return
	}
	t.add(about, VerdictNote, "our entity statement %s/entity-statement.jwt and signed keys %s", base, u.origin()+SignedJWKSPath(u.config.ID))
	t.checkOurStatement()
}

func (t *SetupTest) checkOurStatement() {
	const about = "our entity statement"
	u, file := t.u, t.u.config.OurKeys.StatementFile
	if u.published.stored == nil {
		t.add(about, VerdictNote, "is signed anew at each start; make one to hand over and keep: avain keys statement %s", u.config.ID)
		return
	}
	s, err := readOurStatement(file, *u.published.entity)
	if err != nil {
		t.failed(about, err)
		return
	}
	another := fmt.Sprintf("make another one (avain keys statement %s) and hand it to the broker", u.config.ID)
	switch differ := s.differences(u); {
	case len(differ) > 0:
		t.wrong(about, fmt.Sprintf("%s says something else than the configuration: %s", file, strings.Join(differ, ", ")), another)
	case !s.expires.IsZero() && !u.now().Before(s.expires):
		t.wrong(about, fmt.Sprintf("%s ended on %s", file, s.expires.Format(time.DateOnly)), another)
	default:
		t.add(about, VerdictOK, "%s agrees with the configuration and ends on %s", file, s.expires.Format(time.DateOnly))
	}
}

// checkPin looks at what the broker's keys are believed by. With a wrong fingerprint the
// configuration is not read at all: what is left to say is which it is.
func (t *SetupTest) checkPin() {
	const about = "the broker's pinned entity"
	source := t.u.config.BrokerKeys
	if source.SignedJWKSURI == "" {
		return
	}
	pin, err := loadPin(source, t.u.signatures)
	if err != nil {
		t.failed(about, err)
		return
	}
	for _, key := range pin.keys {
		sum, err := thumbprint(key.Key)
		if err != nil {
			t.failed(about, err)
			return
		}
		t.add(about, VerdictOK, "entity key %s, thumbprint %s", key.KeyID, sum)
	}
	if source.EntityStatementFile != "" {
		t.checkTheirStatement(about, pin.expires)
	}
}

func (t *SetupTest) checkTheirStatement(about string, expires time.Time) {
	source := t.u.config.BrokerKeys
	raw, err := readFile(source.EntityStatementFile)
	if err != nil {
		t.failed(about, err)
		return
	}
	if len(source.StatementFingerprints) == 0 {
		t.add(about, VerdictNote, "the statement's SHA-256 is %s: ask the broker for its fingerprint by another way (Telia prints it in its guide) and write it under broker_keys.statement_fingerprints", fingerprintOf(raw))
	} else {
		t.add(about, VerdictOK, "the statement has the configured fingerprint %s", fingerprintOf(raw))
	}
	switch now := t.u.now(); {
	case expires.IsZero():
	case !now.Before(expires):
		t.failed(about, &brokerError{word: "jwks.entity_statement_expired"})
	default:
		t.add(about, VerdictOK, "the statement ends on %s", expires.UTC().Format(time.DateOnly))
	}
}

// checkKeys fetches the broker's keys and believes them as a login would. Of a signed set
// it shows the header, because that is usually what differs from the guide.
func (t *SetupTest) checkKeys(ctx context.Context) {
	const about = "the broker's keys"
	set, err := t.brokerKeys(ctx, about)
	if err != nil {
		t.failed(about, err)
		return
	}
	for _, key := range set.keys {
		t.add(about, VerdictOK, "%s, use %q", key.KeyID, key.Use)
	}
	if !set.expires.IsZero() {
		t.add(about, VerdictOK, "good until %s", set.expires.UTC().Format(time.RFC3339))
	}
}

func (t *SetupTest) brokerKeys(ctx context.Context, about string) (keySet, error) {
	u := t.u
	if u.config.BrokerKeys.SignedJWKSURI == "" {
		return u.plainKeys(ctx)
	}
	pin, err := loadPin(u.config.BrokerKeys, u.signatures)
	if err != nil {
		return keySet{}, err
	}
	raw, err := u.fetchSignedJWKS(ctx)
	if err != nil {
		return keySet{}, err
	}
	token := strings.TrimSpace(string(raw))
	t.add(about, VerdictNote, "header of the signed set: %s", inJSON(headerOf(token)))
	set, err := u.believe(raw, pin)
	if detailOf(err) == "jwks.type" {
		t.remedyType(token, pin)
	}
	return set, err
}

// remedyType proposes the "typ" of a set that the pinned key has signed and that is no
// statement: the header alone is anybody's.
func (t *SetupTest) remedyType(token string, pin entityPin) {
	signed, err := jose.ParseSignedCompact(token, t.u.signatures)
	if err != nil || !verifiedBy(signed, pin.keys) {
		return
	}
	payload := payloadOf(token)
	typ, _ := headerOf(token)["typ"].(string)
	if payload["keys"] == nil || payload["jwks"] != nil || payload["metadata"] != nil || !plain(typ, 40) {
		return
	}
	t.remedy("broker_keys.types", append(slices.Clone(t.u.config.BrokerKeys.Types), typ), ifGuideShowsIt)
}
