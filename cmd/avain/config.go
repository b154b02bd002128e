package main

import (
	"fmt"

	"avain/internal/config"
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
	return `Reads the file and everything that it names, as serve does, and changes nothing. Exit code 2 when there are mistakes.

  avain check-config avain.yaml
  AVAIN_DATABASE_DSN=postgres://… avain check-config`
}

// Run checks the configuration.
func (c checkConfigCommand) Run(t terminal) error {
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
	_, err = fmt.Fprintf(t.out, "%s: no mistakes; %d clients, %d brokers\n", flag.Config, len(loaded.Clients), len(loaded.Brokers))
	return err
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
