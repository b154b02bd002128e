package roster

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/hetu"
	"avain/internal/login"
)

func rules(t testing.TB) Rules {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	return Rules{Kinds: []string{"lunch", "sports"}, HETU: hetu.Artificial, Zone: zone}
}

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// What is only shown, and the language, keep nobody out of an import.
func TestNamesAreCleaned(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in, want Entry
	}{
		{Entry{GivenName: "Aino\u00a0Maria \u200f", FamilyName: "von\u00adEssen\t"}, Entry{GivenName: "Aino Maria", FamilyName: "vonEssen"}},
		{Entry{GivenName: "A\x1b[2J\xff", FamilyName: "x\u202ey"}, Entry{GivenName: "A[2J", FamilyName: "xy"}},
		{Entry{GivenName: strings.Repeat("ä", 101)}, Entry{GivenName: strings.Repeat("ä", 99) + "…"}},
		{Entry{Locale: "sv-FI"}, Entry{Locale: "sv"}},
		{Entry{Locale: "en_US@rg=fizzzz"}, Entry{Locale: "en"}},
		{Entry{Locale: "FI"}, Entry{Locale: "fi"}},
		{Entry{Locale: "et"}, Entry{}}, // the employer's
		{Entry{Locale: "Finnish\x00"}, Entry{}},
	} {
		m, _, mistakes := rules(t).Read(c.in, noon)
		if len(mistakes) > 0 || m.GivenName != c.want.GivenName || m.FamilyName != c.want.FamilyName || m.Locale != c.want.Locale {
			t.Errorf("%+v: %+q %+q %q, %v", c.in, m.GivenName, m.FamilyName, m.Locale, mistakes)
		}
	}
}

func TestEntriesAreChecked(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		entry  Entry
		fields []string
	}{
		"empty":                 {Entry{}, nil},
		"whole":                 {Entry{ExternalID: "1", UserName: "aino", Email: "aino@example.com", GivenName: "Áilu", Locale: "sv", Kind: "smartum", HETU: "100190-999P"}, nil},
		"address":               {Entry{Email: "a@b.example, c@d.example"}, []string{"email"}},
		"address with a name":   {Entry{Email: "Aino <aino@example.com>"}, []string{"email"}},
		"header in address":     {Entry{Email: "a@b.example\r\nBcc: x@y.example"}, []string{"email"}},
		"code as id":            {Entry{ExternalID: "100190-999P", UserName: "131052-308t"}, []string{"external_id", "user_name"}},
		"wrong code":            {Entry{HETU: "100190-999A"}, []string{"hetu"}},
		"kind":                  {Entry{Kind: "boss"}, []string{"kind"}},
		"control characters":    {Entry{ExternalID: "A\x1b[2J", UserName: "x\u202ey"}, []string{"external_id", "user_name"}},
		"invisible characters":  {Entry{ExternalID: "47\u200b11", UserName: "aino\u00a0", Email: "ai\u00adno@example.com", HETU: "\ufeff100190-999P"}, []string{"external_id", "user_name", "email", "hetu"}},
		"letters that got lost": {Entry{ExternalID: "M\ufffdki"}, []string{"external_id"}},
		"not UTF-8":             {Entry{UserName: "\xff"}, []string{"user_name"}},
		"long":                  {Entry{UserName: strings.Repeat("ä", 201)}, []string{"user_name"}},
		"unknown benefit":       {Entry{Benefits: []Benefit{{Kind: "lunch"}, {Kind: "car"}}}, []string{"benefits[1].kind"}},
		"benefit twice":         {Entry{Benefits: []Benefit{{Kind: "lunch"}, {Kind: "lunch"}}}, []string{"benefits[1].kind"}},
		"days":                  {Entry{Benefits: []Benefit{{Kind: "lunch", StartsOn: "1.1.2026", EndsOn: "2026-02-30"}}}, []string{"benefits[0].starts_on", "benefits[0].ends_on"}},
		"ends before it starts": {Entry{Benefits: []Benefit{{Kind: "lunch", StartsOn: "2026-02-02", EndsOn: "2026-02-01"}}}, []string{"benefits[0].ends_on"}},
	} {
		_, _, mistakes := rules(t).Read(tc.entry, noon)
		var fields []string
		for _, m := range mistakes {
			fields = append(fields, m.Field)
			if m.Detail == "" {
				t.Errorf("%s: %s says nothing", name, m.Field)
			}
		}
		if !slices.Equal(fields, tc.fields) {
			t.Errorf("%s: wrong are %v, want %v", name, fields, tc.fields)
		}
	}
}

// A period is of whole Finnish days, also when the clocks change in it.
func TestDaysAreFinnish(t *testing.T) {
	t.Parallel()
	b, mistakes := rules(t).ReadBenefit(Benefit{Kind: "lunch", StartsOn: "2026-03-01", EndsOn: "2026-03-29"}, noon)
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	if want := time.Date(2026, 2, 28, 22, 0, 0, 0, time.UTC); !b.StartsAt.Equal(want) {
		t.Errorf("starts at %v", b.StartsAt.UTC())
	}
	if want := time.Date(2026, 3, 29, 21, 0, 0, 0, time.UTC); !b.EndsAt.Equal(want) {
		t.Errorf("ends at %v", b.EndsAt.UTC())
	}
	no := false
	if b, _ := rules(t).ReadBenefit(Benefit{Kind: "lunch", Released: &no}, noon); !b.ReleasedAt.IsZero() || !b.EndsAt.IsZero() {
		t.Errorf("not released: %+v", b)
	}
}

// readAll reads a file as an import does.
func readAll(t testing.TB, text string, format Format) (good []string, bad map[int64]login.Mistakes, err error) {
	t.Helper()
	file, err := newRows(strings.NewReader(text), format)
	if err != nil {
		return nil, nil, err
	}
	bad = map[int64]login.Mistakes{}
	for {
		e, mistakes, err := file.read()
		switch {
		case errors.Is(err, io.EOF):
			return good, bad, nil
		case err != nil:
			return good, bad, err
		case len(mistakes) > 0:
			bad[file.line] = mistakes
		default:
			good = append(good, e.ExternalID)
		}
	}
}

func TestBadRowsStopNoOthers(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 2*maxLine)
	for name, tc := range map[string]struct {
		format Format
		text   string
		good   []string
		bad    []int64
	}{
		"commas":     {CSV, "external_id,email\n1,a@b.example\n\n2,\n", []string{"1", "2"}, nil},
		"semicolons": {CSV, "\xef\xbb\xbfexternal_id;given_name\r\n1;\"Virtanen; Aino\"\r\n2;x", []string{"1", "2"}, nil},
		"quotes":     {CSV, "external_id,email\n1,\"open\n2,\"\n3,x\n4,a\"b\n5,y\n", []string{"3", "5"}, []int64{2, 3, 5}},
		"cells":      {CSV, "external_id,email\n1\n2,a,b\n3,\n", []string{"3"}, []int64{2, 3}},
		"long":       {CSV, "external_id\n1\n" + long + "\n3\n" + long, []string{"1", "3"}, []int64{3, 5}},
		"json":       {NDJSON, `{"external_id":"1"}` + "\nnonsense\n[]\n" + `{"external_id":2}` + "\n" + `{"x":1}` + "\n" + `{"external_id":"3"} {}` + "\n" + `{"external_id":"4","benefits":["lunch"]}`, []string{"1", "4"}, []int64{2, 3, 4, 5, 6}},
		"nothing":    {NDJSON, "\n\n", nil, nil},
		"marks":      {NDJSON, "\xef\xbb\xbf" + `{"external_id":"1"}` + "\n" + `{"external_id":"2"}`, []string{"1", "2"}, nil},
	} {
		good, bad, err := readAll(t, tc.text, tc.format)
		if err != nil || !slices.Equal(good, tc.good) {
			t.Errorf("%s: good %v, %v", name, good, err)
		}
		if len(bad) != len(tc.bad) {
			t.Errorf("%s: bad %v, want lines %v", name, bad, tc.bad)
		}
		for _, line := range tc.bad {
			if len(bad[line]) == 0 {
				t.Errorf("%s: line %d is not told", name, line)
			}
		}
	}
}

func TestFirstLineNamesTheColumns(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "\xff\xfee\x00", "e\x00x\x00", "email\n", "external_id,external_id\n", "external_id,salary\n", "\"open\n"} {
		_, _, err := readAll(t, text, CSV)
		if _, ok := errors.AsType[login.Mistakes](err); !ok {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzRows(f *testing.F) {
	f.Add("external_id,email,hetu,benefits\n1,a@b.example,100190-999P,lunch sports\n", true)
	f.Add("external_id;email\n\"a\"\"b\";x\n;;\n", true)
	f.Add(`{"external_id":"1","hetu":"100190-999P","benefits":["lunch",{"kind":"sports","ends_on":"2026-12-31"}]}`, false)
	f.Add("{\"external_id\":\"\\u0000\"}\n[]\n\xff", false)
	r := rules(f)
	f.Fuzz(func(t *testing.T, text string, table bool) {
		format := NDJSON
		if table {
			format = CSV
		}
		file, err := newRows(strings.NewReader(text), format)
		if err != nil {
			return
		}
		for n := 0; ; n++ {
			e, mistakes, err := file.read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil || n > len(text) {
				t.Fatalf("row %d: %v", n, err)
			}
			m, code, wrong := r.Read(e, noon)
			for _, one := range append(mistakes, wrong...) {
				if e.HETU != "" && len(e.HETU) > 5 && strings.Contains(one.Field+one.Detail, e.HETU) {
					t.Errorf("a mistake repeats the code")
				}
			}
			if len(mistakes)+len(wrong) > 0 {
				continue
			}
			if strings.ContainsAny(m.ExternalID+m.UserName+m.Email+m.GivenName+m.FamilyName, "\r\n\x00") {
				t.Errorf("a record holds control characters: %+v", m)
			}
			if e.HETU != "" && code.Zero() {
				t.Error("a code was lost")
			}
		}
	})
}
