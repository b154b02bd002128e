package notices

import (
	"time"

	"avain/internal/domain/fault"
	"avain/internal/domain/operations"
)

// Draft is a notice as programs and files write it.
type Draft struct {
	Severity  operations.Severity               `json:"severity"`
	Words     map[string]operations.NoticeWords `json:"words"`
	From      string                            `json:"from,omitempty"`  // RFC 3339; empty: now, or as it was
	Until     string                            `json:"until,omitempty"` // RFC 3339; empty: until it is withdrawn
	Audience  operations.Audience               `json:"audience,omitzero"`
	Act       operations.Act                    `json:"act,omitzero"`
	ChangedAt string                            `json:"changed_at,omitempty"` // of the version that a change was made from
}

// Notice reads the draft. What is wrong with its times is told as fault.FieldErrors; all
// else is for [Board.Check].
func (d Draft) Notice() (operations.Notice, error) {
	var mistakes fault.FieldErrors
	instant := func(field, s string) (t time.Time) {
		if s == "" {
			return t
		}
		t, err := time.Parse(time.RFC3339Nano, s)
		if err != nil {
			mistakes = append(mistakes, fault.FieldError{Field: field, Detail: "must be a time such as 2026-05-31T18:00:00+03:00"})
		}
		return t
	}
	n := operations.Notice{
		Severity: d.Severity, Words: d.Words, Audience: d.Audience, Act: d.Act,
		From: instant("from", d.From), Until: instant("until", d.Until), ChangedAt: instant("changed_at", d.ChangedAt),
	}
	if len(mistakes) > 0 {
		return operations.Notice{}, mistakes
	}
	return n, nil
}

// State says where a notice stands: coming, on, over or withdrawn.
func State(n operations.Notice, now time.Time) string {
	switch {
	case !n.WithdrawnAt.IsZero():
		return "withdrawn"
	case n.Shown(now):
		return "on"
	case n.From.After(now):
		return "coming"
	default:
		return "over"
	}
}
