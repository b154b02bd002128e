package main

import (
	"errors"
	"fmt"
	"strings"
)

// lineMistake is what is wrong with a line of a file. It never repeats what stands there.
type lineMistake struct {
	Line   int64  `json:"line"`
	Field  string `json:"field,omitempty"`
	Detail string `json:"detail"`
}

func (m lineMistake) String() string {
	return fmt.Sprintf("line %d: %s", m.Line, strings.TrimSpace(m.Field+" "+m.Detail))
}

// lineMistakes are all mistakes of a file.
type lineMistakes []lineMistake

// shownMistakes is how many a screen gets. Whoever has more has made one mistake in every line,
// and the first lines tell which.
const shownMistakes = 20

// Error lists the first of them, and counts the rest.
func (all lineMistakes) Error() string {
	if more := len(all) - shownMistakes; more > 0 {
		return fmt.Sprintf("%s\nand %d more; --json lists all of them", all.first(), more)
	}
	return all.first()
}

func (all lineMistakes) first() string {
	lines := make([]string, min(len(all), shownMistakes))
	for i := range lines {
		lines[i] = all[i].String()
	}
	return strings.Join(lines, "\n")
}

// refused says that nobody of a file was added. Programs get all of its mistakes in the
// document of a file that was taken.
func refused(t terminal, err error) error {
	wrong, ok := errors.AsType[lineMistakes](err)
	if !ok {
		return err
	}
	err = usageError{fmt.Errorf("nobody was added:\n%w", wrong)}
	if t.json {
		return errors.Join(err, printJSON(t.out, addedOut{Mistakes: wrong}))
	}
	return err
}
