package broker

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"

	"pgregory.net/rapid"
)

// For every preset: whatever happens to any claim of a good id_token, it is refused with
// a reason of ours, or recorded as exactly what it says. Nobody is taken for another
// person, and no level, time or method is ever assumed.
func TestAnyClaimIsRefusedOrRecordedAsItIs(t *testing.T) {
	t.Parallel()
	for _, preset := range presets() {
		t.Run(name(preset), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, preset, nil)
			j := w.mustBegin("metsa")
			u, good := w.registry.brokers[0], w.claims()
			names := slices.Sorted(maps.Keys(good))
			names = append(names, "acr", "amr", "azp", "nbf", "sandbox", "unheard_of")
			refused, accepted := 0, 0
			rapid.Check(t, func(rt *rapid.T) {
				c := asClaims(t, good)
				for range rapid.IntRange(1, 3).Draw(rt, "changes") {
					change(rt, c, rapid.SampledFrom(names).Draw(rt, "claim"))
				}
				got, err := u.identify(c, j.back())
				if err != nil {
					failed, ok := err.(*fault.Error) //nolint:errorlint // the contract is the type itself
					if !ok || failed.Kind == fault.Internal || !slices.Contains(login.Reasons(), failed.Reason) || failed.Detail == "" {
						rt.Fatalf("refused with %v", err)
					}
					refused++
					return
				}
				accepted++
				recordedAsItIs(rt, w, c, got)
			})
			if refused == 0 || accepted == 0 {
				t.Errorf("%d refused, %d accepted: the changes prove nothing", refused, accepted)
			}
		})
	}
}

// asClaims is what a token with these claims reads as.
func asClaims(t *testing.T, values map[string]any) claims {
	t.Helper()
	raw, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	var c claims
	if err := json.Unmarshal(raw, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// change removes a claim, gives it another value or type, or makes it older or younger.
func change(rt *rapid.T, c claims, name string) {
	switch rapid.SampledFrom([]string{"remove", "null", "value", "type", "age"}).Draw(rt, "how") {
	case "remove":
		delete(c, name)
	case "null":
		c[name] = nil
	case "value":
		c[name] = rapid.SampledFrom([]string{
			"", " ", "x", testHETU, "100190Y999P", "010170-999R", loaTestSubstantial, loaTestHigh, "http://ftn.ficora.fi/2017/loa1",
			iduraBank, iduraMobile, "ftn", "sbid", inGroupeHigh, "urn:eident:cert:eidas:low", "metsa", "koivu", "fi-koivu", "fi-nobody",
			teliaTestMethodURL + "oidc.koivu.1", teliaTestMethodURL + "oidc.hightrust.id.1", teliaMethodURL + "oidc.aktia.1", "oidc.koivu.1",
			"2026-11-22T12:00:00Z", "2026-11-22T12:00:00", "client-2",
		}).Draw(rt, "value")
	case "type":
		c[name] = rapid.SampledFrom([]any{7.0, true, []any{}, []any{"x", 1.0}, map[string]any{"a": "b"}, -1.0, 1e300}).Draw(rt, "type")
	case "age":
		by := time.Duration(rapid.IntRange(-7200, 7200).Draw(rt, "seconds")) * time.Second
		switch v := c[name].(type) {
		case float64:
			c[name] = v + by.Seconds()
		case string:
			if at, err := time.Parse(time.RFC3339Nano, v); err == nil {
				c[name] = at.Add(by).Format(time.RFC3339Nano)
			}
		}
	}
}

// recordedAsItIs compares the identity with the claims, read here in another way than
// the package reads them.
func recordedAsItIs(rt *rapid.T, w *world, c claims, got login.Identity) {
	names, now := w.config.Claims, w.clock.Now()
	if got.HETU.Reveal() != c[names.HETU] {
		rt.Fatalf("another person than the claim says")
	}
	level := map[Preset]string{PresetIdura: "authenticationtype", PresetSignicat: "idp"}[w.config.Preset]
	accepted := w.config.Levels
	if level == "" {
		level, accepted = "acr", w.config.ACR
	}
	if got.ACR != c[level] || !slices.Contains(accepted, got.ACR) {
		rt.Fatalf("level %q of a token that says %v", got.ACR, c[level])
	}
	if acr := c["acr"]; acr != nil && !slices.Contains(w.config.ACR, fmt.Sprint(acr)) {
		rt.Fatalf("accepted beside acr %v", acr)
	}
	stated := fmt.Sprint(got.AuthTime.Unix())
	if w.config.Preset == PresetIdura {
		at, _ := time.Parse(time.RFC3339Nano, fmt.Sprint(c["authenticationinstant"]))
		if !at.Equal(got.AuthTime) {
			rt.Fatalf("authenticated at %s, the token says %v", got.AuthTime, c["authenticationinstant"])
		}
	} else if raw := c["auth_time"]; fmt.Sprintf("%.0f", raw) != stated && raw != "2026-11-22T12:00:00Z" {
		rt.Fatalf("authenticated at %s, the token says %v", stated, raw)
	}
	if age := now.Sub(got.AuthTime); age > 31*time.Second || age < -31*time.Second {
		rt.Fatalf("authenticated %s ago", age)
	}
	if want := w.reportedMeans(c); got.Means != want {
		rt.Fatalf("recorded %q, the token says %q", got.Means, want)
	}
	if got.Name == "" || c["iss"] != w.config.Issuer || c["nonce"] != w.nonce {
		rt.Fatalf("accepted: %v", c)
	}
}

// spoken are the words for a method that each broker's answers are tried with here.
var spoken = map[Preset]map[string]string{
	PresetTelia:    teliaWords,
	PresetIdura:    teliaWords,
	PresetSignicat: {"fi-metsa": "metsa", "fi-koivu": "koivu"},
	PresetINGroupe: {"metsa": "metsa", "koivu": "koivu"},
}

var teliaWords = map[string]string{
	"oidc.metsa.1": "metsa", "oidc.koivu.1": "koivu", "mpki.telia.1": "mobile", "oidc.hightrust.id.1": "hightrust", "oidc.aktia.1": "aktia",
}

// reportedMeans reads the method as a person would.
func (w *world) reportedMeans(c claims) string {
	claim := w.config.Method.Claim
	if claim == "" {
		return "metsa" // OP says nothing, and lets nobody choose again
	}
	all, _ := c[claim].([]any)
	if one, ok := c[claim].(string); ok {
		all = []any{one}
	}
	for _, method := range all {
		if _, ok := method.(string); !ok {
			return login.MeansUnknown
		}
	}
	for _, method := range all {
		text := fmt.Sprint(method)
		for _, prefix := range w.config.Method.Prefixes {
			text = strings.TrimPrefix(text, prefix)
		}
		if means, known := spoken[w.config.Preset][text]; known {
			return means
		}
	}
	return login.MeansUnknown
}
