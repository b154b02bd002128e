package alerting

import (
	"math"

	"avain/internal/domain/operations"
)

const (
	// rare is the probability below which a fall counts as no accident. Some sixty values
	// are looked at for a whole year, every half a minute.
	rare = 1e-6

	// worth is the fall below which nobody is called, however certain it is.
	worth = 0.10

	// odd is the same for what is worth a look on a page that somebody looks at anyway.
	odd = 1e-3

	// usualWeight is the most logins that the usual rate may stand on. Days differ from
	// each other by more than chance among logins explains; a usual rate that stood on
	// thousands of logins would take each of those differences for a fall. With this many
	// it is uncertain by 2.4 percentage points where nine in ten get in.
	usualWeight = 150

	// enough is how many logins of other days say what is usual.
	enough = 30
)

// isAnomalous reports whether so few logins succeed that it cannot be an accident: how many
// should is a beta-binomial distribution, the predictive one for a rate that has been
// observed (Gelman et al., Bayesian Data Analysis, 3rd edition, §2.4 and §3.7), with
// Jeffreys' prior.
func isAnomalous(now, usual operations.Counts) bool {
	return now.Rate() <= usual.Rate()-worth && tailProbability(now, usual) < rare
}

// tailProbability is the probability that as few logins as now succeed, or fewer, when the rate
// is the usual one.
func tailProbability(now, usual operations.Counts) float64 {
	weight := math.Min(float64(usual.Tried()), usualWeight)
	a, b := usual.Rate()*weight+0.5, (1-usual.Rate())*weight+0.5
	n := float64(now.Tried())
	sum := 0.0
	for k := 0.0; k <= float64(now.OK); k++ {
		sum += math.Exp(logChoose(n, k) + logBeta(k+a, n-k+b) - logBeta(a, b))
	}
	return math.Min(sum, 1)
}

func logChoose(n, k float64) float64 {
	return logGamma(n+1) - logGamma(k+1) - logGamma(n-k+1)
}

func logBeta(a, b float64) float64 { return logGamma(a) + logGamma(b) - logGamma(a+b) }

func logGamma(x float64) float64 {
	v, _ := math.Lgamma(x)
	return v
}

const (
	// backAfter is how many logins say that a fall is over.
	backAfter = 8
	// backWithin is how near to the usual rate they must be.
	backWithin = 0.05
)

// recovered reports whether the logins since are as usual again: that needs less than what
// raised the alert, so that nothing swings between the two.
func recovered(since, usual operations.Counts) bool {
	return since.Tried() >= backAfter && (since.Rate() >= usual.Rate()-backWithin || tailProbability(since, usual) > 0.1)
}
