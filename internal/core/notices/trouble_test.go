package notices_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"avain/internal/broker"
	"avain/internal/core/notices"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
)

// offers are what two brokers offer: OP serves two banks, Telia the rest.
func offers(change func(lang string, o *broker.Offer)) map[string]broker.Offer {
	all := map[string]broker.Offer{}
	for _, lang := range []string{"fi", "sv", "en"} {
		o := broker.Offer{Means: []broker.OfferedMeans{
			{Means: login.Means{ID: "op", Name: "OP", Broker: "op"}, Available: true},
			{Means: login.Means{ID: "nordea", Name: "Nordea", Broker: "op"}, Available: true},
			{Means: login.Means{ID: "mobile", Name: "Mobiilivarmenne", Broker: "telia"}, Available: true},
		}}
		if change != nil {
			change(lang, &o)
		}
		all[lang] = o
	}
	return all
}

func down(ids ...string) func(string, *broker.Offer) {
	return func(_ string, o *broker.Offer) {
		for i, m := range o.Means {
			for _, id := range ids {
				if m.ID == id {
					o.Means[i].Available = false
				}
			}
		}
	}
}

func disturbed(header, text string) func(string, *broker.Offer) {
	return func(lang string, o *broker.Offer) {
		o.Brokers = []broker.Info{{Broker: "op", Disturbance: broker.Disturbance{Header: header + " " + lang, Text: text}}}
		if header == "" {
			o.Brokers[0].Disturbance.Header = ""
		}
	}
}

func TestTroubles(t *testing.T) {
	t.Parallel()
	if got := notices.Troubles(offers(nil)); len(got) != 0 {
		t.Errorf("all is well: %+v", got)
	}
	got := notices.Troubles(offers(down("nordea", "op")))
	if len(got) != 1 || got[0].Source != "circuit:op" || !reflect.DeepEqual(got[0].Means, []string{"nordea", "op"}) || len(got[0].Words) != 3 {
		t.Fatalf("got %+v", got)
	}
	for lang, words := range got[0].Words {
		if !strings.Contains(words.Text, "OP, Nordea.") {
			t.Errorf("%s: %q", lang, words.Text)
		}
	}
	got = notices.Troubles(offers(disturbed("Huolto", "Klo 18 asti.")))
	if len(got) != 1 || got[0].Source != "broker:op" || got[0].Words["sv"] != (operations.NoticeWords{Title: "Huolto sv", Text: "Klo 18 asti."}) ||
		!reflect.DeepEqual(got[0].Means, []string{"nordea", "op"}) {
		t.Errorf("got %+v", got)
	}
	if got = notices.Troubles(offers(disturbed("", "Klo 18 asti."))); got[0].Words["en"].Title != "Service disruption" {
		t.Errorf("without a header: %+v", got)
	}
	if got = notices.Troubles(offers(disturbed(strings.Repeat("ä", 5000), strings.Repeat("ö", 5000)))); len([]rune(got[0].Words["fi"].Title)) > 120 || len([]rune(got[0].Words["fi"].Text)) > 1000 {
		t.Error("a broker may write a page of news full")
	}
	taken := func(lang string, o *broker.Offer) { // another broker serves its banks now
		disturbed("Huolto", "x")(lang, o)
		o.Means[0].Broker, o.Means[1].Broker = "telia", "telia"
	}
	if got = notices.Troubles(offers(taken)); len(got) != 0 {
		t.Errorf("nobody is concerned: %+v", got)
	}
}

func TestTroublesBecomeNotices(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	here, there := h.board(t), h.board(t)
	keep := func(b *notices.Board, troubles []notices.Trouble) {
		t.Helper()
		if err := b.Keep(t.Context(), troubles); err != nil {
			t.Fatal(err)
		}
	}
	trouble := notices.Troubles(offers(down("op", "nordea")))
	for range 40 { // two nodes, ten minutes
		keep(here, trouble)
		h.pass(7 * time.Second)
		keep(there, trouble)
		h.pass(8 * time.Second)
	}
	shown := there.Concerning(t.Context(), operations.Viewer{Means: "nordea"})
	if len(shown) != 1 || shown[0].Source != "circuit:op" || !shown[0].From.Equal(noon) || !shown[0].ChangedAt.Equal(noon) || shown[0].Severity != operations.SeverityProblem {
		t.Fatalf("shown %+v", shown)
	}
	if got := there.Concerning(t.Context(), operations.Viewer{Means: "mobile"}); len(got) != 0 {
		t.Errorf("with Mobile Certificate: %+v", got)
	}
	h.pass(time.Minute) // nobody says it any more
	if got := here.Concerning(t.Context(), operations.Viewer{}); len(got) != 0 {
		t.Errorf("it did not end: %+v", got)
	}
	for range 5 { // it flaps
		keep(here, trouble)
		h.pass(10 * time.Minute)
	}
	if _, past := here.Everybody(t.Context()); len(past) != 1 {
		t.Errorf("%d notices of one thing that comes and goes", len(past))
	}
	h.pass(time.Hour)
	keep(there, trouble)
	if current, past := there.Everybody(t.Context()); len(current) != 1 || len(past) != 1 {
		t.Errorf("the next day it is another one: %d, %d", len(current), len(past))
	}
	if len(h.audit) != 0 {
		t.Errorf("nobody did anything: %v", h.audit)
	}

	if err := here.Withdraw(t.Context(), "staff:1", there.Concerning(t.Context(), operations.Viewer{})[0].ID); err != nil {
		t.Fatal(err)
	}
	keep(there, trouble)
	h.pass(20 * time.Second)
	keep(there, trouble)
	if got := there.Concerning(t.Context(), operations.Viewer{}); len(got) != 0 {
		t.Errorf("somebody has withdrawn it: %+v", got)
	}
}

// Nodes that see different words, because one has asked the broker later, do not write
// over each other all the time.
func TestNodesDoNotQuarrel(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	here, there := h.board(t), h.board(t)
	changes, last := 0, ""
	for range 60 {
		for b, trouble := range map[*notices.Board][]notices.Trouble{here: notices.Troubles(offers(disturbed("Yksi", "x"))), there: notices.Troubles(offers(disturbed("Kaksi", "x")))} {
			if err := b.Keep(t.Context(), trouble); err != nil {
				t.Fatal(err)
			}
		}
		if all, err := h.db.Operations.Notices(t.Context(), h.now(), 10); err != nil || len(all) != 1 {
			t.Fatalf("%d notices, %v", len(all), err)
		} else if title := all[0].Words["fi"].Title; title != last {
			changes, last = changes+1, title
		}
		h.pass(5 * time.Second)
	}
	if changes > 8 {
		t.Errorf("changed %d times in five minutes", changes)
	}
}

func TestPurge(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	b := h.board(t)
	publish(t, b, func(n *operations.Notice) { n.Until = noon.Add(time.Hour) })
	open := publish(t, b, nil)
	h.pass(notices.Kept)
	if err := b.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, past := b.Everybody(t.Context()); len(past) != 1 {
		t.Error("it went before its time")
	}
	h.pass(2 * time.Hour)
	if err := b.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	all, err := b.All(t.Context())
	if err != nil || len(all) != 1 || all[0].ID != open.ID {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestPreview(t *testing.T) {
	t.Parallel()
	concerned := func(a operations.Audience) (names []string) {
		for _, s := range notices.Preview(a) {
			if s.Concerned {
				names = append(names, s.Device)
			}
		}
		return names
	}
	if got := concerned(operations.Audience{}); len(got) != len(notices.Preview(operations.Audience{})) || len(got) < 20 {
		t.Errorf("everybody: %v", got)
	}
	opera := operations.Audience{Platforms: []string{"android"}, Browsers: []operations.BrowserRange{{Family: "Opera"}}}
	if got := concerned(opera); !reflect.DeepEqual(got, []string{"Opera 86 · Android", "Opera 69 · Android"}) {
		t.Errorf("Opera on Android: %v", got)
	}
	old := operations.Audience{Platforms: []string{"android"}, App: operations.VersionRange{Max: "1.15.9"}}
	if got := concerned(old); !strings.Contains(strings.Join(got, ","), "App 1.9.0") || strings.Contains(strings.Join(got, ","), "App 1.16.0") {
		t.Errorf("old apps: %v", got)
	}
	n := operations.Notice{Audience: opera, Act: operations.Act{Off: []login.Method{login.MethodQR}, First: login.MethodLink}}
	n.Audience.Browsers[0].Min, n.Audience.App.Min, n.Audience.App.Max = 60, "1.9.0", "1.16.0"
	for lang, want := range map[string]string{
		"fi": "Koskee vain näitä: laite Android; selain Opera 60 tai uudempi; sovelluksen versio 1.9.0–1.16.0. Ei ole heillä käytössä: QR-koodi. Heille ensimmäisenä: kirjautumislinkki.",
		"sv": "Gäller endast: enhet Android; webbläsare Opera 60 eller nyare; appens version 1.9.0–1.16.0. Ur bruk för dem: QR-kod. Först för dem: inloggningslänk.",
		"en": "Concerns only: device Android; browser Opera 60 or newer; app version 1.9.0–1.16.0. Off for them: QR code. First for them: login link.",
		"xx": "Concerns only: device Android; browser Opera 60 or newer; app version 1.9.0–1.16.0. Off for them: QR code. First for them: login link.",
	} {
		if got := notices.Describe(n, lang, strings.ToUpper); got != want {
			t.Errorf("%s: %s", lang, got)
		}
	}
	means := operations.Notice{Audience: operations.Audience{Means: []string{"op"}}}
	if got := notices.Describe(means, "en", strings.ToUpper); got != "Concerns only: way of identifying OP." {
		t.Error(got)
	}
	if got := notices.Describe(operations.Notice{}, "sv", nil); got != "Gäller alla." {
		t.Error(got)
	}
}
