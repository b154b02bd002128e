package mail

import (
	"encoding/base64"
	"io"
	"mime"
	"mime/quotedprintable"
	"regexp"
	"strings"
)

// entity is a letter or a part of one.
type entity struct {
	head fields
	body string
}

// findings are what the parts of a report hold.
type findings struct {
	failed   *failure // of the first address that failed
	reported bool     // there is a status, of whatever kind
	other    bool     // it is a report about something else: a complaint, a receipt
	quoted   []fields // heads of letters in it
	sayings  []saying // for people: of the report, then of the letters in it
	current  int      // of the sayings: whose parts are looked at
	parts    int
}

// What is looked at in one report. A gateway wraps once or twice; more is made by somebody
// who wants us busy.
const (
	maxParts = 64
	maxDepth = 8
	maxWords = 32 * 1024 // of a text, in bytes: what a server says stands at its beginning
)

// walk looks for a status in an entity and in all that is in it. Where a status stands is
// not asked: gateways wrap reports, put them into multipart/mixed and forget the type of
// the whole.
func (f *findings) walk(e entity, depth int) {
	if f.parts++; f.parts > maxParts || depth > maxDepth {
		return
	}
	kind, params := contentType(e.head.get("content-type"))
	switch {
	case strings.HasPrefix(kind, "multipart/"):
		f.other = f.other || notDelivery[params["report-type"]]
		parts := splitParts(e.body, params["boundary"])
		for _, part := range parts {
			head, body := splitHead(part)
			f.walk(entity{head, body}, depth+1)
		}
		if len(parts) == 0 {
			f.text(e.body)
		}
	case kind == "message/delivery-status" || kind == "message/global-delivery-status":
		f.status(decoded(e))
	case notDelivery[strings.TrimPrefix(kind, "message/")]:
		f.other = true
	case kind == "message/rfc822" || kind == "message/global":
		head, body := splitHead(decoded(e))
		f.quoted = append(f.quoted, head)
		f.letter(head, body, depth+1)
	case kind == "text/rfc822-headers" || kind == "message/global-headers":
		head, _ := splitHead(decoded(e))
		f.quoted = append(f.quoted, head)
	case kind == "text/html":
		f.text(textOf(decoded(e)))
	case strings.HasPrefix(kind, "text/"):
		f.text(decoded(e))
	}
}

// letter looks through a whole letter: the report, or one in it.
func (f *findings) letter(head fields, body string, depth int) {
	if len(f.sayings) < maxDepth {
		f.sayings = append(f.sayings, saying{head: head})
		outer := f.current
		f.current = len(f.sayings) - 1
		defer func() { f.current = outer }()
	}
	f.walk(entity{head, body}, depth)
}

// notDelivery are the types of reports that tell of something else than a delivery: of a
// complaint (RFC 5965), of a letter that was read (RFC 8098). A letter that somebody
// complains about has arrived.
var notDelivery = map[string]bool{
	"feedback-report": true, "disposition-notification": true, "global-disposition-notification": true,
}

func (f *findings) text(s string) {
	if recipientInText.MatchString(s) && actionInText.MatchString(s) {
		f.status(s)
	}
	s = s[:min(len(s), maxWords)]
	own := &f.sayings[f.current]
	own.texts = append(own.texts, s)
	f.quoted = append(f.quoted, quotedHead(s))
}

// The fields of a status that stand in a text, as servers and gateways leave them there
// that do not know their type.
var (
	recipientInText = regexp.MustCompile(`(?im)^final-recipient[ \t]*:`)
	actionInText    = regexp.MustCompile(`(?im)^action[ \t]*:[ \t]*(?:failed|failure|error|expired|delayed|delivered|relayed|expanded)\b`)
)

func (f *findings) status(s string) {
	for _, group := range statusGroups(s) {
		action, _, _ := strings.Cut(strings.ToLower(group.get("action"))+" ", " ")
		status := reportStatus.FindString(group.get("status"))
		if action == "" && status == "" {
			continue
		}
		f.reported = true
		if f.failed != nil || !isFailure(action, status) {
			continue
		}
		_, recipient, _ := strings.Cut(group.get("final-recipient"), ";")
		kind, said, typed := strings.Cut(group.get("diagnostic-code"), ";")
		if !typed {
			said = kind
		}
		f.failed = &failure{status: status, recipient: strings.Trim(recipient, " <>"), said: said}
		if status == "" { // a server that knows the field and not its form says it in its words
			said := failureFrom(said, nil)
			f.failed.status, f.failed.final = said.status, said.final
		}
	}
}

// isFailure knows the actions of RFC 3464 §2.3.3 and what some servers write for them;
// where there is none, a permanent status is enough.
func isFailure(action, status string) bool {
	switch action {
	case "failed", "failure", "error", "expired":
		return true
	case "":
		return strings.HasPrefix(status, "5")
	default:
		return false
	}
}

var reportStatus = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}\b`)

var boundaryIn = regexp.MustCompile(`(?i)boundary[ \t]*=[ \t]*(?:"([^"]+)"|([^\s";]+))`)

// contentType reads the type of a part, and what counts of its parameters even where the
// others are written wrongly.
func contentType(s string) (string, map[string]string) {
	kind, params, err := mime.ParseMediaType(s)
	if err == nil {
		params["report-type"] = strings.ToLower(params["report-type"])
		return kind, params
	}
	kind, _, _ = strings.Cut(s, ";")
	params = map[string]string{}
	if found := boundaryIn.FindStringSubmatch(s); found != nil {
		params["boundary"] = found[1] + found[2]
	}
	kind = strings.ToLower(strings.TrimSpace(kind))
	if !strings.Contains(kind, "/") {
		kind = "text/plain" // RFC 2045 §5.2
	}
	return kind, params
}

// splitParts cuts a body at its boundary; without one, at what the first line that looks
// like one says.
func splitParts(body, boundary string) []string {
	var parts []string
	var part strings.Builder
	within := false
	for body != "" && len(parts) < maxParts {
		line, rest, _ := strings.Cut(body, "\n")
		body = rest
		mark := strings.TrimRight(line, " \t")
		if boundary == "" && len(mark) > 2 && strings.HasPrefix(mark, "--") {
			boundary = mark[2:]
		}
		if mark != "--"+boundary && mark != "--"+boundary+"--" || boundary == "" {
			if within {
				part.WriteString(line + "\n")
			}
			continue
		}
		if within {
			parts = append(parts, part.String())
		}
		part.Reset()
		within = mark == "--"+boundary
	}
	if within && part.Len() > 0 && len(parts) < maxParts { // it was cut, or never closed
		parts = append(parts, part.String())
	}
	return parts
}

var base64Begins = regexp.MustCompile(`^\s*[A-Za-z0-9+/=]+[ \t]*(?:\n|$)`)

// decoded undoes the encoding of a part, as far as it can be undone.
func decoded(e entity) string {
	var out []byte
	switch strings.ToLower(strings.TrimSpace(e.head.get("content-transfer-encoding"))) {
	case "base64":
		if !base64Begins.MatchString(e.body) {
			return e.body // gateways decode a part and leave the field
		}
		out, _ = io.ReadAll(base64.NewDecoder(base64.StdEncoding, strings.NewReader(e.body))) // what came before a mistake counts
	case "quoted-printable":
		out, _ = io.ReadAll(quotedprintable.NewReader(strings.NewReader(e.body)))
	default:
		return e.body
	}
	return unixLines(string(out))
}

// decodedWords reads a head's encoded words (RFC 2047), as far as they can be read.
func decodedWords(s string) string {
	out, err := new(mime.WordDecoder).DecodeHeader(s)
	if err != nil {
		return s
	}
	return out
}
