package expiry

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"slices"
	"time"
)

// maxFile bounds what is read: a path that leads to something huge by mistake must not
// fill the memory.
const maxFile = 256 << 10

// What cannot be read has no end here. That it cannot is told by those who need it: by
// check-config and at start.

// OfStatement reads when the signed statement in the ending's file ends. Its signature is
// checked by package broker; here only the date counts.
func OfStatement(e Ending) []Ending {
	parts := bytes.Split(bytes.TrimSpace(read(e.File)), []byte("."))
	if len(parts) != 3 {
		return nil
	}
	payload, err := base64.RawURLEncoding.DecodeString(string(parts[1]))
	if err != nil {
		return nil
	}
	var body struct {
		Exp int64 `json:"exp"`
	}
	if err := json.Unmarshal(payload, &body); err != nil || body.Exp <= 0 {
		return nil
	}
	e.Ends = time.Unix(body.Exp, 0)
	return []Ending{e}
}

// OfCertificates reads when each certificate in the ending's file ends, whatever else the
// file holds: PEM, a JWK, or a set of them.
func OfCertificates(e Ending) []Ending {
	var all []Ending
	for _, c := range certificates(read(e.File)) {
		all = append(all, e.of(c))
	}
	return all
}

// OfBundle reads when the last certificate in the ending's file ends. In a bundle of
// authorities those that have ended lie beside those that follow them, and one that is
// good is enough.
func OfBundle(e Ending) []Ending {
	all := OfCertificates(e)
	if len(all) == 0 {
		return nil
	}
	return []Ending{slices.MaxFunc(all, func(a, b Ending) int { return a.Ends.Compare(b.Ends) })}
}

// OfChain reads when each certificate of a TLS chain ends. Without its key a chain is not
// in use: it is half written.
func OfChain(e Ending, keyFile string) []Ending {
	pair, err := tls.X509KeyPair(read(e.File), read(keyFile))
	if err != nil {
		return nil
	}
	var all []Ending
	for i, der := range pair.Certificate {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			continue
		}
		one := e.of(c)
		// Whoever connects has the root already, or believes nothing of all this.
		if root := i > 0 && bytes.Equal(c.RawIssuer, c.RawSubject); root {
			one.Stops = false
			one.Then, one.Do = "nothing: whoever connects has the root already", "leave it out of the file"
		}
		all = append(all, one)
	}
	return all
}

// of is the ending of one certificate.
func (e Ending) of(c *x509.Certificate) Ending {
	name := c.Subject.CommonName
	if name == "" && len(c.DNSNames) > 0 {
		name = c.DNSNames[0]
	}
	e.What = fmt.Sprintf("%s (%q)", e.What, cmp.Or(name, c.SerialNumber.String()))
	e.Starts, e.Ends = c.NotBefore, c.NotAfter
	return e
}

// certificates finds them in a file of keys.
func certificates(raw []byte) []*x509.Certificate {
	var all []*x509.Certificate
	add := func(der []byte) {
		if c, err := x509.ParseCertificate(der); err == nil {
			all = append(all, c)
		}
	}
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
		for _, der := range x5c(raw) {
			add(der)
		}
		return all
	}
	for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == "CERTIFICATE" {
			add(block.Bytes)
		}
	}
	return all
}

// x5c lists the certificates of a JWK or a set of them (RFC 7517 §4.7).
func x5c(raw []byte) [][]byte {
	type key struct {
		X5C [][]byte `json:"x5c"` // base64 with padding, as encoding/json reads bytes
	}
	var set struct {
		key
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(raw, &set); err != nil {
		return nil
	}
	all := set.X5C
	for _, one := range set.Keys {
		var k key // one by one: a key that is not well formed must not hide the others
		if err := json.Unmarshal(one, &k); err == nil {
			all = append(all, k.X5C...)
		}
	}
	return all
}

func read(path string) []byte {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxFile {
		return nil
	}
	raw, err := os.ReadFile(path) //nolint:gosec // G304: the path stands in the operator's configuration
	if err != nil {
		return nil
	}
	return raw
}
