// Command hostile attacks a whole Avain with generated requests: it learns from
// discovery, the OpenAPI document and the pages what the service understands, spoils
// that in every way it knows, and holds each answer against what must never happen.
//
// It owns no test of a rule; those stand beside the code. It says what nobody thought
// of: an error of ours, a panic, something that was sent and came back, the data of
// somebody else.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

const description = `Attacks a whole Avain, in a process of its own on this machine, with generated requests, and prints what was sent, how it was answered, the slowest answers, and the memory before and after. Exits with 1 when something happened that must not.`

type flags struct {
	Requests int           `help:"Requests to send." default:"1000000"`
	Time     time.Duration `help:"The longest that it goes on." default:"30m"`
	Workers  int           `help:"Requests at a time." default:"16"`
	Seed     uint64        `help:"Makes the same requests again, as far as the service's own random numbers allow; 0: a new one, which is printed." default:"0"`
	JSON     bool          `help:"Print one JSON document instead of lines."`
}

// Validate is called by kong.
func (f flags) Validate() error {
	if f.Requests < 1 || f.Workers < 1 || f.Time <= 0 {
		return errors.New("--requests, --workers and --time must be more than nothing")
	}
	return nil
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "hostile:", err) // standard error is gone: nobody to tell
		os.Exit(1)
	}
}

// targetRole is the argument that makes this program the process that is attacked.
const targetRole = "as-target"

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 1 && args[0] == targetRole {
		return serveTarget(ctx, os.Stdin, out)
	}
	var f flags
	parser, err := kong.New(&f, kong.Name("hostile"), kong.Description(description), kong.ConfigureHelp(kong.HelpOptions{WrapUpperBound: 100}))
	if err != nil {
		return err
	}
	if _, err := parser.Parse(args); err != nil {
		return err
	}
	if f.Seed == 0 {
		f.Seed = rand.Uint64() //nolint:gosec // chooses what is tried, keeps no secret
	}
	t, err := startTarget(ctx)
	if err != nil {
		return err
	}
	defer t.stop()
	fmt.Fprintf(os.Stderr, "· attacking with seed %d; Ctrl-C ends it early\n", f.Seed)
	report, err := attack(ctx, t.target, plan{requests: f.Requests, longest: f.Time, workers: f.Workers, seed: f.Seed, progress: os.Stderr})
	if err != nil {
		return err
	}
	report.add(t.stop()...)
	if f.JSON {
		err = json.NewEncoder(out).Encode(report)
	} else {
		err = report.print(out)
	}
	return errors.Join(err, report.verdict())
}
