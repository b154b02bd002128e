package broker

import (
	"testing"

	"go.uber.org/goleak"
)

// Every goroutine that a registry starts is over when it is closed.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
