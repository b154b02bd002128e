package broker

import (
	"cmp"

	"avain/internal/domain/login"
)

// method is one way of proving who one is, with the names that brokers give it where
// they are published; empty where they are not.
type method struct {
	id   string // our means
	kind login.MeansKind
	name string

	telia    string // short id: sent in acr_values, and the end of the URL in "amr"
	signicat string // "ftn_idp"
	ingroupe string // "fi_tupas_bank"
}

// methods is the one place to change when a bank comes or goes (docs/brokers.md says how
// an operator learns of it). Telia's column is its integration guide 2.36 (2026-02-06),
// §2.4.3: Handelsbanken left it with 2.35, on 2025-10-31; what "needs additional order"
// is left out, because it identifies no Finns. Idura brokers through Telia and reports
// Telia's names. Signicat publishes one name. IN Groupe publishes none: its column is
// what the program of a customer of its SAML service expects.
func methods() []method {
	return []method{
		{"aktia", login.MeansBank, "Aktia", "oidc.aktia.1", "", "aktia"},
		{"alandsbanken", login.MeansBank, "Ålandsbanken", "oidc.alandsbanken.1", "", "aland"},
		{"danskebank", login.MeansBank, "Danske Bank", "oidc.danskebank.1", "", "danske"},
		{"hightrust", login.MeansBank, "Hightrust.id", "oidc.hightrust.id.1", "", ""},
		{"nordea", login.MeansBank, "Nordea", "oidc.nordea.1", "", "nordea"},
		{"omasp", login.MeansBank, "Oma Säästöpankki", "oidc.omasp.1", "", "omasp"},
		{"op", login.MeansBank, "OP", "saml.op.1", "fi-op", "opbank"},
		{"pop", login.MeansBank, "POP Pankki", "oidc.pop.1", "", "popbank"},
		{"sp", login.MeansBank, "Säästöpankki", "oidc.sp.1", "", "savingsbank"},
		{"spankki", login.MeansBank, "S-Pankki", "oidc.spankki.1", "", "sbank"},
		{"mobile", login.MeansMobile, "Mobiilivarmenne", "mpki.telia.1", "", ""},
	}
}

// reportedAs is the broker's name for a method; empty when it has none that we know.
func (p Preset) reportedAs(m method) string {
	switch p {
	case PresetTelia, PresetIdura:
		return m.telia
	case PresetSignicat:
		return m.signicat
	case PresetINGroupe:
		return m.ingroupe
	default:
		return ""
	}
}

// allMethods offers each of them.
func allMethods() []Means {
	var all []Means
	for _, m := range methods() {
		all = append(all, Means{ID: m.id})
	}
	return all
}

// The buttons of a broker that cannot be told which bank: the person chooses there, and
// the answer says which it was.
func anyBank() Means {
	return Means{ID: "bank", Name: "Verkkopankki", Names: Texts{"fi": "Verkkopankki", "sv": "Nätbank", "en": "Online bank"}}
}

func mobileCertificate() Means { return Means{ID: "mobile", Kind: string(login.MeansMobile)} }

// anyMeans is for a broker that cannot be told even whether it is to be a bank.
func anyMeans() Means {
	return Means{ID: "bank", Name: "Verkkopankki tai Mobiilivarmenne", Names: Texts{
		"fi": "Verkkopankki tai Mobiilivarmenne", "sv": "Nätbank eller Mobilcertifikat", "en": "Online bank or Mobile Certificate",
	}}
}

// UnknownName is [login.MeansUnknown] as people read it, in Finnish for a language that
// is not ours.
func UnknownName(lang string) string {
	names := Texts{"fi": "tuntematon tapa", "sv": "okänt sätt", "en": "an unknown way"}
	return cmp.Or(names[lang], names["fi"])
}

// knowMethods completes the means that have an id of the list: their kind and name, and
// how the broker reports them.
func (c *Config) knowMethods() {
	for i := range c.Means {
		means := &c.Means[i]
		for _, m := range methods() {
			if means.ID != m.id {
				continue
			}
			orText(&means.Kind, string(m.kind))
			if m.kind != login.MeansMobile { // whose name differs between languages: see fillMeans
				orText(&means.Name, m.name)
			}
			if reported := c.Preset.reportedAs(m); reported != "" {
				orList(&means.Reported, reported)
			}
			if c.Preset == PresetTelia {
				orText(&means.Value, m.telia)
			}
		}
	}
}

// The hosts of Telia's environments, as they stand in the URL of a method. A method of
// the second belongs to a test bank.
const (
	teliaMethodURL     = "https://tunnistus.telia.fi/uas/saml2/names/ac/"
	teliaTestMethodURL = "https://tunnistus-pp.telia.fi/uas/saml2/names/ac/"
)
