package webhook

import (
	"cmp"
	"encoding/base64"
	"errors"
	"regexp"
	"slices"
	"strings"

	"avain/internal/platform/outbound"
	"avain/internal/secret"
)

// Endpoint is a system of the operator that listens. It stands in the configuration
// file and not in the database: whoever can write to the database, or to an API, must
// not be able to choose where events go, and the secrets stay outside it.
type Endpoint struct {
	ID            string `yaml:"id" doc:"Name of the receiving system, in logs, metrics and the list of jobs: a-z, 0-9 and -. Jobs that wait belong to it: keep it."`
	URL           string `yaml:"url" doc:"Where messages are sent (POST). https, except for loopback addresses; redirects are not followed."`
	SecretFile    string `yaml:"secret_file" doc:"File with the secret that signs messages, as Standard Webhooks writes it: whsec_ and 24 to 64 random bytes in base64." example:"keys/webhook-crm"`
	SecretEnv     string `yaml:"secret_env" doc:"The same from an environment variable." example:"AVAIN_WEBHOOK_CRM"`
	OldSecretFile string `yaml:"old_secret_file" doc:"While the secret is being changed: the one of before. Messages carry both signatures." example:"keys/webhook-crm-old"`
	OldSecretEnv  string `yaml:"old_secret_env" doc:"The same from an environment variable." example:"AVAIN_WEBHOOK_CRM_OLD"`
	Events        []Type `yaml:"events" doc:"What it listens to: person.activated, person.joined, session.created, session.revoked, invitation.bounced, person.erased, alert.raised, alert.ended; everything when left out." example:"[person.activated, person.erased]"`

	// What the files or variables held.
	Secret    secret.Text `yaml:"-"`
	OldSecret secret.Text `yaml:"-"`
}

// Problem is one mistake in an endpoint's configuration.
type Problem struct {
	Path string // of the setting
	Text string
}

// idForm keeps ids to what can stand in a metric's label and a job's kind.
var idForm = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,31}$`)

// Validate lists the mistakes, each with its path below the one given.
func (e Endpoint) Validate(path string) (problems []Problem) {
	add := func(key, text string) { problems = append(problems, Problem{path + "." + key, text}) }
	if !idForm.MatchString(e.ID) {
		add("id", "must be 1 to 32 of a-z, 0-9 and -, such as crm")
	}
	if err := outbound.CheckURL(e.URL); err != nil {
		add("url", err.Error())
	}
	for _, s := range []struct {
		text secret.Text
		key  string
	}{
		{e.Secret, cmp.Or(setting("secret_env", e.SecretEnv), "secret_file")},
		{e.OldSecret, cmp.Or(setting("old_secret_env", e.OldSecretEnv), "old_secret_file")},
	} {
		// That a secret is missing is told where it is read.
		if _, err := keyOf(s.text); err != nil && !s.text.Empty() {
			add(s.key, err.Error())
		}
	}
	for _, t := range e.Events {
		if !slices.Contains(Types(), t) {
			add("events", "holds something that is no event; there are "+strings.Join(typeNames(), ", "))
			break
		}
	}
	return problems
}

// setting is the key if it is the one that has a value.
func setting(key, value string) string {
	if value == "" {
		return ""
	}
	return key
}

func typeNames() []string {
	var names []string
	for _, t := range Types() {
		names = append(names, string(t))
	}
	return names
}

func (e Endpoint) listensTo(t Type) bool {
	return len(e.Events) == 0 || slices.Contains(e.Events, t)
}

// keys are those that sign, the current one first.
func (e Endpoint) keys() ([][]byte, error) {
	var keys [][]byte
	for _, text := range []secret.Text{e.Secret, e.OldSecret} {
		if text.Empty() {
			continue
		}
		key, err := keyOf(text)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, errSecret
	}
	return keys, nil
}

var errSecret = errors.New("must be whsec_ followed by 24 to 64 random bytes in base64; make one with: echo whsec_$(openssl rand -base64 32)")

// keyOf reads a secret as Standard Webhooks writes it. The length is what the standard
// asks for: a short one could be found by trying.
func keyOf(text secret.Text) ([]byte, error) {
	encoded, ok := strings.CutPrefix(text.Reveal(), "whsec_")
	if !ok {
		return nil, errSecret
	}
	key, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(key) < 24 || len(key) > 64 {
		return nil, errSecret
	}
	return key, nil
}
