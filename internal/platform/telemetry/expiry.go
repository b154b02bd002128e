package telemetry

import (
	"time"

	"avain/internal/platform/expiry"
)

// EndingsSeen takes over when files end that logins depend on; of several in one file,
// the first. A setting that has had an end keeps one: a gauge that comes and goes would
// end the alert on it.
func (m *Metrics) EndingsSeen(endings []expiry.Ending) {
	type file struct{ setting, owner string }
	first := map[file]time.Time{}
	for _, e := range endings {
		f := file{m.words.known("setting", e.Setting), string(e.Owner)} // the owner is of a closed list
		if end, known := first[f]; !known || e.Ends.Before(end) {
			first[f] = e.Ends
		}
	}
	for f, end := range first {
		m.expires.WithLabelValues(f.setting, f.owner).Set(float64(end.Unix()))
	}
}
