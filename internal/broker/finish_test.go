package broker

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"avain/internal/domain/login"
)

func TestRedirectErrors(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		preset      Preset
		code, words string
		reason      login.Reason
		detail      string
	}{
		{PresetOP, "cancel", "user%20cancel", login.ReasonCancelledAtBroker, "callback.cancelled"},
		{PresetOP, "access_denied", "validation", login.ReasonBrokerError, "callback.access_denied"},
		{PresetOP, "invalid_scope", "", login.ReasonBrokerError, "callback.invalid_scope"},
		{PresetTelia, "access_denied", "", login.ReasonCancelledAtBroker, "callback.cancelled"},
		{PresetIdura, "access_denied", "", login.ReasonCancelledAtBroker, "callback.cancelled"},
		{PresetSignicat, "access_denied", "", login.ReasonCancelledAtBroker, "callback.cancelled"},
		{PresetINGroupe, "cancel", "", login.ReasonCancelledAtBroker, "callback.cancelled"},
		{PresetINGroupe, "authfailed", "", login.ReasonBrokerError, "callback.authfailed"},
		{PresetINGroupe, "inpro", "", login.ReasonBrokerError, "callback.inpro"},
		{PresetINGroupe, "input_params_notpresent", "", login.ReasonBrokerError, "callback.input_params_notpresent"},
		{PresetINGroupe, "idexpired", "", login.ReasonBrokerError, "callback.idexpired"},
		{PresetINGroupe, "generalerror", "", login.ReasonBrokerError, "callback.generalerror"},
		{PresetTelia, "timeout", "", login.ReasonBrokerTimeout, "callback.timed_out"},
		{PresetOP, "access_denied", "mobile%20certificate%3A%20208%20timeout", login.ReasonBrokerTimeout, "callback.timed_out"},
		{PresetTelia, "access_denied", "code 2080, timeouts", login.ReasonCancelledAtBroker, "callback.cancelled"},
		{PresetTelia, "access_denied", "208", login.ReasonBrokerTimeout, "callback.timed_out"},
		{PresetTelia, "<script>", "<b>", login.ReasonBrokerError, "callback.error"},
		{PresetTelia, "", "", login.ReasonBrokerError, "callback.error"},
		{PresetTelia, "server_error", "%zz", login.ReasonBrokerError, "callback.server_error"},
	} {
		w := newWorld(t, c.preset, nil)
		back := w.mustBegin("metsa").back()
		back.Query = url.Values{"error": {c.code}, "error_description": {c.words}, "state": back.Query["state"]}
		_, err := w.registry.Finish(context.Background(), back)
		mustFail(t, err, c.reason, c.detail)
		if state, _, _ := w.registry.brokers[0].circuit.look(); state != CircuitClosed {
			t.Error("a person who cancels speaks against the broker")
		}
	}
}

func TestTokenEndpointFailures(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		handler http.HandlerFunc
		reason  login.Reason
		detail  string
	}{
		{
			"code used", jsonHandler(400, map[string]any{"error": "invalid_request", "error_description": "invalid%20grant"}),
			login.ReasonBrokerError, "token.http_400",
		},
		{"401", textHandler(401, "who?"), login.ReasonBrokerError, "token.http_401"},
		{"500", textHandler(500, "<html>"), login.ReasonBrokerError, "token.http_500"},
		{"503", textHandler(503, ""), login.ReasonBrokerError, "token.http_503"},
		{
			"redirect", func(rw http.ResponseWriter, r *http.Request) { http.Redirect(rw, r, "/elsewhere", http.StatusFound) },
			login.ReasonBrokerError, "token.redirect",
		},
		{"not JSON", textHandler(200, "<html>"), login.ReasonBrokerError, "token.format"},
		{"wrong type", textHandler(200, `{"id_token":7}`), login.ReasonBrokerError, "token.format"},
		{"no id_token", textHandler(200, `{"access_token":"x"}`), login.ReasonBrokerError, "token.no_id_token"},
		{"null", textHandler(200, `null`), login.ReasonBrokerError, "token.no_id_token"},
		{"endless", func(rw http.ResponseWriter, _ *http.Request) {
			for range 20 {
				_, _ = rw.Write(make([]byte, 16<<10))
			}
		}, login.ReasonBrokerError, "token.size"},
		{"hangs up", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, login.ReasonBrokerDown, "token.unreachable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, PresetOP, nil)
			w.handle("token", c.handler)
			_, err := w.login("metsa")
			mustFail(t, err, c.reason, c.detail)
		})
	}
}

func TestSlowBrokerIsGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetOP, func(c *Config) { c.Timeout = 100 * time.Millisecond })
	released := make(chan struct{})
	w.handle("token", func(http.ResponseWriter, *http.Request) { <-released })
	_, err := w.login("metsa")
	close(released)
	mustFail(t, err, login.ReasonBrokerSlow, "token.timeout")
}

func TestBrokerThatIsGone(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetOP, nil)
	back := w.mustBegin("metsa").back()
	w.server.Close()
	_, err := w.registry.Finish(context.Background(), back)
	mustFail(t, err, login.ReasonBrokerDown, "token.unreachable")
}

// A browser that reloads aborts its first request. The code is good for one use: the
// exchange must go on, or the reload finds it spent.
func TestFinishSurvivesAnAbortedRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetOP, nil)
	back := w.mustBegin("metsa").back()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := w.registry.Finish(ctx, back); err != nil {
		t.Fatal(err)
	}
}

func TestFinishOfAnUnknownBroker(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetOP, nil)
	back := w.mustBegin("metsa").back()
	back.Broker = "other"
	_, err := w.registry.Finish(context.Background(), back)
	mustFail(t, err, login.ReasonPageUnknown, "broker.unknown")
}
