//go:build unix

package app

import (
	"errors"
	"io/fs"
	"math"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxFiles is how many file descriptors this process may open; 0 when the system does
// not say. Go has raised the soft limit to the hard one by the time that main runs.
func maxFiles() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return int(min(uint64(limit.Cur), math.MaxInt32)) //nolint:gosec,unconvert // bounded; signed on some systems
}

// keepOwner gives a new file to the owner and group of the one that it replaces: an operator
// who is root must not take the service's keys away from it.
func keepOwner(f *os.File, like fs.FileInfo) error {
	is, ok := like.Sys().(*syscall.Stat_t)
	if !ok || int(is.Uid) == os.Geteuid() && int(is.Gid) == os.Getegid() {
		return nil
	}
	return f.Chown(int(is.Uid), int(is.Gid))
}

// lockDir keeps other processes from changing keys in a folder until it is unlocked, or until
// this process ends, however it does. errChanging.
func lockDir(dir string) (unlock func() error, err error) {
	d, err := os.Open(dir) //nolint:gosec // G304: where the key file is
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(d.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil { //nolint:gosec // a descriptor is an int
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = errChanging
		}
		return nil, errors.Join(err, d.Close())
	}
	return d.Close, nil
}
