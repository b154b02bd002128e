package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"avain/internal/app"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/shown"
)

type methodsListCommand struct {
	configFlag
}

// Help is shown by avain admin methods list --help.
func (methodsListCommand) Help() string {
	return `Lists login methods in the order of the app, then banks and Mobile Certificate. Times are UTC.

  avain admin methods list
  avain admin methods list --json`
}

// Run lists.
func (c methodsListCommand) Run(ctx context.Context, t terminal) error {
	means, err := c.means(t)
	if err != nil {
		return err
	}
	return withService(ctx, t, c.configFlag, func(s *app.Service) error {
		return printWays(ctx, t, s, means)
	})
}

// means lists the configured means, each once.
func (f configFlag) means(t terminal) ([]string, error) {
	c, err := f.load(t)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, b := range c.Brokers {
		for _, m := range b.Means {
			if !slices.Contains(ids, m.ID) {
				ids = append(ids, m.ID)
			}
		}
	}
	return ids, nil
}

// whichFlag names what is switched: a method, or a means.
type whichFlag struct {
	configFlag
	Method string `arg:"" optional:"" help:"direct, link, qr or credentials."`
	Means  string `placeholder:"ID" help:"A bank or Mobile Certificate instead, by its id in the configuration."`
}

type methodsOnCommand struct{ whichFlag }

// Help is shown by avain admin methods on --help.
func (methodsOnCommand) Help() string {
	return `Every node follows within 10 seconds, apps within a minute.

  avain admin methods on link
  avain admin methods on --means nordea`
}

// Run switches on.
func (c methodsOnCommand) Run(ctx context.Context, t terminal) error {
	return c.set(ctx, t, operations.Switch{On: true})
}

type methodsOffCommand struct {
	whichFlag
	ReasonFI string `name:"reason-fi" placeholder:"TEXT" help:"Why, as people read it, in Finnish."`
	ReasonSV string `name:"reason-sv" placeholder:"TEXT" help:"The same in Swedish."`
	ReasonEN string `name:"reason-en" placeholder:"TEXT" help:"The same in English."`
}

// Help is shown by avain admin methods off --help.
func (methodsOffCommand) Help() string {
	return `Nobody can begin a login that way any more; logins that have begun go on, and whoever is logged in notices nothing. Every node follows within 10 seconds, apps within a minute. A language without a reason gets a sentence of ours.

  avain admin methods off link --reason-fi "Korjaamme vikaa." --reason-en "We are fixing a fault."
  avain admin methods off --means nordea`
}

// Run switches off.
func (c methodsOffCommand) Run(ctx context.Context, t terminal) error {
	reasons := map[string]string{}
	for lang, text := range map[string]string{"fi": c.ReasonFI, "sv": c.ReasonSV, "en": c.ReasonEN} {
		if text = shown.Line(text, shown.Whole); text == "" {
			continue
		}
		if shown.Len(text) > maxReason || len(text) > shown.Bytes(maxReason) {
			return usageError{fmt.Errorf("--reason-%s must have at most %d letters", lang, maxReason)}
		}
		reasons[lang] = text
	}
	return c.set(ctx, t, operations.Switch{Reasons: reasons})
}

// maxReason bounds a reason, in characters: apps show it under a button.
const maxReason = 200

func (c whichFlag) set(ctx context.Context, t terminal, one operations.Switch) error {
	means, err := c.means(t)
	if err != nil {
		return err
	}
	if one.Name, err = c.name(means); err != nil {
		return err
	}
	one.By = "system"
	return withService(ctx, t, c.configFlag, func(s *app.Service) error {
		if one.On && c.Method != "" && !s.Gate.Has(login.Method(c.Method)) {
			return fmt.Errorf("%s cannot be switched on: it is not in methods.order, or not in this version of avain", c.Method)
		}
		if err := s.Gate.Set(ctx, one); err != nil {
			return err
		}
		return printWays(ctx, t, s, means)
	})
}

// newBank is the form of a bank that only a broker's own list knows (docs/brokers.md):
// it can be switched off while that broker cannot be asked.
var newBank = regexp.MustCompile(`^[a-z0-9-]{1,32}\.[A-Za-z0-9._-]{1,64}$`)

// name is the switch that is meant. Something that does not exist is refused: a slip
// of the keyboard must not look like a bank that was switched off.
func (c whichFlag) name(means []string) (string, error) {
	switch {
	case (c.Method == "") == (c.Means == ""):
		return "", usageError{errors.New("name one login method, or one bank with --means")}
	case c.Method != "":
		if !slices.Contains(login.Methods(), login.Method(c.Method)) {
			return "", usageError{errors.New("there is no such login method; there are direct, link, qr and credentials")}
		}
		return operations.MethodSwitch(login.Method(c.Method)), nil
	}
	if !slices.Contains(means, c.Means) && !newBank.MatchString(c.Means) {
		return "", usageError{fmt.Errorf("there is no such bank; there are %s", strings.Join(means, ", "))}
	}
	return operations.MeansSwitch(c.Means), nil
}

// way is one line of the list.
type way struct {
	Kind    string            `json:"kind"` // method or means
	ID      string            `json:"id"`
	State   string            `json:"state"`
	Reasons map[string]string `json:"reasons,omitempty"`
	By      string            `json:"by,omitempty"` // empty when it is as configured
	At      *time.Time        `json:"at,omitempty"`
}

func printWays(ctx context.Context, t terminal, s *app.Service, means []string) error {
	switched := map[string]operations.Switch{}
	all, err := s.Gate.Switches(ctx)
	if err != nil {
		return err
	}
	for _, one := range all {
		switched[one.Name] = one
		if id, ok := strings.CutPrefix(one.Name, operations.MeansSwitch("")); ok && !slices.Contains(means, id) {
			means = append(means, id)
		}
	}
	ways := waysOf(ctx, s, means, switched)
	rows := [][]string{}
	for _, w := range ways {
		rows = append(rows, []string{w.Kind, w.ID, w.State, dateTime(w.At), w.By, cmp.Or(w.Reasons["en"], w.Reasons["fi"], w.Reasons["sv"])})
	}
	return t.table(ways, []string{"KIND", "ID", "STATE", "SINCE", "BY…", "REASON…"}, rows)
}

func waysOf(ctx context.Context, s *app.Service, means []string, switched map[string]operations.Switch) []way {
	var ways []way
	add := func(kind, id, name string, on bool) {
		w := way{Kind: kind, ID: id, State: map[bool]string{true: "on", false: "off"}[on]}
		if one, ok := switched[name]; ok {
			at := one.At
			w.Reasons, w.By, w.At = one.Reasons, one.By, &at
		}
		ways = append(ways, w)
	}
	for _, m := range s.Gate.Methods(ctx) {
		add("method", string(m.Method), operations.MethodSwitch(m.Method), m.On)
	}
	for _, id := range means {
		on, _ := s.Gate.Means(ctx, id)
		add("means", id, operations.MeansSwitch(id), on)
	}
	return ways
}
