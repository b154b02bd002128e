package store_test

import (
	"testing"

	"avain/internal/platform/store"
	"avain/internal/secret"
)

func TestCertificateFiles(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ dsn, client, authorities string }{
		{"", "", ""},
		{"host=db dbname=avain", "", ""},
		{"host=db sslmode=verify-full sslrootcert=/etc/ca.pem", "", "/etc/ca.pem"},
		{"host=db sslmode=verify-full sslrootcert=system", "", ""},
		{"host=db sslmode=require sslrootcert = ca.pem sslcert=client.pem sslkey=client.key", "client.pem", "ca.pem"},
		{"host=db sslmode=prefer sslrootcert=ca.pem sslcert=client.pem", "client.pem", ""}, // the server's own is not checked
		{"host=db sslmode=disable sslrootcert=ca.pem sslcert=client.pem", "", ""},
		{"host=db sslmode=require sslcertmode=disable sslcert=client.pem", "", ""},
		{`password='it''s' sslmode=require sslcert='/etc/my \'own\' files/c.pem'`, "/etc/my 'own' files/c.pem", ""},
		{`password='sslcert=wrong.pem sslmode=disable' sslmode=verify-ca sslrootcert=my\ ca.pem`, "", "my ca.pem"},
		{"postgres://avain:pw@db/avain?sslmode=verify-ca&sslrootcert=%2Fetc%2Fca.pem&sslcert=c.pem", "c.pem", "/etc/ca.pem"},
		{"postgresql://db/avain?sslmode=require", "", ""},
		{"postgres://a b:%zz@db/avain?sslcert=c.pem", "", ""}, // no URL; the store refuses it
	} {
		client, authorities := store.CertificateFiles(secret.Of(tc.dsn))
		if client != tc.client || authorities != tc.authorities {
			t.Errorf("%s: %q and %q, want %q and %q", tc.dsn, client, authorities, tc.client, tc.authorities)
		}
	}
}
