package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"avain/internal/config"
	"avain/internal/platform/keyset"
)

// mistakes is a file with one mistake in almost every line; the comment says what
// must be reported for it.
const mistakes = `
public:
  base_url: HTTPS://login.example.com/
  listn: ":8080"
admin: {listen: "0.0.0.0:99999"}
database:
  driver: mysql
  max_connections: many
keys:
  secret_env: NOT_THERE
brand:
  languages: [fi, de, fi]
  accent: "#ffee00"
  stores: {app_store: "javascript:alert(1)"}
  support: {email: nobody, phone: call me}
clients:
  - id: "a b"
    redirect_uris:
      - http://app.example/
      - https://app.example/#top
      - https://*.example/
      - com.example.app:/return
    profile: loose
  - id: web
    auth: client_secret_basic
    redirect_uris: [https://web.example/cb]
    origins: [https://web.example/]
    scopes: [openid, everything]
  - id: web
    introspection: true
brokers:
  - id: b
    preset: nordea
tokens: {alg: none, access: 9h}
lifetimes: {code: 1h, session_idle: ten days}
limits: {starts_per_key: 20 per hour}
retention: {attempts: 1m}
log: {level: loud}
telemetry: {otlp_endpoint: "ftp://x", sample_ratio: 7}
nonsense: 1
`

func TestEveryMistakeIsListedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := load(t, folder(t), mistakes)
	var problems config.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("want a list of problems, got %v", err)
	}
	got := problems.Error()
	for _, want := range []string{
		"public.base_url: must be scheme and host only, without a path or a slash at the end (line 3)",
		"public.base_url: must be in lower case: clients compare the issuer letter by letter (line 3)",
		"public: https needs public.tls here, or public.trusted_proxies when a proxy in front ends TLS (line 2)",
		"public.listn: unknown field; did you mean listen? (line 4)",
		"admin.listen: the port must be a number from 0 to 65535 (line 5)",
		"database.driver: must be sqlite or postgres (line 7)",
		"database.max_connections: must be a whole number (line 8)",
		"keys.secret_env: the environment variable NOT_THERE is not set (line 10)",
		"brand.languages[1]: must be fi, sv or en (line 12)",
		"brand.languages[2]: is named twice (line 12)",
		"brand.accent: white text on it has a contrast of 1.2:1; choose a darker colour, at least 4.5:1 (line 13)",
		"brand.stores.app_store: must be an address that begins with https:// (line 14)",
		"brand.support.email: must be an e-mail address such as support@example.com (line 15)",
		"brand.support.phone: must be a phone number such as +358 20 000 0000 (line 15)",
		"clients[0].id: must be 1 to 64 letters, digits and . _ - (line 17)",
		"clients[0].redirect_uris[0]: must be https with a host name; http is only for loopback addresses (line 19)",
		"clients[0].redirect_uris[1]: must not have a fragment (#) (line 20)",
		"clients[0].redirect_uris[2]: must not have a wildcard: addresses match exactly; write each out (line 21)",
		"clients[0].profile: must be strict or compatible (line 23)",
		"clients[1].auth: client_secret_basic is too weak for profile strict (FAPI 2.0); use private_key_jwt (line 25)",
		"clients[1].secret_file: missing; client_secret_basic needs secret_file or secret_env (line 24)",
		"clients[1].origins[0]: must be scheme and host in lower case, such as https://app.example.com, without a slash at the end (line 27)",
		"clients[1].scopes[1]: must be one of openid, profile, email, offline_access, benefits (line 28)",
		"clients[2].id: is the id of clients[1] too (line 29)",
		"clients[2].introspection: needs auth: private_key_jwt or client_secret_basic; anybody could ask otherwise (line 30)",
		"brokers[0].preset: must be op, telia, idura, signicat or ingroupe, or left out (line 33)",
		"tokens.alg: must be ES256, PS256 or EdDSA (line 34)",
		"tokens.access: must be from 1m to 1h (line 34)",
		"lifetimes.code: must be from 10s to 2m (line 35)",
		`lifetimes.session_idle: must be a length of time such as "90s", "10m", "36h" or "90d" (line 35)`,
		`limits.starts_per_key: must be a number and a length of time such as "600/1m" or "20/10m" (line 36)`,
		"retention.attempts: must be from 24h to 3650d (line 37)",
		"log.level: must be debug, info, warn or error (line 38)",
		"telemetry.sample_ratio: must be from 0 to 1 (line 39)",
		"telemetry.otlp_endpoint: must be an address such as http://localhost:4318, without a user name or query (line 39)",
		"nonsense: unknown field; known here: public, admin, console, database,",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("not reported: %s", want)
		}
	}
	if t.Failed() {
		t.Logf("reported:\n%s", got)
	}
	for i := 1; i < len(problems); i++ {
		if problems[i].Line < problems[i-1].Line {
			t.Errorf("not in the order of the file: %v before %v", problems[i-1], problems[i])
		}
	}
}

// Each row adds one mistake to the minimal file.
func TestMistakes(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ add, want string }{
		"empty":                 {"\x00", "not YAML"},
		"two documents":         {"\n---\nlog: {}", "more than one YAML document"},
		"anchor and alias":      {"\nlog: {level: &x info}\ntelemetry: {otlp_endpoint: *x}\n", "telemetry.otlp_endpoint: must be an address"},
		"unknown alias":         {"\nlog: {level: *x}\n", "log.level: no anchor of that name stands further up"},
		"alias of itself":       {"\nlog: &x {level: *x}\n", "log.level: no anchor of that name stands further up"},
		"merge key":             {"\nlog: &x {level: info}\ntelemetry: {<<: *x}\n", "telemetry: merge keys and tags are not supported"},
		"tag":                   {"\nlog: {level: !!str info}\n", "log.level: merge keys and tags are not supported"},
		"logo without folder":   {"\nbrand: {logo: a.svg}\n", "brand.logo: needs brand.pictures"},
		"logo that is away":     {"\nbrand: {pictures: ., logo: a.svg}\n", "a.svg: there is no such file"},
		"logo elsewhere":        {"\nbrand: {pictures: keys, logo: ../a.svg}\n", "brand.logo: must be the name of an .svg or .png file"},
		"no such time zone":     {"\nbrand: {time_zone: Helsinki}\n", "brand.time_zone: must be a name of the IANA time zone database"},
		"the machine's zone":    {"\nbrand: {time_zone: Local}\n", "brand.time_zone: must be a name of the IANA time zone database"},
		"a file as time zone":   {"\nbrand: {time_zone: ../../etc/localtime}\n", "brand.time_zone: must be a name of the IANA time zone database"},
		"another time zone":     {"\nbrand: {time_zone: Europe/Stockholm}\n", ""},
		"section is a list":     {"\nlog: [info]\n", "log: must be a section"},
		"section is a word":     {"\nlog: info\n", "log: must be a section"},
		"list is a word":        {"\nbrand: {languages: fi}\n", "brand.languages: must be a list"},
		"list item missing":     {"\nbrand: {languages: [fi, ]}\n", ""},
		"value is a list":       {"\nlog: {level: [info]}\n", "log.level: must be a single value"},
		"twice":                 {"\nlog: {level: info}\nlog: {level: debug}\n", "log: is written twice"},
		"negative time":         {"\nlifetimes: {code: -1m}\n", "lifetimes.code: must be a length of time"},
		"not a number":          {"\ntelemetry: {sample_ratio: NaN}\n", "telemetry.sample_ratio: must be from 0 to 1"},
		"not any number":        {"\ntelemetry: {sample_ratio: half}\n", "telemetry.sample_ratio: must be a number"},
		"wild key":              {"\n\"\\x1b[31m\": 1\n", `"\x1b[31m": unknown field`},
		"no database of places": {"\nplace: {database: gone.mmdb}\n", "place.database: "},
		"places in a folder":    {"\nplace: {database: .}\n", "is no file"},
		"password in dsn":       {"\ndatabase: {driver: postgres, dsn: 'postgres://a:b@c/d'}\n", "database.dsn: must not hold a password"},
		"password as keyword":   {"\ndatabase: {driver: postgres, dsn: 'host=c password=b'}\n", "database.dsn: must not hold a password"},
		"nonsense as dsn":       {"\ndatabase: {driver: postgres, dsn: 'the database'}\n", "database.dsn: cannot be used"},
		"nonsense as URL":       {"\ndatabase: {driver: postgres, dsn: 'postgres://c:port/d'}\n", "database.dsn: cannot be used"},
		"nonsense at pooler":    {"\ndatabase: {driver: postgres, dsn: 'host=c', pooler_dsn: 'port=many'}\n", "database.pooler_dsn: cannot be used"},
		"no dsn":                {"\ndatabase: {driver: postgres}\n", "database.dsn: missing"},
		"password at pooler":    {"\ndatabase: {driver: postgres, dsn: 'host=c', pooler_dsn: 'host=c password=b'}\n", "database.pooler_dsn: must not hold a password"},
		"two poolers":           {"\ndatabase: {driver: postgres, dsn: 'host=c', pooler_dsn: 'host=c', pooler_dsn_file: keys/x}\n", "database.pooler_dsn: name one of"},
		"pooler for sqlite":     {"\ndatabase: {pooler_dsn: 'host=c'}\n", "database.driver: a dsn is for postgres"},
		"dsn for sqlite":        {"\ndatabase: {dsn: 'host=c'}\n", "database.driver: a dsn is for postgres"},
		"file and variable":     {"\nkeys: {secret_file: keys/secret, secret_env: X}\n", "keys.secret_env: name either a file or a variable"},
		"no such file":          {"\nkeys: {secret_file: nowhere}\n", "nowhere: there is no such file"},
		"a folder":              {"\nkeys: {secret_file: keys}\n", "keys.secret_file: "},
		"wrong keyset":          {"\nkeys: {prf_keyset_file: keys/aead.json}\n", "keys.prf_keyset_file: is not a Tink PRF keyset"},
		"other wrong keyset":    {"\nkeys: {aead_keyset_file: keys/prf.json}\n", "keys.aead_keyset_file: is not a Tink AEAD keyset"},
		"short secret":          {"\nkeys: {secret_env: SHORT}\n", "keys.secret_file: is too short"},
		"API's path":            {"\nadmin: {base_url: https://api.example.com/}\n", "admin.base_url: must be scheme and host only"},
		"API in the clear":      {"\nadmin: {base_url: http://api.example.com}\n", "admin.base_url: must be https"},
		"API nowhere":           {"\nadmin: {base_url: api.example.com}\n", "admin.base_url: must be an address"},
		"same listener":         {"\nadmin: {listen: \":8080\"}\n", "admin.listen: must differ from public.listen"},
		"idle over absolute":    {"\nlifetimes: {session_idle: 400d}\n", "lifetimes.session_absolute: must not be shorter than session_idle (400d)"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := load(t, folder(t), minimal+tc.add, "SHORT=abc")
			if tc.want == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("want %q, got:\n%v", tc.want, err)
			}
		})
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, "huge.yaml", []byte(strings.Repeat("#", 2<<20)))
	write(t, dir, "empty.yaml", nil)
	for path, want := range map[string]string{
		"missing.yaml": "there is no such file", "huge.yaml": "is larger than 256 kB", "empty.yaml": "the file is empty",
	} {
		if _, err := config.Load(filepath.Join(dir, path), nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want %q, got %v", path, want, err)
		}
	}
}

func TestCertificateAndKeyMustBelongTogether(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	keys := must[[2][]byte](t)(rsaKeys())
	write(t, dir, "cert.pem", certificate(t, keys[0]))
	for key, fine := range map[string]bool{"keys/signing.pem": true, "keys/decryption.pem": false, "cert.pem": false} {
		text := strings.Replace(minimal, "public:", "public:\n  tls: {cert_file: cert.pem, key_file: "+key+"}", 1)
		_, err := load(t, dir, text)
		if fine != (err == nil) {
			t.Errorf("key %s: %v", key, err)
		}
		if !fine && !strings.Contains(err.Error(), "public.tls: the certificate and the key cannot be used") {
			t.Errorf("key %s: %v", key, err)
		}
	}
}

// A certificate for another host keeps everybody out; behind a proxy it may be meant.
func TestCertificateIsForTheService(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	write(t, dir, "cert.pem", certificate(t, must[[2][]byte](t)(rsaKeys())[0]))
	for name, c := range map[string]struct {
		base, proxies string
		wrong, warned bool
	}{
		"its own":        {base: "https://login.example.com"},
		"with a port":    {base: "https://login.example.com:8443"},
		"another":        {base: "https://login.example.org", wrong: true},
		"behind a proxy": {base: "https://login.example.org", proxies: "\n  trusted_proxies: [10.0.0.0/24]", warned: true},
	} {
		text := regexp.MustCompile(`base_url: \S+`).ReplaceAllString(strings.Replace(minimal, "preset: idura", "preset: idura\n    production: false", 1), "base_url: "+c.base+"\n  tls: {cert_file: cert.pem, key_file: keys/signing.pem}"+c.proxies)
		got, err := load(t, dir, text)
		const words = "public.tls.cert_file: the certificate is not for login.example.org"
		if c.wrong != (err != nil && strings.Contains(err.Error(), words)) || !c.wrong && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if warned := len(got.Warnings) > 0 && strings.Contains(got.Warnings.Error(), words); warned != c.warned {
			t.Errorf("%s: warned %v", name, got.Warnings)
		}
	}
}

// A secret that others can change is refused; one that they can read is warned of.
func TestModesOfSecretFiles(t *testing.T) {
	t.Parallel()
	for mode, want := range map[os.FileMode]string{0o600: "fine", 0o400: "fine", 0o644: "warned", 0o620: "refused", 0o606: "refused"} {
		dir := folder(t)
		if err := os.Chmod(filepath.Join(dir, "keys/secret"), mode); err != nil {
			t.Fatal(err)
		}
		c, err := load(t, dir, minimal)
		got := "fine"
		switch {
		case err != nil:
			got = "refused"
		case strings.Contains(c.Warnings.Error(), "keys.secret_file"):
			got = "warned"
		}
		if got != want {
			t.Errorf("mode %04o: %s, want %s (%v)", mode, got, want, err)
		}
	}
}

// What stands in the wrong place must not reach the terminal, where it would be
// copied into a support ticket.
func TestMistakesNeverRepeatSecrets(t *testing.T) {
	t.Parallel()
	dir := folder(t)
	write(t, dir, "keys/prf.json", []byte(`{"canary": "canary`))
	write(t, dir, "keys/client", []byte("canary"))
	for _, text := range []string{
		minimal + "\ndatabase: {driver: postgres, dsn: 'postgres://a:canary@c/d'}\n",
		minimal + "\ndatabase: {driver: postgres, dsn_env: DSN}\nnonsense: canary\n",
		minimal + "\nkeys: {secret_file: 'keys/client', secret: \"canary\n",
		minimal + "\nkeys: {secret: canary}\ntokens: {access: canary, alg: canary}\nlimits: {open_attempts: canary}\n",
		strings.Replace(minimal, "clients:", "clients:\n  - {id: x, auth: client_secret_basic, secret_file: keys/client, redirect_uris: ['https://canary:canary@x/']}", 1),
	} {
		_, err := load(t, dir, text, "DSN=postgres://u:canary@h/d", "SECRET=canary")
		if err == nil {
			t.Fatal("accepted")
		}
		if strings.Contains(err.Error(), "canary") {
			t.Errorf("a secret is shown:\n%v", err)
		}
	}
	if _, err := keyset.PRF([]byte("canary")); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("package keyset shows a secret: %v", err)
	}
}
