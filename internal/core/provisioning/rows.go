package provisioning

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"

	"avain/internal/domain/exact"
	"avain/internal/domain/fault"
)

// Format is how a file of people is written.
type Format string

// The formats.
const (
	CSV    Format = "csv"
	NDJSON Format = "ndjson"
)

// maxLine bounds one row, in bytes: what reads a file never holds more than this of it.
const maxLine = 64 << 10

// columns that a CSV file may have.
var columns = []string{"external_id", "user_name", "email", "given_name", "family_name", "locale", "kind", "hetu", "benefits"}

// ours are columns of an export that a file of people may have and that change nothing:
// our own id of the record, and how far it is.
var ours = []string{"id", "state"}

// rows reads a file row by row.
type rows struct {
	lines *bufio.Reader
	line  int64
	parse func(line []byte) (Entry, fault.FieldErrors)
}

// newRows begins to read. The mistakes are those of the file's beginning: it is not UTF-8, or
// the first line of CSV names no columns.
func newRows(in io.Reader, format Format) (*rows, error) {
	text, err := exact.Reader(in)
	if errors.Is(err, exact.ErrNotUTF8) {
		return nil, fault.FieldErrors{{Detail: err.Error()}}
	}
	if err != nil {
		return nil, err
	}
	r := &rows{lines: bufio.NewReaderSize(text, maxLine), parse: parseJSON}
	if format == NDJSON {
		return r, nil
	}
	head, _, err := r.next()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	table := newTable(head)
	names, mistakes := table.header(head)
	if len(mistakes) > 0 {
		return nil, mistakes
	}
	r.parse = func(line []byte) (Entry, fault.FieldErrors) { return table.entry(names, line) }
	return r, nil
}

// next reads a line, without its end. A line that is too long is skipped and said to
// be so. io.EOF comes with an empty line.
func (r *rows) next() (line []byte, tooLong bool, err error) {
	for {
		line, err = r.lines.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			tooLong = true
			continue
		case errors.Is(err, io.EOF) && (len(line) > 0 || tooLong): // the last line has no end
		case err != nil:
			return nil, false, err
		}
		r.line++
		if tooLong {
			return nil, true, nil
		}
		return bytes.TrimRight(line, "\r\n"), false, nil
	}
}

// read answers the next row that is not empty.
func (r *rows) read() (Entry, fault.FieldErrors, error) {
	for {
		line, tooLong, err := r.next()
		switch {
		case err != nil:
			return Entry{}, nil, err
		case tooLong:
			return Entry{}, fault.FieldErrors{{Field: "", Detail: "the row is too long"}}, nil
		case len(bytes.TrimSpace(line)) == 0:
			continue
		}
		e, mistakes := r.parse(line)
		return e.filed(), mistakes, nil
	}
}

// fieldName is a name that may be repeated in an answer: it is none of the caller's
// values by accident.
var fieldName = regexp.MustCompile(`^[a-z_]{1,40}$`)

// FieldOf says which field a JSON decoder stumbled over, and what was expected.
func FieldOf(err error) fault.FieldError {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && wrong.Field != "" {
		return fault.FieldError{Field: wrong.Field, Detail: "must not be a JSON " + wrong.Value}
	}
	if _, name, ok := strings.Cut(err.Error(), `unknown field "`); ok {
		if name = strings.TrimSuffix(name, `"`); fieldName.MatchString(name) {
			return fault.FieldError{Field: name, Detail: "there is no such field"}
		}
		return fault.FieldError{Detail: "there is a field that we do not know"}
	}
	return fault.FieldError{Detail: "must be one JSON object"}
}

func parseJSON(line []byte) (Entry, fault.FieldErrors) {
	var e Entry
	decoder := json.NewDecoder(bytes.NewReader(line))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&e); err != nil {
		return Entry{}, fault.FieldErrors{FieldOf(err)}
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return Entry{}, fault.FieldErrors{{Detail: "must be one JSON object in each line"}}
	}
	return e, nil
}

// UnmarshalJSON also takes the kind alone.
func (b *Benefit) UnmarshalJSON(text []byte) error {
	if len(text) > 0 && text[0] == '"' {
		return json.Unmarshal(text, &b.Kind)
	}
	type plain Benefit
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode((*plain)(b))
}

// table reads the lines of a CSV file (RFC 4180). A cell never goes over several lines:
// an open quotation mark would swallow the rest of the file.
type table struct {
	feed   *bytes.Reader
	reader *csv.Reader
}

// newTable finds out what separates the cells: spreadsheets in Finland write semicolons.
func newTable(head []byte) *table {
	t := &table{feed: bytes.NewReader(nil)}
	t.reader = csv.NewReader(t.feed)
	t.reader.FieldsPerRecord = -1
	if bytes.Count(head, []byte(";")) > bytes.Count(head, []byte(",")) {
		t.reader.Comma = ';'
	}
	return t
}

func (t *table) cells(line []byte) ([]string, error) {
	t.feed.Reset(line)
	cells, err := t.reader.Read()
	for {
		if _, rest := t.reader.Read(); errors.Is(rest, io.EOF) {
			return cells, err
		}
	}
}

func (t *table) header(head []byte) ([]string, fault.FieldErrors) {
	cells, err := t.cells(head)
	if err != nil {
		return nil, fault.FieldErrors{{Detail: "the first line must name the columns"}}
	}
	names := make([]string, len(cells))
	var mistakes fault.FieldErrors
	for i, name := range cells {
		name = strings.ToLower(strings.TrimSpace(name))
		switch {
		case !slices.Contains(columns, name) && !slices.Contains(ours, name):
			mistakes = append(mistakes, fault.FieldError{Detail: "the first line names a column that we do not know; it may name " + strings.Join(columns, ", ")})
		case slices.Contains(names, name):
			mistakes = append(mistakes, fault.FieldError{Field: name, Detail: "is there twice"})
		}
		names[i] = name
	}
	if !slices.Contains(names, "external_id") {
		mistakes = append(mistakes, fault.FieldError{Field: "external_id", Detail: "the first line must name this column"})
	}
	return names, mistakes
}

func (t *table) entry(names []string, line []byte) (Entry, fault.FieldErrors) {
	cells, err := t.cells(line)
	if err != nil {
		return Entry{}, fault.FieldErrors{{Detail: "a quotation mark is missing or too many"}}
	}
	if len(cells) != len(names) {
		return Entry{}, fault.FieldErrors{{Detail: "has more or fewer cells than the first line"}}
	}
	var e Entry
	var mistakes fault.FieldErrors
	for i, cell := range cells {
		cell = unguard(strings.Trim(cell, " \t")) // only what an editor writes; other blanks are a mistake in ids
		switch names[i] {
		case "external_id":
			e.ExternalID = &cell
		case "user_name":
			e.UserName = &cell
		case "email":
			e.Email = &cell
		case "given_name":
			e.GivenName = &cell
		case "family_name":
			e.FamilyName = &cell
		case "locale":
			e.Locale = &cell
		case "kind":
			e.Kind = &cell
		case "hetu":
			e.HETU = cell
		case "benefits":
			var fine bool
			if e.Benefits, fine = readBenefits(cell); !fine {
				mistakes = append(mistakes, fault.FieldError{Field: "benefits", Detail: "must be kinds with blanks between them, such as: lunch sports:2026-01-01/2026-12-31 bicycle:2027-01-01/.."})
			}
		}
	}
	return e, mistakes
}
