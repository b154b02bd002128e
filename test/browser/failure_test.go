package browser_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/testkit/brokersim"
)

var codePattern = regexp.MustCompile(`^[2-9A-Z]{3}-[2-9A-Z]{3}$`)

// reasonTexts are the service's words for each reason, in Finnish.
var reasonTexts = sync.OnceValues(func() (map[login.Reason]struct{ Title, What, Next string }, error) {
	text, err := os.ReadFile("../../internal/domain/reasons/texts/pages.fi.json")
	if err != nil {
		return nil, err
	}
	var catalogue struct {
		Reason map[login.Reason]struct{ Title, What, Next string }
	}
	err = json.Unmarshal(text, &catalogue)
	return catalogue.Reason, err
})

// title is what a page of the service says first about a reason, in Finnish.
func (b *tab) title(reason login.Reason) string {
	b.Helper()
	texts, err := reasonTexts()
	b.must(err)
	title := texts[reason].Title
	if title == "" {
		b.Fatalf("no words for %s", reason)
	}
	return strings.ReplaceAll(title, "{{.Company}}", "Smartum")
}

// supportCode is the support code on a page or screen.
func (b *tab) supportCode() string {
	b.Helper()
	code := b.text("[data-testid=support-code], footer .code")
	if !codePattern.MatchString(code) {
		b.Errorf("%q is no support code", code)
	}
	return code
}

// mustFail waits for the app's screen for a failure: what happened, what to do, a
// retry, a way out and the code for support. Somebody who is locked is offered no way
// that cannot help. It answers the code.
func (b *tab) mustFail(failure string) string {
	b.Helper()
	b.seeElement(`[data-testid=error][data-failure=` + failure + `]`)
	if title, text := b.text("h1"), b.text(".lead"); len(title) < 8 || len(text) < 20 {
		b.Errorf("%s says too little: %q, %q", failure, title, text)
	}
	if failure == "locked" {
		b.seeID("start-over")
		if n := value[int](b, `document.querySelectorAll("[data-testid=retry], [data-testid=alternative]").length`); n != 0 {
			b.Error("somebody who is locked is offered ways that cannot help")
		}
		return b.supportCode()
	}
	b.seeID("retry", "start-over", "alternative")
	return b.supportCode()
}

// mustEnd waits for a page of the service on which a login has ended, and answers
// its support code.
func (b *tab) mustEnd(reason login.Reason) string {
	b.Helper()
	b.at(b.world.Service)
	b.see(b.title(reason))
	return b.supportCode()
}

// mustTurnBack waits for the page of the means with what happened on top, and
// answers the support code. The person may choose again.
func (b *tab) mustTurnBack(reason login.Reason) string {
	b.Helper()
	b.at(b.world.Service + "/login/")
	b.until(`squeeze(document.querySelector("[role=alert]")?.innerText).startsWith(` + quote(b.title(reason)) + `) ? "" : "no word of ` + string(reason) + `"`)
	b.see("Kuikka Pankki", "Peruuta")
	return b.supportCode()
}

// TestStranger: verified, but without benefits.
func TestStranger(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	app := somebody.newTab()
	app.start()
	code := app.supportCode()
	app.throughBank(vieno)
	if got := app.mustEnd(login.ReasonNoBenefits); got != code {
		t.Errorf("support code %s, want %s", got, code)
	}
	if app.says("Hautala") {
		t.Error("the page of a login that failed shows a whole name")
	}
	app.press("Palaa sovellukseen")
	if got := app.mustFail("noBenefits"); got != code {
		t.Errorf("the app shows the support code %s, want %s", got, code)
	}
	app.pressID("retry")
	app.at(w.Service + "/login/")
	app.throughBank(aino)
	app.mustBeHome("Aino")
}

// TestMisbehavingBroker: whatever the broker does wrong, the person reads what
// happened, has a code for support, and gets in with the next try. (Every toggle, and
// what support reads, is in test/server.)
func TestMisbehavingBroker(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	app := somebody.newTab()
	app.complaints.expect("status of 503", "status of 404", "status of 400")
	app.start()
	code := app.supportCode()
	confirm := func() { app.press(aino); app.press("Vahvista") }
	for _, c := range []struct {
		toggle brokersim.Toggle
		walk   func()
		reason login.Reason
	}{
		{brokersim.ServerError, func() {}, login.ReasonBrokerError},
		{brokersim.CancelAtBank, func() { app.press(aino) }, login.ReasonCancelledAtBroker},
		{brokersim.MissingCode, confirm, login.ReasonBrokerResponse},
		{brokersim.PlaintextToken, confirm, login.ReasonBrokerUnencrypted},
		{brokersim.WrongNonce, confirm, login.ReasonBrokerResponse},
		{brokersim.MissingHETU, confirm, login.ReasonBrokerClaimMissing},
		{brokersim.WrongACR, confirm, login.ReasonIdentificationWeak},
		{brokersim.IdentificationError, func() { confirm(); app.press("Palaa palveluun") }, login.ReasonBrokerError},
	} {
		app.must(w.OP.Misbehave(c.toggle))
		app.press("Kuikka Pankki")
		c.walk()
		if got := app.mustTurnBack(c.reason); got != code {
			t.Errorf("%s: support code %s, want %s", c.toggle, got, code)
		}
		app.must(w.OP.Behave())
	}

	// A broker that keeps the person: back, and try again.
	app.must(w.OP.Misbehave(brokersim.NoReturnPage))
	app.press("Kuikka Pankki")
	app.see("Tunnistautumista ei voi aloittaa")
	app.must(w.OP.Behave())
	app.back()
	app.at(w.Service + "/login/")

	// A broker that sends the person back to nowhere.
	app.must(w.OP.Misbehave(brokersim.WrongState))
	app.press("Kuikka Pankki")
	confirm()
	app.mustEnd(login.ReasonAttemptUnknown)
	app.must(w.OP.Behave())
	app.open(w.App)
	app.pressID("continue")
	app.at(w.Service + "/login/")
	app.throughBank(aino)
	app.mustBeHome("Aino")
	if n := w.sessions("aino"); n != 1 {
		t.Errorf("%d sessions, want 1", n)
	}
}

// TestEveryFailureInTheApp: each failure that the app has words for, brought about
// by the reason that the service gives.
func TestEveryFailureInTheApp(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	app := somebody.newTab()
	app.open(w.App)
	app.seeID("start")
	for reason, failure := range map[login.Reason]string{
		login.ReasonCancelledByPerson:   "cancelled",
		login.ReasonNoBenefits:          "noBenefits",
		login.ReasonPersonLocked:        "locked",
		login.ReasonAttemptExpired:      "expired",
		login.ReasonOtherBrowser:        "otherBrowser",
		login.ReasonCookiesBlocked:      "cookies",
		login.ReasonRateLimited:         "tooMany",
		login.ReasonBrokerDown:          "bankDown",
		login.ReasonBrokerTimeout:       "bankTimeout",
		login.ReasonBrokerResponse:      "identification",
		login.ReasonClockWrong:          "clock",
		login.ReasonRequestInvalid:      "app",
		login.ReasonInternal:            "server",
		login.Reason("not_yet_thought"): "cancelled", // by its OAuth code, access_denied
	} {
		app.pressID("login")
		app.at(w.Service + "/login/")
		code := app.supportCode()
		app.wire.sayInstead(string(reason))
		app.press("Peruuta")
		if got := app.mustFail(failure); got != code {
			t.Errorf("%s: the app shows the support code %s, want %s", reason, got, code)
		}
		app.wire.change(nil)
		app.pressID("start-over")
		app.seeID("start")
	}
}

// TestEndedSession: whoever is logged out by the service is told so, and why.
func TestEndedSession(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	app := somebody.newTab()
	app.logIn()
	w.clock.pass(91 * 24 * time.Hour) // nobody has used the session for so long
	app.reload()
	app.seeElement("[data-testid=logged-out][data-because=ended]")
	app.seeID("login", "alternative")
	w.clock.right()
	app.pressID("login")
	app.at(w.Service + "/login/")
	app.throughBank(aino)
	app.mustBeHome("Aino")
}
