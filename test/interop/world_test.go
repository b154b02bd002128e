package interop_test

import (
	"net/http"
	"sync"
	"testing"

	"avain/internal/brokersim"
	"avain/internal/config"
	"avain/internal/demo"
	"avain/internal/robot"
)

var keys = sync.OnceValues(demo.NewKeys)

// start runs a whole installation, changed as the test wants it.
func start(t *testing.T, change func(*config.Config)) *demo.Demo {
	t.Helper()
	made, err := keys()
	if err != nil {
		t.Fatal(err)
	}
	d, err := demo.Start(t.Context(), demo.Options{Keys: &made, Change: change})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// someone is the person who logs in in every test.
func someone() brokersim.Person { return brokersim.People()[0] }

// browser is a person's browser, which stops where an app would be opened.
func browser(t *testing.T, stop string) *robot.Browser {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return robot.NewBrowser(transport, stop)
}

// Ways of a person through our pages and those of the simulated bank.
var (
	atBank = []string{"kuikka", someone().UserID, "Vahvista"}
	logout = []string{"Kirjaudu ulos"}
)

// walk opens an address and presses buttons, until the browser opens the app or none
// is left.
func walk(t *testing.T, b *robot.Browser, address string, way []string) robot.Page {
	t.Helper()
	page, err := b.Open(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	for _, button := range way {
		if page.App != "" {
			break
		}
		last := page.Body
		if page, err = b.Press(t.Context(), page, button, nil); err != nil {
			t.Fatalf("%v:\n%s", err, last)
		}
	}
	return page
}
