package browser_test

import (
	"net/http"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/domain/staff"
	"avain/internal/testkit/brokersim"
	"avain/internal/testkit/demo"
)

// afternoon is a time of day at which people log in.
func afternoon(t *testing.T) *clock {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Helsinki")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().In(zone)
	return &clock{offset: time.Until(time.Date(now.Year(), now.Month(), now.Day(), 14, 20, 0, 0, zone))}
}

// TestHowLoginsGo: a bank lets nobody in. The staff sees it, with what is wrong on top,
// and everybody sees that it is so, without a number; both pages can be read by everybody.
func TestHowLoginsGo(t *testing.T) {
	t.Parallel()
	w := newWorldAt(t, afternoon(t), demo.Options{Past: true})
	w.newBrowser()
	agent, _, _ := w.newAgent(staff.RoleAgent)
	agent.wire.change(func(answer *http.Response) { answer.Header.Del("Refresh") }) // it would go on by itself
	agent.press("Tilannekuva")
	agent.see("Ei hälytyksiä", "Pankit ja Mobiilivarmenne", "Kuikka Pankki", "Chrome on Android", "1.15.2", "klo 13.00–14.2", "Demo")
	agent.look("console/overview")
	agent.press("Näytä vuorokausi")
	agent.see("klo 15.00 – ", "Luvut taulukkona", "Yhteensä")
	agent.look("console/overview-day")
	agent.press("Näytä kaksi viime tuntia")
	agent.see("klo 13.00–14.2")

	var failed []operations.Tally
	for _, d := range []operations.Dimension{operations.DimensionMeans, operations.DimensionMeansReason} {
		value := "kuikka"
		if d == operations.DimensionMeansReason {
			value += " " + string(login.ReasonBrokerDown)
		}
		failed = append(failed, operations.Tally{
			Dimension: d, Hour: w.clock.now().UTC().Truncate(operations.TallyHour), Value: value, Counts: operations.Counts{Failed: 500}, People: operations.Counts{Failed: 500}.Strangers(),
		})
	}
	if err := w.Inside.Store.Operations.AddTallies(t.Context(), failed); err != nil {
		t.Fatal(err)
	}
	w.clock.pass(31 * time.Second) // what was seen is seen anew
	agent.reload()
	agent.see("Hälytys", "tavallisesti", "Kuikka Pankki: "+agent.title(login.ReasonBrokerDown))
	agent.look("console/overview-alert")

	anybody := w.browser.stranger(phone()).newTab()
	anybody.must(w.OP.Misbehave(brokersim.Disturbance))
	anybody.open(w.Service + "/status")
	anybody.see("Kirjautumisessa on häiriöitä juuri nyt", "Ei toimi", "päivää ilman häiriöitä", "Tämä on demo")
	anybody.look("service/status")
	for _, language := range []string{"sv", "en"} {
		anybody.open(w.Service + "/status?lang=" + language)
		anybody.seeLanguage(language)
		anybody.mustFit("status in "+language, 320)
	}
}
