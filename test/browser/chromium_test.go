package browser_test

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	"avain/internal/testkit/patience"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
)

// slots are the places for browsers: two at once are as many as two cores like.
var slots = make(chan struct{}, 2)

// takeSlot waits for a place. A test takes one for all of its browsers.
func takeSlot(t *testing.T) {
	t.Helper()
	slots <- struct{}{}
	t.Cleanup(func() { <-slots })
}

// browser is a chromium with a user data folder of its own.
type browser struct {
	*testing.T
	world *world
	wire  *wire
	ctx   context.Context // of the process and its first, empty tab
	ended bool

	camera *camera // of all who use this browser; none: there is no camera
}

// newBrowser starts a browser in the world with a fresh folder.
func (w *world) newBrowser() *browser {
	w.Helper()
	return w.newBrowserIn(filepath.Join(w.TempDir(), "chromium"))
}

// newBrowserIn starts a browser with a folder that an earlier one may have left.
func (w *world) newBrowserIn(folder string, flags ...chromedp.ExecAllocatorOption) *browser {
	w.Helper()
	path, err := chromium()
	if err != nil {
		w.Fatal(err)
	}
	b := &browser{T: w.T, world: w, wire: newWire(w)}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(folder), chromedp.CombinedOutput(io.Discard),
		chromedp.NoSandbox, // chromium refuses its sandbox to root, which tests in containers are
		chromedp.DisableGPU,
		chromedp.WSURLReadTimeout(patience.Limit()),
		chromedp.Flag("headless", "new"),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("proxy-server", b.wire.server.URL),
		chromedp.Flag("proxy-bypass-list", "<-loopback>"), // else localhost would go past the wire
	)
	processes, stop := chromedp.NewExecAllocator(context.WithoutCancel(w.Context()), append(options, flags...)...)
	ctx, cancel := chromedp.NewContext(processes, chromedp.WithErrorf(func(string, ...any) {}))
	b.ctx = ctx
	w.Cleanup(func() {
		b.quit()
		cancel()
		stop()
	})
	if err := chromedp.Do(ctx); err != nil {
		w.Fatalf("%s does not start: %v", path, err)
	}
	w.browser = b
	return b
}

// quit closes the browser as its menu does, so that everything reaches its folder.
func (b *browser) quit() {
	b.Helper()
	if b.ended {
		return
	}
	b.ended = true
	ctx, cancel := patience.Within(b.ctx)
	defer cancel()
	if err := chromedp.Cancel(ctx); err != nil {
		b.Errorf("the browser does not quit: %v", err)
	}
}

// device is what a person holds.
type device struct {
	width, height int64
	touch         bool
	agent         string
	languages     string // what the browser asks for
	dark          bool
	stillness     bool // prefers-reduced-motion
}

const androidAgent = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36"

func phone() device {
	return device{width: 390, height: 844, touch: true, agent: androidAgent, languages: "fi-FI,fi"}
}

func computer() device {
	return device{width: 1280, height: 900, languages: "fi-FI,fi"}
}

// person is one profile of a browser: cookies and storage that no other sees.
type person struct {
	*browser
	device  device
	context cdp.BrowserContextID // empty: the browser's own, which is kept in its folder
	ctx     context.Context
}

// owner is the person whose browser this is.
func (b *browser) owner(d device) *person {
	return &person{browser: b, device: d, ctx: b.ctx}
}

// stranger is somebody else: another browser, as far as anybody can tell.
func (b *browser) stranger(d device) *person {
	b.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext())
	b.Cleanup(cancel)
	if err := chromedp.Do(ctx); err != nil {
		b.Fatal(err)
	}
	return &person{browser: b, device: d, context: chromedp.FromContext(ctx).BrowserContextID, ctx: ctx}
}

// newPhone is the usual beginning: a world, and somebody in it with a phone.
func newPhone(t *testing.T) (*world, *person) {
	t.Helper()
	w := newWorld(t)
	return w, w.newBrowser().owner(phone())
}

// blockCookies writes the settings of a browser that keeps no cookies of an origin,
// or none at all. Chromium counts all other storage as cookies.
func blockCookies(t *testing.T, folder, origin string) {
	t.Helper()
	const block = 2
	settings := map[string]any{"default_content_setting_values": map[string]any{"cookies": block}}
	if origin != "" {
		settings = map[string]any{"content_settings": map[string]any{"exceptions": map[string]any{
			"cookies": map[string]any{origin + ",*": map[string]any{"setting": block}},
		}}}
	}
	text, err := json.Marshal(map[string]any{"profile": settings})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(folder, "Default"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "Default", "Preferences"), text, 0o600); err != nil {
		t.Fatal(err)
	}
}
