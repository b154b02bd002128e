package interop_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"avain/internal/testkit/patience"
)

// nodeFolder holds the npm programs.
const nodeFolder = "node"

// installed brings the npm packages of the lock file, once, if they are not there.
var installed = sync.OnceValues(func() (string, error) {
	wanted, err := os.Stat(filepath.Join(nodeFolder, "package-lock.json"))
	if err != nil {
		return "", err
	}
	// npm leaves this file behind when it has finished.
	present, err := os.Stat(filepath.Join(nodeFolder, "node_modules", ".package-lock.json"))
	if err == nil && !present.ModTime().Before(wanted.ModTime()) {
		return "", nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	ctx, cancel := patience.Within(context.Background())
	defer cancel()
	install := exec.CommandContext(ctx, "npm", "ci", "--no-audit", "--no-fund")
	install.Dir = nodeFolder
	output, err := install.CombinedOutput()
	return string(output), err
})

// script is a running program that speaks one JSON value per line (node/talk.mjs).
type script struct {
	t      *testing.T
	name   string
	run    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Scanner
	stderr bytes.Buffer // read it only after the end
	ended  bool
}

// runScript starts an npm program and tells it what it has to know.
func runScript(t *testing.T, name string, settings any) *script {
	t.Helper()
	return runProgram(t, name, node(t, name), settings)
}

// node is the command for an npm program.
func node(t *testing.T, name string) *exec.Cmd {
	t.Helper()
	if output, err := installed(); err != nil {
		t.Fatalf("npm packages: %v\n%s", err, output)
	}
	lookedAt(t, nodeFolder, "*.mjs")
	run := exec.Command("node", name)
	run.Dir = nodeFolder
	return run
}

// lookedAt tells go test to run again when the sources of a program have changed.
func lookedAt(t *testing.T, folder, pattern string) {
	t.Helper()
	sources, err := filepath.Glob(filepath.Join(folder, pattern))
	if err != nil || len(sources) == 0 {
		t.Fatalf("no programs in %s: %v", folder, err)
	}
	for _, source := range sources {
		if _, err := os.Stat(source); err != nil {
			t.Fatal(err)
		}
	}
}

// runProgram starts a program and tells it what it has to know.
func runProgram(t *testing.T, name string, run *exec.Cmd, settings any) *script {
	t.Helper()
	s := &script{t: t, name: name, run: run}
	s.run.Stderr = &s.stderr
	var err error
	if s.in, err = s.run.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := s.run.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	s.out = bufio.NewScanner(out)
	s.out.Buffer(nil, 1<<20)
	if err := s.run.Start(); err != nil {
		t.Fatal(err)
	}
	overdue := time.AfterFunc(patience.Limit(), func() { _ = s.run.Process.Kill() })
	t.Cleanup(func() {
		s.end()
		overdue.Stop()
	})
	s.say(settings)
	return s
}

func (s *script) say(message any) {
	s.t.Helper()
	line, err := json.Marshal(message)
	if err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.in.Write(append(line, '\n')); err != nil {
		s.failed(err)
	}
}

// hear reads the next line.
func (s *script) hear(into any) {
	s.t.Helper()
	if !s.out.Scan() {
		s.failed(errors.Join(s.out.Err(), errors.New("it stopped before it was done")))
	}
	if err := json.Unmarshal(s.out.Bytes(), into); err != nil {
		s.failed(err)
	}
}

func (s *script) failed(err error) {
	s.t.Helper()
	s.end()
	s.t.Fatalf("%s: %v\n%s", s.name, err, &s.stderr)
}

// end closes the program's input, which ends it, and waits. A program that exits
// with anything but 0 has failed, whatever it said before.
func (s *script) end() {
	s.t.Helper()
	if s.ended {
		return
	}
	s.ended = true
	if err := s.in.Close(); err != nil {
		s.t.Errorf("%s: %v", s.name, err)
	}
	if err := s.run.Wait(); err != nil {
		s.t.Errorf("%s: %v\n%s", s.name, err, &s.stderr)
	}
}
