package telemetry_test

import (
	"strings"
	"testing"
	"time"

	"avain/internal/platform/expiry"
)

func TestEndings(t *testing.T) {
	t.Parallel()
	m := newMetrics(t)
	end := func(setting string, owner expiry.Owner, days int) expiry.Ending {
		return expiry.Ending{Setting: setting, Owner: owner, Ends: start.Add(time.Duration(days) * 24 * time.Hour)}
	}
	const statement = "brokers[0].broker_keys.entity_statement_file"
	m.EndingsSeen([]expiry.Ending{ // of several in one file, the first
		end("public.tls.cert_file", expiry.Ours, 80), end("public.tls.cert_file", expiry.Ours, 20), end("public.tls.cert_file", expiry.Ours, 900),
		end(statement, expiry.Theirs, -1),
	})
	wantLines(t, scrape(t, m),
		`avain_file_expiration_timestamp_seconds{owner="ours",setting="public.tls.cert_file"} 1.7970768e+09`, // 20 days after
		`avain_file_expiration_timestamp_seconds{owner="theirs",setting="`+statement+`"} 1.7952624e+09`,
	)
	m.EndingsSeen([]expiry.Ending{end("public.tls.cert_file", expiry.Ours, 80)}) // renewed
	text := scrape(t, m)
	wantLines(t, text,
		`avain_file_expiration_timestamp_seconds{owner="ours",setting="public.tls.cert_file"} 1.8022608e+09`,
		`avain_file_expiration_timestamp_seconds{owner="theirs",setting="`+statement+`"} 1.7952624e+09`,
	)
	if got := strings.Count(text, "\navain_file_expiration_timestamp_seconds{"); got != 2 {
		t.Errorf("%d figures, want 2", got)
	}
}
