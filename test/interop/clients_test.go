package interop_test

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"testing"

	"avain/internal/config"
)

// everything is set by make interop: clients that take long to build run as well.
var everything = os.Getenv("AVAIN_INTEROP") != ""

// standardClients are set up as the section of their name in docs/clients.md says.
var standardClients = []struct {
	name, language string
	version        func(*testing.T) string
	slow           bool // runs in make interop only
	try            func(*testing.T, *site)
}{
	{"openid-client", "JavaScript", npm("openid-client"), false, tryProgram(func(t *testing.T) *exec.Cmd { return node(t, "openid-client-secret.mjs") })},
	{"AppAuth", "TypeScript", npm("@openid/appauth"), false, tryProgram(func(t *testing.T) *exec.Cmd { return node(t, "appauth.mjs") })},
	{"passport-openidconnect", "JavaScript", npm("passport-openidconnect"), false, tryWebApp(passport)},
	{"oidc-client-ts", "TypeScript", npm("oidc-client-ts"), false, tryPage},
	{"oauth2-proxy", "Go", proxyVersion, true, tryWebApp(oauth2Proxy)},
	{"Authlib", "Python", pinned("python/requirements.in", `authlib==(.+)`), true, tryWebApp(authlib)},
	{"mozilla-django-oidc", "Python", pinned("python/requirements.in", `mozilla-django-oidc==(.+)`), true, tryWebApp(django)},
	{"Spring Security", "Java", pinned("java/pom.xml", `<version>(.+)</version>`), true, tryWebApp(spring)},
	{"mod_auth_openidc", "C", debian("libapache2-mod-auth-openidc"), true, tryWebApp(apache)},
	{"openidconnect", "Rust", pinned("rust/Cargo.toml", `openidconnect = \{ version = "=(.+?)"`), true, tryProgram(rust)},
}

func TestStandardClients(t *testing.T) {
	t.Parallel()
	for _, c := range standardClients {
		if c.slow && !everything {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			announce(t, c.name, c.language, c.version)
			c.try(t, setUp(t, c.name))
		})
	}
	if everything {
		t.Run("logout tokens by ES256", toldByES256)
		t.Run("SCIM", scimTester)
		t.Run("admin API", adminAPIFuzzer)
	}
}

// toldByES256: logout tokens are signed as the client's ID tokens are, and one client at
// least reads both: by RS256 above, and here.
func toldByES256(t *testing.T) {
	t.Parallel()
	announce(t, "mod_auth_openidc (ES256)", "C", debian("libapache2-mod-auth-openidc"))
	tryWebApp(apache)(t, setUp(t, "mod_auth_openidc", func(c *config.Client) { c.IDTokenAlg = "ES256" }))
}

// announce prints, at the end of a test, the line of make interop about its client.
func announce(t *testing.T, name, language string, version func(*testing.T) string) {
	t.Helper()
	if !everything {
		return
	}
	v := version(t)
	t.Cleanup(func() {
		word := "ok"
		if t.Failed() {
			word = "FAILED"
		}
		fmt.Printf("client %-24s %-12s %-22s %s\n", name, language, v, word)
	})
}

// pinned reads a version where it is pinned: the pattern's group in the file.
func pinned(file, pattern string) func(*testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(pattern).FindSubmatch(text)
		if found == nil {
			t.Fatalf("%s names no version like %s", file, pattern)
		}
		return string(found[1])
	}
}

func npm(name string) func(*testing.T) string {
	return pinned("node/package.json", regexp.QuoteMeta(`"`+name+`": "`)+`(.+)"`)
}

func module(path string) func(*testing.T) string {
	return pinned("../../go.mod", regexp.QuoteMeta(path)+` v(\S+)`)
}

// debian asks what is installed: Debian's security updates choose the version.
func debian(name string) func(*testing.T) string {
	return func(t *testing.T) string {
		t.Helper()
		version, err := exec.CommandContext(t.Context(), "dpkg-query", "-W", "-f", "${Version}", name).Output()
		if err != nil {
			t.Fatalf("%s is missing; run scripts/install-test-tools.sh interop: %v", name, err)
		}
		return string(version)
	}
}
