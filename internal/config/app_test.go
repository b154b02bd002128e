package config_test

import (
	"fmt"
	"strings"
	"testing"
)

const goodFingerprint = "14:6D:E9:83:C5:73:06:50:D8:EE:B9:95:2F:34:FC:64:16:A0:83:42:E6:1D:BE:A8:8A:04:96:B2:3F:CF:44:E5"

// What is published about apps on phones is published word for word: a slip would
// hand our addresses to somebody else's app.
func TestAppsOnPhones(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	android := func(pkg, fingerprint string) string {
		return fmt.Sprintf("android: [{package: '%s', sha256_fingerprints: ['%s']}]", pkg, fingerprint)
	}
	ios := func(team, bundle string) string {
		return fmt.Sprintf("ios: [{team_id: '%s', bundle_id: '%s'}]", team, bundle)
	}
	for field, wrong := range map[string]string{
		android("com.example.app", goodFingerprint):                              "",
		android("com.example.app", strings.ToLower(goodFingerprint)):             "sha256_fingerprints[0]: must be 32 pairs",
		android("com.example.app", goodFingerprint[3:]):                          "sha256_fingerprints[0]: must be 32 pairs",
		android("com.example.app", strings.ReplaceAll(goodFingerprint, ":", "")): "sha256_fingerprints[0]: must be 32 pairs",
		android("example", goodFingerprint):                                      "android[0].package: must be an application id",
		android("com.example.*", goodFingerprint):                                "android[0].package: must be an application id",
		"android: [{package: com.example.app}]":                                  "android[0].sha256_fingerprints: missing",
		ios("A1B2C3D4E5", "com.example.app"):                                     "",
		ios("A1B2C3D4E5", "com.example.*"):                                       "ios[0].bundle_id: must be a bundle id",
		ios("a1b2c3d4e5", "com.example.app"):                                     "ios[0].team_id: must be ten",
		ios("", "com.example.app"):                                               "ios[0].team_id: must be ten",
		"harmony: [{app_identifier: 1234567890123456789}]":                       "",
		"harmony: [{app_identifier: com.example.app}]":                           "harmony[0].app_identifier: must be the number",
	} {
		c, err := load(t, dir, strings.Replace(minimal, "redirect_uris:", field+"\n    redirect_uris:", 1))
		switch {
		case wrong == "" && err != nil:
			t.Errorf("%s: %v", field, err)
		case wrong != "" && (err == nil || !strings.Contains(err.Error(), "clients[0]."+wrong) && !strings.Contains(err.Error(), wrong)):
			t.Errorf("%s: want %q, got %v", field, wrong, err)
		case wrong == "" && !strings.Contains(c.Warnings.Error(), "come back to "+c.Public.BaseURL+"/return"):
			t.Errorf("%s: nobody warns that /return is not registered: %v", field, c.Warnings)
		case strings.HasPrefix(field, "harmony") && wrong == "" && c.Clients[0].Harmony[0].AppIdentifier != "1234567890123456789":
			t.Errorf("the number has become %s", c.Clients[0].Harmony[0].AppIdentifier)
		}
	}
}

func TestAppVersionsAndMethods(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	for section, wrong := range map[string]string{
		"app: {minimum_version: 1.10.0}":                             "",
		"app: {minimum_version: 1.9.0, recommended_version: 1.16.0}": "",
		"app: {minimum_version: 1.16.0, recommended_version: 1.9.0}": "app.recommended_version: must not be older than minimum_version (1.16.0)",
		"app: {minimum_version: v1.0.0}":                             "app.minimum_version: must be a version such as 1.16.0",
		"app: {alternative_version: newest}":                         "app.alternative_version: must be a version such as 1.16.0",
		"app: {recommended_version: ''}":                             "app.recommended_version: must be a version such as 1.16.0",
		"methods: {order: [link, direct], off: [link]}":              "",
		"methods: {order: []}":                                       "methods.order: missing",
		"methods: {order: [direct, direct]}":                         "methods.order[1]: is named twice",
		"methods: {order: [direct, sms]}":                            "methods.order[1]: must be one of direct, link, qr, credentials",
		"methods: {order: [direct], off: [link]}":                    "methods.off[0]: is not in methods.order",
		"methods: {off: [telepathy]}":                                "methods.off[0]: must be one of",
	} {
		_, err := load(t, dir, minimal+"\n"+section+"\n")
		if (wrong == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), wrong) {
			t.Errorf("%s: want %q, got %v", section, wrong, err)
		}
	}
}
