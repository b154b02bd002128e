package broker

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/secret"
)

// Verdict is what came of looking at one thing.
type Verdict string

// The verdicts.
const (
	VerdictOK     Verdict = "ok"
	VerdictNote   Verdict = "note"   // worth knowing; logins work without it
	VerdictFailed Verdict = "failed" // nobody gets in until it is mended
)

// Finding is one thing that a test of a set-up looked at.
type Finding struct {
	About   string  `json:"about"`
	Verdict Verdict `json:"verdict"`
	Text    string  `json:"text,omitempty"`
	Word    string  `json:"word,omitempty"` // the failure word that a login would have ended with
	Do      string  `json:"do,omitempty"`
}

// SetupReport is what a test of a broker's set-up found. It holds no identity code, no
// name and no secret: it is made to be sent to whoever can help.
type SetupReport struct {
	Broker     string       `json:"broker"`
	Preset     Preset       `json:"preset,omitempty"`
	Production bool         `json:"production"`
	Findings   []Finding    `json:"findings"`
	Request    *SentRequest `json:"request,omitempty"`
	Answer     *Answer      `json:"answer,omitempty"`
	Mend       []Remedy     `json:"mend,omitempty"`
}

// SentRequest is the authorization request that a login would send.
type SentRequest struct {
	Address string         `json:"address"` // where the browser would be sent, without the request object
	Header  map[string]any `json:"header"`  // of the request object
	Claims  map[string]any `json:"claims"`
}

// OK reports whether nothing failed.
func (r SetupReport) OK() bool {
	all := r.Findings
	if r.Answer != nil {
		all = slices.Concat(all, r.Answer.Returned, r.Answer.Checks)
	}
	for _, f := range all {
		if f.Verdict == VerdictFailed {
			return false
		}
	}
	return true
}

// SetupTest tries out one broker's configuration the way a login would, step by step,
// and goes on after a failure: whoever connects a broker wants to hear of everything at
// once. Nobody is logged in by it, and nothing is stored.
type SetupTest struct {
	Report SetupReport

	u       *upstream
	start   Start
	began   time.Time
	address string       // where a person logs in
	listed  selectorData // OP's list of banks
}

// SetupTest begins a test. An empty means is the first one that people are offered.
func (r *Registry) SetupTest(brokerID, means string) (*SetupTest, error) {
	u, err := r.one(brokerID)
	if err != nil {
		return nil, fmt.Errorf("no broker has the id %q", brokerID)
	}
	c := u.config
	return &SetupTest{
		u: u, start: Start{Means: means, State: secret.New(), Nonce: secret.New(), Verifier: secret.New(), Locale: "fi"},
		Report: SetupReport{Broker: c.ID, Preset: c.Preset, Production: c.Production},
	}, nil
}

func (t *SetupTest) add(about string, verdict Verdict, format string, args ...any) {
	t.Report.Findings = append(t.Report.Findings, Finding{About: about, Verdict: verdict, Text: fmt.Sprintf(format, args...)})
}

// failed adds what a login would have failed with.
func (t *SetupTest) failed(about string, err error) {
	t.Report.Findings = append(t.Report.Findings, failure(about, err))
}

// failure is a finding of an error of this package, with the advice for its word.
func failure(about string, err error) Finding {
	f := Finding{About: about, Verdict: VerdictFailed, Text: err.Error(), Word: detailOf(err)}
	if advice, ok := AdviceFor(f.Word); ok {
		f.Text, f.Do = advice.What, advice.Do
		if known, ok := asFault(err); ok && known.err != nil {
			f.Text += " (" + known.err.Error() + ")"
		}
	}
	return f
}

// wrong adds what is not right although no login gets as far as to say so.
func (t *SetupTest) wrong(about, text, do string) {
	t.Report.Findings = append(t.Report.Findings, Finding{About: about, Verdict: VerdictFailed, Text: text, Do: do})
}

// Check looks at everything that does not need a person: our keys and theirs, what the
// broker publishes of itself, and the request that a login would send.
func (t *SetupTest) Check(ctx context.Context) {
	t.checkOurs()
	t.checkPin()
	t.checkDiscovery(ctx)
	t.checkKeys(ctx)
	t.checkSelector(ctx)
	t.checkRequest(ctx)
}

func detailOf(err error) string {
	if f, ok := asFault(err); ok {
		return f.word
	}
	if failed, ok := errors.AsType[*fault.Error](err); ok {
		return failed.Detail
	}
	return ""
}

// headerOf and payloadOf read a token without believing it.
func headerOf(token string) map[string]any {
	head, _, _ := strings.Cut(token, ".")
	return partOf(head)
}

func payloadOf(token string) map[string]any {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil
	}
	return partOf(parts[1])
}

func partOf(encoded string) map[string]any {
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return nil
	}
	var part map[string]any
	if json.Unmarshal(raw, &part) != nil {
		return nil
	}
	return part
}

func inJSON(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return "?"
	}
	return string(raw)
}
