package config

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"avain/internal/domain/login"
	"avain/internal/domain/operations"
	"avain/internal/secret"
)

// reader fetches what the file only points to.
type reader struct {
	*notes
	environ []string
}

// source is a pair of keys, name_file and name_env, that say where a secret is.
type source struct {
	path      string // of the pair in the file, without _file or _env
	file, env string
}

func (r reader) secrets(c *Config) {
	k := &c.Keys
	k.PRFKeyset = r.fetch(source{"keys.prf_keyset", k.PRFKeysetFile, k.PRFKeysetEnv})
	k.AEADKeyset = r.fetch(source{"keys.aead_keyset", k.AEADKeysetFile, k.AEADKeysetEnv})
	k.Secret = r.fetch(source{"keys.secret", k.SecretFile, k.SecretEnv})

	r.auditBegun(k)
	r.mailPassword(&c.Mail)

	db := &c.Database
	if db.DSNFile != "" || db.DSNEnv != "" {
		db.Connection = r.fetch(source{"database.dsn", db.DSNFile, db.DSNEnv})
	} else if db.DSN != "" {
		db.Connection = secret.Of(db.DSN)
	}
	if db.PoolerDSNFile != "" {
		db.Pooler = r.fetch(source{"database.pooler_dsn", db.PoolerDSNFile, ""})
	} else if db.PoolerDSN != "" {
		db.Pooler = secret.Of(db.PoolerDSN)
	}
}

// auditBegun finds where the chain of the audit log began. Before the first avain migrate
// there is nothing to find.
func (r reader) auditBegun(k *Keys) {
	const path = "keys.audit_begun_env"
	switch {
	case k.AuditBegunEnv != "" && k.AuditBegunFile != "":
		r.add(path, "name either a file or a variable, not both")
	case k.AuditBegunEnv != "":
		value, _ := lookupEnv(r.environ, k.AuditBegunEnv)
		k.AuditBegun = strings.TrimSpace(value)
		if begun, ok := operations.ParseAuditHead(k.AuditBegun); k.AuditBegun != "" && (!ok || begun.Hash.Zero()) {
			r.add(path, "the environment variable %s is not what avain migrate told", k.AuditBegunEnv)
		}
	case k.AuditBegunFile == "" && k.SecretEnv == "" && k.SecretFile != "":
		k.AuditBegunFile = filepath.Join(filepath.Dir(k.SecretFile), "audit-begun")
	}
}

// clientFiles reads the secrets and keys of the clients, after their defaults.
func (r reader) clientFiles(c *Config) {
	for i := range c.Clients {
		c.Clients[i] = c.Clients[i].withDefaults()
		client, path := &c.Clients[i], fmt.Sprintf("clients[%d]", i)
		if client.SecretFile != "" || client.SecretEnv != "" {
			client.Secret = r.fetch(source{path + ".secret", client.SecretFile, client.SecretEnv})
		}
		if client.Auth == login.AuthPrivateKeyJWT && client.JWKSFile != "" {
			jwks, err := readText(client.JWKSFile)
			if err != nil {
				r.add(path+".jwks_file", "%s: %s", client.JWKSFile, err)
			}
			client.JWKS = jwks
		}
	}
}

// fetch reads one secret. What stands in the configuration file beats the default:
// a variable that it names makes the default file meaningless.
func (r reader) fetch(s source) secret.Text {
	filePath, envPath := s.path+"_file", s.path+"_env"
	_, fileNamed := r.lines[filePath]
	switch {
	case s.env != "" && fileNamed:
		r.add(envPath, "name either a file or a variable, not both")
	case s.env != "":
		value, ok := lookupEnv(r.environ, s.env)
		if !ok || strings.TrimSpace(value) == "" {
			r.add(envPath, "the environment variable %s is not set", s.env)
			return secret.Text{}
		}
		return secret.Of(strings.TrimSpace(value))
	case s.file == "":
		r.add(filePath, "missing; name the file that holds it, or an environment variable with %s", envPath)
	default:
		return r.fromFile(filePath, s.file)
	}
	return secret.Text{}
}

func (r reader) fromFile(path, file string) secret.Text {
	text, err := readFile(file)
	if err != nil {
		r.add(path, "%s: %s", file, err)
		return secret.Text{}
	}
	value := strings.TrimSpace(string(text))
	if value == "" {
		r.add(path, "%s: the file is empty", file)
	}
	r.checkMode(path, file)
	return secret.Of(value)
}

// checkMode looks at who else may touch a secret. A file that others can write is
// no secret at all; one that they can read may be all right in a container of its
// own, where such files are often mounted so.
func (r reader) checkMode(path, file string) {
	info, err := os.Stat(file)
	if err != nil {
		r.add(path, "%s: %s", file, fileError(err))
		return
	}
	switch mode := info.Mode().Perm(); {
	case mode&0o022 != 0:
		r.add(path, "%s can be changed by other users (mode %04o); run: chmod 600 %s", file, mode, file)
	case mode&0o044 != 0:
		r.warn(path, "%s can be read by other users (mode %04o); run: chmod 600 %s", file, mode, file)
	}
}
