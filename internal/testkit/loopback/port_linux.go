package loopback

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// hold takes a free port with a socket that is bound to it and never listens. Linux lets
// another socket that says SO_REUSEADDR, as all listeners of Go do, listen there too, but
// chooses such a port neither for a listener on port 0 nor for an outgoing connection.
func hold() (*Port, error) {
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

// release closes what holds a port.
func release(holder int) error { return os.NewSyscallError("close", syscall.Close(holder)) }
