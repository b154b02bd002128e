package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"avain/internal/testkit/brokersim"
	"avain/internal/testkit/loopback"
)

// rig is everything that a measure needs, put together once.
type rig struct {
	options measureCommand
	cores   cores
	folder  string
	own     bool   // the folder is ours to remove
	self    string // this program
	avain   string // the service's program

	service, admin, banks string // base URLs
	ports                 []*loopback.Port
	serving               *process
	broker                *process
	profiled              int          // how often the service has been profiled
	http                  *http.Client // for what is measured once; the load has its own
}

// newRig builds the service, makes its keys and configuration, fills its database and
// starts the broker. The service itself starts when a measure wants it.
func newRig(ctx context.Context, o measureCommand) (r *rig, err error) {
	r = &rig{options: o, folder: o.Data, avain: o.Avain, http: &http.Client{Transport: &http.Transport{}, Timeout: 5 * time.Second}}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.close())
		}
	}()
	if r.self, err = os.Executable(); err != nil {
		return r, err
	}
	if r.folder == "" {
		if r.folder, err = os.MkdirTemp("", "avain-bench-"); err != nil {
			return r, err
		}
		r.own = true
	}
	if err := os.MkdirAll(r.folder, 0o700); err != nil {
		return r, err
	}
	if r.avain == "" {
		progress("building the service")
		if r.avain, err = build(ctx, r.folder); err != nil {
			return r, err
		}
	}
	if r.cores, err = divide(); err != nil {
		return r, err
	}
	if !r.cores.pinned {
		progress("one core only: the service shares it with the load, and the figures are too low")
	}
	return r, r.furnish(ctx)
}

// build builds the service as for a release.
func build(ctx context.Context, folder string) (string, error) {
	path := filepath.Join(folder, "avain")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "avain/cmd/avain") //nolint:gosec // constant but for the folder
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the service: %w\n%s", err, out)
	}
	return path, nil
}

// furnish does what an operator does before the first start, with the same commands.
func (r *rig) furnish(ctx context.Context) error {
	for _, base := range []*string{&r.service, &r.admin, &r.banks} {
		port, err := loopback.TakePort() // nobody else's while the service starts and stops
		if err != nil {
			return err
		}
		r.ports = append(r.ports, port)
		*base = fmt.Sprintf("http://127.0.0.1:%d", port.Number)
	}
	if _, err := os.Stat(filepath.Join(r.folder, "keys", "secret")); errors.Is(err, os.ErrNotExist) {
		for _, args := range [][]string{{"keys", "new", "keys"}, {"keys", "broker", "keys", "op"}} {
			if err := r.command(ctx, r.avain, args...); err != nil {
				return err
			}
		}
	}
	if err := r.startBroker(); err != nil {
		return err
	}
	progress("adding %d people", r.options.People)
	if err := r.writePeople(); err != nil {
		return err
	}
	for _, args := range [][]string{{"migrate"}, {"admin", "people", "add", "people.ndjson"}} {
		if err := r.command(ctx, r.avain, args...); err != nil {
			return err
		}
	}
	return nil
}

// startBroker starts the broker and writes the configuration, which pins its key.
func (r *rig) startBroker() (err error) {
	var out *os.File
	r.broker, err = r.spawn(program{
		name: "broker", path: r.self, out: func(f *os.File) { out = f },
		args: []string{
			"as-broker", "--address", r.banks, "--client", r.service,
			"--entity-key", "keys/op-entity.pem", "--people", fmt.Sprint(r.options.People),
		},
	})
	if err != nil {
		return err
	}
	defer func() { _ = out.Close() }() // read to the end of what matters
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("the broker did not start: %w", err)
	}
	var b brokerInfo
	if err := json.Unmarshal(line, &b); err != nil {
		return fmt.Errorf("the broker said something else: %w", err)
	}
	if err := os.WriteFile(filepath.Join(r.folder, "keys", "broker-entity.jwk"), b.Entity, 0o600); err != nil {
		return err
	}
	return r.writeConfig(b)
}

// writePeople writes the file that avain admin people add reads.
func (r *rig) writePeople() error {
	var lines strings.Builder
	e := json.NewEncoder(&lines)
	for i := range r.options.People {
		p := brokersim.GeneratedPerson(i)
		if err := e.Encode(map[string]any{
			"hetu": p.HETU.Reveal(), "name": p.DisplayName(), "given_name": p.GivenName, "family_name": p.FamilyName, "locale": "fi",
			"benefits": []map[string]string{{"kind": "lunch", "employer": "Kuusiston Konepaja Oy"}, {"kind": "sports", "employer": "Kuusiston Konepaja Oy"}},
		}); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(r.folder, "people.ndjson"), []byte(lines.String()), 0o600)
}

// start starts the service and returns when it is ready, with the time that took.
func (r *rig) start(ctx context.Context) (time.Duration, error) {
	if r.serving != nil {
		return 0, errors.New("the service is running already")
	}
	p := program{name: "service", path: r.avain, args: []string{"serve", "--config", configFile}, service: true}
	if r.options.Profile != "" {
		r.profiled++
		p.path = r.self
		p.args = []string{"as-service", "--config", configFile, "--profile", filepath.Join(r.options.Profile, fmt.Sprint(r.profiled))}
	}
	began := time.Now()
	child, err := r.spawn(p)
	if err != nil {
		return 0, err
	}
	r.serving = child
	return r.untilReady(ctx, began)
}

// untilReady asks /readyz often enough not to add to what it measures.
func (r *rig) untilReady(ctx context.Context, began time.Time) (time.Duration, error) {
	for time.Since(began) < time.Minute {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.admin+"/readyz", nil)
		if err != nil {
			return 0, err
		}
		if answer, err := r.http.Do(req); err == nil {
			if err := answer.Body.Close(); err != nil {
				return 0, err
			}
			if answer.StatusCode == http.StatusOK {
				return time.Since(began), nil
			}
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-r.serving.ended:
			return 0, r.stop()
		case <-time.After(time.Millisecond):
		}
	}
	return 0, errors.New("the service was not ready within a minute")
}

// ensure starts the service unless it is running.
func (r *rig) ensure(ctx context.Context) error {
	if r.serving != nil {
		return nil
	}
	_, err := r.start(ctx)
	return err
}

func (r *rig) stop() error {
	err := r.serving.stop()
	r.serving = nil
	return err
}

func (r *rig) close() error {
	err := errors.Join(r.stop(), r.broker.stop())
	for _, p := range r.ports {
		err = errors.Join(err, p.Close())
	}
	if r.own {
		err = errors.Join(err, os.RemoveAll(r.folder))
	}
	return err
}

func (r *rig) machine() machine {
	return machine{Cores: r.cores.count, Pinned: r.cores.pinned, Go: runtime.Version(), Arch: runtime.GOARCH}
}
