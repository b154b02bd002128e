package browser_test

import (
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"avain/internal/domain/login"
	"avain/internal/testkit/brokersim"
	"avain/internal/testkit/patience"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// dresses are the ways in which every page is looked at.
func dresses() map[string]device {
	all := map[string]device{}
	for name, d := range map[string]device{"phone": phone(), "desktop": computer()} {
		d.stillness = true
		all[name+"-light"] = d
		d.dark = true
		all[name+"-dark"] = d
	}
	return all
}

// seen is what a look at a page found.
type seen struct {
	Rule  string   `json:"rule"`
	Help  string   `json:"help"`
	Nodes []string `json:"nodes"`
}

// look holds a page against what it must be: axe finds nothing, in light and dark, on
// a phone and on a desktop; nothing has to be scrolled sideways at 320 pixels, nor at
// twice the size on a desktop (WCAG 2.2, 1.4.4 and 1.4.10).
func (b *tab) look(name string) {
	b.Helper()
	before := b.device
	for dress, d := range dresses() {
		b.dress(d)
		for _, found := range b.axe() {
			b.Errorf("%s, %s: %s (%s): %s", name, dress, found.Help, found.Rule, strings.Join(found.Nodes, "\n\t"))
		}
		b.photograph(name + "-" + dress)
	}
	b.mustFit(name, 320, 640)
	b.dress(before)
}

// mustFit makes the page as narrow as zooming does: 1280 pixels become 640 at 200 %
// and 320 at 400 %.
func (b *tab) mustFit(name string, widths ...int64) {
	b.Helper()
	before := b.device
	for _, width := range widths {
		narrow := before
		narrow.width, narrow.height = width, 500
		b.dress(narrow)
		if wide := b.tooWide(); wide != "" {
			b.Errorf("%s at %d pixels has to be scrolled sideways because of %s", name, width, wide)
		}
		if width == 320 {
			b.photograph(name + "-320")
		}
	}
	b.dress(before)
}

// tooWide names the elements that stick out of the page, or out of the boxes that they
// stand in; empty when none does.
func (b *tab) tooWide() string {
	b.Helper()
	return value[string](b, `(() => {
		const root = document.scrollingElement;
		const name = (e) => e.tagName.toLowerCase() + "." + (e.getAttribute("class") ?? "");
		const wide = root.scrollWidth > root.clientWidth;
		const out = [...document.querySelectorAll("body *")].filter((e) => {
			if (wide && e.getBoundingClientRect().right > root.clientWidth + 1) return true;
			return e.clientWidth > 0 && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX === "visible";
		});
		return out.map(name).join(", ") || (wide ? "something" : "");
	})()`)
}

// axe runs the accessibility checker in a world of its own: the page's policy stays
// as it is, and the checker's script is none of the page's.
func (b *tab) axe() []seen {
	b.Helper()
	b.until(`document.readyState === "complete" && !document.getAnimations().some((a) => a.playState === "running" && a.effect?.getTiming().iterations !== Infinity) ? "" : "the page is still moving"`)
	var found []seen
	var err error
	for range 3 { // a page that loads itself again may do so in the middle
		if found, err = b.tryAxe(); err == nil {
			return found
		}
	}
	b.Fatalf("axe: %v", err)
	return nil
}

const axeRun = `axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
	violations.map((v) => ({ rule: v.id, help: v.help, nodes: v.nodes.map((n) => n.html.slice(0, 200) + " — " + (n.failureSummary ?? "")) })))`

func (b *tab) tryAxe() ([]seen, error) {
	source, err := axeSource()
	b.must(err)
	ctx, cancel := patience.Within(b.ctx)
	defer cancel()
	tree, err := chromedp.Call(ctx, page.GetFrameTree, cdp.Empty{})
	if err != nil {
		return nil, err
	}
	world, err := chromedp.Call(ctx, page.CreateIsolatedWorld, page.CreateIsolatedWorldParams{
		FrameID: tree.FrameTree.Frame.ID, WorldName: "axe",
	})
	if err != nil {
		return nil, err
	}
	in := func(p *runtime.EvaluateParams) { p.ContextID = world.ExecutionContextID }
	if ready, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`"axe" in globalThis`, in)); err != nil || !ready {
		if err := chromedp.Do(ctx, chromedp.Evaluate[chromedp.Void](source, in)); err != nil {
			return nil, err
		}
	}
	return chromedp.Run(ctx, chromedp.Evaluate[[]seen](axeRun, in, chromedp.EvalAwaitPromise))
}

// lookLanguages are those to look at: the first one, or all when somebody wants pictures.
func lookLanguages() []string {
	if os.Getenv("SCREENSHOTS") == "" {
		return []string{"fi"}
	}
	return []string{"fi", "sv", "en"}
}

// isAlike reports whether a page differs from others in its words alone: one template
// shows all reasons, so a few of them stand for the rest. When somebody wants
// pictures, nothing is left out.
func isAlike(name string) bool {
	chosen := []string{"error-no-benefits", "error-cookies-blocked", "error-broker-response"}
	return os.Getenv("SCREENSHOTS") == "" && strings.HasPrefix(name, "error-") && !slices.Contains(chosen, name)
}

// TestEveryPage looks at every page of the service. Words are long: in each language
// they must fit on a narrow screen.
func TestEveryPage(t *testing.T) {
	t.Parallel()
	for _, language := range lookLanguages() {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			w, somebody := newPhone(t)
			b := somebody.newTab()
			b.complaints.expect("status of 403", "status of 410", "status of 422")      // the pages that say so
			b.wire.change(func(answer *http.Response) { answer.Header.Del("Refresh") }) // pages that would go on by themselves
			gallery := w.Service + "/demo/pages/"
			b.open(gallery + "?lang=" + language)
			b.look(language + "/service/gallery")
			names := value[[]string](b, `[...document.querySelectorAll("main li a")].map((a) => a.textContent)`)
			if len(names) < 40 {
				t.Fatalf("only %d pages", len(names))
			}
			for _, name := range names {
				b.open(gallery + name + "?lang=" + language)
				b.seeLanguage(language)
				if n := value[int](b, "document.scripts.length"); n != 0 {
					t.Errorf("%s has %d scripts", name, n)
				}
				if isAlike(name) {
					b.mustFit(language+"/service/"+name, 320)
					continue
				}
				b.look(language + "/service/" + name)
				for _, other := range []string{"sv", "en"} {
					b.open(gallery + name + "?lang=" + other)
					b.mustFit(other+"/service/"+name, 320)
				}
			}
			b.open(w.Service + "/demo")
			b.look(language + "/service/landing")
			b.open(w.Mail)
			b.look(language + "/service/mailbox")
		})
	}
}

// TestEveryBankPage looks at the pages of the simulated brokers.
func TestEveryBankPage(t *testing.T) {
	t.Parallel()
	for _, language := range lookLanguages() {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			w, somebody := newPhone(t)
			somebody.device.languages = language
			b := somebody.newTab()
			say := inLanguage[language]
			at := func(name string) { b.look(language + "/bank/" + name) }
			b.start()
			b.press("Kuikka Pankki")
			b.at(w.Banks)
			at("user")
			b.press(aino)
			b.see(aino)
			at("confirm")
			b.back()
			b.open(w.App)
			b.pressID("continue")
			b.at(w.Service + "/login/")
			b.press(map[string]string{"fi": "Mobiilivarmenne", "sv": "Mobilcertifikat", "en": "Mobile Certificate"}[language])
			b.at(w.Banks)
			at("number")
			b.press("208")
			b.see(map[string]string{"fi": "Virhekoodi", "sv": "Felkod", "en": "Error code"}[language])
			at("missed")
			b.press(map[string]string{"fi": "Yritä uudelleen", "sv": "Försök igen", "en": "Try again"}[language])
			b.press(aino)
			b.seeElement(".event")
			at("waiting")
			ring := b.pressOut(map[string]string{"fi": "Avaa simuloitu puhelin", "sv": "Öppna den simulerade telefonen", "en": "Open the simulated phone"}[language])
			ring.look(language + "/bank/phone")
			ring.shut()
			b.front()
			b.press(map[string]string{"fi": "Keskeytä", "sv": "Avbryt", "en": "Cancel"}[language])
			b.at(w.Service)
			b.see(say.cancel)
			for name, address := range map[string]string{
				"front": w.OP.Endpoints().Control[:strings.LastIndex(w.OP.Endpoints().Control, "/")+1], "control": w.OP.Endpoints().Control,
			} {
				b.open(address)
				at(name)
			}
		})
	}
}

// TestEveryScreen looks at every screen of the phone app.
func TestEveryScreen(t *testing.T) {
	t.Parallel()
	for _, language := range lookLanguages() {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			w, somebody := newPhone(t)
			app := somebody.newTab()
			at := func(name string) { app.look(language + "/app/" + name) }
			app.complaints.expect(failedRequests...)
			app.complaints.expect("status of 503", "status of 404", "config.json: HTTP 404")
			app.open(w.App)
			app.choose(language)
			lookLoggedOut(w, app, at)
			lookFailed(w, app, at)
			lookLoggedIn(w, app, at)
		})
	}
}

func lookLoggedOut(w *world, app *tab, at func(string)) {
	app.Helper()
	app.seeID("start")
	at("start")
	app.pressID("alternative")
	app.seeID("alternative-methods")
	at("alternative")
	app.back()
	app.pressID("settings")
	app.seeID("settings-screen")
	at("settings")
	app.back()
	app.pressID("login")
	app.at(w.Service + "/login/")
	at("means")
	app.open(w.App)
	app.seeID("pending")
	at("pending")
	app.pressID("start-over")
	app.seeID("start")
	app.open(w.App + "/return?code=x&state=x&iss=" + w.Service)
	app.seeElement("[data-failure=foreign]")
	at("foreign")
	app.pressID("start-over")
	app.seeID("start")
}

func lookFailed(w *world, app *tab, at func(string)) {
	app.Helper()
	say := inLanguage[value[string](app, "document.documentElement.lang")]
	for _, reason := range []login.Reason{login.ReasonCancelledByPerson, login.ReasonNoBenefits, login.ReasonBrokerDown} {
		app.pressID("login")
		app.at(w.Service + "/login/")
		app.wire.sayInstead(string(reason))
		app.press(say.cancel)
		app.seeID("error")
		app.wire.change(nil)
		at("failed-" + string(reason))
		app.pressID("start-over")
		app.seeID("start")
	}
	app.tellOffline(true)
	app.seeID("offline")
	at("start-offline")
	app.tellOffline(false)
}

func lookLoggedIn(w *world, app *tab, at func(string)) {
	app.Helper()
	say := inLanguage[value[string](app, "document.documentElement.lang")]
	in := func() {
		app.pressID("login")
		app.at(w.Service + "/login/")
		app.press("Kuikka Pankki")
		app.press("Noor O'Brien")
		app.press(say.confirm)
	}
	app.wire.lose("/token", 1000)
	in()
	app.seeElement("[data-testid=finishing] [data-testid=offline]")
	at("finishing-waiting")
	app.wire.lose("/token", 0)
	app.mustBeHome("Noor")
	at("home")
	app.wire.change(func(answer *http.Response) {
		if answer.Request.URL.Path == "/userinfo" && answer.Request.Method == http.MethodGet {
			answer.StatusCode = http.StatusServiceUnavailable
		}
	})
	app.reload()
	app.seeElement("[data-freshness=trouble]")
	at("home-trouble")
	app.wire.change(nil)
	app.wire.setCut(true)
	app.pressID("retry")
	app.seeElement("[data-freshness=offline]")
	at("home-offline")
	app.pressID("settings")
	app.seeID("settings-screen")
	at("settings-logged-in")
	app.pressID("logout")
	app.seeID("logout-confirm")
	at("logout")
	app.pressID("logout-confirm")
	app.seeElement("[data-because=queued]")
	at("logged-out-queued")
	app.wire.setCut(false)
	app.open(w.App)
	app.seeID("start")
	in()
	app.mustBeHome("Noor")
	app.logOut()
	at("logged-out")
	app.wire.change(func(answer *http.Response) {
		if answer.Request.URL.Path == "/config.json" {
			answer.StatusCode = http.StatusNotFound
		}
	})
	app.forgetInstalled()
	app.open(w.App)
	app.seeElement("[data-failure=broken]")
	at("broken")
	app.wire.change(nil)
}

// forgetInstalled removes what the service worker keeps, and the worker.
func (b *tab) forgetInstalled() {
	b.Helper()
	b.must(second(evaluate[bool](b, `(async () => {
		for (const name of await caches.keys()) await caches.delete(name);
		for (const worker of await navigator.serviceWorker.getRegistrations()) await worker.unregister();
		return true;
	})()`)))
}

// TestHostileWords: what a broker writes into its texts is shown as text.
func TestHostileWords(t *testing.T) {
	t.Parallel()
	w, somebody := newPhone(t)
	app := somebody.newTab()
	app.must(w.OP.Misbehave(brokersim.Disturbance, brokersim.HostileTexts))
	app.must(w.Telia.Misbehave(brokersim.Disturbance, brokersim.HostileTexts))
	w.untilTold("Häiriötiedote")
	app.start()
	app.see(`Häiriötiedote &">`) // whole elements are left out of a text, the rest is shown as it is
	if n := value[int](app, "document.scripts.length"); n != 0 {
		t.Errorf("%d scripts", n)
	}
	app.look("fi/service/means-hostile")
	app.throughBank(aino)
	app.mustBeHome("Aino")
}
