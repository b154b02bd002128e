package demo

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"text/template"

	"avain/internal/config"
	"avain/internal/testkit/brokersim"
)

// ConfigFile is the name of the configuration in the demo's folder.
const ConfigFile = "avain.yaml"

// fileTemplate is the configuration of the demo: short, because defaults do the
// rest. The brokers' addresses stand where a real installation needs none.
var fileTemplate = template.Must(template.New(ConfigFile).Parse(`# Written by the demo. Try it: avain check-config --config {{.File}}
public:
  base_url: {{.Service}}
  listen: {{.Listen}}{{if .Proxy}}
  trusted_proxies: [127.0.0.1/32, "::1/128"]{{end}}
admin:
  listen: {{.Admin}}
database:
  path: avain.db
brand:
  name: SmartumPay
  company: Smartum
  pictures: pictures
  stores:
    app_store: https://apps.apple.com/app/example
    google_play: https://play.google.com/store/apps/details?id=example
    appgallery: https://appgallery.huawei.com/app/example
  support: {email: help@example.com, phone: "+358 20 000 0000"}
app:
  minimum_version: 1.10.0
mail:
  host: {{.MailHost}}
  port: {{.MailPort}}
  tls: none
  from: SmartumPay <noreply@smartumpay.example>
  reply_to: help@example.com
  bounce_address: "bounces+{id}@smartumpay.example"
invitations:
  terms:
    version: 2026-01
    urls: {fi: "https://example.com/kayttoehdot", sv: "https://example.com/villkor", en: "https://example.com/terms"}
clients:
  - id: smartumpay
    name: SmartumPay
    redirect_uris: ["{{.App}}/return", "{{.Service}}/return"]
    open_link: "{{.App}}/open"
    post_logout_redirect_uris: ["{{.App}}/"]
    origins: ["{{.App}}"]
brokers:
  - id: op
    preset: op
    name: Simulated bank broker
    issuer: {{.OP.Issuer}}
    client_id: {{.ClientID}}
    broker_keys:
      entity_statement_file: keys/op-their-statement.jwt
    our_keys: &ours
      signing: [{file: keys/broker-sig.pem}]
      decryption: [{file: keys/broker-enc.pem}]
      entity: {file: keys/broker-entity.pem}
      entity_id: {{.Service}}
      organization_name: SmartumPay
    request:
      service_name: {fi: SmartumPay, sv: SmartumPay, en: SmartumPay}
    selector: {ttl: 10s} # so that a disturbance shows soon; a real broker is asked every 5 minutes
    hetu: artificial
    means:{{range .Banks}}
      - {id: {{.ID}}, name: {{.Name}}, logo: {{.ID}}-logo.svg, value: {{.FTNIdpID}}}{{end}}
      - {id: mobile, kind: mobile, name: Mobiilivarmenne, names: {sv: Mobilcertifikat, en: Mobile Certificate}, logo: mobile-logo.svg, value: fi-mobile, rank: 1}
  - id: telia
    preset: telia
    name: Simulated Mobile Certificate broker
    issuer: {{.Telia.Issuer}}
    client_id: {{.ClientID}}
    broker_keys:
      entity_statement_file: keys/telia-their-statement.jwt
      statement_fingerprints: [{{.TeliaFingerprint}}]
    our_keys: *ours
    selector: {ttl: 10s}
    hetu: artificial
    means:
      - {id: mobile, kind: mobile, name: Mobiilivarmenne, names: {sv: Mobilcertifikat, en: Mobile Certificate}, logo: mobile-logo.svg, value: mpki.telia.1}{{range .Banks}}
      - {id: {{.ID}}, name: {{.Name}}, logo: {{.ID}}-logo.svg, value: {{.Method}}, rank: 1}{{end}}
`))

// clientID is how the simulated brokers know us.
const clientID = "avain-demo"

// writeConfig writes the configuration and reads it back the way the service does.
func (d *Demo) writeConfig(o Options) (config.Config, error) {
	pictures := map[string][]byte{}
	banks := []brokersim.Bank{}
	for _, bank := range brokersim.Banks() {
		pictures[bank.ID+"-logo.svg"] = []byte(bank.Logo)
		if !bank.Mobile() {
			banks = append(banks, bank)
		}
	}
	if err := writeNew(filepath.Join(o.Data, "pictures"), pictures); err != nil {
		return config.Config{}, err
	}
	path := filepath.Join(o.Data, ConfigFile)
	mailHost, mailPort, err := net.SplitHostPort(d.SMTP)
	if err != nil {
		return config.Config{}, err
	}
	var text bytes.Buffer
	if err := fileTemplate.Execute(&text, map[string]any{
		"File": path, "Service": d.Service, "Proxy": d.Service != d.inner, "App": d.App, "Listen": d.listeners.service.Addr().String(),
		"MailHost": mailHost, "MailPort": mailPort,
		"Admin": d.listeners.admin.Addr().String(), "ClientID": clientID, "Banks": banks,
		"OP": d.OP.Endpoints(), "Telia": d.Telia.Endpoints(), "TeliaFingerprint": d.Telia.StatementFingerprint(),
	}); err != nil {
		return config.Config{}, err
	}
	if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
		return config.Config{}, err
	}
	c, err := config.Load(path, nil)
	if err != nil {
		return config.Config{}, err
	}
	if o.Change != nil {
		o.Change(&c)
	}
	return c, nil
}
