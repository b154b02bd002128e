// Package dpop checks DPoP proofs (RFC 9449): that whoever sent a request holds
// the private key to which a token or a login attempt is bound.
//
// It owns the whole of one proof: syntax, key, signature, method, address, age,
// server nonce and access token hash. It is stateless, so any node may check any
// proof. That a proof is used once is the caller's part: see [Proof.Once].
//
// It does not own whose key it is; features token and authorize compare the
// thumbprint with the one on record.
package dpop
