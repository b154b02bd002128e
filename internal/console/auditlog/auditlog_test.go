package auditlog

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/operations"
)

func TestQuery(t *testing.T) {
	t.Parallel()
	zone, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	page := &trail{d: Deps{Zone: zone}}
	for asked, want := range map[string]operations.AuditQuery{
		"":                              {},
		"actor=staff:X&target=+key:1+":  {Actor: "staff:X", Target: "key:1"},
		"person=person:P1&action=key.*": {Person: "P1", Action: "key.*"},
		"person=P1&before=70":           {Person: "P1", Before: 70},
		"before=x":                      {},
		"since=2026-11-01&until=2026-11-02": { // whole days, where the staff is
			Since: time.Date(2026, 10, 31, 22, 0, 0, 0, time.UTC), Until: time.Date(2026, 11, 2, 22, 0, 0, 0, time.UTC),
		},
		"actor=" + strings.Repeat("x", 5000): {Actor: strings.Repeat("x", longest)},
	} {
		values, err := url.ParseQuery(asked)
		if err != nil {
			t.Fatal(err)
		}
		want.Limit, want.Scan = shown, scanned
		got, ok := page.query(values, &form{})
		if !ok || !got.Since.Equal(want.Since) || !got.Until.Equal(want.Until) {
			t.Errorf("%.40q: %+v, %v", asked, got, ok)
		}
		got.Since, got.Until, want.Since, want.Until = time.Time{}, time.Time{}, time.Time{}, time.Time{}
		if got != want {
			t.Errorf("%.40q: %+v, want %+v", asked, got, want)
		}
	}
	for _, wrong := range []string{"since=yesterday", "until=1.11.2026"} {
		values, err := url.ParseQuery(wrong)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := page.query(values, &form{}); ok {
			t.Errorf("%q: %+v", wrong, got)
		}
	}
}
