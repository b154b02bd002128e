// openid-client as an app of the strict profile: PAR, PKCE and DPoP with the service's
// nonce. With a key it is a confidential client (private_key_jwt), else a public one.
import assert from 'node:assert/strict'
import * as oidc from 'openid-client'
import { browse, done, settings, signingKey, watchedFetch } from './talk.mjs'

const world = await settings()
const wire = watchedFetch()
const authentication = world.key ? oidc.PrivateKeyJwt(await signingKey(world.key)) : oidc.None()
const config = await oidc.discovery(new URL(world.issuer), world.client_id, undefined, authentication, {
  execute: [oidc.allowInsecureRequests], // the test's service speaks http on loopback
  [oidc.customFetch]: wire,
})
oidc.enableNonRepudiationChecks(config) // verify ID token signatures against our JWKS

/** Begins and finishes one login with a key of its own. */
async function login(beforeExchange) {
  const DPoP = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256'))
  const pkceCodeVerifier = oidc.randomPKCECodeVerifier()
  const expectedState = oidc.randomState()
  const expectedNonce = oidc.randomNonce()
  const url = await oidc.buildAuthorizationUrlWithPAR(
    config,
    {
      redirect_uri: world.redirect_uri,
      scope: 'openid profile offline_access benefits',
      code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      state: expectedState,
      nonce: expectedNonce,
      max_age: '60',
      ui_locales: 'fi en',
    },
    { DPoP },
  )
  assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request_uri'])
  const back = await browse(url, 'log in')
  assert.equal(back.origin + back.pathname, world.redirect_uri)
  const checks = { pkceCodeVerifier, expectedState, expectedNonce, maxAge: 60, idTokenExpected: true }
  await beforeExchange?.({ back, checks, DPoP })
  const tokens = await oidc.authorizationCodeGrant(config, back, checks, undefined, { DPoP })
  return { tokens, DPoP, back, checks }
}

const refusedWith = (code) => (error) => {
  assert(error instanceof oidc.ResponseBodyError, `refused with ${error}`)
  assert.equal(error.error, code)
  return true
}

/** A resource must say what was wrong with the scheme that was tried, and that it wants DPoP. */
const challengedWith = (scheme, code) => (error) => {
  assert(error instanceof oidc.WWWAuthenticateChallengeError, `refused with ${error}`)
  assert.equal(error.status, 401)
  const tried = error.cause.find((challenge) => challenge.scheme === scheme)
  assert.equal(tried?.parameters.error, code)
  const dpop = error.cause.find((challenge) => challenge.scheme === 'dpop')
  assert.match(dpop?.parameters.algs, /ES256/)
  return true
}

// A wrong verifier and a thief's key are refused, and do not burn the owner's code.
const { tokens, DPoP, back, checks } = await login(async ({ back, checks, DPoP }) => {
  assert.equal(wire.nonceChallenges, 1, 'the first pushed request is asked for the nonce, and only that one')
  const wrong = { ...checks, pkceCodeVerifier: oidc.randomPKCECodeVerifier() }
  await assert.rejects(oidc.authorizationCodeGrant(config, back, wrong, undefined, { DPoP }), refusedWith('invalid_grant'))
  const thief = { DPoP: oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256')) }
  await assert.rejects(oidc.authorizationCodeGrant(config, back, checks, undefined, thief), refusedWith('invalid_grant'))
  await assert.rejects(oidc.authorizationCodeGrant(config, back, checks), refusedWith('invalid_dpop_proof'))
})
const claims = tokens.claims()
assert.equal(tokens.token_type, 'dpop')
assert.equal(tokens.expiresIn() > 0, true)
assert.equal(claims.aud, world.client_id)
assert(Array.isArray(claims.amr) || claims.amr === undefined)
assert.equal(typeof claims.acr, 'string')
assert.equal(typeof claims.sid, 'string')

const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub, { DPoP })
assert.equal(userinfo.name, claims.name)
assert(Array.isArray(userinfo.benefits) && userinfo.benefits.length > 0)

// The token alone is worth nothing.
const userinfoURL = new URL(config.serverMetadata().userinfo_endpoint)
await assert.rejects(oidc.fetchProtectedResource(config, tokens.access_token, userinfoURL, 'GET'), challengedWith('bearer', 'invalid_token'))

// Refresh: bound to the key and not rotated; scopes can shrink.
const fresh = await oidc.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP })
assert.notEqual(fresh.access_token, tokens.access_token)
assert.equal(fresh.refresh_token, undefined, 'a strict client keeps its refresh token')
await oidc.fetchUserInfo(config, fresh.access_token, claims.sub, { DPoP })
const narrow = await oidc.refreshTokenGrant(config, tokens.refresh_token, { scope: 'openid' }, { DPoP })
assert.equal(narrow.scope, 'openid')
assert.deepEqual(await oidc.fetchUserInfo(config, narrow.access_token, claims.sub, { DPoP }), { sub: claims.sub })
// With another key: only a client that has proved itself may (RFC 9449 §5).
const withNewKey = oidc.refreshTokenGrant(config, tokens.refresh_token, undefined, {
  DPoP: oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256')),
})
if (world.key) {
  assert.equal((await withNewKey).token_type, 'dpop')
} else {
  await assert.rejects(withNewKey, refusedWith('invalid_grant'))
}

// Revocation ends the session at once, for every token of it; a used code stays used.
if (world.key) {
  await oidc.tokenRevocation(config, tokens.refresh_token, { token_type_hint: 'refresh_token' })
} else {
  // The service wants a proof of the key here, which neither RFC 7009 nor the library knows.
  await assert.rejects(oidc.tokenRevocation(config, tokens.refresh_token), refusedWith('invalid_dpop_proof'))
  const address = new URL(config.serverMetadata().revocation_endpoint)
  const headers = new Headers({ 'content-type': 'application/x-www-form-urlencoded' })
  await DPoP.addProof(address, headers, 'POST')
  const body = new URLSearchParams({ client_id: world.client_id, token: tokens.refresh_token })
  assert.equal((await wire(address, { method: 'POST', headers, body })).status, 200)
}
await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP }), refusedWith('invalid_grant'))
await assert.rejects(oidc.fetchUserInfo(config, fresh.access_token, claims.sub, { DPoP }), challengedWith('dpop', 'invalid_token'))
await assert.rejects(oidc.authorizationCodeGrant(config, back, checks, undefined, { DPoP }), refusedWith('invalid_grant'))

// RP-initiated logout does the same from the browser.
const second = await login()
const state = oidc.randomState()
const logoutURL = oidc.buildEndSessionUrl(config, {
  id_token_hint: second.tokens.id_token,
  post_logout_redirect_uri: world.post_logout_redirect_uri,
  state,
})
const loggedOut = await browse(logoutURL, 'log out')
assert.equal(loggedOut.href, `${world.post_logout_redirect_uri}?state=${state}`)
await assert.rejects(
  oidc.refreshTokenGrant(config, second.tokens.refresh_token, undefined, { DPoP: second.DPoP }),
  refusedWith('invalid_grant'),
)

done({ claims, userinfo, again: second.tokens.claims().sub })
