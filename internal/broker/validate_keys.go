package broker

import (
	"fmt"
	"slices"
)

func (c Config) checkBrokerKeys(p *problems) {
	k := c.BrokerKeys
	c.checkURL(p, "broker_keys.jwks_uri", k.JWKSURI, false)
	c.checkURL(p, "broker_keys.signed_jwks_uri", k.SignedJWKSURI, false)
	switch {
	case k.JWKSURI != "" && k.SignedJWKSURI != "":
		p.add("broker_keys", "jwks_uri and signed_jwks_uri exclude each other")
	case k.JWKSURI == "" && k.SignedJWKSURI == "" && c.Endpoints.Discovery == "":
		p.add("broker_keys", "jwks_uri or signed_jwks_uri is missing")
	}
	for _, pin := range []struct {
		field string
		list  []string
	}{{"statement_fingerprints", k.StatementFingerprints}, {"entity_key_thumbprints", k.EntityKeyThumbprints}} {
		for i, f := range pin.list {
			if _, err := parseFingerprint(f); err != nil {
				p.add(fmt.Sprintf("broker_keys.%s[%d]", pin.field, i), "%v", err)
			}
		}
	}
	pins := len(k.StatementFingerprints) + len(k.EntityKeyThumbprints)
	switch {
	case k.SignedJWKSURI == "":
		if k.EntityKeysFile != "" || k.EntityStatementFile != "" || pins > 0 {
			p.add("broker_keys", "entity keys are of use only with signed_jwks_uri")
		}
	case k.EntityKeysFile == "" && k.EntityStatementFile == "":
		p.add("broker_keys", "a signed JWKS needs the pinned entity key: entity_statement_file or entity_keys_file")
	case len(k.StatementFingerprints) > 0 && k.EntityStatementFile == "":
		p.add("broker_keys.statement_fingerprints", "is of the statement's file: entity_statement_file is missing")
	default:
		if _, err := loadPin(k, signatureAlgorithms(c.Algorithms.Signature)); err != nil {
			p.add("broker_keys", "%v", err)
		}
	}
}

func (c Config) checkOurKeys(p *problems) {
	signing := c.checkKeys(p, "our_keys.signing", c.OurKeys.Signing)
	decryption := c.checkKeys(p, "our_keys.decryption", c.OurKeys.Decryption)
	c.checkKIDs(p, append(slices.Clone(signing), decryption...))
	if sharePrivate(signing, decryption) { // OP, Idura, and Telia's guide §2.1.1
		p.add("our_keys", "signing and decryption need keys of their own")
	}
	if c.OurKeys.Entity == nil {
		if c.Production && c.Preset == PresetOP {
			p.add("our_keys.entity", "OP takes our keys only as a JWKS signed with an entity key")
		}
		if c.OurKeys.StatementFile != "" {
			p.add("our_keys.statement_file", "needs our_keys.entity, which signed it")
		}
		return
	}
	entity, err := loadEntity(c.OurKeys)
	if err != nil {
		p.add("our_keys.entity", "%v", err)
	} else if sharePrivate([]ourKey{entity}, append(signing, decryption...)) {
		p.add("our_keys.entity", "the entity key must sign nothing but our JWKS and entity statement")
	}
	if file := c.OurKeys.StatementFile; file != "" && err == nil {
		switch s, err := readOurStatement(file, entity); {
		case err != nil:
			p.add("our_keys.statement_file", "%v", err)
		case !s.verifies:
			p.add("our_keys.statement_file", "%v", errOtherEntity(file))
		}
	}
	c.checkURL(p, "our_keys.entity_id", c.OurKeys.EntityID, false)
	if c.OurKeys.OrganizationName == "" {
		p.add("our_keys.organization_name", "is missing")
	}
}

func (c Config) checkKeys(p *problems, field string, files []KeyFile) []ourKey {
	if len(files) == 0 {
		p.add(field, "at least one key is needed")
	}
	var keys []ourKey
	for i, file := range files {
		some, err := loadFile(file)
		if err != nil {
			p.add(fmt.Sprintf("%s[%d]", field, i), "%v", err)
			continue
		}
		keys = append(keys, some...)
	}
	return keys
}

func (c Config) checkKIDs(p *problems, keys []ourKey) {
	for i, a := range keys {
		for _, b := range keys[:i] {
			if a.kid == b.kid && !a.private.Equal(b.private) {
				p.add("our_keys", "two different keys have the kid %q", a.kid)
			}
		}
	}
}

func sharePrivate(some, others []ourKey) bool {
	return slices.ContainsFunc(some, func(a ourKey) bool {
		return slices.ContainsFunc(others, func(b ourKey) bool { return a.private.Equal(b.private) })
	})
}
