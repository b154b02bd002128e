package brokersim

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
)

// Toggle is one way of misbehaving.
type Toggle string

// The toggles. Their descriptions stand in [Toggles].
const (
	PlaintextToken       Toggle = "plaintext-token"
	UnsignedToken        Toggle = "unsigned-token"
	WeakEncryption       Toggle = "weak-encryption"
	WrongEncryptionKid   Toggle = "wrong-encryption-kid"
	WrongKid             Toggle = "wrong-kid"
	WrongSignature       Toggle = "wrong-signature"
	WrongNonce           Toggle = "wrong-nonce"
	MissingNonce         Toggle = "missing-nonce"
	WrongAud             Toggle = "wrong-aud"
	WrongIss             Toggle = "wrong-iss"
	WrongACR             Toggle = "wrong-acr"
	TestACR              Toggle = "test-acr"
	MissingLevel         Toggle = "missing-level"
	StaleAuthTime        Toggle = "stale-auth-time"
	MissingAuthTime      Toggle = "missing-auth-time"
	SingleSignOn         Toggle = "single-sign-on"
	OtherBank            Toggle = "other-bank"
	UnknownMethod        Toggle = "unknown-method"
	ExpiredToken         Toggle = "expired-token"
	MissingSplitNames    Toggle = "missing-split-names"
	MissingHETU          Toggle = "missing-hetu"
	InvalidHETU          Toggle = "invalid-hetu"
	WrongState           Toggle = "wrong-state"
	MissingCode          Toggle = "missing-code"
	ReusedCode           Toggle = "reused-code"
	ReusedJTI            Toggle = "reused-jti"
	ExpiredSignedJWKS    Toggle = "expired-signed-jwks"
	RotatedSignedJWKS    Toggle = "rotated-signed-jwks"
	WrongEntitySignature Toggle = "wrong-entity-signature"
	StatementAsJWKS      Toggle = "statement-as-jwks"
	CancelAtSelector     Toggle = "cancel-at-selector"
	CancelAtBank         Toggle = "cancel-at-bank"
	MobileTimeout        Toggle = "mobile-timeout"
	NoReturnPage         Toggle = "no-return-page"
	IdentificationError  Toggle = "identification-error"
	ServerError          Toggle = "server-error"
	Disturbance          Toggle = "disturbance"
	HostileTexts         Toggle = "hostile-texts"
	DuplicateNames       Toggle = "duplicate-names"
	TokenDown            Toggle = "token-down"
	Slow                 Toggle = "slow"
	Down                 Toggle = "down"
	Drop                 Toggle = "drop"
)

// ToggleInfo describes a toggle.
type ToggleInfo struct {
	Name        Toggle
	Description string // English, one line; what follows "Invented:" no published source proves
}

// Toggles lists every toggle in the order of a login.
func Toggles() []ToggleInfo {
	return []ToggleInfo{
		{Disturbance, "the list of banks (OP) or the outage text (Telia) carries a disturbance notice"},
		{HostileTexts, "every text of the list of banks or outage text contains HTML, script and line breaks"},
		{DuplicateNames, "OP: two entries of the list of banks have the same name"},
		{NoReturnPage, "the authorization request ends on an error page without a way back"},
		{ServerError, "the authorization request comes back with an error. Invented: that it is server_error"},
		{SingleSignOn, "the person comes back at once from an older session, even when a fresh login was asked for"},
		{OtherBank, "the person ends up at another bank than the one that was chosen"},
		{CancelAtSelector, "the person cancels on the bank selection page"},
		{CancelAtBank, "the person cancels at the bank, after the user id or number"},
		{MobileTimeout, "the phone with the Mobile Certificate never answers: 208. Invented: that this comes back as access_denied with \"mobile certificate: 208 timeout\""},
		{IdentificationError, "identification fails on an error page with a link back. Invented: that the link carries access_denied"},
		{WrongState, "the person comes back with another state"},
		{MissingCode, "the person comes back with neither code nor error"},
		{ReusedCode, "the code that comes back has been exchanged already"},
		{ReusedJTI, "every jti counts as used: request objects and client assertions are refused"},
		{PlaintextToken, "the id_token is signed but not encrypted"},
		{UnsignedToken, "the id_token is encrypted but its inner JWT has alg none"},
		{WeakEncryption, "the id_token is encrypted with RSA1_5"},
		{WrongEncryptionKid, "the id_token is encrypted to a kid that the relying party never published"},
		{WrongKid, "the id_token is signed under a kid that is not in the broker's JWKS"},
		{WrongSignature, "the id_token is signed by a stranger's key under the right kid"},
		{WrongNonce, "the id_token holds another nonce"},
		{MissingNonce, "the id_token holds no nonce"},
		{WrongAud, "the id_token is for another client"},
		{WrongIss, "the id_token is from another issuer"},
		{WrongACR, "the id_token states a level (OP, Telia: acr), type (Idura: authenticationtype) or network (Signicat: idp) that nobody accepts"},
		{TestACR, "the id_token says that it is a test: loatest2 (OP, Telia), Telia's test host (Idura), sandbox (Signicat). Invented: the last"},
		{MissingLevel, "the id_token says nothing of it: no acr, authenticationtype or idp"},
		{StaleAuthTime, "the id_token says that the person was authenticated an hour ago (auth_time; Idura: authenticationinstant)"},
		{MissingAuthTime, "the id_token holds no time of authentication"},
		{UnknownMethod, "the id_token names a bank that nobody knows (Telia: amr, Idura: authenticationmethod, Signicat: ftn_idp; OP names none)"},
		{ExpiredToken, "the id_token has expired"},
		{MissingSplitNames, "given and family name are missing; only the full name is there"},
		{MissingHETU, "the personal identity code is missing"},
		{InvalidHETU, "the personal identity code has a wrong check character"},
		{ExpiredSignedJWKS, "the broker's signed JWKS has expired (OP, Telia)"},
		{RotatedSignedJWKS, "the broker signs with a new key that was not published before"},
		{WrongEntitySignature, "the broker's signed JWKS is signed by a stranger under the entity key's kid (OP, Telia)"},
		{StatementAsJWKS, "the broker serves its entity statement where its signed JWKS should be (OP, Telia)"},
		{TokenDown, "the token endpoint answers 503"},
		{Slow, "token endpoint, keys and list of banks answer very late"},
		{Down, "everything answers 503"},
		{Drop, "every connection is closed without an answer"},
	}
}

// trouble holds the toggles that are on.
type trouble struct {
	any atomic.Bool // so that a well-behaved simulator pays nothing
	mu  sync.Mutex
	on  map[Toggle]troubleMode
}

type troubleMode int

const (
	troubleOff troubleMode = iota
	troubleOnce
	troubleOn
)

func (t *trouble) set(toggle Toggle, mode troubleMode) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.on == nil {
		t.on = make(map[Toggle]troubleMode)
	}
	if mode == troubleOff {
		delete(t.on, toggle)
	} else {
		t.on[toggle] = mode
	}
	t.any.Store(len(t.on) > 0)
}

func (t *trouble) mode(toggle Toggle) troubleMode {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.on[toggle]
}

// take reports whether the toggle is on, and turns off one that is on for once.
func (t *trouble) take(toggle Toggle) bool {
	if !t.any.Load() {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	mode := t.on[toggle]
	if mode == troubleOnce {
		delete(t.on, toggle)
		t.any.Store(len(t.on) > 0)
	}
	return mode != troubleOff
}

// Misbehave turns toggles on until [Sim.Behave]. An unknown name is an error and
// changes nothing.
func (s *Sim) Misbehave(toggles ...Toggle) error { return s.setToggles(troubleOn, toggles) }

// MisbehaveOnce turns toggles on for the next time each of them matters.
func (s *Sim) MisbehaveOnce(toggles ...Toggle) error { return s.setToggles(troubleOnce, toggles) }

// Behave turns the toggles off; without any, all of them.
func (s *Sim) Behave(toggles ...Toggle) error {
	if len(toggles) == 0 {
		for _, info := range Toggles() {
			toggles = append(toggles, info.Name)
		}
	}
	return s.setToggles(troubleOff, toggles)
}

func (s *Sim) setToggles(mode troubleMode, toggles []Toggle) error {
	for _, t := range toggles {
		if !knownToggle(t) {
			return fmt.Errorf("no toggle is called %q", string(t))
		}
	}
	for _, t := range toggles {
		s.trouble.set(t, mode)
	}
	return nil
}

func knownToggle(t Toggle) bool {
	return slices.ContainsFunc(Toggles(), func(info ToggleInfo) bool { return info.Name == t })
}
