// Package interop proves the service with clients and brokers that we did not write.
//
//	strict profile      openid-client and oauth4webapi (npm)
//	compatible profile  coreos/go-oidc with x/oauth2, zitadel/oidc's relying party
//	broker              oidc-provider (npm), as an upstream of ours
//
// What those programs refuse or do not understand is a bug of ours, or a divergence
// that docs/protocol.md has to name. The npm programs live in node/, with a lock file
// of their own; the tests install them when they are missing.
//
// It owns no code of the service. Journeys with our own robot are in test/server.
package interop
