package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// process is a child that runs until it is stopped. What it logs goes to a file, as
// it would in an installation.
type process struct {
	name  string
	cmd   *exec.Cmd
	log   *os.File
	ended chan struct{}
	err   error // of Wait, once ended is closed
}

// program is what a process runs.
type program struct {
	name    string
	path    string
	args    []string
	service bool           // runs on the service's core, with one thread of Go at a time
	out     func(*os.File) // takes its standard output away from the log; may be nil
}

// spawn starts a process.
func (r *rig) spawn(p program) (_ *process, err error) {
	log, err := os.OpenFile(filepath.Join(r.folder, p.name+".log"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(p.path, p.args...) //nolint:gosec,noctx // our own programs; stop ends them in their own way
	cmd.Dir, cmd.Stdout, cmd.Stderr = r.folder, log, log
	cmd.Env = os.Environ()
	if p.service {
		cmd.Env = append(cmd.Env, "GOMAXPROCS=1")
	}
	if p.out != nil {
		read, write, err := os.Pipe()
		if err != nil {
			return nil, errors.Join(err, log.Close())
		}
		cmd.Stdout = write
		defer func() { err = errors.Join(err, write.Close()) }()
		p.out(read)
	}
	if err := r.cores.start(cmd, p.service); err != nil {
		return nil, errors.Join(fmt.Errorf("start %s: %w", p.name, err), log.Close())
	}
	child := &process{name: p.name, cmd: cmd, log: log, ended: make(chan struct{})}
	go func() {
		child.err = cmd.Wait()
		close(child.ended)
	}()
	return child, nil
}

// stop asks the process to end and waits for it; one that does not listen is killed.
func (p *process) stop() error {
	if p == nil {
		return nil
	}
	select {
	case <-p.ended:
		return errors.Join(fmt.Errorf("%s ended by itself, see %s: %w", p.name, p.log.Name(), p.err), p.log.Close())
	default:
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may be ending this moment
	select {
	case <-p.ended:
		return p.log.Close()
	case <-time.After(30 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
		return errors.Join(fmt.Errorf("%s did not stop", p.name), p.log.Close())
	}
}

func (p *process) pid() int { return p.cmd.Process.Pid }

// command runs a program to its end.
func (r *rig) command(ctx context.Context, path string, args ...string) error {
	cmd := exec.CommandContext(ctx, path, args...) //nolint:gosec // our own programs
	cmd.Dir = r.folder
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %v: %w\n%s", filepath.Base(path), args, err, out)
	}
	return nil
}
