package webhook

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"avain/internal/platform/jobs"
	"avain/internal/secret"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// The example of the standard's own documentation.
func TestKnownSignature(t *testing.T) {
	t.Parallel()
	key, err := keyOf(secret.Of(someSecret))
	if err != nil {
		t.Fatal(err)
	}
	h := http.Header{}
	sign(h, [][]byte{key}, "msg_p5jXN8AQM9LWM0D4loKWxJek", `{"test": 2432232314}`, time.Unix(1614265330, 0))
	if got := h.Get("webhook-signature"); got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("signature %s", got)
	}
}

// A client that we did not write takes what we sent, with either secret while one is
// being changed, and nothing else.
func TestAnotherClientVerifies(t *testing.T) {
	t.Parallel()
	w := newWorld(t, status(http.StatusNoContent), func(e *Endpoint) { e.OldSecret = secret.Of(otherSecret) })
	w.clock.Store(time.Now().UnixMilli()) // that client looks at the real clock
	w.tell(joined())
	w.wantEnd(jobs.Done)
	m := w.messages()[0]
	for _, text := range []string{someSecret, otherSecret} {
		client, err := standardwebhooks.NewWebhook(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Verify(m.body, m.header); err != nil {
			t.Errorf("refused: %v", err)
		}
		if err := client.Verify(append(bytes.Clone(m.body), ' '), m.header); err == nil {
			t.Error("took a body that was changed")
		}
	}
	stranger, err := standardwebhooks.NewWebhook("whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	if err != nil {
		t.Fatal(err)
	}
	if err := stranger.Verify(m.body, m.header); err == nil {
		t.Error("a stranger's secret verifies")
	}
}

// Our own Verify takes what that client signs, and refuses all else.
func TestVerify(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	client, err := standardwebhooks.NewWebhook(otherSecret)
	if err != nil {
		t.Fatal(err)
	}
	body := []byte(`{"type":"person.erased"}`)
	signature, err := client.Sign("msg_1", now, body)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(http.Header)
		secret string
		now    time.Time
		want   error
	}{
		"as signed":                {func(http.Header) {}, otherSecret, now, nil},
		"among others":             {func(h http.Header) { h.Set("webhook-signature", "v1,AAAA v2,x  "+signature) }, otherSecret, now, nil},
		"five minutes later":       {func(http.Header) {}, otherSecret, now.Add(5 * time.Minute), nil},
		"too old":                  {func(http.Header) {}, otherSecret, now.Add(5*time.Minute + time.Second), ErrTimestamp},
		"from the future":          {func(http.Header) {}, otherSecret, now.Add(-6 * time.Minute), ErrTimestamp},
		"another secret":           {func(http.Header) {}, someSecret, now, ErrSignature},
		"another id":               {func(h http.Header) { h.Set("webhook-id", "msg_2") }, otherSecret, now, ErrSignature},
		"another time":             {func(h http.Header) { h.Set("webhook-timestamp", "1795348801") }, otherSecret, time.Unix(1795348801, 0), ErrSignature},
		"no time":                  {func(h http.Header) { h.Del("webhook-timestamp") }, otherSecret, now, ErrTimestamp},
		"no signature":             {func(h http.Header) { h.Del("webhook-signature") }, otherSecret, now, ErrSignature},
		"another version":          {func(h http.Header) { h.Set("webhook-signature", "v1a"+signature[2:]) }, otherSecret, now, ErrSignature},
		"signature cut":            {func(h http.Header) { h.Set("webhook-signature", signature[:len(signature)-4]) }, otherSecret, now, ErrSignature},
		"a secret that is no such": {func(http.Header) {}, "hunter2", now, errSecret},
	} {
		h := http.Header{}
		h.Set("webhook-id", "msg_1")
		h.Set("webhook-timestamp", "1795348800")
		h.Set("webhook-signature", signature)
		c.change(h)
		if err := Verify(secret.Of(c.secret), h, body, c.now); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

// Secrets do not print, whatever is wrong with them.
func TestSecretsAreNotQuoted(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"canary", "whsec_canary", "whsec_Y2FuYXJ5", "whsec_" + strings.Repeat("Y2FuYXJ5", 20)} {
		e := Endpoint{ID: "crm", URL: "https://crm.example.com", Secret: secret.Of(text)}
		_, err := New([]Endpoint{e}, time.Now, nil)
		if err == nil || strings.Contains(err.Error(), "canary") || strings.Contains(err.Error(), "Y2Fu") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
