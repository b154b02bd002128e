package login

import (
	"fmt"
	"testing"
	"time"
)

// What says the same is one line with a count, wherever it stands; and of what differs
// only in the browser there are eight lines at most, however many a program claims to be.
func TestThreat47Fold(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	var a Attempt
	add := func(e Event) Event {
		at = at.Add(time.Second)
		e.At = at
		line, instead := a.Fold(e)
		if instead != nil {
			kept := a.Timeline[:0:0]
			for _, old := range a.Timeline {
				if old != *instead {
					kept = append(kept, old)
				}
			}
			if len(kept) != len(a.Timeline)-1 {
				t.Fatalf("%d lines took the place of one: %+v", len(a.Timeline)-len(kept), *instead)
			}
			a.Timeline = kept
		}
		a.Timeline = append(a.Timeline, line)
		return line
	}
	began := at.Add(time.Second)
	wrong := Event{Step: StepDigits, Outcome: OutcomeRefused, Reason: ReasonDigitsWrong}
	if line := add(wrong); line.Count != 0 || !line.Since.IsZero() {
		t.Errorf("the first time: %+v", line)
	}
	add(Event{Step: StepPage, Outcome: OutcomeOK, Browser: "Opera 76 on Android"})
	add(wrong)
	if line := add(wrong); line.Count != 3 || !line.Since.Equal(began) || !line.At.Equal(at) || len(a.Timeline) != 2 {
		t.Errorf("the third time: %+v in %d lines", line, len(a.Timeline))
	}
	if line := add(Event{Step: StepDigits, Outcome: OutcomeRefused, Reason: ReasonRateLimited}); line.Count != 0 {
		t.Errorf("another reason is no repetition: %+v", line)
	}
	for n := range 1000 {
		add(Event{Step: StepPage, Outcome: OutcomeOK, Browser: fmt.Sprintf("Opera %d on Android", 100+n)})
	}
	last := a.Timeline[len(a.Timeline)-1]
	if len(a.Timeline) != 2+browsersApart || last.Browser != "Opera 1099 on Android" || last.Count != 1001-browsersApart+1 {
		t.Errorf("1,001 browsers are %d lines, the last %+v", len(a.Timeline), last)
	}
	if first := a.Timeline[0]; first.Browser != "Opera 76 on Android" || first.Count != 0 {
		t.Errorf("the person's own browser: %+v", first)
	}
}
