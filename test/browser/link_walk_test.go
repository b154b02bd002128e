package browser_test

import (
	"os"
	"strings"

	"avain/internal/domain/login"
	"avain/internal/testkit/patience"

	permission "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// walkWords are the words that a person goes by on the way of the login link: those of
// product.md's table, and the headings of the pages between.
type walkWords struct {
	open, identify string // the link page, and the page of the means
	question       string // the confirm page
	confirm        string
	refuse         string
	back           string
	clock          string // how a time of day is written
}

var onTheWay = map[string]walkWords{
	"fi": {
		"Kirjaudu", "Tunnistaudu", "Vahvistatko kirjautumisen?", "Vahvista kirjautuminen",
		"Peruuta – en aloittanut tätä", "Palaa sovellukseen", "klo 15.04",
	},
	"sv": {
		"Logga in", "Identifiera dig", "Bekräftar du inloggningen?", "Bekräfta inloggningen",
		"Avbryt – jag startade inte detta", "Återgå till appen", "kl. 15.04",
	},
	"en": {
		"Log in", "Identify yourself", "Do you confirm the login?", "Confirm login",
		"Cancel – I didn't start this", "Return to the app", "at 15:04",
	},
}

// pressIDOut presses what the app calls by a test id, and takes hold of the tab that
// this opens.
func (b *tab) pressIDOut(id string) *tab {
	b.Helper()
	opened := chromedp.WaitNewTarget(b.ctx, func(info *target.Info) bool { return info.Type == "page" })
	b.pressID(id)
	select {
	case found := <-opened:
		return b.attach(chromedp.WithTargetID(found))
	case <-patience.Over():
		b.fail(id + " opens no tab")
		return nil
	}
}

// startLink begins a login by link in the app and answers the tab in which the link
// has been opened, with the support code of the login.
func (b *tab) startLink() (page *tab, code string) {
	b.Helper()
	b.open(b.world.App)
	b.pressID("alternative")
	b.seeID("alternative-methods")
	page = b.pressIDOut("method-link")
	page.at(b.world.Service + "/l/")
	return page, page.supportCode()
}

// carryLink begins a login by link for another browser, and answers what the app has
// put on the clipboard.
func (b *tab) carryLink() (link, code string) {
	b.Helper()
	b.open(b.world.App)
	b.pressID("alternative")
	b.seeID("alternative-methods")
	b.pressID("link-elsewhere")
	b.mustFollow("created")
	b.mayUseClipboard(true)
	b.pressID("link-copy")
	b.see("Linkki on kopioitu")
	link = value[string](b, "navigator.clipboard.readText()")
	if !strings.HasPrefix(link, b.world.Service+"/l/") {
		b.Fatalf("the clipboard holds %q", link)
	}
	return link, b.supportCode()
}

// mayUseClipboard says whether the browser lets the app use the clipboard.
func (b *tab) mayUseClipboard(granted bool) {
	b.Helper()
	setting := permission.PermissionSettingGranted
	if !granted {
		setting = permission.PermissionSettingDenied
	}
	for _, name := range []string{"clipboard-write", "clipboard-read"} {
		b.must(call(b, permission.SetPermission, permission.SetPermissionParams{
			Permission: &permission.PermissionDescriptor{Name: name}, Setting: setting,
			Origin: b.world.App, BrowserContextID: b.context,
		}))
	}
}

// withoutScripts turns JavaScript off in the tab, or on again.
func (b *tab) withoutScripts(off bool) {
	b.Helper()
	b.scriptless = off
	b.must(call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: off}))
}

// toConfirm walks from the link page to the page that asks for confirmation.
func (b *tab) toConfirm() {
	b.Helper()
	b.press("Kirjaudu")
	b.at(b.world.Service + "/login/")
	b.throughBank(aino)
	b.see("Vahvistatko kirjautumisen?")
}

// toDigits walks from the link page to the digits and answers them.
func (b *tab) toDigits() string {
	b.Helper()
	b.toConfirm()
	b.press("Vahvista kirjautuminen")
	return b.digits()
}

// digits are the six that the page shows.
func (b *tab) digits() string {
	b.Helper()
	digits := strings.ReplaceAll(b.text(".digits"), " ", "")
	if len(digits) != 6 || strings.Trim(digits, "0123456789") != "" {
		b.Fatalf("%q are no six digits", digits)
	}
	return digits
}

// other is six digits that are not the right ones.
func other(digits string) string {
	if digits == "111222" {
		return "333444"
	}
	return "111222"
}

// typeDigits types into the field of the app, which has the focus.
func (b *tab) typeDigits(digits string) {
	b.Helper()
	b.seeID("digits")
	b.until(`document.activeElement === byID("digits")[0] && byID("digits")[0].value === "" && !byID("digits")[0].readOnly ? "" : "the field is not ready for digits"`)
	b.key(digits)
}

// mustFollow waits until the app says how far the login in the other browser is.
func (b *tab) mustFollow(state string) {
	b.Helper()
	b.seeElement(`[data-testid=link-state][data-state=` + state + `][data-trouble=false]`)
}

// lookAlike looks at what differs from others in its words alone, which is looked at
// when somebody wants pictures.
func (b *tab) lookAlike(name string) {
	b.Helper()
	if os.Getenv("SCREENSHOTS") != "" {
		b.look(name)
	}
}

// mustBe checks how a login has ended, and how many sessions came of it.
func (w *world) mustBe(code string, state login.State, reason login.Reason, sessions int) {
	w.Helper()
	if a := w.attempt(code); a.State != state || a.Reason != reason {
		w.Errorf("%s is %s because of %q, want %s, %q", code, a.State, a.Reason, state, reason)
	}
	if n := w.sessions("aino"); n != sessions {
		w.Errorf("%d sessions, want %d", n, sessions)
	}
}
