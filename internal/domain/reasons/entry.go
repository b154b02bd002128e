package reasons

import (
	"slices"

	"avain/internal/domain/login"
)

// Fault says on whose side the cause is, as far as can be told from here. It is a word
// for sorting and for agents, not for people: nobody is told that it is their fault.
type Fault string

// The sides.
const (
	FaultNobody   Fault = "nobody"   // nothing is wrong
	FaultPerson   Fault = "person"   // did, or did not do, something
	FaultPhone    Fault = "phone"    // the phone, its browser or its clock
	FaultApp      Fault = "app"      // the app, or its version
	FaultBroker   Fault = "broker"   // the identification broker, or the bank behind it
	FaultEmployer Fault = "employer" // has to add, invite or release
	FaultService  Fault = "service"  // we
	FaultAttack   Fault = "attack"   // looks like somebody who is up to no good; rarely clumsiness
)

// Faults lists every side.
func Faults() []Fault {
	return []Fault{
		FaultNobody, FaultPerson, FaultPhone, FaultApp, FaultBroker, FaultEmployer, FaultService, FaultAttack,
	}
}

// Alarm says whether logins that end so may tell everybody that something is broken.
type Alarm string

// The alarms. A reason that anybody can bring about by what they do, send or leave undone
// never raises one: or whoever wants the staff to look elsewhere, or the public to think
// that their bank is down, does that as often as they like (threats 43 and 65).
const (
	AlarmNever  Alarm = "never"
	AlarmIfSeen Alarm = "if_seen" // when the service saw it on its own connection to the broker
	AlarmAlways Alarm = "always"  // we have failed
)

// Way is a way on for the person, offered as a button. Its text on pages is
// "button.{way}".
type Way string

// The ways.
const (
	WayRetry  Way = "retry"  // the same thing again
	WayChoose Way = "choose" // another bank or method
	WayApp    Way = "app"    // back to the app, or to the page that the login began on
	WayHelp   Way = "help"   // the help page
	WaySignIn Way = "signin" // sign in on a page of ours
	WayOrder  Way = "order"  // another letter
)

// Entry is what is known of one reason.
type Entry struct {
	// Number stands for the reason in the support codes of requests that belong to no
	// login (see [Code]). It never changes and is never used again; 1 to 127.
	Number int          `json:"-"`
	Reason login.Reason `json:"reason"`
	Fault  Fault        `json:"fault"`
	Gone   bool         `json:"gone"` // the person left or said no: nothing is broken
	Alarm  Alarm        `json:"-"`    // only of what is on our side or a broker's
	Ways   []Way        `json:"ways"` // the most likely cure first
	App    string       `json:"-"`    // the app's name for the failure: a key of app/{lang}.json
}

// Of is the entry of a reason. A reason that is not in the catalogue is our fault, and
// so is none at all: whoever asks has something to say in any case.
func Of(reason login.Reason) Entry {
	at := slices.IndexFunc(entries, func(e Entry) bool { return e.Reason == reason })
	if at < 0 {
		at = slices.IndexFunc(entries, func(e Entry) bool { return e.Reason == login.ReasonInternal })
	}
	return entries[at]
}

// Known reports whether the catalogue has an entry for exactly this reason.
func Known(reason login.Reason) bool {
	return slices.ContainsFunc(entries, func(e Entry) bool { return e.Reason == reason })
}

// All lists every entry, in the order of a login.
func All() []Entry { return slices.Clone(entries) }

// Gone reports whether somebody whose login ended so left or said no: nothing is broken
// that anybody could mend.
func Gone(reason login.Reason) bool { return Of(reason).Gone }
