package config

import (
	"reflect"

	"avain/internal/broker"
	"avain/internal/domain/login"
	"avain/internal/protocol/oauth"
)

const exampleHead = `# Configuration of Avain. Printed by: avain config example
#
# Lines that begin with "#name:" are settings at their default, or examples of ones
# that have none: remove the # to change them. An unknown field is an error; check
# the file with: avain check-config FILE
#
# Secrets never stand in this file. Where one is needed, name_file names the file
# that holds it and name_env the environment variable; use one of the two. Relative
# paths start from the folder of this file. Lengths of time: 90s, 10m, 36h, 90d.
`

// Example returns a complete, commented configuration: every field once, what an
// installation must decide filled in, everything else as a comment.
func Example() string {
	w := exampleWriter{seen: map[string]bool{}}
	w.out.WriteString(exampleHead)
	value, standard := reflect.ValueOf(exampleConfig()), reflect.ValueOf(Default())
	for _, f := range fieldsOf(value.Type()) {
		w.out.WriteByte('\n')
		w.field(f, f.key, value.FieldByIndex(f.index), standard.FieldByIndex(f.index), "")
	}
	return w.out.String()
}

const exampleFingerprint = "00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF"

// exampleConfig is what the example fills in: an installation behind a proxy, with
// an app of its own, a resource server, and two brokers that share the work.
func exampleConfig() Config {
	c := Default()
	c.Public.BaseURL = "https://login.example.com"
	c.Public.TLS = TLS{CertFile: "tls/fullchain.pem", KeyFile: "tls/privkey.pem"}
	c.Clients = []Client{
		{
			ID: "smartumpay", Name: "SmartumPay", Profile: login.ProfileStrict, Auth: login.AuthNone,
			RedirectURIs: []string{"https://login.example.com/return", "https://app.example.com/"},
			Android:      []AndroidApp{{Package: "com.example.smartumpay", Fingerprints: []string{exampleFingerprint}}},
			IOS:          []IOSApp{{TeamID: "A1B2C3D4E5", BundleID: "com.example.smartumpay"}},
			Harmony:      []HarmonyApp{{AppIdentifier: "1234567890123456789"}},
			Origins:      []string{"https://app.example.com"},
			Scopes:       []string{oauth.ScopeOpenID, oauth.ScopeProfile, oauth.ScopeOfflineAccess, oauth.ScopeBenefits},
		},
		{
			ID: "benefits-api", Name: "Benefits API", Profile: login.ProfileCompatible, Auth: login.AuthSecretBasic,
			SecretFile: "keys/benefits-api-secret", Scopes: []string{oauth.ScopeOpenID}, Introspection: true,
		},
	}
	c.Mail.Host, c.Mail.From = "smtp.example.com", "SmartumPay <noreply@example.com>"
	c.Brokers = exampleBrokers()
	return c
}

func exampleBrokers() []broker.Config {
	ours := func(id string) broker.OurKeys {
		return broker.OurKeys{
			Signing:    []broker.KeyFile{{File: "keys/" + id + "-signing.pem"}},
			Decryption: []broker.KeyFile{{File: "keys/" + id + "-decryption.pem"}},
		}
	}
	return []broker.Config{
		{
			ID: "telia", Preset: broker.PresetTelia, Production: true, ClientID: "example-client", OurKeys: ours("telia"),
			BrokerKeys: broker.KeySource{
				EntityStatementFile:   "keys/telia-their-statement.jwt",
				StatementFingerprints: []string{"E52C66B2A2CD1322087356D8E52D38853FC71135E31173610EA15F5E96835101"},
			},
		},
		{
			ID: "idura", Preset: broker.PresetIdura, Production: true,
			Issuer: "https://example.idura.broker", ClientID: "urn:example:avain", OurKeys: ours("idura"),
			Means: []broker.Means{
				{ID: "bank", Kind: string(login.MeansBank), Name: "Verkkopankki", Value: "urn:grn:authn:fi:bank-id"},
				{ID: "mobile", Kind: string(login.MeansMobile), Name: "Mobiilivarmenne", Value: "urn:grn:authn:fi:mobile-id"},
			},
		},
	}
}
