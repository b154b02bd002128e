package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"avain/internal/config"
	"avain/internal/platform/expiry"
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
	return `Reads the file and everything that it names, as serve does, and changes nothing. Exit code 2 when there are mistakes, or when a statement or a certificate has ended without which logins fail; it warns of those that end within 60 days. --json prints mistakes and warnings also when there are mistakes.

  avain check-config avain.yaml
  AVAIN_DATABASE_DSN=postgres://… avain check-config`
}

// configReport is what was found, in JSON.
type configReport struct {
	File     string          `json:"file"`
	Clients  int             `json:"clients"`
	Brokers  int             `json:"brokers"`
	Mistakes []configFinding `json:"mistakes"`
	Warnings []configFinding `json:"warnings"`
}

// configFinding is one mistake, or one warning with its weight.
type configFinding struct {
	Weight  string `json:"weight,omitempty"`  // of a warning: note, warning or urgent
	Setting string `json:"setting,omitempty"` // none: the file as a whole
	Line    int    `json:"line,omitempty"`
	Message string `json:"message"`
}

// Run checks the configuration.
func (c checkConfigCommand) Run(t terminal) error { return c.check(t, time.Now()) }

func (c checkConfigCommand) check(t terminal, now time.Time) error {
	flag := c.configFlag
	if c.File != "" {
		flag.Config = c.File
	}
	r := configReport{File: flag.Config, Mistakes: []configFinding{}, Warnings: []configFinding{}}
	loaded, err := flag.load(t)
	if problems, ok := errors.AsType[config.Problems](err); ok {
		r.mistakes(problems)
	}
	if err != nil {
		return r.print(t, err)
	}
	r.Clients, r.Brokers = len(loaded.Clients), len(loaded.Brokers)
	for _, w := range loaded.Warnings {
		r.Warnings = append(r.Warnings, configFinding{"warning", w.Path, w.Line, w.Message})
	}
	if ended := r.endings(loaded.Endings(), now); len(ended) > 0 {
		r.mistakes(ended)
		err = fmt.Errorf("the configuration %s names what has ended:\n%w", flag.Config, ended)
	}
	return r.print(t, err)
}

func (r *configReport) mistakes(all config.Problems) {
	for _, p := range all {
		r.Mistakes = append(r.Mistakes, configFinding{"", p.Path, p.Line, p.Message})
	}
}

// print writes the report. People read the mistakes on standard error, as those of every
// command.
func (r *configReport) print(t terminal, err error) error {
	if t.json {
		return errors.Join(err, printJSON(t.out, r))
	}
	for _, w := range r.Warnings {
		if _, err := fmt.Fprintf(t.out, "%s: %s\n", w.Weight, config.Problem{Path: w.Setting, Message: w.Message, Line: w.Line}); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.out, "%s: no mistakes; %s, %s\n", r.File, count(r.Clients, "client", "clients"), count(r.Brokers, "broker", "brokers"))
	return err
}

// endings warns of what ends soon. What has ended and stops logins for certain is answered as
// mistakes. They are none at start: an ended statement stops the logins of one broker, and
// must not stop those of the others.
func (r *configReport) endings(all []expiry.Ending, now time.Time) (ended config.Problems) {
	for _, e := range all {
		weight := "warning"
		switch stage := e.Stage(now); {
		case stage == expiry.Far:
			continue
		case stage == expiry.Early:
			weight = "note"
		case stage == expiry.Ended && e.Stops:
			ended = append(ended, config.Problem{Path: e.Setting, Message: e.Says(now)})
			continue
		case stage == expiry.Urgent:
			weight = "urgent"
		}
		r.Warnings = append(r.Warnings, configFinding{Weight: weight, Setting: e.Setting, Message: e.Says(now)})
	}
	return ended
}

type configExampleCommand struct{}

// Help is shown by avain config example --help.
func (configExampleCommand) Help() string {
	return `  avain config example > avain.yaml`
}

// Run prints the example.
func (configExampleCommand) Run(t terminal) error {
	example := config.Example()
	return t.say(map[string]string{"yaml": example}, "%s", strings.TrimSuffix(example, "\n"))
}
