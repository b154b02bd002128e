package browser_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"avain/internal/testkit/patience"

	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
)

const pressHeard = "pressHeard" // what pages call to say what became of a press

// lostAfter is the part of a test's patience in which a press must reach the page: one
// that gets lost is tried again.
const lostAfter = 10

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
const expectPress = (e, number) => {
  if (e === undefined) throw new Error("it has moved since it was found");
  addEventListener("click", (event) => {
    const hit = e.contains(event.target);
    if (!hit) { event.preventDefault(); event.stopImmediatePropagation(); }
    pressHeard(number + (hit ? " hit" : " missed"));
  }, { capture: true, once: true });
};
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
	for end := patience.End(); time.Now().Before(end); {
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

// labelled finds the button or link with these words.
func labelled(words string) (found, what string) {
	return "byWords(" + quote(words) + ")", fmt.Sprintf("button or link %q", words)
}

// press presses the button or link with these words, by finger or mouse. When it
// leads to another page, press returns on that page.
func (b *tab) press(words string) {
	b.Helper()
	found, what := labelled(words)
	b.pressFound(found, what, 1)
}

// pressTwice is an impatient double click.
func (b *tab) pressTwice(words string) {
	b.Helper()
	found, what := labelled(words)
	b.pressFound(found, what, 2)
}

// pressAndStay presses, but does not wait for the page that it leads to. (While a
// page is on its way, browsers answer no questions about the old one.)
func (b *tab) pressAndStay(words string) spot {
	b.Helper()
	found, what := labelled(words)
	return b.hit(found, what, 1)
}

// pressID presses what the app calls by a test id.
func (b *tab) pressID(id string) {
	b.Helper()
	b.pressFound("byID("+quote(id)+")", "element with test id "+id, 1)
}

func (b *tab) pressFound(found, what string, times int) {
	b.Helper()
	if b.hit(found, what, times).Leads {
		b.until(`window.pressed || document.readyState === "loading" ? "pressing " + ` + quote(what) + ` + " leads nowhere" : ""`)
	}
}

// hit presses an element and makes sure that this one got it.
func (b *tab) hit(found, what string, times int) spot {
	b.Helper()
	for try := range 5 {
		at := b.find(found, what)
		number := strconv.FormatInt(time.Now().UnixNano(), 36)
		// The old page is marked: a new one has no mark.
		ready := "expectPress(aim(" + found + ", '').element, " + quote(number) + ")"
		if b.scriptless {
			ready = "document.activeElement?.blur()"
		}
		_, err := evaluate[bool](b, "(() => {"+pageScript+ready+"; return window.pressed = true})()")
		if err != nil && try < 4 { // it loads itself again at this very moment
			continue
		}
		b.must(err)
		for range times {
			b.must(b.click(at))
		}
		if b.scriptless && b.tookFocus(found) || !b.scriptless && b.wasHit(number) {
			return at
		}
	}
	b.fail(what + " cannot be hit")
	return spot{}
}

// wasHit waits for the page's word on a press. A page that loads itself again, or
// moves, between look and press may miss it.
func (b *tab) wasHit(number string) bool {
	b.Helper()
	deadline := time.NewTimer(patience.Limit() / lostAfter)
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

// tookFocus is wasHit for a page without scripts, which cannot say a word: what is
// pressed has the focus, or its page is gone. (A page that is on its way answers
// nothing: then the press has arrived too.)
func (b *tab) tookFocus(found string) bool {
	looks := time.NewTicker(glance)
	defer looks.Stop()
	for end := time.Now().Add(patience.Limit() / lostAfter); time.Now().Before(end); <-looks.C {
		ctx, cancel := context.WithTimeout(b.ctx, patience.Limit()/lostAfter)
		there, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("(() => {"+pageScript+`
			if (window.pressed !== true || document.readyState === "loading") return true;
			const [e] = `+found+`, has = document.activeElement;
			return e === undefined || has !== null && has !== document.body && (e.contains(has) || e.control === has);
		})()`))
		cancel()
		if there || err != nil {
			return true
		}
	}
	return false
}

func second[T any](_ T, err error) error { return err }

func (b *tab) click(at spot) error {
	ctx, cancel := patience.Within(b.ctx)
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
	case <-patience.Over():
		b.fail(label + " opens no tab")
		return nil
	}
}

// fill types into the field with this label.
func (b *tab) fill(label, text string) {
	b.Helper()
	b.pressFound("byWords("+quote(label)+").filter(e => e.matches('label'))", "field "+label, 1)
	b.until(`document.activeElement?.matches("input") ? "" : "no field has the focus"`)
	ctx, cancel := patience.Within(b.ctx)
	defer cancel()
	b.must(chromedp.Do(ctx, chromedp.KeyEvent(text)))
}
