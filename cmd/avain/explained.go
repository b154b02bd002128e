package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"avain/internal/broker"
	"avain/internal/core/diagnosis"
	"avain/internal/domain/login"
	"avain/internal/domain/reasons"
	"avain/internal/domain/shown"
)

// explained is what avain explain knows of one support code.
type explained struct {
	Code      string              `json:"code"`
	Login     *explainedLogin     `json:"login,omitempty"` // none: the request was refused before there was one
	Diagnosis diagnosis.Diagnosis `json:"diagnosis"`
	Lang      string              `json:"lang"`
	Words     reasons.Words       `json:"words"`
	Advice    *broker.Advice      `json:"advice,omitempty"` // on the word of a failure at a broker
	Timeline  []login.Event       `json:"timeline,omitempty"`
}

// explainedLogin is what an agent may see of a login: nothing of its person, and no
// name that a device was given.
type explainedLogin struct {
	Client     string       `json:"client"`
	Method     login.Method `json:"method"`
	State      login.State  `json:"state"`
	Reason     login.Reason `json:"reason,omitempty"` // that ended it, as written down
	Platform   string       `json:"platform,omitempty"`
	Model      string       `json:"model,omitempty"`
	AppVersion string       `json:"app_version,omitempty"`
	Started    time.Time    `json:"started"`
}

func explainedAttempt(a login.Attempt, lang string, now time.Time) explained {
	a.Timeline = slices.Clone(a.Timeline)
	for i := range a.Timeline {
		e := &a.Timeline[i]
		e.At, e.Since = e.At.UTC(), e.Since.UTC()
		for _, text := range []*string{&e.Step, &e.Outcome, (*string)(&e.Reason), &e.Detail, &e.Browser, &e.Means, &e.Chosen, &e.Broker} {
			*text = printable(*text)
		}
	}
	d := diagnosis.Of(a, now)
	return explained{
		Code: a.SupportCode, Lang: lang, Diagnosis: d, Advice: adviceFor(d.Detail), Timeline: a.Timeline,
		Login: &explainedLogin{
			Client: a.Client, Method: a.Method, State: a.State, Reason: a.Reason,
			Platform: printable(a.Device.Platform), Model: printable(a.Device.Model), AppVersion: printable(a.Device.AppVersion),
			Started: a.CreatedAt.UTC(),
		},
	}
}

// print writes for people: the diagnosis first, then what it was read from.
func (x explained) print(out io.Writer) error {
	var b strings.Builder
	x.facts(&b)
	for _, part := range []struct{ head, text string }{
		{"What happened", x.Words.Title + "\n" + x.Words.What},
		{"Likely cause", x.Words.Cause},
		{"What the person should do", x.Words.Next},
		{"Answer to the person", x.Words.Reply},
	} {
		fmt.Fprintf(&b, "\n%s\n", part.head)
		for line := range strings.Lines(part.text) {
			b.WriteString(strings.TrimRight("  "+printable(strings.TrimSuffix(line, "\n")), " ") + "\n")
		}
	}
	x.operations(&b)
	x.timeline(&b)
	_, err := io.WriteString(out, b.String())
	return err
}

// operations says what the word behind the reason means, to whoever can mend it.
func (x explained) operations(b *strings.Builder) {
	if x.Advice == nil {
		return
	}
	fmt.Fprintf(b, "\nFor operations\n  %s: %s.\n  Do: %s.\n", printable(x.Diagnosis.Detail), x.Advice.What, x.Advice.Do)
}

// adviceFor finds what is known of a failure word; none for what is no word of a broker's
// doing.
func adviceFor(word string) *broker.Advice {
	if advice, ok := broker.AdviceFor(word); ok {
		return &advice
	}
	return nil
}

func (x explained) facts(b *strings.Builder) {
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(b, "%-10s %s\n", name, value)
		}
	}
	d := x.Diagnosis
	line("code", x.Code)
	line("reason", words(string(d.Reason), d.Detail))
	line("side", string(d.Fault))
	line("when", d.At.UTC().Format(time.DateTime))
	line("where", words(d.Step, d.Browser, d.Means, d.Broker))
	line("began in", words(d.Began))
	earlier := make([]string, len(d.Earlier))
	for i, reason := range d.Earlier {
		earlier[i] = string(reason)
	}
	line("earlier", words(earlier...))
	if x.Login == nil {
		why := "none: refused before one began"
		if d.Reason == login.ReasonNothingFailed {
			why = "none: the code of a page that told of no failure"
		}
		line("login", why+"; see the log for support_code "+x.Code)
		return
	}
	running := ""
	if d.Running {
		running = "still going on"
	}
	line("login", string(x.Login.Method)+" of "+x.Login.Client)
	line("state", words(string(x.Login.State), string(x.Login.Reason), running))
	line("device", words(x.Login.Platform, x.Login.Model, x.Login.AppVersion))
	line("started", x.Login.Started.Format(time.DateTime))
}

func (x explained) timeline(b *strings.Builder) {
	if len(x.Timeline) == 0 {
		return
	}
	b.WriteString("\nTimeline\n")
	for _, e := range x.Timeline {
		text := fmt.Sprintf("  %s  %-9s %-8s %s", e.At.Format("15:04:05.000"), e.Step, e.Outcome,
			words(string(e.Reason), e.Detail, chosen(e), e.Broker, e.Browser, often(e)))
		b.WriteString(strings.TrimRight(text, " ") + "\n")
	}
}

// often is how many times a line has happened, up to the time that it begins with; empty
// for once.
func often(e login.Event) string {
	if e.Count < 2 {
		return ""
	}
	return fmt.Sprintf("%d times since %s", e.Count, e.Since.Format("15:04:05.000"))
}

// chosen is the means of a line, with the one that the person had chosen before the
// broker reported another.
func chosen(e login.Event) string {
	if e.Chosen == "" {
		return e.Means
	}
	return e.Means + " (chosen: " + e.Chosen + ")"
}

// words joins those that are there.
func words(all ...string) string {
	var kept []string
	for _, word := range all {
		if word = printable(word); word != "" {
			kept = append(kept, word)
		}
	}
	return strings.Join(kept, ", ")
}

// printable is a text from outside that must not command the operator's terminal.
func printable(s string) string { return shown.Line(s, shown.Whole) }
