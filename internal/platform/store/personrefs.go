package store

import (
	"context"
	"errors"
	"strings"

	"avain/internal/domain/queue"
)

// traces are the ids under which the database holds something about one human.
type traces struct {
	persons     []string // all records of the human
	employments []string
	employers   []string
	invitations []string
	credentials []string
	sessions    []string
	attempts    []string
}

const (
	recordIDsSQL = `SELECT id FROM persons WHERE id IN ` + recordsOf + ` ORDER BY id`

	employmentsWithPersonSQL = `SELECT id FROM employments WHERE person = $1 ORDER BY id`
	// Those that another employer has written of the human, who has not activated them.
	employmentsWithCodeSQL = `SELECT m.id FROM persons p JOIN employments m ON m.hetu_lookup = p.hetu_lookup
		WHERE p.id = $1 AND m.person IS NULL ORDER BY m.id`
	employmentWithIDSQL = `SELECT id FROM employments WHERE id = $1`
	personOfRecordSQL   = `SELECT person FROM employments WHERE id = $1 AND person IS NOT NULL
		UNION SELECT p.id FROM employments m JOIN persons p ON p.hetu_lookup = m.hetu_lookup WHERE m.id = $1`
	employerWithSQL    = `SELECT employer FROM employments WHERE id = $1`
	invitationsWithSQL = `SELECT id FROM invitations WHERE employment = $1 ORDER BY id`
	credentialsWithSQL = `SELECT id FROM credentials WHERE person = $1 ORDER BY id`
	sessionsWithSQL    = `SELECT id FROM sessions WHERE person = $1 ORDER BY id`
	attemptsWithSQL    = `SELECT id FROM attempts WHERE person = $1 AND person <> '' ORDER BY id`
	unidentifiedSQL    = `SELECT a.id FROM attempts a WHERE a.person = '' AND a.jkt <> ''
		AND a.jkt IN (SELECT s.jkt FROM sessions s WHERE s.person = $1 UNION SELECT b.jkt FROM attempts b WHERE b.person = $1 AND b.person <> '')`
)

// tracesOf follows what the database holds about a human, beginning with the id of one
// of their records as a person, or of an employer's record of them. An id that is
// neither leads to what is left of a person who is gone.
func tracesOf(ctx context.Context, on runner, id string) (t traces, err error) {
	from, err := personOf(ctx, on, id)
	if err != nil {
		return t, err
	}
	follow := func(to *[]string, query string, ids ...string) {
		for _, one := range ids {
			if err == nil {
				var found []string
				found, err = queryIDs(ctx, on, query, one)
				*to = append(*to, found...)
			}
		}
	}
	follow(&t.persons, recordIDsSQL, from)
	known := t.persons
	if len(known) == 0 {
		known = []string{from}
	}
	follow(&t.employments, employmentsWithPersonSQL, known...)
	follow(&t.employments, employmentsWithCodeSQL, known...)
	if len(t.persons) == 0 {
		follow(&t.employments, employmentWithIDSQL, id)
	}
	follow(&t.employers, employerWithSQL, t.employments...)
	follow(&t.invitations, invitationsWithSQL, t.employments...)
	follow(&t.credentials, credentialsWithSQL, known...)
	follow(&t.sessions, sessionsWithSQL, known...)
	follow(&t.attempts, attemptsWithSQL, known...)
	return t, err
}

// personOf is whom an employer's record is about, or the id itself.
func personOf(ctx context.Context, on runner, id string) (string, error) {
	found, err := queryIDs(ctx, on, personOfRecordSQL, id)
	if err != nil || len(found) == 0 {
		return id, err
	}
	return found[0], nil
}

// ids are all of them that name the human, in jobs and answers.
func (t traces) ids() (all []string) {
	for _, some := range [][]string{t.persons, t.employments, t.invitations, t.credentials, t.sessions, t.attempts} {
		all = append(all, some...)
	}
	return all
}

// targets are the ids as the audit log writes them.
func (t traces) targets() (all []string) {
	for _, some := range []struct {
		kind string
		ids  []string
	}{
		{"person:", t.persons}, {"employment:", t.employments}, {"invitation:", t.invitations}, {"session:", t.sessions}, {"attempt:", t.attempts},
	} {
		for _, id := range some.ids {
			all = append(all, some.kind+id)
		}
	}
	return all
}

const (
	jobPayloadsSQL = `SELECT id, payload FROM jobs`
	// Those that need not be done for a person who is erased.
	droppablePayloadsSQL = `SELECT id, payload FROM jobs WHERE dead_at > 0 OR kind NOT LIKE '` + queue.KindLogout + `%'`
)

// jobsNaming finds the jobs that are about the ids. It reads them all, once: jobs know
// by their payload alone what they are about.
func jobsNaming(ctx context.Context, on runner, query string, ids []string) (found []string, err error) {
	rows, err := on.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id, payload string
		if err := rows.Scan(&id, &payload); err != nil {
			return nil, err
		}
		for _, one := range ids {
			if strings.Contains(payload, one) {
				found = append(found, id)
				break
			}
		}
	}
	return found, rows.Err()
}

func queryIDs(ctx context.Context, on runner, query string, args ...any) (ids []string, err error) {
	rows, err := on.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, rows.Err()
}
