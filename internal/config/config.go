package config

import (
	"net/netip"
	"time"

	"avain/internal/broker"
	"avain/internal/core/availability"
	"avain/internal/domain/login"
	"avain/internal/secret"
)

// Config is a whole installation. The tags are the one source of the file's
// documentation: `avain config example` prints them.
type Config struct {
	Public      Public          `yaml:"public" doc:"What people and apps reach."`
	Admin       Admin           `yaml:"admin" doc:"Metrics and health (/metrics, /healthz, /readyz) and the admin API (docs/admin-api.md), on a listener of their own."`
	Console     Console         `yaml:"console" doc:"The support console (docs/console.md), on the admin listener below /console/."`
	Database    Database        `yaml:"database" doc:"Where everything is kept."`
	Keys        Keys            `yaml:"keys" doc:"Keys that must not be in the database. Make them once with: avain keys new DIR. Back them up apart from it."`
	Brand       Brand           `yaml:"brand" doc:"What the pages look like and say."`
	Place       Place           `yaml:"place" doc:"Where logins come from, coarsely: shown to the person who is asked to let one in."`
	App         App             `yaml:"app" doc:"The versions of your app."`
	Methods     Methods         `yaml:"methods" doc:"The ways of logging in: direct (bank or Mobile Certificate in a browser tab), link (login link), qr (QR code), credentials (user name and password). While the service runs, avain admin methods switches them on and off, and banks too."`
	Clients     []Client        `yaml:"clients" doc:"The apps that people log in to."`
	Brokers     []broker.Config `yaml:"brokers" doc:"The identification brokers, in order of preference, and the banks that each serves (docs/brokers.md)."`
	Tokens      Tokens          `yaml:"tokens" doc:"The tokens that apps get."`
	Lifetimes   Lifetimes       `yaml:"lifetimes" doc:"How long things live."`
	Limits      Limits          `yaml:"limits" doc:"How often things may be tried: a number per length of time. Phone operators put many people behind one address, so limits per network must be generous."`
	Benefits    []BenefitKind   `yaml:"benefits" doc:"The kinds of benefits that employers may give."`
	Invitations Invitations     `yaml:"invitations" doc:"How people are invited to activate their benefits."`
	Credentials Credentials     `yaml:"credentials" doc:"Smartum credentials: user name and password."`
	Retention   Retention       `yaml:"retention" doc:"How long things are kept that are over (docs/privacy.md). The audit log is never shortened."`
	Mail        Mail            `yaml:"mail" doc:"Letters to people: invitations, forgotten passwords, new logins. Try it with: avain admin mail test"`
	Webhooks    Webhooks        `yaml:"webhooks" doc:"Your other systems that are told what happens, by Standard Webhooks: id, url (https), secret_file or secret_env (make one with: echo whsec_$(openssl rand -base64 32)), old_secret_file or old_secret_env while it is being changed, and events: person.activated, person.joined, session.created, session.revoked, invitation.bounced, person.erased, alert.raised, alert.ended; all when left out. They stand here and not in the database, so that nobody who can write there chooses where events go." example:"[{id: crm, url: https://crm.example.com/avain, secret_file: keys/webhook-crm}]"`
	HETU        HETU            `yaml:"hetu" doc:"Personal identity codes. They are always stored as a keyed hash."`
	Log         Log             `yaml:"log" doc:"JSON lines on standard output."`
	Telemetry   Telemetry       `yaml:"telemetry" doc:"OpenTelemetry traces."`

	// Warnings are no mistakes, but the operator should read them.
	Warnings Problems `yaml:"-"`
}

// Public is the listener for people and apps.
type Public struct {
	BaseURL        string         `yaml:"base_url" doc:"The service's own address, and the issuer of its tokens; it never changes. Links are built from it and never from what a request says. https, except for loopback addresses."`
	Listen         string         `yaml:"listen" doc:"Address to listen on."`
	TLS            TLS            `yaml:"tls" doc:"Certificate, when no proxy in front ends TLS."`
	DrainDelay     time.Duration  `yaml:"drain_delay" doc:"After SIGTERM /readyz says for so long that this node will go, before it takes no new connections: as long as your load balancer needs to notice."`
	TrustedProxies []netip.Prefix `yaml:"trusted_proxies" doc:"The proxies in front that end TLS. Only what comes from them may say where a request came from (X-Forwarded-For)." example:"[10.0.0.0/24]"`
}

// TLS names a certificate and its key.
type TLS struct {
	CertFile string `yaml:"cert_file" doc:"Certificate chain, PEM." example:"tls/fullchain.pem"`
	KeyFile  string `yaml:"key_file" doc:"Private key, PEM." example:"tls/privkey.pem"`
}

// Set reports whether the service ends TLS itself.
func (t TLS) Set() bool { return t.CertFile != "" || t.KeyFile != "" }

// Admin is the listener for the operator.
type Admin struct {
	Listen  string `yaml:"listen" doc:"Metrics have no log-in; the admin API asks for keys, which travel in the clear here. Keep it on loopback or in a closed network, behind a proxy that ends TLS."`
	BaseURL string `yaml:"base_url" doc:"Address under which directories and other systems reach the listener, when it is not the same as here: scheme and host of the proxy in front. SCIM names it in meta.location; without it, the path alone." example:"https://api.example.com"`
}

// Driver names a database.
type Driver string

// The databases.
const (
	SQLite   Driver = "sqlite"
	Postgres Driver = "postgres"
)

// Database says where the data is.
type Database struct {
	Driver         Driver `yaml:"driver" doc:"sqlite: one node, one file. postgres: PostgreSQL 15 or newer, any number of nodes."`
	Path           string `yaml:"path" doc:"SQLite: the file."`
	DSN            string `yaml:"dsn" doc:"PostgreSQL: connection string without a password." example:"host=/run/postgresql dbname=avain"`
	DSNFile        string `yaml:"dsn_file" doc:"PostgreSQL: file that holds the connection string, when it has a password." example:"keys/database.dsn"`
	DSNEnv         string `yaml:"dsn_env" doc:"PostgreSQL: environment variable that holds the connection string." example:"AVAIN_DATABASE_DSN"`
	PoolerDSN      string `yaml:"pooler_dsn" doc:"PostgreSQL behind PgBouncer or the like in transaction mode: the connection string to that, without a password; dsn leads past it, for migrations and for what nodes tell each other." example:"host=/run/pgbouncer dbname=avain"`
	PoolerDSNFile  string `yaml:"pooler_dsn_file" doc:"The same in a file, when it has a password." example:"keys/pooler.dsn"`
	MaxConnections int    `yaml:"max_connections" doc:"PostgreSQL: connections of one node. SQLite: readers."`

	// Connection is the connection string, wherever it came from; Pooler likewise, empty
	// without one.
	Connection secret.Text `yaml:"-"`
	Pooler     secret.Text `yaml:"-"`
}

// Keys are the keys outside the database.
type Keys struct {
	PRFKeysetFile  string `yaml:"prf_keyset_file" doc:"Tink keyset (JSON) that hashes personal identity codes."`
	PRFKeysetEnv   string `yaml:"prf_keyset_env" doc:"The same from an environment variable." example:"AVAIN_PRF_KEYSET"`
	AEADKeysetFile string `yaml:"aead_keyset_file" doc:"Tink keyset (JSON) that seals token signing keys, and identity codes where they are kept."`
	AEADKeysetEnv  string `yaml:"aead_keyset_env" doc:"The same from an environment variable." example:"AVAIN_AEAD_KEYSET"`
	SecretFile     string `yaml:"secret_file" doc:"Secret of at least 32 characters that all nodes share; DPoP nonces and the subjects of sectors are derived from it."`
	SecretEnv      string `yaml:"secret_env" doc:"The same from an environment variable." example:"AVAIN_SECRET"`
	AuditBegunFile string `yaml:"audit_begun_file" doc:"Where it stands, outside the database, that the chain of the audit log has begun: avain migrate writes it. audit-begun beside secret_file, when left out." example:"/var/lib/avain-keys/audit-begun"`
	AuditBegunEnv  string `yaml:"audit_begun_env" doc:"Environment variable that says so, where no file can be written: avain migrate tells its value." example:"AVAIN_AUDIT_BEGUN"`

	// What the files or variables held.
	PRFKeyset  secret.Text `yaml:"-"`
	AEADKeyset secret.Text `yaml:"-"`
	Secret     secret.Text `yaml:"-"`
	AuditBegun string      `yaml:"-"` // of the variable; empty until it is set
}

// Brand is the look and the words of the operator.
type Brand struct {
	Name      string   `yaml:"name" doc:"The app's name, as people read it."`
	Company   string   `yaml:"company" doc:"Whose benefits they are, as people read it: \"Smartum benefits\". The app's name, when left out." example:"Smartum"`
	Languages []string `yaml:"languages" doc:"Of fi, sv, en; the first is used when a person asks for none of them."`
	TimeZone  string   `yaml:"time_zone" doc:"Where people have their days and clocks: a name of the IANA time zone database."`
	Accent    string   `yaml:"accent" doc:"Colour of buttons, #rrggbb; white text on it must be readable (contrast 4.5:1)."`
	Pictures  string   `yaml:"pictures" doc:"Folder with pictures of your own: the logo and those of banks, SVG or PNG, each at most 20 kB." example:"pictures"`
	Logo      string   `yaml:"logo" doc:"Name of the logo in that folder." example:"logo.svg"`
	Stores    Stores   `yaml:"stores" doc:"Where the app is to be had."`
	Support   Support  `yaml:"support" doc:"Where a person gets help."`
}

// Zone is the time zone of days and clocks; UTC when its name is none, which Load refuses.
func (b Brand) Zone() *time.Location {
	zone, err := time.LoadLocation(b.TimeZone)
	if err != nil {
		return time.UTC
	}
	return zone
}

// Stores are links to the app.
type Stores struct {
	AppStore   string `yaml:"app_store" doc:"App Store (iOS)." example:"https://apps.apple.com/fi/app/id0000000000"`
	GooglePlay string `yaml:"google_play" doc:"Google Play (Android)." example:"https://play.google.com/store/apps/details?id=com.example.app"`
	AppGallery string `yaml:"appgallery" doc:"AppGallery (Huawei)." example:"https://appgallery.huawei.com/app/C000000000"`
}

// App says which versions of the app may do what.
type App struct {
	MinimumVersion     availability.Version `yaml:"minimum_version" doc:"Older apps cannot begin a login and are told to update. Whoever is logged in stays so."`
	RecommendedVersion availability.Version `yaml:"recommended_version" doc:"Older apps are asked to update."`
	AlternativeVersion availability.Version `yaml:"alternative_version" doc:"The login link and the QR code need this version."`
}

// Methods says which ways of logging in there are.
type Methods struct {
	Order []login.Method `yaml:"order" doc:"As the app shows them; what is left out cannot be used."`
	Off   []login.Method `yaml:"off" doc:"Of these, off until they are switched on." example:"[credentials]"`
}

// Support says how to reach the operator's support.
type Support struct {
	Email string `yaml:"email" doc:"E-mail address." example:"support@example.com"`
	Phone string `yaml:"phone" doc:"Phone number, as people read it." example:"+358 20 000 0000"`
	URL   string `yaml:"url" doc:"Your own page with help: failures lead there, not to /help/login, and every page names it." example:"https://www.example.com/help"`
}

// Tokens says how tokens are made.
type Tokens struct {
	Alg      string        `yaml:"alg" doc:"Signature algorithm for every app that has no id_token_signed_response_alg of its own: ES256, PS256 or EdDSA. Left out, or empty, it goes by the app's profile."`
	Access   time.Duration `yaml:"access" doc:"Life of an access token, and so the longest time that a revoked device may go on at a resource server that does not ask us."`
	Rotation time.Duration `yaml:"rotation" doc:"How long a signing key signs before the next one does."`
}

// Lifetimes are those that an operator may want to change; the rest are fixed by
// the protocol.
type Lifetimes struct {
	Attempt         time.Duration `yaml:"attempt" doc:"One login, from the app's start to its end."`
	Code            time.Duration `yaml:"code" doc:"An authorization code."`
	SessionIdle     time.Duration `yaml:"session_idle" doc:"A logged-in app that is not used."`
	SessionAbsolute time.Duration `yaml:"session_absolute" doc:"A logged-in app, however much it is used."`
}

// Place says where network addresses are.
type Place struct {
	Database string `yaml:"database" doc:"Database of towns and countries in MMDB format (GeoLite2 City, DB-IP City Lite); a new file in its place is taken within a minute. Without one the pages say nothing of a place." example:"places/city.mmdb"`
}

// Limits keep floods out.
type Limits struct {
	StartsPerKey       Rate `yaml:"starts_per_key" doc:"Logins started by one app installation."`
	StartsPerNetwork   Rate `yaml:"starts_per_network" doc:"Logins started from one network address (IPv6: from one /64), or by one client that proves who it is."`
	RequestsPerNetwork Rate `yaml:"requests_per_network" doc:"Requests of any kind from one network address."`
	OpenAttempts       int  `yaml:"open_attempts" doc:"Unfinished logins altogether. Above it a new one begins in the place of one of the largest crowd that nobody has opened, or whose person has not left for a bank; above twice as many, new ones are told to come back."`
	OpenPerNetwork     int  `yaml:"open_per_network" doc:"Unfinished logins of one network address (IPv6: of one /56; four times as many of one /48). It shrinks to a tenth while open_attempts fills up. Above it a new one begins in the place of another one of that network."`
	OpenPerClient      int  `yaml:"open_per_client" doc:"The same for a client that proves who it is, wherever its server is; it does not shrink."`
	WaitingApps        int  `yaml:"waiting_apps" doc:"Apps that may wait for news of their logins on one node; above it they are told to come back. 4096 file descriptors (a quarter, where the process may open few) are kept for everybody else."`

	Connections           int `yaml:"connections" doc:"Connections of one node, besides those of apps that wait; fewer where the process may open few files. Above it, those go on which nothing happens, or a request trickles in, the busiest network's first; never one whose request is being worked on."`
	ConnectionsPerNetwork int `yaml:"connections_per_network" doc:"The same for one network address (IPv6: for one /56; four times as many for one /48). It shrinks to a tenth while connections fills up. What comes from trusted_proxies counts only altogether."`
}

// Retention says when finished rows go.
type Retention struct {
	Attempts time.Duration `yaml:"attempts" doc:"Logins with their timelines, and counts of wrong passwords."`
	Sessions time.Duration `yaml:"sessions" doc:"Sessions that have ended."`

	Invitations time.Duration `yaml:"invitations" doc:"Invitations after their last day, with the story of their mail."`
	Employments time.Duration `yaml:"employments" doc:"Employers' records of people who have left."`
	Persons     time.Duration `yaml:"persons" doc:"People of whom there is nothing else: no employer, no session, no user name."`
	Imports     time.Duration `yaml:"imports" doc:"Reports of imports."`
	Jobs        time.Duration `yaml:"jobs" doc:"Letters and messages that were given up."`

	DatesOfErased bool `yaml:"dates_of_erased" doc:"When a person is erased, keep the bare record of their activated employments and benefits as long as other employments that have ended: employer, kinds, dates, version of the accepted terms, and nothing that says whose they were. Only where a law asks for it."`
}

// HETU says what happens to personal identity codes.
type HETU struct {
	KeepOriginal bool `yaml:"keep_original" doc:"Keep the code itself too, sealed with the AEAD keyset. Only for a purpose that the law allows (Data Protection Act 1050/2018, section 29)."`
}

// Log says how much is logged.
type Log struct {
	Level string `yaml:"level" doc:"debug, info, warn or error. No level logs secrets or personal data."`
}

// Telemetry says where traces go.
type Telemetry struct {
	OTLPEndpoint string  `yaml:"otlp_endpoint" doc:"Base address of an OTLP/HTTP collector; empty: no traces." example:"http://localhost:4318"`
	SampleRatio  float64 `yaml:"sample_ratio" doc:"Share of requests that are traced, 0 to 1."`
}
