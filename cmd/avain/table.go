package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// jsonFlag is of commands whose result programs read too.
type jsonFlag struct {
	JSON bool `name:"json" help:"For programs."`
}

// print writes rows as a table, or the value as JSON.
func (f jsonFlag) print(out io.Writer, value any, head []string, rows [][]string) error {
	if f.JSON {
		return printJSON(out, value)
	}
	return printTable(out, append([][]string{head}, rows...))
}

func printJSON(out io.Writer, v any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false) // for a terminal, not for a page
	return encoder.Encode(v)
}

// printTable prints rows, the first of them a head, in columns. Cells lose what could
// paint the operator's terminal.
func printTable(out io.Writer, rows [][]string) error {
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			row[i] = words(cell)
		}
		if _, err := fmt.Fprintln(table, strings.Join(row, "\t")); err != nil {
			return err
		}
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(b.String()) {
		if _, err := fmt.Fprintln(out, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	return nil
}

// when writes a time in UTC, or a dash.
func when(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04")
}
