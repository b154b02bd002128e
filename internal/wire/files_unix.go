//go:build unix

package wire

import (
	"math"

	"golang.org/x/sys/unix"
)

// mostFiles is how many file descriptors this process may open; 0 when the system does
// not say. Go has raised the soft limit to the hard one by the time that main runs.
func mostFiles() int {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return int(min(uint64(limit.Cur), math.MaxInt32)) //nolint:gosec,unconvert // bounded; signed on some systems
}
