package catalogue

import "avain/internal/login"

// The usual ways on.
var (
	anew  = []Way{WayApp, WayHelp}            // from the beginning
	again = []Way{WayRetry, WayApp, WayHelp}  // the same once more
	other = []Way{WayChoose, WayApp, WayHelp} // another bank or method
)

const (
	gone = true
	here = false
)

// entries is the catalogue. A new reason takes the next free number.
var entries = []Entry{
	// The login went well, or goes on.
	{1, login.ReasonWentWell, FaultNobody, here, anew, "expired"},
	{2, login.ReasonStillRunning, FaultNobody, here, anew, "expired"},
	{3, login.ReasonNothingFailed, FaultNobody, here, anew, "app"},

	// What the person did, or did not do.
	{4, login.ReasonCancelledByPerson, FaultPerson, gone, anew, "cancelled"},
	{5, login.ReasonCancelledAtBroker, FaultPerson, gone, other, "cancelled"},
	{6, login.ReasonAbandonedAtPage, FaultPerson, gone, other, "expired"},
	{7, login.ReasonAbandonedAtBank, FaultPerson, here, other, "expired"},
	{8, login.ReasonNotConfirmed, FaultPerson, here, anew, "confirmLate"},
	{9, login.ReasonConfirmLate, FaultPerson, here, anew, "confirmLate"},
	{10, login.ReasonAttemptExpired, FaultPerson, here, anew, "expired"},
	{11, login.ReasonAttemptUsed, FaultPerson, here, anew, "expired"},
	{12, login.ReasonAttemptEnded, FaultPerson, here, anew, "expired"},
	{13, login.ReasonAttemptUnknown, FaultPerson, here, anew, "expired"},
	{14, login.ReasonRequestExpired, FaultPerson, here, anew, "expired"},
	{15, login.ReasonBrokerTimeout, FaultPerson, here, other, "bankTimeout"},
	{16, login.ReasonPersonLocked, FaultPerson, here, anew, "locked"},
	{17, login.ReasonRateLimited, FaultPerson, here, again, "tooMany"},

	// Smartum credentials.
	{18, login.ReasonPasswordWrong, FaultPerson, here, anew, "passwordWrong"},
	{19, login.ReasonStrongRequired, FaultPerson, here, anew, "strongRequired"},
	{20, login.ReasonPasswordWeak, FaultPerson, here, anew, "passwordWrong"},
	{21, login.ReasonResetExpired, FaultPerson, here, []Way{WayOrder, WayApp, WayHelp}, "passwordWrong"},
	{22, login.ReasonMethodsPaused, FaultPerson, here, anew, "methodsPaused"},

	// Benefits and invitations.
	{23, login.ReasonNoBenefits, FaultEmployer, here, anew, "noBenefits"},
	{24, login.ReasonNotActivated, FaultPerson, here, anew, "notActivated"},
	{25, login.ReasonInvitationUnknown, FaultPerson, here, []Way{WaySignIn, WayHelp}, "notActivated"},
	{26, login.ReasonInvitationExpired, FaultEmployer, here, []Way{WaySignIn, WayHelp}, "notActivated"},
	{27, login.ReasonInvitationRevoked, FaultEmployer, here, []Way{WaySignIn, WayHelp}, "notActivated"},
	{28, login.ReasonInvitationUsed, FaultPerson, here, []Way{WaySignIn, WayHelp}, "notActivated"},
	{29, login.ReasonInvitationForeign, FaultEmployer, here, []Way{WaySignIn, WayHelp}, "notActivated"},
	{30, login.ReasonBenefitsPending, FaultEmployer, here, anew, "notActivated"},
	{31, login.ReasonTermsRequired, FaultPerson, here, anew, "notActivated"},

	// The phone and its browsers.
	{32, login.ReasonNotOpened, FaultPhone, here, anew, "expired"},
	{33, login.ReasonLinkNotOpened, FaultPerson, here, anew, "linkExpired"},
	{34, login.ReasonRedirectLost, FaultPhone, here, anew, "expired"},
	{35, login.ReasonDigitsNotTyped, FaultPerson, here, anew, "digitsExpired"},
	{36, login.ReasonAppGone, FaultApp, here, anew, "expired"},
	{37, login.ReasonOtherBrowser, FaultPhone, here, anew, "otherBrowser"},
	{38, login.ReasonCookiesBlocked, FaultPhone, here, again, "cookies"},
	{39, login.ReasonClockWrong, FaultPhone, here, anew, "clock"},
	{40, login.ReasonSessionEnded, FaultPerson, here, anew, "expired"},

	// The login link and its digits.
	{41, login.ReasonLinkExpired, FaultPerson, here, anew, "linkExpired"},
	{42, login.ReasonLinkReused, FaultAttack, here, anew, "linkReused"},
	{43, login.ReasonDigitsWrong, FaultPerson, here, anew, "digitsBurned"},
	{44, login.ReasonDigitsBurned, FaultPerson, here, anew, "digitsBurned"},
	{45, login.ReasonDigitsExpired, FaultPerson, here, anew, "digitsExpired"},
	{46, login.ReasonUnexpectedCode, FaultAttack, here, anew, "burned"},
	{47, login.ReasonNotMine, FaultAttack, gone, anew, "cancelled"},

	// The QR code.
	{48, login.ReasonQRUnknown, FaultPerson, here, anew, "qrUnknown"},
	{49, login.ReasonQRExpired, FaultPerson, here, anew, "qrExpired"},
	{50, login.ReasonQRUsed, FaultPerson, here, anew, "qrUsed"},
	{51, login.ReasonQRReused, FaultAttack, here, anew, "qrUsed"},
	{52, login.ReasonQRWrongNumber, FaultAttack, here, anew, "qrNumber"},
	{53, login.ReasonApprovalRequired, FaultPerson, here, anew, "qrLate"},
	{54, login.ReasonApprovalLate, FaultPerson, here, anew, "qrLate"},
	{55, login.ReasonSignInAgain, FaultPerson, here, anew, "expired"},

	// The broker, and the bank behind it.
	{56, login.ReasonBrokerDown, FaultBroker, here, other, "bankDown"},
	{57, login.ReasonBrokerSlow, FaultBroker, here, other, "bankDown"},
	{58, login.ReasonBrokerError, FaultBroker, here, other, "bankDown"},
	{59, login.ReasonBrokerResponse, FaultBroker, here, other, "identification"},
	{60, login.ReasonIdentificationStale, FaultBroker, here, other, "identification"},
	{61, login.ReasonIdentificationWeak, FaultBroker, here, other, "identification"},
	{62, login.ReasonIdentityIncomplete, FaultBroker, here, other, "identification"},
	{63, login.ReasonMeansUnavailable, FaultService, here, other, "bankDown"},
	{64, login.ReasonBrokerNotInOperation, FaultService, here, other, "bankDown"},

	// The app, or whoever speaks for it.
	{65, login.ReasonVersionTooOld, FaultApp, here, anew, "update"},
	{66, login.ReasonRequestInvalid, FaultApp, here, anew, "app"},
	{67, login.ReasonClientUnknown, FaultApp, here, anew, "app"},
	{68, login.ReasonClientRefused, FaultApp, here, anew, "app"},
	{69, login.ReasonRedirectUnknown, FaultApp, here, anew, "app"},
	{70, login.ReasonProofInvalid, FaultApp, here, anew, "app"},
	{71, login.ReasonProofReplayed, FaultApp, here, anew, "app"},
	{72, login.ReasonCodeWrong, FaultApp, here, anew, "expired"},
	{73, login.ReasonCodeExpired, FaultApp, here, anew, "expired"},
	{74, login.ReasonCodeReplayed, FaultAttack, here, anew, "expired"},
	{75, login.ReasonVerifierWrong, FaultApp, here, anew, "app"},
	{76, login.ReasonKeyWrong, FaultApp, here, anew, "app"},
	{77, login.ReasonTokenInvalid, FaultApp, here, anew, "app"},

	// Anything else.
	{78, login.ReasonPageUnknown, FaultPerson, here, anew, "app"},
	{79, login.ReasonCrossOrigin, FaultAttack, here, again, "app"},
	{80, login.ReasonInternal, FaultService, here, again, "server"},

	// Later ones: a number stays with its reason.
	{81, login.ReasonBrokerClaimMissing, FaultBroker, here, other, "identification"},
	{82, login.ReasonBrokerUnencrypted, FaultBroker, here, other, "identification"},
	{83, login.ReasonNameDiffers, FaultEmployer, here, []Way{WaySignIn, WayHelp}, "notActivated"},
	{84, login.ReasonCrowdedOut, FaultAttack, gone, anew, "tooMany"},
}
