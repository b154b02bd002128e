package broker

import (
	"crypto/subtle"
	"errors"
	"slices"
	"strings"
	"time"

	"avain/internal/domain/hetu"
	"avain/internal/domain/login"
)

// check is one thing that must be true of an id_token.
type check struct {
	about string // in a few words, for whoever tests a set-up
	run   func(claims, Return) error
}

// checks are all of them, in the order in which a login stops. Each stands alone, so
// that a test of a set-up can tell of every mistake at once.
func (u *upstream) checks() []check {
	return []check{
		{"it is from this broker", u.checkIssuer},
		{"it is for us", u.checkAudience},
		{"it is of now", u.checkTimes},
		{"it is of this login", checkNonce},
		{"its level of assurance is accepted", u.checkLevel},
		{"the person was authenticated just now", u.checkFreshness},
		{"the method is no test method in production", u.checkMethod},
		{"it has a subject", checkSubject},
		{"it has a usable personal identity code", u.checkIdentityCode},
		{"it has a name", u.checkName},
	}
}

// identify makes every check and then the identity. Errors never carry a claim's
// value: they are logged, and most of the values are personal data.
func (u *upstream) identify(c claims, back Return) (login.Identity, error) {
	for _, check := range u.checks() {
		if err := check.run(c, back); err != nil {
			return login.Identity{}, err
		}
	}
	code, err := u.identityCode(c)
	if err != nil {
		return login.Identity{}, err
	}
	return login.Identity{
		HETU: code, Broker: u.config.ID, Means: u.meansOf(c, back.Means), ACR: c.text(u.config.Claims.Level),
		AMR: c.methods(u.config.Method.Claim), AuthTime: c.instant(u.config.Claims.AuthTime),
		GivenName: c.name(u.config.Claims.GivenName), FamilyName: c.name(u.config.Claims.FamilyName), Name: u.displayName(c),
	}, nil
}

// missing is the error for a token that lacks a claim: usually something is not
// switched on at the broker. The name comes from our configuration, never from outside.
func missing(claim string) error {
	return refuse(login.ReasonBrokerClaimMissing, wordMissing+":"+claim, nil)
}

const wordMissing = "id_token.missing"

func (u *upstream) checkIssuer(c claims, _ Return) error {
	switch {
	case !c.has("iss"):
		return missing("iss")
	case c.text("iss") != u.config.Issuer:
		return bad("id_token.iss", nil)
	}
	return nil
}

// checkAudience follows OpenID Connect Core §3.1.3.7 (3–5): the token must be for us,
// and when it is for others too, issued to us.
func (u *upstream) checkAudience(c claims, _ Return) error {
	audience := c.texts("aud")
	if !c.has("aud") {
		return missing("aud")
	}
	if !slices.Contains(audience, u.config.ClientID) {
		return bad("id_token.aud", nil)
	}
	_, named := c["azp"]
	if (named || len(audience) > 1) && c.text("azp") != u.config.ClientID {
		return bad("id_token.azp", nil)
	}
	return nil
}

func (u *upstream) checkTimes(c claims, back Return) error {
	now, skew := u.now(), u.config.Skew
	for _, name := range []string{"exp", "iat"} {
		if !c.has(name) {
			return missing(name)
		}
	}
	if exp := c.time("exp"); exp.IsZero() || !now.Before(exp.Add(skew)) {
		return bad("id_token.exp", nil)
	}
	if nbf := c.time("nbf"); c["nbf"] != nil && (nbf.IsZero() || now.Add(skew).Before(nbf)) {
		return bad("id_token.nbf", nil)
	}
	// A token from before this journey began is of another one, whatever its nonce says.
	iat := c.time("iat")
	if iat.IsZero() || iat.After(now.Add(skew)) || iat.Before(back.StartedAt.Add(-skew).Truncate(time.Second)) {
		return bad("id_token.iat", nil)
	}
	return nil
}

// checkNonce binds the token to this browser's journey (threat 2).
func checkNonce(c claims, back Return) error {
	if !c.has("nonce") {
		return missing("nonce")
	}
	if back.Nonce.Empty() || subtle.ConstantTimeCompare([]byte(c.text("nonce")), []byte(back.Nonce.Reveal())) != 1 {
		return bad("id_token.nonce", nil)
	}
	return nil
}

// checkLevel compares with the accepted levels, never with what was asked for: when a
// means is preselected at Telia, acr_values was a method, and the answer is a level.
// Where a broker tells the level by another claim, an "acr" that it sends all the same
// has to be accepted too: two claims that disagree prove nothing.
func (u *upstream) checkLevel(c claims, _ Return) error {
	claim := u.config.Claims.Level
	if !c.has(claim) {
		return missing(claim)
	}
	if claim != claimACR {
		if err := u.config.accepts(c.text(claim), u.config.Levels, "id_token.level"); err != nil || c[claimACR] == nil {
			return err
		}
	}
	return u.config.accepts(c.text(claimACR), u.config.ACR, "id_token.acr")
}

func (c Config) accepts(level string, accepted []string, word string) error {
	switch {
	case c.Production && isTestLevel(level):
		return refuse(login.ReasonBrokerNotInOperation, "id_token.acr_test", nil)
	case !slices.Contains(accepted, level):
		return refuse(login.ReasonIdentificationWeak, word, nil)
	}
	return nil
}

func isTestLevel(acr string) bool { return strings.Contains(strings.ToLower(acr), "loatest") }

// checkFreshness refuses an identification that the broker remembered from before:
// whoever holds the phone now need not be whoever logged in at the bank then. A broker
// that does not say when it was is not believed: no time is ever assumed.
func (u *upstream) checkFreshness(c claims, back Return) error {
	claim := u.config.Claims.AuthTime
	if !c.has(claim) {
		return missing(claim)
	}
	at := c.instant(claim)
	switch {
	case at.IsZero(), at.After(u.now().Add(u.config.Skew)):
		return bad("id_token.auth_time", nil)
	case at.Before(back.StartedAt.Add(-u.config.Skew).Truncate(time.Second)):
		return refuse(login.ReasonIdentificationStale, "id_token.auth_time_stale", nil)
	}
	return nil
}

// checkMethod refuses what can only come from a test bank: in a broker's production a
// wrong switch could let test people in, whose passwords are printed in guides. Signicat
// marks what comes from its sandbox.
func (u *upstream) checkMethod(c claims, _ Return) error {
	sandbox := c["sandbox"] != nil && c["sandbox"] != false
	if u.config.Production && (sandbox || slices.ContainsFunc(c.anyTexts(u.config.Method.Claim), isTestMethod)) {
		return refuse(login.ReasonBrokerNotInOperation, "id_token.method_test", nil)
	}
	return nil
}

// isTestMethod knows Telia's hosts for tests, which Idura passes on, and the emulator of
// Mobile Certificate.
func isTestMethod(method string) bool {
	method = strings.ToLower(method)
	return slices.ContainsFunc([]string{"://tunnistus-pp.", "://tunnistus-te.", ".emulator."}, func(mark string) bool {
		return strings.Contains(method, mark)
	})
}

// checkSubject: the subject is not an identity (OP's and Telia's change each time), but
// a token without one is no id_token.
func checkSubject(c claims, _ Return) error {
	switch sub := c.text("sub"); {
	case !c.has("sub"):
		return missing("sub")
	case sub == "" || len(sub) > 255:
		return bad("id_token.sub", nil)
	}
	return nil
}

func (u *upstream) checkIdentityCode(c claims, _ Return) error {
	_, err := u.identityCode(c)
	return err
}

// identityCode is what accounts are keyed on: without one nobody is logged in.
func (u *upstream) identityCode(c claims) (hetu.Code, error) {
	claim := u.config.Claims.HETU
	if !c.has(claim) {
		return hetu.Code{}, missing(claim)
	}
	code, err := hetu.Parse(c.text(claim), u.hetu)
	switch {
	case errors.Is(err, hetu.ErrArtificial):
		return hetu.Code{}, refuse(login.ReasonBrokerNotInOperation, "id_token.hetu_artificial", err)
	case err != nil:
		return hetu.Code{}, refuse(login.ReasonIdentityIncomplete, "id_token.hetu", err)
	}
	return code, nil
}

func (u *upstream) checkName(c claims, _ Return) error {
	if u.displayName(c) == "" {
		return missing(u.config.Claims.FamilyName)
	}
	return nil
}

// displayName is given name and family name, or the whole name where one of them is
// missing: not all of OP's banks tell them apart (README §9).
func (u *upstream) displayName(c claims) string {
	given, family := c.name(u.config.Claims.GivenName), c.name(u.config.Claims.FamilyName)
	if given == "" || family == "" {
		if whole := c.name(u.config.Claims.Name); whole != "" {
			return whole
		}
	}
	return strings.TrimSpace(given + " " + family)
}

// meansOf is the means that the broker reports. At the broker a person may have chosen
// another one than here, so the choice says nothing where the broker tells: what it
// names and we do not know is unknown. Only where a broker never tells, because it lets
// nobody choose again (OP), the choice is recorded.
func (u *upstream) meansOf(c claims, chosen string) string {
	if u.config.Method.Claim == "" {
		if u.config.Request.Preselect == PreselectNone {
			return login.MeansUnknown // chosen there, and nothing is told of it
		}
		return chosen
	}
	for _, method := range c.methods(u.config.Method.Claim) {
		if means, ok := u.reported[method]; ok {
			return means
		}
	}
	return login.MeansUnknown
}
