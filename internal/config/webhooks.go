package config

import "avain/internal/platform/webhook"

// Webhooks are the systems that are told what happens.
type Webhooks []webhook.Endpoint

// webhookSecrets reads the secrets that messages are signed with.
func (r reader) webhookSecrets(endpoints Webhooks) {
	for i := range endpoints {
		e, path := &endpoints[i], at("webhooks", i)
		e.Secret = r.fetch(source{path + ".secret", e.SecretFile, e.SecretEnv})
		if e.OldSecretFile != "" || e.OldSecretEnv != "" {
			e.OldSecret = r.fetch(source{path + ".old_secret", e.OldSecretFile, e.OldSecretEnv})
		}
	}
}

// webhooks lets package webhook check each endpoint. Two with one id would share jobs.
func (v validator) webhooks(endpoints Webhooks) {
	ids := map[string]int{}
	for i, e := range endpoints {
		path := at("webhooks", i)
		if first, taken := ids[e.ID]; taken {
			v.add(path+".id", "is the id of webhooks[%d] too", first)
		} else {
			ids[e.ID] = i
		}
		for _, problem := range e.Validate(path) {
			v.add(problem.Path, "%s", problem.Text)
		}
	}
}
