package main

import (
	"encoding/base64"
	"maps"
	"net/http"
	"testing"
)

// What must never happen is found, and what may happen is not.
func TestJudge(t *testing.T) {
	t.Parallel()
	const mark = "qz00c0ffee"
	inToken := base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"the-victim"}`))
	for name, tc := range map[string]struct {
		status int
		header http.Header
		body   string
		want   string
	}{
		"a page":                        {200, nil, "<p>fine", ""},
		"an error of ours":              {500, nil, "{}", "5xx"},
		"unavailable":                   {503, nil, "{}", "5xx"},
		"no nosniff":                    {200, http.Header{"X-Content-Type-Options": nil}, "x", "sniffable"},
		"redirect to ourselves":         {303, http.Header{"Location": {"http://service.example/me"}}, "", ""},
		"redirect within":               {303, http.Header{"Location": {"/login/x?a=https://evil.example"}}, "", ""},
		"redirect to a stranger":        {303, http.Header{"Location": {"https://evil.example/"}}, "", "open redirect"},
		"redirect without a scheme":     {303, http.Header{"Location": {"//evil.example/"}}, "", "open redirect"},
		"redirect by a backslash":       {303, http.Header{"Location": {`/\evil.example/`}}, "", "open redirect"},
		"redirect to a script":          {303, http.Header{"Location": {"javascript:alert()"}}, "", "open redirect"},
		"a header that was sent":        {200, http.Header{"X-" + mark: {"1"}}, "", "reflected"},
		"a cookie that was sent":        {200, http.Header{"Set-Cookie": {mark + "=1"}}, "", "reflected"},
		"an element":                    {200, nil, "<p><" + mark + ">", "reflected"},
		"an attribute":                  {200, nil, `<p ` + mark + `="x">`, "reflected"},
		"a script":                      {200, nil, `<script>var x = "` + mark + `"</script>`, "reflected"},
		"a comment":                     {200, nil, `<!-- ` + mark + ` -->`, "reflected"},
		"a handler":                     {200, nil, `<img onerror="` + mark + `()">`, "reflected"},
		"a link to a stranger":          {200, nil, `<a href="https://` + mark + `.example">`, "reflected"},
		"a link to a script":            {200, nil, `<a href=" javascript:` + mark + `()">`, "reflected"},
		"text of a page":                {200, nil, `<p>&lt;` + mark + `&gt;`, ""},
		"an address within":             {200, nil, `<a href="/me?x=` + mark + `">`, ""},
		"a field to correct":            {422, nil, `<input value="` + mark + `">`, ""},
		"text of a refusal":             {404, nil, `<p>no page ` + mark, "reflected"},
		"attribute of a refusal":        {404, nil, `<a href="/x?` + mark + `">`, "reflected"},
		"document of a refusal":         {400, http.Header{"Content-Type": {"application/json"}}, `{"error":"` + mark + `"}`, "reflected"},
		"document of a success":         {201, http.Header{"Content-Type": {"application/json"}}, `{"name":"` + mark + `"}`, ""},
		"somebody else's data":          {200, nil, "<p>the-victim", "foreign data"},
		"somebody else's, in a header":  {303, http.Header{"Location": {"/x?the-victim"}}, "", "foreign data"},
		"somebody else's, in a token":   {200, http.Header{"Content-Type": {"application/json"}}, `{"access_token":"e30.` + inToken + `.x"}`, "foreign data"},
		"somebody's like somebody else": {200, nil, "<p>the-victor", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header := http.Header{"X-Content-Type-Options": {"nosniff"}, "Content-Type": {"text/html; charset=utf-8"}}
			maps.Copy(header, tc.header)
			j := newJudge(target{Service: "http://service.example", Canaries: []string{"the-victim"}})
			found := j.check(request{mark: mark}, answer{tc.status, header, []byte(tc.body)})
			switch {
			case tc.want == "" && len(found) > 0:
				t.Errorf("%v", found)
			case tc.want != "" && (len(found) != 1 || found[0].Kind != tc.want):
				t.Errorf("%v; want %s", found, tc.want)
			}
		})
	}
}

// The log tells of what no answer tells.
func TestLogReader(t *testing.T) {
	t.Parallel()
	l := &logReader{}
	for _, part := range []string{`{"level":"INFO","msg":"x"}`, "\n{\"level\":\"ERR", "OR\",\"msg\":\"y\"}\n", "panic: at the disco\n", `{"level":"ERROR"} unfinished`} {
		if _, err := l.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	found := l.take()
	if len(found) != 2 || found[0].Kind != "logged" || found[1].Kind != "panic" {
		t.Errorf("%v", found)
	}
}
