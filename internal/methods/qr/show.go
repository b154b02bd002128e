package qr

import (
	"context"
	"net/http"
	"time"

	"avain/internal/domain/login"
	"avain/internal/platform/web"
)

const (
	// poll is how long a lost wake-up can go unnoticed.
	poll = time.Second
	// hold is how long a page that loads itself again may be kept waiting for news. A
	// frame that it shows meanwhile is good for at least 30 s.
	hold = 25 * time.Second
)

// stage is how far a page has come, as the browser that shows it knows.
type stage string

const (
	stageShown    stage = "shown"
	stageTyped    stage = "typed" // shown, with a code to type
	stageLapsed   stage = "lapsed"
	stageClaimed  stage = "claimed"
	stageApproved stage = "approved"
	stageOver     stage = "over"
)

func (f *Feature) stageOf(p login.QRPage, a login.Attempt) stage {
	switch {
	case p.State == login.QRClaimed && a.State == login.StateClaimed:
		return stageClaimed
	case p.State == login.QRClaimed && a.State == login.StateApproved:
		return stageApproved
	case p.State == login.QRClaimed:
		return stageOver
	case p.State != login.QRShown || !f.d.Now().Before(p.ShownUntil):
		return stageLapsed
	case f.d.Attempts.Typed(p) != "":
		return stageTyped
	default:
		return stageShown
	}
}

// view is what the page leads with: the code for another phone, or the app on this one.
type view string

const (
	asUsual view = ""
	asCode  view = "code"
	asApp   view = "app"
)

func viewOf(s string) view {
	if v := view(s); v == asCode || v == asApp {
		return v
	}
	return asUsual
}

func (v view) query() string {
	if v == asUsual {
		return ""
	}
	return "?view=" + string(v)
}

// show renders the page as it stands. A page that loads itself again says what it has
// seen, and is answered when there is something else to see: so the result is there at
// once, without a script, and a person who is typing is left alone.
func (f *Feature) show(v visit) error {
	p, a, err := f.page(v)
	if err != nil {
		return err
	}
	if seen := stage(v.r.URL.Query().Get("seen")); seen == f.stageOf(p, a) {
		if p, a, err = f.news(v, p, a, seen); err != nil {
			return err
		}
	}
	if v.r.Context().Err() != nil {
		return v.r.Context().Err()
	}
	switch f.stageOf(p, a) {
	case stageShown, stageTyped:
		return f.showCode(v, p)
	case stageLapsed:
		return f.views.RenderEnded(v.w, v.r, EndedPage{Reason: login.ReasonQRExpired})
	case stageClaimed:
		return f.views.RenderClaimed(v.w, v.r, f.claimed(p, a, false))
	case stageApproved:
		return f.views.RenderApproved(v.w, v.r, ApprovedPage{Page: p.ID})
	default:
		return f.showEnd(v.w, v.r, a)
	}
}

// news waits until the page has come further than what was seen, or for a while.
func (f *Feature) news(v visit, p login.QRPage, a login.Attempt, seen stage) (login.QRPage, login.Attempt, error) {
	call, leave := f.d.Room.Wait(seatOf(p, a))
	defer leave()
	clock := time.NewTicker(poll)
	defer clock.Stop()
	ctx, cancel := context.WithTimeout(v.r.Context(), hold)
	defer cancel()
	for {
		var err error
		// Look once after taking the seat: the news may have come just before it.
		if p, a, err = f.page(v); err != nil || f.stageOf(p, a) != seen {
			return p, a, err
		}
		select {
		case <-ctx.Done():
			return p, a, nil
		case _, open := <-call:
			if !open {
				return p, a, nil // the server stops; the page will come again
			}
		case <-clock.C:
		}
	}
}

// seatOf is what news is called out under: the page until it is claimed, then the login.
func seatOf(p login.QRPage, a login.Attempt) string {
	if a.ID != "" {
		return a.ID
	}
	return p.ID
}

func (f *Feature) showCode(v visit, p login.QRPage) error {
	look := viewOf(v.r.URL.Query().Get("view"))
	frame := f.d.Attempts.Frame(p)
	page := CodePage{
		Page: p.ID, App: f.d.App, Open: f.openLink(frame), View: look, Typed: f.d.Attempts.Typed(p),
		Lead: look == asApp || look == asUsual && web.OnPhone(v.r), Stage: f.stageOf(p, login.Attempt{}),
	}
	if page.Open == "" {
		page.Lead = false
	}
	var err error
	if page.Code, err = draw(frame); err != nil {
		return err
	}
	return f.views.RenderCode(v.w, v.r, page)
}

// openLink carries a code to the app on this very phone. The fragment stays out of
// every server's log.
func (f *Feature) openLink(frame string) string {
	if f.d.OpenLink == "" {
		return ""
	}
	return f.d.OpenLink + "#" + frame
}

func (f *Feature) claimed(p login.QRPage, a login.Attempt, malformed bool) ClaimedPage {
	return ClaimedPage{
		Page: p.ID, Device: a.Device.Label(), Place: a.Place, Elsewhere: p.Elsewhere, At: a.CreatedAt, Malformed: malformed,
	}
}

func (f *Feature) showEnd(w http.ResponseWriter, r *http.Request, a login.Attempt) error {
	if a.State == login.StateRedeemed {
		return f.views.RenderDone(w, r, DonePage{App: f.d.App, Device: a.Device.Label()})
	}
	return f.views.RenderEnded(w, r, EndedPage{Reason: a.Reason})
}
