package main

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"avain/internal/testkit/patience"
)

// change writes the configuration anew.
func change(t *testing.T, file, from, to string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), from) {
		t.Fatalf("no %q to change", from)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(string(text), from, to, 1)), 0o600); err != nil { //nolint:gosec // the test's own file
		t.Fatal(err)
	}
}

func signalSelf(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := syscall.Kill(os.Getpid(), s); err != nil {
		t.Fatal(err)
	}
}

// After a stop signal a node is unready and goes on serving, as long as the load balancer
// needs, or until a second signal.
func TestStopIsAnnounced(t *testing.T) {
	t.Parallel()
	dir, file := installation(t)
	change(t, file, "drain_delay: 0s", "drain_delay: 5m")
	s := startServing(t, dir, file)
	s.ready(t)
	s.stop()
	s.says(t, "another signal stops at once")
	if code, body := s.get(t, "http://"+s.admin+"/readyz"); code != http.StatusServiceUnavailable || !strings.Contains(body, `"serving":{"ok":false`) {
		t.Errorf("ready while it goes: %d %s", code, body)
	}
	if code, _ := s.get(t, "https://"+s.public+"/.well-known/openid-configuration"); code != http.StatusOK {
		t.Errorf("it does not serve any more: %d", code)
	}
	signalSelf(t, syscall.SIGTERM)
	s.says(t, "finishing what is in flight")
}

// SIGHUP takes over what can change, says what cannot, and never ends the service.
func TestReload(t *testing.T) {
	t.Parallel()
	dir, file := installation(t)
	s := startServing(t, dir, file)
	served := func() string {
		t.Helper()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://"+s.public+"/healthz", nil)
		if err != nil {
			t.Fatal(err)
		}
		s.client.CloseIdleConnections()
		answer, err := s.client.Do(request)
		if err != nil {
			return "another certificate" // which the client does not know
		}
		_ = answer.Body.Close()
		return answer.TLS.PeerCertificates[0].SerialNumber.String()
	}
	if got := served(); got != "1" {
		t.Fatalf("certificate %s", got)
	}
	signalSelf(t, syscall.SIGHUP)
	s.says(t, `"msg":"SIGHUP: log level, certificate and pictures are read again","level":"info"`)

	writeCertificate(t, dir, 2)
	change(t, file, "brokers:", "log: {level: debug}\nbrokers:")
	signalSelf(t, syscall.SIGHUP)
	s.says(t, `"msg":"SIGHUP: log level, certificate and pictures are read again","level":"debug"`)
	if got := served(); got != "another certificate" {
		t.Errorf("certificate %s after the files have changed", got)
	}

	change(t, file, "name: Metsäpankki", "name: Metsä")
	signalSelf(t, syscall.SIGHUP)
	s.says(t, "what else has changed in the configuration needs a restart")

	change(t, file, "preset: idura", "preset: nobody")
	signalSelf(t, syscall.SIGHUP)
	s.says(t, "the configuration has mistakes; everything goes on as before")
	s.ready(t) // after a mistake, too
}

// SIGHUP takes over pictures that were replaced; the address of the one before still leads to
// it, because pages that are open ask for it.
func TestReloadOfPictures(t *testing.T) {
	t.Parallel()
	dir, file := installation(t)
	picture := func(content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "pictures", "metsa.svg"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(dir, "pictures"), 0o700); err != nil {
		t.Fatal(err)
	}
	picture("<svg>first</svg>")
	change(t, file, "name: Metsäpankki", "name: Metsäpankki, logo: metsa.svg")
	change(t, file, "brokers:", "brand: {pictures: pictures}\nbrokers:")
	s := startServing(t, dir, file)
	address := func() string {
		t.Helper()
		_, body := s.get(t, "https://"+s.public+"/login-options")
		found := regexp.MustCompile(`/static/[0-9a-f]+/metsa\.svg`).FindString(body)
		if found == "" {
			t.Fatalf("no picture: %s", body)
		}
		return found
	}
	content := func(address string) string {
		t.Helper()
		_, body := s.get(t, "https://"+s.public+address)
		return body
	}
	before := address()
	if got := content(before); got != "<svg>first</svg>" {
		t.Fatalf("it serves %q", got)
	}

	picture("<svg>second</svg>")
	signalSelf(t, syscall.SIGHUP)
	patience.Until(t, "another picture", func() bool { return address() != before }) // a line of the log may be of another test's signal
	if got := content(address()); got != "<svg>second</svg>" {
		t.Errorf("it serves %q", got)
	}
	if got := content(before); got != "<svg>first</svg>" {
		t.Errorf("a page that is open gets %q", got)
	}

	picture(strings.Repeat("x", 21<<10))
	signalSelf(t, syscall.SIGHUP)
	s.says(t, "the configuration has mistakes; everything goes on as before")
	if err := os.WriteFile(filepath.Join(dir, "pictures", "notes.html"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	picture("<svg>third</svg>")
	signalSelf(t, syscall.SIGHUP)
	s.says(t, "the pictures cannot be read; the old ones go on")
	if got := content(address()); got != "<svg>second</svg>" {
		t.Errorf("it serves %q", got)
	}
}
