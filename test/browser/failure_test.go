package browser_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"sync"

	"avain/internal/login"
)

var codePattern = regexp.MustCompile(`^[2-9A-Z]{3}-[2-9A-Z]{3}$`)

// reasonTexts are the service's words for each reason, in Finnish.
var reasonTexts = sync.OnceValues(func() (map[login.Reason]struct{ Title, What, Next string }, error) {
	text, err := os.ReadFile("../../internal/web/texts/reasons.fi.json")
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
// retry, a way out and the code for support. It answers the code.
func (b *tab) mustFail(failure string) string {
	b.Helper()
	b.seeElement(`[data-testid=error][data-failure=` + failure + `]`)
	if title, text := b.text("h1"), b.text(".lead"); len(title) < 8 || len(text) < 20 {
		b.Errorf("%s says too little: %q, %q", failure, title, text)
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
