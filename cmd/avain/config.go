package main

import (
	"fmt"
	"io"
	"time"

	"avain/internal/config"
	"avain/internal/expiry"
)

// configFlag is shared by all commands that need the configuration.
type configFlag struct {
	Config string `short:"c" default:"avain.yaml" env:"AVAIN_CONFIG" placeholder:"FILE" help:"Configuration file (${default})."`
}

// load reads the configuration; its mistakes are printed one per line.
func (f configFlag) load(t terminal) (config.Config, error) {
	c, err := config.Load(f.Config, t.environ)
	if err != nil {
		return config.Config{}, fmt.Errorf("the configuration %s has mistakes:\n%w", f.Config, err)
	}
	return c, nil
}

type checkConfigCommand struct {
	configFlag
	File string `arg:"" optional:"" help:"The file, instead of --config."`
}

// Help is shown by avain check-config --help.
func (checkConfigCommand) Help() string {
	return `Reads the file and everything that it names, as serve does, and changes nothing. Exit code 2 when there are mistakes, or when a statement or a certificate has ended without which logins fail; it warns of those that end within 60 days.

  avain check-config avain.yaml
  AVAIN_DATABASE_DSN=postgres://… avain check-config`
}

// Run checks the configuration.
func (c checkConfigCommand) Run(t terminal) error { return c.check(t, time.Now()) }

func (c checkConfigCommand) check(t terminal, now time.Time) error {
	flag := c.configFlag
	if c.File != "" {
		flag.Config = c.File
	}
	loaded, err := flag.load(t)
	if err != nil {
		return err
	}
	for _, warning := range loaded.Warnings {
		if _, err := fmt.Fprintf(t.out, "warning: %s\n", warning); err != nil {
			return err
		}
	}
	ended, err := printEndings(t.out, loaded.Endings(), now)
	if err != nil {
		return err
	}
	if len(ended) > 0 {
		return fmt.Errorf("the configuration %s names what has ended:\n%w", flag.Config, ended)
	}
	_, err = fmt.Fprintf(t.out, "%s: no mistakes; %s, %s\n", flag.Config,
		count(len(loaded.Clients), "client", "clients"), count(len(loaded.Brokers), "broker", "brokers"))
	return err
}

// printEndings warns of what ends soon. What has ended and stops logins for certain is
// answered as mistakes. They are none at start: an ended statement stops the logins of one
// broker, and must not stop those of the others.
func printEndings(out io.Writer, endings []expiry.Ending, now time.Time) (ended config.Problems, err error) {
	for _, e := range endings {
		word := "warning"
		switch stage := e.Stage(now); {
		case stage == expiry.Far:
			continue
		case stage == expiry.Early:
			word = "note"
		case stage == expiry.Ended && e.Stops:
			ended = append(ended, config.Problem{Path: e.Setting, Message: e.Says(now)})
			continue
		case stage == expiry.Urgent:
			word = "urgent"
		}
		if _, err := fmt.Fprintf(out, "%s: %s: %s\n", word, e.Setting, e.Says(now)); err != nil {
			return nil, err
		}
	}
	return ended, nil
}

type configExampleCommand struct{}

// Help is shown by avain config example --help.
func (configExampleCommand) Help() string {
	return `  avain config example > avain.yaml`
}

// Run prints the example.
func (configExampleCommand) Run(t terminal) error {
	_, err := fmt.Fprint(t.out, config.Example())
	return err
}
