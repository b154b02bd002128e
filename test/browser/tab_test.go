package browser_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

const (
	patience = 25 * time.Second      // for anything that a test waits for
	glance   = 20 * time.Millisecond // between two looks at a page
	delivery = 5 * time.Second       // for a press to reach the page

	pressHeard = "pressHeard" // what pages call to say what became of a press
)

// tab is a tab of a person's browser.
type tab struct {
	*person
	ctx        context.Context
	cancel     context.CancelFunc
	complaints *complaints
	presses    chan string // what the page says became of a press
	scriptless bool        // the page cannot say anything
}

// newTab opens an empty tab.
func (p *person) newTab() *tab {
	p.Helper()
	return p.attach()
}

// attach takes hold of a tab: a new one, or with WithTargetID one that a page opened.
func (p *person) attach(options ...chromedp.ContextOption) *tab {
	p.Helper()
	b := &tab{person: p, complaints: &complaints{ours: p.world.ours}, presses: make(chan string, 100)}
	options = append(options, chromedp.WithListener(b.complaints.hear), chromedp.WithListener(func(event any) {
		if e, ok := event.(*runtime.EventBindingCalled); ok && e.Name == pressHeard {
			b.presses <- e.Payload
		}
	}))
	if p.context != "" {
		options = append(options, chromedp.WithExistingBrowserContext(p.context))
	}
	b.ctx, b.cancel = chromedp.NewContext(p.ctx, options...)
	if err := chromedp.Do(b.ctx); err != nil {
		p.Fatal(err)
	}
	p.Cleanup(func() {
		for _, complaint := range b.complaints.unexpected() {
			p.Errorf("the browser complains: %s", complaint)
		}
	})
	b.must(call(b, runtime.AddBinding, runtime.AddBindingParams{Name: pressHeard}))
	b.dress(p.device)
	b.front()
	return b
}

// dress makes the tab look like a device.
func (b *tab) dress(d device) {
	b.Helper()
	b.device = d
	metrics := emulation.SetDeviceMetricsOverrideParams{Width: d.width, Height: d.height, DeviceScaleFactor: 1, Mobile: d.touch}
	scheme, motion := "light", "no-preference"
	if d.dark {
		scheme = "dark"
	}
	if d.stillness {
		motion = "reduce"
	}
	agent := emulation.SetUserAgentOverrideParams{UserAgent: d.agent, AcceptLanguage: d.languages}
	if d.agent != "" {
		agent.Platform = "Linux armv81"
		agent.UserAgentMetadata = &emulation.UserAgentMetadata{
			Brands:   []*emulation.UserAgentBrandVersion{{Brand: "Chromium", Version: "156"}},
			Platform: "Android", PlatformVersion: "16.0.0", Model: "Pixel 9", Mobile: true,
		}
	}
	media := emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: motion},
	}}
	touch := emulation.SetTouchEmulationEnabledParams{Enabled: d.touch}
	b.must(call(b, emulation.SetDeviceMetricsOverride, metrics))
	b.must(call(b, emulation.SetTouchEmulationEnabled, touch))
	b.must(call(b, emulation.SetUserAgentOverride, agent))
	b.must(call(b, emulation.SetEmulatedMedia, media))
	b.must(call(b, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Europe/Helsinki"}))
}

func call[P, R any](b *tab, command cdp.Command[P, R], params P) error {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	_, err := chromedp.Call(ctx, command, params)
	return err
}

func (b *tab) must(err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}

// front brings the tab to the front, as tapping on it does.
func (b *tab) front() {
	b.Helper()
	b.must(call(b, page.BringToFront, cdp.Empty{}))
}

// shut closes the tab.
func (b *tab) shut() { b.cancel() }

// evaluate runs an expression in the page and decodes its value.
func evaluate[T any](b *tab, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// value is evaluate for what cannot fail.
func value[T any](b *tab, expression string) T {
	b.Helper()
	v, err := evaluate[T](b, expression)
	if err != nil {
		b.Fatalf("%s: %v", expression, err)
	}
	return v
}

// until looks at the page again and again until the expression answers "". Anything
// else it answers is what is missing. While a page changes, it answers nothing.
func (b *tab) until(expression string) {
	b.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	ticks := time.NewTicker(glance)
	defer ticks.Stop()
	missing := "the page does not answer"
	for {
		answer, err := evaluate[string](b, "(() => {"+pageScript+"return ("+expression+")})()")
		switch {
		case err != nil:
			missing = err.Error()
		case answer == "":
			return
		default:
			missing = answer
		}
		select {
		case <-ticks.C:
		case <-deadline.C:
			b.fail(missing)
		case <-b.ctx.Done():
			b.Fatalf("%s; and the tab is gone", missing)
		}
	}
}

// fail ends the test with what is wrong and what the page looks like.
func (b *tab) fail(what string) {
	b.Helper()
	text, err := evaluate[string](b, "location.href + '\\n' + (document.body?.innerText ?? '')")
	if err != nil {
		text = err.Error()
	}
	b.photograph("failure-" + strings.NewReplacer("/", "-", " ", "-").Replace(b.Name()))
	b.Fatalf("%s. The page:\n%s\ncomplaints: %q", what, text, b.complaints.all())
}

// pageScript is what the helpers know about pages: what is visible, what words an
// element has, and which element is meant by them.
const pageScript = `
const squeeze = (s) => (s ?? "").replace(/[\s\u00ad\u200b]+/g, " ").trim();
const visible = (e) => e.checkVisibility({ visibilityProperty: true, opacityProperty: true });
const wordsOf = (e) => squeeze(e.getAttribute("aria-label") || e.innerText || e.value);
const pressable = () => [...document.querySelectorAll("button, a[href], label, summary, input[type=submit]")].filter(visible);
const byID = (id) => [...document.querySelectorAll("[data-testid=" + JSON.stringify(id) + "]")].filter(visible);
const byWords = (label) => {
  const all = pressable();
  const exact = all.filter((e) => wordsOf(e) === label);
  return exact.length > 0 ? exact : all.filter((e) => wordsOf(e).includes(label));
};
// Leads away: what happens next happens on another page.
const leads = (e) => {
  const link = e.closest("a[href]");
  if (link) return link.target !== "_blank" && /^https?:/.test(link.href) && link.href.split("#")[0] !== location.href.split("#")[0];
  return e.closest("form") !== null && (e.type === "submit");
};
const aim = (found, what) => {
  if (document.readyState === "loading") return { problem: "the page is still loading" };
  if (found.length === 0) return { problem: "there is no " + what };
  if (found.length > 1) return { problem: found.length + " of them are " + what };
  const [e] = found;
  e.scrollIntoView({ block: "center", behavior: "instant" });
  const box = e.getBoundingClientRect();
  const x = box.left + box.width / 2, y = box.top + box.height / 2;
  const top = document.elementFromPoint(x, y);
  if (top === null || !(e.contains(top) || top.contains(e))) return { problem: what + " is covered" };
  if (document.getAnimations().some((a) => a.playState === "running" && a.effect?.getTiming().iterations !== Infinity)) return { problem: "the page is still moving" };
  return { problem: "", x, y, leads: leads(e), element: e };
};
// The next press must be on this element. One that is not does nothing, and is told of.
const expectPress = (e, number) => addEventListener("click", (event) => {
  const hit = e.contains(event.target);
  if (!hit) { event.preventDefault(); event.stopImmediatePropagation(); }
  pressHeard(number + (hit ? " hit" : " missed"));
}, { capture: true, once: true });
`

// spot is where something can be pressed.
type spot struct {
	Problem string  `json:"problem"`
	X       float64 `json:"x"`
	Y       float64 `json:"y"`
	Leads   bool    `json:"leads"`
}

// find waits until one element is there to be pressed, and stays where it is.
func (b *tab) find(found, what string) spot {
	b.Helper()
	aim := "aim(" + found + ", " + quote(what) + ")"
	var before spot
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		b.until(aim + ".problem")
		at, err := evaluate[spot](b, "(() => {"+pageScript+"const { element, ...spot } = "+aim+"; return spot})()")
		if err == nil && at.Problem == "" && at == before {
			return at
		}
		before = at
	}
	b.fail(what + " does not stand still")
	return spot{}
}

// press presses the button or link with these words, by finger or mouse. When it
// leads to another page, press returns on that page.
func (b *tab) press(label string) {
	b.Helper()
	b.pressFound("byWords("+quote(label)+")", fmt.Sprintf("button or link %q", label), 1)
}

// pressTwice is an impatient double click.
func (b *tab) pressTwice(label string) {
	b.Helper()
	b.pressFound("byWords("+quote(label)+")", fmt.Sprintf("button or link %q", label), 2)
}

// pressID presses what the app calls by a test id.
func (b *tab) pressID(id string) {
	b.Helper()
	b.pressFound("byID("+quote(id)+")", "element with test id "+id, 1)
}

func (b *tab) pressFound(found, what string, times int) {
	b.Helper()
	for try := range 5 {
		at := b.find(found, what)
		number := strconv.FormatInt(time.Now().UnixNano(), 36)
		// The old page is marked: a new one has no mark.
		_, err := evaluate[bool](b, "(() => {"+pageScript+"expectPress(aim("+found+", '').element, "+quote(number)+"); return window.pressed = true})()")
		if err != nil && try < 4 { // it loads itself again at this very moment
			continue
		}
		b.must(err)
		for range times {
			b.must(b.click(at))
		}
		if !b.wasHit(number) {
			continue
		}
		if at.Leads {
			b.until(`window.pressed || document.readyState === "loading" ? "pressing " + ` + quote(what) + ` + " leads nowhere" : ""`)
		}
		return
	}
	b.fail(what + " cannot be hit")
}

// wasHit waits for the page's word on a press. A page that loads itself again, or
// moves, between look and press may miss it.
func (b *tab) wasHit(number string) bool {
	b.Helper()
	if b.scriptless {
		return true
	}
	deadline := time.NewTimer(delivery)
	defer deadline.Stop()
	for {
		select {
		case word := <-b.presses:
			if strings.HasPrefix(word, number) {
				return strings.HasSuffix(word, "hit")
			}
		case <-deadline.C:
			return false
		}
	}
}

func second[T any](_ T, err error) error { return err }

func (b *tab) click(at spot) error {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if b.device.touch {
		return chromedp.Do(ctx, chromedp.TapXY(at.X, at.Y))
	}
	return chromedp.Do(ctx, chromedp.MouseClickXY(at.X, at.Y))
}

// pressOut presses a link that opens another tab, and takes hold of that one.
func (b *tab) pressOut(label string) *tab {
	b.Helper()
	opened := chromedp.WaitNewTarget(b.ctx, func(info *target.Info) bool { return info.Type == "page" })
	b.press(label)
	select {
	case id := <-opened:
		return b.attach(chromedp.WithTargetID(id))
	case <-time.After(patience):
		b.fail(label + " opens no tab")
		return nil
	}
}

// fill types into the field with this label.
func (b *tab) fill(label, text string) {
	b.Helper()
	b.pressFound("byWords("+quote(label)+").filter(e => e.matches('label'))", "field "+label, 1)
	b.until(`document.activeElement?.matches("input") ? "" : "no field has the focus"`)
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	b.must(chromedp.Do(ctx, chromedp.KeyEvent(text)))
}

// see waits until the page shows all these words.
func (b *tab) see(words ...string) {
	b.Helper()
	for _, w := range words {
		b.until("squeeze(document.body?.innerText).includes(" + quote(w) + `) ? "" : "the page does not say " + ` + quote(w))
	}
}

// seeID waits for something that the app calls by a test id.
func (b *tab) seeID(ids ...string) {
	b.Helper()
	for _, id := range ids {
		b.until("byID(" + quote(id) + `).length > 0 ? "" : "there is no ` + id + `"`)
	}
}

// seeElement waits for an element.
func (b *tab) seeElement(selector string) {
	b.Helper()
	b.until("[...document.querySelectorAll(" + quote(selector) + ")].some(visible) ? '' : 'there is no ' + " + quote(selector))
}

// text is what an element says, once it is there.
func (b *tab) text(selector string) string {
	b.Helper()
	b.seeElement(selector)
	return value[string](b, "(() => {"+pageScript+"return squeeze(document.querySelector("+quote(selector)+").innerText)})()")
}

// says reports whether the page shows these words right now.
func (b *tab) says(words string) bool {
	b.Helper()
	return value[bool](b, "(() => {"+pageScript+"return squeeze(document.body.innerText).includes("+quote(words)+")})()")
}

// seeLanguage waits for a page in a language.
func (b *tab) seeLanguage(language string) {
	b.Helper()
	b.until(`document.documentElement.lang === ` + quote(language) + ` ? "" : "the page is in " + document.documentElement.lang`)
}

// at waits until the address begins like this.
func (b *tab) at(prefix string) {
	b.Helper()
	b.until(`location.href.startsWith(` + quote(prefix) + `) && document.readyState !== "loading" ? "" : "the address is not ` + prefix + `…"`)
}

func (b *tab) address() string {
	b.Helper()
	return value[string](b, "location.href")
}

// open types an address.
func (b *tab) open(address string) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(address)); err != nil {
		b.Fatalf("%s: %v", address, err)
	}
}

// reload presses the browser's reload button.
func (b *tab) reload() {
	b.Helper()
	b.must(second(evaluate[bool](b, "window.pressed = true")))
	b.must(call(b, page.Reload, page.ReloadParams{}))
	b.until(`window.pressed || document.readyState === "loading" ? "the page does not reload" : ""`)
}

// back presses the browser's back button.
func (b *tab) back() {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	history, err := chromedp.Call(ctx, page.GetNavigationHistory, cdp.Empty{})
	b.must(err)
	if history.CurrentIndex == 0 {
		b.Fatal("there is no page to go back to")
	}
	entry := history.Entries[history.CurrentIndex-1].ID
	b.must(call(b, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: entry}))
}

// key presses a key of the keyboard.
func (b *tab) key(keys string, modifiers ...chromedp.Modifier) {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	b.must(chromedp.Do(ctx, chromedp.KeyEvent(keys, chromedp.KeyModifiers(modifiers...))))
}

// offline takes the network away, or gives it back: nothing passes the wire any
// more, and the page is told so, as by a phone in flight mode.
func (b *tab) offline(off bool) {
	b.Helper()
	b.wire.setCut(off)
	b.tellOffline(off)
}

func (b *tab) tellOffline(off bool) {
	b.Helper()
	b.must(call(b, network.OverrideNetworkState, network.OverrideNetworkStateParams{
		Offline: off, DownloadThroughput: -1, UploadThroughput: -1,
	}))
}

// photograph saves a picture of the whole page if somebody asked for pictures.
func (b *tab) photograph(name string) {
	b.Helper()
	folder := os.Getenv("SCREENSHOTS")
	if folder == "" {
		return
	}
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	answer, err := chromedp.Call(ctx, page.CaptureScreenshot, page.CaptureScreenshotParams{
		CaptureBeyondViewport: new(true),
	})
	b.must(err)
	path := filepath.Join(folder, name+".png")
	b.must(os.MkdirAll(filepath.Dir(path), 0o755))
	b.must(os.WriteFile(path, answer.Data, 0o644))
}

func quote(s string) string {
	text, err := json.Marshal(s)
	if err != nil {
		return `""`
	}
	return string(text)
}
