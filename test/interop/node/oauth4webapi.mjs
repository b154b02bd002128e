// oauth4webapi as an app of the strict profile, step by step: every answer of the
// service passes this library's own validation. At the end the library plays a
// resource server and validates our access token (RFC 9068, RFC 9449).
import assert from 'node:assert/strict'
import * as oauth from 'oauth4webapi'
import { browse, done, settings, watchedFetch } from './talk.mjs'

const world = await settings()
const issuer = new URL(world.issuer)
const wire = watchedFetch()
const http = { [oauth.allowInsecureRequests]: true, [oauth.customFetch]: wire }
const client = { client_id: world.client_id }
const none = oauth.None()

// Both metadata documents must pass.
const as = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, http))
const byOAuth = await oauth.discoveryRequest(issuer, { ...http, algorithm: 'oauth2' })
assert.deepEqual(await oauth.processDiscoveryResponse(issuer, byOAuth), as)

const DPoP = oauth.DPoP(client, await oauth.generateKeyPair(world.proof_alg ?? 'ES256'))

/** Sends a request whose first answer must be the demand for our nonce. */
async function withNonce(send, process) {
  try {
    await process(await send())
  } catch (error) {
    assert(oauth.isDPoPNonceError(error), `refused with ${error}`)
    return process(await send())
  }
  throw new Error('a proof without the nonce was accepted')
}

const verifier = oauth.generateRandomCodeVerifier()
const state = oauth.generateRandomState()
const nonce = oauth.generateRandomNonce()
const parameters = {
  response_type: 'code',
  redirect_uri: world.redirect_uri,
  scope: 'openid profile offline_access benefits',
  code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
  code_challenge_method: 'S256',
  state,
  nonce,
}
const pushed = await withNonce(
  () => oauth.pushedAuthorizationRequest(as, client, none, parameters, { ...http, DPoP }),
  (response) => oauth.processPushedAuthorizationResponse(as, client, response),
)
assert(pushed.request_uri.startsWith('urn:ietf:params:oauth:request_uri:'))
assert(pushed.expires_in > 0 && pushed.expires_in < 600)

const url = new URL(as.authorization_endpoint)
url.searchParams.set('client_id', client.client_id)
url.searchParams.set('request_uri', pushed.request_uri)
const answer = oauth.validateAuthResponse(as, client, await browse(url, 'log in'), state) // state and iss (RFC 9207)

const code = await oauth.authorizationCodeGrantRequest(as, client, none, answer, world.redirect_uri, verifier, { ...http, DPoP })
const tokens = await oauth.processAuthorizationCodeResponse(as, client, code, { expectedNonce: nonce, requireIdToken: true })
await oauth.validateApplicationLevelSignature(as, code, http)
const claims = oauth.getValidatedIdTokenClaims(tokens)
assert.equal(tokens.token_type, 'dpop')
assert.equal(wire.nonceChallenges, 1, 'the nonce of /par serves at /token too')

const readUserinfo = async (accessToken) =>
  oauth.processUserInfoResponse(as, client, claims.sub, await oauth.userInfoRequest(as, client, accessToken, { ...http, DPoP }))
const userinfo = await readUserinfo(tokens.access_token)
assert(Array.isArray(userinfo.benefits) && userinfo.benefits.length > 0)

// A resource server that is not ours validates the access token and the proof.
let received
await oauth.protectedResourceRequest(tokens.access_token, 'GET', new URL('http://api.localhost/benefits'), undefined, undefined, {
  [oauth.allowInsecureRequests]: true,
  [oauth.customFetch]: (address, options) => {
    received = new Request(address, options)
    return new Response('{}')
  },
  DPoP,
})
const access = await oauth.validateJwtAccessToken(as, received, as.issuer, { ...http, requireDPoP: true })
assert.equal(access.sub, claims.sub)
assert.equal(access.client_id, client.client_id)
assert.equal(access.scope, parameters.scope)
await assert.rejects(oauth.validateJwtAccessToken(as, received, 'https://other.example', { ...http, requireDPoP: true }))

const refresh = () => oauth.refreshTokenGrantRequest(as, client, none, tokens.refresh_token, { ...http, DPoP })
const fresh = await oauth.processRefreshTokenResponse(as, client, await refresh())
assert.equal(fresh.refresh_token, undefined, 'a strict client keeps its refresh token')
assert.equal((await readUserinfo(fresh.access_token)).sub, claims.sub)

// Giving up an access token ends the session as well.
// RFC 7009 knows no proof of the key, and so neither does this library; the service wants
// one of an app without a secret. A pushed request has the form of what it wants.
await assert.rejects(
  async () => oauth.processRevocationResponse(await oauth.revocationRequest(as, client, none, fresh.access_token, http)),
  (error) => error instanceof oauth.ResponseBodyError && error.error === 'invalid_dpop_proof',
)
const elsewhere = { ...as, pushed_authorization_request_endpoint: as.revocation_endpoint }
const revoke = (token) => oauth.pushedAuthorizationRequest(elsewhere, client, none, { token }, { ...http, DPoP })
await oauth.processRevocationResponse(await revoke(fresh.access_token))
await assert.rejects(
  async () => oauth.processRefreshTokenResponse(as, client, await refresh()),
  (error) => error instanceof oauth.ResponseBodyError && error.error === 'invalid_grant' && error.status === 400,
)
await assert.rejects(
  readUserinfo(tokens.access_token),
  (error) => error instanceof oauth.WWWAuthenticateChallengeError && error.status === 401,
)
// An unknown token is as good as revoked (RFC 7009 §2.2).
await oauth.processRevocationResponse(await revoke('no such token'))

done({ claims, userinfo, again: access.sub })
