package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"text/template"

	"avain/internal/testkit/brokersim"
)

const (
	configFile = "avain.yaml"
	appID      = "smartumpay"
	// appReturn is never opened: the load generator stops where an app would take over.
	appReturn = "http://127.0.0.1:9/return"
	brokerID  = "op"
	clientID  = "avain-bench" // ours at the broker
)

// configTemplate is an ordinary installation, but for the limits on floods: the load
// is one, from one address. Everything else, the log included, is as by default.
var configTemplate = template.Must(template.New(configFile).Parse(`
public: {base_url: "{{.Service}}", listen: "{{.Listen}}"}
admin: {listen: "{{.Admin}}"}
brand: {pictures: pictures}
limits: {starts_per_key: 1000000/1s, starts_per_network: 1000000/1s, requests_per_network: 10000000/1s, open_attempts: 100000000, open_per_network: 100000000, open_per_client: 100000000, waiting_apps: 10000000}
clients:
  - {id: ` + appID + `, name: SmartumPay, redirect_uris: ["` + appReturn + `", "{{.Service}}/return"]}
brokers:
  - id: ` + brokerID + `
    preset: op
    issuer: {{.Issuer}}
    client_id: ` + clientID + `
    broker_keys: {entity_keys_file: keys/broker-entity.jwk}
    our_keys:
      signing: [{file: keys/op-signing.pem}]
      decryption: [{file: keys/op-decryption.pem}]
      entity: {file: keys/op-entity.pem}
      entity_id: {{.Service}}
      organization_name: SmartumPay
    request: {service_name: {fi: SmartumPay, sv: SmartumPay, en: SmartumPay}}
    hetu: artificial
    means:{{range .Banks}}
      - {id: {{.ID}}, name: {{.Name}}, logo: {{.ID}}-logo.svg, value: {{.FTNIdpID}}{{if .Mobile}}, kind: mobile{{end}}}{{end}}
`))

// writeConfig writes the configuration and the banks' pictures.
func (r *rig) writeConfig(b brokerInfo) error {
	pictures := filepath.Join(r.folder, "pictures")
	if err := os.MkdirAll(pictures, 0o700); err != nil {
		return err
	}
	for _, bank := range brokersim.Banks() {
		if err := os.WriteFile(filepath.Join(pictures, bank.ID+"-logo.svg"), []byte(bank.Logo), 0o600); err != nil {
			return err
		}
	}
	var text bytes.Buffer
	if err := configTemplate.Execute(&text, map[string]any{
		"Service": r.service, "Listen": strings.TrimPrefix(r.service, "http://"), "Admin": strings.TrimPrefix(r.admin, "http://"),
		"Issuer": b.Issuer, "Banks": brokersim.Banks(),
	}); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(r.folder, configFile), text.Bytes(), 0o600)
}
