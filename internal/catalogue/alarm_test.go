package catalogue_test

import (
	"slices"
	"testing"

	"avain/internal/catalogue"
	"avain/internal/login"
)

// Every reason says whether logins that end so may raise an alarm, and only causes of ours
// or of a broker's do: whoever adds a reason decides here as well. Who leaves, fumbles,
// guesses or sends something made up is never one of those (threat 65).
func TestThreat65WhatMayRaiseAnAlarm(t *testing.T) {
	t.Parallel()
	may := map[login.Reason]catalogue.Alarm{
		login.ReasonInternal: catalogue.AlarmAlways,

		// What a broker did wrong on our own connection to it.
		login.ReasonBrokerDown:          catalogue.AlarmIfSeen,
		login.ReasonBrokerSlow:          catalogue.AlarmIfSeen,
		login.ReasonBrokerError:         catalogue.AlarmIfSeen,
		login.ReasonBrokerResponse:      catalogue.AlarmIfSeen,
		login.ReasonBrokerClaimMissing:  catalogue.AlarmIfSeen,
		login.ReasonBrokerUnencrypted:   catalogue.AlarmIfSeen,
		login.ReasonIdentificationStale: catalogue.AlarmIfSeen,
		login.ReasonIdentificationWeak:  catalogue.AlarmIfSeen,
		login.ReasonIdentityIncomplete:  catalogue.AlarmIfSeen,

		// Our broker of test people, in operation: a mistake of our own.
		login.ReasonBrokerNotInOperation: catalogue.AlarmIfSeen,
	}
	// On our side, and still none: the staff has switched it off.
	quiet := []login.Reason{login.ReasonMeansUnavailable}
	for _, e := range catalogue.All() {
		want := may[e.Reason]
		if want == "" {
			want = catalogue.AlarmNever
		}
		if e.Alarm != want {
			t.Errorf("%s raises an alarm %q, want %q", e.Reason, e.Alarm, want)
		}
		ours := e.Fault == catalogue.FaultService || e.Fault == catalogue.FaultBroker
		switch {
		case e.Alarm != catalogue.AlarmNever && (!ours || e.Gone):
			t.Errorf("%s raises an alarm, and is on the side of %s", e.Reason, e.Fault)
		case e.Alarm == catalogue.AlarmNever && ours && !slices.Contains(quiet, e.Reason):
			t.Errorf("%s is on the side of %s; say here why it raises no alarm", e.Reason, e.Fault)
		}
	}
}
