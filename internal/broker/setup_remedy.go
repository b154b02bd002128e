package broker

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"avain/internal/domain/hetu"

	"github.com/goccy/go-yaml"
)

// Remedy is a setting that would mend what failed. It proposes; what only the broker's
// guide can say is in If.
type Remedy struct {
	Setting string `json:"setting"` // such as "claims.level", in the broker's configuration
	Value   any    `json:"value"`
	If      string `json:"if,omitempty"`
}

const (
	ifGuideShowsIt = "the broker's guide shows it"
	ifStrong       = "the broker's guide calls it strong authentication"
	ifTests        = "this is a test environment, and stays one"
	ifAnIDOfYours  = "it is one of the banks; the id is yours to choose"
)

func (t *SetupTest) remedy(setting string, value any, condition string) {
	if slices.ContainsFunc(t.Report.Mend, func(r Remedy) bool { return r.Setting == setting }) {
		return // the first one is the likelier, and a setting stands there once
	}
	t.Report.Mend = append(t.Report.Mend, Remedy{setting, value, condition})
}

// MendYAML writes the remedies as lines of the broker's configuration; empty without any.
func (r SetupReport) MendYAML() string {
	var all yaml.MapSlice
	for _, remedy := range r.Mend {
		all = inserted(all, strings.Split(remedy.Setting, "."), remedy.Value)
	}
	if len(all) == 0 {
		return ""
	}
	text, err := yaml.MarshalWithOptions(all, yaml.IndentSequence(true))
	if err != nil {
		return ""
	}
	return string(text)
}

func inserted(into yaml.MapSlice, path []string, value any) yaml.MapSlice {
	if len(path) == 1 {
		return append(into, yaml.MapItem{Key: path[0], Value: value})
	}
	for i, item := range into {
		if below, ok := item.Value.(yaml.MapSlice); ok && item.Key == path[0] {
			into[i].Value = inserted(below, path[1:], value)
			return into
		}
	}
	return append(into, yaml.MapItem{Key: path[0], Value: inserted(nil, path[1:], value)})
}

// remedyClaim looks through the claims of a verified token for what could be meant.
func (t *SetupTest) remedyClaim(c claims, word string) {
	config := t.u.config
	word, claim, _ := strings.Cut(word, ":")
	switch {
	case word == "id_token.iss":
		t.remedyIssuer(c.text("iss"))
	case word == "id_token.auth_time_stale" && config.Request.Prompt != "login":
		t.remedy("request.prompt", "login", "")
	case (word == "id_token.hetu_artificial" || word == "id_token.hetu") && !config.Production:
		t.remedyHETU(c)
	case word == "id_token.level":
		t.remedyList("accepted_levels", config.Levels, c.text(config.Claims.Level))
	case word == "id_token.acr":
		t.remedyList("accepted_acr", config.ACR, c.text(claimACR))
	case word == wordMissing && claim == config.Claims.Level:
		t.remedyLevel(c)
	case word == wordMissing && claim == config.Claims.AuthTime:
		for _, name := range []string{"auth_time", "authenticationinstant"} {
			if !c.instant(name).IsZero() {
				t.remedy("claims.auth_time", name, "")
			}
		}
	case word == wordMissing && claim == config.Claims.HETU:
		for _, name := range sortedNames(c) {
			if looksLikeCode(c[name]) {
				t.remedy("claims.hetu", name, ifGuideShowsIt)
			}
		}
	}
}

func (t *SetupTest) remedyIssuer(issuer string) {
	if u, err := url.Parse(issuer); err == nil && u.Scheme == "https" && u.Host != "" && plain(issuer, 300) {
		t.remedy("issuer", issuer, ifGuideShowsIt)
	}
}

func (t *SetupTest) remedyList(setting string, accepted []string, value string) {
	if plain(value, 200) && !looksLikeCode(value) {
		t.remedy(setting, append(slices.Clone(accepted), value), ifStrong)
	}
}

// remedyLevel proposes one of the claims that brokers state a level in.
func (t *SetupTest) remedyLevel(c claims) {
	for _, name := range []string{claimACR, "authenticationtype", "idp"} {
		value := c.text(name)
		if name == t.u.config.Claims.Level || !plain(value, 200) || looksLikeCode(value) {
			continue
		}
		t.remedy("claims.level", name, ifGuideShowsIt)
		setting := "accepted_levels"
		if name == claimACR {
			setting = "accepted_acr"
		}
		t.remedy(setting, []string{value}, ifStrong)
		return
	}
}

func (t *SetupTest) remedyHETU(c claims) {
	raw := c.text(t.u.config.Claims.HETU)
	for _, mode := range []HETUMode{HETUArtificial, HETULenient} {
		if _, err := hetu.Parse(raw, hetuMode(mode)); err == nil {
			t.remedy("hetu", string(mode), ifTests)
			return
		}
	}
}

// remedyAlgorithms offers an algorithm only if the configuration may name it at all.
func (t *SetupTest) remedyAlgorithms(a *Answer, word string) {
	text := func(header map[string]any, name string) string { s, _ := header[name].(string); return s }
	offer := func(setting string, ours, possible []string, one string) {
		if slices.Contains(possible, one) && !slices.Contains(ours, one) {
			t.remedy("algorithms."+setting, append(slices.Clone(ours), one), ifGuideShowsIt)
		}
	}
	switch c := t.u.config.Algorithms; word {
	case "id_token.encryption":
		offer("key_encryption", c.KeyEncryption, keyEncryptions(), text(a.Outer, "alg"))
		offer("content_encryption", c.ContentEncryption, contentEncryptions(), text(a.Outer, "enc"))
	case "id_token.signature_algorithm":
		offer("signature", c.Signature, signatures(), text(a.Inner, "alg"))
	}
}

var noID = regexp.MustCompile(`[^a-z0-9]+`)

// remedyMethod gives a method that nobody knows an id, made of its own name: it must not
// be recorded as any bank that we know.
func (t *SetupTest) remedyMethod(method string) {
	name := method
	for _, prefix := range t.u.config.Method.Prefixes {
		name = strings.TrimPrefix(name, prefix)
	}
	id := strings.Trim(noID.ReplaceAllString(strings.ToLower(name), "-"), "-")
	if !plain(name, 60) || !meansID.MatchString(id) || looksLikeCode(name) || isTestMethod("://"+method) {
		return
	}
	t.remedy("method_source.names", map[string]string{name: id}, ifAnIDOfYours)
}

// remedyError takes an error of the broker's as the word for a person who cancels.
func (t *SetupTest) remedyError(said string) {
	if meansID.MatchString(strings.ReplaceAll(said, "_", "-")) {
		t.remedy("errors.cancelled", append(slices.Clone(t.u.config.Errors.Cancelled), said), fmt.Sprintf("the broker sends %s when somebody cancels", said))
	}
}
