package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"avain/internal/broker"
	"avain/internal/config"
)

type brokersTestCommand struct {
	configFlag
	ID    string `arg:"" help:"The broker's id in the configuration."`
	Login bool   `help:"Log in once with a browser, and see what the broker answers."`
	Means string `placeholder:"ID" help:"The bank or method to choose; the first one when left out."`
}

// Help is shown by avain admin brokers test --help.
func (brokersTestCommand) Help() string {
	return `Tries out one broker's configuration as a login would, goes on after a failure, and says what to do: our keys and statement, the pinned statement and its fingerprint, the broker's metadata against the configuration, its keys, its list of banks, and the request that would be sent, decoded.

With --login it prints an address. Open it in a browser and log in at the broker, with a test person in a test environment. The browser comes back to the redirect URI; whatever it shows there (an error page of the service is usual), copy the address from the address bar and paste it here. Where the redirect URI is on this computer and its port is free, that is not needed. Then every claim is shown, with names and codes masked, every check, what would be recorded, and the lines of the configuration that would mend what failed. Nobody is logged in and nothing is stored. A broker's code lives for a minute or less: be quick.

Exit code 1 when something failed, 2 for a configuration with mistakes.

  avain admin brokers test telia
  avain admin brokers test telia --login --means nordea`
}

// Run tests.
func (c brokersTestCommand) Run(ctx context.Context, t terminal) error {
	loaded, err := c.load(t)
	if err != nil {
		return err
	}
	registry, err := broker.New(loaded.Brokers, broker.Deps{CallbackURL: callbacks(loaded)})
	if err != nil {
		return err
	}
	defer registry.Close()
	test, err := registry.SetupTest(c.ID, c.Means)
	if err != nil {
		return usageError{fmt.Errorf("%w; the configuration has %s", err, brokerIDs(loaded))}
	}
	test.Check(ctx)
	if !t.json { // what is wrong already shows before anybody logs in
		if err := printChecks(t.out, test.Report); err != nil {
			return err
		}
	}
	var loginErr error
	if c.Login {
		loginErr = c.login(ctx, t, test)
	}
	if err := c.print(t, test.Report); err != nil {
		return err
	}
	if loginErr == nil && !test.Report.OK() {
		return errors.New("something failed: see above")
	}
	return loginErr
}

// callbacks are the redirect URIs, as the service makes them.
func callbacks(c config.Config) func(string) string {
	return func(id string) string { return c.Public.BaseURL + "/callback/" + id }
}

func brokerIDs(c config.Config) string {
	var ids strings.Builder
	for i, b := range c.Brokers {
		if i > 0 {
			ids.WriteString(", ")
		}
		ids.WriteString(b.ID)
	}
	return ids.String()
}

// loginTime is how long a person may take: as long as a login lives.
const loginTime = 10 * time.Minute

func (c brokersTestCommand) login(ctx context.Context, t terminal, test *broker.SetupTest) error {
	address := test.Address()
	if address == "" {
		_, err := fmt.Fprintln(t.err, "No login: the request could not be made.")
		return err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, loginTime, errors.New("ten minutes are over"))
	defer cancel()
	values, err := callbackOf(ctx, t, test)
	if err != nil {
		return err
	}
	test.Answer(ctx, values)
	return nil
}

// callbackOf waits for the browser to come back: by itself where the redirect URI is
// this computer's and nobody listens there, else by hand. What is not the answer of this
// test, an old tab that is loaded again for example, is said so and waited past.
func callbackOf(ctx context.Context, t terminal, test *broker.SetupTest) (url.Values, error) {
	arrived, stop, listening := listenFor(ctx, test.Callback())
	defer stop()
	say := "Open this address in a browser and log in:\n\n" + test.Address() + "\n\n"
	if listening {
		say += "Waiting for the browser at " + test.Callback() + " …\n"
	} else {
		arrived = lines(t)
		say += "When the browser is back at " + test.Callback() + ", whatever it shows, paste the address from its address bar here and press Enter.\n" +
			"(A terminal takes 4,095 characters in a line: put a longer address into a file, and the file's name behind “<”.)\n"
	}
	if _, err := io.WriteString(t.err, say); err != nil {
		return nil, err
	}
	for {
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("nobody came back: %w", context.Cause(ctx))
		case one := <-arrived:
			if one.err != nil {
				return nil, one.err
			}
			values, err := test.ReadCallback(one.text)
			if err == nil {
				return values, nil
			}
			if _, err := fmt.Fprintf(t.err, "%v. Still waiting:\n", err); err != nil {
				return nil, err
			}
		}
	}
}

type line struct {
	text string
	err  error
}

// maxPasted is more than any address: a code may have 8 kB.
const maxPasted = 64 << 10

// lines reads standard input. Its goroutine ends with the program: a read of a terminal
// cannot be cancelled.
func lines(t terminal) <-chan line {
	out := make(chan line)
	go func() {
		scanner := bufio.NewScanner(t.in)
		scanner.Buffer(nil, maxPasted)
		for scanner.Scan() {
			out <- line{text: scanner.Text()}
		}
		err := errors.New("standard input ended before the address came")
		if scanner.Err() != nil {
			err = fmt.Errorf("no address can be read from standard input: %w", scanner.Err())
		}
		out <- line{err: err}
	}()
	return out
}

func (c brokersTestCommand) print(t terminal, report broker.SetupReport) error {
	if !t.json {
		return printAnswer(t.out, report)
	}
	return printJSON(t.out, report)
}
