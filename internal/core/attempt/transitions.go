package attempt

import "avain/internal/domain/login"

// Event is something that can happen to an attempt.
type Event string

// The events. The last four end an attempt.
const (
	Open         Event = "open"         // a browser takes it, or chooses another means
	Authenticate Event = "authenticate" // a broker has proved the person
	Confirm      Event = "confirm"      // direct: at once; link: the person pressed "Vahvista"
	Scan         Event = "claim"        // qr: an app scanned the code
	Allow        Event = "approve"      // qr: the page approved the app
	Verify       Event = "verify"       // credentials: the password was right
	Recode       Event = "recode"       // another code for the same login: six digits, or a redirect that was lost
	Redeem       Event = "redeem"       // the app exchanged its code
	Deny         Event = "deny"
	Expire       Event = "expire"
	Burn         Event = "burn"
	Fail         Event = "fail"
)

// Events lists every event.
func Events() []Event {
	return []Event{Open, Authenticate, Confirm, Scan, Allow, Verify, Recode, Redeem, Deny, Expire, Burn, Fail}
}

type arrow struct {
	from login.State
	on   Event
	to   login.State
}

// arrows is the picture of protocol.md. Whatever is not drawn here cannot happen.
func arrows(method login.Method) []arrow {
	switch method {
	case login.MethodDirect, login.MethodLink:
		return []arrow{
			{login.StateCreated, Open, login.StateOpened},
			{login.StateOpened, Open, login.StateOpened}, // back to the list, another bank
			{login.StateOpened, Authenticate, login.StateAuthenticated},
			{login.StateAuthenticated, Confirm, login.StateConfirmed},
			{login.StateConfirmed, Recode, login.StateConfirmed},
			{login.StateConfirmed, Redeem, login.StateRedeemed},
		}
	case login.MethodQR:
		return []arrow{
			{login.StateCreated, Scan, login.StateClaimed},
			{login.StateClaimed, Allow, login.StateApproved},
			{login.StateApproved, Recode, login.StateApproved}, // the app fetches its code, perhaps again
			{login.StateApproved, Redeem, login.StateRedeemed},
		}
	case login.MethodCredentials:
		return []arrow{
			{login.StateCreated, Verify, login.StateVerified},
			{login.StateVerified, Redeem, login.StateRedeemed},
		}
	default:
		return nil
	}
}

// Next answers what an event leads to, and whether it may happen at all.
func Next(method login.Method, state login.State, event Event) (login.State, bool) {
	if to, ends := ending(event); ends {
		if state.Over() || len(arrows(method)) == 0 {
			return state, false
		}
		return to, true
	}
	for _, a := range arrows(method) {
		if a.from == state && a.on == event {
			return a.to, true
		}
	}
	return state, false
}

// sources lists the states in which an event may happen: the condition of the
// UPDATE that carries it out.
func sources(method login.Method, event Event) (from []login.State, to login.State) {
	for _, state := range login.States() {
		if next, ok := Next(method, state, event); ok {
			from, to = append(from, state), next
		}
	}
	return from, to
}

func ending(event Event) (login.State, bool) {
	switch event {
	case Deny:
		return login.StateDenied, true
	case Expire:
		return login.StateExpired, true
	case Burn:
		return login.StateBurned, true
	case Fail:
		return login.StateFailed, true
	default:
		return "", false
	}
}
