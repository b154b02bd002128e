package login

// The steps of a timeline. Package attempt writes them, package diagnosis reads them.
const (
	StepStart    = "start"    // the app asked
	StepOpen     = "open"     // a browser took a login link
	StepPage     = "page"     // a browser was shown the means
	StepChoose   = "choose"   // a means was chosen; off to the broker
	StepReturn   = "return"   // the broker sent the browser back
	StepIdentify = "identify" // the person was found
	StepClaim    = "claim"    // an app scanned a QR code, or its person typed one
	StepApprove  = "approve"  // the number was typed on the page
	StepConfirm  = "confirm"  // a code went out
	StepRedeem   = "redeem"   // the app exchanged it
	StepDigits   = "digits"   // the app brought six digits
	StepReport   = "report"   // an app got a code that it did not ask for
	StepPassword = "password" // Smartum credentials were given
	StepCancel   = "cancel"   // somebody pressed Cancel
	StepExpire   = "expire"   // the time was over
)
