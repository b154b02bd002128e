// AppAuth as an app on a computer (RFC 8252): the code comes to a listener on the
// loopback address, PKCE is the library's default, and there is no secret.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { register } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { browse, done, heard } from './talk.mjs'

register('./extensions.mjs', import.meta.url) // AppAuth is built for bundlers
const appauth = await import('@openid/appauth')
const { NodeBasedHandler } = await import('@openid/appauth/built/src/node_support/node_request_handler.js')
const { NodeCrypto } = await import('@openid/appauth/built/src/node_support/crypto_utils.js')
const { NodeRequestor } = await import('@openid/appauth/built/src/node_support/node_requestor.js')

const { settings } = await heard()
const { default: client } = await import(settings)
appauth.Flags.IS_LOG = false // it would log to where the test listens

// The library opens the person's browser with xdg-open: here it tells us where.
const folder = mkdtempSync(join(tmpdir(), 'appauth-'))
const opened = join(folder, 'opened')
execFileSync('mkfifo', [opened])
writeFileSync(join(folder, 'xdg-open'), '#!/bin/sh\nprintf %s "$1" >"$APPAUTH_OPENED"\n', { mode: 0o755 })
process.env.APPAUTH_OPENED = opened
process.env.PATH = `${folder}:${process.env.PATH}`

const requestor = new NodeRequestor()
const service = await appauth.AuthorizationServiceConfiguration.fetchFromIssuer(client.issuer, requestor)
const tokenHandler = new appauth.BaseTokenRequestHandler(requestor)
const request = new appauth.AuthorizationRequest({
  client_id: client.client_id,
  redirect_uri: client.redirect_uri,
  scope: client.scope,
  response_type: appauth.AuthorizationRequest.RESPONSE_TYPE_CODE,
  state: undefined,
}, new NodeCrypto())

const handler = new NodeBasedHandler(Number(new URL(client.redirect_uri).port))
const answered = new Promise((resolve, reject) => {
  const notifier = new appauth.AuthorizationNotifier()
  handler.setAuthorizationNotifier(notifier)
  notifier.setAuthorizationListener((_, response, error) => (response ? resolve(response) : reject(error)))
})
handler.performAuthorizationRequest(service, request)
const back = await browse(new URL(await readFile(opened, 'utf8')), 'log in')
await fetch(back) // the browser comes to the library's listener
const { code } = await answered
rmSync(folder, { recursive: true })

const exchange = (parameters) =>
  tokenHandler.performTokenRequest(
    service,
    new appauth.TokenRequest({ client_id: client.client_id, redirect_uri: client.redirect_uri, ...parameters }),
  )
const tokens = await exchange({
  grant_type: appauth.GRANT_TYPE_AUTHORIZATION_CODE,
  code,
  extras: { code_verifier: request.internal.code_verifier },
})
const userinfo = (token) =>
  requestor.xhr({ url: service.userInfoEndpoint, dataType: 'json', headers: { Authorization: `Bearer ${token}` } })
const claims = JSON.parse(Buffer.from(tokens.idToken.split('.')[1], 'base64url'))
const first = await userinfo(tokens.accessToken)

const fresh = await exchange({ grant_type: appauth.GRANT_TYPE_REFRESH_TOKEN, refresh_token: tokens.refreshToken })
const again = await userinfo(fresh.accessToken)
await tokenHandler.performRevokeTokenRequest(
  service,
  new appauth.RevokeTokenRequest({ token: fresh.refreshToken, client_id: client.client_id }),
)

done({ claims, userinfo: first, again: again.sub })
