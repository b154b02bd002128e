package demo_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/testkit/brokersim"
	"avain/internal/testkit/demo"
	"avain/internal/testkit/loopback"
	"avain/internal/testkit/robot"
)

// callers call at the same time, whatever the number of cores: group commit needs
// company to show what it does.
const callers = 32

// BenchmarkStart starts logins at /par, without a network. Run it with GOMAXPROCS=1
// to see one core, and read core-ns/op: it holds on a busy machine too.
func BenchmarkStart(b *testing.B) {
	d, app := startForLoad(b)
	call(b, d, app, "/par", url.Values{
		"client_id": {app.ClientID}, "response_type": {"code"}, "redirect_uri": {app.RedirectURI}, "scope": {app.Scope},
		"state": {"state"}, "nonce": {"nonce"}, "code_challenge": {strings.Repeat("A", 43)}, "code_challenge_method": {"S256"},
		"device_name": {"Robot"}, "device_platform": {"web"}, "app_version": {"1.16.0"},
	}, http.StatusCreated)
}

// BenchmarkRefresh renews the access token of one session, without a network.
func BenchmarkRefresh(b *testing.B) {
	d, app := startForLoad(b)
	tokens := logIn(b, d, app)
	call(b, d, app, "/token", url.Values{
		"client_id": {app.ClientID}, "grant_type": {"refresh_token"}, "refresh_token": {tokens.RefreshToken},
	}, http.StatusOK)
}

// BenchmarkLogin is a whole direct login, one after the other: with the app, its browser and
// the broker in the same process, so only what differs between two versions says something.
func BenchmarkLogin(b *testing.B) {
	d, app := startForLoad(b)
	logIn(b, d, app)
	began := onCore(b)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		logIn(b, d, app)
	}
	b.StopTimer()
	b.ReportMetric(float64(onCore(b)-began)/float64(b.N), "core-ns/op")
}

// startForLoad runs a service without the limits that hold a flood back, and an app
// that knows its nonce.
func startForLoad(b *testing.B) (*demo.Demo, *robot.App) {
	b.Helper()
	keys, err := sharedKeys()
	if err != nil {
		b.Fatal(err)
	}
	endless := config.Rate{Count: 1e9, Per: time.Second}
	d, err := demo.Start(b.Context(), demo.Options{Keys: &keys, People: 10, Change: func(c *config.Config) {
		c.Limits.StartsPerKey, c.Limits.StartsPerNetwork = endless, endless
		c.Limits.OpenAttempts, c.Limits.OpenPerNetwork = 1e9, 1e9
	}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := d.Close(); err != nil {
			b.Error(err)
		}
	})
	app, err := robot.NewApp(d.Service, "smartumpay", d.App+"/return", loopback.Client(b))
	if err != nil {
		b.Fatal(err)
	}
	return d, app
}

func logIn(b *testing.B, d *demo.Demo, app *robot.App) robot.Tokens {
	b.Helper()
	login, err := app.Start(b.Context(), nil)
	if err != nil {
		b.Fatal(err)
	}
	browser := robot.NewBrowser(app.HTTP.Transport, d.App)
	page, err := browser.Open(b.Context(), login.AuthorizeURL)
	if err != nil {
		b.Fatal(err)
	}
	if page, err = browser.Press(b.Context(), page, brokersim.Banks()[0].ID, nil); err != nil {
		b.Fatal(err)
	}
	tokens, err := app.Finish(b.Context(), login, page.App)
	if err != nil {
		b.Fatal(err)
	}
	return tokens
}

// call sends b.N requests, whose proofs are signed before the clock starts.
func call(b *testing.B, d *demo.Demo, app *robot.App, path string, form url.Values, want int) {
	b.Helper()
	service := d.Inside.Public
	requests := make([]*http.Request, b.N)
	nonce := nonceOf(b, d, app)
	for i := range requests {
		requests[i] = request(b, d, app, path, nonce, form)
	}
	var next atomic.Int64
	before, began := d.Inside.Store.Stats(), onCore(b)
	b.SetParallelism(max(1, callers/runtime.GOMAXPROCS(0)))
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			answer := httptest.NewRecorder()
			service.ServeHTTP(answer, requests[next.Add(1)-1])
			if answer.Code != want {
				b.Errorf("%s: %d %s", path, answer.Code, answer.Body)
				return
			}
		}
	})
	b.StopTimer()
	after := d.Inside.Store.Stats()
	b.ReportMetric(float64(onCore(b)-began)/float64(b.N), "core-ns/op")
	b.ReportMetric(float64(after.Writes-before.Writes)/float64(after.Batches-before.Batches), "writes/commit")
}

func request(b *testing.B, d *demo.Demo, app *robot.App, path, nonce string, form url.Values) *http.Request {
	b.Helper()
	proof, err := app.Key.Prove(robot.Proof{Method: http.MethodPost, URL: d.Service + path, Nonce: nonce, At: time.Now()})
	if err != nil {
		b.Fatal(err)
	}
	r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, d.Service+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("DPoP", proof)
	return r
}

// nonceOf asks for the service's nonce by leaving it out.
func nonceOf(b *testing.B, d *demo.Demo, app *robot.App) string {
	b.Helper()
	answer := httptest.NewRecorder()
	form := url.Values{"client_id": {app.ClientID}, "grant_type": {"refresh_token"}}
	d.Inside.Public.ServeHTTP(answer, request(b, d, app, "/token", "", form))
	nonce := answer.Header().Get("DPoP-Nonce")
	if nonce == "" {
		b.Fatalf("no nonce: %d %s", answer.Code, answer.Body)
	}
	return nonce
}

// onCore is how long this process has been on a core.
func onCore(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
