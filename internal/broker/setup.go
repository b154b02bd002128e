package broker

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"avain/internal/login"
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
// name and no secret.
type SetupReport struct {
	Broker     string       `json:"broker"`
	Preset     Preset       `json:"preset,omitempty"`
	Production bool         `json:"production"`
	Findings   []Finding    `json:"findings"`
	Request    *SentRequest `json:"request,omitempty"`
	Answer     *Answer      `json:"answer,omitempty"`
	Mend       []string     `json:"mend,omitempty"` // lines of the configuration that would mend what failed
}

// SentRequest is the authorization request that a login would send.
type SentRequest struct {
	Address string         `json:"address"` // where the browser would be sent
	Header  map[string]any `json:"header"`  // of the request object
	Claims  map[string]any `json:"claims"`
}

// OK reports whether nothing failed.
func (r SetupReport) OK() bool {
	all := r.Findings
	if r.Answer != nil {
		all = append(all, r.Answer.Checks...)
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

	u     *upstream
	start Start
	began time.Time
}

// SetupTest begins a test. An empty means is the first one of the configuration.
func (r *Registry) SetupTest(brokerID, means string) (*SetupTest, error) {
	u, err := r.one(brokerID)
	if err != nil {
		return nil, fmt.Errorf("no broker has the id %q", brokerID)
	}
	c := u.config
	if means == "" && len(c.Means) > 0 {
		means = c.Means[0].ID
	}
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

func (t *SetupTest) mend(lines ...string) { t.Report.Mend = append(t.Report.Mend, lines...) }

// Check looks at everything that does not need a person: our keys and theirs, what the
// broker publishes of itself, and the request that a login would send.
func (t *SetupTest) Check(ctx context.Context) {
	t.checkOurs()
	t.checkStatement()
	t.checkDiscovery(ctx)
	t.checkKeys(ctx)
	t.checkSelector(ctx)
	t.checkRequest(ctx)
}

func (t *SetupTest) checkOurs() {
	const about = "our keys"
	u := t.u
	for i, key := range u.signing {
		what := "signs"
		if i > 0 {
			what = "is published, and does not sign yet"
		}
		t.add(about, VerdictOK, "%s %s (RSA, %d bits)", key.kid, what, key.private.N.BitLen())
	}
	for i, key := range u.decryption {
		what := "is what the broker encrypts to"
		if i > 0 {
			what = "opens answers, and is not published"
		}
		t.add(about, VerdictOK, "%s %s (RSA, %d bits)", key.kid, what, key.private.N.BitLen())
	}
	t.add("what the broker registers", VerdictNote, "redirect URI %s", u.callback)
	base := u.origin() + "/ftn/" + u.config.ID
	if u.published.entity == nil {
		t.add("what the broker registers", VerdictNote, "our keys, to be uploaded there as a set: %s/jwks", base)
		return
	}
	t.add("what the broker registers", VerdictNote, "our entity statement %s/entity-statement.jwt and signed keys %s", base, u.origin()+SignedJWKSPath(u.config.ID))
	t.checkOurStatement()
}

func (t *SetupTest) checkOurStatement() {
	const about = "our entity statement"
	u := t.u
	if u.published.stored == nil {
		t.add(about, VerdictNote, "is signed anew at each start; make one to hand over and keep: avain keys statement %s", u.config.ID)
		return
	}
	s, err := readOurStatement(u.config.OurKeys.StatementFile, *u.published.entity)
	if err != nil {
		t.failed(about, err)
		return
	}
	switch differ := s.differences(u); {
	case len(differ) > 0:
		t.add(about, VerdictFailed, "%s says something else than the configuration: %s. Make another one (avain keys statement %s) and hand it over",
			u.config.OurKeys.StatementFile, strings.Join(differ, ", "), u.config.ID)
	case !s.expires.IsZero() && !u.now().Before(s.expires):
		t.add(about, VerdictFailed, "%s ended on %s", u.config.OurKeys.StatementFile, s.expires.Format(time.DateOnly))
	default:
		t.add(about, VerdictOK, "%s agrees with the configuration and ends on %s", u.config.OurKeys.StatementFile, s.expires.Format(time.DateOnly))
	}
}

// checkStatement looks at the pin. The configuration is not read at all with a wrong
// fingerprint: what is left to say is which it is.
func (t *SetupTest) checkStatement() {
	const about = "the broker's pinned entity"
	source := t.u.config.BrokerKeys
	if source.SignedJWKSURI == "" {
		return
	}
	pin, err := loadPin(source, t.u.signatures)
	if err != nil {
		t.failed(about, err)
		return
	}
	for _, key := range pin.keys {
		sum, err := thumbprint(key.Key)
		if err != nil {
			t.failed(about, err)
			return
		}
		t.add(about, VerdictOK, "entity key %s, thumbprint %s", key.KeyID, sum)
	}
	if source.EntityStatementFile == "" {
		return
	}
	raw, err := readFile(source.EntityStatementFile)
	if err != nil {
		t.failed(about, err)
		return
	}
	if len(source.StatementFingerprints) == 0 {
		t.add(about, VerdictNote, "the statement's SHA-256 is %s: compare it with the broker's guide and write it under broker_keys.statement_fingerprints", fingerprintOf(raw))
	} else {
		t.add(about, VerdictOK, "the statement has the configured fingerprint %s", fingerprintOf(raw))
	}
	switch now := t.u.now(); {
	case pin.expires.IsZero():
	case !now.Before(pin.expires):
		t.failed(about, &fault{word: "jwks.entity_statement_expired"})
	default:
		t.add(about, VerdictOK, "the statement ends on %s", pin.expires.UTC().Format(time.DateOnly))
	}
}

// checkKeys fetches the broker's keys and believes them as a login would. Of a signed set
// that is refused it shows the header, because that is usually what the guide differs in.
func (t *SetupTest) checkKeys(ctx context.Context) {
	const about = "the broker's keys"
	u := t.u
	var set keySet
	var err error
	if uri := u.config.BrokerKeys.SignedJWKSURI; uri == "" {
		set, err = u.plainKeys(ctx)
	} else {
		set, err = t.signedKeys(ctx, about)
	}
	if err != nil {
		t.failed(about, err)
		return
	}
	for _, key := range set.keys {
		t.add(about, VerdictOK, "%s, use %q", key.KeyID, key.Use)
	}
	if !set.expires.IsZero() {
		t.add(about, VerdictOK, "good until %s", set.expires.UTC().Format(time.RFC3339))
	}
}

func (t *SetupTest) signedKeys(ctx context.Context, about string) (keySet, error) {
	u := t.u
	pin, err := loadPin(u.config.BrokerKeys, u.signatures)
	if err != nil {
		return keySet{}, err
	}
	raw, err := u.document(ctx, "jwks", u.config.BrokerKeys.SignedJWKSURI, "application/jwk-set+jwt, application/jose, */*;q=0.1", mostJWKS)
	if err != nil {
		return keySet{}, err
	}
	header := headerOf(strings.TrimSpace(string(raw)))
	t.add(about, VerdictNote, "header of the signed set: %s", inJSON(header))
	set, err := u.openSignedJWKS(raw, pin)
	if typ, ok := header["typ"].(string); ok && detailOf(err) == "jwks.type" && plain(typ, 40) {
		t.mend("broker_keys:", fmt.Sprintf("  types: [%s, %s] # if the broker's guide shows it", strings.Join(u.config.BrokerKeys.Types, ", "), typ))
	}
	return set, err
}

func (t *SetupTest) checkSelector(ctx context.Context) {
	u := t.u
	if u.config.Selector.OutageURL != "" {
		const about = "the broker's outage text"
		switch texts, err := u.fetchOutage(ctx); {
		case err != nil:
			t.add(about, VerdictNote, "not to be had (%s): logins work without it", detailOf(err))
		case texts["en"] == "":
			t.add(about, VerdictOK, "none at present")
		default:
			t.add(about, VerdictNote, "%s", texts["en"])
		}
	}
	if u.config.Selector.URL == "" {
		return
	}
	const about = "the broker's list of banks"
	data, err := u.fetchSelector(ctx, "fi")
	if err != nil {
		t.add(about, VerdictNote, "not to be had (%s): only the configured banks are shown, without the texts that must be shown", detailOf(err))
		return
	}
	var listed []string
	for _, p := range data.providers {
		listed = append(listed, p.id+" ("+p.name+")")
	}
	t.add(about, VerdictOK, "%s", strings.Join(listed, ", "))
	for _, m := range u.config.Means {
		if _, there := data.find(m.Value); !there {
			t.add(about, VerdictNote, "means %s is not shown: its value %q is not in the list", m.ID, m.Value)
		}
	}
	if d := data.disturbance; d != (Disturbance{}) {
		t.add(about, VerdictNote, "disturbance notice: %s %s", d.Header, d.Text)
	}
}

// checkRequest makes the request that the means would be begun with, and pushes it where
// that is how it goes. The secrets of the test are of no use to anybody else.
func (t *SetupTest) checkRequest(ctx context.Context) {
	const about = "the request"
	u := t.u
	means, ok := u.serves(ctx, t.start.Means)
	if !ok {
		t.add(about, VerdictFailed, "no means %q here", t.start.Means)
		return
	}
	object, err := u.sign(u.requestClaims(t.start, means))
	if err != nil {
		t.failed(about, err)
		return
	}
	t.Report.Request = &SentRequest{Header: headerOf(object), Claims: payloadOf(object)}
	for _, secret := range []string{"state", "nonce", "code_challenge", "jti"} { // of this test, and still good
		if value, there := t.Report.Request.Claims[secret]; there {
			t.Report.Request.Claims[secret] = masked(value)
		}
	}
	t.began = u.now()
	redirect, err := u.begin(ctx, t.start, means)
	if err != nil {
		t.failed(about, err)
		return
	}
	t.Report.Request.Address = redirect.URL
	if redirect.Fields != nil { // a form; a test goes by its address, which brokers take too
		t.Report.Request.Address = withQuery(redirect.URL, redirect.Fields)
	}
	t.add(about, VerdictOK, "made for means %s by transport %s, %d characters", t.start.Means, u.config.Request.Transport, len(t.Report.Request.Address))
	if len(t.Report.Request.Address) > longAddress {
		t.add(about, VerdictNote, "an address of more than %d characters is too long for some proxies", longAddress)
	}
}

// longAddress is what nginx takes by default as a request line, less some room.
const longAddress = 8000

func detailOf(err error) string {
	if f, ok := asFault(err); ok {
		return f.word
	}
	if failed, ok := errors.AsType[*login.Error](err); ok {
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
