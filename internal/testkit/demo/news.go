package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"avain/internal/core/notices"
	"avain/internal/domain/fault"
	"avain/internal/domain/login"
	"avain/internal/domain/operations"
)

// seedNews publishes the two news items of the article. They have no end, so they are
// still shown; whoever looks with Opera on Android meets the one about it, and the login
// link as the main button. A demo that is started again has them already.
func seedNews(ctx context.Context, board *notices.Board, languages []string) error {
	for _, n := range News() {
		for lang := range n.Words {
			if !slices.Contains(languages, lang) {
				delete(n.Words, lang)
			}
		}
		if _, err := board.Publish(ctx, "system", n); err != nil && !errors.Is(err, fault.ErrExists) {
			return fmt.Errorf("publish sample news: %w", err)
		}
	}
	return nil
}

// News are the sample notices.
func News() []operations.Notice {
	return []operations.Notice{
		{
			ID: "demo-news-opera-202205", Severity: operations.SeverityWarning,
			From: time.Date(2022, time.May, 31, 9, 0, 0, 0, time.UTC),
			Audience: operations.Audience{
				Platforms: []string{"android"},
				Browsers:  []operations.BrowserRange{{Family: "Opera"}, {Family: "Opera Mini"}, {Family: "Opera GX"}, {Family: "Opera Touch"}},
			},
			Act: operations.Act{First: login.MethodLink},
			Words: map[string]operations.NoticeWords{
				"fi": {
					Title: "Opera-selain estää kirjautumisen Androidilla",
					Text: "Puhelimen Opera-selain estää osaa Android-käyttäjistä kirjautumasta SmartumPayhin. Kirjaudu kirjautumislinkillä, tai poista Opera puhelimesta ja yritä uudelleen. " +
						"Oletusselaimen vaihtaminen ei auta. Korjaamme vikaa!",
				},
				"sv": {
					Title: "Webbläsaren Opera hindrar inloggningen på Android",
					Text: "Telefonens webbläsare Opera hindrar en del Android-användare från att logga in i SmartumPay. Logga in med inloggningslänken, eller ta bort Opera från telefonen och försök igen. " +
						"Det hjälper inte att byta standardwebbläsare. Vi åtgärdar felet!",
				},
				"en": {
					Title: "The Opera browser blocks logging in on Android",
					Text: "The phone's Opera browser keeps some Android users from logging in to SmartumPay. Log in with the login link, or remove Opera from the phone and try again. " +
						"Changing the default browser does not help. We are fixing the problem!",
				},
			},
		},
		{
			ID: "demo-news-banks-202204", Severity: operations.SeverityInfo,
			From:     time.Date(2022, time.April, 7, 9, 0, 0, 0, time.UTC),
			Audience: operations.Audience{Platforms: []string{"android"}},
			Words: map[string]operations.NoticeWords{
				"fi": {
					Title: "Kirjautuminen on nyt entistä helpompaa",
					Text: "Voit kirjautua sovellukseen suoraan verkkopankkitunnuksilla tai Mobiilivarmenteella. Sovellusta ei tarvitse päivittää. " +
						"Jos olet jo kirjautunut, sinun ei tarvitse tehdä mitään. Muutos auttaa etenkin OP-mobiiliavaimen käyttäjiä: nyt kirjautuminen OP:n tunnuksilla on helppoa myös Androidilla.",
				},
				"sv": {
					Title: "Det är nu ännu enklare att logga in",
					Text: "Du kan logga in i appen direkt med dina bankkoder eller Mobilcertifikat. Du behöver inte uppdatera appen. " +
						"Om du redan är inloggad behöver du inte göra någonting. Ändringen hjälper särskilt dig som använder OP-mobilnyckeln: nu är det enkelt att logga in med OP:s koder också på Android.",
				},
				"en": {
					Title: "Logging in is now even easier",
					Text: "You can log in to the app directly with your online banking codes or Mobile Certificate. There is no need to update the app. " +
						"If you are logged in already, you don't have to do anything. This helps those who use OP Mobile key above all: logging in with OP is now easy on Android, too.",
				},
			},
		},
	}
}
