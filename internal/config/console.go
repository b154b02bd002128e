package config

import (
	"net"
	"net/url"
	"strings"
)

// Console is the support console.
type Console struct {
	BaseURL string `yaml:"base_url" doc:"Address under which support agents reach the console, whose path is /console/: scheme and host of the proxy in front of admin.listen. Passkeys belong to its host: under another one, everybody needs new ones. https, or http://localhost; that with the port of admin.listen, when left out." example:"https://support.example.com"`
}

// ConsoleURL is the address of the console: as configured, else localhost with the port
// of the admin listener.
func (c Config) ConsoleURL() string {
	if c.Console.BaseURL != "" {
		return c.Console.BaseURL
	}
	_, port, err := net.SplitHostPort(c.Admin.Listen)
	if err != nil || port == "0" {
		port = "9090"
	}
	return "http://localhost:" + port
}

func (v validator) console(c Console, p Public) {
	const path = "console.base_url"
	if c.BaseURL == "" {
		return
	}
	u, err := url.Parse(c.BaseURL)
	if err != nil || u.Host == "" || u.Opaque != "" {
		v.add(path, "must be an address such as https://support.example.com")
		return
	}
	if u.User != nil || u.Path != "" || u.RawQuery != "" || u.ForceQuery || strings.Contains(c.BaseURL, "#") {
		v.add(path, "must be scheme and host only, without a path or a slash at the end")
	}
	if u.Host != strings.ToLower(u.Host) || u.Scheme != c.BaseURL[:len(u.Scheme)] {
		v.add(path, "must be in lower case: passkeys belong to the address letter by letter")
	}
	if c.BaseURL == p.BaseURL {
		v.add(path, "must differ from public.base_url: people must not reach the console")
	}
	switch {
	case net.ParseIP(u.Hostname()) != nil:
		v.add(path, "must have a name: browsers make no passkeys for network addresses; write http://localhost for this machine")
	case u.Scheme == "https":
	case u.Scheme == "http" && u.Hostname() == "localhost":
		v.warn(path, "plain http is for trying things out on one machine")
	default:
		v.add(path, "must be https; http is only for localhost, because browsers make passkeys nowhere else")
	}
}
