// oidc-provider as an identification broker upstream of the service. It demands what the
// Finnish Trust Network demands: signed request objects, private_key_jwt, PKCE, and it
// encrypts the ID token. Its pages are as plain as can be: pick a person, or cancel.
// Major 8 is the last one that supports Node 20.
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import { Provider, interactionPolicy } from 'oidc-provider'
import { heard, say, settings, untilGone } from './talk.mjs'

// Standard output is for the test; whatever the library wants to say goes aside.
globalThis.console = new console.Console(process.stderr)

const world = await settings() // people by user id: {hetu, given_name, family_name}

const server = createServer((request, response) => handle(request, response))
await new Promise((resolve) => server.listen(0, 'localhost', resolve))
const issuer = `http://localhost:${server.address().port}`
say({ issuer })

// The service has to know the issuer before it starts, and the broker its clients'
// addresses: so these come second. {client_id, redirect_uri, jwks_uri, acr, plaintext}
const { clients } = await heard()

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const policy = interactionPolicy.base()
policy.remove('consent') // the person consents at the bank

const provider = new Provider(issuer, {
  clients: clients.map(({ client_id, redirect_uri, jwks_uri, plaintext }) => ({
    client_id,
    redirect_uris: [redirect_uri],
    jwks_uri,
    grant_types: ['authorization_code'],
    response_types: ['code'],
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'RS256',
    request_object_signing_alg: 'RS256',
    require_signed_request_object: true,
    id_token_signed_response_alg: 'RS256',
    ...(plaintext
      ? {}
      : { id_token_encrypted_response_alg: 'RSA-OAEP', id_token_encrypted_response_enc: 'A128CBC-HS256' }),
  })),
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256', kid: 'broker-1' }] },
  features: {
    devInteractions: { enabled: false },
    encryption: { enabled: true },
    pushedAuthorizationRequests: { enabled: true },
    requestObjects: { request: true, requestUri: false, requireSignedRequestObject: true, mode: 'strict' },
  },
  enabledJWA: {
    idTokenEncryptionAlgValues: ['RSA-OAEP'],
    idTokenEncryptionEncValues: ['A128CBC-HS256'],
    idTokenSigningAlgValues: ['RS256'],
  },
  pkce: { required: () => true },
  scopes: ['openid', 'hetu', 'profile'],
  claims: {
    openid: ['sub', 'acr', 'amr', 'auth_time'],
    hetu: ['hetu'],
    profile: ['given_name', 'family_name'],
  },
  conformIdTokenClaims: false, // all claims of the scopes stand in the ID token
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, ...world.people[id] }) }),
  interactions: { policy, url: (_, interaction) => `/interaction/${interaction.uid}` },
  async loadExistingGrant({ oidc }) {
    const grant = new provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId })
    grant.addOIDCScope(oidc.params.scope)
    await grant.save()
    return grant
  },
  cookies: { keys: [randomBytes(32).toString('base64url')] },
  ttl: { AccessToken: 60, AuthorizationCode: 60, Grant: 600, IdToken: 600, Interaction: 600, Session: 600 },
})
for (const event of ['authorization.error', 'grant.error', 'pushed_authorization_request.error', 'server_error']) {
  provider.on(event, (_, error) => console.error(event, error.error, error.error_description, error.error_detail, error.cause ?? ''))
}
const protocol = provider.callback()

function page(people) {
  const buttons = people.map((id) => `<button name="person" value="${id}">${id}</button>`).join('')
  return `<!doctype html><title>Broker</title><form method="post">${buttons}<button name="cancel" value="cancel">Cancel</button></form>`
}

async function interact(request, response) {
  if (request.method === 'GET') {
    response.setHeader('Content-Type', 'text/html; charset=utf-8')
    return response.end(page(Object.keys(world.people)))
  }
  let body = ''
  for await (const chunk of request) body += chunk
  const person = new URLSearchParams(body).get('person')
  const { params } = await provider.interactionDetails(request, response)
  const { acr } = clients.find(({ client_id }) => client_id === params.client_id)
  const result = Object.hasOwn(world.people, person)
    ? { login: { accountId: person, acr, amr: ['bank'], remember: false } }
    : { error: 'access_denied', error_description: 'the person cancelled' }
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false })
}

async function handle(request, response) {
  try {
    await (request.url.startsWith('/interaction/') ? interact : protocol)(request, response)
  } catch (error) {
    console.error(error)
    response.writeHead(500).end()
  }
}

say({ ready: true })
await untilGone()
server.close()
server.closeAllConnections()
