package store

import (
	"cmp"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"

	"avain/internal/secret"

	"github.com/jackc/pgx/v5"
)

// CertificateFiles names the files whose certificates connections to PostgreSQL depend
// on: ours, which the server asks for, and those of the authorities that the server's own
// is checked with. Empty: there is none, or it does not matter. Like the driver it looks
// into the environment too; the files that libpq finds in a home folder it leaves out,
// because a service has none.
func CertificateFiles(dsn secret.Text) (client, authorities string) {
	settings := dsnSettings(dsn.Reveal())
	value := func(name string) string { return cmp.Or(settings[name], os.Getenv("PG"+strings.ToUpper(name))) }
	mode := value("sslmode")
	if mode == "disable" {
		return "", ""
	}
	if value("sslcertmode") != "disable" {
		client = value("sslcert")
	}
	if root := value("sslrootcert"); root != "system" && slices.Contains([]string{"require", "verify-ca", "verify-full"}, mode) {
		authorities = root
	}
	return client, authorities
}

// ReadableDSN reports whether a connection string of PostgreSQL can be read.
func ReadableDSN(dsn secret.Text) bool {
	_, err := pgx.ParseConfig(dsn.Reveal())
	return err == nil
}

// dsnWord is one keyword and its value, which may stand in quotes.
var dsnWord = regexp.MustCompile(`(\w+)\s*=\s*('(?:[^'\\]|\\.)*'|(?:[^\s\\]|\\.)*)`)

// dsnSettings reads both forms of a connection string.
func dsnSettings(dsn string) map[string]string {
	settings := map[string]string{}
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		u, err := url.Parse(dsn)
		if err != nil {
			return settings
		}
		for name, values := range u.Query() {
			settings[name] = values[0]
		}
		return settings
	}
	for _, found := range dsnWord.FindAllStringSubmatch(dsn, -1) {
		value := found[2]
		if quoted := strings.HasPrefix(value, "'"); quoted {
			value = value[1 : len(value)-1]
		}
		settings[found[1]] = backslash.ReplaceAllString(value, "$1")
	}
	return settings
}

var backslash = regexp.MustCompile(`\\(.)`)
