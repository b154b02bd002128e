package challenge

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"avain/internal/login"
	"avain/internal/web"
)

const (
	// poll is how long a lost wake-up can go unnoticed.
	poll = time.Second
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
	return report{a.State, a.Reason, max(0, int(a.ExpiresAt.Sub(f.d.Now()).Seconds())), a.SupportCode}
}

// status tells the app how its login stands. With known=STATE it waits until the
// state is another one; with Accept: text/event-stream it sends every change as it
// comes. Either way the app reconnects after half a minute, a sleep or a restart of
// the server, and loses nothing, because the state is in the database.
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
		if a, err = f.change(r.Context(), a, read, f.d.Now().Add(longest)); err != nil {
			return err
		}
	}
	web.WriteJSON(w, http.StatusOK, f.reportOf(a))
	return nil
}

// change waits until the attempt's state differs from the one given, or the time is
// over. A wake-up makes it look at once; without one it looks every second.
func (f *Feature) change(ctx context.Context, a login.Attempt, read func(context.Context) (login.Attempt, error), until time.Time) (login.Attempt, error) {
	call, leave := f.d.Room.Wait(a.ID)
	defer leave()
	clock := time.NewTicker(poll)
	defer clock.Stop()
	// Look once after taking the seat: the move may have come just before it.
	for now, err := read(ctx); ; now, err = read(ctx) {
		if err != nil || now.State != a.State || !f.d.Now().Before(until) {
			return now, err
		}
		select {
		case <-ctx.Done():
			return now, nil // the app has gone
		case _, open := <-call:
			if !open {
				return now, nil // the server stops; the app will ask again
			}
		case <-clock.C:
		}
	}
}

// stream sends states as server-sent events (HTML standard, §9.2).
func (f *Feature) stream(w http.ResponseWriter, r *http.Request, a login.Attempt, read func(context.Context) (login.Attempt, error)) error {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // proxies that would hold the events back
	w.WriteHeader(http.StatusOK)
	f.events(r.Context(), w, a, read)
	return nil
}

// events sends states until the login is over, the app is gone or it is time to ask
// again. What goes wrong meanwhile cannot be told any more, because half an answer is
// out: the app asks again and is told then.
func (f *Feature) events(ctx context.Context, w http.ResponseWriter, a login.Attempt, read func(context.Context) (login.Attempt, error)) {
	out := http.NewResponseController(w)
	for until := f.d.Now().Add(longest); ; {
		if !f.send(w, out, a) || a.State.Over() || !f.d.Now().Before(until) || ctx.Err() != nil {
			return
		}
		var err error
		before := a.State
		if a, err = f.change(ctx, a, read, until); err != nil || a.State == before {
			return
		}
	}
}

// send writes one event, and reports whether the app is still there.
func (f *Feature) send(w http.ResponseWriter, out *http.ResponseController, a login.Attempt) bool {
	data, err := json.Marshal(f.reportOf(a))
	if err != nil {
		return false // words and numbers always encode
	}
	event := "event: state\nid: " + strconv.FormatInt(a.UpdatedAt.UnixMilli(), 10) + "\ndata: " + string(data) + "\n\n"
	_, err = w.Write([]byte(event))
	return err == nil && out.Flush() == nil
}
