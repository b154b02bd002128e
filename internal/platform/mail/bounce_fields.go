package mail

import (
	"regexp"
	"strings"
)

// fields are those of a head or of a status, by their names in small letters.
type fields map[string][]string

func (f fields) get(name string) string {
	if len(f[name]) == 0 {
		return ""
	}
	return f[name][0]
}

// unixLines makes \n of every end of a line: reports come through programs of every kind.
func unixLines(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
}

const (
	maxFields = 500       // of one head
	maxField  = 10 * 1024 // of one field, in bytes
)

// splitHead reads a head the way mail programs do: a line that is none of it (an mbox
// mark, half of a line that a gateway broke) spoils nothing but itself. Reading it
// strictly made one odd line of somebody else's server hide a failure.
func splitHead(s string) (fields, string) {
	head, last, n := fields{}, "", 0
	for s != "" {
		line, rest, _ := strings.Cut(s, "\n")
		s = rest
		if strings.TrimSpace(line) == "" {
			if n == 0 && last == "" {
				continue // an empty line in front of it
			}
			break
		}
		if line[0] == ' ' || line[0] == '\t' {
			head.append(last, line)
			continue
		}
		name, value, ok := cutField(line)
		if !ok || n >= maxFields {
			last = ""
			n++
			continue
		}
		last = name
		n++
		head[name] = append(head[name], value)
	}
	return head, s
}

// append adds a folded line to the field above it.
func (f fields) append(name, line string) {
	if values := f[name]; len(values) > 0 && len(values[len(values)-1]) < maxField {
		values[len(values)-1] += " " + strings.TrimSpace(line)
	}
}

var fieldLine = regexp.MustCompile(`^([^\s:]{1,76})[ \t]*:`)

// cutField reads "Name: value". Blanks in front of the colon are wrong since RFC 2822 and
// are written all the same.
func cutField(line string) (name, value string, ok bool) {
	found := fieldLine.FindStringSubmatchIndex(line)
	if found == nil {
		return "", "", false
	}
	return strings.ToLower(line[:found[3]]), strings.TrimSpace(line[found[1]:]), true
}

// ofStatus are the fields of a delivery status (RFC 3464 §2). Only they begin a field
// there, so that a diagnosis whose next line is not folded stays one, whatever it says.
var ofStatus = regexp.MustCompile(`^(?i)(original-envelope-id|reporting-mta|dsn-gateway|received-from-mta|arrival-date|original-recipient|final-recipient|action|status|remote-mta|diagnostic-code|last-attempt-date|final-log-id|will-retry-until|localized-.*|x-.*)$`)

// statusGroups reads the groups of fields of a status: the first is about the report, each
// other about one address (RFC 3464 §2.1). Servers forget the empty lines between groups,
// and put some between the fields of one; so a group ends where it has an action and an
// empty line or a field comes that it has already.
func statusGroups(s string) []fields {
	group, last := fields{}, ""
	groups := []fields{group}
	next := func() {
		group = fields{}
		groups = append(groups, group)
	}
	for s != "" && len(groups) <= maxGroups {
		line, rest, _ := strings.Cut(s, "\n")
		s = rest
		name, value, ok := cutField(line)
		switch {
		case strings.TrimSpace(line) == "":
			last = ""
			if group["action"] != nil {
				next()
			}
		case line[0] == ' ' || line[0] == '\t' || !ok || !ofStatus.MatchString(name):
			group.append(last, line)
		default:
			if last = name; group[name] != nil && (name == "action" || strings.HasSuffix(name, "-recipient")) {
				next()
			}
			group[name] = append(group[name], value)
		}
	}
	return groups
}

// maxGroups bounds the addresses that one status may name: our letters go to one each.
const maxGroups = 100
