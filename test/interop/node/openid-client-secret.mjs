// openid-client as its README begins: discovery with a secret, which the library sends in
// the form (client_secret_post), PKCE, the code, userinfo, a refresh and a logout.
import assert from 'node:assert/strict'
import * as client from 'openid-client'
import { browse, done, heard } from './talk.mjs'

const { settings, post_logout_redirect_uri } = await heard()
const { server, clientId, clientSecret, parameters } = await import(settings)
const config = await client.discovery(server, clientId, clientSecret, undefined, {
  execute: [client.allowInsecureRequests], // the test's service speaks http on loopback
})

const pkceCodeVerifier = client.randomPKCECodeVerifier()
const expectedState = client.randomState()
const to = client.buildAuthorizationUrl(config, {
  ...parameters,
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: 'S256',
  state: expectedState,
})
const tokens = await client.authorizationCodeGrant(config, await browse(to, 'log in'), { pkceCodeVerifier, expectedState })
const claims = tokens.claims()
const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub)

const fresh = await client.refreshTokenGrant(config, tokens.refresh_token)
const again = await client.fetchUserInfo(config, fresh.access_token, claims.sub)

const id_token_hint = tokens.id_token
await browse(client.buildEndSessionUrl(config, { id_token_hint, post_logout_redirect_uri }), 'log out')
await assert.rejects(client.refreshTokenGrant(config, fresh.refresh_token), { error: 'invalid_grant' })

done({ claims, userinfo, again: again.sub })
