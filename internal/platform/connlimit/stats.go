package connlimit

import (
	"log/slog"
	"time"
)

// reason is why a connection was refused.
type reason int

const (
	crowded reason = iota // its network has its share, and nothing of it may go
	full                  // there is no room, and nothing may go
	reasons
	admitted reason = -1
)

// eviction is what a connection did that had to make room.
type eviction int

const (
	wasQuiet eviction = iota
	wasSlow
	evictions
)

// Stats are the figures of a limiter: what open connections do, and how many were refused
// or made room since the start, by words of ours.
type Stats struct {
	Open    map[string]int
	Refused map[string]int64
	Evicted map[string]int64
}

// Stats reads the figures.
func (l *Limiter) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := Stats{
		Open:    make(map[string]int, stages),
		Refused: map[string]int64{"network": l.refused[crowded], "node": l.refused[full]},
		Evicted: map[string]int64{"quiet": l.evicted[wasQuiet], "moving": l.evicted[wasSlow]},
	}
	for i, n := range l.open {
		s.Open[stage(i).String()] = n
	}
	return s
}

// tellEvery is how often the log may say that connections are refused.
const tellEvery = time.Minute

// told is what the log has last said.
type told struct {
	once    bool
	at      time.Duration
	refused [reasons]int64
	evicted int64
}

// line is one for the log; nil when nothing is to be said.
type line []any

// tell is the line that is due, with what has happened since the last one.
func (l *Limiter) tell(why reason) line {
	now := l.age()
	if why == admitted || l.told.once && now-l.told.at < tellEvery {
		return nil
	}
	evicted := l.evicted[wasQuiet] + l.evicted[wasSlow]
	said := line{
		"network_full", l.refused[crowded] - l.told.refused[crowded], "node_full", l.refused[full] - l.told.refused[full],
		"made_room", evicted - l.told.evicted, "open", l.all(), "waiting", l.open[waiting],
	}
	l.told = told{true, now, l.refused, evicted}
	return said
}

func (s line) write(log *slog.Logger) {
	if s != nil {
		log.Warn("connections were refused, because as many are open as may be; from now on, told once a minute", s...)
	}
}
