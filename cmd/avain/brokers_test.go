package main

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"avain/internal/broker"
	"avain/internal/testkit/brokersim"
	lo "avain/internal/testkit/loopback"
	"avain/internal/testkit/patience"

	"github.com/go-jose/go-jose/v4"
)

const brokerConfig = `
public: {base_url: "BASE", trusted_proxies: [127.0.0.1/32]}
clients:
  - {id: smartumpay, redirect_uris: ["http://localhost:8081/"]}
brokers:
  - id: telia
    preset: telia
    production: false
    issuer: SIM/uas
    client_id: client-1
    broker_keys: {entity_statement_file: statement.jwt, statement_fingerprints: [FINGERPRINT]}
    our_keys:
      signing: [{file: keys/telia-signing.pem}]
      decryption: [{file: keys/telia-decryption.pem}]
      entity: {file: keys/telia-entity.pem}
      organization_name: Example Oy
    hetu: artificial
    means: [{id: metsa, name: Metsäpankki, value: oidc.metsa.1}]
`

// brokerInstallation is a configuration that faces a simulated Telia, which approves
// every login by itself.
type brokerInstallation struct {
	*testing.T
	file string
	sim  *brokersim.Sim
}

func newBrokerInstallation(t *testing.T, base string) brokerInstallation {
	t.Helper()
	dir := t.TempDir()
	command(t, 0, "keys", "new", filepath.Join(dir, "keys"))
	command(t, 0, "keys", "broker", filepath.Join(dir, "keys"), "telia")
	server := httptest.NewUnstartedServer(nil)
	address := "http://" + server.Listener.Addr().String()
	sim, err := brokersim.New(brokersim.Config{
		BaseURL: address, Dialect: brokersim.Telia, AutoApprove: 1,
		Client: brokersim.Client{
			ID: "client-1", RedirectURIs: []string{base + "/callback/telia"},
			Keys: brokersim.ClientKeys{JWKS: &jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
				publicOf(t, filepath.Join(dir, "keys/telia-signing.pem"), "sig"), publicOf(t, filepath.Join(dir, "keys/telia-decryption.pem"), "enc"),
			}}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = sim
	server.Start()
	t.Cleanup(server.Close)
	file := filepath.Join(dir, "avain.yaml")
	text := strings.NewReplacer("BASE", base, "SIM", address, "FINGERPRINT", sim.StatementFingerprint()).Replace(brokerConfig)
	for name, content := range map[string]string{file: text, filepath.Join(dir, "statement.jwt"): sim.EntityStatement()} {
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return brokerInstallation{t, file, sim}
}

func publicOf(t *testing.T, file, use string) jose.JSONWebKey {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(raw)
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	key := jose.JSONWebKey{Key: private.(*rsa.PrivateKey).Public(), Use: use, Algorithm: map[string]string{"sig": "RS256", "enc": "RSA-OAEP"}[use]}
	sum, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	key.KeyID = base64.RawURLEncoding.EncodeToString(sum) // as the service names a key that has no name
	return key
}

// operator runs the command beside the test and answers what it prints and how it ends.
type operator struct {
	in        io.WriteCloser
	out, errs *buffer
	code      chan int
}

func (b brokerInstallation) run(args ...string) *operator {
	b.Helper()
	in, typed := io.Pipe()
	o := &operator{in: typed, out: &buffer{}, errs: &buffer{}, code: make(chan int, 1)}
	ctx, cancel := context.WithCancel(b.Context())
	b.Cleanup(func() { cancel(); _ = typed.Close() })
	args = append([]string{"admin", "brokers", "test", "telia", "-c", b.file}, args...)
	go func() { o.code <- run(ctx, args, terminal{in: in, out: o.out, err: o.errs}) }()
	return o
}

var toTheBroker = regexp.MustCompile(`(?m)^http://\S+/uas/oauth2/authorization\?\S+$`)

// browse waits for the address that the operator reads, opens it, and answers where the
// broker sends the browser back to.
func (b brokerInstallation) browse(o *operator) string {
	b.Helper()
	address := ""
	patience.Until(b, "there is an address", func() bool {
		select {
		case code := <-o.code:
			b.Fatalf("no address, exit code %d:\n%s%s", code, o.out, o.errs)
		default:
		}
		address = toTheBroker.FindString(o.errs.String())
		return address != ""
	})
	response, err := lo.Transport(b).RoundTrip(must(http.NewRequestWithContext(b.Context(), http.MethodGet, address, nil)))
	if err != nil {
		b.Fatal(err)
	}
	_ = response.Body.Close()
	back := response.Header.Get("Location")
	if back == "" {
		b.Fatalf("the broker answers %s: %+v", response.Status, b.sim.Requests())
	}
	return back
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

// The operator of a service that runs elsewhere, or not yet, pastes the address.
func TestBrokersTestByPastedAddress(t *testing.T) {
	t.Parallel()
	b := newBrokerInstallation(t, "https://login.example.com")
	o := b.run("--login")
	back := b.browse(o)
	for _, typed := range []string{"what?", "https://login.example.com/", "?code=x&state=of-another-login", back} {
		if _, err := io.WriteString(o.in, typed+"\n"); err != nil {
			t.Fatal(err)
		}
	}
	if code := <-o.code; code != 0 {
		t.Fatalf("exit code %d\n%s%s", code, o.out, o.errs)
	}
	text := o.out.String()
	for _, want := range []string{
		"the statement has the configured fingerprint " + b.sim.StatementFingerprint(), "Would be recorded",
		"acr_values             \"oidc.metsa.1\"", "means metsa", "(a personal identity code of a test person)", "ok      it is encrypted to us and signed by the broker",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("does not say %q:\n%s", want, text)
		}
	}
	if strings.Count(o.errs.String(), "Still waiting") != 3 {
		t.Errorf("wrong pastes: %s", o.errs)
	}
	person := brokersim.GeneratedPerson(0)
	if strings.Contains(text+o.errs.String(), person.HETU.Reveal()) || strings.Contains(text, person.FamilyName) {
		t.Error("it shows who logged in")
	}
}

// Where the redirect URI is on this computer and free, the browser is waited for.
func TestBrokersTestByListening(t *testing.T) {
	t.Parallel()
	base := "http://" + lo.PortFor(t).Address()
	b := newBrokerInstallation(t, base)
	if err := b.sim.Misbehave(brokersim.MissingHETU); err != nil {
		t.Fatal(err)
	}
	o := b.run("--login", "--json")
	back := b.browse(o)
	for _, request := range [][2]string{ // somebody looks at the address; an old tab is loaded again; the browser comes back
		{http.MethodHead, back}, {http.MethodGet, base + "/callback/telia?code=old&state=old"}, {http.MethodGet, back},
	} {
		response, err := lo.Transport(t).RoundTrip(must(http.NewRequestWithContext(t.Context(), request[0], request[1], nil)))
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
	}
	if code := <-o.code; code != exitFailed {
		t.Errorf("exit code %d\n%s", code, o.errs)
	}
	var report broker.SetupReport
	if err := json.Unmarshal([]byte(o.out.String()), &report); err != nil {
		t.Fatalf("%v\n%s", err, o.out)
	}
	found := false
	for _, f := range report.Answer.Checks {
		found = found || f.Word == "id_token.missing:urn:oid:1.2.246.21" && f.Do != ""
	}
	if !found || report.OK() {
		t.Errorf("checks: %+v", report.Answer.Checks)
	}
}

func TestBrokersTestWithoutALogin(t *testing.T) {
	t.Parallel()
	b := newBrokerInstallation(t, "https://login.example.com")
	o := b.run()
	if code := <-o.code; code != 0 || strings.Contains(o.out.String(), "What came back") || o.errs.String() != "" {
		t.Fatalf("exit code %d\n%s%s", code, o.out, o.errs)
	}
	if got := command(t, exitUsage, "admin", "brokers", "test", "op", "-c", b.file); !strings.Contains(got, "the configuration has telia") {
		t.Errorf("unknown broker: %s", got)
	}
	if o = b.run("--login"); o.in.Close() != nil || <-o.code != exitFailed || !strings.Contains(o.errs.String(), "ended before the address came") ||
		!strings.Contains(o.out.String(), "What a login would send") {
		t.Errorf("no address: %s%s", o.out, o.errs)
	}
	// A login that failed at the broker is a failure of the test, too.
	o = b.run("--login")
	state := regexp.MustCompile(`state=([^&]+)`).FindStringSubmatch(b.browse(o))[1]
	if _, err := io.WriteString(o.in, "?error=access_denied&state="+state+"\n"); err != nil || <-o.code != exitFailed {
		t.Errorf("cancelled at the broker: %v\n%s%s", err, o.out, o.errs)
	}
	// What the broker publishes is compared with the pin: a wrong one is named.
	wrong := strings.Replace(string(must(os.ReadFile(b.file))), b.sim.StatementFingerprint(), strings.Repeat("AB", 32), 1)
	if err := os.WriteFile(b.file, []byte(wrong), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := command(t, exitUsage, "admin", "brokers", "test", "telia", "-c", b.file); !strings.Contains(got, b.sim.StatementFingerprint()) {
		t.Errorf("a wrong fingerprint: %s", got)
	}
}

// What is uploaded in a broker's dashboard can be had before the service runs.
func TestKeysJWKS(t *testing.T) {
	t.Parallel()
	b := newBrokerInstallation(t, "https://login.example.com")
	var set jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(command(t, 0, "keys", "jwks", "telia", "-c", b.file)), &set); err != nil {
		t.Fatal(err)
	}
	if len(set.Keys) != 2 || set.Keys[0].Use != "sig" || set.Keys[1].Use != "enc" || !set.Keys[0].IsPublic() || !set.Keys[1].IsPublic() {
		t.Errorf("printed %+v", set)
	}
	command(t, exitUsage, "keys", "jwks", "op", "-c", b.file)
}

func TestKeysStatement(t *testing.T) {
	t.Parallel()
	b := newBrokerInstallation(t, "https://login.example.com")
	file := filepath.Join(filepath.Dir(b.file), "keys/our-statement.jwt")
	if got := command(t, 0, "keys", "statement", "telia", file, "-c", b.file); !strings.Contains(got, "SHA-256 ") {
		t.Errorf("printed %s", got)
	}
	command(t, exitFailed, "keys", "statement", "telia", file, "-c", b.file) // never overwritten
	command(t, exitUsage, "keys", "statement", "op", file+"2", "-c", b.file)
	text := strings.Replace(string(must(os.ReadFile(b.file))), "organization_name:", "statement_file: keys/our-statement.jwt\n      organization_name:", 1)
	if err := os.WriteFile(b.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := command(t, 0, "admin", "brokers", "test", "telia", "-c", b.file); !strings.Contains(got, "our-statement.jwt agrees with the configuration") {
		t.Errorf("printed %s", got)
	}
	if err := os.WriteFile(b.file, []byte(strings.Replace(text, "Example Oy", "Another Oy", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := command(t, exitFailed, "admin", "brokers", "test", "telia", "-c", b.file); !strings.Contains(got, "says something else than the configuration: organization_name") {
		t.Errorf("printed %s", got)
	}
}
