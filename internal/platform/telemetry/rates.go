package telemetry

import (
	"avain/internal/domain/operations"

	"github.com/prometheus/client_golang/prometheus"
)

// rateGauges say how logins go, now and usually.
type rateGauges struct{ now, usual, alert *prometheus.GaugeVec }

func newRateGauges() rateGauges {
	gauge := func(name, help string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, []string{"dimension", "value"})
	}
	g := rateGauges{
		now:   gauge("avain_success_rate", "Part of the logins of this hour that succeeded, of all nodes; missing when nobody has tried."),
		usual: gauge("avain_success_rate_usual", "The same at this time of other days; missing when nobody knows."),
		alert: gauge("avain_alert", "1 while clearly fewer logins than usual succeed."),
	}
	g.calm()
	return g
}

// calm lets the alert over all logins exist although there is none, so that whoever
// watches it sees that somebody looks.
func (g rateGauges) calm() { g.alert.WithLabelValues(string(operations.DimensionAll), "").Set(0) }

// RatesSeen takes over how logins go now. Values that no longer come up disappear.
func (m *Metrics) RatesSeen(rates []operations.Rate) {
	for _, g := range []*prometheus.GaugeVec{m.rates.now, m.rates.usual, m.rates.alert} {
		g.Reset()
	}
	m.rates.calm()
	for _, r := range rates {
		dimension := string(r.Dimension) // of a closed list
		value := m.words.known("value of "+dimension, r.Value)
		if r.Now.Tried() > 0 {
			m.rates.now.WithLabelValues(dimension, value).Set(r.Now.Rate())
		}
		if r.Known {
			m.rates.usual.WithLabelValues(dimension, value).Set(r.Usual)
		}
		alert := 0.0
		if r.Alert {
			alert = 1
		}
		m.rates.alert.WithLabelValues(dimension, value).Set(alert)
	}
}
