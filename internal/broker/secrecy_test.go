package broker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/secret"
)

// syncBuffer is a log that several goroutines write.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// Row 32: good and failed logins leave no secret and nothing of the person in the log,
// in an error or in an observation. The broker repeats all it knows in its errors.
func TestThreat32NothingSecretIsLogged(t *testing.T) {
	t.Parallel()
	for _, preset := range presets() {
		t.Run(name(preset), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, preset, nil)
			var log syncBuffer
			registry, err := New([]Config{w.config}, Deps{
				Now: w.clock.Now, CallbackURL: callbackURL, Log: slog.New(slog.NewJSONHandler(&log, nil)),
				Observe: func(o Observation) { _, _ = fmt.Fprintf(&log, "%+v\n", o) },
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(registry.Close)
			w.registry = registry
			canaries := []string{testHETU, "Matti", "Möttönen", testCode, "transient"}
			attempt := func() {
				j := w.mustBegin("metsa")
				back := j.back()
				_, err := registry.Finish(context.Background(), back)
				_, _ = fmt.Fprintf(&log, "%v %+v\n", err, j.start)
				for _, s := range []secret.Text{j.start.State, j.start.Nonce, j.start.Verifier} {
					canaries = append(canaries, s.Reveal())
				}
			}
			attempt()
			for _, m := range mutations(w) {
				w.lie(m.mutate, nil)
				attempt()
			}
			for _, h := range hostileTokens(t) {
				w.lie(nil, func(c map[string]any) string { return h.seal(w, c) })
				attempt()
			}
			w.handle("token", echo)
			attempt()
			for _, r := range w.received("token") {
				canaries = append(canaries, r.form.Get("client_assertion"))
			}
			for _, canary := range canaries {
				if strings.Contains(log.String(), canary) {
					t.Errorf("the log shows %q", canary)
				}
			}
			if !strings.Contains(log.String(), "id_token.nonce") {
				t.Error("the log does not even tell what went wrong")
			}
		})
	}
}

// echo is a token endpoint that says everything again in its error.
func echo(rw http.ResponseWriter, r *http.Request) {
	answerJSON(rw, http.StatusBadRequest, map[string]any{
		"error": "invalid_grant " + r.Form.Encode(), "error_description": r.Form.Encode(),
	})
}

// A hostile token that makes a parser quote it must not fill the log.
func TestFaultsAreShort(t *testing.T) {
	t.Parallel()
	f := &brokerError{word: "id_token.encryption", err: errors.New(strings.Repeat("x", 1<<20))}
	if len(f.Error()) > 400 {
		t.Errorf("%d bytes", len(f.Error()))
	}
}

// A caller that forgets a secret gets an error of ours, never a login without it.
func TestIncompleteJourneysAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetTelia, nil)
	good := w.mustBegin("metsa")
	for name, change := range map[string]func(*Start){
		"state":    func(s *Start) { s.State = secret.Text{} },
		"nonce":    func(s *Start) { s.Nonce = secret.Text{} },
		"verifier": func(s *Start) { s.Verifier = secret.Text{} },
	} {
		start := good.start
		change(&start)
		_, err := w.registry.Begin(context.Background(), start)
		if got := fault.AsError(err); got.Kind != fault.Internal || got.Detail != "start.incomplete" {
			t.Errorf("%s: %v", name, err)
		}
	}
	forgotten := good.back()
	forgotten.StartedAt = (Return{}).StartedAt
	_, err := w.registry.Finish(context.Background(), forgotten)
	if got := fault.AsError(err); got.Kind != fault.Internal || got.Detail != "return.incomplete" {
		t.Errorf("started at: %v", err)
	}
	noNonce := good.back()
	noNonce.Nonce = secret.Text{}
	w.lie(func(c map[string]any) { c["nonce"] = "" }, nil)
	_, err = w.registry.Finish(context.Background(), noNonce)
	mustFail(t, err, login.ReasonBrokerClaimMissing, "id_token.missing:nonce")
}

// Some brokers leave cty out; what is inside is checked all the same.
func TestContentTypeMayBeMissing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetOP, nil)
	w.lie(nil, func(c map[string]any) string {
		return w.to(testDecryption(), "RSA-OAEP", "A128CBC-HS256", map[string]any{"kid": "our-enc"}, w.goodJWS(c))
	})
	mustLogin(t, w)
}
