package reasons_test

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"avain/internal/domain/login"
	"avain/internal/domain/reasons"
)

func TestEveryReasonHasOneEntry(t *testing.T) {
	t.Parallel()
	numbers := map[int]login.Reason{}
	var listed []login.Reason
	for _, e := range reasons.All() {
		listed = append(listed, e.Reason)
		if other, taken := numbers[e.Number]; taken || e.Number < 1 || e.Number > 127 {
			t.Errorf("%s has the number %d, which %q has or nobody may have", e.Reason, e.Number, other)
		}
		numbers[e.Number] = e.Reason
		if !slices.Contains(reasons.Faults(), e.Fault) {
			t.Errorf("%s: side %q", e.Reason, e.Fault)
		}
		if len(e.Ways) < 2 || e.Ways[len(e.Ways)-1] != reasons.WayHelp {
			t.Errorf("%s: ways %v; help is the last of several", e.Reason, e.Ways)
		}
		if e.Gone && e.Fault != reasons.FaultPerson && e.Fault != reasons.FaultAttack {
			t.Errorf("%s: who left, if it was on the side of %s?", e.Reason, e.Fault)
		}
	}
	reasons := login.Reasons()
	slices.Sort(reasons)
	slices.Sort(listed)
	if !slices.Equal(reasons, listed) {
		t.Errorf("the catalogue lists\n%v\nand there are\n%v", listed, reasons)
	}
}

func TestOf(t *testing.T) {
	t.Parallel()
	for _, reason := range login.Reasons() {
		if e := reasons.Of(reason); e.Reason != reason || !reasons.Known(reason) {
			t.Errorf("%s is found as %s", reason, e.Reason)
		}
	}
	for _, reason := range []login.Reason{"", "never_heard_of", "Internal", "../internal"} {
		if e := reasons.Of(reason); e.Reason != login.ReasonInternal || reasons.Known(reason) {
			t.Errorf("%q is found as %s", reason, e.Reason)
		}
	}
	if !reasons.Gone(login.ReasonCancelledByPerson) || reasons.Gone(login.ReasonRedirectLost) {
		t.Error("who cancels has gone; whose browser does not return has not")
	}
}

// Whoever changes what All answers changes nothing for others.
func TestAllIsACopy(t *testing.T) {
	t.Parallel()
	all := reasons.All()
	all[0].Reason = "spoilt"
	if reasons.All()[0].Reason == "spoilt" {
		t.Error("the catalogue was changed from outside")
	}
}

var full = reasons.Fill{App: "TestiApp", Company: "TestiOy", Version: "9.8.7", Browser: "Testiselain", Bank: "Testipankki"}

func TestWordsAreComplete(t *testing.T) {
	t.Parallel()
	for _, lang := range reasons.Languages() {
		for _, reason := range login.Reasons() {
			for _, fill := range []reasons.Fill{full, {App: "TestiApp", Company: "TestiOy"}, {App: "TestiApp", Company: "TestiOy", Web: true}} {
				words := say(t, reason, lang, fill)
				for name, text := range map[string]string{
					"title": words.Title, "what": words.What, "next": words.Next, "cause": words.Cause, "reply": words.Reply,
				} {
					if len(text) < 8 || strings.ContainsAny(text, "{}<>") || strings.Contains(text, "()") ||
						strings.Contains(text, "  ") || strings.Contains(text, " .") || strings.Contains(text, " ,") {
						t.Errorf("%s %s %s: %q", lang, reason, name, text)
					}
				}
				if lines := strings.Count(words.Reply, "\n"); lines < 5 || len(words.Reply) < 200 {
					t.Errorf("%s %s: no complete answer:\n%s", lang, reason, words.Reply)
				}
			}
		}
	}
}

func say(t *testing.T, reason login.Reason, lang string, fill reasons.Fill) reasons.Words {
	t.Helper()
	words, err := reasons.Say(reason, lang, fill)
	if err != nil {
		t.Fatalf("%s in %s: %v", reason, lang, err)
	}
	return words
}

// Every step that a reply names is there, and so are the greetings; nothing is there in
// vain.
func TestPartsOfReplies(t *testing.T) {
	t.Parallel()
	for _, lang := range reasons.Languages() {
		text, err := fs.ReadFile(reasons.Texts(), "texts/agent."+lang+".json")
		if err != nil {
			t.Fatal(err)
		}
		var file struct {
			Parts  map[string]string
			Reason map[login.Reason]struct{ Steps []string }
		}
		if err := json.Unmarshal(text, &file); err != nil {
			t.Fatal(err)
		}
		used := map[string]bool{"hello": true, "still": true, "bye": true}
		for reason, r := range file.Reason {
			for _, step := range r.Steps {
				used[step] = true
				if file.Parts[step] == "" {
					t.Errorf("%s %s: no part %q", lang, reason, step)
				}
			}
		}
		for part := range file.Parts {
			if !used[strings.TrimSuffix(part, "_web")] {
				t.Errorf("%s: nobody uses the part %q", lang, part)
			}
		}
	}
}

// Who was on our own pages, activating benefits, cannot log in to the app yet: nothing
// sends them there.
func TestRepliesToPeopleOnOurPages(t *testing.T) {
	t.Parallel()
	fill := full
	fill.Web = true
	for lang, button := range map[string]string{"fi": "Vaihtoehtoiset kirjautumistavat", "sv": "Alternativa inloggningssätt", "en": "Alternative login methods"} {
		for _, reason := range []login.Reason{login.ReasonAbandonedAtBank, login.ReasonBrokerError, login.ReasonBrokerDown, login.ReasonAttemptExpired, login.ReasonWentWell} {
			if reply := say(t, reason, lang, fill).Reply; strings.Contains(reply, button) || strings.Contains(reply, "TestiApp") {
				t.Errorf("%s %s sends people to the app:\n%s", lang, reason, reply)
			}
		}
	}
}

// A reply to whoever stood at the bank names the bank, and one about a browser the
// browser; the names that are not known leave no hole.
func TestWordsNameWhatIsKnown(t *testing.T) {
	t.Parallel()
	for _, lang := range reasons.Languages() {
		if reply := say(t, login.ReasonRedirectLost, lang, full).Reply; !strings.Contains(reply, "Testiselain") || !strings.Contains(reply, "9.8.7") {
			t.Errorf("%s: %s", lang, reply)
		}
		if reply := say(t, login.ReasonBrokerError, lang, full).Reply; !strings.Contains(reply, "Testipankki") || !strings.Contains(reply, "TestiApp") {
			t.Errorf("%s: %s", lang, reply)
		}
		if page := say(t, login.ReasonNoBenefits, lang, full); !strings.Contains(page.Title, "TestiOy") {
			t.Errorf("%s: %s", lang, page.Title)
		}
	}
	if _, err := reasons.Say(login.ReasonInternal, "de", full); err == nil {
		t.Error("nobody has written German words")
	}
}

var (
	quoted = regexp.MustCompile(`[“”"]([^“”"\n]+)[“”"]`)
	jargon = regexp.MustCompile(`(?i)autentiko|tokeni|sessio|autentiser|\btokens?\b|\bsession\b|\bURI\b|OAuth|\bPKCE\b|DPoP|redirect`)
)

// What a reply tells the person to press is called so in the app or on a page, and
// nothing in it needs explaining.
func TestRepliesSpeakTheWordsOfTheProduct(t *testing.T) {
	t.Parallel()
	for _, lang := range reasons.Languages() {
		product := strings.ReplaceAll(productWords(t, lang), "’", "'")
		for _, reason := range login.Reasons() {
			words := say(t, reason, lang, full)
			for _, name := range quoted.FindAllStringSubmatch(words.Reply+"\n"+words.Next, -1) {
				if !strings.Contains(product, strings.ReplaceAll(name[1], "’", "'")) {
					t.Errorf("%s %s: nothing is called %q", lang, reason, name[1])
				}
			}
			for _, text := range []string{words.Title, words.What, words.Next, words.Cause, words.Reply} {
				if word := jargon.FindString(text); word != "" {
					t.Errorf("%s %s says %q", lang, reason, word)
				}
			}
		}
	}
}

// productWords is everything that app and pages say in a language.
func productWords(t *testing.T, lang string) string {
	t.Helper()
	paths, err := filepath.Glob("../../platform/web/texts/*." + lang + ".json")
	if err != nil || len(paths) == 0 {
		t.Fatal(paths, err)
	}
	var all strings.Builder
	for _, path := range append(paths, "../../../app/src/texts/"+lang+".ts") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// The texts of agents are translated: no sentence stands in two languages.
func TestAgentWordsAreTranslated(t *testing.T) {
	t.Parallel()
	for _, reason := range login.Reasons() {
		seen := map[string]string{}
		for _, lang := range reasons.Languages() {
			words := say(t, reason, lang, full)
			for _, text := range []string{words.Title, words.What, words.Next, words.Cause, words.Reply} {
				if other, twice := seen[text]; twice {
					t.Errorf("%s: %q stands in %s and %s", reason, text, other, lang)
				}
				seen[text] = lang
			}
		}
	}
}

// No file holds words for a reason that does not exist.
func TestNoWordsForNothing(t *testing.T) {
	t.Parallel()
	key := regexp.MustCompile(`(?m)^    "([a-z_]+)": \{`)
	for _, kind := range []string{"pages", "agent"} {
		for _, lang := range reasons.Languages() {
			text, err := fs.ReadFile(reasons.Texts(), "texts/"+kind+"."+lang+".json")
			if err != nil {
				t.Fatal(err)
			}
			found := key.FindAllStringSubmatch(string(text), -1)
			if len(found) != len(login.Reasons()) {
				t.Errorf("%s.%s.json has words for %d reasons of %d", kind, lang, len(found), len(login.Reasons()))
			}
			for _, reason := range found {
				if !reasons.Known(login.Reason(reason[1])) {
					t.Errorf("%s.%s.json: no such reason: %s", kind, lang, reason[1])
				}
			}
		}
	}
}

// Lists of logins say what became of each: words must come quickly.
func BenchmarkSay(b *testing.B) {
	for b.Loop() {
		if _, err := reasons.Say(login.ReasonRedirectLost, "fi", full); err != nil {
			b.Fatal(err)
		}
	}
}
