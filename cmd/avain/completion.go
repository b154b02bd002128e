package main

import (
	"embed"
	"strings"
	"text/template"

	"github.com/alecthomas/kong"
)

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help is shown by avain completion --help.
func (completionCommand) Help() string {
	return `Prints a script with which the shell completes commands, flags and their values at a press of the tab key. The script holds all of them: make it anew after an upgrade.

  avain completion bash > /etc/bash_completion.d/avain
  avain completion zsh > /usr/local/share/zsh/site-functions/_avain
  avain completion fish > /etc/fish/completions/avain.fish
  source <(avain completion bash)`
}

//go:embed completion/*.tmpl
var completions embed.FS

// Run prints the script.
func (c completionCommand) Run(t terminal, grammar *kong.Kong) error {
	quote := posixQuoted
	if c.Shell == "fish" {
		quote = fishQuoted
	}
	script, err := template.New(c.Shell+".tmpl").Funcs(template.FuncMap{
		"quote": quote, "join": func(words []string) string { return strings.Join(words, " ") },
		"commands": func(all []place) []place { return all[1:] },
	}).ParseFS(completions, "completion/"+c.Shell+".tmpl")
	if err != nil {
		return err
	}
	var b strings.Builder
	if err := script.Execute(&b, places(grammar.Model.Node)); err != nil {
		return err
	}
	return t.say(map[string]string{"shell": c.Shell, "script": b.String()}, "%s", strings.TrimSuffix(b.String(), "\n"))
}

// posixQuoted is a text as bash and zsh read it back.
func posixQuoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// fishQuoted is a text as fish reads it back.
func fishQuoted(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}
