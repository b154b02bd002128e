package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/platform/connlimit"
	"avain/internal/testkit/patience"
)

const serveConfig = `
public: {base_url: "https://localhost:8443", listen: "127.0.0.1:0", tls: {cert_file: cert.pem, key_file: key.pem}, drain_delay: 0s}
admin: {listen: "127.0.0.1:0"}
clients:
  - {id: smartumpay, redirect_uris: ["http://localhost:8081/"]}
brokers:
  - id: test
    preset: idura
    issuer: https://test.idura.broker
    client_id: urn:my:application
    our_keys: {signing: [{file: keys/test-signing.pem}], decryption: [{file: keys/test-decryption.pem}]}
    means: [{id: metsa, name: Metsäpankki}]
`

// buffer is a log that can be read while it is written.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// command runs a command line and fails the test unless it exits with want.
func command(t *testing.T, want int, args ...string) string {
	t.Helper()
	var out, errs buffer
	if got := run(t.Context(), args, terminal{in: strings.NewReader(""), out: &out, err: &errs}); got != want {
		t.Fatalf("avain %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), got, want, out.String(), errs.String())
	}
	return out.String() + errs.String()
}

// installation is a folder with a migrated database, keys and a certificate.
func installation(t *testing.T) (dir, file string) {
	t.Helper()
	dir = t.TempDir()
	file = filepath.Join(dir, "avain.yaml")
	if err := os.WriteFile(file, []byte(serveConfig), 0o600); err != nil {
		t.Fatal(err)
	}
	writeCertificate(t, dir, 1)
	command(t, 0, "keys", "new", filepath.Join(dir, "keys"))
	command(t, 0, "keys", "broker", filepath.Join(dir, "keys"), "test")
	command(t, 0, "migrate", "-c", file)
	return dir, file
}

// writeCertificate writes a self-signed certificate for localhost.
func writeCertificate(t *testing.T, dir string, serial int64) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	writeCertificateOf(t, dir, serial, key)
}

func writeCertificateOf(t *testing.T, dir string, serial int64, key crypto.Signer) {
	t.Helper()
	template := x509.Certificate{
		SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	cert, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for name, block := range map[string]pem.Block{
		"key.pem": {Type: "PRIVATE KEY", Bytes: private}, "cert.pem": {Type: "CERTIFICATE", Bytes: cert},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(&block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// served is a running `avain serve`.
type served struct {
	public, admin string // addresses
	log           *buffer
	client        *http.Client
	stop          func() // as SIGTERM does
}

// says waits until the log says something.
func (s served) says(t *testing.T, words string) {
	t.Helper()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the log:\n%s", s.log)
		}
	})
	patience.Until(t, "the log says "+words, func() bool { return strings.Contains(s.log.String(), words) })
}

// get answers the status of an address and its body.
func (s served) get(t *testing.T, url string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := s.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// ready waits until the service says that it is ready. On a busy machine its checks can
// take longer than it lets them, and then it is not, for a moment.
func (s served) ready(t *testing.T) {
	t.Helper()
	patience.Until(t, "it is ready", func() bool {
		code, body := s.get(t, "http://"+s.admin+"/readyz")
		return code == http.StatusOK && strings.Contains(body, `"ready"`)
	})
}

// startServing runs `avain serve` until the test is over and checks that it then
// stops well.
func startServing(t *testing.T, dir, file string) served {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	s := served{log: &buffer{}, stop: stop}
	code := make(chan int, 1)
	go func() {
		code <- run(ctx, []string{"serve", "-c", file}, terminal{in: strings.NewReader(""), out: s.log, err: s.log})
	}()
	t.Cleanup(func() {
		stop()
		if got := <-code; got != 0 {
			t.Errorf("serve ended with %d:\n%s", got, s.log)
		}
	})
	pool := x509.NewCertPool()
	cert, err := os.ReadFile(filepath.Join(dir, "cert.pem"))
	if err != nil || !pool.AppendCertsFromPEM(cert) {
		t.Fatal("no certificate")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}
	t.Cleanup(transport.CloseIdleConnections)
	s.client = &http.Client{Transport: transport}
	patience.Until(t, "it serves", func() bool {
		select {
		case got := <-code:
			code <- got
			t.Fatalf("serve ended with %d:\n%s", got, s.log)
		default:
		}
		s.public, s.admin = addresses(s.log.String())
		return s.public != ""
	})
	return s
}

// addresses finds in the log where the service listens.
func addresses(log string) (public, admin string) {
	for line := range strings.Lines(log) {
		var record struct{ Msg, Public, Admin string }
		if json.Unmarshal([]byte(line), &record) == nil && record.Msg == "serving" {
			return record.Public, record.Admin
		}
	}
	return "", ""
}

func TestServe(t *testing.T) {
	t.Parallel()
	dir, file := installation(t)
	var s served
	t.Cleanup(func() { // after it has stopped, the log is whole
		if got := strings.Count(s.log.String(), `"level":"ERROR","msg":"a file that logins depend on ends soon","setting":"public.tls.cert_file"`); got != 1 {
			t.Errorf("told %d times that the certificate ends within an hour:\n%s", got, s.log)
		}
	})
	s = startServing(t, dir, file)

	if code, body := s.get(t, "https://"+s.public+"/.well-known/openid-configuration"); code != 200 || !strings.Contains(body, `"issuer":"https://localhost:8443"`) {
		t.Errorf("discovery: %d %s", code, body)
	}
	s.ready(t)
	for path, want := range map[string]string{"/healthz": `"ok"`, "/metrics": "avain_build_info"} {
		if code, body := s.get(t, "http://"+s.admin+path); code != 200 || !strings.Contains(body, want) {
			t.Errorf("%s: %d %s", path, code, body)
		}
	}
	for _, path := range []string{"/healthz", "/readyz", "/metrics"} {
		if code, _ := s.get(t, "https://"+s.public+path); code != 404 {
			t.Errorf("people can reach %s: %d", path, code)
		}
	}
	if _, body := s.get(t, "http://"+s.admin+"/metrics"); !strings.Contains(body, `avain_http_requests_total{code="200",method="GET",route="/.well-known/openid-configuration"} 1`) {
		t.Error("the request was not counted")
	}
	if _, body := s.get(t, "http://"+s.admin+"/metrics"); !strings.Contains(body, `avain_file_expiration_timestamp_seconds{owner="ours",setting="public.tls.cert_file"} `) {
		t.Error("nobody knows when the certificate ends")
	}

	// The same port again: the message names the setting, and nothing else happens.
	taken := strings.Replace(serveConfig, `listen: "127.0.0.1:0", tls`, `listen: "`+s.public+`", tls`, 1)
	other := filepath.Join(dir, "taken.yaml")
	if err := os.WriteFile(other, []byte(taken), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := command(t, exitFailed, "serve", "-c", other); !strings.Contains(got, "public.listen: "+s.public+" is taken by another program") {
		t.Errorf("port taken: %s", got)
	}
}

// A certificate that is renewed is used without a restart, and one that is half
// written does not take the service down.
func TestCertificateIsReadAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeCertificate(t, dir, 1)
	now := time.Now()
	c := &certificate{files: config.TLS{CertFile: filepath.Join(dir, "cert.pem"), KeyFile: filepath.Join(dir, "key.pem")}, now: func() time.Time { return now }}
	if err := c.reload(); err != nil {
		t.Fatal(err)
	}
	wantSerial := func(want int64) {
		t.Helper()
		got, err := c.get(nil)
		if err != nil || got.Leaf.SerialNumber.Int64() != want {
			t.Errorf("certificate %v, want %d (%v)", got.Leaf.SerialNumber, want, err)
		}
	}
	wantSerial(1)
	renewed := now.Add(time.Hour)
	if err := os.WriteFile(filepath.Join(dir, "cert.pem"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Join(dir, "cert.pem"), renewed, renewed); err != nil {
		t.Fatal(err)
	}
	now = now.Add(2 * time.Minute)
	wantSerial(1)
	writeCertificate(t, dir, 2)
	if err := os.Chtimes(filepath.Join(dir, "cert.pem"), renewed.Add(time.Second), renewed.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	wantSerial(1) // not yet looked at
	now = now.Add(2 * time.Minute)
	wantSerial(2)
}

// A request that trickles in holds its connection for seconds, an answer that nobody takes
// for less than a minute: what package connlimit bounds is bounded in time too.
func TestThreat53SlowSendersAreCut(t *testing.T) {
	t.Parallel()
	s := newServer(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	for what, bound := range map[string]struct{ is, most time.Duration }{
		"headers": {s.ReadHeaderTimeout, 5 * time.Second}, "a request": {s.ReadTimeout, 15 * time.Second},
		"an answer": {s.WriteTimeout, time.Minute}, "nothing": {s.IdleTimeout, 2 * time.Minute},
	} {
		if bound.is <= 0 || bound.is > bound.most {
			t.Errorf("%s may take %s", what, bound.is)
		}
	}
	// And the server cuts what takes longer, which the listener must not prevent.
	s.ReadTimeout, s.ReadHeaderTimeout = 20*time.Millisecond, 20*time.Millisecond
	s.Handler = http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) })
	limits := connlimit.New(connlimit.Config{
		Limits: connlimit.Limits{Altogether: 100, PerNetwork: 100}, Now: time.Now, Log: slog.New(slog.DiscardHandler),
	})
	limits.Guard(s)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() { _ = s.Serve(limits.Listener(l)) })
	for _, part := range []string{"", "POST / HTT", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx"} {
		c, err := (&net.Dialer{Timeout: patience.Limit()}).DialContext(t.Context(), "tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, part)
		if _, err := io.Copy(io.Discard, c); err != nil && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%q: %v", part, err)
		}
		_ = c.Close()
	}
	_ = s.Close()
	serving.Wait()
}
