package brokersim

import (
	"fmt"
	"regexp"
)

// Bank is an invented bank: bank marks belong to the banks and may be used only by
// their rules. Mobile Certificate is treated as one more.
type Bank struct {
	ID    string            // [a-z]+
	Name  string            // as people know it
	Names map[string]string // other names, by language
	Color string            // #rrggbb, dark enough for white text
	Logo  string            // a whole SVG document, 140×75

	Telia string // its method in Telia's dialect; default oidc.<id>.1, mpki.telia.1
}

const mobileID = "mobile"

// FTNIdpID names the bank in OP's dialect (ftn_idp_id) as README §6 does, and in
// Signicat's (ftn_idp), whose pages show fi-op. OP's Java example has ids without fi-.
func (b Bank) FTNIdpID() string { return "fi-" + b.ID }

// Method names the bank in Telia's dialect (acr_values, last part of amr), in the forms
// of guide 2.36 §2.4.3: most are oidc.<bank>.1, one is saml.op.1, one
// oidc.hightrust.id.1, Mobile Certificate is mpki.telia.1.
func (b Bank) Method() string {
	switch {
	case b.Telia != "":
		return b.Telia
	case b.Mobile():
		return "mpki.telia.1"
	default:
		return "oidc." + b.ID + ".1"
	}
}

// Mobile reports whether this is Mobile Certificate.
func (b Bank) Mobile() bool { return b.ID == mobileID }

// NameIn is the name in a language.
func (b Bank) NameIn(lang string) string {
	if n := b.Names[lang]; n != "" {
		return n
	}
	return b.Name
}

var (
	bankID    = regexp.MustCompile(`^[a-z]{2,20}$`)
	bankColor = regexp.MustCompile(`^#[0-9a-f]{6}$`)
)

func (b Bank) check() error {
	if !bankID.MatchString(b.ID) || !bankColor.MatchString(b.Color) || b.Name == "" {
		return fmt.Errorf("bank %q: want id [a-z], name and colour #rrggbb", b.ID)
	}
	return nil
}

// Banks returns the five invented banks and Mobile Certificate, last.
func Banks() []Bank {
	return []Bank{
		{ID: "kuikka", Name: "Kuikka Pankki", Color: "#0b4f6c", Logo: logo("#0b4f6c", "Kuikka",
			`<path d="M14 48c6-14 16-20 26-18l6-6 2 8c4 10-2 20-16 20-8 0-14-2-18-4z" fill="#fff"/><circle cx="45" cy="29" r="1.6" fill="#0b4f6c"/>`)},
		{ID: "revontuli", Name: "Revontuli", Color: "#4b2a7b", Logo: logo("#4b2a7b", "Revontuli",
			`<path d="M12 56c4-22 8-30 12-34 2 10 4 16 8 20 2-12 6-20 12-26 0 18 2 30 6 40z" fill="#7ce0c3"/>`)},
		{ID: "saaristo", Name: "Saaristo Bank", Color: "#a3291f", Telia: "saml.saaristo.1", Logo: logo("#a3291f", "Saaristo",
			`<path d="M32 16v32H16z" fill="#fff"/><path d="M35 22v26h14z" fill="#f7d7c4"/><path d="M12 52h42l-6 8H18z" fill="#fff"/>`)},
		{ID: "metsa", Name: "Metsäpankki", Color: "#1f5c2e", Logo: logo("#1f5c2e", "Metsä",
			`<path d="M24 16l12 20h-6l8 14H10l8-14h-6z" fill="#fff"/><path d="M44 26l9 16h-4l6 10H33l6-10h-4z" fill="#cfe8c9"/>`)},
		{ID: "koivu", Name: "Koivu", Color: "#3a3a3a", Telia: "oidc.koivu.id.1", Logo: logo("#3a3a3a", "Koivu",
			`<rect x="26" y="14" width="12" height="46" rx="2" fill="#fff"/><path d="M26 24h5M33 33h5M26 42h6M32 51h6" stroke="#3a3a3a" stroke-width="3"/>`)},
		{
			ID: mobileID, Name: "Mobiilivarmenne", Names: map[string]string{"sv": "Mobilcertifikat", "en": "Mobile Certificate"}, Color: "#8a4b08",
			Logo: logo("#8a4b08", "Mobiili", `<rect x="22" y="12" width="22" height="48" rx="4" fill="#fff"/><circle cx="33" cy="54" r="2.4" fill="#8a4b08"/><path d="M27 32l5 5 8-9" fill="none" stroke="#8a4b08" stroke-width="3"/>`),
		},
	}
}

func logo(color, name, picture string) string {
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 140 75" width="140" height="75" role="img" aria-label="%[2]s">`+
		`<rect width="140" height="75" rx="8" fill="%[1]s"/>%[3]s`+
		`<text x="60" y="43" font-family="system-ui,sans-serif" font-size="13" font-weight="700" fill="#fff">%[2]s</text></svg>`,
		color, name, picture)
}
