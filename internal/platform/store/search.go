package store

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"avain/internal/domain/login"
	"avain/internal/domain/operations"
)

// A person whose employer still names them otherwise is found by either name. What an
// employer's record leads to is its person, once there is one.
// No order, or one that no index has: PostgreSQL would rather read everything in the order
// of an index than sort the few rows that it finds by another.
const (
	personsWithEmailSQL = `SELECT p.same_as FROM persons p WHERE p.email <> '' AND LOWER(p.email) = $1 LIMIT $2`
	recordsWithEmailSQL = `SELECT id FROM employments WHERE email <> '' AND LOWER(email) = $1 LIMIT $2`
	holdersOfNameSQL    = `SELECT person FROM credentials WHERE user_name <> '' AND user_name = $1
		UNION SELECT person FROM credentials WHERE email <> '' AND email = $1`

	attemptsOfPersonSQL = `SELECT ` + attemptColumns + ` FROM attempts WHERE person <> '' AND person IN ` + recordsOf + `
		ORDER BY created_at + 0 DESC, id LIMIT $2`
	credentialsOfPersonSQL = `SELECT user_name, email FROM credentials WHERE person IN ` + recordsOf + ` ORDER BY created_at, id LIMIT 20`

	actsOnUnsealedSQL = `SELECT 0, stream, num, at, actor, action, target, detail FROM audit_unsealed WHERE target = $1 AND actor LIKE 'staff:%' ORDER BY at DESC LIMIT $2`
	actsOnSQL         = `SELECT seq, COALESCE(stream, 0), COALESCE(num, 0), at, actor, action, target, detail FROM audit WHERE target = $1 AND actor LIKE 'staff:%' ORDER BY seq + 0 DESC LIMIT $2`
)

// wordsAtOnce is how many words of a search count.
const wordsAtOnce = 5

// commonWord is how many hits make a word too common to begin a search with.
const commonWord = 1000

func (t wordTable) beginSQL() string {
	return `SELECT ` + t.holder + ` FROM ` + t.words + ` WHERE word >= $1 AND word < $2 LIMIT $3` //nolint:gosec // constants of this file
}

// searchSQL finds holders with n words that begin so: arguments $1 to $2n are the ends of
// the words' ranges, the rarest word first; the last argument is the most to answer.
func (t wordTable) searchSQL(n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `SELECT w.%[2]s FROM %[1]s w WHERE w.word >= $1 AND w.word < $2`, t.words, t.holder)
	for i := 1; i < n; i++ {
		fmt.Fprintf(&b, ` AND EXISTS (SELECT 1 FROM %[1]s o WHERE o.%[2]s = w.%[2]s AND o.word >= $%[3]d AND o.word < $%[4]d)`, t.words, t.holder, 2*i+1, 2*i+2)
	}
	fmt.Fprintf(&b, ` LIMIT $%d`, 2*n+1)
	return b.String()
}

// search answers the ids of those whose name has words that begin like each of those
// that were typed, in any order.
func (t wordTable) search(ctx context.Context, on runner, typed string, limit int) ([]string, error) {
	words := wordsOf(typed)
	if len(words) == 0 {
		return nil, nil
	}
	words = words[:min(len(words), wordsAtOnce)]
	rarest, fewest := 0, commonWord+1
	for i, word := range words {
		if len(words) == 1 {
			break
		}
		hits, err := queryIDs(ctx, on, t.beginSQL(), word, beyond(word), commonWord)
		if err != nil {
			return nil, err
		}
		if len(hits) < fewest {
			rarest, fewest = i, len(hits)
		}
	}
	words[0], words[rarest] = words[rarest], words[0]
	args := make([]any, 0, 2*len(words)+1)
	for _, word := range words {
		args = append(args, word, beyond(word))
	}
	// "an" finds Anna Anneli twice: asking the database to tell them apart would make it
	// read all Annas before the first answer.
	ids, err := queryIDs(ctx, on, t.searchSQL(len(words)), append(args, 2*limit)...)
	slices.Sort(ids)
	ids = slices.Compact(ids)
	return ids[:min(len(ids), limit)], err
}

// beyond is the first word that does not begin with this one. Words are UTF-8, in which
// no byte is 0xFF.
func beyond(word []byte) []byte { return append(bytes.Clone(word), 0xFF) }

// PersonsNamed finds the people with a name whose words begin like those that were typed,
// in any order, whatever their case and accents; at most so many ids, of the records that
// stand for them.
func (s *People) PersonsNamed(ctx context.Context, typed string, limit int) ([]string, error) {
	ids, err := personWords.search(ctx, s.db.reader(), typed, limit)
	return ids, wrap("find people by name", err)
}

// EmploymentsNamed is [Store.PersonsNamed] for employers' records.
func (s *People) EmploymentsNamed(ctx context.Context, typed string, limit int) ([]string, error) {
	ids, err := employmentWords.search(ctx, s.db.reader(), typed, limit)
	return ids, wrap("find employments by name", err)
}

// EmployersNamed is [Store.PersonsNamed] for employers.
func (s *People) EmployersNamed(ctx context.Context, typed string, limit int) ([]string, error) {
	ids, err := employerWords.search(ctx, s.db.reader(), typed, limit)
	return ids, wrap("find employers by name", err)
}

// FindByAddress finds people and employers' records by an e-mail address, and people by
// the user name that they log in with; at most so many of each. The address is compared
// in small letters.
func (s *People) FindByAddress(ctx context.Context, address string, limit int) (persons, employments []string, err error) {
	address = strings.ToLower(text(address))
	on := s.db.reader()
	if persons, err = queryIDs(ctx, on, personsWithEmailSQL, address, limit); err != nil {
		return nil, nil, wrap("find people by address", err)
	}
	named, err := queryIDs(ctx, on, holdersOfNameSQL, address)
	if err != nil {
		return nil, nil, wrap("find people by user name", err)
	}
	employments, err = queryIDs(ctx, on, recordsWithEmailSQL, address, limit)
	return append(persons, named...), employments, wrap("find employments by address", err)
}

// AttemptsOfPerson lists the last logins in which the person was identified, newest
// first.
func (s *People) AttemptsOfPerson(ctx context.Context, person string, limit int) (all []login.Attempt, err error) {
	err = eachRow(ctx, s.db.reader(), attemptsOfPersonSQL, []any{text(person), limit}, func(row scanner) error {
		a, err := scanAttempt(row)
		all = append(all, a)
		return err
	})
	return all, wrap("list attempts of person", err)
}

// UserNamesOf lists the user names with which a person may log in, and nothing of their
// passwords.
func (s *People) UserNamesOf(ctx context.Context, person string) (all []string, err error) {
	err = eachRow(ctx, s.db.reader(), credentialsOfPersonSQL, []any{text(person)}, func(row scanner) error {
		var name, email string
		err := row.Scan(&name, &email)
		if name == "" {
			name = email
		}
		all = append(all, name)
		return err
	})
	return all, wrap("list user names", err)
}

// StaffActsOn lists what the staff has done to a target, newest first.
func (s *People) StaffActsOn(ctx context.Context, target string, limit int) ([]operations.AuditEntry, error) {
	fresh, err := s.auditEntries(ctx, actsOnUnsealedSQL, text(target), limit)
	if err != nil {
		return nil, err
	}
	sealed, err := s.auditEntries(ctx, actsOnSQL, text(target), limit)
	all, _ := firstFresh(fresh, sealed, limit)
	return all, err
}
