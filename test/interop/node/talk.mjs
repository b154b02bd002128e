// How a script talks with the Go test that runs it: one JSON value per line, both ways.
// The first line that comes in is what the script has to know. After that the script
// asks for a person with a browser ({"open": url, "to": "log in"}) and is told where the
// browser ended up ({"back": url}); its last line is {"done": …}. Only a script that exits with 0 has passed.
import { createInterface } from 'node:readline'

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()

/** The next line of the test. */
export async function heard() {
  const { value, done } = await lines.next()
  if (done) throw new Error('the test has gone away')
  return JSON.parse(value)
}

export function say(message) {
  process.stdout.write(`${JSON.stringify(message)}\n`)
}

/** What the test tells first: issuer, client_id, redirect_uri and so on. */
export const settings = heard

/** Lets a person go to an address to log in or out; answers where the browser stopped. */
export async function browse(url, to) {
  say({ open: url.href, to })
  const { back } = await heard()
  return new URL(back)
}

/** Waits until the test needs the program no longer. */
export async function untilGone() {
  while (!(await lines.next()).done);
}

/** Reports what the test is to compare with what it knows. */
export function done(result) {
  say({ done: result })
}

/** A fetch that counts how often the service asked for its nonce in a DPoP proof. */
export function watchedFetch() {
  const watched = async (url, options) => {
    const response = await fetch(url, options)
    const challenged =
      (response.headers.get('www-authenticate') ?? '').includes('use_dpop_nonce') ||
      (response.status === 400 && (await response.clone().text()).includes('"use_dpop_nonce"'))
    if (challenged && response.headers.has('dpop-nonce')) watched.nonceChallenges++
    return response
  }
  watched.nonceChallenges = 0
  return watched
}

/** The private key of a confidential client, from its JWK. */
export async function signingKey(jwk) {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
  return { key: await crypto.subtle.importKey('jwk', jwk, algorithm, false, ['sign']), kid: jwk.kid }
}
