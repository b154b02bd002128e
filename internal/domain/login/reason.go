package login

// Reason says why a login did not go on. It is the key into package reasons: the
// texts of failure pages, the metric label and the support agent's explanation all
// hang on it. Every reason has an entry with texts in every language; a test counts them.
type Reason string

// What the person did, or what happened to them.
const (
	ReasonCancelledByPerson Reason = "cancelled_by_person"            // pressed Cancel on our page
	ReasonCancelledAtBroker Reason = "cancelled_at_broker"            // pressed Cancel at the bank or on the phone
	ReasonNoBenefits        Reason = "no_benefits"                    // verified, but nobody has added this person
	ReasonNotActivated      Reason = "not_activated"                  // an employer has added this person, who has not activated yet
	ReasonInvitationUnknown Reason = "invitation_unknown"             // no such invitation
	ReasonInvitationExpired Reason = "invitation_expired"             // too old
	ReasonInvitationRevoked Reason = "invitation_revoked"             // a newer one was sent, or the employer took it back
	ReasonInvitationUsed    Reason = "invitation_used"                // somebody has activated with it already
	ReasonInvitationForeign Reason = "invitation_foreign"             // belongs to another human: who proved themselves is not the one
	ReasonNameDiffers       Reason = "name_differs"                   // the verified name is another than the one that the employer gave: held
	ReasonBenefitsPending   Reason = "benefits_pending"               // the employer has not finished the benefits yet
	ReasonTermsRequired     Reason = "terms_required"                 // the terms were not accepted
	ReasonPasswordWrong     Reason = "password_wrong"                 // user name or password are wrong; which of them is not told
	ReasonStrongRequired    Reason = "strong_authentication_required" // right password of a SmartumPlus person
	ReasonPasswordWeak      Reason = "password_weak"                  // too short, or known from a breach
	ReasonResetExpired      Reason = "reset_expired"                  // the link for a new password is too old, or used
	ReasonMethodsPaused     Reason = "methods_paused"                 // login link and QR code are paused for this person
	ReasonPersonLocked      Reason = "person_locked"                  // locked by the operator
	ReasonAttemptExpired    Reason = "attempt_expired"                // took longer than the attempt lives
	ReasonAttemptUsed       Reason = "attempt_used"                   // this login is already finished
	ReasonAttemptEnded      Reason = "attempt_ended"                  // denied, burned or failed before
	ReasonAttemptUnknown    Reason = "attempt_unknown"                // no such login, or it is not this browser's
	ReasonOtherBrowser      Reason = "other_browser"                  // came back in a browser that did not start it
	ReasonCookiesBlocked    Reason = "cookies_blocked"                // the browser keeps no cookies
	ReasonRateLimited       Reason = "rate_limited"                   // too many tries
	ReasonCrowdedOut        Reason = "crowded_out"                    // gave way: too many logins from its network were unfinished
	ReasonLinkExpired       Reason = "link_expired"                   // login link opened too late
	ReasonLinkReused        Reason = "link_reused"                    // login link opened in a second browser: burned
	ReasonConfirmLate       Reason = "confirm_late"                   // authenticated, but did not confirm in time
	ReasonDigitsWrong       Reason = "digits_wrong"                   // six digits do not match; tries are left
	ReasonDigitsBurned      Reason = "digits_burned"                  // too many wrong digits: burned
	ReasonDigitsExpired     Reason = "digits_expired"                 // six digits too old, or none were shown
	ReasonUnexpectedCode    Reason = "unexpected_code"                // an app got the code of a login that it did not start: burned
	ReasonQRUnknown         Reason = "qr_unknown"                     // what was scanned or typed is no code of ours
	ReasonQRExpired         Reason = "qr_expired"                     // the QR code, or the typed one, was too old
	ReasonQRUsed            Reason = "qr_used"                        // the code has logged a phone in, or tried to, before
	ReasonQRReused          Reason = "qr_reused"                      // two phones scanned one code: burned
	ReasonQRWrongNumber     Reason = "qr_wrong_number"                // the number typed on the page is not the one on the phone: burned
	ReasonApprovalRequired  Reason = "approval_required"              // the page has not let the phone in yet
	ReasonApprovalLate      Reason = "approval_late"                  // the page did not let the phone in in time
	ReasonSignInAgain       Reason = "sign_in_again"                  // this needs a fresh authentication on the page
)

// What the broker did.
const (
	ReasonBrokerDown           Reason = "broker_down"            // does not answer, or its circuit is open
	ReasonBrokerSlow           Reason = "broker_slow"            // answered too late
	ReasonBrokerError          Reason = "broker_error"           // answered with an error of its own
	ReasonBrokerTimeout        Reason = "broker_timeout"         // the person did not confirm in time at the bank or on the phone
	ReasonBrokerResponse       Reason = "broker_response"        // its answer did not pass our checks; Detail says which
	ReasonBrokerClaimMissing   Reason = "broker_claim_missing"   // its answer lacks what a login needs; Detail names the claim
	ReasonBrokerUnencrypted    Reason = "broker_unencrypted"     // its answer is not encrypted: not switched on for us there
	ReasonIdentificationStale  Reason = "identification_stale"   // authenticated before the start of this login
	ReasonIdentificationWeak   Reason = "identification_weak"    // level of assurance not accepted
	ReasonIdentityIncomplete   Reason = "identity_incomplete"    // no usable personal identity code
	ReasonMeansUnavailable     Reason = "means_unavailable"      // this bank or method is switched off
	ReasonBrokerNotInOperation Reason = "broker_not_operational" // configured test mode met production, or the like
)

// What the app, or whoever speaks for it, sent.
const (
	ReasonRequestInvalid  Reason = "request_invalid"         // a parameter is missing or malformed
	ReasonClientUnknown   Reason = "client_unknown"          // no such client
	ReasonClientRefused   Reason = "client_refused"          // client authentication failed
	ReasonRedirectUnknown Reason = "redirect_not_registered" // redirect URI does not match exactly
	ReasonVersionTooOld   Reason = "version_too_old"         // the app must be updated first
	ReasonRequestExpired  Reason = "request_expired"         // request_uri unknown or expired
	ReasonProofInvalid    Reason = "proof_invalid"           // DPoP proof refused
	ReasonProofReplayed   Reason = "proof_replayed"          // DPoP proof seen before
	ReasonClockWrong      Reason = "clock_wrong"             // the phone's clock is too far off
	ReasonCodeWrong       Reason = "code_wrong"              // no such authorization code
	ReasonCodeExpired     Reason = "code_expired"            // authorization code too old
	ReasonCodeReplayed    Reason = "code_replayed"           // authorization code used before
	ReasonVerifierWrong   Reason = "verifier_wrong"          // PKCE verifier does not match
	ReasonKeyWrong        Reason = "key_wrong"               // another DPoP key than the one that started
	ReasonTokenInvalid    Reason = "token_invalid"           // access token refused
	ReasonSessionEnded    Reason = "session_ended"           // logged out, revoked or too old
	ReasonPageUnknown     Reason = "page_unknown"            // no such page
	ReasonCrossOrigin     Reason = "cross_origin"            // a form was sent from another site
	ReasonInternal        Reason = "internal"                // our fault
)

// What a timeline shows although nothing reported it: nobody came any more. Package
// diagnosis finds these; no attempt ends with one of them.
const (
	ReasonWentWell        Reason = "went_well"         // the app is logged in
	ReasonStillRunning    Reason = "still_running"     // the login goes on
	ReasonNothingFailed   Reason = "nothing_failed"    // the support code of a page that told of no failure
	ReasonNotOpened       Reason = "not_opened"        // the app began, and no browser came
	ReasonLinkNotOpened   Reason = "link_not_opened"   // nobody pressed "Kirjaudu" on the page of the login link
	ReasonAbandonedAtPage Reason = "abandoned_at_page" // saw the means, and chose none
	ReasonAbandonedAtBank Reason = "abandoned_at_bank" // left for the bank, and never came back
	ReasonNotConfirmed    Reason = "not_confirmed"     // proved who they are, and never pressed "Vahvista kirjautuminen"
	ReasonNotMine         Reason = "not_started_by_me" // a person says that this login is somebody else's
	ReasonRedirectLost    Reason = "redirect_lost"     // the browser had the answer, and the app never got it
	ReasonDigitsNotTyped  Reason = "digits_not_typed"  // the browser showed six digits, and the app never got them
	ReasonAppGone         Reason = "app_gone"          // the app was to fetch its login, and never did
)

// Reasons lists every reason, for the tests that prove the catalogue complete.
func Reasons() []Reason {
	return []Reason{
		ReasonCancelledByPerson, ReasonCancelledAtBroker, ReasonNoBenefits, ReasonNotActivated, ReasonPersonLocked,
		ReasonInvitationUnknown, ReasonInvitationExpired, ReasonInvitationRevoked, ReasonInvitationUsed,
		ReasonInvitationForeign, ReasonNameDiffers, ReasonBenefitsPending, ReasonTermsRequired,
		ReasonPasswordWrong, ReasonStrongRequired, ReasonPasswordWeak, ReasonResetExpired, ReasonMethodsPaused,
		ReasonAttemptExpired, ReasonAttemptUsed, ReasonAttemptEnded, ReasonAttemptUnknown,
		ReasonOtherBrowser, ReasonCookiesBlocked, ReasonRateLimited, ReasonCrowdedOut,
		ReasonLinkExpired, ReasonLinkReused, ReasonConfirmLate, ReasonDigitsWrong, ReasonDigitsBurned,
		ReasonDigitsExpired, ReasonUnexpectedCode,
		ReasonQRUnknown, ReasonQRExpired, ReasonQRUsed, ReasonQRReused, ReasonQRWrongNumber,
		ReasonApprovalRequired, ReasonApprovalLate, ReasonSignInAgain,
		ReasonBrokerDown, ReasonBrokerSlow, ReasonBrokerError, ReasonBrokerTimeout, ReasonBrokerResponse, ReasonBrokerClaimMissing, ReasonBrokerUnencrypted,
		ReasonIdentificationStale, ReasonIdentificationWeak, ReasonIdentityIncomplete,
		ReasonMeansUnavailable, ReasonBrokerNotInOperation,
		ReasonRequestInvalid, ReasonClientUnknown, ReasonClientRefused, ReasonRedirectUnknown,
		ReasonVersionTooOld, ReasonRequestExpired, ReasonProofInvalid, ReasonProofReplayed, ReasonClockWrong,
		ReasonCodeWrong, ReasonCodeExpired, ReasonCodeReplayed, ReasonVerifierWrong, ReasonKeyWrong,
		ReasonTokenInvalid, ReasonSessionEnded, ReasonPageUnknown, ReasonCrossOrigin, ReasonInternal,
		ReasonWentWell, ReasonStillRunning, ReasonNothingFailed, ReasonNotOpened, ReasonLinkNotOpened,
		ReasonAbandonedAtPage, ReasonAbandonedAtBank, ReasonNotConfirmed, ReasonNotMine,
		ReasonRedirectLost, ReasonDigitsNotTyped, ReasonAppGone,
	}
}
