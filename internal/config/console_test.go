package config_test

import (
	"strings"
	"testing"
)

// Passkeys hang on the console's address: a mistake in it is told before anybody has
// made one.
func TestConsoleAddress(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	for address, wrong := range map[string]string{
		"https://support.example.com":      "",
		"https://support.example.com:8443": "",
		"http://localhost:9090":            "",
		"http://localhost":                 "",
		"http://support.example.com":       "must be https",
		"http://127.0.0.1:9090":            "must have a name",
		"https://[::1]":                    "must have a name",
		"https://192.0.2.7":                "must have a name",
		"https://support.example.com/":     "scheme and host only",
		"https://support.example.com/x":    "scheme and host only",
		"https://support.example.com?":     "scheme and host only",
		"https://support.example.com#":     "scheme and host only",
		"https://a:b@support.example.com":  "scheme and host only",
		"https://Support.example.com":      "lower case",
		"HTTPS://support.example.com":      "lower case",
		"support.example.com":              "must be an address",
		"ftp://support.example.com":        "must be https",
		"http://localhost:8080":            "must differ from public.base_url",
	} {
		c, err := load(t, dir, minimal+"\nconsole: {base_url: '"+address+"'}\n")
		switch {
		case wrong == "" && err != nil:
			t.Errorf("%s: %v", address, err)
		case wrong == "" && c.ConsoleURL() != address:
			t.Errorf("%s became %s", address, c.ConsoleURL())
		case wrong != "" && (err == nil || !strings.Contains(err.Error(), "console.base_url: ") || !strings.Contains(err.Error(), wrong)):
			t.Errorf("%s: %v, want %q", address, err, wrong)
		}
	}
	for listen, want := range map[string]string{"127.0.0.1:9191": "http://localhost:9191", ":9090": "http://localhost:9090", "127.0.0.1:0": "http://localhost:9090"} {
		c, err := load(t, dir, minimal+"\nadmin: {listen: '"+listen+"'}\n")
		if err != nil || c.ConsoleURL() != want {
			t.Errorf("listening at %s the console is at %s, want %s (%v)", listen, c.ConsoleURL(), want, err)
		}
	}
}
