package broker

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"avain/internal/hetu"
)

// Answer is what came back from the broker after a test login, with names and codes
// masked.
type Answer struct {
	Returned []Finding      `json:"returned"` // the way back, up to the id_token
	Outer    map[string]any `json:"outer,omitempty"`
	Inner    map[string]any `json:"inner,omitempty"`
	Verified bool           `json:"verified"` // decrypted with our key, and signed by the broker
	Claims   []ClaimView    `json:"claims,omitempty"`
	Checks   []Finding      `json:"checks,omitempty"`
	Recorded *Recorded      `json:"recorded,omitempty"`
}

// ClaimView is one claim, fit to be shown.
type ClaimView struct {
	Name  string `json:"name"`
	Value string `json:"value"` // masked, unless it says nothing of a person
}

// Recorded is what a login would have written down.
type Recorded struct {
	Means    string    `json:"means"`
	Level    string    `json:"level"`
	AuthTime time.Time `json:"auth_time"`
	AMR      []string  `json:"amr,omitempty"`
}

// Address is where a person logs in for the test; empty before [SetupTest.Check], and
// when the request could not be made.
func (t *SetupTest) Address() string {
	if t.Report.Request == nil {
		return ""
	}
	return t.Report.Request.Address
}

// Callback is the redirect URI that is registered with the broker.
func (t *SetupTest) Callback() string { return t.u.callback }

// ErrNotTheCallback is for something pasted that is no address of ours with an answer.
var ErrNotTheCallback = errors.New("that is not the address that the broker sent the browser back to: it begins with the redirect URI and has state and code, or error, in it")

// ReadCallback reads what a person copied from the address bar: the whole address, or
// what follows its question mark.
func ReadCallback(pasted string) (url.Values, error) {
	text := strings.TrimSpace(pasted)
	if _, after, ok := strings.Cut(text, "?"); ok {
		text = after
	}
	text, _, _ = strings.Cut(text, "#")
	values, err := url.ParseQuery(text)
	if err != nil || !values.Has("state") || (!values.Has("code") && !values.Has("error")) {
		return nil, ErrNotTheCallback
	}
	return values, nil
}

// Answer redeems the code of a test login and looks at everything that came: a failed
// check ends nothing, so that all that is wrong shows at once.
func (t *SetupTest) Answer(ctx context.Context, callback url.Values) {
	a := &Answer{}
	t.Report.Answer = a
	back := Return{
		Broker: t.u.config.ID, Means: t.start.Means, Query: callback,
		State: t.start.State, Nonce: t.start.Nonce, Verifier: t.start.Verifier, StartedAt: t.began,
	}
	code, err := t.u.readCallback(back)
	if err != nil {
		f := failure("the way back", err)
		if said := callback.Get("error"); plain(said, 64) {
			f.Text += fmt.Sprintf("; error=%s", said)
			t.mendError(said, detailOf(err))
		}
		if words := callback.Get("error_description"); words != "" {
			f.Text += fmt.Sprintf(", error_description=%q", oneLine(words))
		}
		a.Returned = append(a.Returned, f)
		return
	}
	a.Returned = append(a.Returned, Finding{About: "the way back", Verdict: VerdictOK, Text: fmt.Sprintf("state is right, a code of %d characters", len(code))})
	token, err := t.u.redeem(ctx, code, back)
	if err != nil {
		a.Returned = append(a.Returned, failure("the token endpoint", err))
		return
	}
	a.Returned = append(a.Returned, Finding{About: "the token endpoint", Verdict: VerdictOK, Text: fmt.Sprintf("an id_token of %d characters", len(token))})
	c := t.openForTest(ctx, a, token)
	if c == nil {
		return
	}
	t.look(a, c, back)
}

func (t *SetupTest) mendError(said, word string) {
	if word == "callback.error" {
		t.mend("errors:", fmt.Sprintf("  cancelled: [%s, %s] # if that is what it sends when somebody cancels", strings.Join(t.u.config.Errors.Cancelled, ", "), said))
	}
}

// openForTest is open, but shows what it can of a token that must not be believed.
func (t *SetupTest) openForTest(ctx context.Context, a *Answer, token string) claims {
	if strings.Count(token, ".") == 4 {
		a.Outer = headerOf(token)
	}
	found, err := t.u.open(ctx, token)
	inner := token
	if opened, failed := t.u.decrypt(token); failed == nil {
		inner = opened
	}
	a.Inner = headerOf(inner)
	if err == nil {
		a.Verified = true
		a.Checks = append(a.Checks, Finding{About: "it is encrypted to us and signed by the broker", Verdict: VerdictOK})
		return found
	}
	a.Checks = append(a.Checks, failure("it is encrypted to us and signed by the broker", err))
	t.mendAlgorithms(a, detailOf(err))
	return claims(payloadOf(inner))
}

// mendAlgorithms offers an algorithm only if the configuration may name it at all.
func (t *SetupTest) mendAlgorithms(a *Answer, word string) {
	text := func(header map[string]any, name string) string { s, _ := header[name].(string); return s }
	c := t.u.config.Algorithms
	switch alg, enc := text(a.Outer, "alg"), text(a.Outer, "enc"); word {
	case "id_token.encryption":
		if slices.Contains(keyEncryptions(), alg) && !slices.Contains(c.KeyEncryption, alg) {
			t.mend("algorithms:", fmt.Sprintf("  key_encryption: [%s]", strings.Join(append(slices.Clone(c.KeyEncryption), alg), ", ")))
		}
		if slices.Contains(contentEncryptions(), enc) && !slices.Contains(c.ContentEncryption, enc) {
			t.mend("algorithms:", fmt.Sprintf("  content_encryption: [%s]", strings.Join(append(slices.Clone(c.ContentEncryption), enc), ", ")))
		}
	case "id_token.signature_algorithm":
		if signed := text(a.Inner, "alg"); slices.Contains(signatures(), signed) {
			t.mend("algorithms:", fmt.Sprintf("  signature: [%s]", strings.Join(append(slices.Clone(c.Signature), signed), ", ")))
		}
	}
}

// look shows the claims and makes every check of a login.
func (t *SetupTest) look(a *Answer, c claims, back Return) {
	for _, name := range sortedNames(c) {
		a.Claims = append(a.Claims, ClaimView{Name: name, Value: t.u.shown(c, name)})
	}
	for _, check := range t.u.checks() {
		if err := check.run(c, back); err != nil {
			a.Checks = append(a.Checks, failure(check.about, err))
			t.mendClaim(c, detailOf(err))
			continue
		}
		a.Checks = append(a.Checks, Finding{About: check.about, Verdict: VerdictOK})
	}
	means := t.u.meansOf(c, back.Means)
	a.Recorded = &Recorded{
		Means: means, Level: c.text(t.u.config.Claims.Level), AuthTime: c.instant(t.u.config.Claims.AuthTime),
		AMR: c.methods(t.u.config.Method.Claim),
	}
	if t.u.config.Method.Claim != "" && t.u.reported[first(a.Recorded.AMR)] == "" {
		a.Checks = append(a.Checks, Finding{
			About: "its method is one that the configuration knows", Verdict: VerdictNote,
			Text: fmt.Sprintf("%s names none of ours: recorded as %q", t.u.config.Method.Claim, means),
		})
		if method := first(a.Recorded.AMR); method != "" {
			t.mend("means:", fmt.Sprintf("  - {id: %s, reported: [%q]} # beside its other settings", back.Means, method))
		}
	}
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}

// mendClaim looks through the claims for one that could be meant. It proposes; whether a
// level is one of strong authentication stands in the broker's guide, not in the token.
func (t *SetupTest) mendClaim(c claims, word string) {
	names := t.u.config.Claims
	word, claim, _ := strings.Cut(word, ":")
	switch {
	case word == "id_token.iss":
		t.mend("issuer: " + c.text("iss"))
	case word == "id_token.auth_time_stale" && t.u.config.Request.Prompt != "login":
		t.mend("request:", "  prompt: login")
	case word == "id_token.hetu_artificial", word == "id_token.hetu" && !t.u.config.Production:
		t.mendHETU(c)
	case word == "id_token.level":
		t.mend(fmt.Sprintf("accepted_levels: [%s, %q] # if the broker's guide calls it strong authentication", strings.Join(quoted(t.u.config.Levels), ", "), c.text(names.Level)))
	case word == "id_token.acr":
		t.mend(fmt.Sprintf("accepted_acr: [%s, %q] # if the broker's guide calls it strong authentication", strings.Join(quoted(t.u.config.ACR), ", "), c.text(claimACR)))
	case word == wordMissing && claim == names.Level:
		for _, name := range []string{claimACR, "authenticationtype", "idp"} {
			if name != claim && plain(c.text(name), 200) {
				t.mendLevel(name, c.text(name))
			}
		}
	case word == wordMissing && claim == names.AuthTime:
		for _, name := range sortedNames(c) {
			if !c.instant(name).IsZero() && (strings.Contains(name, "time") || strings.Contains(name, "instant")) {
				t.mend("claims:", fmt.Sprintf("  auth_time: %q", name))
			}
		}
	case word == wordMissing && claim == names.HETU:
		for _, name := range sortedNames(c) {
			if _, err := hetu.Parse(c.text(name), hetu.Lenient); err == nil {
				t.mend("claims:", fmt.Sprintf("  hetu: %q", name))
			}
		}
	}
}

func (t *SetupTest) mendLevel(claim, value string) {
	if claim == claimACR {
		t.mend("claims:", "  level: acr", fmt.Sprintf("accepted_acr: [%q] # if the broker's guide calls it strong authentication", value))
		return
	}
	t.mend("claims:", "  level: "+claim, fmt.Sprintf("accepted_levels: [%q] # if the broker's guide calls it strong authentication", value))
}

func (t *SetupTest) mendHETU(c claims) {
	if t.u.config.Production {
		return
	}
	raw := c.text(t.u.config.Claims.HETU)
	for _, mode := range []HETUMode{HETUArtificial, HETULenient} {
		if _, err := hetu.Parse(raw, hetuMode(mode)); err == nil {
			t.mend(fmt.Sprintf("hetu: %s # a test environment only", mode))
			return
		}
	}
}

func quoted(list []string) []string {
	out := make([]string, 0, len(list))
	for _, one := range list {
		out = append(out, fmt.Sprintf("%q", one))
	}
	return out
}
