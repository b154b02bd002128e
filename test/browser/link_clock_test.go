package browser_test

import (
	"strconv"
	"time"

	"github.com/chromedp/cdproto/page"
)

// clockScript gives the pages of a tab a clock that a test may put forward: what was
// to happen in the time between happens then.
const clockScript = `(() => {
const { setTimeout: ring, clearTimeout: hush } = globalThis, truly = Date.now;
const waiting = new Map();
let ahead = 0;
Date.now = () => truly.call(Date) + ahead;
globalThis.setTimeout = (act, wait = 0, ...rest) => {
  const id = ring(() => { waiting.delete(id); act(...rest); }, wait);
  waiting.set(id, { at: Date.now() + wait, act: () => act(...rest) });
  return id;
};
globalThis.clearTimeout = (id) => { waiting.delete(id); hush(id); };
globalThis.timePasses = (wait) => {
  ahead += wait;
  for (const [id, { at, act }] of [...waiting]) if (at <= Date.now()) { clearTimeout(id); act(); }
};
})()`

// withClock makes the pages that the tab opens from now on go by the installation's
// clock.
func (b *tab) withClock() {
	b.Helper()
	b.beforeEachPage(clockScript)
	b.beforeEachPage(timePasses(time.Until(b.world.clock.now())))
}

// pass lets time pass for everybody: the service, the banks, and the pages of this tab.
func (b *tab) pass(d time.Duration) {
	b.Helper()
	b.world.clock.pass(d)
	b.beforeEachPage(timePasses(d))
	b.must(second(evaluate[bool](b, "("+timePasses(d)+", true)")))
}

func timePasses(d time.Duration) string {
	return "timePasses(" + strconv.FormatInt(d.Milliseconds(), 10) + ")"
}

func (b *tab) beforeEachPage(script string) {
	b.Helper()
	_, err := ask(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
	b.must(err)
}
