package broker

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/secret"
	"avain/internal/testkit/brokersim"
	lo "avain/internal/testkit/loopback"

	"github.com/go-jose/go-jose/v4"
)

// against is a registry that faces the simulator, which shares no code with this
// package and refuses what a real broker would refuse.
type against struct {
	*testing.T
	sim      *brokersim.Sim
	registry *Registry
	clock    *clock
	browser  *http.Client
}

func newAgainst(t *testing.T, dialect brokersim.Dialect, change func(*Config), simulator ...func(*brokersim.Config)) *against {
	t.Helper()
	a := &against{T: t, clock: newClock(), browser: lo.Client(t)}
	server := httptest.NewUnstartedServer(nil)
	setting := brokersim.Config{
		BaseURL: "http://" + server.Listener.Addr().String(), Dialect: dialect, AutoApprove: 1, Now: a.clock.Now,
		Keys: brokersim.Keys{Entity: brokerEntity(), Current: brokerSigning(), Next: brokerNext()},
	}
	for _, change := range simulator {
		change(&setting)
	}
	sim, err := brokersim.New(setting)
	if err != nil {
		t.Fatal(err)
	}
	a.sim = sim
	server.Config.Handler = sim
	server.Start()
	t.Cleanup(server.Close)

	config := a.config(dialect, setting.BaseURL)
	if change != nil {
		change(&config)
	}
	a.registry = newRegistry(t, &world{t: t, clock: a.clock}, config)
	a.register(dialect)
	return a
}

// config is what an operator writes for the simulated broker. The simulated banks are
// invented: their ids stand where the presets know the real ones.
func (a *against) config(dialect brokersim.Dialect, base string) Config {
	a.Helper()
	config := baseConfig(a, Preset(dialect), base)
	config.BrokerKeys.EntityKeysFile = ""
	if dialect == brokersim.OP || dialect == brokersim.Telia {
		config.BrokerKeys.EntityStatementFile = writeFile(a, "statement.jwt", []byte(a.sim.EntityStatement()))
		config.BrokerKeys.StatementFingerprints = []string{a.sim.StatementFingerprint()}
	}
	for i, bank := range []brokersim.Bank{simBank("metsa"), simBank("koivu"), simBank("mobile")} {
		switch means := &config.Means[i]; dialect {
		case brokersim.OP:
			means.Value = bank.FTNIdpID()
		case brokersim.Telia:
			means.Value = bank.Method()
		case brokersim.Idura:
			means.Reported = []string{bank.Method()}
		case brokersim.Signicat:
			means.Reported = []string{bank.FTNIdpID()}
		}
	}
	return config
}

// dialects are those that the simulator speaks.
func dialects() []brokersim.Dialect {
	return []brokersim.Dialect{brokersim.OP, brokersim.Telia, brokersim.Idura, brokersim.Signicat}
}

func simBank(id string) brokersim.Bank {
	for _, bank := range brokersim.Banks() {
		if bank.ID == id {
			return bank
		}
	}
	return brokersim.Bank{}
}

// register hands the simulator what an operator would: our entity key, and where our
// signed JWKS is.
func (a *against) register(dialect brokersim.Dialect) {
	a.Helper()
	site := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		raw, err := a.registry.SignedJWKS("brk")
		if err != nil {
			http.Error(rw, "no", http.StatusInternalServerError)
			return
		}
		_, _ = rw.Write(raw)
	}))
	a.Cleanup(site.Close)
	client := brokersim.Client{
		ID: "client-1", Names: map[string]string{"fi": "Smartum"}, RedirectURIs: []string{callbackURL("brk")},
		Keys: brokersim.ClientKeys{
			SignedJWKSURL: site.URL, EntityID: "https://login.example",
			EntityKey: jose.JSONWebKey{Key: testEntity().Public(), KeyID: "our-entity", Algorithm: "RS256"},
		},
	}
	if dialect == brokersim.Idura || dialect == brokersim.Signicat { // uploaded in a dashboard
		client.Keys = brokersim.ClientKeys{JWKS: &jose.JSONWebKeySet{}}
		if err := json.Unmarshal(mustBytes(a, a.registry.JWKS, "brk"), client.Keys.JWKS); err != nil {
			a.Fatal(err)
		}
	}
	if dialect == brokersim.OP {
		client.ServiceNames = []string{"Smartum", "Smartum sv"}
	}
	if err := a.sim.Register(client); err != nil {
		a.Fatal(err)
	}
}

// login goes to the simulator and back. The simulator approves by itself.
func (a *against) login() (login.Identity, error) {
	a.Helper()
	start := Start{Means: "metsa", State: secret.New(), Nonce: secret.New(), Verifier: secret.New(), Locale: "sv"}
	began := a.clock.Now()
	redirect, err := a.registry.Begin(context.Background(), start)
	if err != nil {
		return login.Identity{}, err
	}
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, redirect.URL, nil)
	if err != nil {
		a.Fatal(err)
	}
	response, err := a.browser.Do(request)
	if err != nil {
		a.Fatal(err)
	}
	if err := response.Body.Close(); err != nil {
		a.Fatal(err)
	}
	back, err := url.Parse(response.Header.Get("Location"))
	if err != nil || back.Host != "login.example" {
		a.Fatalf("status %d, to %q: %+v", response.StatusCode, back, a.sim.Requests())
	}
	a.clock.advance(5 * time.Second)
	return a.registry.Finish(context.Background(), Return{
		Broker: redirect.Broker, Means: start.Means, Query: back.Query(), State: start.State, Nonce: start.Nonce,
		Verifier: start.Verifier, StartedAt: began,
	})
}

func TestAgainstTheSimulator(t *testing.T) {
	t.Parallel()
	for _, dialect := range dialects() {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			a := newAgainst(t, dialect, nil)
			person := brokersim.GeneratedPerson(0)
			for range 2 {
				got, err := a.login()
				if err != nil {
					t.Fatalf("%v; the simulator saw %+v", err, a.sim.Requests())
				}
				// Idura and Signicat are told no bank: who approves there takes the first one.
				chosenThere := dialect == brokersim.Idura || dialect == brokersim.Signicat
				if got.HETU != person.HETU || got.Name == "" || (got.Means != "metsa" && !chosenThere) {
					t.Errorf("identity is %+v, want %+v", got, person)
				}
			}
			if err := a.sim.Rotate(); err != nil { // as OP does every week
				t.Fatal(err)
			}
			if _, err := a.login(); err != nil {
				t.Errorf("after a rotation: %v", err)
			}
			for _, r := range a.sim.Requests() {
				if r.Endpoint == brokersim.CalledStatement {
					t.Error("the entity statement was fetched by program, which OP forbids")
				}
				if r.Reason != "" {
					t.Errorf("the simulator refused: %+v", r)
				}
			}
			offer := a.registry.Offer(context.Background(), "fi")
			if len(offer.Means) < 3 || !offer.Means[0].Available {
				t.Errorf("offer is %+v", offer)
			}
		})
	}
}

// Row 2 and 21, with a liar that we did not write: each toggle, its reason, nobody
// logged in.
func TestThreat02SimulatorMisbehaves(t *testing.T) {
	t.Parallel()
	response := login.ReasonBrokerResponse
	for _, c := range []struct {
		toggle brokersim.Toggle
		reason login.Reason
		detail string // TIME, LEVEL and HETU stand for the dialect's claims
	}{
		{brokersim.PlaintextToken, login.ReasonBrokerUnencrypted, "id_token.plaintext"},
		{brokersim.UnsignedToken, response, "id_token.signature_algorithm"},
		{brokersim.WeakEncryption, response, "id_token.encryption"},
		{brokersim.WrongKid, response, "id_token.unknown_key"},
		{brokersim.WrongSignature, response, "id_token.signature"},
		{brokersim.WrongNonce, response, "id_token.nonce"},
		{brokersim.MissingNonce, login.ReasonBrokerClaimMissing, "id_token.missing:nonce"},
		{brokersim.WrongAud, response, "id_token.aud"},
		{brokersim.WrongIss, response, "id_token.iss"},
		{brokersim.WrongACR, login.ReasonIdentificationWeak, "id_token.LEVELWORD"},
		{brokersim.MissingLevel, login.ReasonBrokerClaimMissing, "id_token.missing:LEVEL"},
		{brokersim.MissingAuthTime, login.ReasonBrokerClaimMissing, "id_token.missing:TIME"},
		{brokersim.SingleSignOn, login.ReasonIdentificationStale, "id_token.auth_time_stale"},
		{brokersim.StaleAuthTime, login.ReasonIdentificationStale, "id_token.auth_time_stale"},
		{brokersim.ExpiredToken, response, "id_token.exp"},
		{brokersim.MissingHETU, login.ReasonBrokerClaimMissing, "id_token.missing:HETU"},
		{brokersim.InvalidHETU, login.ReasonIdentityIncomplete, "id_token.hetu"},
		{brokersim.WrongState, response, "callback.state"},
		{brokersim.MissingCode, response, "callback.code"},
		{brokersim.ReusedCode, login.ReasonBrokerError, "token.http_400"},
		{brokersim.ExpiredSignedJWKS, login.ReasonBrokerError, "jwks.expired"},
		{brokersim.WrongEntitySignature, login.ReasonBrokerError, "jwks.signature"},
		{brokersim.StatementAsJWKS, login.ReasonBrokerError, "jwks.type"},
		{brokersim.TokenDown, login.ReasonBrokerError, "token.http_503"},
	} {
		for _, dialect := range dialects() {
			signed := dialect == brokersim.OP || dialect == brokersim.Telia
			if slices.Contains([]brokersim.Toggle{brokersim.ExpiredSignedJWKS, brokersim.WrongEntitySignature, brokersim.StatementAsJWKS}, c.toggle) && !signed {
				continue // these brokers' keys are protected by TLS alone
			}
			t.Run(string(c.toggle)+"/"+string(dialect), func(t *testing.T) {
				t.Parallel()
				a := newAgainst(t, dialect, nil)
				if err := a.sim.Misbehave(c.toggle); err != nil {
					t.Fatal(err)
				}
				_, err := a.login()
				mustFail(t, err, c.reason, a.word(c.detail))
				if err := a.sim.Behave(); err != nil {
					t.Fatal(err)
				}
				a.clock.advance(time.Minute)
				if _, err := a.login(); err != nil {
					t.Errorf("after it behaves again: %v", err)
				}
			})
		}
	}
}

// word writes the dialect's claims into a failure word.
func (a *against) word(detail string) string {
	config := a.registry.brokers[0].config
	level := "level"
	if config.Claims.Level == claimACR {
		level = "acr"
	}
	return strings.NewReplacer("LEVELWORD", level, "LEVEL", config.Claims.Level, "TIME", config.Claims.AuthTime,
		"HETU", config.Claims.HETU).Replace(detail)
}

// At the broker a person may choose another bank, or one that nobody has configured: what
// the broker reports is recorded, and never the choice. OP reports none, and lets nobody
// choose again.
func TestTheSimulatorReportsAnotherBank(t *testing.T) {
	t.Parallel()
	for _, dialect := range dialects() {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			a := newAgainst(t, dialect, nil)
			for toggle, right := range map[brokersim.Toggle]func(means string) bool{
				brokersim.OtherBank:     func(means string) bool { return (means != "metsa") != (dialect == brokersim.OP) },
				brokersim.UnknownMethod: func(means string) bool { return (means == login.MeansUnknown) != (dialect == brokersim.OP) },
			} {
				if err := a.sim.Misbehave(toggle); err != nil {
					t.Fatal(err)
				}
				got, err := a.login()
				if err != nil || !right(got.Means) {
					t.Errorf("%s: recorded %q, %v", toggle, got.Means, err)
				}
				if err := a.sim.Behave(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// What a broker answers in production, and what our production makes of a test: a test
// level, a test bank's method, or Signicat's mark of a sandbox.
func TestTheSimulatorsProduction(t *testing.T) {
	t.Parallel()
	for _, dialect := range dialects() {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			a := newAgainst(t, dialect, func(c *Config) {
				c.Method.Prefixes = nil // the preset's
			}, func(c *brokersim.Config) { c.Production = true })
			a.registry.brokers[0].config.Production = true // plain http keeps the whole configuration from being one of production
			if _, err := a.login(); err != nil {
				t.Fatalf("production: %v", err)
			}
			if err := a.sim.Misbehave(brokersim.TestACR); err != nil {
				t.Fatal(err)
			}
			_, err := a.login()
			if got := fault.AsError(err); got == nil || got.Reason != login.ReasonBrokerNotInOperation {
				t.Errorf("a test in production: %v", err)
			}
		})
	}
}

// OP's sandbox always has a notice, and replaces a name that was not agreed: neither
// keeps anybody out.
func TestOPsSandbox(t *testing.T) {
	t.Parallel()
	a := newAgainst(t, brokersim.OP, func(c *Config) {
		c.Request.ServiceName = map[string]string{"fi": "Not agreed"}
	}, func(c *brokersim.Config) { c.Sandbox = true })
	if _, err := a.login(); err != nil {
		t.Fatal(err)
	}
	offer := a.registry.Offer(context.Background(), "fi")
	if len(offer.Brokers) != 1 || offer.Brokers[0].Disturbance.Text == "" {
		t.Errorf("no notice: %+v", offer.Brokers)
	}
}

// Signicat's dashboard: what a login says when the user data is not "All".
func TestSignicatsUserData(t *testing.T) {
	t.Parallel()
	for data, detail := range map[brokersim.UserData]string{
		brokersim.UserDataAll: "", brokersim.UserDataStandard: "id_token.missing:ftn_hetu", brokersim.UserDataMinimal: "id_token.missing:ftn_hetu",
	} {
		a := newAgainst(t, brokersim.Signicat, nil, func(c *brokersim.Config) { c.UserData = data })
		_, err := a.login()
		if detail == "" {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		mustFail(t, err, login.ReasonBrokerClaimMissing, detail)
	}
}

// Idura and Signicat take pushed requests as well.
func TestTheSimulatorTakesPushedRequests(t *testing.T) {
	t.Parallel()
	for _, dialect := range []brokersim.Dialect{brokersim.Idura, brokersim.Signicat} {
		a := newAgainst(t, dialect, func(c *Config) { c.Request.Transport = TransportPAR })
		if _, err := a.login(); err != nil {
			t.Errorf("%s: %v; the simulator saw %+v", dialect, err, a.sim.Requests())
		}
	}
}

// What looks odd and is legitimate must pass.
func TestSimulatorsHarmlessOddities(t *testing.T) {
	t.Parallel()
	for _, toggle := range []brokersim.Toggle{
		brokersim.MissingSplitNames, brokersim.WrongEncryptionKid, brokersim.RotatedSignedJWKS, brokersim.Disturbance, brokersim.HostileTexts,
	} {
		t.Run(string(toggle), func(t *testing.T) {
			t.Parallel()
			a := newAgainst(t, brokersim.OP, nil)
			if _, err := a.login(); err != nil {
				t.Fatal(err)
			}
			if err := a.sim.Misbehave(toggle); err != nil {
				t.Fatal(err)
			}
			identity, err := a.login()
			if err != nil || identity.Name == "" {
				t.Errorf("%v, name %q", err, identity.Name)
			}
			for _, info := range a.registry.Offer(context.Background(), "fi").Brokers {
				if containsText(info.Disturbance.Text+info.Texts.Consent, "<script") {
					t.Errorf("markup: %+v", info)
				}
			}
		})
	}
}
