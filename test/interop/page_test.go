package interop_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"path/filepath"
	"testing"

	"avain/internal/testkit/patience"

	"github.com/chromedp/chromedp"
)

// tryPage logs in with a library that lives in a page, in a real browser: it calls us
// from there (CORS).
func tryPage(t *testing.T, s *site) {
	if output, err := installed(); err != nil {
		t.Fatalf("npm packages: %v\n%s", err, output)
	}
	s.servePage(t, filepath.Join(nodeFolder, "oidc-client-ts.html"), map[string]string{
		"/oidc-client-ts.js": filepath.Join(nodeFolder, "node_modules/oidc-client-ts/dist/browser/oidc-client-ts.min.js"),
		"/settings.mjs":      s.settings,
	})
	ctx := chromium(t)
	do := func(actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, actions...); err != nil {
			t.Fatal(err)
		}
	}
	shown := func(element string) (o outcome) {
		t.Helper()
		text, err := chromedp.Run(ctx, chromedp.Text(element, chromedp.NodeVisible))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(text), &o); err != nil {
			t.Fatalf("%s shows %s: %v", element, text, err)
		}
		return o
	}
	press := func(button string) chromedp.Action[chromedp.Void] {
		return chromedp.Click(button, chromedp.NodeVisible)
	}
	do(chromedp.Navigate(s.base+"/"), press(`button[value="kuikka"]`), press(fmt.Sprintf(`button[value=%q]`, someone().UserID)), press(`form[action$="/confirm"] button`))
	user := shown("#user")
	do(press("#renew"))
	user.Again, _ = shown("#renewed").Claims["sub"].(string)
	mustBe(t, user, s.Service)
	do(press("#leave"), press("form button.button"))
	shown("#bye")
}

// servePage is the web server of an app that is one page.
func (s *site) servePage(t *testing.T, page string, files map[string]string) {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, page) })
	for path, file := range files {
		mux.HandleFunc("GET "+path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/javascript")
			http.ServeFile(w, r, file)
		})
	}
	server := &http.Server{Addr: "localhost:" + s.port, Handler: mux, ReadHeaderTimeout: patience.Limit()}
	ended := make(chan error, 1)
	go func() { ended <- server.ListenAndServe() }()
	t.Cleanup(func() {
		_ = server.Close() // the browser has gone
		<-ended
	})
}

// chromium is a browser with a fresh user data folder.
func chromium(t *testing.T) context.Context {
	t.Helper()
	var path string
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Fatal("chromium is missing; run scripts/install-test-tools.sh")
	}
	process, end := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.CombinedOutput(io.Discard),
		chromedp.NoSandbox, // chromium refuses its sandbox to root, which tests in containers are
		chromedp.DisableGPU, chromedp.WSURLReadTimeout(patience.Limit()), chromedp.Flag("headless", "new"), chromedp.Flag("lang", "fi"),
	)...)
	ctx, leave := chromedp.NewContext(process)
	if err := chromedp.Do(ctx); err != nil { // starts it
		t.Fatal(err)
	}
	ctx, stop := patience.Within(ctx)
	t.Cleanup(func() {
		stop()
		leave()
		end()
	})
	return ctx
}
