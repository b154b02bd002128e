package interop_test

import (
	"debug/buildinfo"
	"errors"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"avain/internal/testkit/robot"
)

// showsBoth reads a page with the claims of the ID token and of userinfo, as two members.
func showsBoth(path, idToken, userinfo string) func(*testing.T, *site, *robot.Browser) claims {
	return func(t *testing.T, s *site, b *robot.Browser) claims {
		t.Helper()
		shown := readJSON(t, b, s.base+path)
		for _, where := range []string{idToken, userinfo} {
			if known, _ := shown[where].(map[string]any); known["sub"] == nil || known["name"] != someone().DisplayName() {
				t.Errorf("%s shows as %s %v", path, where, shown[where])
			}
		}
		known, _ := shown[idToken].(map[string]any)
		return known
	}
}

// shows reads a page that shows claims.
func shows(path string) func(*testing.T, *site, *robot.Browser) claims {
	return func(t *testing.T, s *site, b *robot.Browser) claims {
		t.Helper()
		return readJSON(t, b, s.base+path)
	}
}

// goodbye opens the path that logs out and confirms it on our page.
func goodbye(path string, way ...string) func(*testing.T, *site, *robot.Browser) robot.Page {
	return func(t *testing.T, s *site, b *robot.Browser) robot.Page {
		t.Helper()
		return walk(t, b, s.base+path, way)
	}
}

var passport = webApp{
	command: func(t *testing.T, _ *site) *exec.Cmd { return node(t, "passport.mjs") },
	who:     showsBoth("/", "claims", "userinfo"),
	logout:  goodbye("/logout"),
}

var authlib = webApp{
	command: python("authlib_shop.py"),
	who:     showsBoth("/", "claims", "userinfo"),
	renew:   shows("/refresh"),
	logout:  goodbye("/logout", logout...),
}

var django = webApp{
	command: python("django_shop.py"),
	who: func(t *testing.T, s *site, b *robot.Browser) claims {
		t.Helper()
		shown := readJSON(t, b, s.base+"/")
		return claims{"sub": shown["username"]}
	},
	logout: func(t *testing.T, s *site, b *robot.Browser) robot.Page {
		t.Helper()
		page, err := b.Submit(t.Context(), s.base+"/oidc/logout/", url.Values{})
		if err != nil {
			t.Fatal(err)
		}
		return page
	},
}

var spring = webApp{
	command: func(t *testing.T, s *site) *exec.Cmd {
		t.Helper()
		lookedAt(t, "java/src/main/java/shop", "*.java")
		return exec.Command("java", "-XX:TieredStopAtLevel=1", "-jar", built(t, "java/shop.jar"),
			"--server.address=localhost", "--server.port="+s.port, "--spring.config.additional-location=file:"+s.settings)
	},
	who:    showsBoth("/", "claims", "userinfo"),
	renew:  shows("/refresh"),
	logout: goodbye("/logout", append([]string{"Log Out"}, logout...)...),
	told:   true,
}

var oauth2Proxy = webApp{
	command: func(t *testing.T, s *site) *exec.Cmd {
		t.Helper()
		upstream := (&url.URL{Scheme: "file", Path: s.folder + "/www/", Fragment: "/"}).String()
		if err := os.Mkdir(filepath.Join(s.folder, "www"), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(s.folder, "www", "index.html"), "the shop")
		return exec.Command(proxyBinary, "--config", s.settings, "--http-address", "localhost:"+s.port, "--upstream", upstream)
	},
	who: func(t *testing.T, s *site, b *robot.Browser) claims {
		t.Helper()
		shown := readJSON(t, b, s.base+"/oauth2/userinfo")
		return claims{"sub": shown["user"]}
	},
	first: []string{"Sign in with"},
	logout: func(t *testing.T, s *site, b *robot.Browser) robot.Page {
		t.Helper()
		page := walk(t, b, s.base+"/oauth2/sign_out", nil)
		if page.Status == http.StatusForbidden && strings.Contains(page.Body, "Sign in with") {
			return robot.Page{URL: page.URL, Status: http.StatusOK, Body: "bye"} // it shows its first page again
		}
		return page
	},
}

const proxyBinary = "../../.cache/bin/oauth2-proxy"

func proxyVersion(t *testing.T) string {
	t.Helper()
	info, err := buildinfo.ReadFile(proxyBinary)
	if err != nil {
		t.Fatalf("run scripts/install-test-tools.sh interop: %v", err)
	}
	return info.Main.Version
}

var apache = webApp{
	command: func(t *testing.T, s *site) *exec.Cmd {
		t.Helper()
		path, err := exec.LookPath("/usr/sbin/apache2")
		if err != nil {
			t.Fatalf("run scripts/install-test-tools.sh interop: %v", err)
		}
		root, err := os.MkdirTemp("", "shop-") // Apache's own user reads it, which is kept out of the test's folder
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(root) })
		for name, text := range map[string]string{"index.html": "the shop", "bye.html": "bye"} {
			if err := errors.Join(os.WriteFile(filepath.Join(root, name), []byte(text), 0o644), os.Chmod(root, 0o755)); err != nil {
				t.Fatal(err)
			}
		}
		file := filepath.Join(s.folder, "httpd.conf")
		write(t, file, strings.NewReplacer("FOLDER", s.folder, "ROOT", root, "PORT", s.port, "SETTINGS", s.settings).Replace(apacheConfig))
		return exec.Command(path, "-f", file, "-DFOREGROUND")
	},
	who: showsBoth("/callback?info=json", "id_token", "userinfo"),
	renew: func(t *testing.T, s *site, b *robot.Browser) claims {
		t.Helper()
		before := readJSON(t, b, s.base+"/callback?info=json")
		after := readJSON(t, b, s.base+"/callback?info=json&access_token_refresh_interval=0")
		if after["access_token"] == before["access_token"] {
			t.Error("the access token is the old one")
		}
		known, _ := after["userinfo"].(map[string]any)
		return known
	},
	logout: func(t *testing.T, s *site, b *robot.Browser) robot.Page {
		t.Helper()
		// It revokes its tokens first: there is nothing left that we would ask about.
		return walk(t, b, s.base+"/callback?logout="+url.QueryEscape(s.base+"/bye.html"), nil)
	},
	told: true,
}

// apacheConfig surrounds the block of docs/clients.md with a server, a page that nobody
// guards, and the module's view of who is logged in.
const apacheConfig = `ServerRoot ROOT
ServerName localhost
Listen localhost:PORT
PidFile FOLDER/pid
ErrorLog /dev/stderr
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authn_core_module /usr/lib/apache2/modules/mod_authn_core.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule authz_user_module /usr/lib/apache2/modules/mod_authz_user.so
LoadModule dir_module /usr/lib/apache2/modules/mod_dir.so
LoadModule auth_openidc_module /usr/lib/apache2/modules/mod_auth_openidc.so
StartServers 1
<IfFile /etc/apache2/envvars>
User www-data
Group www-data
</IfFile>
DocumentRoot ROOT
DirectoryIndex index.html
Include SETTINGS
OIDCInfoHook access_token id_token userinfo
<Location /bye.html>
AuthType None
Require all granted
</Location>
`

func rust(t *testing.T) *exec.Cmd {
	t.Helper()
	lookedAt(t, "rust/src", "*.rs")
	return exec.Command(built(t, "rust/debug/shop"))
}

func python(program string) func(*testing.T, *site) *exec.Cmd {
	return func(t *testing.T, _ *site) *exec.Cmd {
		t.Helper()
		lookedAt(t, "python", "*.py")
		return exec.Command(built(t, "python/bin/python"), filepath.Join("python", program))
	}
}

// built is a file that scripts/install-test-tools.sh interop has made.
func built(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("../../.cache/interop", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("run scripts/install-test-tools.sh interop: %v", err)
	}
	return path
}
