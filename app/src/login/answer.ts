import * as oauth from "oauth4webapi";

import { attemptLife, codeLife, type Tools } from "./attempt.ts";
import { Busy, Failure, failureOf, NoAnswer, reasonFrom, supportCodeFrom } from "./failure.ts";
import { profileFrom } from "./profile.ts";
import { asFailure } from "./server.ts";
import type { AnsweredAttempt, DoneAttempt, Session } from "./vault.ts";

/** What an answer at /return turned out to be. */
export type Received =
  | { kind: "ours"; attempt: AnsweredAttempt }
  /** The same answer once more: a reload, a restored tab, a double click. */
  | { kind: "again" }
  /** Not the answer to a login of this app, or no longer: whoever sent it, we take nothing from it. */
  | { kind: "foreign"; code?: string | undefined }
  | { kind: "failed"; failure: Failure };

/**
 * Takes the answer out of the address bar. It runs before anything else, so that
 * the code is gone from the address, the history and whatever reads them (threat 32).
 */
export function takeAnswer(location: Location, history: History): URLSearchParams | undefined {
  if (location.pathname !== "/return") return undefined;
  const answer = new URLSearchParams(location.search);
  history.replaceState(null, "", "/");
  return answer;
}

/**
 * Checks an answer against the attempt that it claims to belong to. Without the
 * random state of a login that this app has started it is foreign: somebody may be
 * pushing their own login on this person (threats 15, 16) or a code on us (29).
 */
export async function receiveAnswer({ server, vault, now }: Tools, answer: URLSearchParams): Promise<Received> {
  const state = only(answer, "state");
  const attempt = state === undefined ? undefined : await vault.attempt(state);
  // RFC 9207, here always demanded: the answer of another server is not for us (mix-up).
  const fromUs = only(answer, "iss") === server.config.issuer;
  // Our server should know of a code that went astray; another server's code is none of its business.
  if (attempt === undefined) return { kind: "foreign", code: fromUs ? only(answer, "code") : undefined };
  const error = only(answer, "error");
  if (attempt.phase === "done") {
    // A tab that waited may have heard of the end first, but this is the one that is looked at.
    const isNews = fromUs && error !== undefined && (await vault.session()) === undefined;
    return isNews ? { kind: "failed", failure: failureFrom(answer, error) } : { kind: "again" };
  }
  if (!fromUs) return { kind: "foreign" };
  if (attempt.phase === "answered") return { kind: "ours", attempt };

  const age = now() - attempt.startedAt;
  const code = only(answer, "code");
  if (error !== undefined || code === undefined || age < 0 || age >= attemptLife) {
    await vault.keepAttempt({ phase: "done", state: attempt.state, startedAt: attempt.startedAt });
    return { kind: "failed", failure: failureFrom(answer, error).withCode(attempt.supportCode) };
  }
  // Written down before it is used: if the app is killed now, its next start goes on from here.
  const answered: AnsweredAttempt = { ...attempt, phase: "answered", code, answeredAt: now() };
  await vault.keepAttempt(answered);
  return { kind: "ours", attempt: answered };
}

function failureFrom(answer: URLSearchParams, error: string | undefined): Failure {
  if (error === undefined) return new Failure("expired");
  const reason = reasonFrom(only(answer, "reason"));
  return new Failure(failureOf(error, reason), {
    reason: reason ?? reasonFrom(error),
    supportCode: supportCodeFrom(only(answer, "support_code")),
  });
}

/** A parameter that is there exactly once (RFC 6749 §3.1). */
function only(answer: URLSearchParams, name: string): string | undefined {
  const values = answer.getAll(name);
  return values.length === 1 && values[0] !== "" ? values[0] : undefined;
}

/** How to wait between two tries. */
export interface Patience {
  /** Resolves after so many milliseconds, or earlier when trying again is worth it. */
  wait: (milliseconds: number) => Promise<void>;
  /** Told when an answer has been lost and another try will follow. */
  onWait: () => void;
}

export interface Redeemed {
  session: Session;
  accessToken: string;
  /** Seconds; undefined when the server did not say. */
  expiresIn: number | undefined;
}

/**
 * Redeems the code. When the answer is lost, the same request is made again with the
 * same key while the code lives: the server gives the same caller the same answer.
 * Throws a Failure; by then the attempt is over. Answers undefined when the person has
 * given the login up while it was going on.
 */
export async function redeem(tools: Tools, attempt: AnsweredAttempt, patience: Patience): Promise<Redeemed | undefined> {
  const done: DoneAttempt = { phase: "done", state: attempt.state, startedAt: attempt.startedAt };
  for (let pause = 500; ; pause = Math.min(pause * 2, 5_000)) {
    try {
      const redeemed = await exchange(tools, attempt);
      return (await tools.vault.logIn(redeemed.session, done)) ? redeemed : undefined;
    } catch (error) {
      const delay = error instanceof Busy && error.retryAfter > 0 ? error.retryAfter : pause;
      const age = tools.now() - attempt.answeredAt;
      if ((await tools.vault.attempt(attempt.state)) === undefined) return undefined;
      const mayRetry = error instanceof NoAnswer || error instanceof Busy;
      if (!mayRetry || age < 0 || age + delay >= codeLife) {
        await tools.vault.keepAttempt(done);
        throw asFailure(error).withCode(attempt.supportCode);
      }
      patience.onWait();
      await patience.wait(delay);
      if ((await tools.vault.attempt(attempt.state)) === undefined) return undefined;
    }
  }
}

async function exchange({ server, now }: Tools, attempt: AnsweredAttempt): Promise<Redeemed> {
  const metadata = await server.metadata();
  const parameters = {
    code: attempt.code,
    code_verifier: attempt.verifier,
    ...(attempt.redirectUri === undefined ? {} : { redirect_uri: attempt.redirectUri }),
  };
  const tokens = await server.prove(async (options) => {
    const response = await oauth.genericTokenEndpointRequest(
      metadata,
      server.client(),
      oauth.None(),
      "authorization_code",
      parameters,
      options,
    );
    // Checks iss, aud, azp, exp, iat, alg and nonce of the ID token. It comes straight from the
    // token endpoint, so TLS vouches for its origin (OpenID Connect Core §3.1.3.7, item 6). A clock
    // that the server has just corrected must count, hence a new client.
    return await oauth.processAuthorizationCodeResponse(metadata, server.client(), response, {
      expectedNonce: attempt.nonce,
      requireIdToken: true,
    });
  });
  const claims = oauth.getValidatedIdTokenClaims(tokens);
  // A bearer token would be anybody's: the key is the point (threat 17).
  if (claims === undefined || tokens.token_type !== "dpop" || tokens.refresh_token === undefined) {
    throw new Failure("server");
  }
  return {
    session: {
      refreshToken: tokens.refresh_token,
      subject: claims.sub,
      loggedInAt: now(),
      profile: profileFrom(claims, 0),
    },
    accessToken: tokens.access_token,
    expiresIn: tokens.expires_in,
  };
}
