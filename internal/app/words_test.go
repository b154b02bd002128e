package app_test

import (
	"testing"

	"avain/internal/app"
	"avain/internal/broker"
	"avain/internal/config"
)

func TestWords(t *testing.T) {
	t.Parallel()
	mobile := broker.Means{ID: "mobile", Name: "Mobiilivarmenne", Names: broker.Texts{"sv": "Mobilcertifikat"}}
	c := config.Config{
		Brand:   config.Brand{Name: "SmartumPay"},
		App:     config.App{MinimumVersion: "1.9.0", AlternativeVersion: "1.16.0"},
		Brokers: []broker.Config{{Means: []broker.Means{mobile}}, {Means: []broker.Means{{ID: "mobile", Name: "Another name"}}}},
	}
	words := app.Words(c)
	if words.App != "SmartumPay" || words.Company != "SmartumPay" || words.Version != "1.16.0" {
		t.Errorf("%+v", words)
	}
	for lang, want := range map[string]string{"fi": "Mobiilivarmenne", "sv": "Mobilcertifikat", "en": "Mobiilivarmenne"} {
		if got := words.Bank(lang, "mobile"); got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
	}
	if got := words.Bank("fi", "gone"); got != "" {
		t.Errorf("a bank that is gone is called %q", got)
	}
	c.App.MinimumVersion = "2.0.0" // an app that may not begin is no help by link either
	if got := app.Words(c).Version; got != "2.0.0" {
		t.Errorf("version %s", got)
	}
}
