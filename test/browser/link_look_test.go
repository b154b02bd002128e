package browser_test

import "testing"

// TestEveryLinkScreen looks at the app while a link is open elsewhere, at each stage.
func TestEveryLinkScreen(t *testing.T) {
	t.Parallel()
	for _, language := range lookLanguages() {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			b := w.newBrowser()
			app, page := b.owner(phone()).newTab(), b.stranger(computer()).newTab()
			say := onTheWay[language]
			at := func(name string) {
				app.front()
				app.mustFollow(name)
				app.look(language + "/app/link-" + name)
				page.front()
			}
			app.front()
			app.open(w.App)
			app.choose(language)
			app.pressID("alternative")
			here := app.pressIDOut("method-link")
			here.see(say.refuse)
			here.shut()
			at("created")

			// To another browser, with a clipboard that is forbidden: by hand.
			app.front()
			app.pressID("link-elsewhere")
			app.seeID("link-copy")
			app.mayUseClipboard(false)
			app.pressID("link-copy")
			app.seeID("link-address")
			link := value[string](app, `document.querySelector("[data-testid=link-address]").value`)
			app.look(language + "/app/link-by-hand")

			page.front()
			page.open(link)
			page.press(say.open)
			page.see("Kuikka Pankki")
			at("opened")
			page.press("Kuikka Pankki")
			page.press(aino)
			page.press(inLanguage[language].confirm)
			page.see(say.question)
			page.look(language + "/service/confirm-live")
			at("authenticated")
			page.press(say.confirm)
			page.see(say.back)
			at("confirmed")
			page.look(language + "/service/return-live")
		})
	}
}
