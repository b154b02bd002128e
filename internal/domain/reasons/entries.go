package reasons

import "avain/internal/domain/login"

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

const (
	never  = AlarmNever
	ifSeen = AlarmIfSeen
	always = AlarmAlways
)

// entries is the catalogue. A new reason takes the next free number.
var entries = []Entry{
	// The login went well, or goes on.
	{1, login.ReasonWentWell, FaultNobody, here, never, anew, "expired"},
	{2, login.ReasonStillRunning, FaultNobody, here, never, anew, "expired"},
	{3, login.ReasonNothingFailed, FaultNobody, here, never, anew, "app"},

	// What the person did, or did not do.
	{4, login.ReasonCancelledByPerson, FaultPerson, gone, never, anew, "cancelled"},
	{5, login.ReasonCancelledAtBroker, FaultPerson, gone, never, other, "cancelled"},
	{6, login.ReasonAbandonedAtPage, FaultPerson, gone, never, other, "expired"},
	{7, login.ReasonAbandonedAtBank, FaultPerson, here, never, other, "expired"},
	{8, login.ReasonNotConfirmed, FaultPerson, here, never, anew, "confirmLate"},
	{9, login.ReasonConfirmLate, FaultPerson, here, never, anew, "confirmLate"},
	{10, login.ReasonAttemptExpired, FaultPerson, here, never, anew, "expired"},
	{11, login.ReasonAttemptUsed, FaultPerson, here, never, anew, "expired"},
	{12, login.ReasonAttemptEnded, FaultPerson, here, never, anew, "expired"},
	{13, login.ReasonAttemptUnknown, FaultPerson, here, never, anew, "expired"},
	{14, login.ReasonRequestExpired, FaultPerson, here, never, anew, "expired"},
	{15, login.ReasonBrokerTimeout, FaultPerson, here, never, other, "bankTimeout"},
	{16, login.ReasonPersonLocked, FaultPerson, here, never, anew, "locked"},
	{17, login.ReasonRateLimited, FaultPerson, here, never, again, "tooMany"},

	// Smartum credentials.
	{18, login.ReasonPasswordWrong, FaultPerson, here, never, anew, "passwordWrong"},
	{19, login.ReasonStrongRequired, FaultPerson, here, never, anew, "strongRequired"},
	{20, login.ReasonPasswordWeak, FaultPerson, here, never, anew, "passwordWrong"},
	{21, login.ReasonResetExpired, FaultPerson, here, never, []Way{WayOrder, WayApp, WayHelp}, "passwordWrong"},
	{22, login.ReasonMethodsPaused, FaultPerson, here, never, anew, "methodsPaused"},

	// Benefits and invitations.
	{23, login.ReasonNoBenefits, FaultEmployer, here, never, anew, "noBenefits"},
	{24, login.ReasonNotActivated, FaultPerson, here, never, anew, "notActivated"},
	{25, login.ReasonInvitationUnknown, FaultPerson, here, never, []Way{WaySignIn, WayHelp}, "notActivated"},
	{26, login.ReasonInvitationExpired, FaultEmployer, here, never, []Way{WaySignIn, WayHelp}, "notActivated"},
	{27, login.ReasonInvitationRevoked, FaultEmployer, here, never, []Way{WaySignIn, WayHelp}, "notActivated"},
	{28, login.ReasonInvitationUsed, FaultPerson, here, never, []Way{WaySignIn, WayHelp}, "notActivated"},
	{29, login.ReasonInvitationForeign, FaultEmployer, here, never, []Way{WaySignIn, WayHelp}, "notActivated"},
	{30, login.ReasonBenefitsPending, FaultEmployer, here, never, anew, "notActivated"},
	{31, login.ReasonTermsRequired, FaultPerson, here, never, anew, "notActivated"},

	// The phone and its browsers.
	{32, login.ReasonNotOpened, FaultPhone, here, never, anew, "expired"},
	{33, login.ReasonLinkNotOpened, FaultPerson, here, never, anew, "linkExpired"},
	{34, login.ReasonRedirectLost, FaultPhone, here, never, anew, "expired"},
	{35, login.ReasonDigitsNotTyped, FaultPerson, here, never, anew, "digitsExpired"},
	{36, login.ReasonAppGone, FaultApp, here, never, anew, "expired"},
	{37, login.ReasonOtherBrowser, FaultPhone, here, never, anew, "otherBrowser"},
	{38, login.ReasonCookiesBlocked, FaultPhone, here, never, again, "cookies"},
	{39, login.ReasonClockWrong, FaultPhone, here, never, anew, "clock"},
	{40, login.ReasonSessionEnded, FaultPerson, here, never, anew, "expired"},

	// The login link and its digits.
	{41, login.ReasonLinkExpired, FaultPerson, here, never, anew, "linkExpired"},
	{42, login.ReasonLinkReused, FaultAttack, here, never, anew, "linkReused"},
	{43, login.ReasonDigitsWrong, FaultPerson, here, never, anew, "digitsBurned"},
	{44, login.ReasonDigitsBurned, FaultPerson, here, never, anew, "digitsBurned"},
	{45, login.ReasonDigitsExpired, FaultPerson, here, never, anew, "digitsExpired"},
	{46, login.ReasonUnexpectedCode, FaultAttack, here, never, anew, "burned"},
	{47, login.ReasonNotMine, FaultAttack, gone, never, anew, "cancelled"},

	// The QR code.
	{48, login.ReasonQRUnknown, FaultPerson, here, never, anew, "qrUnknown"},
	{49, login.ReasonQRExpired, FaultPerson, here, never, anew, "qrExpired"},
	{50, login.ReasonQRUsed, FaultPerson, here, never, anew, "qrUsed"},
	{51, login.ReasonQRReused, FaultAttack, here, never, anew, "qrUsed"},
	{52, login.ReasonQRWrongNumber, FaultAttack, here, never, anew, "qrNumber"},
	{53, login.ReasonApprovalRequired, FaultPerson, here, never, anew, "qrLate"},
	{54, login.ReasonApprovalLate, FaultPerson, here, never, anew, "qrLate"},
	{55, login.ReasonSignInAgain, FaultPerson, here, never, anew, "expired"},

	// The broker, and the bank behind it.
	{56, login.ReasonBrokerDown, FaultBroker, here, ifSeen, other, "bankDown"},
	{57, login.ReasonBrokerSlow, FaultBroker, here, ifSeen, other, "bankDown"},
	{58, login.ReasonBrokerError, FaultBroker, here, ifSeen, other, "bankDown"},
	{59, login.ReasonBrokerResponse, FaultBroker, here, ifSeen, other, "identification"},
	{60, login.ReasonIdentificationStale, FaultBroker, here, ifSeen, other, "identification"},
	{61, login.ReasonIdentificationWeak, FaultBroker, here, ifSeen, other, "identification"},
	{62, login.ReasonIdentityIncomplete, FaultBroker, here, ifSeen, other, "identification"},
	{63, login.ReasonMeansUnavailable, FaultService, here, never, other, "bankDown"},
	{64, login.ReasonBrokerNotInOperation, FaultService, here, ifSeen, other, "bankDown"},

	// The app, or whoever speaks for it.
	{65, login.ReasonVersionTooOld, FaultApp, here, never, anew, "update"},
	{66, login.ReasonRequestInvalid, FaultApp, here, never, anew, "app"},
	{67, login.ReasonClientUnknown, FaultApp, here, never, anew, "app"},
	{68, login.ReasonClientRefused, FaultApp, here, never, anew, "app"},
	{69, login.ReasonRedirectUnknown, FaultApp, here, never, anew, "app"},
	{70, login.ReasonProofInvalid, FaultApp, here, never, anew, "app"},
	{71, login.ReasonProofReplayed, FaultApp, here, never, anew, "app"},
	{72, login.ReasonCodeWrong, FaultApp, here, never, anew, "expired"},
	{73, login.ReasonCodeExpired, FaultApp, here, never, anew, "expired"},
	{74, login.ReasonCodeReplayed, FaultAttack, here, never, anew, "expired"},
	{75, login.ReasonVerifierWrong, FaultApp, here, never, anew, "app"},
	{76, login.ReasonKeyWrong, FaultApp, here, never, anew, "app"},
	{77, login.ReasonTokenInvalid, FaultApp, here, never, anew, "app"},

	// Anything else.
	{78, login.ReasonPageUnknown, FaultPerson, here, never, anew, "app"},
	{79, login.ReasonCrossOrigin, FaultAttack, here, never, again, "app"},
	{80, login.ReasonInternal, FaultService, here, always, again, "server"},

	// Later ones: a number stays with its reason.
	{81, login.ReasonBrokerClaimMissing, FaultBroker, here, ifSeen, other, "identification"},
	{82, login.ReasonBrokerUnencrypted, FaultBroker, here, ifSeen, other, "identification"},
	{83, login.ReasonNameDiffers, FaultEmployer, here, never, []Way{WaySignIn, WayHelp}, "notActivated"},
	{84, login.ReasonCrowdedOut, FaultAttack, gone, never, anew, "tooMany"},
}
