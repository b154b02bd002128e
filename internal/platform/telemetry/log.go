package telemetry

import (
	"fmt"
	"io"
	"log/slog"
	"time"
)

// NewLog makes the log of the process: one JSON object per line, times in UTC. The
// level is debug, info, warn or error.
func NewLog(out io.Writer, level string) (*slog.Logger, error) {
	var least slog.Level
	if err := least.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("telemetry: log level: %w", err)
	}
	return NewLogFrom(out, least), nil
}

// NewLogFrom is the same from a level that may change.
func NewLogFrom(out io.Writer, least slog.Leveler) *slog.Logger {
	return slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: least, ReplaceAttr: utc}))
}

func utc(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey && a.Value.Kind() == slog.KindTime {
		a.Value = slog.StringValue(a.Value.Time().UTC().Format(time.RFC3339Nano))
	}
	return a
}
