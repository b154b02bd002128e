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

// Tables are never wider than the terminal; ids are whole at every width, and where there is
// room, everything is.
func TestTablesFitTheTerminal(t *testing.T) {
	t.Parallel()
	const id = "5fPmrVnSIqyO2nBN0fZ1Lw"
	for name, what := range map[string]string{
		"short": "Aino", "words": strings.Repeat("Esimerkki Oy ", 30), "one word": strings.Repeat("x", 300), "none": "",
		"Chinese": strings.Repeat("赫尔辛基 ", 40), "emoji": strings.Repeat("👩‍👩‍👧‍👦", 90), "accents": strings.Repeat("e\u0301a\u0308", 150),
	} {
		for _, limit := range []int{0, 1, 20, 40, 80, 200} {
			head := []string{"ID", "STATE", "LAST SIGN-IN", "TITLE…", "NAME…"}
			rows := [][]string{{id, "open", "2026-11-22 12:00", what, what}, {id, "over", "-", "", "Aino"}}
			var out strings.Builder
			if err := printTable(&out, append([][]string{head}, rows...), limit); err != nil {
				t.Fatal(err)
			}
			whole := strings.Join(strings.Fields(out.String()), "")
			if n := strings.Count(whole, id); n != 2 && limit >= 40 {
				t.Errorf("%s at %d: %d of 2 ids\n%s", name, limit, n, out.String())
			}
			for line := range strings.Lines(out.String()) {
				if n := columns(strings.TrimSuffix(line, "\n")); limit > 0 && n > max(limit, minWidth) {
					t.Errorf("%s at %d: a line of %d columns\n%s", name, limit, n, line)
				}
			}
			if cut := strings.Contains(out.String(), cutMark); cut && (limit == 0 || name == "short" || limit == 40) {
				t.Errorf("%s at %d: something is cut\n%s", name, limit, out.String())
			}
			if limit == 200 && name == "words" && strings.Count(out.String(), "\n") != 3 {
				t.Errorf("%s at %d: no table\n%s", name, limit, out.String())
			}
		}
	}
}

// What is cut first is what matters least: the rightmost.
func TestTablesCutTheRightmostFirst(t *testing.T) {
	t.Parallel()
	for limit, want := range map[int]string{
		0:  "ID  SCOPES        NAME\n1   persons:read  Laskentatoimi Pohjoinen\n",
		40: "ID  SCOPES        NAME\n1   persons:read  Laskentatoimi Pohjoin…\n",
		29: "ID  SCOPES        NAME\n1   persons:read  Laskentato…\n",
		26: "ID  SCOPES      NAME\n1   persons:r…  Laskentat…\n",
		25: "ID      1\nSCOPES  persons:read\nNAME    Laskentatoimi\n        Pohjoinen\n",
	} {
		var out strings.Builder
		err := printTable(&out, [][]string{{"ID", "SCOPES…", "NAME…"}, {"1", "persons:read", "Laskentatoimi Pohjoinen"}}, limit)
		if err != nil || out.String() != want {
			t.Errorf("at %d:\n%swant\n%s%v", limit, out.String(), want, err)
		}
	}
}
