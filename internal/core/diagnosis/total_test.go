package diagnosis_test

import (
	"bytes"
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"avain/internal/core/diagnosis"
	"avain/internal/domain/login"
	"avain/internal/domain/reasons"

	"pgregory.net/rapid"
)

// Whatever stands in a timeline, there is an answer, and it is one of the catalogue.
func TestOfIsTotal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		a := drawAttempt(rt)
		now := start.Add(time.Duration(rapid.Int64Range(-1e9, 2e12).Draw(rt, "now")))
		if wrong := inconsistent(a, now); wrong != "" {
			rt.Fatal(wrong)
		}
	})
}

func drawAttempt(rt *rapid.T) login.Attempt {
	reason := rapid.SampledFrom(append(login.Reasons(), "", "", "word_of_tomorrow"))
	step := rapid.SampledFrom([]string{
		login.StepStart, login.StepOpen, login.StepPage, login.StepChoose, login.StepReturn, login.StepIdentify, login.StepClaim,
		login.StepApprove, login.StepConfirm, login.StepRedeem, login.StepDigits, login.StepReport, login.StepPassword,
		login.StepCancel, login.StepExpire, "", "step_of_tomorrow",
	})
	word := rapid.SampledFrom([]string{"", "app", "digits", "not_started_by_me", "again", opera, chrome, "\x1b[31m"})
	a := login.Attempt{
		Method: rapid.SampledFrom(append(login.Methods(), "")).Draw(rt, "method"),
		State:  rapid.SampledFrom(append(login.States(), "")).Draw(rt, "state"),
		Reason: reason.Draw(rt, "reason"), CreatedAt: start, ExpiresAt: start.Add(10 * time.Minute),
	}
	for range rapid.IntRange(0, 12).Draw(rt, "lines") {
		a.Timeline = append(a.Timeline, login.Event{
			At:   start.Add(time.Duration(rapid.Int64Range(0, 6e11).Draw(rt, "at"))),
			Step: step.Draw(rt, "step"), Reason: reason.Draw(rt, "reason"), Detail: word.Draw(rt, "detail"),
			Outcome: rapid.SampledFrom([]string{login.OutcomeOK, login.OutcomeOK, login.OutcomeRefused, login.OutcomeFailed, ""}).Draw(rt, "outcome"),
			Browser: word.Draw(rt, "browser"), Means: word.Draw(rt, "means"), Broker: word.Draw(rt, "broker"),
		})
	}
	return a
}

// inconsistent says what is wrong with the diagnosis of an attempt; empty when nothing is.
func inconsistent(a login.Attempt, now time.Time) string {
	before := slices.Clone(a.Timeline)
	d := diagnosis.Of(a, now)
	over := a.State.Over() || !now.Before(a.ExpiresAt)
	switch {
	case !slices.Equal(before, a.Timeline):
		return "the timeline was changed"
	case !reasons.Known(d.Reason) || !reflect.DeepEqual(d.Entry, reasons.Of(d.Reason)):
		return "no entry of the catalogue: " + string(d.Reason)
	case !reflect.DeepEqual(d, diagnosis.Of(a, now)):
		return "another diagnosis the second time"
	case d.Good != (d.Reason == login.ReasonWentWell) || d.Good && a.State != login.StateRedeemed:
		return "good, and not redeemed"
	case d.Running == over:
		return "running, and over; or neither"
	case d.Reason == login.ReasonStillRunning && over:
		return "over, and said to go on"
	case slices.Contains(d.Earlier, d.Reason):
		return "what decided is said to have been earlier"
	case !d.At.Equal(a.CreatedAt) && !slices.ContainsFunc(a.Timeline, func(e login.Event) bool { return e.At.Equal(d.At) }):
		return "at a time when nothing happened"
	}
	for _, reason := range d.Earlier {
		if !reasons.Known(reason) {
			return "no entry for what was earlier: " + string(reason)
		}
	}
	for _, lang := range reasons.Languages() {
		if words, err := diagnosis.Say(d, lang, diagnosis.Brand{App: "App"}); err != nil || words.Reply == "" || words.Cause == "" {
			return "no words in " + lang
		}
	}
	return ""
}

// A timeline comes to the same before and after housekeeping has written its end.
func TestTheEndSaysNothingNew(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		a := drawAttempt(rt)
		if a.State.Over() {
			a.State = login.StateOpened
		}
		a.Reason = ""
		now := a.ExpiresAt.Add(time.Hour)
		want := diagnosis.Of(a, now)
		a.Reason, a.Timeline = login.ReasonAttemptExpired, append(slices.Clip(a.Timeline), expired)
		if len(a.Timeline) == 1 {
			return // of a row without a line only the state had told
		}
		a.State = login.StateExpired
		if got := diagnosis.Of(a, now); got.Reason != want.Reason && want.Reason != byStateOnly(want) {
			rt.Fatalf("before the end %s, after it %s", want.Reason, got.Reason)
		}
	})
}

// byStateOnly lets those pass that had nothing but the state to go by, which the end
// overwrites: lines that no version writes.
func byStateOnly(d diagnosis.Diagnosis) login.Reason {
	switch d.Step {
	case login.StepReturn, login.StepCancel, login.StepReport, login.StepRedeem, "", "step_of_tomorrow":
		return d.Reason
	default:
		return ""
	}
}

// FuzzOf reads timelines as the database holds them: a JSON object on each line.
func FuzzOf(f *testing.F) {
	f.Add([]byte(`{"at":"2026-11-23T09:00:00Z","step":"start","outcome":"ok"}
{"at":"2026-11-23T09:00:01Z","step":"choose","outcome":"ok","means":"nordea","broker":"telia","browser":"Opera 76 on Android"}`), "direct", "expired", "attempt_expired")
	f.Add([]byte(`{"step":"cancel","outcome":"refused","reason":"cancelled_by_person","detail":"app"}`), "link", "denied", "cancelled_by_person")
	f.Add([]byte(`{"step":"redeem","outcome":"refused","reason":"code_replayed"}`), "qr", "redeemed", "")
	f.Add([]byte("\n{}\nnull\n[]\n"), "", "", "word_of_tomorrow")
	f.Fuzz(func(t *testing.T, timeline []byte, method, state, reason string) {
		a := login.Attempt{
			Method: login.Method(method), State: login.State(state), Reason: login.Reason(reason),
			CreatedAt: start, ExpiresAt: start.Add(10 * time.Minute),
		}
		for line := range bytes.Lines(timeline) {
			var e login.Event
			if json.Unmarshal(line, &e) == nil {
				a.Timeline = append(a.Timeline, e)
			}
		}
		for _, now := range []time.Time{start, a.ExpiresAt.Add(time.Hour)} {
			if wrong := inconsistent(a, now); wrong != "" {
				t.Fatal(wrong)
			}
		}
	})
}
