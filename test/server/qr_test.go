package server_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"avain/internal/domain/login"
	"avain/internal/testkit/patience"
	"avain/internal/testkit/robot"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
)

// signIn signs in on the web, as far as the page that says that the benefits are
// active.
func (r *rig) signIn(people ...string) robot.Page {
	r.Helper()
	page, err := r.browser.Open(r.Context(), r.Service+"/me")
	if err != nil {
		r.Fatal(err)
	}
	if strings.Contains(page.Body, "aktivoituneet") {
		return page
	}
	who := append(people, "aino")[0]
	return r.press(page, "Kirjaudu", "kuikka", who, "Vahvista")
}

// showQR signs in and shows the code.
func (r *rig) showQR() robot.Page {
	r.Helper()
	return r.press(r.signIn(), "Näytä QR-koodi")
}

// seen loads a page again.
func (r *rig) seen(page robot.Page) robot.Page {
	r.Helper()
	again, err := r.browser.Open(r.Context(), page.URL)
	if err != nil {
		r.Fatal(err)
	}
	return again
}

var run = regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1h-\d+z`)

// frameOn reads the QR code on a page as a camera does: from black and white squares.
func frameOn(t *testing.T, page robot.Page) string {
	t.Helper()
	const pixels = 8 // per square
	_, drawn, ok := strings.Cut(page.Body, `<svg viewBox="0 0 `)
	if !ok {
		t.Fatalf("no QR code on %s (%d):\n%s", page.URL, page.Status, page.Body)
	}
	number := func(s string) int {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	side := number(drawn[:strings.IndexByte(drawn, ' ')])
	picture := image.NewGray(image.Rect(0, 0, side*pixels, side*pixels))
	for i := range picture.Pix {
		picture.Pix[i] = 255
	}
	for _, m := range run.FindAllStringSubmatch(drawn, -1) {
		for x := number(m[1]) * pixels; x < (number(m[1])+number(m[3]))*pixels; x++ {
			for y := number(m[2]) * pixels; y < (number(m[2])+1)*pixels; y++ {
				picture.SetGray(x, y, color.Gray{})
			}
		}
	}
	bitmap, err := gozxing.NewBinaryBitmapFromImage(picture)
	if err != nil {
		t.Fatal(err)
	}
	reader := qrcode.NewQRCodeReader()
	for _, hint := range []gozxing.DecodeHintType{gozxing.DecodeHintType_TRY_HARDER, gozxing.DecodeHintType_PURE_BARCODE} {
		var found *gozxing.Result
		if found, err = reader.Decode(bitmap, map[gozxing.DecodeHintType]any{hint: true}); err == nil {
			return found.GetText()
		}
	}
	t.Fatalf("the QR code cannot be read: %v", err)
	return ""
}

// scan lets the app scan the page.
func (r *rig) scan(page robot.Page) robot.Scanned {
	r.Helper()
	s, err := r.app.Scan(r.Context(), frameOn(r.T, page))
	if err != nil {
		r.Fatal(err)
	}
	return s
}

// number types the number on the page, as it is now.
func (r *rig) number(page robot.Page, number string) robot.Page {
	r.Helper()
	page, err := r.browser.Press(r.Context(), r.seen(page), "Kirjaudu puhelimella", url.Values{"number": {number}})
	if err != nil {
		r.Fatal(err)
	}
	return page
}

// otherNumber is two digits that are not the right ones.
func otherNumber(right string) string {
	if right == "07" {
		return "70"
	}
	return "07"
}

// reason is our own word for why an app was refused.
func reason(err error) login.Reason {
	if refusal, ok := errors.AsType[*robot.Refusal](err); ok {
		return login.Reason(refusal.Reason)
	}
	return ""
}

// claimsOf reads an ID token without checking it.
func claimsOf(t *testing.T, token string) map[string]any {
	t.Helper()
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

func TestActivationPage(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	page := r.signIn()
	for _, words := range []string{
		"SmartumPlus työsuhde-edut ovat aktivoituneet ja käytössäsi!", "Hei, Aino Maria", "Kuusiston Konepaja Oy", "Lounas",
		"App Store", "Google Play", "AppGallery", "https://play.google.com/store/apps/details?id=example", "Näytä QR-koodi",
	} {
		if !strings.Contains(page.Body, words) {
			t.Errorf("the page does not say %q:\n%s", words, page.Body)
		}
	}
	for lang, words := range map[string]string{
		"sv": "SmartumPlus-personalförmånerna är aktiverade och redo att användas!",
		"en": "SmartumPlus benefits are now activated and ready for use!",
	} {
		if other, err := r.browser.Open(t.Context(), r.Service+"/me?lang="+lang); err != nil || !strings.Contains(other.Body, words) {
			t.Errorf("%s: %v, %d", lang, err, other.Status)
		}
	}
	if strings.Contains(page.Body, "<svg") {
		t.Error("a QR code is shown without a click")
	}
}

// The journey of the article: the page open on a computer, the phone scans, the number
// is typed, and both screens say so at once.
func TestQRLogin(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	page := r.showQR()
	signedIn := r.clock.now()
	r.clock.pass(10 * time.Second)
	s := r.scan(page)
	if s.Name != "Aino V." || len(s.Match) != 2 || s.ExpiresIn < 50 || s.ExpiresIn > 60 {
		t.Errorf("the phone is told %+v", s)
	}
	asks := r.seen(page)
	for _, words := range []string{"Robot (Pixel 9)", "Kirjoita puhelimen numero", "Peruuta – en ole kirjautumassa"} {
		if !strings.Contains(asks.Body, words) {
			t.Errorf("the page does not say %q:\n%s", words, asks.Body)
		}
	}
	if strings.Contains(asks.Body, "<svg") || strings.Contains(asks.Body, ">"+s.Match+"<") || strings.Contains(asks.Body, `"`+s.Match+`"`) {
		t.Error("a claimed page shows the code, or the number")
	}
	if _, err := r.app.CollectAndRedeem(t.Context(), s); code(err) != "insufficient_authorization" || reason(err) != login.ReasonApprovalRequired {
		t.Errorf("before the number: %v", err)
	}
	if typed := r.number(page, s.Match); !strings.Contains(typed.Body, "Viimeistellään puhelimessa") {
		t.Errorf("after the number:\n%s", typed.Body)
	}
	if status, err := r.app.Status(t.Context(), s.Login, "claimed"); err != nil || status.State != "approved" {
		t.Errorf("status %+v, %v", status, err)
	}
	tokens, err := r.app.CollectAndRedeem(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	claims := claimsOf(t, tokens.IDToken)
	authenticated, _ := claims["auth_time"].(float64)
	amr, _ := claims["amr"].([]any)
	if d := signedIn.Unix() - int64(authenticated); d < 0 || d > 30 || !slices.Contains(amr, any("qr")) || claims["acr"] == "" {
		t.Errorf("auth_time %v (signed in %d), amr %v, acr %v", claims["auth_time"], signedIn.Unix(), amr, claims["acr"])
	}
	if a := r.attempt(s.SupportCode); a.Method != login.MethodQR || a.State != login.StateRedeemed {
		t.Errorf("%s %s", a.Method, a.State)
	}
	done := r.seen(page)
	for _, words := range []string{"Puhelin on kirjautunut", "Robot (Pixel 9)"} {
		if !strings.Contains(done.Body, words) {
			t.Errorf("the page does not say %q:\n%s", words, done.Body)
		}
	}
	if _, err := r.app.Refresh(t.Context(), tokens.RefreshToken); err != nil {
		t.Error(err)
	}
}

func TestQRTypedCode(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	page := r.press(r.showQR(), "En voi skannata")
	found := regexp.MustCompile(`class="digits typed" aria-label="([0-9A-HJKMNP-TV-Z]{10})"`).FindStringSubmatch(page.Body)
	if found == nil {
		t.Fatalf("no code to type:\n%s", page.Body)
	}
	if again := r.seen(page); !strings.Contains(again.Body, found[1]) {
		t.Error("a reload shows another code")
	}
	asTyped := strings.ToLower(found[1][:5]) + " - " + strings.NewReplacer("0", "o", "1", "l").Replace(found[1][5:])
	s, err := r.app.Type(t.Context(), asTyped)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.app.Type(t.Context(), found[1]); reason(err) != login.ReasonQRUsed {
		t.Errorf("the same phone again, for another login: %v", err)
	}
	r.number(page, s.Match)
	if _, err := r.app.CollectAndRedeem(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	late := r.press(r.showQR(), "En voi skannata")
	found = regexp.MustCompile(`class="digits typed" aria-label="(\w{10})"`).FindStringSubmatch(late.Body)
	r.clock.pass(time.Minute)
	if _, err := r.app.Type(t.Context(), found[1]); reason(err) != login.ReasonQRExpired {
		t.Errorf("after a minute: %v", err)
	}
}

// On the phone itself: the page leads with a link that hands the code to the app, which
// asks like for any other.
func TestQROnThePhoneItself(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.browser.Agent = "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36"
	page := r.press(r.signIn(), "Avaa SmartumPayssa")
	link := linkTo(t, page, "/open#")
	if !strings.HasPrefix(link, r.App+"/open#AVAIN1:") || strings.Contains(page.Body, "<svg") {
		t.Fatalf("link %q on:\n%s", link, page.Body)
	}
	payload, err := url.PathUnescape(mustParse(t, link).Fragment)
	if err != nil {
		t.Fatal(err)
	}
	s, err := r.app.Scan(t.Context(), payload)
	if err != nil {
		t.Fatal(err)
	}
	r.number(page, s.Match)
	if _, err := r.app.CollectAndRedeem(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	other, err := r.browser.Open(t.Context(), strings.Split(page.URL, "?")[0])
	if err != nil || !strings.Contains(other.Body, "Puhelin on kirjautunut") {
		t.Errorf("%v: %s", err, other.Body)
	}
}

// Without a script: the page says when to load it again, and that request is answered
// when there is something new to see.
func TestQRPageTellsNewsWithoutScript(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	page := r.showQR()
	refresh := page.Header.Get("Refresh")
	next := strings.TrimPrefix(refresh, "1; url=")
	if next == refresh || strings.Contains(page.Body, "<script") {
		t.Fatalf("Refresh: %q", refresh)
	}
	type answer struct {
		page robot.Page
		err  error
	}
	news := make(chan answer, 1)
	go func() {
		p, err := r.browser.Open(t.Context(), r.Service+next)
		news <- answer{p, err}
	}()
	select {
	case a := <-news:
		t.Fatalf("answered although nothing is new: %d %v", a.page.Status, a.err)
	case <-patience.Quiet():
	}
	frame, began := frameOn(t, page), time.Now()
	if _, err := r.app.Scan(t.Context(), frame); err != nil {
		t.Fatal(err)
	}
	a := <-news
	if a.err != nil || !strings.Contains(a.page.Body, "Kirjoita puhelimen numero") {
		t.Fatalf("%v: %s", a.err, a.page.Body)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the news took %s", took)
	}
	if seen, _, _ := strings.Cut(a.page.Header.Get("Refresh"), "?"); seen != strings.Split(refresh, "?")[0] {
		t.Errorf("the next refresh leads to %s", seen)
	}
}

// Reload and back at every page change nothing, and old tabs lead to where the login
// stands.
func TestQRPagesReloadAndBack(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	page := r.showQR()
	if frameOn(t, r.seen(page)) == "" {
		t.Error("no code after a reload")
	}
	s := r.scan(page)
	claimed := r.seen(page)
	if bad := r.number(page, "x1"); !strings.Contains(bad.Body, "Kirjoita kaksi numeroa") {
		t.Errorf("a malformed number:\n%s", bad.Body)
	}
	r.number(page, s.Match)
	again, err := r.browser.Press(t.Context(), claimed, "Kirjaudu puhelimella", url.Values{"number": {otherNumber(s.Match)}})
	if err != nil || !strings.Contains(again.Body, "Viimeistellään") {
		t.Errorf("the button of an old tab: %v\n%s", err, again.Body)
	}
	if _, err := r.app.CollectAndRedeem(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	for _, old := range []robot.Page{page, claimed} {
		if now := r.seen(old); !strings.Contains(now.Body, "Puhelin on kirjautunut") {
			t.Errorf("an old tab shows:\n%s", now.Body)
		}
	}
	refused := r.press(claimed, "Peruuta – en ole kirjautumassa")
	if !strings.Contains(refused.Body, "Puhelin on kirjautunut") {
		t.Errorf("refusing what is done:\n%s", refused.Body)
	}
	fresh := r.press(r.signIn(), "Näytä QR-koodi")
	if fresh.URL == page.URL || frameOn(t, fresh) == "" {
		t.Error("no other code after the login")
	}
}

func TestQRRefusedOnThePage(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	page := r.showQR()
	s := r.scan(page)
	if told := r.press(r.seen(page), "Peruuta – en ole kirjautumassa"); !strings.Contains(told.Body, "Hae uusi koodi") {
		t.Errorf("the page says:\n%s", told.Body)
	}
	if status, err := r.app.Status(t.Context(), s.Login, ""); err != nil || status.State != "denied" {
		t.Errorf("%+v, %v", status, err)
	}
	if _, err := r.app.Collect(t.Context(), s); code(err) != "access_denied" || reason(err) != login.ReasonCancelledByPerson {
		t.Errorf("%v", err)
	}
}

// A phone that lost our answer asks again, with the same key and for the same login, and
// gets the same one.
func TestQRLostAnswerIsGivenAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	frame := url.Values{"qr": {frameOn(t, r.showQR())}}
	l := robot.Login{Nonce: "n", Verifier: strings.Repeat("v", 43)}
	first, err := r.app.Claim(t.Context(), l, frame)
	if err != nil {
		t.Fatal(err)
	}
	second, err := r.app.Claim(t.Context(), l, frame)
	if err != nil || second.AuthSession != first.AuthSession || second.Match != first.Match || second.SupportCode != first.SupportCode {
		t.Errorf("%v: %+v, before %+v", err, second, first)
	}
	l.Verifier = strings.Repeat("w", 43)
	if _, err := r.app.Claim(t.Context(), l, frame); reason(err) != login.ReasonQRUsed {
		t.Errorf("for another login: %v", err)
	}
	if a := r.attempt(first.SupportCode); a.State != login.StateClaimed {
		t.Errorf("the login is %s", a.State)
	}
}

func TestQRCodeIsGivenAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	page := r.showQR()
	s := r.scan(page)
	r.number(page, s.Match)
	one, err := r.app.Collect(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	two, err := r.app.Collect(t.Context(), s) // the answer was lost
	if err != nil || one != two {
		t.Errorf("%v: another code the second time", err)
	}
	if _, err := r.app.CollectAndRedeem(t.Context(), s); err != nil {
		t.Error(err)
	}
	if _, err := r.app.Collect(t.Context(), s); code(err) != "access_denied" || reason(err) != login.ReasonAttemptUsed {
		t.Errorf("after the login: %v", err)
	}
}

func TestWebSignInAndOut(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.signIn()
	secretOf := func() string {
		for _, c := range r.browser.HTTP.Jar.Cookies(mustParse(t, r.Service)) {
			if c.Name == "avain-web" {
				return c.Value
			}
		}
		return ""
	}
	first := secretOf()
	r.signInAgain(t)
	second := secretOf()
	if first == "" || first == second {
		t.Error("the session's secret does not change when the person signs in again (fixation, threat 15)")
	}
	if old := r.asCookie(t, first); strings.Contains(old, "aktivoituneet") {
		t.Error("the session before the second sign-in still works")
	}
	page, err := r.browser.Open(t.Context(), r.Service+"/me")
	if err != nil {
		t.Fatal(err)
	}
	if out := r.press(page, "Kirjaudu ulos"); strings.Contains(out.Body, "aktivoituneet") {
		t.Error("still signed in after signing out")
	}
	if old := r.asCookie(t, second); strings.Contains(old, "aktivoituneet") {
		t.Error("the secret still works after signing out")
	}
	r.signIn()
	third := secretOf()
	r.clock.pass(15*time.Minute + time.Second)
	if old := r.asCookie(t, third); strings.Contains(old, "aktivoituneet") {
		t.Error("the session outlives a quarter of an hour without use")
	}
}

// signInAgain signs in while signed in, as for a fresh QR code.
func (r *rig) signInAgain(t *testing.T) {
	t.Helper()
	page, err := r.browser.Submit(t.Context(), r.Service+"/me/login", url.Values{})
	if err != nil {
		t.Fatal(err)
	}
	if page = r.press(page, bank...); !strings.Contains(page.Body, "aktivoituneet") {
		t.Fatalf("not signed in again:\n%s", page.Body)
	}
}

// asCookie is the page of a browser that has nothing but this session secret.
func (r *rig) asCookie(t *testing.T, value string) string {
	t.Helper()
	_, browser := r.phone()
	browser.HTTP.Jar.SetCookies(mustParse(t, r.Service), []*http.Cookie{{Name: "avain-web", Value: value}})
	page, err := browser.Open(t.Context(), r.Service+"/me")
	if err != nil {
		t.Fatal(err)
	}
	return page.Body
}

func TestWebSignInThatFails(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	page, err := r.browser.Open(t.Context(), r.Service+"/me")
	if err != nil {
		t.Fatal(err)
	}
	back := r.press(page, "Kirjaudu", "Peruuta")
	if !strings.Contains(back.Body, "Kirjautuminen peruttiin") || !strings.Contains(back.Body, "/me/login") {
		t.Errorf("after cancelling:\n%s", back.Body)
	}
	stranger := r.press(back, "Kirjaudu", "kuikka", "vieno", "Vahvista")
	if !strings.Contains(stranger.Body, "Emme löytäneet sinulle") || strings.Contains(stranger.Body, "Palaa sovellukseen<") {
		t.Errorf("a person without benefits:\n%s", stranger.Body)
	}
	if after, err := r.browser.Open(t.Context(), r.Service+"/me"); err != nil || strings.Contains(after.Body, "aktivoituneet") {
		t.Errorf("signed in all the same: %v", err)
	}
}
