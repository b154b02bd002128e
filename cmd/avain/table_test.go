package main

import (
	"strings"
	"testing"
)

// What an employer or a person is called must not command the operator's terminal, in any
// table; programs get it as it is, escaped as JSON is.
func TestTablesPaintNoTerminal(t *testing.T) {
	t.Parallel()
	const name = "Oy \x1b[2J\x1b]0;owned\x07\u202eKO\r\nNEXT"
	var table, document strings.Builder
	if err := (terminal{out: &table}).table(nil, []string{"ID", "NAME"}, [][]string{{"1", name}, {"2", ""}}); err != nil {
		t.Fatal(err)
	}
	if got := table.String(); strings.ContainsAny(got, "\x1b\x07\r\u202e") || strings.Count(got, "\n") != 3 || !strings.Contains(got, "ID  NAME\n1   Oy") {
		t.Errorf("%q", got)
	}
	if err := (terminal{out: &document, json: true}).table(map[string]string{"name": name}, nil, nil); err != nil {
		t.Fatal(err)
	}
	if got := document.String(); strings.ContainsAny(got, "\x1b\x07\r") {
		t.Errorf("%q", got)
	}
}
