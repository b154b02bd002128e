package bcp195_test

import (
	"crypto/tls"
	"net"
	"slices"
	"testing"

	"avain/internal/platform/bcp195"
	"avain/internal/platform/bcp195/bcp195test"
)

func TestClientsOfferWhatIsRecommended(t *testing.T) {
	t.Parallel()
	for name, config := range map[string]*tls.Config{
		"ours": bcp195.TLS(), "narrowed": bcp195.Narrow(&tls.Config{MinVersion: tls.VersionTLS10, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA}}), //nolint:gosec // what is narrowed
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bcp195test.Client(t, nil, func(address string) {
				config := config.Clone()
				config.ServerName = "localhost"
				if conn, err := (&tls.Dialer{NetDialer: new(net.Dialer), Config: config}).DialContext(t.Context(), "tcp", address); err == nil {
					_ = conn.Close()
					t.Error("the server that hangs up was believed")
				}
			})
		})
	}
}

// What was made elsewhere is only ever narrowed: its names stay, and a version that is
// newer than ours.
func TestNarrowing(t *testing.T) {
	t.Parallel()
	if bcp195.Narrow(nil) != nil {
		t.Error("no TLS became TLS")
	}
	made := &tls.Config{MinVersion: tls.VersionTLS13, ServerName: "db.example"}
	narrowed := bcp195.Narrow(made)
	if narrowed.MinVersion != tls.VersionTLS13 || narrowed.ServerName != "db.example" || !slices.Equal(narrowed.CipherSuites, bcp195.TLS().CipherSuites) {
		t.Errorf("%+v", narrowed)
	}
	if made.CipherSuites != nil {
		t.Error("the original was changed")
	}
}

// Who changes one configuration changes no other.
func TestEachConfigurationIsANewOne(t *testing.T) {
	t.Parallel()
	one := bcp195.TLS()
	one.CipherSuites[0], one.MinVersion = tls.TLS_RSA_WITH_AES_128_CBC_SHA, tls.VersionTLS10
	if other := bcp195.TLS(); other.CipherSuites[0] == one.CipherSuites[0] || other.MinVersion != tls.VersionTLS12 {
		t.Errorf("%+v", other)
	}
}
