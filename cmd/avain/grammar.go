package main

import (
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// place is a command or a group of commands, as completions and manual pages tell of it.
type place struct {
	Path        string // without avain; empty for avain itself
	Help        string
	Detail      string
	Group       bool
	Subcommands []told
	Flags       []flagTold
	Arguments   []argumentTold
	Values      []string // that an argument may have
	Files       bool     // an argument is a file or a folder
}

// told is a name and what it means.
type told struct{ Name, Help string }

// flagTold is a flag.
type flagTold struct {
	told
	Short  string
	Holder string   // what its value is called; empty without one
	Values []string // that it may have
	Files  bool     // its value is a file
}

// argumentTold is an argument behind the command.
type argumentTold struct {
	told
	Optional, Many bool
}

// places reads the whole grammar, avain itself first.
func places(root *kong.Node) []place {
	all := []place{newPlace(root)}
	for _, child := range root.Children {
		all = append(all, places(child)...)
	}
	return all
}

func newPlace(n *kong.Node) place {
	p := place{Help: n.Help, Detail: n.Detail, Group: len(n.Children) > 0}
	if n.Type != kong.ApplicationNode {
		p.Path = n.Path()
	}
	for _, child := range n.Children {
		p.Subcommands = append(p.Subcommands, told{child.Name, child.Help})
	}
	for _, flags := range n.AllFlags(true) {
		for _, f := range flags {
			p.Flags = append(p.Flags, newFlagTold(f))
		}
	}
	for _, v := range n.Positional {
		p.Arguments = append(p.Arguments, argumentTold{told{v.Name, v.Help}, v.Tag.Optional, v.IsSlice()})
		if v.Enum != "" {
			p.Values = append(p.Values, values(v)...)
		}
		p.Files = p.Files || v.Name == "file" || v.Name == "dir"
	}
	return p
}

func newFlagTold(f *kong.Flag) flagTold {
	out := flagTold{told: told{f.Name, f.Help}}
	if f.Short != 0 {
		out.Short = string(f.Short)
	}
	if f.IsBool() {
		return out
	}
	out.Holder = strings.Trim(f.FormatPlaceHolder(), `"`)
	out.Files = slices.Contains([]string{"FILE", "PATH"}, out.Holder)
	if f.Enum != "" {
		out.Values = values(f.Value)
	}
	return out
}

// values are those of an enumeration, without none at all.
func values(v *kong.Value) []string {
	return slices.DeleteFunc(v.EnumSlice(), func(s string) bool { return s == "" })
}

// Place is the command as it is typed.
func (p place) Place() string { return strings.TrimSpace("avain " + p.Path) }

// Words are what may stand here: commands, or values of an argument.
func (p place) Words() []string {
	words := slices.Clone(p.Values)
	for _, c := range p.Subcommands {
		words = append(words, c.Name)
	}
	return words
}

// Told are the same, with what they mean behind a colon.
func (p place) Told() []string {
	all := slices.Clone(p.Values)
	for _, c := range p.Subcommands {
		all = append(all, c.Name+":"+c.Help)
	}
	return all
}

// FlagWords are the flags as they are typed.
func (p place) FlagWords() []string {
	var words []string
	for _, f := range p.Flags {
		words = append(words, "--"+f.Name)
	}
	return words
}

// Takes reports whether the flag has a value.
func (f flagTold) Takes() bool { return f.Holder != "" }

// Told is the flag with what it means behind a colon.
func (f flagTold) Told() string { return "--" + f.Name + ":" + f.Help }

// Spellings are the ways to type it.
func (f flagTold) Spellings() []string {
	all := []string{"--" + f.Name}
	if f.Short != "" {
		all = append(all, "-"+f.Short)
	}
	return all
}
