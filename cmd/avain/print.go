package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// terminal is what a command may talk to, and how. Results go to out: for people a sentence or a
// table, for programs (--json) one JSON document. Everything else (errors, questions, the log)
// goes to err, so that out is a document or empty.
type terminal struct {
	in      io.Reader
	out     io.Writer
	err     io.Writer
	environ []string
	json    bool
}

// systemTerminal is the one that the program was started on.
func systemTerminal() terminal {
	return terminal{in: os.Stdin, out: os.Stdout, err: os.Stderr, environ: os.Environ()}
}

// say prints a sentence, or the same as a value for programs.
func (t terminal) say(value any, format string, args ...any) error {
	if t.json {
		return printJSON(t.out, value)
	}
	_, err := fmt.Fprintf(t.out, format+"\n", args...)
	return err
}

// act is what a command has done, and to what, for programs.
type act struct {
	ID   string `json:"id"`
	Done string `json:"done"`
}

// done says what has been done to something.
func (t terminal) done(id, what string) error { return t.say(act{id, what}, "%s", what) }

// table prints rows below their head, or the value for programs. A head that ends in … is of a
// column that may be cut.
func (t terminal) table(value any, head []string, rows [][]string) error {
	if t.json {
		return printJSON(t.out, value)
	}
	return printTable(t.out, append([][]string{head}, rows...), t.width())
}

// note tells people on standard error what does not belong into a result that is piped on.
// Programs find it in their document.
func (t terminal) note(format string, args ...any) error {
	if t.json {
		return nil
	}
	_, err := fmt.Fprintf(t.err, format+"\n", args...)
	return err
}

func printJSON(out io.Writer, v any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false) // for a terminal, not for a page
	return encoder.Encode(v)
}

// lineWriter prints values of which there may be too many for memory: one a line, or with
// --json as one array, like every other list.
type lineWriter struct {
	out     io.Writer
	between string // before the next value
	last    string
}

func newLineWriter(t terminal) *lineWriter {
	if t.json {
		return &lineWriter{t.out, "[\n", "\n]\n"}
	}
	return &lineWriter{t.out, "", ""}
}

func (w *lineWriter) write(v any) error {
	line := strings.Builder{}
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return err
	}
	text := line.String()
	if w.last != "" {
		text = w.between + strings.TrimSuffix(text, "\n")
		w.between = ",\n"
	}
	_, err := io.WriteString(w.out, text)
	return err
}

// end closes the array. One that is not closed was cut: no program takes it for whole.
func (w *lineWriter) end() error {
	text := w.last
	if w.last != "" && w.between == "[\n" {
		text = "[]\n"
	}
	_, err := io.WriteString(w.out, text)
	return err
}
