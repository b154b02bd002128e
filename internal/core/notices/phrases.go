package notices

import (
	"cmp"

	"avain/internal/domain/login"
)

// phrase is what [Describe] builds its sentence from.
type phrase struct {
	everybody, only                     string
	device, browser, app, method, means string
	off, first                          string
	newer, older                        string
	platforms                           map[string]string
	methods                             map[login.Method]string
}

// span says a range of versions, both ends included.
func (w phrase) span(low, high string) string {
	switch {
	case low == "" && high == "":
		return ""
	case high == "":
		return low + " " + w.newer
	case low == "":
		return high + " " + w.older
	case low == high:
		return low
	default:
		return low + "–" + high
	}
}

func (w phrase) methodName(m login.Method) string { return cmp.Or(w.methods[m], string(m)) }

var phrases = map[string]phrase{
	"fi": {
		everybody: "Koskee kaikkia.", only: "Koskee vain näitä:",
		device: "laite", browser: "selain", app: "sovelluksen versio", method: "kirjautumistapa", means: "tunnistautumistapa",
		off: "Ei ole heillä käytössä:", first: "Heille ensimmäisenä:", newer: "tai uudempi", older: "tai vanhempi",
		platforms: map[string]string{"android": "Android", "ios": "iPhone tai iPad", "huawei": "Huawei (AppGallery)", "web": "tietokone"},
		methods: map[login.Method]string{
			login.MethodDirect: "suora kirjautuminen", login.MethodLink: "kirjautumislinkki", login.MethodQR: "QR-koodi",
			login.MethodCredentials: "Smartum-tunnukset",
		},
	},
	"sv": {
		everybody: "Gäller alla.", only: "Gäller endast:",
		device: "enhet", browser: "webbläsare", app: "appens version", method: "inloggningssätt", means: "identifieringssätt",
		off: "Ur bruk för dem:", first: "Först för dem:", newer: "eller nyare", older: "eller äldre",
		platforms: map[string]string{"android": "Android", "ios": "iPhone eller iPad", "huawei": "Huawei (AppGallery)", "web": "dator"},
		methods: map[login.Method]string{
			login.MethodDirect: "direkt inloggning", login.MethodLink: "inloggningslänk", login.MethodQR: "QR-kod",
			login.MethodCredentials: "Smartum-uppgifter",
		},
	},
	"en": {
		everybody: "Concerns everybody.", only: "Concerns only:",
		device: "device", browser: "browser", app: "app version", method: "login method", means: "way of identifying",
		off: "Off for them:", first: "First for them:", newer: "or newer", older: "or older",
		platforms: map[string]string{"android": "Android", "ios": "iPhone or iPad", "huawei": "Huawei (AppGallery)", "web": "computer"},
		methods: map[login.Method]string{
			login.MethodDirect: "direct login", login.MethodLink: "login link", login.MethodQR: "QR code",
			login.MethodCredentials: "Smartum credentials",
		},
	},
}
