import * as oauth from "oauth4webapi";

import { isLoopback } from "../config.ts";
import { Failure, supportCodeFrom } from "./failure.ts";
import type { Device } from "./device.ts";
import type { Server } from "./server.ts";
import type { AnsweredAttempt, OpenAttempt, Vault } from "./vault.ts";

/**
 * Milliseconds that an attempt lives, here as on the server. The `expires_in` of the
 * request_uri is something else: it limits the first opening, which follows at once.
 */
export const attemptLife = 10 * 60 * 1000;

/** Milliseconds for which the answer to a finished attempt is still recognised. */
const doneLife = 60 * 60 * 1000;

/** Milliseconds that an authorization code lives on the server. */
export const codeLife = 60 * 1000;

const scope = "openid profile offline_access benefits";

/** What the steps of a login need. */
export interface Tools {
  server: Server;
  vault: Vault;
  /** Where the browser comes back to: `<app origin>/return`. */
  redirectUri: string;
  /** Milliseconds since 1970. */
  now: () => number;
}

/**
 * Starts a login by pushing the authorization request (PAR, RFC 9126) and answers
 * the address to send the browser to. By then the attempt is written down: whatever
 * happens to this page, its answer will be recognised.
 */
export async function startLogin(tools: Tools, device: Device, language: string): Promise<URL> {
  const { server, vault } = tools;
  const metadata = await server.metadata();
  const state = oauth.generateRandomState();
  const nonce = oauth.generateRandomNonce();
  const verifier = oauth.generateRandomCodeVerifier();
  const parameters = {
    response_type: "code",
    redirect_uri: tools.redirectUri,
    scope,
    state,
    nonce,
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
    ui_locales: language,
    login_method: "direct",
    device_name: device.name,
    device_platform: device.platform,
    app_version: server.config.version,
    ...(device.model === "" ? {} : { device_model: device.model }),
  };
  const pushed = await server.prove(async (options) => {
    const client = server.client();
    const response = await oauth.pushedAuthorizationRequest(metadata, client, oauth.None(), parameters, options);
    return await oauth.processPushedAuthorizationResponse(metadata, client, response);
  });
  const attempt: OpenAttempt = {
    phase: "open",
    state,
    verifier,
    nonce,
    requestUri: pushed.request_uri,
    supportCode: supportCodeFrom(pushed["support_code"]),
    startedAt: tools.now(),
  };
  await vault.keepAttempt(attempt);
  return await addressOf(tools, attempt);
}

/** The address where the person goes on with an attempt. Opening it again changes nothing. */
export async function addressOf({ server }: Tools, attempt: OpenAttempt): Promise<URL> {
  const { authorization_endpoint: endpoint } = await server.metadata();
  const url = new URL(endpoint ?? "");
  // The browser is about to be sent there: never to javascript: or over an open network.
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(url))) {
    throw new Failure("app", { supportCode: attempt.supportCode });
  }
  url.searchParams.set("client_id", server.config.clientId);
  url.searchParams.set("request_uri", attempt.requestUri);
  return url;
}

/** The newest login that can still be finished. Clears away what is too old on the way. */
export async function unfinishedAttempt({ vault, now }: Tools): Promise<OpenAttempt | AnsweredAttempt | undefined> {
  const at = now();
  const all = await vault.attempts();
  const isOld = (startedAt: number, life: number) => startedAt > at || at - startedAt >= life;
  const old = all.filter((a) => isOld(a.startedAt, a.phase === "done" ? doneLife : attemptLife));
  await vault.forgetAttempts(old.map((a) => a.state));
  for (const attempt of all) {
    if (attempt.phase !== "done" && !old.includes(attempt)) return attempt;
  }
  return undefined;
}

/** Forgets every login that is under way, so that a late answer to one is refused. */
export async function abandonAttempts({ vault }: Tools): Promise<void> {
  const all = await vault.attempts();
  await vault.forgetAttempts(all.filter((a) => a.phase !== "done").map((a) => a.state));
}
