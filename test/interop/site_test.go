package interop_test

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/domain/employment"
	"avain/internal/domain/hetu"
	"avain/internal/domain/login"
	"avain/internal/secret"
	"avain/internal/testkit/demo"
)

// siteSecret is what `openssl rand -base64 32` may give: it has characters that some
// clients encode in HTTP Basic and others do not (RFC 6749 §2.3.1).
const siteSecret = "q+7/Zk3hJ+uA9s/1pXw2Vb8e+RtYc0dLmN4oGfEiTsU="

// site is a standard client that is set up as docs/clients.md says, and the service
// that knows it. Of what the document shows, only addresses and secrets are replaced.
type site struct {
	*demo.Demo
	base, port string // where the client listens
	folder     string // of its own
	settings   string // file with the client's block
}

// setUp reads the section of a client: the YAML block is for the service, the other
// one for the client. What the document does not show may be changed of the first.
func setUp(t *testing.T, name string, changes ...func(*config.Client)) *site {
	t.Helper()
	blocks := section(t, name)
	s := &site{port: freePort(t), folder: t.TempDir()}
	s.base = "http://localhost:" + s.port
	if strings.Contains(blocks["yaml"], "http://127.0.0.1/") { // an app on a computer
		s.base = "http://127.0.0.1:" + s.port
	}
	data := t.TempDir()
	s.Demo, _ = startIn(t, data, func(c *config.Config) {
		file, err := os.ReadFile(filepath.Join(data, demo.ConfigFile))
		if err != nil {
			t.Fatal(err)
		}
		text := strings.Replace(string(file), "clients:\n", s.replaced(blocks["yaml"], c.Public.BaseURL), 1)
		write(t, filepath.Join(data, "keys", "shop-secret"), siteSecret)
		parsed, err := config.Parse([]byte(text), data, nil)
		if err != nil {
			t.Fatal(err)
		}
		c.Clients = parsed.Clients
		for _, change := range changes {
			change(&c.Clients[0])
		}
	})
	if strings.Contains(blocks["yaml"], "email") {
		proveEmail(t, s.Demo, "aino@example.com")
	}
	for language, block := range blocks {
		if language != "yaml" {
			s.settings = filepath.Join(s.folder, "settings."+language)
			write(t, s.settings, s.replaced(block, s.Service))
		}
	}
	return s
}

// proveEmail lets someone have a verified address: an employer writes it, and they
// activate through the link that is mailed there.
func proveEmail(t *testing.T, d *demo.Demo, address string) {
	t.Helper()
	e := employment.Employer{ID: login.NewID(), Name: "Merituuli Oy", Locale: "fi", CreatedAt: time.Now()}
	if err := d.Inside.Store.Employments.AddEmployer(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	m := employment.Employment{Employer: e.ID, Email: address, Kind: employment.UserSmartumPlus, Benefits: []login.Benefit{{Kind: "lunch", ReleasedAt: time.Now()}}}
	if _, _, err := d.Inside.People.Hire(t.Context(), m, hetu.Code{}, true); err != nil {
		t.Fatal(err)
	}
	d.Inside.Jobs.Wake()
	letters, err := d.Mailbox.Wait(t.Context(), address, 1)
	if err != nil {
		t.Fatal(err)
	}
	link := slices.IndexFunc(letters[0].Links, func(l string) bool { return strings.HasPrefix(l, d.Service+"/activate/") })
	if link < 0 {
		t.Fatalf("no link in the letter: %v", letters[0].Links)
	}
	page := walk(t, browser(t, ""), letters[0].Links[link], append([]string{"Aktivoi edut"}, atBank...))
	if page.Status != http.StatusOK {
		t.Fatalf("the activation ended at %s: %d\n%s", page.URL, page.Status, page.Body)
	}
}

// replaced puts the addresses and secrets of this test where the document has examples.
func (s *site) replaced(block, service string) string {
	return strings.NewReplacer(
		"https://login.example.com", service, "https://shop.example.com", s.base, "127.0.0.1:49152", "127.0.0.1:"+s.port,
		"<secret>", siteSecret, "<cookie secret>", base64.StdEncoding.EncodeToString([]byte(secret.New().Reveal())[:32]),
	).Replace(block)
}

var fenced = regexp.MustCompile("(?s)```([a-z]+)\n(.*?)```")

// section gives the fenced blocks below a heading of docs/clients.md, by language.
func section(t *testing.T, name string) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../docs/clients.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), "\n### "+name+"\n")
	if !ok {
		t.Fatalf("docs/clients.md has no section %s", name)
	}
	section, _, _ = strings.Cut(section, "\n### ")
	section, _, _ = strings.Cut(section, "\n## ")
	blocks := map[string]string{}
	for _, found := range fenced.FindAllStringSubmatch(section, -1) {
		if blocks[found[1]] != "" {
			t.Fatalf("docs/clients.md has two blocks of %s for %s", found[1], name)
		}
		blocks[found[1]] = found[2]
	}
	if len(blocks) > 2 || blocks["yaml"] == "" {
		t.Fatalf("docs/clients.md has %d blocks for %s; want the service's and one for the client", len(blocks), name)
	}
	return blocks
}

// freePort finds one below those that the system gives to outgoing connections: it is
// still free when the client has started.
func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		port := fmt.Sprint(20000 + rand.IntN(10000))
		listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "localhost:"+port)
		if err != nil {
			continue
		}
		if err := listener.Close(); err != nil {
			t.Fatal(err)
		}
		return port
	}
	t.Fatal("no free port found")
	return ""
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
