//go:build !linux

package main

import (
	"errors"
	"os/exec"
	"runtime"
	"time"
)

// errLinux: cores, processor time and memory of processes are read the Linux way.
var errLinux = errors.New("bench measures on Linux only")

type cores struct {
	count  int
	pinned bool
}

func divide() (cores, error) { return cores{count: runtime.NumCPU()}, errLinux }

func (cores) start(*exec.Cmd, bool) error { return errLinux }

func cpuTime(int) (time.Duration, error) { return 0, errLinux }

func ownTime() (time.Duration, error) { return 0, errLinux }

func memory(int) (float64, error) { return 0, errLinux }

func raiseFiles(int) (int, error) { return 0, errLinux }
