package provisioning

import (
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"avain/internal/domain/employment"

	"pgregory.net/rapid"
)

// What has been tried on spreadsheets, and what only looks like it.
func TestThreat50NoCellIsAFormula(t *testing.T) {
	t.Parallel()
	for cell, want := range map[string]string{
		"=cmd|' /C calc'!A0":  `"'=cmd|' /C calc'!A0"`,
		"x;=cmd|'/C calc'!A0": `"x;'=cmd|'/C calc'!A0"`,
		"x,=1+1":              `"x,'=1+1"`,
		"x\t@SUM(A1)":         "\"x\t'@SUM(A1)\"",
		"＝1":                  `"'＝1"`,
		"＋1":                  `"'＋1"`,
		"－1":                  `"'－1"`,
		"＠SUM(A1)":            `"'＠SUM(A1)"`,
		"|calc":               `"'|calc"`,
		"-1796aB":             `"'-1796aB"`,
		"+358 20 000 0000":    `"'+358 20 000 0000"`,
		" \u200b=1":           "\"' \u200b=1\"",
		`"=1"`:                `"'""=1"""`,
		"'=1":                 `"''=1"`,
		"a\r\n=1":             `"a  =1"`,
		"":                    `""`,
		"Aino":                `"Aino"`,
		"Virtanen-Mäki, Aino": `"Virtanen-Mäki, Aino"`,
		"O'Brien":             `"O'Brien"`,
		"'t Hooft":            `"'t Hooft"`,
		"aino+x@example.com":  `"aino+x@example.com"`,
		`"Aino"`:              `"""Aino"""`,
	} {
		var file strings.Builder
		table := Table{&file}
		if err := table.Row([]string{cell}); err != nil || file.String() != want+"\r\n" {
			t.Errorf("%q is written as %s, want %s", cell, file.String(), want)
		}
	}
}

func FuzzThreat50Cells(f *testing.F) {
	for _, seed := range []string{"=1", "'=1", "x;'-1", "''", "\xff=", "a,'\"=", "\t\t=", "; '=", "ä;＝"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		guarded := guard(s)
		if back := unguard(guarded); back != s {
			t.Fatalf("%q became %q and came back as %q", s, guarded, back)
		}
		// However a spreadsheet cuts the line, and whatever it makes of quotation marks.
		line := quoted(s) + ";" + quoted(s)
		for _, cell := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(",;\t\r\n", r) }) {
			cell = strings.TrimLeftFunc(cell, func(r rune) bool {
				return r == '"' || unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Cf, r)
			})
			if first, _ := utf8.DecodeRuneInString(cell); cell != "" && strings.ContainsRune("=+-@|＝＋－＠｜", first) {
				t.Fatalf("%q is written as %s, and a spreadsheet could begin a cell with %q", s, line, cell)
			}
		}
	})
}

// What is exported imports as the same.
func TestThreat50ExportsAreImportsProperty(t *testing.T) {
	t.Parallel()
	r := rules(t)
	word := rapid.StringOfN(rapid.SampledFrom([]rune("ab-=+@|;,'\"＝－ äÄ1")), 0, 12, -1)
	day := rapid.SampledFrom([]string{"", "2026-01-01", "2026-03-29", "2027-12-31"})
	rapid.Check(t, func(t *rapid.T) {
		e := Entry{
			ExternalID: new("-" + word.Draw(t, "id") + "x"), UserName: new(word.Draw(t, "user name")), GivenName: new(word.Draw(t, "given")),
			FamilyName: new(word.Draw(t, "family")), Email: new(rapid.SampledFrom([]string{"", "-a@example.com", "'a@example.com", "+a+b@example.com"}).Draw(t, "email")),
			Locale: new(rapid.SampledFrom([]string{"", "fi", "en"}).Draw(t, "locale")), Kind: Written(rapid.SampledFrom([]string{"", "smartum"}).Draw(t, "kind")),
		}
		for _, kind := range rapid.SampledFrom([][]string{{}, {"lunch"}, {"lunch", "sports"}}).Draw(t, "benefits") {
			released := rapid.Bool().Draw(t, "released")
			e.Benefits = append(e.Benefits, Benefit{kind, new(day.Draw(t, "from")), new(day.Draw(t, "until")), &released})
		}
		said, _, mistakes := r.Read(e)
		if len(mistakes) > 0 {
			return // nobody could have become such a record
		}
		m, mistakes := employment.Employment{}.With(said, noon)
		if len(mistakes) > 0 {
			t.Fatal(mistakes)
		}
		if back := reread(t, r, m); !reflect.DeepEqual(m, back) {
			t.Fatalf("%+v\ncame back as\n%+v", m, back)
		}
	})
}

// reread writes a record as an export does, and reads it as an import does.
func reread(t *rapid.T, r Rules, m employment.Employment) employment.Employment {
	var file strings.Builder
	table, err := NewTable(&file, []string{"id", "external_id", "user_name", "email", "given_name", "family_name", "locale", "kind", "state", "benefits"})
	if err != nil {
		t.Fatal(err)
	}
	err = table.Row([]string{
		"-our own", m.ExternalID, m.UserName, m.Email, m.GivenName, m.FamilyName, m.Locale, string(m.Kind), "active", BenefitsCell(m.Benefits, r.Zone),
	})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := newRows(strings.NewReader(file.String()), CSV)
	if err != nil {
		t.Fatal(err)
	}
	e, mistakes, err := rows.read()
	if err != nil || len(mistakes) > 0 {
		t.Fatalf("%s: %v, %v", file.String(), mistakes, err)
	}
	said, _, mistakes := r.Read(e)
	if len(mistakes) > 0 {
		t.Fatalf("%s: %v", file.String(), mistakes)
	}
	if same, wrong := m.With(said, noon.Add(time.Hour)); len(wrong) > 0 || !reflect.DeepEqual(same, m) {
		t.Fatalf("%s changes %+v to %+v, %v", file.String(), m, same, wrong)
	}
	back, _ := employment.Employment{}.With(said, noon)
	return back
}

func TestBenefitsInACell(t *testing.T) {
	t.Parallel()
	first, last, open := new("2026-01-01"), new("2026-12-31"), new("..")
	for cell, want := range map[string][]Benefit{
		"":                            nil,
		"none":                        {},
		"lunch  sports":               {{Kind: "lunch"}, {Kind: "sports"}},
		"none lunch":                  {{Kind: "none"}, {Kind: "lunch"}}, // no such kind
		"lunch:2026-01-01/2026-12-31": {{Kind: "lunch", StartsOn: first, EndsOn: last}},
		"lunch:2026-01-01/.. sports:../2026-12-31": {{Kind: "lunch", StartsOn: first, EndsOn: open}, {Kind: "sports", StartsOn: open, EndsOn: last}},
		"lunch:../..":                    {{Kind: "lunch", StartsOn: open, EndsOn: open}},
		"lunch:unreleased":               {{Kind: "lunch", Released: new(false)}},
		"lunch:released":                 {{Kind: "lunch", Released: new(true)}},
		"lunch:2026-01-01/..:unreleased": {{Kind: "lunch", StartsOn: first, EndsOn: open, Released: new(false)}},
		"lunch:2026-01-01/..:released":   {{Kind: "lunch", StartsOn: first, EndsOn: open, Released: new(true)}},
	} {
		if got, fine := readBenefits(cell); !fine || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v", cell, got)
		}
	}
	for _, cell := range []string{"lunch:", "lunch:2026-01-01", "lunch:/2026-01-01", "lunch:2026-01-01/", "lunch:held", "lunch:released:unreleased", "lunch:2026-01-01/..:", "lunch:2026-01-01/..:held"} {
		if got, fine := readBenefits(cell); fine {
			t.Errorf("%q passes for %+v", cell, got)
		}
	}
}
