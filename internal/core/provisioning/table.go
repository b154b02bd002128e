package provisioning

import (
	"io"
	"strings"
	"time"

	"avain/internal/domain/login"
)

// Table writes CSV for spreadsheets: it begins so that they take it for UTF-8, cells are
// separated by semicolons, as they are in Finland and Sweden, and no cell is a formula.
// [Importer.Receive] reads it back as it was.
type Table struct{ to io.Writer }

// byteOrderMark begins UTF-8 for spreadsheets.
const byteOrderMark = "\xef\xbb\xbf"

// NewTable begins a table with the names of its columns.
func NewTable(to io.Writer, columns []string) (*Table, error) {
	if _, err := io.WriteString(to, byteOrderMark); err != nil {
		return nil, err
	}
	t := &Table{to}
	return t, t.Row(columns)
}

// Row writes one row. What a cell must not hold in a file of lines becomes a blank.
func (t *Table) Row(cells []string) error {
	var line strings.Builder
	for i, cell := range cells {
		if i > 0 {
			line.WriteByte(';')
		}
		line.WriteString(quoted(oneLine.Replace(cell)))
	}
	line.WriteString("\r\n")
	_, err := io.WriteString(t.to, line.String())
	return err
}

var oneLine = strings.NewReplacer("\r", " ", "\n", " ")

// Words in a cell of benefits: whether nobody may activate a kind yet stands after it, and
// none alone ends all of them, because an empty cell says nothing.
const (
	unreleased = "unreleased"
	released   = "released"
	none       = "none"
)

// BenefitsCell writes benefits into one cell: "lunch sports:2026-01-01/2026-12-31
// bicycle:2027-01-01/..:unreleased". Periods are those of ISO 8601 with the open ends of
// ISO 8601-2, and the last day belongs to them.
func BenefitsCell(all []login.Benefit, zone *time.Location) string {
	words := make([]string, len(all))
	for i, b := range all {
		word := []string{b.Kind}
		starts, ends := Day(b.StartsAt, zone, 0), Day(b.EndsAt, zone, -1)
		if starts != "" || ends != "" {
			word = append(word, open(starts)+"/"+open(ends))
		}
		if b.ReleasedAt.IsZero() {
			word = append(word, unreleased)
		}
		words[i] = strings.Join(word, ":")
	}
	return strings.Join(words, " ")
}

func open(day string) string {
	if day == "" {
		return openEnd
	}
	return day
}

// Day writes the day of an instant, empty for none; shift turns an exclusive end into the
// last day.
func Day(at time.Time, zone *time.Location, shift int) string {
	if at.IsZero() {
		return ""
	}
	return at.In(zone).AddDate(0, 0, shift).Format(time.DateOnly)
}

// readBenefits reads a cell that a person or [BenefitsCell] wrote: nil when it is empty, and
// says nothing. What the words say is checked with the rest of the row.
func readBenefits(cell string) (all []Benefit, fine bool) {
	if cell == none {
		return []Benefit{}, true
	}
	for word := range strings.FieldsSeq(cell) {
		kind, rest, more := strings.Cut(word, ":")
		b := Benefit{Kind: kind}
		if more {
			if b, fine = b.with(rest); !fine {
				return nil, false
			}
		}
		all = append(all, b)
	}
	return all, true
}

// with is the benefit with what stands after its kind: a period, whether it is released, or
// one after the other.
func (b Benefit) with(rest string) (_ Benefit, fine bool) {
	period, state, both := strings.Cut(rest, ":")
	if !both && (rest == released || rest == unreleased) {
		b.Released = new(rest == released)
		return b, true
	}
	from, until, fine := strings.Cut(period, "/")
	if !fine || from == "" || until == "" {
		return b, false
	}
	b.StartsOn, b.EndsOn = &from, &until
	if both {
		b.Released = new(state == released)
	}
	return b, !both || state == released || state == unreleased
}
