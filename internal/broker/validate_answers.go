package broker

import (
	"fmt"
	"slices"
	"strings"

	"avain/internal/domain/login"
)

func (c Config) checkAnswers(p *problems) {
	for _, claim := range []struct{ field, name string }{
		{"claims.hetu", c.Claims.HETU}, {"claims.level", c.Claims.Level}, {"claims.auth_time", c.Claims.AuthTime},
	} {
		if claim.name == "" || claim.name == absent {
			p.add(claim.field, "is missing: nobody is logged in without it")
		}
	}
	c.checkClaims(p)
	c.checkLevels(p)
	for i, acr := range c.Request.ACRValues {
		if c.Production && isTestLevel(acr) {
			p.add(fmt.Sprintf("request.acr_values[%d]", i), "a test level in production")
		}
	}
	switch c.HETU {
	case HETUProduction:
	case HETUArtificial, HETULenient:
		if c.Production {
			p.add("hetu", "%s codes are refused in production", c.HETU)
		}
	default:
		p.add("hetu", "want production, artificial or lenient")
	}
}

// checkClaims sees to it that no claim means two things. A time that the token itself
// carries for another purpose would make every check of freshness pass, and a claim of
// the person, shown as a level or a method, would end up in logs.
func (c Config) checkClaims(p *problems) {
	registered := []string{"iss", "aud", "azp", "sub", "exp", "nbf", "iat", "jti", "nonce", "at_hash", "sid"}
	personal := []string{c.Claims.HETU, c.Claims.GivenName, c.Claims.FamilyName, c.Claims.Name}
	for _, claim := range []struct{ field, name string }{
		{"claims.level", c.Claims.Level}, {"claims.auth_time", c.Claims.AuthTime}, {"method_source.claim", c.Method.Claim}, {"claims.hetu", c.Claims.HETU},
	} {
		if slices.Contains(registered, claim.name) {
			p.add(claim.field, "%q means something else in every id_token", claim.name)
		}
		if claim.field != "claims.hetu" && claim.name != "" && slices.Contains(personal, claim.name) {
			p.add(claim.field, "%q is a claim of the person", claim.name)
		}
	}
	if c.Claims.FamilyName == absent && c.Claims.GivenName == absent && c.Claims.Name == absent {
		p.add("claims", "name, given_name and family_name are all none: people are shown by name")
	}
	for value, id := range c.Method.Names {
		if value == "" || !meansID.MatchString(id) || id == login.MeansUnknown {
			p.add("method_source.names", "%q: want an id of small letters, digits and -, beginning with a letter", value)
		}
	}
}

func (c Config) checkLevels(p *problems) {
	switch other := c.Claims.Level != claimACR; {
	case other && len(c.Levels) == 0:
		p.add("accepted_levels", "is missing: the values of %s that are believed", c.Claims.Level)
	case !other && len(c.Levels) > 0:
		p.add("accepted_levels", "is of use only with claims.level: write accepted_acr")
	case !other && len(c.ACR) == 0:
		p.add("accepted_acr", "is missing")
	}
	for _, accepted := range []struct {
		field  string
		levels []string
	}{{"accepted_levels", c.Levels}, {"accepted_acr", c.ACR}} {
		for i, level := range accepted.levels {
			if !plain(level, 200) || (c.Production && isTestLevel(level)) {
				p.add(fmt.Sprintf("%s[%d]", accepted.field, i), "is empty, has a space in it, or is a test level in production")
			}
		}
	}
}

func (c Config) checkMeans(p *problems) {
	if len(c.Means) == 0 && c.Selector.URL == "" {
		p.add("means", "is missing: nobody could choose this broker")
	}
	seen := map[string]bool{}
	once := func(field, value string) {
		word := field[strings.LastIndex(field, "."):] + value
		if value != "" && seen[word] {
			p.add(field, "%q is used twice: nobody could tell the two apart", value)
		}
		seen[word] = true
	}
	for i, m := range c.Means {
		at := fmt.Sprintf("means[%d]", i)
		if !meansID.MatchString(m.ID) || m.ID == login.MeansUnknown {
			p.add(at+".id", "want up to 64 of a–z, 0–9 and -, beginning with a letter, and not %q", login.MeansUnknown)
		}
		once(at+".id", m.ID)
		once(at+".name", m.Name)
		for _, value := range m.Reported {
			once(at+".reported", value)
		}
		if m.Kind != string(login.MeansBank) && m.Kind != string(login.MeansMobile) {
			p.add(at+".kind", "want bank or mobile")
		}
		if m.Name == "" {
			p.add(at+".name", "is missing")
		}
		if m.Logo != "" && !pictureName.MatchString(m.Logo) {
			p.add(at+".logo", "want the name of an .svg or .png file: login pages load nothing from elsewhere")
		}
		if c.Production && isTestMethod(m.Value) {
			p.add(at+".value", "%q is a test method", m.Value)
		}
		if c.Request.Preselect == PreselectFTNIdP && !providerID.MatchString(m.Value) {
			p.add(at+".value", "want the bank's ftn_idp_id")
		}
	}
}
