package hetu

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Mode says which codes are believed.
type Mode int

// The modes. The zero value is the one for real people.
const (
	Production Mode = iota // real codes only: individual numbers 900–999 are refused
	Artificial             // also artificial codes (individual numbers 900–999)
	Lenient                // broker test beds: also wrong check characters, such as 010100A001N
)

// What can be wrong with a code. The errors never repeat the code.
var (
	ErrLength     = errors.New("personal identity code: not 11 characters")
	ErrSyntax     = errors.New("personal identity code: not of the form DDMMYYcNNNX")
	ErrDate       = errors.New("personal identity code: no such date")
	ErrCheck      = errors.New("personal identity code: wrong check character")
	ErrIndividual = errors.New("personal identity code: individual number out of range")
	ErrArtificial = errors.New("personal identity code: artificial code, not accepted here")
)

const (
	checkAlphabet = "0123456789ABCDEFHJKLMNPRSTUVWXY"
	separators19  = "-YXWVU"
	separators20  = "ABCDEF"
)

// Code is a personal identity code, all eleven characters. The century separator
// is part of the identity: since 2023 it tells two people apart who share the rest
// (100190-999P is not 100190Y999P), so nothing ever strips or normalises it.
//
// A Code prints as "[hetu]"; only [Code.Reveal] gives it away.
type Code struct{ value string }

// Parse reads a code as brokers send it: upper case, no spaces. Lower case is
// accepted because people type it so; the result is upper case.
func Parse(s string, mode Mode) (Code, error) {
	if len(s) != 11 {
		return Code{}, ErrLength
	}
	s = upperASCII(s)
	ddmmyy, separator, individual, check := s[:6], s[6], s[7:10], s[10]
	if !digits(ddmmyy) || !digits(individual) || strings.IndexByte(checkAlphabet, check) < 0 {
		return Code{}, ErrSyntax
	}
	century, ok := centuryOf(separator)
	if !ok {
		return Code{}, ErrSyntax
	}
	if _, err := date(ddmmyy, century); err != nil {
		return Code{}, err
	}
	if mode == Lenient {
		return Code{s}, nil
	}
	if checkAlphabet[number(ddmmyy+individual)%31] != check {
		return Code{}, ErrCheck
	}
	switch n := number(individual); {
	case n < 2:
		return Code{}, ErrIndividual
	case n >= 900 && mode == Production:
		return Code{}, ErrArtificial
	}
	return Code{s}, nil
}

// Make builds a valid code from its parts; the simulator and tests make artificial
// people with it (individual numbers 900–999). The separator chooses the century.
func Make(birth time.Time, separator byte, individual int) (Code, error) {
	century, ok := centuryOf(separator)
	if !ok || birth.Year()/100*100 != century {
		return Code{}, ErrSyntax
	}
	if individual < 2 || individual > 999 {
		return Code{}, ErrIndividual
	}
	ddmmyy, nnn := birth.Format("020106"), fmt.Sprintf("%03d", individual)
	check := checkAlphabet[number(ddmmyy+nnn)%31]
	return Code{ddmmyy + string(separator) + nnn + string(check)}, nil
}

// Reveal returns the code itself. Call it only to hash it, to encrypt it, or in the
// simulator to hand it to the relying party.
func (c Code) Reveal() string { return c.value }

// Zero reports whether there is no code.
func (c Code) Zero() bool { return c.value == "" }

// Artificial reports whether no real person can have this code.
func (c Code) Artificial() bool { return len(c.value) == 11 && c.value[7] == '9' }

// Birth returns the date of birth, at midnight UTC.
func (c Code) Birth() time.Time {
	if c.Zero() {
		return time.Time{}
	}
	century, _ := centuryOf(c.value[6])
	born, _ := date(c.value[:6], century)
	return born
}

func (Code) String() string               { return "[hetu]" }
func (Code) GoString() string             { return "[hetu]" }
func (Code) Format(f fmt.State, _ rune)   { _, _ = f.Write([]byte("[hetu]")) }
func (Code) LogValue() slog.Value         { return slog.StringValue("[hetu]") }
func (Code) MarshalText() ([]byte, error) { return []byte("[hetu]"), nil }

func centuryOf(separator byte) (int, bool) {
	switch {
	case separator == '+':
		return 1800, true
	case strings.IndexByte(separators19, separator) >= 0:
		return 1900, true
	case strings.IndexByte(separators20, separator) >= 0:
		return 2000, true
	default:
		return 0, false
	}
}

// date refuses the 31st of February, which time.Date would move to March.
func date(ddmmyy string, century int) (time.Time, error) {
	day, month, year := number(ddmmyy[:2]), number(ddmmyy[2:4]), century+number(ddmmyy[4:])
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if t.Day() != day || int(t.Month()) != month {
		return time.Time{}, ErrDate
	}
	return t, nil
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

func number(digits string) int {
	n := 0
	for i := range len(digits) {
		n = n*10 + int(digits[i]-'0')
	}
	return n
}

func upperASCII(s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'a' <= c && c <= 'z' {
			b[i] = c - 'a' + 'A'
		}
	}
	return string(b)
}
