package store

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestWordsOfNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"Aino Maria Virtanen": "aino maria virtanen", "VÄINÖ Åberg": "aberg vaino", "von Ess-Ångström": "angstrom ess von",
		"Søren Kjærgård": "kjaergard soren", "Łukasz Groß": "gross lukasz", "O'Brien, Ana": "ana brien o", "Ana Ana": "ana", "": "", " -,. ": "",
		"Ольга": "ольга", "ＡＢＣ": "abc", "Ma\u0308ki": "maki",
	} {
		if got := string(bytes.Join(wordsOf(name), []byte(" "))); got != want {
			t.Errorf("%q has the words %q, want %q", name, got, want)
		}
	}
}

// Whatever somebody is called, the beginning of each of their words finds them, however
// it is typed; and no name costs more than a bounded number of bytes.
func TestEveryNameIsFoundByItsBeginnings(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.String().Draw(t, "name")
		words := wordsOf(name)
		if len(words) > maxWords {
			t.Fatalf("%d words", len(words))
		}
		for _, word := range words {
			if len(word) == 0 || len(word) > maxWord {
				t.Fatalf("a word of %d bytes", len(word))
			}
			if utf8.Valid(word) && len(word) < maxWord && !slices.ContainsFunc(wordsOf(string(word)), func(w []byte) bool { return bytes.Equal(w, word) }) {
				t.Fatalf("%q is not found by itself: %q", word, wordsOf(string(word)))
			}
			begin := word[:1+len(word)/2]
			if bytes.Compare(begin, word) > 0 || bytes.Compare(word, beyond(begin)) >= 0 {
				t.Fatalf("%q does not lie between %q and its end", word, begin)
			}
		}
	})
}

// Names from before there were words get theirs, once, whoever asks how often.
func TestWordsOfOldRowsAreWritten(t *testing.T) {
	t.Parallel()
	for driver, s := range both(t) {
		db := raw(t, s)
		var rows []string
		for i := range wordPage + 50 {
			rows = append(rows, fmt.Sprintf("('p%04[1]d', 'p%04[1]d', 's%04[1]d', 'Vanha', 'Asukas%[1]d', 'Vanha Asukas%[1]d', '', 'fi', FALSE, 0, 0, 0)", i))
		}
		_, err := db.ExecContext(t.Context(), `INSERT INTO persons (id, same_as, subject, given_name, family_name, name, email, locale, smartum_plus, locked_at, created_at, updated_at) VALUES `+strings.Join(rows, ", "))
		if err != nil {
			t.Fatal(err)
		}
		for round, want := range []int64{wordPage + 50, 0} {
			if n, err := s.People.WriteWords(t.Context()); err != nil || n != want {
				t.Errorf("%s, round %d: %d, %v", driver, round, n, err)
			}
		}
		if ids, err := s.People.PersonsNamed(t.Context(), "asukas249 van", 10); err != nil || !slices.Equal(ids, []string{"p0249"}) {
			t.Errorf("%s: %v, %v", driver, ids, err)
		}
		if ids, err := s.People.PersonsNamed(t.Context(), "vanha", 10); err != nil || len(ids) != 10 {
			t.Errorf("%s: %v, %v", driver, ids, err)
		}
	}
}
