import * as oauth from "oauth4webapi";

import { attemptLife, type Tools } from "./attempt.ts";
import { Busy, Failure, failureOf, NoAnswer, reasonFrom, supportCodeFrom } from "./failure.ts";
import type { OpenAttempt } from "./vault.ts";

/** How far the server says a login is: a state of its own, never a code or token. */
export interface Progress {
  state: string;
  reason: string | undefined;
  supportCode: string | undefined;
}

/** Milliseconds one question may take: the server keeps it for 25 s when there is nothing new. */
const longest = 40_000;

/** How to go on asking. */
export interface Following {
  /** Ends the asking. */
  signal: AbortSignal;
  /** Resolves after so many milliseconds, or earlier when trying again is worth it. */
  wait: (milliseconds: number) => Promise<void>;
  /** Told when the server cannot be reached, and when it can again. */
  onTrouble: (trouble: boolean) => void;
}

/** Does something again until an answer comes. Undefined when it was ended first. */
export async function persist<T>(act: () => Promise<T>, { signal, wait, onTrouble }: Following): Promise<T | undefined> {
  for (let pause = 500; !signal.aborted; pause = Math.min(pause * 2, 10_000)) {
    try {
      const answer = await act();
      onTrouble(false);
      return answer;
    } catch (error) {
      if (isAborted(signal)) return undefined;
      if (!(error instanceof NoAnswer || error instanceof Busy)) throw error;
      onTrouble(true);
      // Uneven, so that a server that has restarted is not asked by everybody at once.
      const uneven = pause * (0.75 + Math.random() / 2);
      await wait(Math.max(uneven, error instanceof Busy ? Math.min(error.retryAfter, 60_000) : 0));
    }
  }
  return undefined;
}

/** Asked again each time: it changes while an answer is awaited. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

/**
 * Follows a login until it is over or the signal ends it, and tells each change. It
 * outlives sleep, a change of network and a restart of the server, because each
 * question stands alone: with a proof of its own, about a state that is in a database.
 * Throws a Failure when the server does not know the login.
 */
export async function follow(
  tools: Tools,
  attempt: OpenAttempt,
  how: Following,
  onProgress: (progress: Progress) => void,
): Promise<void> {
  if (attempt.authSession === undefined) return; // a server that cannot be asked
  for (let known: string | undefined; !how.signal.aborted;) {
    const asked = tools.now();
    let tries = 0;
    // After a loss the answer is wanted at once: the person should see that the connection is back.
    const progress = await persist(async () => await ask(tools, attempt, tries++ === 0 ? known : undefined, how.signal), how);
    if (progress === undefined || isAborted(how.signal)) return;
    if (progress.state !== known) {
      onProgress(progress);
      known = progress.state;
      if (isOver(known)) return;
    } else if (tools.now() - asked < 1_000) {
      await how.wait(1_000); // a server that does not wait is not to be stormed
    }
  }
}

async function ask(tools: Tools, attempt: OpenAttempt, known: string | undefined, signal: AbortSignal): Promise<Progress> {
  if (tools.now() - attempt.startedAt >= attemptLife) throw new Failure("expired", { supportCode: attempt.supportCode });
  const parameters = { auth_session: attempt.authSession ?? "", ...(known === undefined ? {} : { known }) };
  try {
    const answer = await tools.server.post("/attempt-status", parameters, { signal, longest });
    const state = reasonFrom(answer["state"]);
    if (state === undefined) throw new NoAnswer("no state");
    return { state, reason: reasonFrom(answer["reason"]), supportCode: supportCodeFrom(answer["support_code"]) };
  } catch (error) {
    if (!(error instanceof oauth.ResponseBodyError)) throw error;
    if (error.error === "invalid_session") throw new Failure("expired", { supportCode: attempt.supportCode });
    throw new Busy(error.status, 5_000); // it may be a proof that crossed with a restart: ask again, slowly
  }
}

/** Reports whether nothing can follow a state. */
export function isOver(state: string): boolean {
  return ["redeemed", "denied", "expired", "burned", "failed"].includes(state);
}

/** What to tell the person about a login that has ended without them. */
export function failureAt({ state, reason, supportCode }: Progress): Failure {
  const byState: Record<string, string> = { denied: "access_denied", expired: "invalid_grant" };
  const failure = state === "burned" && reason === undefined ? "burned" : failureOf(byState[state], reason);
  return new Failure(failure, { reason: reason ?? state, supportCode });
}
