package provisioning

import (
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/employment"
	"avain/internal/domain/fault"
	"avain/internal/domain/hetu"
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
		{Entry{GivenName: new("Aino\u00a0Maria \u200f"), FamilyName: new("von\u00adEssen\t")}, Entry{GivenName: new("Aino Maria"), FamilyName: new("vonEssen")}},
		{Entry{GivenName: new("A\x1b[2J\xff"), FamilyName: new("x\u202ey")}, Entry{GivenName: new("A[2J"), FamilyName: new("xy")}},
		{Entry{GivenName: new(strings.Repeat("ä", 101))}, Entry{GivenName: new(strings.Repeat("ä", 99) + "…")}},
		{Entry{Locale: new("sv-FI")}, Entry{Locale: new("sv")}},
		{Entry{Locale: new("en_US@rg=fizzzz")}, Entry{Locale: new("en")}},
		{Entry{Locale: new("FI")}, Entry{Locale: new("fi")}},
		{Entry{Locale: new("et")}, Entry{Locale: new("")}}, // the employer's
		{Entry{Locale: new("Finnish\x00")}, Entry{Locale: new("")}},
	} {
		m, _, mistakes := rules(t).Read(c.in)
		if len(mistakes) > 0 || !reflect.DeepEqual(Entry{GivenName: m.GivenName, FamilyName: m.FamilyName, Locale: m.Locale}, c.want) {
			t.Errorf("%+v: %+v, %v", c.in, m, mistakes)
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
		"whole":                 {Entry{ExternalID: new("1"), UserName: new("aino"), Email: new("aino@example.com"), GivenName: new("Áilu"), Locale: new("sv"), Kind: new("smartum"), HETU: "100190-999P"}, nil},
		"address":               {Entry{Email: new("a@b.example, c@d.example")}, []string{"email"}},
		"address with a name":   {Entry{Email: new("Aino <aino@example.com>")}, []string{"email"}},
		"header in address":     {Entry{Email: new("a@b.example\r\nBcc: x@y.example")}, []string{"email"}},
		"code as id":            {Entry{ExternalID: new("100190-999P"), UserName: new("131052-308t")}, []string{"external_id", "user_name"}},
		"wrong code":            {Entry{HETU: "100190-999A"}, []string{"hetu"}},
		"kind":                  {Entry{Kind: new("boss")}, []string{"kind"}},
		"control characters":    {Entry{ExternalID: new("A\x1b[2J"), UserName: new("x\u202ey")}, []string{"external_id", "user_name"}},
		"invisible characters":  {Entry{ExternalID: new("47\u200b11"), UserName: new("aino\u00a0"), Email: new("ai\u00adno@example.com"), HETU: "\ufeff100190-999P"}, []string{"external_id", "user_name", "email", "hetu"}},
		"letters that got lost": {Entry{ExternalID: new("M\ufffdki")}, []string{"external_id"}},
		"not UTF-8":             {Entry{UserName: new("\xff")}, []string{"user_name"}},
		"long":                  {Entry{UserName: new(strings.Repeat("ä", 201))}, []string{"user_name"}},
		"unknown benefit":       {Entry{Benefits: []Benefit{{Kind: "lunch"}, {Kind: "car"}}}, []string{"benefits[1].kind"}},
		"benefit twice":         {Entry{Benefits: []Benefit{{Kind: "lunch"}, {Kind: "lunch"}}}, []string{"benefits[1].kind"}},
		"days":                  {Entry{Benefits: []Benefit{{Kind: "lunch", StartsOn: new("1.1.2026"), EndsOn: new("2026-02-30")}}}, []string{"benefits[0].starts_on", "benefits[0].ends_on"}},
		"ends before it starts": {Entry{Benefits: []Benefit{{Kind: "lunch", StartsOn: new("2026-02-02"), EndsOn: new("2026-02-01")}}}, []string{"benefits[0].ends_on"}},
	} {
		_, _, mistakes := rules(t).Read(tc.entry)
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
	b, mistakes := rules(t).ReadBenefit(Benefit{Kind: "lunch", StartsOn: new("2026-03-01"), EndsOn: new("2026-03-29")})
	if len(mistakes) > 0 {
		t.Fatal(mistakes)
	}
	if want := time.Date(2026, 2, 28, 22, 0, 0, 0, time.UTC); !b.StartsAt.Equal(want) {
		t.Errorf("starts at %v", b.StartsAt.UTC())
	}
	if want := time.Date(2026, 3, 29, 21, 0, 0, 0, time.UTC); !b.EndsAt.Equal(want) {
		t.Errorf("ends at %v", b.EndsAt.UTC())
	}
}

// Whatever stands where a day should be, it is a day that a database and JSON can hold, an
// open end, or a mistake.
func TestDaysThatNobodyLivesToSee(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]struct{ starts, ends string }{
		"":                               {"open", "open"},
		"..":                             {"open", "open"},
		"1970-01-01":                     {"1970-01-01", "1970-01-02"},
		"2026-12-31":                     {"2026-12-31", "2027-01-01"},
		"2999-12-31":                     {"2999-12-31", "3000-01-01"},
		"9998-12-31":                     {"9998-12-31", "9999-01-01"},
		"9999-01-01":                     {"mistake", "open"},
		"9999-12-31":                     {"mistake", "open"},
		"0001-01-01":                     {"mistake", "mistake"},
		"0000-00-00":                     {"mistake", "mistake"},
		"1900-01-01":                     {"mistake", "mistake"},
		"10000-01-01":                    {"mistake", "mistake"},
		"+292277026596-12-04":            {"mistake", "mistake"},
		"2026-02-30":                     {"mistake", "mistake"},
		"2026-2-3":                       {"mistake", "mistake"},
		"2026-12-31T00:00:00":            {"mistake", "mistake"},
		"31.12.2026":                     {"mistake", "mistake"},
		"..2026-12-31":                   {"mistake", "mistake"},
		"\uff12\uff10\uff12\uff16-12-31": {"mistake", "mistake"},
		"-":                              {"mistake", "mistake"},
	} {
		for name, zone := range map[string]*time.Location{"Helsinki": rules(t).Zone, "UTC": time.UTC, "far west": time.FixedZone("", -12*60*60)} {
			r := rules(t)
			r.Zone = zone
			starts, wrong := r.ReadBenefit(Benefit{Kind: "lunch", StartsOn: &written})
			if got := sayDay(starts.StartsAt, wrong, zone); got != want.starts {
				t.Errorf("starts_on %q in %s: %s, want %s", written, name, got, want.starts)
			}
			ends, wrong := r.ReadBenefit(Benefit{Kind: "lunch", EndsOn: &written})
			if got := sayDay(ends.EndsAt, wrong, zone); got != want.ends {
				t.Errorf("ends_on %q in %s: %s, want %s", written, name, got, want.ends)
			}
			for _, b := range []employment.BenefitChange{starts, ends} {
				if _, err := json.Marshal(b); err != nil {
					t.Errorf("%q in %s cannot be kept: %v", written, name, err)
				}
			}
		}
	}
}

func sayDay(at *time.Time, mistakes fault.FieldErrors, zone *time.Location) string {
	switch {
	case len(mistakes) > 0:
		return "mistake"
	case at == nil:
		return "nothing"
	case at.IsZero():
		return "open"
	default:
		return at.In(zone).Format(time.DateOnly)
	}
}

// readAll reads a file as an import does.
func readAll(t testing.TB, text string, format Format) (good []string, bad map[int64]fault.FieldErrors, err error) {
	t.Helper()
	file, err := newRows(strings.NewReader(text), format)
	if err != nil {
		return nil, nil, err
	}
	bad = map[int64]fault.FieldErrors{}
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
			good = append(good, *e.ExternalID)
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
		if _, ok := errors.AsType[fault.FieldErrors](err); !ok {
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
			m, code, wrong := r.Read(e)
			for _, one := range append(mistakes, wrong...) {
				if e.HETU != "" && len(e.HETU) > 5 && strings.Contains(one.Field+one.Detail, e.HETU) {
					t.Errorf("a mistake repeats the code")
				}
			}
			if len(mistakes)+len(wrong) > 0 {
				continue
			}
			if record, _ := (employment.Employment{}).With(m, noon); strings.ContainsAny(record.ExternalID+record.UserName+record.Email+record.GivenName+record.FamilyName, "\r\n\x00") {
				t.Errorf("a record holds control characters: %+v", record)
			}
			if e.HETU != "" && code.Zero() {
				t.Error("a code was lost")
			}
		}
	})
}
