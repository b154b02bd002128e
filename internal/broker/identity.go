package broker

import (
	"crypto/subtle"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"avain/internal/hetu"
	"avain/internal/login"
)

// identify checks every claim and makes the identity. Errors never carry a claim's
// value: they are logged, and most of the values are personal data.
func (u *upstream) identify(c claims, back Return) (login.Identity, error) {
	for _, check := range []func(claims, Return) error{
		u.checkIssuer, u.checkAudience, u.checkTimes, u.checkNonce, u.checkLevel, u.checkFreshness,
	} {
		if err := check(c, back); err != nil {
			return login.Identity{}, err
		}
	}
	// Not an identity (OP's and Telia's change each time), but a token without one is no id_token.
	if sub := c.text("sub"); sub == "" || len(sub) > 255 {
		return login.Identity{}, bad("id_token.sub", nil)
	}
	code, err := u.identityCode(c)
	if err != nil {
		return login.Identity{}, err
	}
	identity := login.Identity{
		HETU: code, Broker: u.config.ID, Means: u.meansOf(c, back.Means), ACR: c.text(u.config.Claims.ACR),
		AMR: c.methods(u.config.Method.Claim), AuthTime: c.time("auth_time"),
		GivenName: c.name(u.config.Claims.GivenName), FamilyName: c.name(u.config.Claims.FamilyName),
	}
	if identity.AuthTime.IsZero() {
		identity.AuthTime = c.time("iat")
	}
	identity.Name = strings.TrimSpace(identity.GivenName + " " + identity.FamilyName)
	if identity.GivenName == "" || identity.FamilyName == "" {
		if whole := c.name(u.config.Claims.Name); whole != "" {
			identity.Name = whole // OP: "Family Given", and split names may be missing
		}
	}
	if identity.Name == "" {
		return login.Identity{}, refuse(login.ReasonIdentityIncomplete, "id_token.name", nil)
	}
	return identity, nil
}

func (u *upstream) checkIssuer(c claims, _ Return) error {
	if c.text("iss") != u.config.Issuer {
		return bad("id_token.iss", nil)
	}
	return nil
}

// checkAudience follows OpenID Connect Core §3.1.3.7 (3–5): the token must be for us,
// and when it is for others too, issued to us.
func (u *upstream) checkAudience(c claims, _ Return) error {
	audience := c.texts("aud")
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
	if exp := c.time("exp"); exp.IsZero() || !now.Before(exp.Add(skew)) {
		return bad("id_token.exp", nil)
	}
	if c["nbf"] != nil && now.Add(skew).Before(c.time("nbf")) {
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
func (u *upstream) checkNonce(c claims, back Return) error {
	if back.Nonce.Empty() || subtle.ConstantTimeCompare([]byte(c.text("nonce")), []byte(back.Nonce.Reveal())) != 1 {
		return bad("id_token.nonce", nil)
	}
	return nil
}

// checkLevel compares with the accepted levels, never with what was asked for: when a
// means is preselected at Telia, acr_values was a method, and the answer is a level.
func (u *upstream) checkLevel(c claims, _ Return) error {
	acr := c.text(u.config.Claims.ACR)
	switch {
	case u.config.Production && isTestLevel(acr):
		return refuse(login.ReasonBrokerNotInOperation, "id_token.acr_test", nil)
	case !slices.Contains(u.config.ACR, acr):
		return refuse(login.ReasonIdentificationWeak, "id_token.acr", nil)
	}
	return nil
}

func isTestLevel(acr string) bool { return strings.Contains(strings.ToLower(acr), "loatest") }

// checkFreshness refuses an identification that the broker remembered from before:
// whoever holds the phone now need not be whoever logged in at the bank then.
func (u *upstream) checkFreshness(c claims, back Return) error {
	at, present := c.time("auth_time"), c["auth_time"] != nil
	demanded := u.config.Request.Prompt == "login" || u.config.Request.MaxAge != nil
	switch {
	case !present && !demanded:
		return nil
	case at.IsZero(), at.After(u.now().Add(u.config.Skew)):
		return bad("id_token.auth_time", nil)
	case at.Before(back.StartedAt.Add(-u.config.Skew).Truncate(time.Second)):
		return refuse(login.ReasonIdentificationStale, "id_token.auth_time_stale", nil)
	}
	return nil
}

// identityCode is what accounts are keyed on: without one nobody is logged in.
func (u *upstream) identityCode(c claims) (hetu.Code, error) {
	raw := c.text(u.config.Claims.HETU)
	if raw == "" {
		return hetu.Code{}, refuse(login.ReasonIdentityIncomplete, "id_token.hetu_missing", nil)
	}
	code, err := hetu.Parse(raw, u.hetu)
	switch {
	case errors.Is(err, hetu.ErrArtificial):
		return hetu.Code{}, refuse(login.ReasonBrokerNotInOperation, "id_token.hetu_artificial", err)
	case err != nil:
		return hetu.Code{}, refuse(login.ReasonIdentityIncomplete, "id_token.hetu", err)
	}
	return code, nil
}

// meansOf is the means that the broker reports, or the chosen one when it reports
// none that we know: at the broker a person may still have switched to another bank.
func (u *upstream) meansOf(c claims, chosen string) string {
	for _, method := range c.methods(u.config.Method.Claim) {
		if means, ok := u.reported[method]; ok {
			// Several means may share one value (Idura: every bank is the same method);
			// then the choice is the better knowledge.
			if u.sameMethod(chosen, method) {
				return chosen
			}
			return means
		}
	}
	return chosen
}

func (u *upstream) sameMethod(means, method string) bool {
	for _, m := range u.config.Means {
		if m.ID != means {
			continue
		}
		for _, value := range m.Reported {
			if method == value || method == u.config.Method.Prefix+value {
				return true
			}
		}
	}
	return false
}

// text is a claim that must be a string; anything else reads as missing.
func (c claims) text(name string) string {
	s, _ := c[name].(string)
	return s
}

// texts is a claim that may be one string or an array of them (RFC 7519 §4.1.3). An
// array with anything else in it reads as missing.
func (c claims) texts(name string) []string {
	switch v := c[name].(type) {
	case string:
		return []string{v}
	case []any:
		var out []string
		for _, one := range v {
			s, ok := one.(string)
			if !ok {
				return nil
			}
			out = append(out, s)
		}
		return out
	default:
		return nil
	}
}

// methods is what the broker says of how the person proved who they are: it goes into
// our own tokens, so it is bounded.
func (c claims) methods(claim string) []string {
	var out []string
	for _, method := range c.texts(claim) {
		if plain(method, 200) && len(out) < 8 {
			out = append(out, method)
		}
	}
	return out
}

// mostSeconds keeps dates far from overflow (year 9999).
const mostSeconds = 253402300799

// time is a NumericDate; zero when it is missing or not one.
func (c claims) time(name string) time.Time {
	seconds, ok := c[name].(float64)
	if !ok || !(seconds > 0 && seconds <= mostSeconds) {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0).UTC()
}

// name is a person's name, fit for a page: no control or invisible characters, which
// could turn a masked name around on the confirm page, and not endless.
func (c claims) name(claim string) string {
	if claim == "" {
		return ""
	}
	clean := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.C, r), r == utf8.RuneError:
			return -1
		}
		return r
	}, c.text(claim))
	clean = strings.Join(strings.Fields(clean), " ")
	if runes := []rune(clean); len(runes) > 200 {
		clean = string(runes[:200])
	}
	return clean
}
