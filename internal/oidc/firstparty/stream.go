package firstparty

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"avain/internal/domain/login"
	"avain/internal/platform/connlimit"
	"avain/internal/platform/web"
)

// stream sends states as server-sent events (HTML standard, §9.2): what is, and then
// every change. A connection that can be taken out of net/http goes to the stream server, where
// it costs no goroutine and no buffers, and stays until the login is over. Others, those
// of HTTP/2 and TLS above all, are served here, for as long as a request may last.
func (f *Feature) stream(w http.ResponseWriter, r *http.Request, a login.Attempt, read reader) error {
	network := web.NetworkKey(r.Context())
	if err := f.streams.acquire(network); err != nil {
		return err
	}
	over := connlimit.Waits(r.Context())
	plain := f.streams.running() && takeable(r)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // proxies that would hold the events back
	if plain {
		h.Set("Connection", "close") // after the last event nobody reads here any more
	}
	w.WriteHeader(http.StatusOK)
	out := http.NewResponseController(w)
	if !f.send(w, out, a) || a.State.Over() {
		over()
		f.streams.release(network)
		return nil
	}
	if plain {
		// The buffers of net/http, and its goroutine, end with this handler. What was
		// written has been flushed, in whole chunks; a caller who has sent another request
		// behind this one was told that the connection closes.
		if conn, _, err := out.Hijack(); err == nil {
			f.streams.serve(conn, network, a)
			return nil
		}
	}
	defer f.streams.release(network)
	defer over()
	f.events(r.Context(), w, out, a, read)
	return nil
}

// takeable reports whether the connection of a request carries nothing else and speaks
// plainly: one of HTTP/2 carries other requests too, one of TLS has to be closed with
// words that may have to wait for the other side.
func takeable(r *http.Request) bool {
	return r.ProtoMajor == 1 && r.ProtoMinor == 1 && r.TLS == nil
}

// events sends states until the login is over, the app is gone or it is time to ask
// again. What goes wrong meanwhile cannot be told any more, because half an answer is
// out: the app asks again and is told then.
func (f *Feature) events(ctx context.Context, w http.ResponseWriter, out *http.ResponseController, a login.Attempt, read reader) {
	until := f.d.Now().Add(longest)
	for !a.State.Over() {
		before := a.State
		var err error
		if a, err = f.change(ctx, a, read, until); err != nil || ctx.Err() != nil {
			return
		}
		if a.State == before {
			break
		}
		if !f.send(w, out, a) {
			return
		}
	}
	if !a.State.Over() {
		within := spread // sent home before its time: the node stops
		if !f.d.Now().Before(until) {
			within = 0
		}
		_, _ = w.Write(againEvent(within)) // an app that is gone asks again by itself
	}
}

// send writes one event, and reports whether the app is still there.
func (f *Feature) send(w http.ResponseWriter, out *http.ResponseController, a login.Attempt) bool {
	_, err := w.Write(stateEvent(f.reportOf(a), a.UpdatedAt)) //nolint:gosec // JSON with its tags escaped, and no page: text/event-stream, nosniff
	return err == nil && out.Flush() == nil
}

// stateEvent is a report as an event.
func stateEvent(r report, at time.Time) []byte {
	event := append(make([]byte, 0, 192), "event: state\nid: "...)
	event = strconv.AppendInt(event, at.UnixMilli(), 10)
	event = append(event, "\ndata: "...)
	data, err := json.Marshal(r)
	if err != nil {
		data = []byte("{}") // words and numbers always encode
	}
	return append(append(event, data...), "\n\n"...)
}

// spread is over how long the apps of a node that stops come back, so that they do not
// fall upon the next one all at once.
const spread = 5 * time.Second

// againEvent ends a stream whose login goes on: ask again, after a while that differs
// from app to app and lies within the time given.
func againEvent(within time.Duration) []byte {
	wait := rand.Int64N(within.Milliseconds() + 1) //nolint:gosec // nobody gains by guessing it
	return []byte("event: again\nretry: " + strconv.FormatInt(wait, 10) + "\ndata: {}\n\n")
}
