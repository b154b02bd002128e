package broker

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/secret"
)

func TestLoginProvesTheIdentity(t *testing.T) {
	t.Parallel()
	for _, preset := range presets() {
		t.Run(name(preset), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, preset, nil)
			got, err := w.login("metsa")
			if err != nil {
				t.Fatal(err)
			}
			if got.HETU.Reveal() != testHETU {
				t.Error("wrong identity code")
			}
			prefix := append(w.config.Method.Prefixes, "")[0]
			amr := map[Preset][]string{
				PresetTelia: {prefix + "oidc.metsa.1"}, PresetIdura: {teliaTestMethodURL + "oidc.metsa.1"},
				PresetSignicat: {"fi-metsa"}, PresetINGroupe: {"metsa"},
			}[preset]
			level := map[Preset]string{
				PresetOP: loaTestSubstantial, PresetTelia: loaTestSubstantial, PresetIdura: iduraBank,
				PresetSignicat: "ftn", PresetINGroupe: inGroupeHigh,
			}[preset]
			want := login.Identity{
				HETU: got.HETU, GivenName: "Matti Matias", FamilyName: "von Möttönen", Name: "Matti Matias von Möttönen",
				Broker: "brk", Means: "metsa", ACR: level, AMR: amr, AuthTime: w.clock.Now(),
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("identity is %+v, want %+v", got, want)
			}
		})
	}
}

func TestIdentityVariants(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		preset Preset
		claims map[string]any // nil value: removed
		check  func(login.Identity) bool
	}{
		{
			"OP: split names missing", PresetOP,
			map[string]any{"given_name": nil, "family_name": nil},
			func(i login.Identity) bool {
				return i.Name == "von Möttönen Matti Matias" && i.GivenName == "" && i.FamilyName == ""
			},
		},
		{
			"only a family name", PresetOP,
			map[string]any{"given_name": nil, "name": nil},
			func(i login.Identity) bool { return i.Name == "von Möttönen" },
		},
		{
			"a name that turns the line around", PresetOP,
			map[string]any{"given_name": "Mat\u202eti\x00\n ", "family_name": "  A \t B "},
			func(i login.Identity) bool { return i.Name == "Matti A B" },
		},
		{
			"an endless name", PresetOP,
			map[string]any{"given_name": strings.Repeat("ä", 5000)},
			func(i login.Identity) bool { return len([]rune(i.GivenName)) == 200 },
		},
		{
			"Telia: person switched to another bank", PresetTelia,
			map[string]any{"amr": []string{"x", "PREFIXoidc.koivu.1"}},
			func(i login.Identity) bool { return i.Means == "koivu" },
		},
		{
			"Telia: unknown method", PresetTelia,
			map[string]any{"amr": []string{"PREFIXoidc.other.1"}},
			func(i login.Identity) bool { return i.Means == login.MeansUnknown && len(i.AMR) == 1 },
		},
		{
			"Telia: method not a string", PresetTelia,
			map[string]any{"amr": []any{7, nil}},
			func(i login.Identity) bool { return i.Means == login.MeansUnknown && i.AMR == nil },
		},
		{
			"Telia: audience among others, issued to us", PresetTelia,
			map[string]any{"aud": []string{"other", "client-1"}},
			func(i login.Identity) bool { return i.Broker == "brk" },
		},
		{
			"1900s separator kept", PresetOP,
			map[string]any{"personal_identity_code": "100190Y999P"},
			func(i login.Identity) bool { return i.HETU.Reveal() == "100190Y999P" },
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, c.preset, nil)
			w.lie(w.setting(c.claims), nil)
			got, err := w.login("metsa")
			if err != nil {
				t.Fatal(err)
			}
			if !c.check(got) {
				t.Errorf("identity is %+v", got)
			}
		})
	}
}

// setting changes claims; PREFIX stands for the method prefix, nil removes.
func (w *world) setting(changes map[string]any) func(map[string]any) {
	return func(claims map[string]any) {
		for name, value := range changes {
			if list, ok := value.([]string); ok {
				list = slices.Clone(list)
				for i := range list {
					list[i] = strings.Replace(list[i], "PREFIX", w.config.Method.Prefixes[0], 1)
				}
				value = list
			}
			if value == nil {
				delete(claims, name)
				continue
			}
			claims[name] = value
		}
	}
}

// Row 2: every claim of an id_token, changed, at every broker, is refused with its own
// word. HETU and acr stand for whatever the dialect calls them.
func TestThreat02ClaimMutations(t *testing.T) {
	t.Parallel()
	for _, preset := range presets() {
		t.Run(name(preset), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, preset, nil)
			for _, c := range mutations(w) {
				w.lie(c.mutate, nil)
				_, err := w.login("metsa")
				t.Log(c.name)
				mustFail(t, err, c.reason, c.detail)
			}
			w.lie(nil, nil)
			if _, err := w.login("metsa"); err != nil {
				t.Fatalf("the unchanged token: %v", err)
			}
		})
	}
}

type mutation struct {
	name   string
	mutate func(map[string]any)
	reason login.Reason
	detail string
}

func mutations(w *world) []mutation {
	now := w.clock.Now().Unix()
	set := func(claim string, value any) func(map[string]any) {
		return func(c map[string]any) { c[claim] = value }
	}
	drop := func(claim string) func(map[string]any) { return func(c map[string]any) { delete(c, claim) } }
	response, lacks := login.ReasonBrokerResponse, login.ReasonBrokerClaimMissing
	incomplete := login.ReasonIdentityIncomplete
	hetu := w.config.Claims.HETU
	return append([]mutation{
		{"iss missing", drop("iss"), lacks, "id_token.missing:iss"},
		{"iss of another broker", set("iss", "https://evil.example"), response, "id_token.iss"},
		{"iss with a slash", set("iss", w.config.Issuer+"/"), response, "id_token.iss"},
		{"iss not a string", set("iss", []string{w.config.Issuer}), response, "id_token.iss"},
		{"aud missing", drop("aud"), lacks, "id_token.missing:aud"},
		{"aud of another client", set("aud", "client-2"), response, "id_token.aud"},
		{"aud empty array", set("aud", []string{}), response, "id_token.aud"},
		{"aud of mixed types", set("aud", []any{"client-1", 1}), response, "id_token.aud"},
		{"several aud, no azp", func(c map[string]any) { c["aud"] = []string{"client-1", "x"}; delete(c, "azp") }, response, "id_token.azp"},
		{"azp of another client", set("azp", "client-2"), response, "id_token.azp"},
		{"azp not a string", set("azp", 1), response, "id_token.azp"},
		{"exp missing", drop("exp"), lacks, "id_token.missing:exp"},
		{"exp past", set("exp", now-31), response, "id_token.exp"},
		{"exp not a number", set("exp", "2099"), response, "id_token.exp"},
		{"exp beyond all time", set("exp", 1e300), response, "id_token.exp"},
		{"nbf ahead", set("nbf", now+60), response, "id_token.nbf"},
		{"nbf a text", set("nbf", "2099"), response, "id_token.nbf"},
		{"nbf beyond all time", set("nbf", 1e12), response, "id_token.nbf"},
		{"iat missing", drop("iat"), lacks, "id_token.missing:iat"},
		{"iat ahead", set("iat", now+60), response, "id_token.iat"},
		{"iat before the start", set("iat", now-60), response, "id_token.iat"},
		{"iat negative", set("iat", -now), response, "id_token.iat"},
		{"nonce missing", drop("nonce"), lacks, "id_token.missing:nonce"},
		{"nonce empty", set("nonce", ""), lacks, "id_token.missing:nonce"},
		{"nonce of another login", set("nonce", secret.New().Reveal()), response, "id_token.nonce"},
		{"nonce cut", func(c map[string]any) { c["nonce"] = fmt.Sprint(c["nonce"])[:42] }, response, "id_token.nonce"},
		{"sub missing", drop("sub"), lacks, "id_token.missing:sub"},
		{"sub null", set("sub", nil), lacks, "id_token.missing:sub"},
		{"sub endless", set("sub", strings.Repeat("x", 256)), response, "id_token.sub"},
		{"identity code missing", drop(hetu), lacks, "id_token.missing:" + hetu},
		{"identity code empty", set(hetu, ""), lacks, "id_token.missing:" + hetu},
		{"identity code a number", set(hetu, 100190999), incomplete, "id_token.hetu"},
		{"identity code with a wrong check", set(hetu, "100190-999X"), incomplete, "id_token.hetu"},
		{"identity code with a space", set(hetu, "100190-999P "), incomplete, "id_token.hetu"},
		{"no name at all", func(c map[string]any) {
			delete(c, w.config.Claims.GivenName)
			delete(c, w.config.Claims.FamilyName)
			c[w.config.Claims.Name] = "\u202e \x00"
		}, lacks, "id_token.missing:" + w.config.Claims.FamilyName},
	}, proofMutations(w)...)
}

// proofMutations change what says how well, and when, the person proved who they are.
func proofMutations(w *world) []mutation {
	now := w.clock.Now()
	set := func(claim string, value any) func(map[string]any) {
		return func(c map[string]any) { c[claim] = value }
	}
	drop := func(claim string) func(map[string]any) { return func(c map[string]any) { delete(c, claim) } }
	response, lacks, weak := login.ReasonBrokerResponse, login.ReasonBrokerClaimMissing, login.ReasonIdentificationWeak
	level, at := w.config.Claims.Level, w.config.Claims.AuthTime
	word := "id_token.level"
	if level == claimACR {
		word = "id_token.acr"
	}
	stated := func(t time.Time) any { // the time as this broker writes it
		if w.config.Preset == PresetIdura {
			return t.UTC().Format("2006-01-02T15:04:05.000Z")
		}
		return t.Unix()
	}
	return []mutation{
		{"level missing", drop(level), lacks, "id_token.missing:" + level},
		{"level weak", set(level, "http://ftn.ficora.fi/2017/loa1"), weak, word},
		{"level of another kind", set(level, "urn:grn:authn:se:bankid"), weak, word},
		{"level a list", set(level, []string{loaTestSubstantial}), weak, word},
		{"acr beside it weak", set("acr", "http://ftn.ficora.fi/2017/loa1"), weak, "id_token.acr"},
		{"acr beside it not a string", set("acr", 2), weak, "id_token.acr"},
		{"time missing", drop(at), lacks, "id_token.missing:" + at},
		{"time before the start", set(at, stated(now.Add(-time.Minute))), login.ReasonIdentificationStale, "id_token.auth_time_stale"},
		{"time a year ago", set(at, stated(now.AddDate(-1, 0, 0))), login.ReasonIdentificationStale, "id_token.auth_time_stale"},
		{"time ahead", set(at, stated(now.Add(time.Minute))), response, "id_token.auth_time"},
		{"time a word", set(at, "now"), response, "id_token.auth_time"},
		{"time without a zone", set(at, now.Format("2006-01-02T15:04:05")), response, "id_token.auth_time"},
		{"time a list", set(at, []any{now.Unix()}), response, "id_token.auth_time"},
		{"time zero", set(at, 0), response, "id_token.auth_time"},
	}
}

// The person needs minutes at the bank: auth_time lies between start and return.
func TestAuthTimeBetweenStartAndReturn(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetTelia, nil)
	j := w.mustBegin("metsa")
	w.clock.advance(4 * time.Minute)
	chosen := w.clock.Now()
	w.lie(func(c map[string]any) { c["auth_time"] = chosen.Unix() }, nil)
	w.clock.advance(20 * time.Second)
	got, err := w.registry.Finish(context.Background(), j.back())
	if err != nil || !got.AuthTime.Equal(chosen) {
		t.Fatalf("%v, auth_time %v, want %v", err, got.AuthTime, chosen)
	}
}

func TestTestModesAreRefusedInProduction(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetTelia, nil)
	u := w.registry.brokers[0]
	u.config.Production = true // plain http keeps the whole configuration from being one of production
	_, err := w.login("metsa")
	mustFail(t, err, login.ReasonBrokerNotInOperation, "id_token.acr_test")
	u.config.Production = false

	// What comes from a test bank has the same level as what comes from a real one.
	for _, c := range []struct {
		preset Preset
		claims map[string]any
	}{
		{PresetIdura, nil},
		{PresetIdura, map[string]any{"authenticationmethod": "HTTPS://TUNNISTUS-PP.telia.fi/uas/saml2/names/ac/oidc.aktia.1"}},
		{PresetIdura, map[string]any{"authenticationmethod": []any{teliaTestMethodURL + "oidc.aktia.1", 1}}},
		{PresetIdura, map[string]any{"authenticationmethod": "https://tunnistus-te.telia.fi/uas/saml2/names/ac/oidc.aktia.1"}},
		{PresetSignicat, map[string]any{"sandbox": true}},
		{PresetSignicat, map[string]any{"sandbox": "true"}},
		{PresetSignicat, map[string]any{"sandbox": 1}},
		{PresetTelia, map[string]any{"acr": loaSubstantial, "amr": []string{"PREFIXmpki.telia.emulator.1"}}},
	} {
		preset := c.preset
		w := newWorld(t, preset, nil)
		w.lie(w.setting(c.claims), nil)
		if _, err := w.login("metsa"); err != nil {
			t.Errorf("%s: a test bank, in a test environment: %v", preset, err)
		}
		w.registry.brokers[0].config.Production = true
		_, err := w.login("metsa")
		mustFail(t, err, login.ReasonBrokerNotInOperation, "id_token.method_test")
	}

	production := newWorld(t, PresetOP, func(c *Config) { c.HETU = HETUProduction })
	_, err = production.login("metsa")
	mustFail(t, err, login.ReasonBrokerNotInOperation, "id_token.hetu_artificial")

	lenient := newWorld(t, PresetOP, func(c *Config) { c.HETU = HETULenient })
	lenient.lie(lenient.setting(map[string]any{"personal_identity_code": "010100A001N"}), nil)
	if _, err := lenient.login("metsa"); err != nil {
		t.Errorf("lenient: %v", err)
	}
}

// Without a method claim, and with the choice left to the broker, nobody knows the bank.
func TestNoMethodAndNoPreselectionIsUnknown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetOP, func(c *Config) { c.Request.Preselect = PreselectNone })
	if got, err := w.login("metsa"); err != nil || got.Means != login.MeansUnknown {
		t.Errorf("recorded %q, %v", got.Means, err)
	}
	// A bank that has no button here gets its id from the table of names.
	w = newWorld(t, PresetSignicat, func(c *Config) { c.Method.Names = map[string]string{"fi-nordea": "nordea"} })
	w.lie(func(c map[string]any) { c["ftn_idp"] = "fi-nordea" }, nil)
	if got, err := w.login("metsa"); err != nil || got.Means != "nordea" {
		t.Errorf("recorded %q, %v", got.Means, err)
	}
}

// Row 2: a callback that is not this journey's never reaches the token endpoint.
func TestThreat02Callback(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*Return)
		detail string
	}{
		{"no state", func(r *Return) { r.Query.Del("state") }, "callback.state"},
		{"state of another journey", func(r *Return) { r.Query.Set("state", secret.New().Reveal()) }, "callback.state"},
		{"we know no state", func(r *Return) { r.State = secret.Text{}; r.Query.Set("state", "") }, "callback.state"},
		{"two states", func(r *Return) { r.Query.Add("state", "x") }, "callback.duplicate"},
		{"two codes", func(r *Return) { r.Query.Add("code", "x") }, "callback.duplicate"},
		{"two errors", func(r *Return) { r.Query["error"] = []string{"cancel", "x"} }, "callback.duplicate"},
		{"iss of another broker", func(r *Return) { r.Query.Set("iss", "https://evil.example") }, "callback.iss"},
		{"iss empty", func(r *Return) { r.Query.Set("iss", "") }, "callback.iss"},
		{"no code", func(r *Return) { r.Query.Del("code") }, "callback.code"},
		{"code with a line break", func(r *Return) { r.Query.Set("code", "a\r\nb") }, "callback.code"},
		{"code too long", func(r *Return) { r.Query.Set("code", strings.Repeat("a", maxCode+1)) }, "callback.code"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, PresetOP, nil)
			back := w.mustBegin("metsa").back()
			c.change(&back)
			_, err := w.registry.Finish(context.Background(), back)
			mustFail(t, err, login.ReasonBrokerResponse, c.detail)
			if got := len(w.received("token")); got != 0 {
				t.Errorf("the code was redeemed %d times", got)
			}
		})
	}
}

func TestCallbackWithTheRightIssuerPasses(t *testing.T) {
	t.Parallel()
	w := newWorld(t, PresetTelia, nil)
	back := w.mustBegin("metsa").back()
	back.Query.Set("iss", w.config.Issuer)
	if _, err := w.registry.Finish(context.Background(), back); err != nil {
		t.Fatal(err)
	}
}

// Row 2: a token of one journey is of no use in another one, however often it is tried.
func TestThreat02ReplayedToken(t *testing.T) {
	t.Parallel()
	for _, preset := range presets() {
		w := newWorld(t, preset, nil)
		w.mustBegin("metsa")
		stolen := w.idToken()
		w.lie(nil, func(map[string]any) string { return stolen })
		for range 25 {
			_, err := w.login("metsa")
			mustFail(t, err, login.ReasonBrokerResponse, "id_token.nonce")
		}
	}
}
