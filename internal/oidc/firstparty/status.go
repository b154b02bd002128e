package firstparty

import (
	"context"
	"net/http"
	"strings"
	"time"

	"avain/internal/domain/login"
	"avain/internal/platform/connlimit"
	"avain/internal/platform/web"
)

const (
	// tick is how often a request that waits looks at the clock: a login that nobody
	// finishes ends without anybody moving it.
	tick = time.Second
	// longest is how long one request waits; the app then asks again with a fresh
	// proof. Below the minute after which proxies give up on silent connections.
	longest = 25 * time.Second
)

// report of a login to the app that started it: how far it is, and never a code or
// token.
type report struct {
	State       login.State  `json:"state"`
	Reason      login.Reason `json:"reason,omitempty"`
	ExpiresIn   int          `json:"expires_in"` // seconds until the login ends
	SupportCode string       `json:"support_code"`
}

func (f *Feature) reportOf(a login.Attempt) report {
	return report{a.State, a.Reason, secondsUntil(a.ExpiresAt, f.d.Now()), a.SupportCode}
}

func secondsUntil(end, now time.Time) int { return max(0, int(end.Sub(now).Seconds())) }

// reader reads the attempt that a request asks about, with the right of the app that
// asks.
type reader func(ctx context.Context) (login.Attempt, error)

// status tells the app how its login stands. With known=STATE it waits until the
// state is another one; with Accept: text/event-stream it sends every change as it
// comes. Either way the app reconnects after a while, a sleep or a restart of the
// server, and loses nothing, because the state is in the database.
func (f *Feature) status(w http.ResponseWriter, r *http.Request) error {
	c, err := f.prove(w, r)
	if err != nil {
		return err
	}
	a, err := f.attempt(r.Context(), c)
	if err != nil {
		return err
	}
	read := func(ctx context.Context) (login.Attempt, error) { return f.attempt(ctx, c) }
	if strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
		return f.stream(w, r, a, read)
	}
	if known := login.State(c.params.Get("known")); known == a.State && !a.State.Over() {
		network := web.NetworkKey(r.Context())
		if err := f.streams.acquire(network); err != nil {
			return err
		}
		defer f.streams.release(network)
		defer connlimit.Waits(r.Context())()
		if a, err = f.change(r.Context(), a, read, f.d.Now().Add(longest)); err != nil {
			return err
		}
	}
	web.WriteJSON(w, http.StatusOK, f.reportOf(a))
	return nil
}

// change waits until the attempt's state differs from the one given, or the time is
// over. It reads the attempt when it is woken, by a hint or by the lookout that finds
// what hints have lost, and when its time or the attempt's is over.
func (f *Feature) change(ctx context.Context, a login.Attempt, read reader, until time.Time) (login.Attempt, error) {
	call, leave := f.d.Room.Wait(a.ID)
	defer leave()
	clock := time.NewTicker(tick)
	defer clock.Stop()
	if a.ExpiresAt.Before(until) {
		until = a.ExpiresAt // it ends then without anybody moving it
	}
	// Look once after taking the seat: the move may have come just before it.
	for now, err := read(ctx); ; now, err = read(ctx) {
		if err != nil || now.State != a.State || !f.d.Now().Before(until) {
			return now, err
		}
		for woken := false; !woken; {
			select {
			case <-ctx.Done():
				return now, nil // the app has gone
			case _, open := <-call:
				if !open {
					return now, nil // the server stops; the app will ask again
				}
				woken = true
			case <-clock.C:
				woken = !f.d.Now().Before(until)
			}
		}
	}
}
