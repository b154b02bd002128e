package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "bench:", err) // standard error is gone: nobody to tell
		os.Exit(1)
	}
}

const description = `Measures Avain as a separate process over HTTP. One line per figure on standard output: name, value, unit, and behind # the spread over the runs and the bar; progress goes to standard error.`

// role is what this program can be.
type role interface {
	Run(ctx context.Context, out io.Writer) error
}

// run measures, unless it is told to be one of the other processes.
func run(ctx context.Context, args []string, out io.Writer) error {
	var chosen role = &measureCommand{}
	roles := map[string]role{"as-broker": &brokerCommand{}, "as-crypto": &cryptoCommand{}, "as-service": &serviceCommand{}}
	if len(args) > 0 && roles[args[0]] != nil {
		chosen, args = roles[args[0]], args[1:]
	}
	parser, err := kong.New(chosen, kong.Name("bench"), kong.Description(description),
		kong.ConfigureHelp(kong.HelpOptions{WrapUpperBound: 100}))
	if err != nil {
		return err
	}
	if _, err := parser.Parse(args); err != nil {
		return err
	}
	return chosen.Run(ctx, out)
}

// Help is shown by --help.
func (measureCommand) Help() string {
	return `Each figure alone:

  bench --only=crypto,binary,startup,page
  bench --only=attempts,refreshes
  bench --only=logins,crypto      complete logins, and the yardstick
  bench --only=steps              p50 and p99 of each step
  bench --only=confirm            from Vahvista to the app's tokens: by itself, and by six digits
  bench --only=waiting            memory and processor time of 50,000 apps that wait; the limit on
                                  open files decides how many there can be (ulimit -n 120000)
  bench --only=names              whether the clock tells which user names exist: 0.5 is no, 1 is yes
  bench --only=import             rows taken in per second, of 100,000, and the most memory meanwhile
  bench --only=scale              p99 of each step, 1,000 against 1,000,000 people and logins;
                                  filling takes minutes and about 3 GB (--scale=100000 is quick)
  bench --only=console            p99 of the support console's pages over 1,000,000 people and logins`
}

type measureCommand struct {
	Only        []string      `help:"Measure these alone: crypto, binary, page, startup, attempts, refreshes, logins, steps, confirm, waiting, names, import, scale, console." placeholder:"NAME"`
	Runs        int           `help:"Runs of each measure; the median counts." default:"5"`
	Duration    time.Duration `help:"Length of a run." default:"5s"`
	Concurrency int           `help:"Phones that log in at the same time." default:"64"`
	Rate        int           `help:"Logins per second while the steps are timed." default:"40"`
	Waiting     int           `help:"Apps that wait at once, for waiting; fewer where the limit on open files is low." default:"50000"`
	Tries       int           `help:"Wrong passwords, and as many orders of letters, for names." default:"2000"`
	Import      int           `help:"People in the file, for import." default:"100000"`
	Scale       int           `help:"People and logins in the large database, for scale and console." default:"1000000"`
	People      int           `help:"People in the database." default:"1000"`
	Data        string        `help:"Folder for the database, logs and keys; default: one that is removed at the end." type:"path" placeholder:"DIR"`
	Avain       string        `help:"The service's program; default: built from the source." type:"existingfile" placeholder:"FILE"`
	Profile     string        `help:"Run the service inside this program and write cpu.pprof and allocs.pprof there." type:"path" placeholder:"DIR"`
	JSON        bool          `help:"Print one JSON document instead of lines."`
}

// Validate is called by kong.
func (c measureCommand) Validate() error {
	var names []string
	for _, m := range measures() {
		names = append(names, m.name)
	}
	for _, name := range c.Only {
		if !slices.Contains(names, name) {
			return fmt.Errorf("--only: there is no measure %q; there are %s", name, strings.Join(names, ", "))
		}
	}
	switch {
	case c.Runs < 1, c.Concurrency < 1, c.Rate < 1, c.People < 1, c.Waiting < 1, c.Tries < 2:
		return errors.New("--runs, --concurrency, --rate, --people and --waiting must be at least 1, and --tries 2")
	case c.Scale <= smallScale:
		return fmt.Errorf("--scale must be more than %d", smallScale)
	case c.Duration < 100*time.Millisecond:
		return errors.New("--duration must be at least 100ms")
	}
	return nil
}

// Run measures what was asked for, and prints each figure as soon as it is known.
func (c measureCommand) Run(ctx context.Context, out io.Writer) (err error) {
	r, err := newRig(ctx, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	p := printer{out: out, asJSON: c.JSON}
	for _, m := range measures() {
		if len(c.Only) > 0 && !slices.Contains(c.Only, m.name) {
			continue
		}
		progress("%s: %s", m.name, m.what)
		figures, err := m.do(ctx, r)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		if err := p.print(figures); err != nil {
			return err
		}
	}
	return p.end(r.machine())
}

// progress tells the person who waits what is going on.
func progress(format string, args ...any) {
	_, _ = fmt.Fprintln(os.Stderr, strings.TrimSpace(fmt.Sprintf(format, args...))) // nobody to tell when it is gone
}
