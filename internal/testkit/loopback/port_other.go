//go:build !linux

package loopback

import "net"

// hold finds a free port.
func hold() (*Port, error) {
	listener, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, err
	}
	p := &Port{holder: -1}
	if bound, ok := listener.Addr().(*net.TCPAddr); ok {
		p.Number = bound.Port
	}
	return p, listener.Close()
}

func release(int) error { return nil }
