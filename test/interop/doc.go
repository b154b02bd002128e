// Package interop proves the service with clients and brokers that we did not write.
//
//	strict profile      openid-client and oauth4webapi (npm)
//	compatible profile  go-oidc with x/oauth2, zitadel/oidc's relying party, and every
//	                    client of docs/clients.md with the settings shown there
//	logout tokens       Spring Security by RS256, mod_auth_openidc by RS256 and ES256
//	broker              oidc-provider (npm), as an upstream of ours
//	SCIM                scim2-tester (Python), as a directory
//	admin API           Schemathesis (Python), as a contract fuzzer
//
// What those programs refuse or do not understand is a bug of ours, or a divergence
// that docs/protocol.md has to name. They run as processes of their own: node/, python/,
// java/ and rust/ hold the little that surrounds a library, each with its lock file. The
// tests install the npm packages when they are missing; the others are brought by
// scripts/install-test-tools.sh interop and tried by make interop only, which sets
// AVAIN_INTEROP (docs/decisions/0027).
//
// It owns no code of the service. Journeys with our own robot are in test/server.
package interop
