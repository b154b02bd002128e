import * as oauth from "oauth4webapi";

import { deviceParameters, freshSecrets, scope, textFrom, type Tools } from "./attempt.ts";
import type { Device } from "./device.ts";
import { Failure, supportCodeFrom } from "./failure.ts";
import type { AnsweredAttempt, OpenAttempt } from "./vault.ts";

/** What a person has typed. It goes to the login service once and is kept nowhere. */
export interface Credentials {
  userName: string;
  password: string;
}

/**
 * Logs in with Smartum credentials. With the password goes a whole authorization
 * request, so that a SmartumPlus person, who needs strong authentication, can go on at
 * once: the answer then is an open direct login. Throws what asFailure understands.
 */
export async function sendPassword(
  tools: Tools,
  device: Device,
  language: string,
  { userName, password }: Credentials,
): Promise<AnsweredAttempt | OpenAttempt> {
  const { server, vault, now, redirectUri } = tools;
  const { secrets, challenge } = await freshSecrets();
  const started = { ...secrets, redirectUri, startedAt: now() };
  const parameters = {
    username: userName.trim(),
    password,
    response_type: "code",
    redirect_uri: redirectUri,
    scope,
    state: secrets.state,
    nonce: secrets.nonce,
    ...challenge,
    ui_locales: language,
    ...deviceParameters(device, server.config.version),
  };
  let attempt: AnsweredAttempt | OpenAttempt;
  try {
    const answer = await server.post("/authorize-challenge", parameters);
    const code = textFrom(answer["authorization_code"]);
    if (code === undefined) throw new Failure("server");
    attempt = {
      ...started,
      phase: "answered",
      via: { method: "credentials" },
      code,
      answeredAt: now(),
      authSession: undefined,
      supportCode: undefined,
    };
  } catch (error) {
    if (!(error instanceof oauth.ResponseBodyError)) throw error;
    const requestUri = textFrom(error.cause["request_uri"]);
    if (error.cause["reason"] !== "strong_authentication_required" || requestUri === undefined) throw error;
    attempt = {
      ...started,
      phase: "open",
      via: { method: "direct", requestUri },
      authSession: textFrom(error.cause["auth_session"]),
      supportCode: supportCodeFrom(error.cause["support_code"]),
    };
  }
  await vault.keepAttempt(attempt);
  return attempt;
}
