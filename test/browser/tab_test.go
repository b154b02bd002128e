package browser_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"time"

	"avain/internal/testkit/patience"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

const (
	glance = 20 * time.Millisecond // between two looks at a page
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
	b.introduce(p.device)
	b.dress(p.device)
	b.front()
	return b
}

// introduce makes the tab say what a device says of itself.
func (b *tab) introduce(d device) {
	b.Helper()
	agent := emulation.SetUserAgentOverrideParams{UserAgent: d.agent, AcceptLanguage: d.languages}
	if d.agent != "" {
		agent.Platform = "Linux armv81"
		agent.UserAgentMetadata = &emulation.UserAgentMetadata{
			Brands:   []*emulation.UserAgentBrandVersion{{Brand: "Chromium", Version: "156"}},
			Platform: "Android", PlatformVersion: "16.0.0", Model: "Pixel 9", Mobile: true,
		}
	}
	b.must(call(b, emulation.SetUserAgentOverride, agent))
	b.must(call(b, emulation.SetTimezoneOverride, emulation.SetTimezoneOverrideParams{TimezoneID: "Europe/Helsinki"}))
}

// dress makes the tab look like a device.
func (b *tab) dress(d device) {
	b.Helper()
	b.device = d
	scheme, motion := "light", "no-preference"
	if d.dark {
		scheme = "dark"
	}
	if d.stillness {
		motion = "reduce"
	}
	b.must(call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: d.width, Height: d.height, DeviceScaleFactor: 1, Mobile: d.touch,
	}))
	b.must(call(b, emulation.SetTouchEmulationEnabled, emulation.SetTouchEmulationEnabledParams{Enabled: d.touch}))
	b.must(call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: motion},
	}}))
}

// ask gives the browser a command that may be given twice. A page that loads itself
// again at that moment can swallow one.
func ask[P, R any](b *tab, command cdp.Command[P, R], params P) (answer R, err error) {
	for part := time.Duration(64); part > 1; part /= 2 { // swallowed is likelier than slow, but both happen
		ctx, cancel := context.WithTimeout(b.ctx, patience.Limit()/part)
		answer, err = chromedp.Call(ctx, command, params)
		cancel()
		if err == nil || b.ctx.Err() != nil {
			break
		}
	}
	return answer, err
}

func call[P, R any](b *tab, command cdp.Command[P, R], params P) error {
	_, err := ask(b, command, params)
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
	ctx, cancel := patience.Within(b.ctx)
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
	deadline := time.NewTimer(patience.Limit())
	defer deadline.Stop()
	ticks := time.NewTicker(glance)
	defer ticks.Stop()
	for {
		answer, err := evaluate[string](b, "(() => {"+pageScript+"return ("+expression+")})()")
		if err != nil {
			answer = err.Error()
		} else if answer == "" {
			return
		}
		select {
		case <-ticks.C:
		case <-deadline.C:
			b.fail(answer)
		case <-b.ctx.Done():
			b.Fatalf("%s; and the tab is gone", answer)
		}
	}
}

// eventually waits for something that is not on the page.
func (b *tab) eventually(what string, happened func() bool) {
	b.Helper()
	deadline := time.NewTimer(patience.Limit())
	defer deadline.Stop()
	ticks := time.NewTicker(glance)
	defer ticks.Stop()
	for !happened() {
		select {
		case <-ticks.C:
		case <-deadline.C:
			b.fail("not in time: " + what)
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

// see waits until the page shows all these words.
func (b *tab) see(words ...string) {
	b.Helper()
	all, err := json.Marshal(words)
	b.must(err)
	b.until(`((text) => ` + string(all) + `.filter((words) => !text.includes(words)).map((words) => "the page does not say " + words).join(", "))(squeeze(document.body?.innerText))`)
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
	ctx, cancel := patience.Within(b.ctx)
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
	history, err := ask(b, page.GetNavigationHistory, cdp.Empty{})
	b.must(err)
	if history.CurrentIndex == 0 {
		b.Fatal("there is no page to go back to")
	}
	entry := history.Entries[history.CurrentIndex-1].ID
	b.must(call(b, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: entry}))
}

// backTo goes back until the page says these words. A button that was pressed twice may have
// left two pages behind, where the browser had already shown the first.
func (b *tab) backTo(words string) {
	b.Helper()
	for {
		here, err := ask(b, page.GetNavigationHistory, cdp.Empty{})
		b.must(err)
		b.back()
		b.eventually("the browser goes back", func() bool {
			now, err := ask(b, page.GetNavigationHistory, cdp.Empty{})
			return err == nil && now.CurrentIndex < here.CurrentIndex
		})
		b.until(`document.readyState === "loading" ? "loading" : ""`)
		if b.says(words) {
			return
		}
	}
}

// key presses a key of the keyboard.
func (b *tab) key(keys string, modifiers ...chromedp.Modifier) {
	b.Helper()
	ctx, cancel := patience.Within(b.ctx)
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
	answer, err := ask(b, page.CaptureScreenshot, page.CaptureScreenshotParams{CaptureBeyondViewport: new(true)})
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
