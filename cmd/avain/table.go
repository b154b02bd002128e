package main

import (
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"avain/internal/domain/shown"

	"golang.org/x/term"
	"golang.org/x/text/width"
)

const (
	// cutMark ends what was cut, and the head of a column that may be: free text, which a
	// person can do without. Ids, addresses and times are copied, and never cut.
	cutMark = "…"
	// minCut is what is left of a cell at least, in columns of the terminal.
	minCut = 10
	// columnGap is between two columns.
	columnGap = 2
	// minWidth is of the narrowest terminal that is thought of.
	minWidth = 20
)

// width is how wide the terminal is; 0 when the output goes elsewhere, where nothing is cut.
func (t terminal) width() int {
	file, ok := t.out.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return 0
	}
	for _, variable := range t.environ { // POSIX: it is what the person wants
		if text, ok := strings.CutPrefix(variable, "COLUMNS="); ok {
			if n, err := strconv.Atoi(text); err == nil && n > 0 {
				return n
			}
		}
	}
	columns, _, err := term.GetSize(int(file.Fd()))
	if err != nil {
		return 0
	}
	return columns
}

// printTable prints rows, the first of them a head, in columns. Cells lose what could
// paint the operator's terminal. Where they are wider than the terminal (0: no limit), free
// text is cut, the rightmost first; where that is not enough, each row is a paragraph.
func printTable(out io.Writer, rows [][]string, limit int) error {
	cuttable := make([]bool, len(rows[0]))
	for i, head := range rows[0] {
		rows[0][i], cuttable[i] = strings.CutSuffix(head, cutMark)
	}
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			row[i] = words(cell)
			widths[i] = max(widths[i], columns(row[i]))
		}
	}
	if limit > 0 {
		limit = max(limit, minWidth)
		if !squeeze(widths, rows[0], cuttable, limit) {
			return printParagraphs(out, rows, limit)
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			cell = cut(cell, widths[i])
			line.WriteString(cell + strings.Repeat(" ", widths[i]-columns(cell)+columnGap))
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// squeeze narrows the columns that may be cut, until all fit; false when they cannot.
func squeeze(widths []int, head []string, cuttable []bool, limit int) bool {
	over := columnGap*(len(widths)-1) - limit
	for _, w := range widths {
		over += w
	}
	for i := len(widths) - 1; i >= 0 && over > 0; i-- {
		if cuttable[i] {
			give := min(over, max(0, widths[i]-max(minCut, columns(head[i]))))
			widths[i], over = widths[i]-give, over-give
		}
	}
	return over <= 0
}

// printParagraphs prints each row below the other, a line for each cell: nothing is cut, long
// cells go on in the next line.
func printParagraphs(out io.Writer, rows [][]string, limit int) error {
	labels := 0
	for _, head := range rows[0] {
		labels = max(labels, columns(head))
	}
	if len(rows) == 1 { // nothing is listed: so much of the head as there is room for
		_, err := io.WriteString(out, cut(strings.Join(rows[0], "  "), limit)+"\n")
		return err
	}
	var b strings.Builder
	for n, row := range rows[1:] {
		if n > 0 {
			b.WriteByte('\n')
		}
		for i, cell := range row {
			label := rows[0][i]
			for _, line := range wrap(cell, limit-labels-columnGap) {
				text := label + strings.Repeat(" ", labels-columns(label)+columnGap) + line
				b.WriteString(strings.TrimRight(text, " ") + "\n")
				label = ""
			}
		}
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// columns is how many columns of a terminal a text takes.
func columns(s string) int {
	n := 0
	for letter := range shown.Letters(s) {
		n += letterColumns(letter)
	}
	return n
}

// letterColumns is two for what is written in East Asia, and for emoji.
func letterColumns(letter string) int {
	first, _ := utf8.DecodeRuneInString(letter)
	kind := width.LookupRune(first).Kind()
	if kind == width.EastAsianWide || kind == width.EastAsianFullwidth || strings.ContainsRune(letter, '\ufe0f') { // U+FE0F: as a picture
		return 2
	}
	return 1
}

// cut shortens a text to so many columns, between letters.
func cut(s string, most int) string {
	if columns(s) <= most {
		return s
	}
	var b strings.Builder
	left := most - columns(cutMark)
	for letter := range shown.Letters(s) {
		if left -= letterColumns(letter); left < 0 {
			break
		}
		b.WriteString(letter)
	}
	return strings.TrimRight(b.String(), " ") + cutMark
}

// wrap breaks a text into lines of at most so many columns, at blanks where there are any.
func wrap(s string, most int) []string {
	most = max(most, 2) // the widest letter
	lines := []string{}
	var line string
	for word := range strings.SplitSeq(s, " ") {
		switch {
		case line == "":
			line = word
		case columns(line)+1+columns(word) <= most:
			line += " " + word
		default:
			lines, line = append(lines, line), word
		}
		for columns(line) > most {
			letters := slices.Collect(shown.Letters(line))
			n, taken := 0, 0
			for taken+letterColumns(letters[n]) <= most {
				taken += letterColumns(letters[n])
				n++
			}
			lines, line = append(lines, strings.Join(letters[:n], "")), strings.Join(letters[n:], "")
		}
	}
	return append(lines, line)
}

// when writes a time in UTC, or a dash.
func when(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04")
}
