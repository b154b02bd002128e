package main

import (
	"encoding/json"
	"strings"
)

// payload is something that hurts careless programs, with the request's mark in it.
func (s spoiler) payload(r *request) string {
	return strings.ReplaceAll(pick(s.random, payloads), "MARK", r.mark)
}

// payloads: markup, scripts, headers, templates, statements, paths, addresses,
// formulas, odd Unicode, odd numbers, odd dates, and too much of anything.
var payloads = []string{
	`<MARK>`, `"><MARK x="`, `'><img src=x onerror=MARK()>`, `</title></textarea></script><MARK>`, `<svg/onload=MARK>`, `<!--<MARK>-->`, `" MARK="x`, `' autofocus onfocus=MARK '`,
	"javascript:MARK()", "JaVaScRiPt:MARK", "data:text/html,<MARK>", "https://MARK.evil.example/", "//MARK.evil.example", `\\MARK.evil.example`, "https:MARK.evil.example", "http://169.254.169.254/MARK",
	"http://127.0.0.1@MARK.evil.example/", "/%5CMARK.evil.example", "/.MARK.evil.example", "MARK\r\nX-MARK: 1", "MARK\r\nSet-Cookie: MARK=1", "MARK%0d%0aX-MARK:%201", "MARK\nX-MARK: 1", "MARK\x00", "\x00MARK",
	"{{MARK}}", "${MARK}", "#{MARK}", "%{MARK}", "{{.MARK}}", `{{printf "MARK"}}`, "%s%s%s%nMARK", "%!d(MARK)",
	"MARK' OR '1'='1", `MARK" OR ""="`, "MARK'; DROP TABLE attempts; --", "MARK') UNION SELECT value FROM meta --", "MARK\\", "%MARK%", "_MARK", "MARK' || pg_sleep(5) || '", "$1MARK",
	"../../../../etc/passwd#MARK", "..%2f..%2fMARK", "/etc/MARK", "C:\\MARK", "|MARK", "`MARK`", "$(MARK)", "; MARK", "=MARK()", "＝MARK", "@MARK", "+MARK", "-MARK", "\tMARK",
	"MARK\u202e\u2066x", "\ufeffMARK", "MARK\u200b\u200d", "MARK\u00a0", "🦊MARK", "ＭＡＲＫMARK", "İıſKMARK", "\xff\xfeMARK", "\xed\xa0\x80MARK", "\xc0\xafMARK", "MARK\u0301\u0301\u0301", "e\u0301MARK", "MARK\U000e0001",
	"", " ", "MARK ", "0", "-1", "1e309", "NaN", "9223372036854775808", "-9223372036854775809", "0x10", "١٢٣", "true", "null", "undefined", "[]", "{}", "2026-13-45", "9999-12-31", "0001-01-01", "253402300800",
	"openid MARK", "openid profile offline_access benefits email address phone", "AVAIN1:MARK.1.x", "urn:ietf:params:oauth:request_uri:MARK", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJNQVJLIn0.MARK", "eyJMARK",
	strings.Repeat("A", 300) + "MARK", strings.Repeat("MARK", 5000), strings.Repeat("9", 400), strings.Repeat("(", 500) + "MARK", strings.Repeat(" and userName eq \"MARK\"", 200),
	`userName eq "MARK" or (`, `emails[type eq "work`, `MARK pr`, `not (userName eq "MARK")`, `name.MARK`, `MARK@MARK.example`, `"MARK"@x.example`, "MARK@x.example\r\nBcc: v@x.example", "bounces+MARK@x.example",
}

var oddNames = []string{
	"client_id", "redirect_uri", "state", "request", "request_uri", "registration", "prompt", "max_age", "claims", "resource", "id_token_hint", "login_hint", "lang", "seen", "cursor", "limit", "filter", "count", "startIndex",
	"auth_session", "qr", "__proto__", "constructor", "a[]", "a.b", "%00", "utf8", "_method", "access_token", "known", "return", "next", "code", "error",
}

// oddHeaders; without a value, a payload.
var oddHeaders = []struct{ name, value string }{
	{"Host", "evil.example"},
	{"Host", "localhost"},
	{"X-Forwarded-Host", "MARK.evil.example"},
	{"X-Forwarded-For", "1.2.3.4, MARK"},
	{"X-Forwarded-Proto", "https"},
	{"Forwarded", "for=MARK;host=evil.example"},
	{"X-Original-Url", "/v1/employers"},
	{"X-Http-Method-Override", "DELETE"},
	{"Origin", "https://evil.example"},
	{"Origin", "null"},
	{"Origin", ""},
	{"Referer", "https://MARK.evil.example/"},
	{"Sec-Fetch-Site", "cross-site"},
	{"Accept", "text/event-stream"},
	{"Accept", "application/json"},
	{"Accept", "text/html"},
	{"Accept", ""},
	{"Accept-Language", ""},
	{"Accept-Language", strings.Repeat("fi;q=0.1,", 500)},
	{"Accept-Encoding", "br;q=1, gzip;q=0"},
	{"User-Agent", ""},
	{"User-Agent", "Mozilla/5.0 (Linux; Android 14; <MARK>) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile Safari/537.36 OPR/86.0"},
	{"Content-Type", ""},
	{"Content-Encoding", "gzip"},
	{"Range", "bytes=0-1"},
	{"If-None-Match", "*"},
	{"If-Match", "MARK"},
	{"If-Modified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"},
	{"Expect", "100-continue"},
	{"Connection", "close"},
	{"Idempotency-Key", ""},
	{"Authorization", ""},
	{"Authorization", "Bearer MARK"},
	{"Authorization", "Basic bWFyazptYXJr"},
	{"Authorization", "Basic %%%"},
	{"Authorization", "DPoP MARK"},
	{"Authorization", "Negotiate MARK"},
	{"Dpop", ""},
	{"Dpop", "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6Im5vbmUifQ.e30."},
	{"Dpop", "a.b.c"},
	{"Traceparent", "00-MARK-MARK-01"},
	{"X-Request-Id", "MARK"},
	{"Cookie", "a=\"MARK; b=c"},
	{"Access-Control-Request-Method", "POST"},
	{"Access-Control-Request-Headers", "MARK"},
	{"Upgrade", "websocket"},
	{"Te", "trailers"},
	{"X-Long", strings.Repeat("MARK", 1500)},
}

func encodeJSON(v any) []byte {
	out, err := json.Marshal(v)
	if err != nil {
		return []byte("{") // what cannot be written is sent as half a document
	}
	return out
}
