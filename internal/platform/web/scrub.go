package web

import "regexp"

// The cause of an error is written by libraries, which like to quote what they were
// given: a URL with its query, a token, an address. These patterns are the last
// line of defence before the log; the first is that secrets are [secret.Text].
type scrubber struct {
	pattern *regexp.Regexp
	instead string
}

var scrubbers = []scrubber{
	// Queries and fragments: codes, states and request objects travel there.
	{regexp.MustCompile(`([?#&])[^\s"'<>]*`), "$1[redacted]"},
	// JOSE compact forms, whole or in part.
	{regexp.MustCompile(`eyJ[A-Za-z0-9_-]{5,}(\.[A-Za-z0-9_-]*)*`), "[redacted]"},
	// Finnish personal identity codes, every century sign.
	{regexp.MustCompile(`(?i)\b\d{6}[-+A-FU-Y]\d{3}[0-9A-Y]\b`), "[redacted]"},
	{regexp.MustCompile(`[^\s"'<>@:]+@[^\s"'<>@]+\.[A-Za-z]{2,}`), "[redacted]"},
	// Long random words: ids, codes, keys in hex or base64.
	{regexp.MustCompile(`\b[0-9a-fA-F]{24,}\b`), "[redacted]"},
	{regexp.MustCompile(`[A-Za-z0-9_+=-]*(?:[a-z][A-Z0-9]|[0-9][a-zA-Z])[A-Za-z0-9_+=-]{20,}`), "[redacted]"},
}

// maxCause bounds the cause in a record, in bytes; a panic brings its stack.
const maxCause = 4 << 10

// Scrub removes what looks like a secret or like personal data. It would rather
// hide a harmless word than show one that is not.
func Scrub(text string) string {
	if len(text) > maxCause {
		text = text[:maxCause] + "…"
	}
	for _, s := range scrubbers {
		text = s.pattern.ReplaceAllString(text, s.instead)
	}
	return text
}
