package config_test

import (
	"strings"
	"testing"

	"avain/internal/config"
	"avain/internal/platform/webhook"
)

const withWebhooks = minimal + `
webhooks:
  - id: crm
    url: https://crm.example.com/avain
    secret_file: keys/webhook-crm
    old_secret_env: OLD_SECRET
    events: [person.activated, person.erased]
  - {id: stats, url: "http://localhost:9000/", secret_env: STATS_SECRET}
`

const (
	canarySecret = "whsec_Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5"
	otherSecret  = "whsec_b3RoZXJvdGhlcm90aGVyb3RoZXJvdGhlcg=="
)

func TestWebhooks(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	write(t, dir, "keys/webhook-crm", []byte(canarySecret+"\n"))
	write(t, dir, "avain.yaml", []byte(withWebhooks))
	c, err := config.Load(dir+"/avain.yaml", []string{"OLD_SECRET=" + otherSecret, "STATS_SECRET=" + otherSecret})
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Webhooks) != 2 {
		t.Fatalf("%d endpoints", len(c.Webhooks))
	}
	crm, stats := c.Webhooks[0], c.Webhooks[1]
	if crm.Secret.Reveal() != canarySecret || crm.OldSecret.Reveal() != otherSecret || stats.Secret.Reveal() != otherSecret || !stats.OldSecret.Empty() {
		t.Error("the secrets did not arrive")
	}
	if len(crm.Events) != 2 || crm.Events[1] != webhook.PersonErased || stats.Events != nil {
		t.Errorf("events %v and %v", crm.Events, stats.Events)
	}
}

func TestWebhookMistakes(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	write(t, dir, "keys/short", []byte("whsec_Y2FuYXJ5"))
	_, err := load(t, dir, minimal+`
webhooks:
  - {id: crm, url: "https://crm.example.com/"}
  - {id: crm, url: "http://crm.example.com/", secret_file: keys/short}
  - {id: C.R.M, url: "https://169.254.169.254/", secret_env: NOT_THERE, events: [person.deleted]}
`)
	if err == nil {
		t.Fatal("no mistake was found")
	}
	for _, want := range []string{
		"webhooks[0].secret_file: missing",
		"webhooks[1].id: is the id of webhooks[0] too", "webhooks[1].url: must begin with https", "webhooks[1].secret_file: must be whsec_",
		"webhooks[2].id: must be", "webhooks[2].url: is an address of a cloud", "webhooks[2].secret_env: the environment variable NOT_THERE",
		"webhooks[2].events: holds something that is no event",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("not reported: %s\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "Y2FuYXJ5") {
		t.Errorf("a secret was quoted: %v", err)
	}
}
