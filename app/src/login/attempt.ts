import * as oauth from "oauth4webapi";

import { isLoopback } from "../config.ts";
import { Failure, supportCodeFrom } from "./failure.ts";
import type { Device } from "./device.ts";
import type { Server } from "./server.ts";
import type { AnsweredAttempt, OpenAttempt, Vault, Via } from "./vault.ts";

/**
 * Milliseconds that an attempt lives, here as on the server. The `expires_in` of the
 * request_uri is something else: it limits the first opening, which follows at once.
 */
export const attemptLife = 10 * 60 * 1000;

/** Milliseconds for which the answer to a finished attempt is still recognised. */
const doneLife = 60 * 60 * 1000;

/** Milliseconds that an authorization code lives on the server. */
export const codeLife = 60 * 1000;

export const scope = "openid profile offline_access benefits";

/** What the steps of a login need. */
export interface Tools {
  server: Server;
  vault: Vault;
  /** Where the browser comes back to when it can: `<app origin>/return`. */
  redirectUri: string;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** What the server is told about this app and device. It is shown to people, and never believed. */
export function deviceParameters(device: Device, version: string): Record<string, string> {
  return {
    device_name: device.name,
    device_platform: device.platform,
    app_version: version,
    ...(device.model === "" ? {} : { device_model: device.model }),
  };
}

/** What only this app and the server know of one login. */
export async function freshSecrets() {
  const verifier = oauth.generateRandomCodeVerifier();
  return {
    secrets: { state: oauth.generateRandomState(), nonce: oauth.generateRandomNonce(), verifier },
    challenge: { code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: "S256" },
  };
}

/** The direct login, which leaves this page and comes back to it. */
export async function startDirect(tools: Tools, device: Device, language: string): Promise<OpenAttempt> {
  return await start(tools, { device, language, method: "direct", redirectUri: tools.redirectUri }, ({ requestUri }) => ({
    method: "direct",
    requestUri,
  }));
}

/** Which browser opens a link: one of the person's choice, or one that does not share this app's storage. */
interface Where {
  elsewhere: boolean;
  apart: boolean;
}

/**
 * The login link. Its answer comes back to the app only through a browser that shares
 * the app's storage; from any other the server shows six digits, instead of sending
 * a code to where nobody knows of this login.
 */
export async function startLink(tools: Tools, device: Device, language: string, where: Where): Promise<OpenAttempt> {
  const { elsewhere, apart } = where;
  const redirectUri = elsewhere || apart ? tools.server.address("/return") : tools.redirectUri;
  return await start(tools, { device, language, method: "link", redirectUri }, ({ link }) => {
    const home = new URL(tools.server.config.issuer).origin;
    // A browser is about to be sent there: only ever to the login service itself.
    if (link === undefined || !URL.canParse(link) || new URL(link).origin !== home) throw new Failure("server");
    return { method: "link", link, elsewhere };
  });
}

interface Wish {
  device: Device;
  language: string;
  method: "direct" | "link";
  redirectUri: string;
}

/**
 * Starts a login by pushing the authorization request (PAR, RFC 9126). It is written
 * down before anybody is sent anywhere: whatever happens to this page, its answer
 * will be recognised.
 */
async function start(
  tools: Tools,
  wish: Wish,
  viaOf: (pushed: { requestUri: string; link: string | undefined }) => Via,
): Promise<OpenAttempt> {
  const { server, vault } = tools;
  const metadata = await server.metadata();
  const { secrets, challenge } = await freshSecrets();
  const parameters = {
    response_type: "code",
    redirect_uri: wish.redirectUri,
    scope,
    state: secrets.state,
    nonce: secrets.nonce,
    ...challenge,
    ui_locales: wish.language,
    login_method: wish.method,
    ...deviceParameters(wish.device, server.config.version),
  };
  const pushed = await server.prove(async (options) => {
    const client = server.client();
    const response = await oauth.pushedAuthorizationRequest(metadata, client, oauth.None(), parameters, options);
    return await oauth.processPushedAuthorizationResponse(metadata, client, response);
  });
  const attempt: OpenAttempt = {
    phase: "open",
    via: viaOf({ requestUri: pushed.request_uri, link: textFrom(pushed["login_link"]) }),
    ...secrets,
    authSession: textFrom(pushed["auth_session"]),
    redirectUri: wish.redirectUri,
    supportCode: supportCodeFrom(pushed["support_code"]),
    startedAt: tools.now(),
  };
  await vault.keepAttempt(attempt);
  return attempt;
}

/** A text of the server that is stored and sent back, never shown. */
export function textFrom(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" && value.length <= 2048 ? value : undefined;
}

/** The address where the person goes on with a direct login. Opening it again changes nothing. */
export async function addressOf({ server }: Tools, attempt: OpenAttempt & { via: { method: "direct" } }): Promise<URL> {
  const { authorization_endpoint: endpoint } = await server.metadata();
  const url = new URL(endpoint ?? "");
  // The browser is about to be sent there: never to javascript: or over an open network.
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(url))) {
    throw new Failure("app", { supportCode: attempt.supportCode });
  }
  url.searchParams.set("client_id", server.config.clientId);
  url.searchParams.set("request_uri", attempt.via.requestUri);
  return url;
}

/** Reports whether it is a direct login. */
export function isDirect(attempt: OpenAttempt): attempt is OpenAttempt & { via: { method: "direct" } } {
  return attempt.via.method === "direct";
}

/** Writes down that a login is over, so that a late answer to it is no alarm. */
export async function endAttempt({ vault }: Tools, { state, startedAt }: OpenAttempt): Promise<void> {
  const present = await vault.attempt(state);
  if (present?.phase === "open") await vault.keepAttempt({ phase: "done", state, startedAt });
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
