package telemetry_test

import (
	"fmt"
	"strings"
	"testing"

	"avain/internal/domain/operations"
)

func TestRates(t *testing.T) {
	t.Parallel()
	m := newMetrics(t)
	m.RatesSeen([]operations.Rate{{Dimension: operations.DimensionMeans, Value: "gone", Now: operations.Counts{OK: 1}}})
	m.RatesSeen([]operations.Rate{
		{Dimension: operations.DimensionMeans, Value: "op", Now: operations.Counts{OK: 1, Gone: 1, Failed: 2}, Usual: 0.9, Known: true, Alert: true},
		{Dimension: operations.DimensionAll, Now: operations.Counts{OK: 3}},
		{Dimension: operations.DimensionMethod, Value: "qr", Usual: 0.8, Known: true},
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
	var many []operations.Rate
	for i := range 500 {
		many = append(many, operations.Rate{Dimension: operations.DimensionVersion, Value: fmt.Sprintf("1.%d.0", i)})
	}
	m.RatesSeen(many)
	if n := strings.Count(scrape(t, m), "\navain_alert{"); n > 102 {
		t.Errorf("%d values", n)
	}
}
