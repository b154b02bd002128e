package brokersim

import "fmt"

// Reason says why a request was refused: a stable word for tests and logs.
type Reason string

// The reasons.
const (
	JWTMissing       Reason = "jwt-missing"
	JWTMalformed     Reason = "jwt-malformed" // not a compact RS256 JWS: unsigned, encrypted, another algorithm
	JWTTooLong       Reason = "jwt-too-long"
	KidMissing       Reason = "kid-missing"
	KidUnknown       Reason = "kid-unknown"
	KeysUnavailable  Reason = "keys-unavailable" // the relying party's keys could not be fetched or believed
	SignatureInvalid Reason = "signature-invalid"
	ClaimsMalformed  Reason = "claims-malformed"
	ClientUnknown    Reason = "client-unknown"
	IssuerWrong      Reason = "issuer-wrong"
	SubjectWrong     Reason = "subject-wrong"
	AudienceWrong    Reason = "audience-wrong"
	ExpiryMissing    Reason = "expiry-missing"
	Expired          Reason = "expired"
	LifetimeTooLong  Reason = "lifetime-too-long"
	NotYetValid      Reason = "not-yet-valid"
	JTIMissing       Reason = "jti-missing"
	JTIReused        Reason = "jti-reused"

	RedirectUnknown     Reason = "redirect-unknown"
	ResponseTypeWrong   Reason = "response-type-wrong"
	ScopeWrong          Reason = "scope-wrong"
	NonceTooShort       Reason = "nonce-too-short"
	PromptWrong         Reason = "prompt-wrong"
	MaxAgeWrong         Reason = "max-age-wrong"
	MeansUnknown        Reason = "means-unknown"
	LevelUnknown        Reason = "level-unknown"
	ServiceNameWrong    Reason = "service-name-wrong"
	ChallengeWrong      Reason = "challenge-wrong"
	LoginRequired       Reason = "login-required"
	RequestURIUnknown   Reason = "request-uri-unknown" // never pushed, run out, or used before
	KeysNotStatic       Reason = "keys-not-static"
	ParameterMissing    Reason = "parameter-missing"
	ParameterRepeated   Reason = "parameter-repeated"
	GrantTypeWrong      Reason = "grant-type-wrong"
	AssertionTypeWrong  Reason = "assertion-type-wrong"
	CodeUnknown         Reason = "code-unknown"
	CodeReused          Reason = "code-reused"
	RedirectMismatch    Reason = "redirect-mismatch"
	VerifierWrong       Reason = "verifier-wrong"
	AccessTokenUnknown  Reason = "access-token-unknown"
	EncryptionKeyAbsent Reason = "encryption-key-absent"
	Misbehaved          Reason = "misbehaved" // a toggle said so
)

// refusal is a request refused. A code means that the person is sent back with it;
// without one the person stays on an error page that has no way back, because the
// request cannot be trusted to say where back is.
type refusal struct {
	reason Reason
	detail string // English, safe to show: never a value that came in
	code   string // OAuth error for the redirect; empty: a page without a way back
	cause  error  // for the record and the log only
}

func (r *refusal) Error() string { return fmt.Sprintf("%s: %s", r.reason, r.detail) }

// record is the whole truth, for whoever runs the simulator.
func (r *refusal) record() string {
	if r.cause == nil {
		return r.detail
	}
	return r.detail + ": " + r.cause.Error()
}

// because keeps the cause, which may name addresses, off pages and answers.
func (r *refusal) because(cause error) *refusal {
	r.cause = cause
	return r
}

func refuse(reason Reason, detail string) *refusal {
	return &refusal{reason: reason, detail: detail}
}

// back makes the refusal one that the person is sent back with.
func (r *refusal) back(code string) *refusal {
	r.code = code
	return r
}

// stay keeps the person on an error page after all.
func (r *refusal) stay() *refusal { return r.back("") }
