package loopback

import (
	"net"
	"strconv"
)

// Port is a port on 127.0.0.1 that nobody else on this machine gets until it is given
// back, although nothing listens on it: who knows its number can listen, stop and
// listen again. A port that is found by listening on port 0 and is closed again is not
// that: the next program that asks for a port, or just connects somewhere, may get it.
type Port struct {
	Number int
	holder int // a file; -1: none
}

// Address is the port as one listens on it and connects to it. Connections are refused
// while nobody listens.
func (p *Port) Address() string { return net.JoinHostPort("localhost", strconv.Itoa(p.Number)) }

// TakePort takes a free port. On Linux it stays ours; elsewhere it is only a free one.
func TakePort() (*Port, error) { return hold() }

// Close gives the port back.
func (p *Port) Close() error {
	if p.holder < 0 {
		return nil
	}
	holder := p.holder
	p.holder = -1
	return release(holder)
}

// PortFor takes a port for as long as a test runs.
func PortFor(t interface {
	owner
	Fatal(args ...any)
},
) *Port {
	t.Helper()
	p, err := TakePort()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() }) // the process ends soon anyway
	return p
}
