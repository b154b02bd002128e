package config

import (
	"time"

	"avain/internal/domain/login"
	"avain/internal/platform/mail"
)

// Default is the configuration before the file is read: what a minimal file need
// not say.
func Default() Config {
	return Config{
		Public:   Public{Listen: ":8080", DrainDelay: 5 * time.Second},
		Admin:    Admin{Listen: "127.0.0.1:9090"},
		Database: Database{Driver: SQLite, Path: "avain.db", MaxConnections: 16},
		Keys: Keys{
			PRFKeysetFile: "keys/prf.json", AEADKeysetFile: "keys/aead.json", SecretFile: "keys/secret",
		},
		Brand:   Brand{Name: "SmartumPay", Languages: []string{"fi", "sv", "en"}, TimeZone: "Europe/Helsinki", Accent: "#00695c"},
		App:     App{MinimumVersion: "1.0.0", RecommendedVersion: "1.16.0", AlternativeVersion: "1.16.0"},
		Methods: Methods{Order: login.Methods()},
		Tokens: Tokens{
			Access: 10 * time.Minute, Rotation: 30 * day,
		},
		Lifetimes: Lifetimes{
			Attempt: 10 * time.Minute, Code: time.Minute,
			SessionIdle: 90 * day, SessionAbsolute: 365 * day,
		},
		Limits: Limits{
			StartsPerKey:       Rate{Count: 20, Per: 10 * time.Minute},
			StartsPerNetwork:   Rate{Count: 600, Per: time.Minute},
			RequestsPerNetwork: Rate{Count: 12000, Per: time.Minute},
			OpenAttempts:       100_000,
			OpenPerNetwork:     3_000,
			OpenPerClient:      20_000,
			WaitingApps:        50_000,

			Connections:           10_000,
			ConnectionsPerNetwork: 2_000,
		},
		Benefits:    defaultBenefits(),
		Invitations: Invitations{Life: 30 * day, RemindAfter: 7 * day},
		Credentials: Credentials{MinLength: 12},
		Retention: Retention{
			Attempts: 90 * day, Sessions: 90 * day, Invitations: 180 * day, Employments: 730 * day, Persons: 730 * day,
			Imports: 90 * day, Jobs: 90 * day,
		},
		Mail:      Mail{Port: 587, TLS: mail.STARTTLS, Timeout: 30 * time.Second},
		Log:       Log{Level: "info"},
		Telemetry: Telemetry{SampleRatio: 0.1},
	}
}
