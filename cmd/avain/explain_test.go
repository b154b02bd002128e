package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"avain/internal/core/diagnosis"
	"avain/internal/domain/login"
	"avain/internal/domain/reasons"
	"avain/internal/platform/store"
	"avain/internal/secret"
)

var explainedAt = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// failedAttempt is a login that failed at the bank, with a canary in everything that
// nobody may see, and hostile characters in everything that comes from outside.
func failedAttempt() login.Attempt {
	start := explainedAt
	return login.Attempt{
		ID: "canary-id", SupportCode: "K7Q-4TM", Method: login.MethodDirect, Client: "smartumpay", State: login.StateFailed,
		Reason: login.ReasonBrokerDown, Means: "metsa", Broker: "telia", Person: "canary-person", Key: "canary-key", CreatedAt: start,
		ACR: "canary-acr", Session: "canary-session", Place: "canary-place",
		Device:  login.Device{Platform: "android", Model: "X\x1b[31m1\u009b2J\u202e", AppVersion: "1.16.0", Name: "canary-name"},
		Request: login.Request{State: "canary-state", RedirectURI: "canary-redirect"},
		Timeline: []login.Event{
			{At: start, Step: "start", Outcome: "ok"},
			{At: start.Add(time.Second), Step: "return", Outcome: "failed", Reason: login.ReasonBrokerSlow, Browser: "Opera 76 on Android"},
			{At: start.Add(1500 * time.Millisecond), Step: "choose", Outcome: "failed", Reason: login.ReasonBrokerDown, Detail: "http_503\x1b]0;x\x07", Means: "metsa", Broker: "telia", Browser: "Opera 76 on Android"},
		},
	}
}

func explainFor(t *testing.T, x explained, asJSON bool) string {
	t.Helper()
	var out bytes.Buffer
	c := explainCommand{Lang: x.Lang}
	brand := diagnosis.Brand{App: "SmartumPay", Company: "Smartum", Version: "1.16.0", Bank: func(_, _ string) string { return "Metsäpankki" }}
	if err := c.show(terminal{out: &out, json: asJSON}, x, brand); err != nil {
		t.Fatal(err)
	}
	for _, hidden := range []string{"canary", "\x1b", "\x07", "\u009b", "\u202e"} {
		if strings.Contains(out.String(), hidden) {
			t.Errorf("%q is printed:\n%s", hidden, out.String())
		}
	}
	return out.String()
}

func TestExplainPrintsTheDiagnosisFirst(t *testing.T) {
	t.Parallel()
	const want = `code       K7Q-4TM
reason     broker_down, http_503]0;x
side       broker
when       2026-11-22 12:00:01
where      choose, Opera 76 on Android, metsa, telia
earlier    broker_slow
login      direct of smartumpay
state      failed, broker_down
device     android, X[31m12J, 1.16.0
started    2026-11-22 12:00:00

What happened
  The identification service isn't answering
  The way to identify yourself that you chose isn't available right now. Nothing is wrong with your phone.

Likely cause
  The identification service (Metsäpankki) doesn't answer, or isn't asked right now because it has just failed many times. It is not the person's fault, nor the phone's.

What the person should do
  Choose another way to identify yourself, or try again in a moment.

Answer to the person
  Hello!

  The way to prove who you are that you chose (Metsäpankki) doesn't answer right now. Nothing is wrong with you or your phone. Choose another way, or try again in half an hour.

  Choose another way to prove who you are:
  1. Open SmartumPay and press “Log in”.
  2. Choose another bank, if you have one, or Mobile Certificate.
  3. Prove who you are, then wait until the browser returns to the app.

  This is how to log in:
  1. Open SmartumPay and press “Log in”.
  2. Choose your bank or Mobile Certificate and prove who you are.
  3. Then wait until the browser returns to the app.

  If you still can't log in, reply to this message and tell us the support code that you see with the error.

  Kind regards
  Customer service

Timeline
  12:00:00.000  start     ok
  12:00:01.000  return    failed   broker_slow, Opera 76 on Android
  12:00:01.500  choose    failed   broker_down, http_503]0;x, metsa, telia, Opera 76 on Android
`
	if got := explainFor(t, explainedAttempt(failedAttempt(), "en", explainedAt.Add(time.Hour)), false); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

func TestExplainSpeaksThreeLanguages(t *testing.T) {
	t.Parallel()
	for lang, hello := range map[string]string{"fi": "Hei!", "sv": "Hej!", "en": "Hello!"} {
		if out := explainFor(t, explainedAttempt(failedAttempt(), lang, explainedAt), false); !strings.Contains(out, "  "+hello+"\n") {
			t.Errorf("%s:\n%s", lang, out)
		}
	}
}

func TestExplainForPrograms(t *testing.T) {
	t.Parallel()
	out := explainFor(t, explainedAttempt(failedAttempt(), "sv", explainedAt.Add(time.Hour)), true)
	var read struct {
		Code, Lang string
		Login      struct {
			State, Model string
		}
		Diagnosis struct {
			Reason, Fault, Browser, Means, Detail string
			Running, Good, Gone                   bool
			Ways, Earlier                         []string
		}
		Words    struct{ Title, Cause, Reply string }
		Timeline []login.Event
	}
	if err := json.Unmarshal([]byte(out), &read); err != nil {
		t.Fatal(err)
	}
	d := read.Diagnosis
	if read.Code != "K7Q-4TM" || read.Lang != "sv" || read.Login.State != "failed" || d.Reason != "broker_down" || d.Fault != "broker" ||
		d.Browser != "Opera 76 on Android" || d.Means != "metsa" || len(d.Ways) == 0 || len(d.Earlier) != 1 || d.Running ||
		!strings.HasPrefix(read.Words.Reply, "Hej!") || len(read.Timeline) != 3 || !read.Timeline[2].At.Equal(explainedAt.Add(1500*time.Millisecond)) {
		t.Errorf("%s", out)
	}
}

// The code of a request that was refused before there was a login is explained without
// a row, in the database or anywhere.
func TestExplainRefusedRequest(t *testing.T) {
	t.Parallel()
	code := reasons.Code(login.ReasonVersionTooOld, explainedAt)
	d, ok := diagnosis.OfCode(code, explainedAt.Add(time.Minute))
	if !ok {
		t.Fatal(code)
	}
	out := explainFor(t, explained{Code: code, Lang: "fi", Diagnosis: d}, false)
	for _, want := range []string{"reason     version_too_old\n", "side       app\n", "when       2026-11-22 12:00:00\n", "support_code " + code, "vähintään versioon 1.16.0"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing:\n%s", want, out)
		}
	}
}

// The whole way: an attempt in the database, read out on the phone as people do.
func TestExplainReadsTheDatabase(t *testing.T) {
	t.Parallel()
	dir, file := installation(t)
	db, err := store.Open(t.Context(), store.Config{Driver: store.SQLite, Path: filepath.Join(dir, "avain.db"), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC().Truncate(time.Millisecond)
	a := login.Attempt{
		ID: login.NewID(), SupportCode: "K7Q-4TM", Method: login.MethodDirect, State: login.StateConfirmed, Client: "smartumpay", Means: "metsa",
		Request:   login.Request{State: "canary-state"},
		CreatedAt: now.Add(-time.Hour), UpdatedAt: now.Add(-time.Hour), ExpiresAt: now.Add(-50 * time.Minute),
		Timeline: []login.Event{
			{At: now.Add(-time.Hour), Step: login.StepStart, Outcome: login.OutcomeOK},
			{At: now.Add(-59 * time.Minute), Step: login.StepConfirm, Outcome: login.OutcomeOK, Browser: "Samsung Internet 20 on Android"},
		},
	}
	err = errors.Join(db.Attempts.StartAttempt(t.Context(), a, login.AttemptSecrets{RequestURI: secret.New().Hash(), AuthSession: secret.New().Hash()}), db.Close())
	if err != nil {
		t.Fatal(err)
	}
	out := command(t, 0, "explain", "k7q 4tm", "-c", file)
	for _, want := range []string{"reason     redirect_lost\n", "where      confirm, Samsung Internet 20 on Android", "selaimesi (Samsung Internet) ei palannut", "\nTimeline\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing:\n%s", want, out)
		}
	}
	if strings.Contains(out, "canary") {
		t.Errorf("a secret is printed:\n%s", out)
	}
	var read struct{ Diagnosis struct{ Reason string } }
	if err := json.Unmarshal([]byte(command(t, 0, "explain", "K7Q-4TM", "-c", file, "--json")), &read); err != nil || read.Diagnosis.Reason != "redirect_lost" {
		t.Errorf("%+v, %v", read, err)
	}
	command(t, 1, "explain", "K7Q-4TN", "-c", file)
	command(t, 2, "explain", "K7Q-4TM", "-c", file, "--lang", "de")
}

// A line that came again says how often, and since when.
func TestThreat47ExplainCountsRepetitions(t *testing.T) {
	t.Parallel()
	a := failedAttempt()
	a.Timeline[1].Count, a.Timeline[1].Since = 500, explainedAt.Add(250*time.Millisecond)
	x := explainedAttempt(a, "en", explainedAt.Add(time.Hour))
	const want = "  12:00:01.000  return    failed   broker_slow, Opera 76 on Android, 500 times since 12:00:00.250\n"
	if out := explainFor(t, x, false); !strings.Contains(out, want) || strings.Count(out, " times since ") != 1 {
		t.Errorf("want only %q in:\n%s", want, out)
	}
	if out := explainFor(t, x, true); !strings.Contains(out, `"count": 500`) || !strings.Contains(out, `"since": "2026-11-22T12:00:00.25Z"`) {
		t.Errorf("for programs:\n%s", out)
	}
}

// A wrong set-up at the broker's side is named, with what to do: nobody who runs the
// service should have to look a word up.
func TestExplainNamesAWrongSetUp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		reason    login.Reason
		detail    string
		what, how string
	}{
		{login.ReasonBrokerUnencrypted, "id_token.plaintext", "it is not encrypted", "switch encryption on at the broker"},
		{login.ReasonBrokerClaimMissing, "id_token.missing:ftn_hetu", "it lacks the claim that the word names", "user data *All*"},
		{login.ReasonIdentificationWeak, "id_token.level", "accepted_levels", "the broker's guide"},
		{login.ReasonIdentificationStale, "id_token.auth_time_stale", "a session of its own", "prompt: login"},
		{login.ReasonBrokerError, "token.http_401", "answered with that status", "client_id"},
		{login.ReasonBrokerError, "jwks.type", "typ", "broker_keys.types"},
	} {
		a := failedAttempt()
		a.Timeline = append(a.Timeline, login.Event{
			At: a.CreatedAt.Add(2 * time.Second), Step: login.StepReturn, Outcome: login.OutcomeFailed, Reason: c.reason, Detail: c.detail, Means: "metsa", Broker: "telia",
		})
		a.State, a.Reason = login.StateOpened, ""
		a.ExpiresAt = a.CreatedAt.Add(time.Minute)
		x := explainedAttempt(a, "en", a.ExpiresAt.Add(time.Second))
		text := explainFor(t, x, false)
		if !strings.Contains(text, c.detail+": ") || !strings.Contains(text, c.what) || !strings.Contains(text, c.how) {
			t.Errorf("%s: does not say %q and %q:\n%s", c.detail, c.what, c.how, text)
		}
		if got := explainFor(t, x, true); !strings.Contains(got, `"advice"`) {
			t.Errorf("%s: for programs: %s", c.detail, got)
		}
	}
}
