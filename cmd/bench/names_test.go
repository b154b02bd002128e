package main

import (
	"math"
	"testing"
)

func TestAUC(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		a, b []float64
		want float64
	}{
		"the same":      {[]float64{1, 2, 3}, []float64{1, 2, 3}, 0.5},
		"all longer":    {[]float64{4, 5}, []float64{3, 1, 2}, 1},
		"all shorter":   {[]float64{1, 2}, []float64{3, 4}, 1},
		"ties are half": {[]float64{1, 1}, []float64{1, 2}, 0.75},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := auc(c.a, c.b); math.Abs(got-c.want) > 1e-9 {
				t.Errorf("%v, want %v", got, c.want)
			}
		})
	}
}
