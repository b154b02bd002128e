package telemetry_test

import (
	"fmt"
	"strings"
	"testing"

	"avain/internal/domain/login"
)

func TestRates(t *testing.T) {
	t.Parallel()
	m := newMetrics(t)
	m.RatesSeen([]login.Rate{{Dimension: login.DimensionMeans, Value: "gone", Now: login.Counts{OK: 1}}})
	m.RatesSeen([]login.Rate{
		{Dimension: login.DimensionMeans, Value: "op", Now: login.Counts{OK: 1, Gone: 1, Failed: 2}, Usual: 0.9, Known: true, Alert: true},
		{Dimension: login.DimensionAll, Now: login.Counts{OK: 3}},
		{Dimension: login.DimensionMethod, Value: "qr", Usual: 0.8, Known: true},
	})
	text := scrape(t, m)
	wantLines(t, text,
		`avain_success_rate{dimension="means",value="op"} 0.25`, `avain_success_rate_usual{dimension="means",value="op"} 0.9`,
		`avain_alert{dimension="means",value="op"} 1`,
		`avain_success_rate{dimension="all",value=""} 1`, `avain_alert{dimension="all",value=""} 0`,
		`avain_success_rate_usual{dimension="method",value="qr"} 0.8`,
	)
	for _, bad := range []string{"gone", `avain_success_rate{dimension="method"`, `avain_success_rate_usual{dimension="all"`} {
		if strings.Contains(text, bad) {
			t.Errorf("the metrics hold %s", bad)
		}
	}
	var many []login.Rate
	for i := range 500 {
		many = append(many, login.Rate{Dimension: login.DimensionVersion, Value: fmt.Sprintf("1.%d.0", i)})
	}
	m.RatesSeen(many)
	if n := strings.Count(scrape(t, m), "\navain_alert{"); n > 102 {
		t.Errorf("%d values", n)
	}
}
