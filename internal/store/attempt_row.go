package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"avain/internal/login"
)

const (
	// timelineBound is the length, in characters, from which on a timeline takes
	// only the event that ends the attempt.
	timelineBound = "16384"
	// fieldBound is the length, in bytes, at which each text of an event is cut.
	fieldBound = 256
)

func attemptRow(a login.Attempt) ([]any, error) {
	request, err1 := asJSON(a.Request)
	device, err2 := asJSON(a.Device)
	amr, err3 := asJSON(a.AMR)
	timeline, err4 := timelineLines(a.Timeline...)
	if err := errors.Join(err1, err2, err3, err4); err != nil {
		return nil, err
	}
	return []any{
		a.ID, a.SupportCode, string(a.Method), string(a.State), string(a.Reason), text(a.Client), text(a.Key),
		text(a.Person), text(a.Broker), text(a.Means), text(a.ACR), amr, millis(a.AuthTime), text(string(a.Place)), text(a.Session),
		millis(a.CreatedAt), millis(a.UpdatedAt), millis(a.ExpiresAt), millis(a.CodeExpiresAt), hash(a.Browser),
		request, device, timeline,
	}, nil
}

// scanner is a row, or the current one of several.
type scanner interface{ Scan(dest ...any) error }

var _ scanner = (*sql.Row)(nil)

func scanAttempt(row scanner) (login.Attempt, error) {
	var a login.Attempt
	err := row.Scan(
		&a.ID, &a.SupportCode, &a.Method, &a.State, &a.Reason, &a.Client, &a.Key,
		&a.Person, &a.Broker, &a.Means, &a.ACR, jsonColumn{&a.AMR}, timeColumn{&a.AuthTime}, &a.Place, &a.Session,
		timeColumn{&a.CreatedAt}, timeColumn{&a.UpdatedAt}, timeColumn{&a.ExpiresAt}, timeColumn{&a.CodeExpiresAt}, hashColumn{&a.Browser},
		jsonColumn{&a.Request}, jsonColumn{&a.Device}, timelineColumn{&a.Timeline},
	)
	if err != nil {
		return login.Attempt{}, err
	}
	return a, nil
}

// timelineLines writes events as lines of JSON (NDJSON), each ended by a newline,
// so that a line can be added without reading the others.
func timelineLines(events ...login.Event) (string, error) {
	var b strings.Builder
	for _, e := range events {
		e.At = e.At.UTC().Truncate(time.Millisecond)
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
