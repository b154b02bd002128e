package outbound

import (
	"errors"
	"net/netip"
	"testing"
)

func TestCheckURL(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]error{
		"https://crm.example.com":                  nil,
		"https://crm.example.com:8443/in?tenant=1": nil,
		"https://10.0.0.7/hook":                    nil,
		"https://[2001:db8::1]/":                   nil,
		"http://localhost:8083/hook":               nil,
		"http://127.0.0.1:1":                       nil,
		"https://127.0.0.1/":                       nil,
		"http://[::1]:8083/":                       nil,
		"":                                         errURL,
		"/hook":                                    errURL,
		"https://u:p@crm.example.com/":             errURL,
		"https://crm.example.com/#x":               errURL,
		"https://crm.example.com/#":                errURL,
		"ftp://crm.example.com/":                   errURL,
		"https://crm.exämple.com/":                 errURL,
		"https://crm.example.com/ x":               errURL,
		"http://crm.example.com/":                  errPlain,
		"http://10.0.0.7/":                         errPlain,
		"https://169.254.169.254/latest":           errMetadata,
		"https://0.0.0.0/":                         errMetadata,
	} {
		if err := CheckURL(raw); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", raw, err, want)
		}
		if _, err := NewDoor([]string{raw}, 1); !errors.Is(err, want) {
			t.Errorf("a door to %q: %v, want %v", raw, err, want)
		}
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
