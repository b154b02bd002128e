package reasons_test

import (
	"slices"
	"testing"

	"avain/internal/domain/login"
	"avain/internal/domain/reasons"
)

// Every reason says whether logins that end so may raise an alarm, and only causes of ours
// or of a broker's do: whoever adds a reason decides here as well. Who leaves, fumbles,
// guesses or sends something made up is never one of those (threat 65).
func TestThreat65WhatMayRaiseAnAlarm(t *testing.T) {
	t.Parallel()
	may := map[login.Reason]reasons.Alarm{
		login.ReasonInternal: reasons.AlarmAlways,

		// What a broker did wrong on our own connection to it.
		login.ReasonBrokerDown:          reasons.AlarmIfSeen,
		login.ReasonBrokerSlow:          reasons.AlarmIfSeen,
		login.ReasonBrokerError:         reasons.AlarmIfSeen,
		login.ReasonBrokerResponse:      reasons.AlarmIfSeen,
		login.ReasonBrokerClaimMissing:  reasons.AlarmIfSeen,
		login.ReasonBrokerUnencrypted:   reasons.AlarmIfSeen,
		login.ReasonIdentificationStale: reasons.AlarmIfSeen,
		login.ReasonIdentificationWeak:  reasons.AlarmIfSeen,
		login.ReasonIdentityIncomplete:  reasons.AlarmIfSeen,

		// Our broker of test people, in operation: a mistake of our own.
		login.ReasonBrokerNotInOperation: reasons.AlarmIfSeen,
	}
	// On our side, and still none: the staff has switched it off.
	quiet := []login.Reason{login.ReasonMeansUnavailable}
	for _, e := range reasons.All() {
		want := may[e.Reason]
		if want == "" {
			want = reasons.AlarmNever
		}
		if e.Alarm != want {
			t.Errorf("%s raises an alarm %q, want %q", e.Reason, e.Alarm, want)
		}
		ours := e.Fault == reasons.FaultService || e.Fault == reasons.FaultBroker
		switch {
		case e.Alarm != reasons.AlarmNever && (!ours || e.Gone):
			t.Errorf("%s raises an alarm, and is on the side of %s", e.Reason, e.Fault)
		case e.Alarm == reasons.AlarmNever && ours && !slices.Contains(quiet, e.Reason):
			t.Errorf("%s is on the side of %s; say here why it raises no alarm", e.Reason, e.Fault)
		}
	}
}
