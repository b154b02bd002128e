package browser_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestComplaintsAreHeard proves the tests' own ears: what other tests count on never
// hearing is heard when it is there.
func TestComplaintsAreHeard(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	app := somebody.newTab()
	app.open(w.App)
	app.seeID("start")
	for what, c := range map[string]struct{ script, word string }{
		"a forbidden picture":  {`new Image().src = "http://stranger.example/x.png"`, "Content Security Policy"},
		"a forbidden script":   {`document.body.append(Object.assign(document.createElement("script"), { textContent: "x" }))`, "TrustedScript"},
		"a console error":      {`console.error("oh dear")`, "oh dear"},
		"an exception":         {`setTimeout(() => { throw new Error("oh no") })`, "oh no"},
		"a missing file":       {`void fetch("/assets/nothing.js")`, "status of 404"},
		"a forgotten promise":  {`void Promise.reject(new Error("oh well"))`, "oh well"},
		"a forbidden request":  {`void fetch("http://stranger.example/").catch(() => 0)`, "http://stranger.example/"},
		"a forbidden document": {`document.body.append(Object.assign(document.createElement("iframe"), { src: "/x" }))`, "frame"},
	} {
		app.complaints.expect(c.word, "stranger.example", "Content Security Policy")
		_, _ = evaluate[chromedp.Void](app, c.script) // some of it throws at once, which nobody hears
		app.eventually(what+" is heard", func() bool {
			return strings.Contains(strings.Join(app.complaints.all(), "\n"), c.word)
		})
	}
}

// TestLoginPageWeight counts what comes over the wire, headers and all, for somebody
// who has never been here: at most 30 KB, and nothing from anybody else (bars.md).
func TestLoginPageWeight(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	app := somebody.newTab()
	app.open(w.App)
	app.seeID("start")

	var mu sync.Mutex
	asked, bytes := map[network.RequestID]string{}, map[network.RequestID]float64{}
	finished := 0
	app.must(chromedp.Listen(app.ctx, func(event any) {
		mu.Lock()
		defer mu.Unlock()
		switch e := event.(type) {
		case *network.EventRequestWillBeSent:
			if origin(e.DocumentURL) != w.Service {
				return // the app, before it leaves for the page
			}
			asked[e.RequestID] = e.Request.URL
			if e.RedirectResponse != nil {
				bytes[e.RequestID] += e.RedirectResponse.EncodedDataLength
			}
		case *network.EventLoadingFinished:
			if asked[e.RequestID] != "" {
				bytes[e.RequestID] += e.EncodedDataLength
				finished++
			}
		}
	}))
	app.pressID("login")
	app.at(w.Service + "/login/")
	app.until(`document.readyState === "complete" ? "" : "loading"`)
	app.eventually("every answer comes", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return finished == len(asked)
	})

	mu.Lock()
	defer mu.Unlock()
	total := 0.0
	for id, address := range asked {
		if origin(address) != w.Service {
			t.Errorf("the page asks for %s", address)
		}
		total += bytes[id]
	}
	t.Logf("login page: %.0f bytes in %d answers", total, len(asked))
	if total > 30_000 || len(asked) < 5 {
		t.Errorf("%.0f bytes in %d answers, want at most 30,000", total, len(asked))
	}
}

// TestWithoutJavaScript: the pages of the service need none.
func TestWithoutJavaScript(t *testing.T) {
	t.Parallel()
	_, somebody := newPhone(t)
	app := somebody.newTab()
	app.start()
	scripts := func(off bool) {
		app.scriptless = off
		app.must(call(app, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: off}))
	}
	scripts(true)
	app.reload()
	app.press("Mobiilivarmenne")
	app.press("Keskeytä")
	app.press("Kuikka Pankki")
	app.press(aino)
	app.see("Vahvista pankin sovelluksessa")
	scripts(false) // the app is one
	app.press("Vahvista")
	app.mustBeHome("Aino")
}

// TestKeyboardAlone logs in, changes the language and logs out without a pointer. The
// focus can be seen at each step.
func TestKeyboardAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	app := w.newBrowser().owner(computer()).newTab()
	app.open(w.App)
	app.seeID("start")
	app.tabTo("Kirjaudu sisään")
	app.key(kb.Enter)
	app.at(w.Service + "/login/")
	app.key(kb.Tab)
	app.mustFocus("Siirry sisältöön")
	app.key(kb.Enter)
	app.tabTo("Kuikka Pankki")
	app.key(kb.Enter)
	app.at(w.Banks)
	app.tabTo(aino)
	app.key(kb.Enter)
	app.see("Vahvista pankin sovelluksessa")
	app.tabTo("Vahvista")
	app.key(kb.Enter)
	app.mustBeHome("Aino")
	app.tabTo("Asetukset")
	app.key(kb.Enter)
	app.seeID("settings-screen")
	app.tabTo("Suomi")
	app.key(kb.ArrowDown)
	app.seeLanguage("sv")
	app.tabTo("Logga ut")
	app.key(kb.Enter)
	app.seeID("logout-confirm")
	app.until(`document.activeElement?.matches("h2") ? "" : "the question has not taken the focus"`)
	app.tabTo("Logga ut")
	app.key(kb.Enter)
	app.seeID("logged-out")
}

// focusScript says what has the focus, and whether that can be seen.
const focusScript = `
const focused = document.activeElement;
const named = focused?.labels?.[0] ?? focused;
const ringed = (e) => getComputedStyle(e).outlineStyle !== "none" && parseFloat(getComputedStyle(e).outlineWidth) >= 2;
`

// mustFocus checks what has the focus.
func (b *tab) mustFocus(label string) {
	b.Helper()
	b.until(`(() => {` + focusScript + `return wordsOf(named).includes(` + quote(label) + `) ? "" : "the focus is on " + wordsOf(named)})()`)
	b.until(`(() => {` + focusScript + `return ringed(focused) || ringed(named) ? "" : "the focus cannot be seen on " + wordsOf(named)})()`)
}

// tabTo presses Tab until something with these words has the focus.
func (b *tab) tabTo(label string) {
	b.Helper()
	for range 60 {
		words, err := evaluate[string](b, `(() => {`+pageScript+focusScript+`return focused === document.body || focused === null ? "" : wordsOf(named)})()`)
		if err == nil && strings.HasPrefix(words, label) {
			b.mustFocus(label)
			return
		}
		b.key(kb.Tab)
	}
	b.fail("Tab never comes to " + label)
}
