package app

import (
	"log/slog"
	"testing"

	"avain/internal/config"
)

// However many apps the operator would let wait, file descriptors are left for those who
// log in.
func TestThreat34WaitingAppsLeaveFilesForOthers(t *testing.T) {
	t.Parallel()
	files := maxFiles()
	for configured, ok := range map[int]func(got int) bool{
		1:             func(got int) bool { return got == 1 },
		2_000_000_000: func(got int) bool { return files == 0 || got > 0 && got <= files-min(forOthers, files/4) },
	} {
		c := config.Default()
		c.Limits.WaitingApps = configured
		if got := maxWaiting(t.Context(), c, slog.New(slog.DiscardHandler)); !ok(got) {
			t.Errorf("%d configured, %d files: %d may wait", configured, files, got)
		}
	}
}
