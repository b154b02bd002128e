package help

import "avain/internal/domain/login"

// Root is the first question.
const Root = "start"

// Choice is one way to answer a question, and where it leads: to another question, or to
// an answer. One of the two is set.
type Choice struct {
	Key      string // in the address, and with the question's name its text; for an answer without one, the reason's title
	Question string
	Answer   string
}

// Way is what an answer shows besides its words.
type Way string

// The ways.
const (
	WayNone   Way = ""
	WayShops  Way = "shops"   // where the app is to be had
	WayLink   Way = "link"    // how to log in with the login link
	WayQR     Way = "qr"      // how to log in with the QR code
	WayBoth   Way = "both"    // how to log in with either
	WaySignIn Way = "sign_in" // our own page
	WayStatus Way = "status"  // how the banks are doing
)

// Answer is where the questions end.
type Answer struct {
	Reason login.Reason   // whose words it gives: title, what happened, what to do; empty: it has words of its own
	Also   []login.Reason // that it answers, too
	Way    Way
}

// reasoned are choices that lead straight to the answers of reasons, and are called what
// the pages and the app call them.
func reasoned(reasons ...login.Reason) []Choice {
	all := make([]Choice, 0, len(reasons))
	for _, reason := range reasons {
		all = append(all, Choice{Key: string(reason), Answer: string(reason)})
	}
	return all
}

func with(choices []Choice, more ...Choice) []Choice { return append(choices, more...) }

// Questions is the tree: what may be answered to each question.
func Questions() map[string][]Choice {
	return map[string][]Choice{
		"start": {{"yes", "mail", ""}, {"no", "", "get_app"}},
		"mail": {
			{"yes", "version", ""}, {"no", "", string(login.ReasonNotActivated)}, {"fails", "invite", ""}, {"unsure", "version", ""},
		},
		"invite": reasoned(
			login.ReasonInvitationUsed, login.ReasonInvitationExpired, login.ReasonInvitationRevoked, login.ReasonInvitationForeign,
			login.ReasonInvitationUnknown, login.ReasonNameDiffers, login.ReasonBenefitsPending, login.ReasonTermsRequired,
		),
		"version": {{"new", "kind", ""}, {"old", "", string(login.ReasonVersionTooOld)}, {"unsure", "kind", ""}},
		"kind":    {{"plus", "where", ""}, {"smartum", "credentials", ""}, {"unsure", "where", ""}},
		"credentials": with(reasoned(
			login.ReasonPasswordWrong, login.ReasonStrongRequired, login.ReasonRateLimited, login.ReasonPasswordWeak, login.ReasonResetExpired,
		), Choice{"bank", "where", ""}),
		"where": {
			{"open", "open", ""}, {"bank", "bank", ""}, {"back", "back", ""}, {"link", "link", ""}, {"qr", "qr", ""}, {"other", "message", ""},
		},
		"open": reasoned(
			login.ReasonNotOpened, login.ReasonCookiesBlocked, login.ReasonAttemptUnknown, login.ReasonAttemptExpired, login.ReasonPageUnknown,
		),
		"bank": with(reasoned(
			login.ReasonBrokerError, login.ReasonMeansUnavailable, login.ReasonCancelledAtBroker, login.ReasonBrokerTimeout,
		), Choice{"identification", "", string(login.ReasonBrokerResponse)}),
		"back": with([]Choice{{"nothing", "computer", ""}, {"digits", "", string(login.ReasonDigitsNotTyped)}},
			reasoned(login.ReasonOtherBrowser, login.ReasonNotConfirmed, login.ReasonAppGone)...),
		"computer": {{"yes", "", "by_qr"}, {"no", "", "by_link"}},
		"link": with(reasoned(
			login.ReasonLinkExpired, login.ReasonLinkReused, login.ReasonConfirmLate, login.ReasonMethodsPaused, login.ReasonUnexpectedCode,
		), Choice{"digits", "digits", ""}),
		"digits": reasoned(login.ReasonDigitsWrong, login.ReasonDigitsBurned, login.ReasonDigitsExpired),
		"qr": with(reasoned(
			login.ReasonQRUnknown, login.ReasonQRExpired, login.ReasonQRUsed, login.ReasonQRReused, login.ReasonQRWrongNumber,
			login.ReasonApprovalLate, login.ReasonSignInAgain,
		), Choice{"camera", "", "type_code"}),
		"message": with(reasoned(
			login.ReasonNoBenefits, login.ReasonNotActivated, login.ReasonPersonLocked, login.ReasonClockWrong, login.ReasonSessionEnded,
			login.ReasonInternal,
		), Choice{"app", "", string(login.ReasonRequestInvalid)}, Choice{"none", "", "contact"}),
	}
}

// Answers are the ends of the tree, by name.
func Answers() map[string]Answer {
	all := map[string]Answer{
		"get_app":   {Way: WayShops},
		"by_link":   {Also: []login.Reason{login.ReasonRedirectLost}, Way: WayLink},
		"by_qr":     {Also: []login.Reason{login.ReasonRedirectLost}, Way: WayQR},
		"type_code": {Way: WayQR},
		"contact":   {Way: WayBoth},
	}
	for _, a := range []Answer{
		{Reason: login.ReasonNotActivated},
		{Reason: login.ReasonInvitationUsed, Way: WaySignIn},
		{Reason: login.ReasonInvitationExpired, Way: WaySignIn},
		{Reason: login.ReasonInvitationRevoked},
		{Reason: login.ReasonInvitationForeign, Way: WaySignIn},
		{Reason: login.ReasonInvitationUnknown},
		{Reason: login.ReasonNameDiffers},
		{Reason: login.ReasonBenefitsPending},
		{Reason: login.ReasonTermsRequired},
		{Reason: login.ReasonVersionTooOld, Way: WayShops},
		{Reason: login.ReasonPasswordWrong},
		{Reason: login.ReasonStrongRequired, Way: WayBoth},
		{Reason: login.ReasonRateLimited, Also: []login.Reason{login.ReasonCrowdedOut}},
		{Reason: login.ReasonPasswordWeak},
		{Reason: login.ReasonResetExpired},
		{Reason: login.ReasonNotOpened, Also: []login.Reason{login.ReasonAbandonedAtPage}, Way: WayLink},
		{Reason: login.ReasonCookiesBlocked, Way: WayLink},
		{Reason: login.ReasonAttemptUnknown, Also: []login.Reason{login.ReasonRequestExpired}},
		{Reason: login.ReasonAttemptExpired, Also: []login.Reason{login.ReasonAttemptUsed, login.ReasonAttemptEnded, login.ReasonAbandonedAtBank}},
		{Reason: login.ReasonPageUnknown, Also: []login.Reason{login.ReasonCrossOrigin}},
		{Reason: login.ReasonBrokerError, Also: []login.Reason{login.ReasonBrokerDown, login.ReasonBrokerSlow}, Way: WayStatus},
		{Reason: login.ReasonMeansUnavailable, Also: []login.Reason{login.ReasonBrokerNotInOperation}, Way: WayStatus},
		{Reason: login.ReasonCancelledAtBroker, Also: []login.Reason{login.ReasonCancelledByPerson}},
		{Reason: login.ReasonBrokerTimeout, Way: WayBoth},
		{
			Reason: login.ReasonBrokerResponse, Way: WayStatus,
			Also: []login.Reason{
				login.ReasonBrokerClaimMissing, login.ReasonBrokerUnencrypted,
				login.ReasonIdentificationStale, login.ReasonIdentificationWeak, login.ReasonIdentityIncomplete,
			},
		},
		{Reason: login.ReasonDigitsNotTyped},
		{Reason: login.ReasonOtherBrowser, Way: WayLink},
		{Reason: login.ReasonNotConfirmed},
		{Reason: login.ReasonAppGone},
		{Reason: login.ReasonLinkExpired, Also: []login.Reason{login.ReasonLinkNotOpened}, Way: WayLink},
		{Reason: login.ReasonLinkReused, Way: WayLink},
		{Reason: login.ReasonConfirmLate, Way: WayLink},
		{Reason: login.ReasonMethodsPaused},
		{Reason: login.ReasonUnexpectedCode, Also: []login.Reason{login.ReasonNotMine}},
		{Reason: login.ReasonDigitsWrong},
		{Reason: login.ReasonDigitsBurned},
		{Reason: login.ReasonDigitsExpired},
		{Reason: login.ReasonQRUnknown, Way: WayQR},
		{Reason: login.ReasonQRExpired, Way: WayQR},
		{Reason: login.ReasonQRUsed, Way: WayQR},
		{Reason: login.ReasonQRReused, Way: WayQR},
		{Reason: login.ReasonQRWrongNumber, Way: WayQR},
		{Reason: login.ReasonApprovalLate, Also: []login.Reason{login.ReasonApprovalRequired}, Way: WayQR},
		{Reason: login.ReasonSignInAgain, Way: WaySignIn},
		{Reason: login.ReasonNoBenefits},
		{Reason: login.ReasonPersonLocked},
		{Reason: login.ReasonClockWrong},
		{Reason: login.ReasonSessionEnded, Also: []login.Reason{login.ReasonTokenInvalid}},
		{Reason: login.ReasonInternal, Way: WayStatus},
		{
			Reason: login.ReasonRequestInvalid, Way: WayShops,
			Also: []login.Reason{
				login.ReasonClientUnknown, login.ReasonClientRefused, login.ReasonRedirectUnknown, login.ReasonProofInvalid, login.ReasonProofReplayed,
				login.ReasonCodeWrong, login.ReasonCodeExpired, login.ReasonCodeReplayed, login.ReasonVerifierWrong, login.ReasonKeyWrong,
			},
		},
	} {
		all[string(a.Reason)] = a
	}
	return all
}
