package server_test

import (
	"bytes"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"avain/internal/config"
	"avain/internal/testkit/robot"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// withPlaces gives the service a database of places in which one network is in
// Helsinki, and lets callers say where they are.
func withPlaces(t *testing.T) func(*config.Config) {
	t.Helper()
	tree, err := mmdbwriter.New(mmdbwriter.Options{DatabaseType: "Test-City", Languages: []string{"en", "sv"}, IncludeReservedNetworks: true})
	if err != nil {
		t.Fatal(err)
	}
	_, network, err := net.ParseCIDR("192.0.2.0/24")
	if err != nil {
		t.Fatal(err)
	}
	if err := tree.Insert(network, mmdbtype.Map{
		"city":    mmdbtype.Map{"names": mmdbtype.Map{"en": mmdbtype.String("Helsinki"), "sv": mmdbtype.String("Helsingfors")}},
		"country": mmdbtype.Map{"iso_code": mmdbtype.String("FI")},
	}); err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if _, err := tree.WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "city.mmdb")
	if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return func(c *config.Config) {
		onNetworks(c)
		c.Place.Database = path
	}
}

const placeLabel = "<dt>Paikka</dt>"

// The person who is asked to let a login in reads where the app is, town and country,
// in their own language; and nothing when nobody knows.
func TestPlaceIsShown(t *testing.T) {
	t.Parallel()
	r := newRig(t, withPlaces(t))
	base := r.app.HTTP.Transport
	for address, says := range map[string][]string{
		"192.0.2.7":    {"<dd>Helsinki, Suomi</dd>", "<dd>Helsingfors, Finland</dd>", "<dd>Helsinki, Finland</dd>"},
		"198.51.100.9": nil,
	} {
		r.app, r.browser = r.phone()
		r.app.HTTP.Transport = from{address, base}
		l := r.link(r.App + "/return")
		page, err := r.browser.Open(t.Context(), l.LoginLink)
		if err != nil {
			t.Fatal(err)
		}
		r.mustPlace("the link's page", page, says)
		r.mustPlace("the confirm page", r.walkLink(l), says)
		r.clock.pass(time.Minute)
		shown := r.showQR()
		r.scan(shown)
		r.mustPlace("the page of a QR code", r.seen(shown), says)
	}
	// The address is nowhere: not in the database, and not in the log.
	files, err := filepath.Glob(filepath.Join(r.Data, "avain.db*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no database: %v", err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, []byte("192.0.2.7")) || bytes.Contains(content, []byte("198.51.100.9")) {
			t.Errorf("%s holds an address", filepath.Base(file))
		}
	}
	if strings.Contains(r.log.String(), "192.0.2.7") {
		t.Error("the log holds an address")
	}
}

// mustPlace checks the line of a page in every language; a place that nobody knows has
// no line.
func (r *rig) mustPlace(what string, page robot.Page, says []string) {
	r.Helper()
	if says == nil {
		if strings.Contains(page.Body, placeLabel) {
			r.Errorf("%s has a line for a place that nobody knows:\n%s", what, page.Body)
		}
		return
	}
	for i, lang := range []string{"fi", "sv", "en"} {
		there, err := r.browser.Open(r.Context(), page.URL+"?lang="+lang)
		if err != nil || there.Status != http.StatusOK || !strings.Contains(there.Body, says[i]) {
			r.Errorf("%s in %s does not say %s (%d, %v):\n%s", what, lang, says[i], there.Status, err, there.Body)
		}
	}
	if _, err := r.browser.Open(r.Context(), page.URL+"?lang=fi"); err != nil {
		r.Fatal(err)
	}
}

// Without a database of places the pages are as before.
func TestNoPlaceWithoutADatabase(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	l := r.link(r.App + "/return")
	if confirm := r.walkLink(l); strings.Contains(confirm.Body, placeLabel) {
		t.Errorf("an empty line:\n%s", confirm.Body)
	}
	if a := r.attempt(l.SupportCode); a.Place != "" {
		t.Errorf("place %q", a.Place)
	}
}
