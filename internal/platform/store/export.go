package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
)

// holding is a table in which there are rows about people: what a person may see of
// them, and what is withheld because it is secret, a means to log in, or says nothing.
// A test holds it against the schema, so that a new column is not forgotten.
type holding struct {
	table    string
	by       string // the column that says about whom a row is
	shown    string // columns, in order, with their kind when they are no texts
	withheld string
}

// The tables that are read for a person. The order is that of the document.
func holdings() []holding {
	return []holding{
		{
			"persons", "id",
			"id same_as subject given_name family_name name email locale smartum_plus:bool locked_at:time paused_until:time created_at:time updated_at:time",
			"hetu_lookup hetu_sealed",
		},
		{
			"employments", "id",
			"id employer person kind external_id user_name email email_proved:bool addresses:json given_name family_name locale terms terms_at:time activated_at:time ended_at:time created_at:time updated_at:time",
			"hetu_lookup user_name_key",
		},
		{"employers", "id", "id name", "locale any_name created_at updated_at"},
		{"benefits", "employment", "employment kind starts_at:time ends_at:time released_at:time activated_at:time", ""},
		{
			"invitations", "employment",
			"id employment created_at:time expires_at:time remind_at:time used_at:time revoked_at:time mailed_to mail mail_at:time mail_detail held_at:time", "token",
		},
		{"credentials", "person", "id person user_name email created_at:time changed_at:time", "hash cost"},
		{"password_resets", "credential", "credential created_at:time expires_at:time", "hash"},
		{"recognised", "person", "person expires_at:time", "mark"},
		{"wrong_tries", "person", "person day tries:number known:number", "network"},
		{
			"sessions", "person",
			"id person client method broker means acr amr:json auth_time:time scopes:json device:json place created_at:time used:bool used_at:time " +
				"idle_until:time ends_at:time revoked_at:time revoked_why",
			"jkt nonce refresh previous previous_until generation",
		},
		{
			"qr_pages", "person",
			"id session state person broker means acr amr:json auth_time:time created_at:time shown_until:time typed_until:time attempt elsewhere:bool",
			"network typed key_name",
		},
		{
			"attempts", "person",
			"id support_code method state reason client person broker means acr amr:json auth_time:time place session device:json " +
				"created_at:time updated_at:time expires_at:time code_expires_at:time timeline:lines stage:number proved_at:time digits_until:time turned",
			"jkt request_uri auth_session link code browser request network site",
		},
		{"legs", "attempt", "attempt broker means started_at:time expires_at:time taken_until:time done_at:time", "state"},
		{"digits", "attempt", "attempt expires_at:time tries:number", "hash"},
		{"jobs", "id", "kind run_at:time tries:number error dead_at:time created_at:time", "id key payload claim"},
		{"audit", "target", "seq:number at:time actor action target detail:json", "hash stream num"},
		{"audit_unsealed", "target", "at:time actor action target detail:json", "hash stream num"},
	}
}

// PersonalData reads what there is about a human, all of their records together. The
// id is that of a person, or of an employer's record of somebody. fault.ErrNotFound.
func (s *People) PersonalData(ctx context.Context, id string) ([]operations.PersonalData, error) {
	if !login.ValidID(id) {
		return nil, fault.ErrNotFound
	}
	on := s.db.reader()
	t, err := tracesOf(ctx, on, id)
	if err != nil {
		return nil, wrap("read personal data", err)
	}
	if len(t.persons) == 0 && len(t.employments) == 0 {
		return nil, fault.ErrNotFound
	}
	waiting, err := jobsNaming(ctx, on, jobPayloadsSQL, t.ids())
	if err != nil {
		return nil, wrap("read personal data", err)
	}
	slices.Sort(t.employers)
	of := map[string][]string{
		"persons": t.persons, "employments": t.employments, "employers": slices.Compact(t.employers), "benefits": t.employments,
		"invitations": t.employments, "credentials": t.persons, "password_resets": t.credentials, "recognised": t.persons, "wrong_tries": t.persons, "sessions": t.persons,
		"qr_pages": t.persons, "attempts": t.persons, "legs": t.attempts, "digits": t.attempts, "jobs": waiting, "audit": t.targets(), "audit_unsealed": t.targets(),
	}
	var all []operations.PersonalData
	for _, h := range holdings() {
		rows, err := h.read(ctx, on, h.by, of[h.table])
		if err == nil && (h.table == "audit" || h.table == "audit_unsealed") {
			rows, err = h.trail(ctx, on, rows, t.persons, t.targets())
		}
		if err != nil {
			return nil, wrap("read personal data", err)
		}
		all = append(all, operations.PersonalData{Table: h.table, Rows: rows})
	}
	return all, nil
}

// trail adds what the human has done themselves.
func (h holding) trail(ctx context.Context, on runner, rows []map[string]any, persons, targets []string) ([]map[string]any, error) {
	var actors []string
	for _, id := range persons {
		actors = append(actors, "person:"+id)
	}
	done, err := h.read(ctx, on, "actor", actors)
	for _, row := range done {
		if target, _ := row["target"].(string); !slices.Contains(targets, target) { // else it is there already
			rows = append(rows, row)
		}
	}
	number := func(row map[string]any) int64 { n, _ := row["seq"].(int64); return n }
	slices.SortStableFunc(rows, func(a, b map[string]any) int { return cmp.Compare(number(a), number(b)) })
	return rows, err
}

// PersonalColumns lists the columns that [Store.PersonalData] shows, per table: whoever
// explains them must not forget one.
func PersonalColumns() map[string][]string {
	all := map[string][]string{}
	for _, h := range holdings() {
		for column := range strings.FieldsSeq(h.shown) {
			name, _, _ := strings.Cut(column, ":")
			all[h.table] = append(all[h.table], name)
		}
	}
	return all
}

// query is the statement that reads a holding by a column.
func (h holding) query(by string) string {
	var names []string
	for name := range strings.FieldsSeq(h.shown) {
		name, _, _ = strings.Cut(name, ":")
		names = append(names, name)
	}
	where := by + ` = $1`
	if h.table == "attempts" {
		where += ` AND person <> ''` // for its index
	}
	return `SELECT ` + strings.Join(names, ", ") + ` FROM ` + h.table + ` WHERE ` + where //nolint:gosec // constants of this file
}

func (h holding) read(ctx context.Context, on runner, by string, ids []string) ([]map[string]any, error) {
	all, query := []map[string]any{}, h.query(by)
	for _, id := range ids {
		if err := h.readOne(ctx, on, query, id, &all); err != nil {
			return nil, fmt.Errorf("%s: %w", h.table, err)
		}
	}
	return all, nil
}

func (h holding) readOne(ctx context.Context, on runner, query, id string, to *[]map[string]any) (err error) {
	rows, err := on.QueryContext(ctx, query, id)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	columns := strings.Fields(h.shown)
	for rows.Next() {
		into := make([]any, len(columns))
		values := make([]func() any, len(columns))
		for i, column := range columns {
			_, kind, _ := strings.Cut(column, ":")
			into[i], values[i] = cell(kind)
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		row := map[string]any{}
		for i, column := range columns {
			name, _, _ := strings.Cut(column, ":")
			if v := values[i](); v != nil {
				row[name] = v
			}
		}
		*to = append(*to, row)
	}
	return rows.Err()
}

// cell is where a column of the kind is read into, and what it then holds; nil when it
// is not set.
func cell(kind string) (into any, value func() any) {
	switch kind {
	case "time":
		var at time.Time
		return timeColumn{&at}, func() any {
			if at.IsZero() {
				return nil
			}
			return at
		}
	case "bool":
		var yes bool
		return &yes, func() any { return yes }
	case "number":
		var n int64
		return &n, func() any { return n }
	case "json":
		var v any
		return jsonColumn{&v}, func() any { return v }
	case "lines":
		var text string
		return &text, func() any {
			lines := []json.RawMessage{}
			for line := range strings.Lines(text) {
				if line = strings.TrimSpace(line); json.Valid([]byte(line)) {
					lines = append(lines, json.RawMessage(line))
				}
			}
			return lines
		}
	default:
		var text sql.NullString
		return &text, func() any {
			if text.String == "" {
				return nil
			}
			return text.String
		}
	}
}
