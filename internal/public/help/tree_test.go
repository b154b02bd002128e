package help_test

import (
	"slices"
	"strings"
	"testing"

	"avain/internal/domain/login"
	"avain/internal/domain/reasons"
	"avain/internal/public/help"
)

// longest is how many questions anybody has to answer: whoever has old credentials and
// uses a bank all the same. Others answer two to seven.
const longest = 8

// paths are all ways through the questions, each as the keys of its choices and the
// answer at its end.
func paths(t *testing.T) map[string]string {
	t.Helper()
	questions, ends := help.Questions(), map[string]string{}
	var walk func(question string, trail []string)
	walk = func(question string, trail []string) {
		choices, ok := questions[question]
		if !ok || len(choices) < 2 || len(trail) > longest {
			t.Fatalf("%v: the question %q has %d choices, or comes too late", trail, question, len(choices))
		}
		for _, c := range choices {
			next := append(slices.Clone(trail), c.Key)
			switch {
			case (c.Question == "") == (c.Answer == ""):
				t.Errorf("%v leads to %q and %q, want one of the two", next, c.Question, c.Answer)
			case c.Question != "":
				walk(c.Question, next)
			default:
				ends[strings.Join(next, "/")] = c.Answer
			}
		}
	}
	walk(help.Root, nil)
	return ends
}

// Whatever somebody answers, after a few questions there is an answer; and there is no
// answer that nobody can get, nor a question that nobody is asked.
func TestEveryPathEndsInAnAnswer(t *testing.T) {
	t.Parallel()
	answers, reached := help.Answers(), map[string]bool{}
	for trail, end := range paths(t) {
		if _, ok := answers[end]; !ok {
			t.Errorf("%s ends in %q, which is no answer", trail, end)
		}
		if n := strings.Count(trail, "/") + 1; n > longest {
			t.Errorf("%s takes %d questions", trail, n)
		}
		reached[end] = true
	}
	for name := range answers {
		if !reached[name] {
			t.Errorf("nobody gets the answer %q", name)
		}
	}
	asked := map[string]bool{help.Root: true}
	for _, choices := range help.Questions() {
		seen := map[string]bool{}
		for _, c := range choices {
			if seen[c.Key] {
				t.Errorf("two choices are called %q", c.Key)
			}
			seen[c.Key], asked[c.Question] = true, true
		}
	}
	for name := range help.Questions() {
		if !asked[name] {
			t.Errorf("nobody is asked %q", name)
		}
	}
}

// leftOut are the reasons that the questions do not lead to, each with why.
var leftOut = map[login.Reason]string{
	login.ReasonWentWell:      "nothing is wrong",
	login.ReasonStillRunning:  "nothing is wrong yet",
	login.ReasonNothingFailed: "nothing is wrong; it is the support code that leads there",
}

// Whatever the catalogue knows, the questions lead to; what they leave out, they leave
// out on purpose.
func TestQuestionsCoverTheCatalogue(t *testing.T) {
	t.Parallel()
	covered := map[login.Reason]string{}
	for name, a := range help.Answers() {
		if a.Reason != "" && name != string(a.Reason) {
			t.Errorf("the answer %q has the words of %q", name, a.Reason)
		}
		for _, reason := range append([]login.Reason{a.Reason}, a.Also...) {
			if reason != "" && !reasons.Known(reason) {
				t.Errorf("%s answers %q, which the catalogue does not know", name, reason)
			}
			covered[reason] = name
		}
	}
	for _, e := range reasons.All() {
		switch name, why := covered[e.Reason], leftOut[e.Reason]; {
		case name == "" && why == "":
			t.Errorf("no question leads to %s", e.Reason)
		case name != "" && why != "":
			t.Errorf("%s is left out (%s), and %s answers it", e.Reason, why, name)
		}
	}
}
