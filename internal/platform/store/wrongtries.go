package store

import (
	"bytes"
	"cmp"
	"context"
	"slices"

	"avain/internal/domain/login"
	"avain/internal/secret"
)

const (
	// A person who has been erased meanwhile is none, and gets no row. A network that is
	// new on a day with enough of them is added to the rest ($4), so that nobody fills the
	// disk from ten thousand of them (threat 38).
	addWrongTriesSQL = `INSERT INTO wrong_tries (person, day, network, tries, known)
		SELECT p.id, $2, CASE
			WHEN EXISTS (SELECT 1 FROM wrong_tries w WHERE w.person = $1 AND w.day = $2 AND w.network = $3) THEN $3
			WHEN (SELECT COUNT(*) FROM wrong_tries w WHERE w.person = $1 AND w.day = $2 AND w.network <> $4) < $5 THEN $3
			ELSE $4 END, $6, $7
		FROM persons p WHERE p.id = $1
		ON CONFLICT (person, day, network) DO UPDATE SET
			tries = wrong_tries.tries + excluded.tries, known = wrong_tries.known + excluded.known`

	wrongTriesOfSQL = `SELECT day, network, tries, known FROM wrong_tries WHERE person IN ` + recordsOf + ` ORDER BY day DESC, network`

	purgeWrongTriesSQL = `DELETE FROM wrong_tries WHERE day < $1 AND (person, day, network) IN (SELECT person, day, network FROM wrong_tries
		WHERE day < $1 ORDER BY day LIMIT $2)`

	dropWrongTriesSQL = `DELETE FROM wrong_tries WHERE person = $1`
)

// AddWrongTries adds wrong passwords to what is there, all or none. Nodes may do so at
// once.
func (s *People) AddWrongTries(ctx context.Context, counted []login.WrongTries) error {
	// Two nodes that add to the same rows in different orders would wait for each other.
	counted = slices.SortedFunc(slices.Values(counted), func(a, b login.WrongTries) int {
		return cmp.Or(cmp.Compare(a.Person, b.Person), cmp.Compare(a.Day, b.Day), bytes.Compare(a.Network[:], b.Network[:]))
	})
	rest := secret.Hash{}
	return wrap("add wrong tries", s.db.write(ctx, func(ctx context.Context, tx runner) error {
		for _, w := range counted {
			if _, err := tx.ExecContext(ctx, addWrongTriesSQL,
				text(w.Person), text(w.Day), w.Network[:], rest[:], login.NetworksTold, w.Tries, w.Known); err != nil {
				return err
			}
		}
		return nil
	}))
}

// WrongTriesOf tells of the last days on which a wrong password was typed for a human,
// under whichever of their records, the newest first.
func (s *People) WrongTriesOf(ctx context.Context, person string, days int) (all []login.WrongDay, err error) {
	err = eachRow(ctx, s.db.reader(), wrongTriesOfSQL, []any{text(person)}, func(row scanner) error {
		var w login.WrongTries
		if err := row.Scan(&w.Day, hashColumn{&w.Network}, &w.Tries, &w.Known); err != nil {
			return err
		}
		if n := len(all); n == 0 || all[n-1].Day != w.Day {
			all = append(all, login.WrongDay{Day: w.Day})
		}
		day := &all[len(all)-1]
		day.Tries, day.Known = day.Tries+w.Tries, day.Known+w.Known
		if w.Network.Zero() {
			day.More = true
		} else {
			day.Networks++
		}
		return nil
	})
	return all[:min(len(all), days)], wrap("read wrong tries", err)
}
