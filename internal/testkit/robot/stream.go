package robot

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Stream is the event stream of a login.
type Stream struct {
	answer *http.Response
	lines  *bufio.Scanner
}

// Event is one event of a stream.
type Event struct {
	Name   string // state, again
	Retry  string // milliseconds until the app should come back
	Status Status // of state
}

// Follow opens the event stream of a login. The caller closes it.
func (a *App) Follow(ctx context.Context, l Login) (*Stream, error) {
	for again := false; ; again = true {
		s, err := a.follow(ctx, l)
		refusal, refused := errors.AsType[*Refusal](err)
		if !refused || refusal.Code != "use_dpop_nonce" || again {
			return s, err
		}
	}
}

func (a *App) follow(ctx context.Context, l Login) (*Stream, error) {
	r, err := a.FollowRequest(ctx, l)
	if err != nil {
		return nil, err
	}
	answer, err := a.HTTP.Do(r)
	if err != nil {
		return nil, err
	}
	if nonce := answer.Header.Get("DPoP-Nonce"); nonce != "" {
		a.nonce = nonce
	}
	if answer.StatusCode == http.StatusOK {
		return ReadStream(answer), nil
	}
	refusal := &Refusal{Status: answer.StatusCode, Header: answer.Header}
	text, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err := errors.Join(err, answer.Body.Close(), json.Unmarshal(text, refusal)); err != nil {
		return nil, fmt.Errorf("%d with a body that is not JSON: %w", answer.StatusCode, err)
	}
	return nil, refusal
}

// ReadStream reads the event stream that an answer carries.
func ReadStream(answer *http.Response) *Stream { return &Stream{answer, bufio.NewScanner(answer.Body)} }

// FollowRequest is the request that opens the stream, for callers who send it themselves.
func (a *App) FollowRequest(ctx context.Context, l Login) (*http.Request, error) {
	proof, err := a.Key.Prove(Proof{Method: http.MethodPost, URL: a.Issuer + "/attempt-status", Nonce: a.nonce, At: a.Now()})
	if err != nil {
		return nil, err
	}
	form := url.Values{"client_id": {a.ClientID}, "auth_session": {l.AuthSession}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, a.Issuer+"/attempt-status", strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	r.Header.Set("DPoP", proof)
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r, nil
}

// Next waits for the next event. io.EOF: the stream has ended as it should.
func (s *Stream) Next() (Event, error) {
	var e Event
	for s.lines.Scan() {
		name, value, _ := strings.Cut(s.lines.Text(), ": ")
		switch name {
		case "event":
			e.Name = value
		case "retry":
			e.Retry = value
		case "data":
			if err := json.Unmarshal([]byte(value), &e.Status); err != nil {
				return e, err
			}
		case "":
			if e.Name != "" {
				return e, nil
			}
		}
	}
	if err := s.lines.Err(); err != nil {
		return e, err
	}
	return e, io.EOF
}

// Header is of the answer.
func (s *Stream) Header() http.Header { return s.answer.Header }

// Proto is the version of HTTP that the stream came over.
func (s *Stream) Proto() string { return s.answer.Proto }

// Close ends the stream.
func (s *Stream) Close() error { return s.answer.Body.Close() }
