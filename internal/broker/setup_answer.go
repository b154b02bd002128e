package broker

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/shown"
	"avain/internal/secret"
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

// Recorded is what a login would have written down, fit to be shown.
type Recorded struct {
	Means    string    `json:"means"`
	Level    string    `json:"level"`
	AuthTime time.Time `json:"auth_time"`
	AMR      string    `json:"amr,omitempty"`
}

// Address is where a person logs in for the test; empty before [SetupTest.Check], and
// when the request could not be made.
func (t *SetupTest) Address() string { return t.address }

// Callback is the redirect URI that is registered with the broker.
func (t *SetupTest) Callback() string { return t.u.callback }

// Why something that came is not the answer of this test.
var (
	ErrNotTheCallback = errors.New("that is not the address that the broker sent the browser back to: it begins with the redirect URI and has state and code, or error, in it")
	ErrAnotherLogin   = errors.New("that is the answer of another login: its state is not the one of this test")
)

// ReadCallback reads what a person copied from the address bar: the whole address, or
// what follows its question mark.
func (t *SetupTest) ReadCallback(pasted string) (url.Values, error) {
	text := strings.TrimSpace(pasted)
	if _, after, ok := strings.Cut(text, "?"); ok {
		text = after
	}
	text, _, _ = strings.Cut(text, "#")
	values, err := url.ParseQuery(text)
	if err != nil || !values.Has("state") || (!values.Has("code") && !values.Has("error")) {
		return nil, ErrNotTheCallback
	}
	if !t.start.State.Equal(secret.Of(values.Get("state"))) {
		return nil, ErrAnotherLogin
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
		a.Returned = append(a.Returned, t.refusedAtBroker(callback, err))
		return
	}
	a.Returned = append(a.Returned, Finding{About: "the way back", Verdict: VerdictOK, Text: fmt.Sprintf("state is right, a code of %d characters", len(code))})
	token, err := t.u.redeem(ctx, code, back)
	if err != nil {
		a.Returned = append(a.Returned, failure("the token endpoint", err))
		return
	}
	a.Returned = append(a.Returned, Finding{About: "the token endpoint", Verdict: VerdictOK, Text: fmt.Sprintf("an id_token of %d characters", len(token))})
	if c := t.open(ctx, a, token); c != nil {
		t.look(a, c, back)
	}
}

// refusedAtBroker tells what the broker said. It came through the operator's own browser.
func (t *SetupTest) refusedAtBroker(callback url.Values, err error) Finding {
	f := failure("the way back", err)
	if said := callback.Get("error"); plain(said, 64) {
		f.Text += "; error=" + said
		if f.Word == "callback.error" {
			t.remedyError(said)
		}
	}
	if words := oneLine(callback.Get("error_description")); words != "" {
		f.Text += fmt.Sprintf(", error_description=%q", withoutCodes(words))
	}
	return f
}

// open opens the token as a login does, but shows what it can of one that must not be
// believed.
func (t *SetupTest) open(ctx context.Context, a *Answer, token string) claims {
	const about = "it is encrypted to us and signed by the broker"
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
		a.Checks = append(a.Checks, Finding{About: about, Verdict: VerdictOK})
		return found
	}
	a.Checks = append(a.Checks, failure(about, err))
	t.remedyAlgorithms(a, detailOf(err))
	return claims(payloadOf(inner))
}

// look shows the claims and makes every check of a login. What is proposed comes from
// verified tokens only: anybody can write the others.
func (t *SetupTest) look(a *Answer, c claims, back Return) {
	for _, name := range sortedNames(c) {
		a.Claims = append(a.Claims, ClaimView{Name: shown.Line(name, maxClaim), Value: t.u.printed(c, name)})
	}
	for _, check := range t.u.checks() {
		err := check.run(c, back)
		if err == nil {
			a.Checks = append(a.Checks, Finding{About: check.about, Verdict: VerdictOK})
			continue
		}
		a.Checks = append(a.Checks, failure(check.about, err))
		if a.Verified {
			t.remedyClaim(c, detailOf(err))
		}
	}
	names, method := t.u.config.Claims, t.u.config.Method.Claim
	a.Recorded = &Recorded{
		Means: t.u.meansOf(c, back.Means), Level: t.u.printed(c, names.Level), AuthTime: c.instant(names.AuthTime), AMR: t.u.printed(c, method),
	}
	if method != "" && a.Recorded.Means == login.MeansUnknown {
		t.unknownMethod(a, c, method)
	}
}

func (t *SetupTest) unknownMethod(a *Answer, c claims, claim string) {
	f := Finding{
		About: "its method is one that the configuration knows", Verdict: VerdictNote,
		Text: fmt.Sprintf("%s names none of ours: recorded as %q", claim, login.MeansUnknown),
	}
	a.Checks = append(a.Checks, f)
	if list := c.methods(claim); a.Verified && len(list) > 0 {
		t.remedyMethod(list[0])
	}
}
