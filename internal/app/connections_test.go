package app

import (
	"testing"

	"avain/internal/config"

	"pgregory.net/rapid"
)

// However few files the process may open: some are left for the database and the brokers
// when all connections are open that may be, some for people when all apps wait that may,
// and one network has the part of all that it has elsewhere.
func TestThreat53FewFilesFewConnections(t *testing.T) {
	t.Parallel()
	c := config.Default().Limits
	if got := connectionsOf(c, 0); got.Altogether != c.Connections || got.PerNetwork != c.ConnectionsPerNetwork || got.Files != 0 {
		t.Errorf("nobody knows how many files: %+v", got)
	}
	if got := connectionsOf(c, 1<<20); got.Altogether != c.Connections || got.Files < c.Connections+c.WaitingApps {
		t.Errorf("many files: %+v: all waiting apps must fit beside all others", got)
	}
	if got := connectionsOf(c, 1024); got.Altogether != 896 || got.PerNetwork != 179 {
		t.Errorf("1024 files: %+v", got)
	}
	rapid.Check(t, func(r *rapid.T) {
		files := rapid.IntRange(1, 1<<20).Draw(r, "files")
		got := connectionsOf(c, files)
		waiting := files - min(forOthers, files/4)
		if got.Files > files || files >= 8 && got.Files >= files || got.Altogether > got.Files || got.PerNetwork < 1 || got.PerNetwork > max(1, got.Altogether/4) ||
			files >= 16 && got.Files <= waiting {
			r.Errorf("%d files, of which %d may be waiting apps': %+v", files, waiting, got)
		}
	})
}
