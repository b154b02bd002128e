import * as oauth from "oauth4webapi";

import { deviceParameters, freshSecrets, scope, textFrom, type Tools } from "./attempt.ts";
import type { Device } from "./device.ts";
import { Failure, supportCodeFrom } from "./failure.ts";
import type { AnsweredAttempt, OpenAttempt } from "./vault.ts";

/**
 * What the app says to the authorization challenge endpoint (OAuth 2.0 for First-Party
 * Applications, draft-ietf-oauth-first-party-apps-04). Whatever is said, what comes out
 * is at most an authorization code, which is worth nothing without our key and verifier.
 */
const path = "/authorize-challenge";

/** A code of the activation page: scanned, handed over by a page on this phone, or its ten typed characters. */
export type PageCode = { qr: string; here?: boolean } | { typed: string };

/**
 * Claims the code of an activation page. The server answers that a person must still
 * approve, and names two digits that this person must read from our screen.
 */
export async function claim(tools: Tools, device: Device, code: PageCode): Promise<OpenAttempt> {
  const { server, vault, now } = tools;
  const { secrets, challenge } = await freshSecrets();
  const parameters = {
    ...("qr" in code ? { qr: code.qr } : { typed_code: code.typed }),
    ...challenge,
    scope,
    nonce: secrets.nonce,
    ...deviceParameters(device, server.config.version),
  };
  const answer = await approvalOf(server.post(path, parameters));
  const attempt: OpenAttempt = {
    phase: "open",
    via: { method: "qr", match: answer.match, name: answer.name, here: "qr" in code && code.here === true },
    ...secrets,
    authSession: answer.authSession,
    redirectUri: undefined,
    supportCode: answer.supportCode,
    startedAt: now(),
  };
  await vault.keepAttempt(attempt);
  return attempt;
}

/** The answer to a claim is an error by its form: "insufficient_authorization", so far (§5.2.2). */
async function approvalOf(asked: Promise<unknown>) {
  try {
    await asked;
  } catch (error) {
    const claimed = error instanceof oauth.ResponseBodyError && error.cause["reason"] === "approval_required";
    if (!claimed) throw error;
    const { match, name, auth_session: session, support_code: supportCode } = error.cause;
    const authSession = textFrom(session);
    if (authSession !== undefined && typeof match === "string" && /^\d{2}$/.test(match) && typeof name === "string") {
      return { authSession, match, name: name.slice(0, 80), supportCode: supportCodeFrom(supportCode) };
    }
  }
  throw new Failure("server"); // a code without anybody's approval is none that we take
}

/** Gets the code of a QR login that has been approved. */
export async function collect(tools: Tools, attempt: OpenAttempt): Promise<AnsweredAttempt> {
  return await answered(tools, attempt, {});
}

/** Exchanges the six digits that the person's browser shows. */
export async function sendDigits(tools: Tools, attempt: OpenAttempt, digits: string): Promise<AnsweredAttempt> {
  return await answered(tools, attempt, { tx_code: digits });
}

async function answered(tools: Tools, attempt: OpenAttempt, more: Record<string, string>): Promise<AnsweredAttempt> {
  const answer = await tools.server.post(path, { auth_session: attempt.authSession ?? "", ...more });
  const code = textFrom(answer["authorization_code"]);
  if (code === undefined) throw new Failure("server");
  const now: AnsweredAttempt = { ...attempt, phase: "answered", code, answeredAt: tools.now() };
  // Written down before it is used: if the app is killed now, its next start goes on from here.
  await tools.vault.keepAttempt(now);
  return now;
}

/** Tells the server that the person has given a login up, so that the other side hears of it at once. */
export async function giveUp({ server }: Tools, attempt: OpenAttempt): Promise<void> {
  if (attempt.authSession === undefined) return;
  await server.post(path, { auth_session: attempt.authSession, error: "access_denied" });
}

/**
 * Tells the server of a code that came without our having asked: somebody may have led
 * this person to confirm another's login, or has taken a link that was not theirs
 * (threats 16, 29). The server burns it.
 */
export async function reportUnexpected({ server }: Tools, code: string): Promise<void> {
  await server.post(path, { code, error: "unexpected" });
}
