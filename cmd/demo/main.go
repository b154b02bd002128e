// Command demo runs Avain with everything around it on one machine: the service,
// simulated brokers with invented banks, the phone app, a mailbox and sample people.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"avain/internal/testkit/demo"

	"github.com/alecthomas/kong"
)

type flags struct {
	Service string `help:"Address of the login service." default:"localhost:8080"`
	App     string `help:"Address of the phone app." default:"localhost:8081"`
	Banks   string `help:"Address of the simulated banks." default:"localhost:8082"`
	Mail    string `help:"Address of the mailbox." default:"localhost:8083"`
	Admin   string `help:"Address of the support console, metrics and health." default:"localhost:8084"`
	Data    string `help:"Folder that keeps the data; without it everything is forgotten at the end." type:"path" placeholder:"DIR"`
	AppDir  string `help:"Folder of the built phone app." default:"app/dist" type:"path"`
	Verbose bool   `help:"Write the service's log to standard error." short:"v"`
}

func main() {
	var f flags
	kong.Parse(&f, kong.Name("demo"), kong.Description("Runs Avain with simulated banks, the phone app and sample people on this machine. Ctrl-C ends it."))
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, f, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, f flags, out io.Writer) error {
	if _, err := os.Stat(filepath.Join(f.AppDir, "index.html")); err != nil {
		return fmt.Errorf("the phone app is not built in %s; run `make demo`, which builds it first", f.AppDir)
	}
	log := slog.New(slog.DiscardHandler)
	if f.Verbose {
		log = slog.New(slog.NewJSONHandler(os.Stderr, nil))
	}
	if f.Data != "" {
		if err := os.MkdirAll(f.Data, 0o700); err != nil {
			return err
		}
	}
	began := time.Now()
	d, err := demo.Start(ctx, demo.Options{
		Service: f.Service, App: f.App, Banks: f.Banks, Mail: f.Mail, Admin: f.Admin, Data: f.Data, AppDir: f.AppDir, Log: log, Past: true,
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, table, time.Since(began).Seconds(), d.Service, d.App, d.Banks, d.Banks, d.Mail, d.SMTP, d.Admin, d.Admin, d.Data)
	<-ctx.Done()
	fmt.Fprintln(out, "\nStopping …")
	return errors.Join(d.Close())
}

const table = `
Avain is ready (%.1f s). Start here:

  %s/demo   what to try, step by step

  phone app         %s
  bank broker       %s/op/misbehave
  mobile broker     %s/telia/misbehave
  mailbox           %s, mail server %s
  support console   %s/console/ (the first page makes you an invitation)
  metrics, health   %s
  data              %s

Ctrl-C ends it.
`
