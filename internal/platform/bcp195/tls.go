package bcp195

import "crypto/tls"

// TLS is the configuration that every connection of ours begins with; callers add
// certificates and names. It is a new one each time.
//
// TLS 1.3 is used wherever the other side has it. With TLS 1.2 only what BCP 195 recommends
// is offered and accepted (RFC 9325 §4.2; FAPI 2.0 §5.2.1 demands it): ephemeral keys, so that
// a stolen certificate opens no recorded login, and AES-GCM, so that there is no padding to
// be an oracle. The library's own choice has suites with CBC and SHA-1 as well.
func TLS() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		},
	}
}

// Narrow narrows a configuration that was made elsewhere, such as that of a database's
// connection string, to the versions and suites of [TLS]; nil stays nil.
func Narrow(made *tls.Config) *tls.Config {
	if made == nil {
		return nil
	}
	ours, narrowed := TLS(), made.Clone()
	narrowed.MinVersion = max(made.MinVersion, ours.MinVersion)
	narrowed.CipherSuites = ours.CipherSuites
	return narrowed
}
