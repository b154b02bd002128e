package config

import (
	"crypto/tls"
	"fmt"
	"math"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"avain/internal/platform/keyset"
	"avain/internal/platform/store"
	"avain/internal/protocol/oauth"
	"avain/internal/secret"
)

// validator checks what decoded. It fills nothing in, except what brokers' presets
// know.
type validator struct{ *notes }

func (v validator) config(c *Config) {
	v.public(c.Public)
	v.admin(c.Admin, c.Public)
	v.console(c.Console, c.Public)
	v.database(c.Database)
	v.keys(c.Keys)
	v.brand(c)
	v.place(c.Place)
	v.app(c.App)
	v.methods(c.Methods)
	v.clients(c.Clients)
	v.claimed(c)
	v.brokers(c)
	v.tokens(c.Tokens)
	v.lifetimes(c.Lifetimes, c.Tokens)
	v.limits(c.Limits)
	v.retention(c.Retention, c.Lifetimes)
	v.mail(c.Mail)
	v.webhooks(c.Webhooks)
	v.benefits(c.Benefits)
	v.invitations(c.Invitations)
	v.credentials(c.Credentials)
	v.oneOf("log.level", c.Log.Level, "debug", "info", "warn", "error")
	v.telemetry(c.Telemetry)
}

func (v validator) public(p Public) {
	v.baseURL(p)
	v.listen("public.listen", p.Listen)
	if p.TLS.Set() {
		v.tls(p)
	}
	v.between("public.drain_delay", p.DrainDelay, 0, 5*time.Minute)
	v.proxies(p.TrustedProxies)
}

func (v validator) baseURL(p Public) {
	const path = "public.base_url"
	if p.BaseURL == "" {
		v.add(path, "missing; write the address that people's browsers reach, such as https://login.example.com")
		return
	}
	u, err := url.Parse(p.BaseURL)
	if err != nil || u.Host == "" || u.Opaque != "" {
		v.add(path, "must be an address such as https://login.example.com")
		return
	}
	if u.User != nil || u.Path != "" || u.RawQuery != "" || u.ForceQuery || strings.Contains(p.BaseURL, "#") {
		v.add(path, "must be scheme and host only, without a path or a slash at the end")
	}
	if u.Host != strings.ToLower(u.Host) || u.Scheme != p.BaseURL[:len(u.Scheme)] {
		v.add(path, "must be in lower case: clients compare the issuer letter by letter")
	}
	switch {
	case u.Scheme == "https":
		if !p.TLS.Set() && len(p.TrustedProxies) == 0 {
			v.add("public", "https needs public.tls here, or public.trusted_proxies when a proxy in front ends TLS")
		}
	case u.Scheme == "http" && loopback(u.Hostname()):
		v.warn(path, "plain http is for trying things out on one machine")
	default:
		v.add(path, "must be https; http is only for loopback addresses")
	}
}

func (v validator) admin(a Admin, p Public) {
	v.listen("admin.listen", a.Listen)
	if a.Listen == p.Listen && !strings.HasSuffix(a.Listen, ":0") { // port 0: any free one, another each time
		v.add("admin.listen", "must differ from public.listen: people must not reach it")
	}
	if host, _, err := net.SplitHostPort(a.Listen); err == nil && !loopback(host) {
		v.warn("admin.listen", "metrics have no log-in, and the keys of the admin API travel in the clear; see that only your monitoring and a proxy that ends TLS reach it")
	}
	v.adminURL(a.BaseURL)
}

func (v validator) adminURL(base string) {
	const path = "admin.base_url"
	if base == "" {
		return
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Opaque != "" {
		v.add(path, "must be an address such as https://api.example.com")
		return
	}
	if u.User != nil || u.Path != "" || u.RawQuery != "" || u.ForceQuery || strings.Contains(base, "#") {
		v.add(path, "must be scheme and host only, without a path or a slash at the end")
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())) {
		v.add(path, "must be https; http is only for this machine, because keys go there")
	}
}

func (v validator) database(db Database) {
	if db.MaxConnections < 1 || db.MaxConnections > 1000 {
		v.add("database.max_connections", "must be from 1 to 1000")
	}
	switch db.Driver {
	case SQLite:
		if db.Path == "" {
			v.add("database.path", "missing; name the file")
		}
		if db.DSN != "" || db.DSNFile != "" || db.DSNEnv != "" || db.PoolerDSN != "" || db.PoolerDSNFile != "" {
			v.add("database.driver", "a dsn is for postgres; write driver: postgres, or remove the dsn")
		}
	case Postgres:
		if db.DSN == "" && db.DSNFile == "" && db.DSNEnv == "" {
			v.add("database.dsn", "missing; name the database with dsn, dsn_file or dsn_env")
		}
		if db.DSN != "" && (db.DSNFile != "" || db.DSNEnv != "") {
			v.add("database.dsn", "name one of dsn, dsn_file and dsn_env, not several")
		}
		if holdsPassword(db.DSN) {
			v.add("database.dsn", "must not hold a password; put the connection string into a file and name it with dsn_file")
		}
		v.dsn("database.dsn", db.Connection)
		v.dsn("database.pooler_dsn", db.Pooler)
		if db.PoolerDSN != "" && db.PoolerDSNFile != "" {
			v.add("database.pooler_dsn", "name one of pooler_dsn and pooler_dsn_file, not both")
		}
		if holdsPassword(db.PoolerDSN) {
			v.add("database.pooler_dsn", "must not hold a password; put the connection string into a file and name it with pooler_dsn_file")
		}
	default:
		v.add("database.driver", "must be sqlite or postgres")
	}
}

// dsn sees that a connection string can be read; whether somebody answers shows at start.
// What is wrong is not repeated: the driver's words may quote the password.
func (v validator) dsn(path string, dsn secret.Text) {
	if !dsn.Empty() && !store.ReadableDSN(dsn) {
		v.add(path, "cannot be used; write it like 'host=db.example dbname=avain user=avain' or 'postgres://avain@db.example/avain', and see that the certificates that it names can be read, sslcert with its sslkey")
	}
}

// holdsPassword looks into both forms of a PostgreSQL connection string.
func holdsPassword(dsn string) bool {
	if u, err := url.Parse(dsn); err == nil && u.User != nil {
		if _, has := u.User.Password(); has {
			return true
		}
	}
	return strings.Contains(strings.ToLower(dsn), "password")
}

func (v validator) keys(k Keys) {
	if !k.PRFKeyset.Empty() {
		if _, err := keyset.PRF([]byte(k.PRFKeyset.Reveal())); err != nil {
			v.add("keys.prf_keyset_file", "is not a Tink PRF keyset in JSON; make one with: avain keys new DIR")
		}
	}
	if !k.AEADKeyset.Empty() {
		if _, err := keyset.AEAD([]byte(k.AEADKeyset.Reveal())); err != nil {
			v.add("keys.aead_keyset_file", "is not a Tink AEAD keyset in JSON; make one with: avain keys new DIR")
		}
	}
	if k.Secret.Empty() {
		return
	}
	if len(k.Secret.Reveal()) < minSecret {
		v.add("keys.secret_file", "is too short to be safe: at least %d characters; make one with: avain keys new DIR", minSecret)
	} else if _, err := keyset.ReadSecret(k.Secret); err != nil {
		v.add("keys.secret_file", "is neither a secret nor what avain keys rotate has made of one; put it back from another node or a backup")
	}
}

// minSecret is the least length of a secret that a machine made, in characters.
const minSecret = keyset.MinSecret

func (v validator) tokens(t Tokens) {
	if t.Alg == "RS256" {
		v.add("tokens.alg", "RS256 is not for every app; leave this out, compatible apps get RS256 by themselves")
	} else if t.Alg != "" {
		v.oneOf("tokens.alg", t.Alg, "ES256", "PS256", "EdDSA")
	}
	v.between("tokens.access", t.Access, time.Minute, time.Hour)
	v.between("tokens.rotation", t.Rotation, 2*day, 365*day)
}

func (v validator) lifetimes(l Lifetimes, t Tokens) {
	v.between("lifetimes.attempt", l.Attempt, 2*time.Minute, time.Hour)
	v.between("lifetimes.code", l.Code, 10*time.Second, 2*time.Minute)
	v.between("lifetimes.session_idle", l.SessionIdle, max(time.Hour, t.Access), 730*day)
	v.between("lifetimes.session_absolute", l.SessionAbsolute, max(time.Hour, t.Access), 1825*day)
	if l.SessionAbsolute < l.SessionIdle {
		v.add("lifetimes.session_absolute", "must not be shorter than session_idle (%s)", formatDuration(l.SessionIdle))
	}
}

func (v validator) limits(l Limits) {
	if l.OpenAttempts < 100 {
		v.add("limits.open_attempts", "must be at least 100")
	}
	for path, n := range map[string]int{"open_per_network": l.OpenPerNetwork, "open_per_client": l.OpenPerClient} {
		if n < 10 || n > l.OpenAttempts {
			v.add("limits."+path, "must be from 10 to limits.open_attempts")
		}
	}
	if l.Connections < 100 {
		v.add("limits.connections", "must be at least 100")
	}
	if l.ConnectionsPerNetwork < 10 || l.ConnectionsPerNetwork > l.Connections {
		v.add("limits.connections_per_network", "must be from 10 to limits.connections")
	}
	if l.WaitingApps < 1 {
		v.add("limits.waiting_apps", "must be at least 1")
	}
}

func (v validator) retention(r Retention, l Lifetimes) {
	v.between("retention.attempts", r.Attempts, max(day, l.Attempt), 3650*day)
	for path, d := range map[string]time.Duration{
		"sessions": r.Sessions, "invitations": r.Invitations, "employments": r.Employments, "persons": r.Persons, "imports": r.Imports, "jobs": r.Jobs,
	} {
		v.between("retention."+path, d, day, 3650*day)
	}
}

func (v validator) telemetry(t Telemetry) {
	if t.SampleRatio < 0 || t.SampleRatio > 1 || math.IsNaN(t.SampleRatio) {
		v.add("telemetry.sample_ratio", "must be from 0 to 1")
	}
	if t.OTLPEndpoint == "" {
		return
	}
	if u, err := url.Parse(t.OTLPEndpoint); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" {
		v.add("telemetry.otlp_endpoint", "must be an address such as http://localhost:4318, without a user name or query")
	}
}

func (v validator) listen(path, address string) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		v.add(path, "must be an address and port such as 127.0.0.1:8080, or :8080 for all addresses")
		return
	}
	if _, err := netip.ParseAddrPort(net.JoinHostPort("0.0.0.0", port)); err != nil {
		v.add(path, "the port must be a number from 0 to 65535")
	}
	if _, err := netip.ParseAddr(host); host != "" && host != "localhost" && err != nil {
		v.add(path, "the host must be an IP address of this machine, localhost, or left out")
	}
}

// place sees that the file is there; whether it is a database shows at start.
func (v validator) place(p Place) {
	if p.Database == "" {
		return
	}
	if info, err := os.Stat(p.Database); err != nil {
		v.add("place.database", "%s: %s", p.Database, fileError(err))
	} else if !info.Mode().IsRegular() {
		v.add("place.database", "%s: is no file", p.Database)
	}
}

// readable checks a file that somebody else will read at start.
func (v validator) readable(path, file string) bool {
	if file == "" {
		v.add(path, "missing; name the file")
		return false
	}
	if _, err := readFile(file); err != nil {
		v.add(path, "%s: %s", file, err)
		return false
	}
	return true
}

// tls sees that the certificate and the key belong together; the library's errors
// name what is wrong and show nothing of the key; and that the certificate is for the
// service's own name.
func (v validator) tls(p Public) {
	t := p.TLS
	cert, key := v.readable("public.tls.cert_file", t.CertFile), v.readable("public.tls.key_file", t.KeyFile)
	if !cert || !key {
		return
	}
	pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
	if err != nil {
		v.add("public.tls", "the certificate and the key cannot be used: %s", err)
		return
	}
	base, err := url.Parse(p.BaseURL)
	if err != nil || base.Scheme != "https" {
		return
	}
	if err := pair.Leaf.VerifyHostname(base.Hostname()); err == nil {
		return
	}
	if len(p.TrustedProxies) > 0 { // which may know the service by another name
		v.warn("public.tls.cert_file", "the certificate is not for %s; browsers that come past the proxy refuse it", base.Hostname())
		return
	}
	v.add("public.tls.cert_file", "the certificate is not for %s, the host of public.base_url; every browser and app would refuse it", base.Hostname())
}

func (v validator) oneOf(path, value string, allowed ...string) {
	if !slices.Contains(allowed, value) {
		last := len(allowed) - 1
		v.add(path, "must be %s or %s", strings.Join(allowed[:last], ", "), allowed[last])
	}
}

func (v validator) between(path string, value, least, most time.Duration) {
	if value < least || value > most {
		v.add(path, "must be from %s to %s", formatDuration(least), formatDuration(most))
	}
}

// loopback reports whether a host name means this machine only.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.IsLoopback()
}

func at(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }

func knownScopes() []string {
	return []string{oauth.ScopeOpenID, oauth.ScopeProfile, oauth.ScopeEmail, oauth.ScopeOfflineAccess, oauth.ScopeBenefits}
}
