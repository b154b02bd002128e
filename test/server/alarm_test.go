package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/operations"
	"avain/internal/platform/store"
)

// Scans of a QR code that come to nothing, of people who type the wrong number, wait too
// long, or whose app never fetches what was approved: that is no alarm, not even when
// nobody else logs in, and everybody reads that logging in works. The staff sees each.
func TestThreat65FumbledScansRaiseNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, unhurried)
	zone, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().In(zone)
	r.clock.pass(time.Until(time.Date(now.Year(), now.Month(), now.Day(), 14, 10, 0, 0, zone)))
	r.usually(map[operations.Dimension]string{
		operations.DimensionAll: "", operations.DimensionMethod: "qr", operations.DimensionPlatform: "web", operations.DimensionVersion: "1.16.0",
	})
	r.noAlarm("before")
	const each = 5
	people := []string{"aino", "hilma", "eero", "matti"}
	for i := range 3 * each {
		on := *r
		on.app, on.browser = on.phone()
		page := on.press(on.signIn(people[i%len(people)]), "Näytä QR-koodi")
		s := on.scan(page)
		switch i % 3 {
		case 0:
			on.number(page, otherNumber(s.Match))
		case 1:
			on.number(page, s.Match) // and the app is gone
		}
	}
	r.clock.pass(21 * time.Minute)
	if _, err := r.Inside.Store.Purge(t.Context(), r.clock.now(), store.Retention{}); err != nil {
		t.Fatal(err)
	}
	r.eventually("they are counted", func() bool { return r.counted(operations.DimensionMethod)["qr"].Tried() >= 100+3*each })
	for d, value := range map[operations.Dimension]string{operations.DimensionAll: "", operations.DimensionMethod: "qr", operations.DimensionVersion: "1.16.0"} {
		if n := r.counted(d)[value]; n.Failed != 5 || n.Broken != each {
			t.Errorf("%s: %+v", d, n)
		}
	}
	r.noAlarm("after all those scans")
	code, body, _ := r.send(http.MethodGet, "/status?lang=fi", nil, nil)
	if code != http.StatusOK || !strings.Contains(body, "Kirjautuminen toimii.") {
		t.Errorf("everybody reads %d %s", code, body)
	}
}
