package operations

import (
	"time"

	"avain/internal/domain/login"
)

// Switch is what an operator has decided, while the service runs, about one way in:
// whether a method or a means may be used.
type Switch struct {
	Name    string // from MethodSwitch or MeansSwitch
	On      bool
	Reasons map[string]string // why it is off, as people read it, by language; a missing language gets our own words
	By      string            // "staff:…", or "system" for the command line
	At      time.Time
}

// MethodSwitch names the switch of a method.
func MethodSwitch(m login.Method) string { return "method:" + string(m) }

// MeansSwitch names the switch of a means, by its id.
func MeansSwitch(id string) string { return "means:" + id }
