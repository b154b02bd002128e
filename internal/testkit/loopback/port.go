package loopback

import (
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"strconv"
	"syscall"
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

// TakePort takes a free port.
//
// A socket that is bound to it and never listens holds it. Linux lets another socket
// that says SO_REUSEADDR, as all listeners of Go do, listen there too, but chooses such
// a port neither for a listener on port 0 nor for an outgoing connection. Elsewhere
// the port is only a free one.
func TakePort() (*Port, error) {
	if runtime.GOOS != "linux" {
		return freePort()
	}
	holder, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("take a port: %w", os.NewSyscallError("socket", err))
	}
	p := &Port{holder: holder}
	if err := syscall.SetsockoptInt(holder, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return nil, errors.Join(fmt.Errorf("take a port: %w", os.NewSyscallError("setsockopt", err)), p.Close())
	}
	if err := syscall.Bind(holder, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return nil, errors.Join(fmt.Errorf("take a port: %w", os.NewSyscallError("bind", err)), p.Close())
	}
	name, err := syscall.Getsockname(holder)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("take a port: %w", os.NewSyscallError("getsockname", err)), p.Close())
	}
	if bound, ok := name.(*syscall.SockaddrInet4); ok {
		p.Number = bound.Port
	}
	return p, nil
}

func freePort() (*Port, error) {
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

// Close gives the port back.
func (p *Port) Close() error {
	if p.holder < 0 {
		return nil
	}
	holder := p.holder
	p.holder = -1
	return os.NewSyscallError("close", syscall.Close(holder))
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
