package webhook

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"avain/internal/secret"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"https://crm.example.com", "https://crm.example.com:8443/in?tenant=1", "https://10.0.0.7/hook", "https://[2001:db8::1]/",
		"http://localhost:8083/hook", "http://127.0.0.1:1", "https://127.0.0.1/", "http://[::1]:8083/",
	} {
		e := Endpoint{ID: "crm", URL: raw, Secret: secret.Of(someSecret), Events: Types()}
		if problems := e.Validate("webhooks[0]"); len(problems) != 0 {
			t.Errorf("%s: %v", raw, problems)
		}
	}
	good := Endpoint{ID: "crm", URL: "https://crm.example.com/", Secret: secret.Of(someSecret)}
	for name, c := range map[string]struct {
		change func(*Endpoint)
		path   string
	}{
		"no id":             {func(e *Endpoint) { e.ID = "" }, "id"},
		"an id with a dot":  {func(e *Endpoint) { e.ID = "a.b" }, "id"},
		"a long id":         {func(e *Endpoint) { e.ID = strings.Repeat("a", 33) }, "id"},
		"no url":            {func(e *Endpoint) { e.URL = "" }, "url"},
		"relative":          {func(e *Endpoint) { e.URL = "/hook" }, "url"},
		"plain http":        {func(e *Endpoint) { e.URL = "http://crm.example.com/" }, "url"},
		"plain http nearby": {func(e *Endpoint) { e.URL = "http://10.0.0.7/" }, "url"},
		"a password":        {func(e *Endpoint) { e.URL = "https://u:p@crm.example.com/" }, "url"},
		"a fragment":        {func(e *Endpoint) { e.URL = "https://crm.example.com/#x" }, "url"},
		"another scheme":    {func(e *Endpoint) { e.URL = "ftp://crm.example.com/" }, "url"},
		"not ASCII":         {func(e *Endpoint) { e.URL = "https://crm.exämple.com/" }, "url"},
		"a space":           {func(e *Endpoint) { e.URL = "https://crm.example.com/ x" }, "url"},
		"metadata":          {func(e *Endpoint) { e.URL = "https://169.254.169.254/latest" }, "url"},
		"nobody":            {func(e *Endpoint) { e.URL = "https://0.0.0.0/" }, "url"},
		"a short secret":    {func(e *Endpoint) { e.Secret = secret.Of("whsec_c2hvcnQ=") }, "secret_file"},
		"a long secret":     {func(e *Endpoint) { e.Secret = secret.Of("whsec_" + strings.Repeat("QUJD", 22)) }, "secret_file"},
		"not base64":        {func(e *Endpoint) { e.OldSecret = secret.Of("whsec_" + strings.Repeat("-", 40)) }, "old_secret_file"},
		"no event":          {func(e *Endpoint) { e.Events = []Type{PersonErased, "person.deleted"} }, "events"},
	} {
		e := good
		c.change(&e)
		problems := e.Validate("webhooks[0]")
		if len(problems) != 1 || problems[0].Path != "webhooks[0]."+c.path {
			t.Errorf("%s: %v, want one at %s", name, problems, c.path)
		}
	}
	if _, err := New([]Endpoint{{ID: "crm", URL: "https://crm.example.com/"}}, nil, nil); !errors.Is(err, errSecret) {
		t.Errorf("without a secret: %v", err)
	}
}

// Threat 35: whatever a name leads to, nothing is sent to a cloud's own services, to
// this machine, or to nobody in particular.
func TestThreat35Addresses(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]struct{ anyhow, asLoopback bool }{
		"93.184.216.34": {}, "10.0.0.7": {}, "192.168.1.1": {}, "172.16.0.1": {}, "100.64.0.1": {}, "2001:db8::1": {}, "fd12::7": {},
		"127.0.0.1": {true, false}, "127.9.9.9": {true, false}, "::1": {true, false}, "::ffff:127.0.0.1": {true, false}, "64:ff9b::7f00:1": {true, false},
		"169.254.169.254": {true, true}, "::ffff:169.254.169.254": {true, true}, "64:ff9b::a9fe:a9fe": {true, true}, "169.254.0.1": {true, true},
		"fe80::1": {true, true}, "fe80::1%eth0": {true, true}, "fd00:ec2::254": {true, true}, "168.63.129.16": {true, true},
		"100.100.100.200": {true, true}, "192.0.0.192": {true, true}, "0.0.0.0": {true, true}, "::": {true, true},
		"224.0.0.1": {true, true}, "ff02::1": {true, true}, "255.255.255.255": {true, true},
	} {
		addr := netip.MustParseAddr(address)
		if forbidden(addr, false) != want.anyhow || forbidden(addr, true) != want.asLoopback {
			t.Errorf("%s: forbidden %v, for loopback %v; want %+v", address, forbidden(addr, false), forbidden(addr, true), want)
		}
	}
	for _, address := range []string{"", "localhost:80", "127.0.0.1", "1.2.3.4:99999"} {
		if err := checkAddress(address, true); !errors.Is(err, errAddress) {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// A name that turns out to be this machine although its endpoint does not say so, as
// after DNS rebinding, is not connected to; nor is anything that is no endpoint.
func TestThreat35Rebinding(t *testing.T) {
	t.Parallel()
	var visits atomic.Int32
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { visits.Add(1) }))
	t.Cleanup(receiver.Close)
	u, err := url.Parse(receiver.URL)
	if err != nil {
		t.Fatal(err)
	}
	name := net.JoinHostPort("localhost", u.Port())
	for what, d := range map[string]dialer{
		"rebound":     {loopback: map[string]bool{name: false}},
		"no endpoint": {loopback: map[string]bool{"crm.example.com:443": false}},
	} {
		conn, err := d.dial(context.Background(), "tcp", name)
		if conn != nil {
			_ = conn.Close()
		}
		if !errors.Is(err, errAddress) || !errors.Is(trouble(&url.Error{Err: err}), errAddress) {
			t.Errorf("%s: %v", what, err)
		}
	}
	conn, err := dialer{proxies: map[string]bool{name: true}}.dial(t.Context(), "tcp", name)
	if err != nil {
		t.Fatalf("the operator's proxy: %v", err)
	}
	_ = conn.Close()
	if visits.Load() != 0 {
		t.Error("the receiver was visited")
	}
}

func TestDialled(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"https://crm.example.com/x": "crm.example.com:443", "http://localhost": "localhost:80", "https://[::1]:8443/": "[::1]:8443",
		"https://Crm.Example.com": "Crm.Example.com:443", "socks5://proxy": "proxy:1080",
	} {
		u, err := url.Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got := dialled(u); got != want {
			t.Errorf("%s dials %s, want %s", raw, got, want)
		}
	}
}
