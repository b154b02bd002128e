package browser_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"avain/internal/testkit/patience"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

// places are where browsers run: two at once are as many as two cores like.
var places = func() chan *place {
	free := make(chan *place, 2)
	for range cap(free) {
		free <- &place{}
	}
	return free
}()

// place has one chromium, which the tests that come here use one after the other, each
// with profiles of its own: to start one takes longer than many a test.
type place struct {
	ctx    context.Context // of the process; nil: nobody has asked yet
	folder string
}

// takePlace waits for a place. A test takes one for all of its browsers.
func takePlace(t *testing.T) *place {
	t.Helper()
	p := <-places
	t.Cleanup(func() { places <- p })
	return p
}

// chromium is the browser of the place.
func (p *place) chromium(t *testing.T) context.Context {
	t.Helper()
	if p.ctx != nil && p.ctx.Err() == nil {
		return p.ctx
	}
	var err error
	if p.folder == "" {
		if p.folder, err = os.MkdirTemp("", "avain-chromium-"); err != nil {
			t.Fatal(err)
		}
	}
	if p.ctx, _, err = launch(context.Background(), p.folder); err != nil {
		t.Fatal(err)
	}
	return p.ctx
}

// TestMain sends the browsers of all places home at the end.
func TestMain(m *testing.M) {
	code := m.Run()
	for range cap(places) {
		p := <-places
		if p.ctx != nil {
			_ = chromedp.Cancel(p.ctx)
		}
		_ = os.RemoveAll(p.folder)
	}
	os.Exit(code)
}

// browser is what one human uses: a wire of its own, and either profiles in the place's
// chromium or a process of its own.
type browser struct {
	*testing.T
	world *world
	wire  *wire
	ctx   context.Context // of the process and its first, empty tab
	own   bool            // the process, and a user data folder
	ended bool

	camera *camera // of all who use this browser; none: there is no camera
}

// newBrowser is a browser in the world in which nobody has been.
func (w *world) newBrowser() *browser {
	w.Helper()
	b := &browser{T: w.T, world: w, wire: newWire(w), ctx: w.place.chromium(w.T)}
	w.browser = b
	return b
}

// throughWire is how a profile reaches the world, and nothing else.
func (b *browser) throughWire(profile *target.CreateBrowserContextParams) {
	profile.ProxyServer, profile.ProxyBypassList = b.wire.server.URL, noBypass
}

// noBypass sends also what is for localhost over the wire.
const noBypass = "<-loopback>"

// newBrowserIn starts a browser with a folder that an earlier one may have left.
func (w *world) newBrowserIn(folder string, flags ...chromedp.ExecAllocatorOption) *browser {
	w.Helper()
	b := &browser{T: w.T, world: w, wire: newWire(w), own: true}
	ctx, stop, err := launch(context.WithoutCancel(w.Context()), folder, append(flags,
		chromedp.Flag("proxy-server", b.wire.server.URL), chromedp.Flag("proxy-bypass-list", noBypass))...)
	if err != nil {
		w.Fatal(err)
	}
	b.ctx = ctx
	w.Cleanup(func() {
		b.quit()
		stop()
	})
	w.browser = b
	return b
}

// launch starts a chromium and waits until it listens.
func launch(parent context.Context, folder string, flags ...chromedp.ExecAllocatorOption) (context.Context, context.CancelFunc, error) {
	path, err := chromium()
	if err != nil {
		return nil, nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(folder), chromedp.CombinedOutput(io.Discard),
		chromedp.NoSandbox, // chromium refuses its sandbox to root, which tests in containers are
		chromedp.DisableGPU,
		chromedp.WSURLReadTimeout(patience.Limit()),
		chromedp.Flag("headless", "new"),
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-software-rasterizer", true), // a GPU in software, which no page here asks for
		// chromedp's own two, and what works ahead or asks around: a process that waits for a
		// page that may never come costs as much as one that shows it.
		chromedp.Flag("disable-features", "Translate,BlinkGenPropertyTrees,SpareRendererForSitePerProcess,OptimizationHints,MediaRouter"),
	)
	processes, stop := chromedp.NewExecAllocator(parent, append(options, flags...)...)
	ctx, cancel := chromedp.NewContext(processes, chromedp.WithErrorf(func(string, ...any) {}))
	if err := chromedp.Do(ctx); err != nil {
		stop()
		return nil, nil, fmt.Errorf("%s does not start: %w", path, err)
	}
	return ctx, func() {
		cancel()
		stop()
	}, nil
}

// quit closes the browser as its menu does, so that everything reaches its folder.
func (b *browser) quit() {
	b.Helper()
	if b.ended || !b.own {
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
	b.Helper()
	if !b.own {
		return b.stranger(d)
	}
	return &person{browser: b, device: d, ctx: b.ctx}
}

// stranger is somebody else: another browser, as far as anybody can tell.
func (b *browser) stranger(d device) *person {
	b.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext(b.throughWire))
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
