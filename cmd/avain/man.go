package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"avain/internal/app"

	"github.com/alecthomas/kong"
)

type manCommand struct {
	Dir string `arg:"" help:"Folder for the pages; made when missing."`
}

// Help is shown by avain man --help.
func (manCommand) Help() string {
	return `Writes the manual pages: avain.1, and one for each command, such as avain-admin-people-add.1. Pages that are there are replaced: write them anew after an upgrade.

  avain man /usr/local/share/man/man1
  man avain-admin-people-add`
}

// Run writes the pages.
func (c manCommand) Run(t terminal, grammar *kong.Kong) error {
	if err := os.MkdirAll(c.Dir, 0o755); err != nil { //nolint:gosec // everybody may read a manual
		return err
	}
	files, date := []string{}, builtAt()
	for _, p := range places(grammar.Model.Node) {
		file := filepath.Join(c.Dir, p.page()+".1")
		if err := os.WriteFile(file, []byte(p.manual(date)), 0o644); err != nil { //nolint:gosec // everybody may read a manual
			return err
		}
		files = append(files, file)
	}
	return t.say(map[string][]string{"files": files}, "%d pages are in %s", len(files), c.Dir)
}

// builtAt is the day of the program's source; of today where that is not known.
func builtAt() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if at, err := time.Parse(time.RFC3339, s.Value); s.Key == "vcs.time" && err == nil {
				return at.UTC().Format(time.DateOnly)
			}
		}
	}
	return time.Now().UTC().Format(time.DateOnly)
}

// page is the name of a manual page.
func (p place) page() string { return strings.ReplaceAll(p.Place(), " ", "-") }

// manual is a page in the language man(7), which man-db and mandoc read.
func (p place) manual(date string) string {
	var b strings.Builder
	fmt.Fprintf(&b, ".TH %s 1 %s %s Avain\n", strings.ToUpper(p.page()), date, manQuoted("avain "+app.Version()))
	summary, detail := strings.TrimSuffix(p.Help, "."), p.Detail
	if p.Path == "" {
		summary, detail = "login service of a payment app", description
	}
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", manText(p.page()), manText(summary))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n%s\n", manText(p.Place()), manText(p.synopsis()))
	if detail != "" {
		b.WriteString(".SH DESCRIPTION\n" + manParagraphs(detail))
	}
	entries := func(head string, all []told) {
		if len(all) > 0 {
			b.WriteString(".SH " + head + "\n")
		}
		for _, one := range all {
			fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", manText(one.Name), manText(one.Help))
		}
	}
	entries("COMMANDS", p.Subcommands)
	var arguments, options []told
	for _, a := range p.Arguments {
		arguments = append(arguments, a.told)
	}
	for _, f := range p.Flags {
		options = append(options, told{f.spelled(), f.Help})
	}
	entries("ARGUMENTS", arguments)
	entries("OPTIONS", options)
	b.WriteString(".SH EXIT STATUS\n0: done. 1: failed. 2: wrong use or wrong configuration; nothing was done.\n")
	b.WriteString(".SH SEE ALSO\n" + p.related())
	return b.String()
}

func (p place) synopsis() string {
	parts := []string{"[flags]"}
	if p.Group {
		parts = append(parts, "<command>")
	}
	for _, a := range p.Arguments {
		text := "<" + a.Name + ">"
		if a.Many {
			text += " ..."
		}
		if a.Optional {
			text = "[" + text + "]"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, " ")
}

func (f flagTold) spelled() string {
	text := "--" + f.Name
	if f.Short != "" {
		text = "-" + f.Short + ", " + text
	}
	if f.Takes() {
		text += "=" + f.Holder
	}
	return text
}

// related names the page above, and those below.
func (p place) related() string {
	var pages []string
	if words := strings.Fields(p.Place()); len(words) > 1 {
		pages = append(pages, strings.Join(words[:len(words)-1], "-"))
	}
	for _, c := range p.Subcommands {
		pages = append(pages, p.page()+"-"+c.Name)
	}
	lines := make([]string, len(pages))
	for i, page := range pages {
		lines[i] = ".BR " + manText(page) + " (1)"
	}
	return strings.Join(lines, " ,\n") + "\n"
}

// manParagraphs sets a text: what is indented is shown as it is.
func manParagraphs(text string) string {
	var b strings.Builder
	example := false
	for i, line := range strings.Split(text, "\n") {
		indented := strings.HasPrefix(line, "  ")
		if example && !indented {
			b.WriteString(".fi\n")
		}
		if line == "" {
			example = false
			continue
		}
		if i > 0 && !example {
			b.WriteString(".PP\n")
		}
		if indented && !example {
			b.WriteString(".nf\n")
		}
		example = indented
		b.WriteString(manText(line) + "\n")
	}
	if example {
		b.WriteString(".fi\n")
	}
	return b.String()
}

// manText is a text that nothing in is a command of the language.
func manText(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`, "`", `\(ga`, "^", `\(ha`, "~", `\(ti`).Replace(s)
	if strings.HasPrefix(s, ".") {
		s = `\&` + s
	}
	return s
}

func manQuoted(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
