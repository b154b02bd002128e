package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// cores says who runs where: the service on a core of its own, everything else on
// the rest.
type cores struct {
	service unix.CPUSet
	others  unix.CPUSet
	count   int
	pinned  bool
}

// divide gives the service the last core that we may use, and moves this process to
// the others. With one core there is nothing to divide.
func divide() (cores, error) {
	var c cores
	if err := unix.SchedGetaffinity(0, &c.others); err != nil {
		return c, fmt.Errorf("ask for our cores: %w", err)
	}
	c.count = c.others.Count()
	if c.count < 2 {
		c.service = c.others
		return c, nil
	}
	last := 0
	for cpu := range len(c.others) * 64 {
		if c.others.IsSet(cpu) {
			last = cpu
		}
	}
	c.service.Set(last)
	c.others.Clear(last)
	c.pinned = true
	return c, moveAllThreads(&c.others)
}

// moveAllThreads moves the threads that there are; later ones inherit it from them.
func moveAllThreads(to *unix.CPUSet) error {
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, t := range tasks {
		id, err := strconv.Atoi(t.Name())
		if err != nil {
			return err
		}
		if err := unix.SchedSetaffinity(id, to); err != nil && !errors.Is(err, unix.ESRCH) { // it has ended
			return fmt.Errorf("choose our cores: %w", err)
		}
	}
	return nil
}

// start starts a process on the service's core, or on the others. A child inherits
// the cores of the thread that made it, so it never runs a moment anywhere else. It
// is told to stop when this process dies, however that happens, and Ctrl-C on a
// terminal reaches this process alone, which stops its children in good order.
func (c cores) start(cmd *exec.Cmd, isService bool) (err error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
	if !isService || !c.pinned {
		return cmd.Start()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.SchedSetaffinity(0, &c.service); err != nil {
		return fmt.Errorf("choose the service's core: %w", err)
	}
	defer func() { err = errors.Join(err, unix.SchedSetaffinity(0, &c.others)) }()
	return cmd.Start()
}

// tick is the unit of /proc/PID/stat: USER_HZ, which is 100 on every Linux.
const tick = 10 * time.Millisecond

// cpuTime is how long a process has been on a core.
func cpuTime(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, ok := strings.Cut(string(text), ") ") // the name before it may hold anything
	fields := strings.Fields(rest)
	if !ok || len(fields) < 13 {
		return 0, errors.New("/proc/PID/stat is not as expected")
	}
	user, errUser := strconv.Atoi(fields[11])
	system, errSystem := strconv.Atoi(fields[12])
	return time.Duration(user+system) * tick, errors.Join(errUser, errSystem)
}

// ownTime is how long this process has been on a core, to the microsecond.
func ownTime() (time.Duration, error) {
	var u unix.Rusage
	err := unix.Getrusage(unix.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}

// memory is what a process holds of the machine's memory, in megabytes of 2^20 bytes.
func memory(pid int) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, ok := strings.Cut(string(text), "VmRSS:")
	fields := strings.Fields(rest)
	if !ok || len(fields) < 1 {
		return 0, errors.New("/proc/PID/status does not tell VmRSS")
	}
	kilobytes, err := strconv.ParseFloat(fields[0], 64)
	return kilobytes / 1024, err
}

// raiseFiles lets this process, and those that it starts, open so many files, or as
// many as the system allows, and says how many that is.
func raiseFiles(want int) (int, error) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return 0, err
	}
	wanted := unix.Rlimit{Cur: uint64(want), Max: max(limit.Max, uint64(want))} //nolint:gosec // small and positive
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &wanted); err == nil {
		return want, nil
	}
	limit.Cur = min(limit.Max, wanted.Cur)                            // only root may go beyond the hard limit
	return int(limit.Cur), unix.Setrlimit(unix.RLIMIT_NOFILE, &limit) //nolint:gosec // not more than wanted
}
