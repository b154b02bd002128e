package brokersim

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Dialect is whose guide the simulator follows.
type Dialect string

// The dialects.
const (
	OP       Dialect = "op"
	Telia    Dialect = "telia"
	Idura    Dialect = "idura"
	Signicat Dialect = "signicat"
)

// Dialects lists them.
func Dialects() []Dialect { return []Dialect{OP, Telia, Idura, Signicat} }

// Config describes one simulated broker. Only BaseURL and Dialect are needed;
// without a Client every request is refused until [Sim.Register].
type Config struct {
	// BaseURL is where people and relying parties reach the simulator, such as
	// http://localhost:8082 or http://localhost:8082/op. With a path, mount the
	// simulator at that path without stripping it.
	BaseURL string
	Dialect Dialect
	Client  Client

	Production bool     // states production's level of assurance; else that of test environments
	Sandbox    bool     // OP: its public sandbox, whose list of banks always carries a notice
	Lenient    bool     // lets pass what sandboxes let pass: see [Leniencies]
	UserData   UserData // Signicat: what its dashboard says about id_tokens; default all

	People []Person // who can log in; default [People]
	Banks  []Bank   // where; default [Banks]
	Keys   Keys     // those left nil are generated if needed: about 50 ms each

	// AutoApprove > 0 answers every good authorization request at once, without pages:
	// the n-th one as GeneratedPerson(n mod AutoApprove). For load tests.
	AutoApprove int

	Timing Timing
	HTTP   *http.Client // fetches the relying party's keys; default: 20 s, no redirects
	Log    *slog.Logger // default: discard
	Now    func() time.Time
}

// Client is the relying party, as agreed with it out of band.
type Client struct {
	ID           string
	Names        map[string]string // shown to people, by language; "fi" is the fallback
	LegalName    string            // of the company: shown at OP when no agreed name is asked for; default a name
	ServiceNames []string          // agreed values of ftn_spname (OP)
	RedirectURIs []string          // matched exactly
	Keys         ClientKeys
}

// ClientKeys says where the relying party's public keys come from: exactly one of
// a signed JWKS verified against a pinned entity key, a plain JWKS URL, or a set
// that never changes.
type ClientKeys struct {
	SignedJWKSURL string
	EntityID      string          // "iss" and "sub" that the signed JWKS must have
	EntityKey     jose.JSONWebKey // the pin

	JWKSURL string
	JWKS    *jose.JSONWebKeySet
}

// Timing holds the durations that a demo or test may want to change.
type Timing struct {
	FirstPoll     time.Duration // Mobile Certificate: until the waiting page asks again; default 2 s (20 s in real life)
	Poll          time.Duration // and after that; default 1 s (5 s in real life)
	MobileTimeout time.Duration // until the phone counts as not answering; default 5 min
	Visit         time.Duration // until a person who does nothing has to start again; default 15 min
	Slow          time.Duration // what the toggle "slow" adds to an answer; default 15 s
}

func (c Config) withDefaults() Config {
	if c.People == nil {
		c.People = People()
	}
	if c.Banks == nil {
		c.Banks = Banks()
	}
	if c.HTTP == nil {
		c.HTTP = &http.Client{
			// A busy machine is no broken relying party; and the common transport is emptied by
			// every test server that closes.
			Timeout:   20 * time.Second,
			Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, IdleConnTimeout: time.Minute},
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return errors.New("keys are not fetched through redirects")
			},
		}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.UserData == "" {
		c.UserData = UserDataAll
	}
	for _, d := range []struct {
		field  *time.Duration
		normal time.Duration
	}{
		{&c.Timing.FirstPoll, 2 * time.Second},
		{&c.Timing.Poll, time.Second},
		{&c.Timing.MobileTimeout, 5 * time.Minute},
		{&c.Timing.Visit, 15 * time.Minute},
		{&c.Timing.Slow, 15 * time.Second},
	} {
		if *d.field == 0 {
			*d.field = d.normal
		}
	}
	return c
}

func (c Config) check() error {
	base, err := url.Parse(c.BaseURL)
	switch {
	case err != nil || (base.Scheme != "http" && base.Scheme != "https") || base.Host == "":
		return fmt.Errorf("base URL %q: want http(s)://host[/path]", c.BaseURL)
	case base.RawQuery != "" || base.Fragment != "" || base.User != nil || strings.HasSuffix(c.BaseURL, "/"):
		return fmt.Errorf("base URL %q: no query, fragment, user or trailing slash", c.BaseURL)
	case !slices.Contains(Dialects(), c.Dialect):
		return fmt.Errorf("dialect %q: want one of %q", c.Dialect, Dialects())
	case c.Sandbox && (c.Production || c.Dialect != OP):
		return errors.New("sandbox: only OP has one, and it is not production")
	case !slices.Contains([]UserData{UserDataAll, UserDataStandard, UserDataMinimal}, c.UserData):
		return fmt.Errorf("user data %q: want All, StandardScopes or Minimal", c.UserData)
	case c.AutoApprove < 0 || c.AutoApprove > MaxGenerated:
		return fmt.Errorf("auto-approve: want 0 to %d people", MaxGenerated)
	}
	for _, b := range c.Banks {
		if err := b.check(); err != nil {
			return err
		}
	}
	if c.Client.ID != "" {
		return c.Client.check()
	}
	return nil
}

func (c Client) check() error {
	if c.ID == "" || len(c.RedirectURIs) == 0 {
		return errors.New("client: id and redirect URIs are needed")
	}
	for _, raw := range c.RedirectURIs {
		if u, err := url.Parse(raw); err != nil || u.Scheme == "" || u.Fragment != "" {
			return fmt.Errorf("client: redirect URI %q: want an absolute URI without fragment", raw)
		}
	}
	sources := 0
	for _, set := range []bool{c.Keys.SignedJWKSURL != "", c.Keys.JWKSURL != "", c.Keys.JWKS != nil} {
		if set {
			sources++
		}
	}
	if sources != 1 {
		return errors.New("client: want exactly one of signed JWKS URL, JWKS URL and JWKS")
	}
	if c.Keys.SignedJWKSURL != "" && (c.Keys.EntityID == "" || !c.Keys.EntityKey.Valid()) {
		return errors.New("client: a signed JWKS needs the entity's id and key")
	}
	return nil
}

// name is what people read about the relying party.
func (c Client) name(lang string) string {
	for _, key := range []string{lang, "fi"} {
		if n := c.Names[key]; n != "" {
			return n
		}
	}
	return c.ID
}

func (c Client) legalName() string {
	if c.LegalName != "" {
		return c.LegalName
	}
	return c.name("fi")
}
