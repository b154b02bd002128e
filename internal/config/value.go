package config

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

var errDuration = errors.New(`must be a length of time such as "90s", "10m", "36h" or "90d"`)

// parseDuration reads a length of time as people write it: Go's units, and d for
// days of 24 hours. Negative lengths mean nothing here.
func parseDuration(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 31)
		if err != nil || n > uint64(math.MaxInt64/day) {
			return 0, errDuration
		}
		return time.Duration(n) * day, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, errDuration
	}
	return d, nil
}

// formatDuration is the inverse of parseDuration, in the shortest form.
func formatDuration(d time.Duration) string {
	if d >= 2*day && d%day == 0 {
		return strconv.FormatInt(int64(d/day), 10) + "d"
	}
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Rate is how many of something are allowed in a length of time, written "600/1m".
type Rate struct {
	Count int
	Per   time.Duration
}

var errRate = errors.New(`must be a number and a length of time such as "600/1m" or "20/10m"`)

// UnmarshalText reads "600/1m".
func (r *Rate) UnmarshalText(text []byte) error {
	count, per, ok := strings.Cut(string(text), "/")
	if !ok {
		return errRate
	}
	n, err := strconv.ParseUint(count, 10, 31)
	if err != nil || n == 0 {
		return errRate
	}
	d, err := parseDuration(per)
	if err != nil || d == 0 {
		return errRate
	}
	*r = Rate{Count: int(n), Per: d}
	return nil
}

// MarshalText writes "600/1m".
func (r Rate) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%d/%s", r.Count, formatDuration(r.Per)), nil
}
