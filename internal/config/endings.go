package config

import (
	"fmt"

	"avain/internal/platform/expiry"
	"avain/internal/platform/store"
)

// Endings lists what ends of all the files that logins depend on, read as they are now.
// Package expiry says which files those are, and which are none.
func (c Config) Endings() []expiry.Ending {
	all := c.Public.TLS.endings()
	for i, b := range c.Brokers {
		all = append(all, b.Endings(at("brokers", i))...)
	}
	for i, client := range c.Clients {
		if client.JWKSFile == "" {
			continue
		}
		all = append(all, expiry.OfCertificates(expiry.Ending{
			Setting: at("clients", i) + ".jwks_file", File: client.JWKSFile, Owner: expiry.Theirs,
			What: "a certificate of the keys of the client " + client.ID,
			Then: "the client may have another key: the service still believes this one, and takes no other",
			Do:   "ask those who run the client for its next key set, put it here, and restart the service",
		})...)
	}
	return append(all, c.Database.endings()...)
}

func (t TLS) endings() []expiry.Ending {
	if !t.Set() {
		return nil
	}
	return expiry.OfChain(expiry.Ending{
		Setting: "public.tls.cert_file", File: t.CertFile, Owner: expiry.Ours, What: "a certificate of the service's own address",
		Then: "browsers and apps refuse the service, and nobody logs in", Stops: true, Reread: true,
		Do: "renew it; the service reads the new files within a minute",
	}, t.KeyFile)
}

func (db Database) endings() []expiry.Ending {
	if db.Driver != Postgres {
		return nil
	}
	setting := "database.dsn"
	switch {
	case db.DSNFile != "":
		setting = "database.dsn_file"
	case db.DSNEnv != "":
		setting = "database.dsn_env"
	}
	client, authorities := store.CertificateFiles(db.Connection)
	ending := func(name, file string, owner expiry.Owner, what, do string) expiry.Ending {
		return expiry.Ending{
			Setting: fmt.Sprintf("%s (%s)", setting, name), File: file, Owner: owner, What: what,
			Then: "the service cannot reach its database, and nobody logs in", Stops: true, Do: do,
		}
	}
	return append(
		expiry.OfCertificates(ending("sslcert", client, expiry.Ours, "our certificate for the database", "renew it, and restart the service")),
		expiry.OfBundle(ending("sslrootcert", authorities, expiry.Theirs, "the last of the authorities of the database's certificate",
			"get the authority's next certificate from those who run the database, add it here, and restart the service"))...,
	)
}
