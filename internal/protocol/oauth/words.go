package oauth

// Error codes. The comment names where each is defined.
const (
	InvalidRequest          = "invalid_request"           // RFC 6749 §4.1.2.1, §5.2
	InvalidClient           = "invalid_client"            // RFC 6749 §5.2
	InvalidGrant            = "invalid_grant"             // RFC 6749 §5.2
	UnauthorizedClient      = "unauthorized_client"       // RFC 6749 §5.2
	UnsupportedGrantType    = "unsupported_grant_type"    // RFC 6749 §5.2
	UnsupportedResponseType = "unsupported_response_type" // RFC 6749 §4.1.2.1
	InvalidScope            = "invalid_scope"             // RFC 6749 §4.1.2.1
	InvalidTarget           = "invalid_target"            // RFC 8707 §2
	AccessDenied            = "access_denied"             // RFC 6749 §4.1.2.1
	ServerError             = "server_error"              // RFC 6749 §4.1.2.1
	TemporarilyUnavailable  = "temporarily_unavailable"   // RFC 6749 §4.1.2.1
	LoginRequired           = "login_required"            // OpenID Connect Core §3.1.2.6
	RequestNotSupported     = "request_not_supported"     // OpenID Connect Core §3.1.2.6
	RequestURINotSupported  = "request_uri_not_supported" // OpenID Connect Core §3.1.2.6
	RegistrationNotSupport  = "registration_not_supported"
	InvalidToken            = "invalid_token"      // RFC 6750 §3.1
	InsufficientScope       = "insufficient_scope" // RFC 6750 §3.1
	InvalidDPoPProof        = "invalid_dpop_proof" // RFC 9449 §5
	UseDPoPNonce            = "use_dpop_nonce"     // RFC 9449 §8

	InsufficientAuthorization = "insufficient_authorization" // draft-ietf-oauth-first-party-apps-04 §5.2.2.1
	InvalidSession            = "invalid_session"            // draft-ietf-oauth-first-party-apps-04 §5.2.2
	RedirectToWeb             = "redirect_to_web"            // draft-ietf-oauth-first-party-apps-04 §5.2.2.1
)

// Values that appear in more than one place.
const (
	GrantAuthorizationCode = "authorization_code"
	GrantRefreshToken      = "refresh_token"

	TokenTypeBearer = "Bearer"
	TokenTypeDPoP   = "DPoP" // RFC 9449 §5

	ScopeOpenID        = "openid"
	ScopeProfile       = "profile"
	ScopeEmail         = "email"
	ScopeOfflineAccess = "offline_access"
	ScopeBenefits      = "benefits" // ours: the benefits claim

	ChallengeS256 = "S256" // RFC 7636 §4.2

	// RequestURIPrefix begins every request_uri that PAR answers (RFC 9126 §2.2).
	RequestURIPrefix = "urn:ietf:params:oauth:request_uri:"

	// AssertionJWTBearer is the client_assertion_type of private_key_jwt (RFC 7523 §2.2).
	AssertionJWTBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
)
