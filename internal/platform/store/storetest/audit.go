package storetest

import (
	"context"
	"reflect"
	"slices"
	"testing"
	"time"

	"avain/internal/domain/operations"
	"avain/internal/platform/store"
)

// ReadAudit lists the entries after the one numbered so, oldest first; what is not sealed yet,
// without a number, comes last.
func ReadAudit(ctx context.Context, s *store.Store, after int64, limit int) ([]operations.AuditEntry, error) {
	found, _, err := s.Audit.SearchAudit(ctx, operations.AuditQuery{Limit: 1_000_000})
	slices.Reverse(found)
	found = slices.DeleteFunc(found, func(e operations.AuditEntry) bool { return e.Seq > 0 && e.Seq <= after })
	return found[:min(len(found), limit)], err
}

// sealed seals what was written.
func sealed(t *testing.T, s *store.Store, want int) {
	t.Helper()
	if n, err := s.Audit.SealAudit(t.Context()); err != nil || n != want {
		t.Fatalf("%d entries were sealed, %v; want %d", n, err, want)
	}
}

// auditSearch looks for entries by each condition and by several; what is searched for
// is only text.
func auditSearch(t *testing.T, s *store.Store) {
	written := []operations.AuditEntry{
		{Actor: "system", Action: "key.rotate", Target: "key:1"},
		{Actor: "person:P1", Action: "session.create", Target: "session:S1", Detail: map[string]string{"means": "metsä"}},
		{Actor: "person:P10", Action: "session.create", Target: "session:S2"},
		{Actor: "client:app", Action: "code.replay", Target: "attempt:A1", Detail: map[string]string{"person": "P1", "session": "S1"}},
		{Actor: "staff:X", Action: "person.lock", Target: "person:P1"},
		{Actor: "staff:X", Action: "persons_odd", Target: "100%"},
		{Actor: "client:app", Action: "code.replay", Target: "attempt:A2", Detail: map[string]string{"person": "P10"}},
	}
	for i, e := range written {
		e.At = Noon().Add(time.Duration(i) * time.Hour)
		if err := s.Audit.AppendAudit(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	sealed(t, s, len(written))
	for name, c := range map[string]struct {
		q    operations.AuditQuery
		want []int64
	}{
		"everything":        {operations.AuditQuery{Limit: 9}, []int64{7, 6, 5, 4, 3, 2, 1}},
		"the newest":        {operations.AuditQuery{Limit: 2}, []int64{7, 6}},
		"the next page":     {operations.AuditQuery{Limit: 2, Before: 6}, []int64{5, 4}},
		"actor":             {operations.AuditQuery{Actor: "staff:X", Limit: 9}, []int64{6, 5}},
		"action":            {operations.AuditQuery{Action: "session.create", Limit: 9}, []int64{3, 2}},
		"actions":           {operations.AuditQuery{Action: "person.*", Limit: 9}, []int64{5}},
		"no pattern":        {operations.AuditQuery{Action: "%.*", Limit: 9}, nil},
		"no other pattern":  {operations.AuditQuery{Action: "person_*", Limit: 9}, nil},
		"target":            {operations.AuditQuery{Target: "100%", Limit: 9}, []int64{6}},
		"person":            {operations.AuditQuery{Person: "P1", Limit: 9}, []int64{5, 4, 2}},
		"person, no more":   {operations.AuditQuery{Person: "P", Limit: 9}, nil},
		"person, a pattern": {operations.AuditQuery{Person: "P%", Limit: 9}, nil},
		"quotes":            {operations.AuditQuery{Person: `P1" OR "1"="1`, Actor: "' OR 1=1 --", Limit: 9}, nil},
		"since":             {operations.AuditQuery{Since: Noon().Add(5 * time.Hour), Limit: 9}, []int64{7, 6}},
		"until":             {operations.AuditQuery{Until: Noon().Add(2 * time.Hour), Limit: 9}, []int64{2, 1}},
		"all at once": {
			operations.AuditQuery{Actor: "client:app", Action: "code.replay", Person: "P1", Since: Noon(), Until: Noon().Add(9 * time.Hour), Before: 7, Limit: 9}, []int64{4},
		},
	} {
		var got []int64
		found, _, err := s.Audit.SearchAudit(t.Context(), c.q)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range found {
			got = append(got, e.Seq)
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	found, _, err := s.Audit.SearchAudit(t.Context(), operations.AuditQuery{Target: "session:S1", Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	want := written[1]
	want.Seq, want.At = 2, Noon().Add(time.Hour)
	want.Stream, want.Num = found[0].Stream, 2
	if len(found) != 1 || !reflect.DeepEqual(found[0], want) {
		t.Errorf("%+v, want %+v", found, want)
	}
}

// auditSearchInParts walks through the log in looks of every size: together they find
// what one look finds, and each says where it stopped.
func auditSearchInParts(t *testing.T, s *store.Store) {
	const entries = 40
	for i := range entries {
		e := operations.AuditEntry{At: Noon().Add(time.Duration(i) * time.Hour), Actor: "system", Action: []string{"a.x", "b.x", "c.x"}[i%3], Target: "t"}
		if err := s.Audit.AppendAudit(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	sealed(t, s, entries)
	for _, q := range []operations.AuditQuery{
		{Limit: entries},
		{Action: "b.x", Limit: entries},
		{Action: "c.*", Limit: 3},
		{Action: "none", Limit: entries},
		{Action: "a.x", Since: Noon().Add(7 * time.Hour), Until: Noon().Add(31 * time.Hour), Limit: 2},
		{Since: Noon().Add(-time.Hour), Limit: entries},
		{Since: Noon().Add(entries * time.Hour), Limit: entries},
		{Until: Noon(), Limit: entries},
		{Until: Noon().Add(time.Hour), Limit: entries},
	} {
		whole := q
		whole.Limit = entries
		want, left, err := s.Audit.SearchAudit(t.Context(), whole)
		if err != nil || (left != 0 && len(want) < entries) {
			t.Fatal(left, err)
		}
		for _, scan := range []int64{1, 2, 7, entries, 2 * entries} {
			var got []operations.AuditEntry
			part := q
			part.Scan = scan
			for looks := 0; ; looks++ {
				found, left, err := s.Audit.SearchAudit(t.Context(), part)
				if err != nil || looks > 2*entries {
					t.Fatal(looks, err)
				}
				got = append(got, found...)
				if left == 0 {
					break
				}
				if part.Before > 0 && left >= part.Before {
					t.Fatalf("%+v: before %d, and left %d", part, part.Before, left)
				}
				part.Before = left
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%+v in looks of %d: %d entries, want %d", q, scan, len(got), len(want))
			}
		}
	}
}
