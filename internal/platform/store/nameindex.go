package store

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"avain/internal/domain/names"
)

const (
	// maxWords and maxWord bound what one name costs, in words and bytes.
	maxWords = 12
	maxWord  = 40
)

// wordsOf are the words by which a name is found: in small letters, without accents,
// split at everything that is no letter and no digit. "Väinö von Ess-Åberg" is found by
// vaino, von, ess and aberg.
func wordsOf(all ...string) [][]byte {
	var words []string
	for _, name := range all {
		words = append(words, names.Words(text(name))...)
	}
	slices.Sort(words)
	words = slices.Compact(words)
	words = words[:min(len(words), maxWords)]
	kept := make([][]byte, len(words))
	for i, word := range words {
		kept[i] = []byte(word[:min(len(word), maxWord)])
	}
	return kept
}

// wordTable is where the words of one kind of thing stand.
type wordTable struct{ words, holder, table, names string }

// The three kinds.
var (
	personWords     = wordTable{"person_words", "person", "persons", "given_name || ' ' || family_name || ' ' || name"}
	employmentWords = wordTable{"employment_words", "employment", "employments", "given_name || ' ' || family_name"}
	employerWords   = wordTable{"employer_words", "employer", "employers", "name"}
)

func (t wordTable) addSQL(n int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "INSERT INTO %s (%s, word) VALUES ", t.words, t.holder)
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "($1, $%d)", i+2)
	}
	return b.String() + " ON CONFLICT DO NOTHING"
}

func (t wordTable) wordsSQL() string {
	return `SELECT word FROM ` + t.words + ` WHERE ` + t.holder + ` = $1 ORDER BY word` //nolint:gosec // constants of this file
}

func (t wordTable) dropSQL() string {
	return `DELETE FROM ` + t.words + ` WHERE ` + t.holder + ` = $1` //nolint:gosec // constants of this file
}

// put writes the words of something new. There are a dozen texts of the statement.
func (t wordTable) put(ctx context.Context, tx runner, id string, names ...string) error {
	words := wordsOf(names...)
	if len(words) == 0 {
		return nil
	}
	args := make([]any, 0, len(words)+1)
	args = append(args, id)
	for _, word := range words {
		args = append(args, word)
	}
	_, err := tx.ExecContext(ctx, t.addSQL(len(words)), args...)
	return err
}

// putIf is put for what a statement may have left undone.
func (t wordTable) putIf(ctx context.Context, tx runner, done sql.Result, id string, names ...string) error {
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return err
	}
	return t.put(ctx, tx, id, names...)
}

// change replaces the words of something that was named anew. A bank that only says which
// word is the family name changes none: whoever logs in waits for no write.
func (t wordTable) change(ctx context.Context, tx runner, id string, names ...string) error {
	var before [][]byte
	err := eachRow(ctx, tx, t.wordsSQL(), []any{id}, func(row scanner) error {
		var word []byte
		err := row.Scan(&word)
		before = append(before, word)
		return err
	})
	if err != nil || slices.EqualFunc(before, wordsOf(names...), bytes.Equal) {
		return err
	}
	if _, err := tx.ExecContext(ctx, t.dropSQL(), id); err != nil {
		return err
	}
	return t.put(ctx, tx, id, names...)
}

const (
	wordsWrittenSQL = `SELECT COUNT(*) FROM meta WHERE name = 'words' AND value = 'written'`
	writtenWordsSQL = `UPDATE meta SET value = 'written' WHERE name = 'words'`
)

// wordPage is how many names are looked at in one transaction; between two of them the
// core is left to those who log in.
const (
	wordPage  = 200
	wordPause = 20 * time.Millisecond
)

// missingSQL lists what has a name and no words, by id, from the one after.
func (t wordTable) missingSQL() string {
	return fmt.Sprintf(`SELECT n.id, %s FROM %s n WHERE n.id > $1 AND NOT EXISTS (SELECT 1 FROM %s w WHERE w.%s = n.id) ORDER BY n.id LIMIT $2`,
		t.names, t.table, t.words, t.holder)
}

// WriteWords writes the words of everything that was named before there were words, in
// small transactions, and never again once it is through. Nodes may do it at the same
// time, and it may be interrupted. It answers how much it has looked at.
func (s *People) WriteWords(ctx context.Context) (looked int64, err error) {
	var written int
	if err := s.db.reader().QueryRowContext(ctx, wordsWrittenSQL).Scan(&written); err != nil || written > 0 {
		return 0, wrap("write words", err)
	}
	for _, t := range []wordTable{personWords, employmentWords, employerWords} {
		n, err := s.writeWords(ctx, t)
		looked += n
		if err != nil {
			return looked, wrap("write words", err)
		}
	}
	err = s.db.write(ctx, func(ctx context.Context, tx runner) error {
		_, err := tx.ExecContext(ctx, writtenWordsSQL)
		return err
	})
	return looked, wrap("write words", err)
}

func (s *People) writeWords(ctx context.Context, t wordTable) (looked int64, err error) {
	for after := ""; ; {
		var n int
		last := after
		err := s.db.write(ctx, func(ctx context.Context, tx runner) error {
			n, last = 0, after // the transaction may be run again
			named := map[string]string{}
			err := eachRow(ctx, tx, t.missingSQL(), []any{after, wordPage}, func(row scanner) error {
				var id, names string
				err := row.Scan(&id, &names)
				named[id], last, n = names, max(last, id), n+1
				return err
			})
			if err != nil {
				return err
			}
			for id, names := range named {
				if err := t.put(ctx, tx, id, names); err != nil {
					return err
				}
			}
			return nil
		})
		if looked += int64(n); err != nil || n < wordPage {
			return looked, err
		}
		after = last
		if err := rest(ctx, wordPause); err != nil {
			return looked, err
		}
	}
}
