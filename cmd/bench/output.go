package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// figure is one result.
type figure struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"` // the median, when there were several runs
	Unit  string  `json:"unit"`
	Min   float64 `json:"min"`
	Max   float64 `json:"max"`
	Runs  int     `json:"runs"`
	Bar   *bar    `json:"bar,omitempty"`
}

// bar is what a figure is held to.
type bar struct {
	AtLeast float64 `json:"at_least,omitempty"`
	Below   float64 `json:"below,omitempty"`
}

func atLeast(v float64) *bar { return &bar{AtLeast: v} }
func below(v float64) *bar   { return &bar{Below: v} }

func (b bar) met(value float64) bool {
	return (b.AtLeast == 0 || value >= b.AtLeast) && (b.Below == 0 || value < b.Below)
}

func (b bar) String() string {
	if b.AtLeast != 0 {
		return fmt.Sprintf("≥ %g", b.AtLeast)
	}
	return fmt.Sprintf("< %g", b.Below)
}

// of makes a figure of what several runs gave.
func of(name, unit string, runs []float64) figure {
	sorted := slices.Sorted(slices.Values(runs))
	return figure{
		Name: name, Unit: unit, Value: middle(sorted),
		Min: sorted[0], Max: sorted[len(sorted)-1], Runs: len(sorted),
	}
}

// against adds the bar.
func (f figure) against(b *bar) figure {
	f.Bar = b
	return f
}

func middle(sorted []float64) float64 {
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}

// String is the figure's line: name, value and unit, and the rest as a comment.
func (f figure) String() string {
	line := fmt.Sprintf("%-28s %10s %-10s", f.Name, number(f.Value), f.Unit)
	comment := ""
	if f.Runs > 1 {
		comment = fmt.Sprintf(" %s–%s in %d runs", number(f.Min), number(f.Max), f.Runs)
	}
	if f.Bar != nil {
		verdict := "met"
		if !f.Bar.met(f.Value) {
			verdict = "MISSED"
		}
		comment += fmt.Sprintf(" bar %s: %s", f.Bar, verdict)
	}
	if comment != "" {
		line += " #" + comment
	}
	return line
}

// number keeps three digits that mean something.
func number(v float64) string {
	switch {
	case v >= 100:
		return fmt.Sprintf("%.0f", v)
	case v >= 10:
		return fmt.Sprintf("%.1f", v)
	case v >= 1:
		return fmt.Sprintf("%.2f", v)
	default:
		return fmt.Sprintf("%.3f", v)
	}
}

// printer prints lines at once, or one document at the end.
type printer struct {
	out    io.Writer
	asJSON bool
	all    []figure
}

func (p *printer) print(figures []figure) error {
	p.all = append(p.all, figures...)
	if p.asJSON {
		return nil
	}
	for _, f := range figures {
		if _, err := fmt.Fprintln(p.out, f); err != nil {
			return err
		}
	}
	return nil
}

// machine describes where the figures come from, as far as they depend on it.
type machine struct {
	Cores  int    `json:"cores"`
	Pinned bool   `json:"pinned"` // the service has a core of its own
	Go     string `json:"go"`
	Arch   string `json:"arch"`
}

func (p *printer) end(m machine) error {
	if !p.asJSON {
		return nil
	}
	e := json.NewEncoder(p.out)
	e.SetIndent("", "  ")
	return e.Encode(struct {
		Machine machine  `json:"machine"`
		Figures []figure `json:"figures"`
	}{m, p.all})
}
