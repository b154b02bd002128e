package webhook

import (
	"errors"
	"strings"
	"testing"

	"avain/internal/secret"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"https://crm.example.com", "https://crm.example.com:8443/in?tenant=1", "https://10.0.0.7/hook", "https://[2001:db8::1]/",
		"http://localhost:8083/hook", "http://127.0.0.1:1", "https://127.0.0.1/", "http://[::1]:8083/",
	} {
		e := Endpoint{ID: "crm", URL: raw, Secret: secret.Of(someSecret), Events: Types()}
		if problems := e.Validate("webhooks[0]"); len(problems) != 0 {
			t.Errorf("%s: %v", raw, problems)
		}
	}
	good := Endpoint{ID: "crm", URL: "https://crm.example.com/", Secret: secret.Of(someSecret)}
	for name, c := range map[string]struct {
		change func(*Endpoint)
		path   string
	}{
		"no id":             {func(e *Endpoint) { e.ID = "" }, "id"},
		"an id with a dot":  {func(e *Endpoint) { e.ID = "a.b" }, "id"},
		"a long id":         {func(e *Endpoint) { e.ID = strings.Repeat("a", 33) }, "id"},
		"no url":            {func(e *Endpoint) { e.URL = "" }, "url"},
		"relative":          {func(e *Endpoint) { e.URL = "/hook" }, "url"},
		"plain http":        {func(e *Endpoint) { e.URL = "http://crm.example.com/" }, "url"},
		"plain http nearby": {func(e *Endpoint) { e.URL = "http://10.0.0.7/" }, "url"},
		"a password":        {func(e *Endpoint) { e.URL = "https://u:p@crm.example.com/" }, "url"},
		"a fragment":        {func(e *Endpoint) { e.URL = "https://crm.example.com/#x" }, "url"},
		"another scheme":    {func(e *Endpoint) { e.URL = "ftp://crm.example.com/" }, "url"},
		"not ASCII":         {func(e *Endpoint) { e.URL = "https://crm.exämple.com/" }, "url"},
		"a space":           {func(e *Endpoint) { e.URL = "https://crm.example.com/ x" }, "url"},
		"metadata":          {func(e *Endpoint) { e.URL = "https://169.254.169.254/latest" }, "url"},
		"nobody":            {func(e *Endpoint) { e.URL = "https://0.0.0.0/" }, "url"},
		"a short secret":    {func(e *Endpoint) { e.Secret = secret.Of("whsec_c2hvcnQ=") }, "secret_file"},
		"a long secret":     {func(e *Endpoint) { e.Secret = secret.Of("whsec_" + strings.Repeat("QUJD", 22)) }, "secret_file"},
		"not base64":        {func(e *Endpoint) { e.OldSecret = secret.Of("whsec_" + strings.Repeat("-", 40)) }, "old_secret_file"},
		"no event":          {func(e *Endpoint) { e.Events = []Type{PersonErased, "person.deleted"} }, "events"},
	} {
		e := good
		c.change(&e)
		problems := e.Validate("webhooks[0]")
		if len(problems) != 1 || problems[0].Path != "webhooks[0]."+c.path {
			t.Errorf("%s: %v, want one at %s", name, problems, c.path)
		}
	}
	if _, err := New([]Endpoint{{ID: "crm", URL: "https://crm.example.com/"}}, nil, nil); !errors.Is(err, errSecret) {
		t.Errorf("without a secret: %v", err)
	}
}
