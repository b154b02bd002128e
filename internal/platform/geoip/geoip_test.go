package geoip_test

import (
	"bytes"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"avain/internal/platform/geoip"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

func names(byLang map[string]string) mmdbtype.Map {
	all := mmdbtype.Map{}
	for lang, name := range byLang {
		all[mmdbtype.String(lang)] = mmdbtype.String(name)
	}
	return mmdbtype.Map{"names": all}
}

func country(code string, byLang map[string]string) mmdbtype.Map {
	m := names(byLang)
	m["iso_code"] = mmdbtype.String(code)
	return m
}

// database writes a database as the operator would keep it.
func database(t testing.TB, languages []string, records map[string]mmdbtype.Map) []byte {
	t.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "Test-City", Languages: languages, IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	for network, r := range records {
		_, prefix, err := net.ParseCIDR(network)
		if err != nil {
			t.Fatal(err)
		}
		if err := tree.Insert(prefix, r); err != nil {
			t.Fatal(err)
		}
	}
	var out bytes.Buffer
	if _, err := tree.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func sample(t testing.TB) []byte {
	t.Helper()
	return database(t, []string{"en", "de"}, map[string]mmdbtype.Map{
		"192.0.2.0/24": {
			"city": names(map[string]string{"en": "Helsinki", "sv": "Helsingfors", "de": "Helsinki"}), "country": country("FI", map[string]string{"en": "Finland"}),
			"location": mmdbtype.Map{"latitude": mmdbtype.Float64(60.1719), "longitude": mmdbtype.Float64(24.9347)},
			"postal":   mmdbtype.Map{"code": mmdbtype.String("00100")},
		},
		"198.51.100.0/24":  {"country": country("SE", nil)},
		"203.0.113.0/25":   {"city": names(map[string]string{"en": "Nowhere\n<b>\u202e" + strings.Repeat("x", 100)}), "country": country("?!", map[string]string{"en": "Utopia"})},
		"203.0.113.128/25": {"autonomous_system_number": mmdbtype.Uint32(64496)},
		"2001:db8::/32":    {"city": names(map[string]string{"fi": "Turku", "sv": "Åbo", "en": "Turku"}), "country": country("FI", map[string]string{"fi": "Suomi", "sv": "Finland", "en": "Finland"})},
	})
}

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

func write(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func open(t testing.TB, content []byte) (*geoip.Finder, string, *clock, *bytes.Buffer) {
	t.Helper()
	path, c, log := filepath.Join(t.TempDir(), "city.mmdb"), &clock{now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)}, &bytes.Buffer{}
	write(t, path, content)
	f, err := geoip.Open(path, c.Now, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return f, path, c, log
}

func TestFind(t *testing.T) {
	t.Parallel()
	f, _, _, _ := open(t, sample(t))
	for address, want := range map[string]map[string]string{
		"192.0.2.7":        {"fi": "Helsinki, Suomi", "sv": "Helsingfors, Finland", "en": "Helsinki, Finland", "de": "Helsinki, Finland"},
		"::ffff:192.0.2.7": {"fi": "Helsinki, Suomi"},
		"198.51.100.1":     {"fi": "Ruotsi", "sv": "Sverige", "en": "Sweden"},
		"203.0.113.5":      {"fi": "Nowhere <b>" + strings.Repeat("x", 48) + "…" + ", Utopia"},
		"203.0.113.200":    {"fi": "", "en": ""},
		"2001:db8::1":      {"fi": "Turku, Suomi", "sv": "Åbo, Finland", "en": "Turku, Finland"},
		"127.0.0.1":        {"fi": ""},
		"10.1.2.3":         {"en": ""},
	} {
		for lang, name := range want {
			if got := f.Find(netip.MustParseAddr(address)).In(lang); got != name {
				t.Errorf("%s in %s: %q, want %q", address, lang, got, name)
			}
		}
	}
	if got := f.Find(netip.Addr{}); got != "" {
		t.Errorf("no address is in %q", got)
	}
	if got := (*geoip.Finder)(nil).Find(netip.MustParseAddr("192.0.2.7")); got != "" {
		t.Errorf("without a database: %q", got)
	}
}

// Nothing finer than a town leaves the database, and the address itself does not.
func TestPlacesAreCoarse(t *testing.T) {
	t.Parallel()
	f, _, _, _ := open(t, sample(t))
	for _, tooFine := range []string{"60.17", "24.93", "00100", "192.0.2"} {
		if got := string(f.Find(netip.MustParseAddr("192.0.2.7"))); strings.Contains(got, tooFine) {
			t.Errorf("%q holds %q", got, tooFine)
		}
	}
}

// A new file counts within a minute; one that is broken or gone leaves the old one.
func TestFileIsReadAnew(t *testing.T) {
	t.Parallel()
	f, path, c, log := open(t, sample(t))
	in := func() string { return f.Find(netip.MustParseAddr("198.51.100.1")).In("en") }
	moved := database(t, []string{"en"}, map[string]mmdbtype.Map{"198.51.100.0/24": {"country": country("NO", nil)}})
	for _, step := range []struct {
		does string
		act  func() error
		want string
	}{
		{"half a file", func() error { return os.WriteFile(path, moved[:len(moved)/2], 0o600) }, "Sweden"},
		{"no file", func() error { return os.Remove(path) }, "Sweden"},
		{"another file", func() error { return os.WriteFile(path, moved, 0o600) }, "Norway"},
		{"a database of something else", func() error { return os.WriteFile(path, database(t, nil, nil), 0o600) }, "Norway"},
		{"the first again", func() error { return os.WriteFile(path, sample(t), 0o600) }, "Sweden"},
	} {
		before := in()
		if err := step.act(); err != nil {
			t.Fatal(err)
		}
		c.pass(59 * time.Second)
		if got := in(); got != before {
			t.Errorf("%s: %s before a minute is over", step.does, got)
		}
		c.pass(time.Second)
		if got := in(); got != step.want {
			t.Errorf("%s: %s, want %s", step.does, got, step.want)
		}
		c.pass(time.Minute)
	}
	if n := strings.Count(log.String(), "the one before stays"); n < 3 {
		t.Errorf("%d warnings:\n%s", n, log)
	}
}

func TestOpenRefusesWhatIsNoDatabase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, content := range map[string][]byte{"empty": {}, "text": []byte("hello"), "wordless": database(t, []string{"ja"}, nil)} {
		path := filepath.Join(dir, name)
		write(t, path, content)
		if _, err := geoip.Open(path, time.Now, slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%s is taken for a database", name)
		}
	}
	if _, err := geoip.Open(filepath.Join(dir, "missing"), time.Now, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a file that is not there is taken for a database")
	}
}

// Many look while the file changes.
func TestFindWhileItIsReadAnew(t *testing.T) {
	t.Parallel()
	f, path, c, _ := open(t, sample(t))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				c.pass(time.Second)
				if got := f.Find(netip.MustParseAddr("192.0.2.7")).In("en"); got != "Helsinki, Finland" {
					t.Errorf("found %q", got)
				}
			}
		})
	}
	for n := range 10 {
		next := path + ".new"
		write(t, next, append(sample(t), make([]byte, 0, n)...))
		if err := os.Rename(next, path); err != nil {
			t.Fatal(err)
		}
	}
	all.Wait()
}

// A file that is damaged anywhere is refused, or tells short lines.
func TestDamagedFiles(t *testing.T) {
	t.Parallel()
	whole, dice := sample(t), rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same damage each time
	path := filepath.Join(t.TempDir(), "damaged.mmdb")
	read := 0
	for range 400 {
		damaged := bytes.Clone(whole)
		for range 1 + dice.IntN(8) {
			damaged[dice.IntN(len(damaged))] = byte(dice.Uint32())
		}
		write(t, path, damaged[:len(damaged)-dice.IntN(2)*dice.IntN(len(damaged)/2)])
		finder, err := geoip.Open(path, time.Now, slog.New(slog.DiscardHandler))
		if err != nil {
			continue
		}
		read++
		for _, address := range []string{"192.0.2.7", "2001:db8::1", "203.0.113.5"} {
			p := finder.Find(netip.MustParseAddr(address))
			for _, lang := range []string{"fi", "sv", "en"} {
				if line := p.In(lang); len([]rune(line)) > 2*60+2 || strings.ContainsAny(line, "\r\n\x00") {
					t.Errorf("%q", line)
				}
			}
		}
	}
	if read == 0 {
		t.Error("nothing was read at all")
	}
}
