package store

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"avain/internal/domain/login"
)

// A timeline takes lines until it has so many characters. What repeats a line takes its
// place, whatever the length.
const (
	timelineBound = 16 << 10 // pages that were loaded, banks that were chosen
	weighingBound = 32 << 10 // what support must find: whoever loads pages leaves the second half free
	movingBound   = 48 << 10 // who came in, and what was let out: whoever is refused leaves the last third free
	endBound      = math.MaxInt32
)

// addLine is the timeline with a line more. All three are parameters: the line, the one
// that it takes the place of (empty: none), and the length from which on it is dropped.
// Of many who repeat a line at once only the first finds it to take its place; for the
// others the bound holds, or they would fill the disk.
func addLine(line, instead, bound string) string {
	return `CASE WHEN replace(timeline, ` + instead + `, '') <> timeline OR length(timeline) < ` + bound + `
		THEN replace(timeline, ` + instead + `, '') || ` + line + ` ELSE timeline END`
}

func boundOf(e login.Event) int64 {
	if e.Weighs() {
		return weighingBound
	}
	return timelineBound
}

// lineOf writes a line, and the one whose place it takes as it stands in the row.
func lineOf(e login.Event, instead *login.Event) (line, old string, err error) {
	if line, err = timelineLines(e); err != nil || instead == nil {
		return line, "", err
	}
	old, err = timelineLines(*instead)
	return line, old, err
}

// turned is NULL for a line that leaves what the page says as it is.
func turned(e login.Event) any {
	reason, ok := e.Decides()
	return sql.NullString{String: cut(string(reason)), Valid: ok}
}

// timelineLines writes events as lines of JSON (NDJSON), each ended by a newline,
// so that a line can be added without reading the others.
func timelineLines(events ...login.Event) (string, error) {
	var b strings.Builder
	for _, e := range events {
		e.At, e.Since = e.At.UTC().Truncate(time.Millisecond), e.Since.UTC().Truncate(time.Millisecond)
		for _, field := range []*string{&e.Step, &e.Outcome, &e.Detail, &e.Browser, &e.Means, &e.Broker} {
			*field = cut(*field)
		}
		e.Reason = login.Reason(cut(string(e.Reason)))
		line, err := json.Marshal(e)
		if err != nil {
			return "", fmt.Errorf("encode event: %w", err)
		}
		b.Write(line)
		b.WriteByte('\n')
	}
	return b.String(), nil
}

// cut shortens a text to fieldBound, between characters.
func cut(s string) string {
	if len(s) <= fieldBound {
		return s
	}
	end := fieldBound
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

// timelineColumn reads what timelineLines wrote.
type timelineColumn struct{ to *[]login.Event }

func (c timelineColumn) Scan(src any) error {
	lines, ok := src.(string)
	if !ok {
		return fmt.Errorf("timeline column holds %T", src)
	}
	*c.to = make([]login.Event, 0, strings.Count(lines, "\n"))
	for line := range strings.Lines(lines) {
		var e login.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			return fmt.Errorf("decode event: %w", err)
		}
		*c.to = append(*c.to, e)
	}
	return nil
}
