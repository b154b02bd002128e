package bcp195test

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"slices"
	"testing"
)

// recommended are the suites of RFC 9325 §4.2 for TLS 1.2.
func recommended() []uint16 {
	return []uint16{0xc02b, 0xc02c, 0xc02f, 0xc030}
}

// Client lets a client of ours connect and looks at what it offers. It meets a server
// that speaks first what stands before TLS (nil: nothing), takes the client's hello and
// hangs up. Connect gets the server's address; it may return an error of any kind.
func Client(t *testing.T, before func(net.Conn) error, connect func(address string)) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	offers := make(chan *tls.ClientHelloInfo, 1)
	go func() {
		defer close(offers)
		conn, err := listener.Accept()
		_ = listener.Close() // a second try meets nobody instead of waiting
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		if before != nil && before(conn) != nil {
			return
		}
		_ = tls.Server(conn, &tls.Config{GetConfigForClient: func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			offers <- hello
			return nil, net.ErrClosed
		}}).HandshakeContext(t.Context())
	}()
	connect(listener.Addr().String())
	_ = listener.Close()
	hello, ok := <-offers
	if !ok {
		t.Fatal("the client did not begin with TLS")
	}
	if least := slices.Min(hello.SupportedVersions); least != tls.VersionTLS12 {
		t.Errorf("the client offers %s", tls.VersionName(least))
	}
	if !slices.Contains(hello.SupportedVersions, tls.VersionTLS13) {
		t.Error("the client does not offer TLS 1.3")
	}
	var offered []uint16
	for _, suite := range hello.CipherSuites {
		if suite>>8 != 0x13 { // those of TLS 1.3
			offered = append(offered, suite)
		}
	}
	if slices.Sort(offered); !slices.Equal(offered, recommended()) {
		t.Errorf("with TLS 1.2 the client offers %v", names(offered))
	}
}

// Server shakes hands with a server of ours once for each suite of TLS 1.2 that the
// library knows, and once for each version. The suites that take are those of BCP 195 that
// fit the certificate's key.
func Server(t *testing.T, address string, roots *x509.CertPool, key x509.PublicKeyAlgorithm) {
	t.Helper()
	for _, suite := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		if !slices.Contains(suite.SupportedVersions, tls.VersionTLS12) {
			continue
		}
		fits := suite.ID&0xff == 0x2b || suite.ID&0xff == 0x2c // ECDSA
		want := slices.Contains(recommended(), suite.ID) && fits == (key == x509.ECDSA)
		err := shake(t, address, &tls.Config{RootCAs: roots, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{suite.ID}}) //nolint:gosec // weak ones are what is tried
		if (err == nil) != want {
			t.Errorf("%s: accepted %v, want %v (%v)", suite.Name, err == nil, want, err)
		}
	}
	for version, want := range map[uint16]bool{
		tls.VersionTLS10: false, tls.VersionTLS11: false, tls.VersionTLS12: true, tls.VersionTLS13: true,
	} {
		if err := shake(t, address, &tls.Config{RootCAs: roots, MinVersion: version, MaxVersion: version}); (err == nil) != want {
			t.Errorf("%s: accepted %v, want %v (%v)", tls.VersionName(version), err == nil, want, err)
		}
	}
}

func shake(t *testing.T, address string, c *tls.Config) error {
	t.Helper()
	conn, err := (&tls.Dialer{Config: c}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}

func names(suites []uint16) (list []string) {
	for _, s := range suites {
		list = append(list, tls.CipherSuiteName(s))
	}
	return list
}
