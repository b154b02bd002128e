import type words from "../../../internal/domain/reasons/app/fi.json";
import reasons from "../../../internal/domain/reasons/app/reasons.json";

/**
 * Why a login, or a call of the app, did not work: the key into the texts. The names,
 * their texts in every language, and which reason of the server leads to which stand in
 * the server's catalogue of reasons.
 */
export type FailureName = keyof typeof words;

interface FailureDetails {
  reason?: string | undefined;
  supportCode?: string | undefined;
  retryAfter?: number;
  cause?: unknown;
}

/** A failure that a person can be told about. Carries nothing secret. */
export class Failure extends Error {
  readonly failure: FailureName;
  /** The server's own word for it, for support; shown nowhere but next to the code. */
  readonly reason: string | undefined;
  /** Names the attempt to a support agent: `K7Q-4TM`. */
  readonly supportCode: string | undefined;
  /** Milliseconds after which the server will listen again; 0 when it did not say. */
  readonly retryAfter: number;

  constructor(failure: FailureName, more: FailureDetails = {}) {
    super(failure, { cause: more.cause });
    this.failure = failure;
    this.reason = more.reason;
    this.supportCode = more.supportCode;
    this.retryAfter = more.retryAfter ?? 0;
  }

  /** The same failure with a support code, unless it has one already. */
  withCode(supportCode: string | undefined): Failure {
    return new Failure(this.failure, {
      reason: this.reason,
      supportCode: this.supportCode ?? supportCode,
      retryAfter: this.retryAfter,
      cause: this.cause,
    });
  }
}

/** No usable answer came: offline, cut off, timed out. What was asked may or may not have happened. */
export class NoAnswer extends Error {}

/** The server answered that it cannot just now (5xx, 429). Asking again later is right. */
export class Busy extends Error {
  readonly status: number;
  /** Milliseconds the server asks us to wait; 0 when it did not say. */
  readonly retryAfter: number;
  readonly reason: string | undefined;
  readonly supportCode: string | undefined;

  constructor(status: number, retryAfter: number, body: { reason?: string | undefined; supportCode?: string | undefined } = {}) {
    super(`HTTP ${status}`);
    this.status = status;
    this.retryAfter = retryAfter;
    this.reason = body.reason;
    this.supportCode = body.supportCode;
  }
}

/** The reasons of the server, and what to tell the person. A test of the catalogue proves that each name has words. */
const byReason = reasons as Record<string, FailureName>;

/** OAuth error codes (RFC 6749 §4.1.2.1, §5.2; RFC 9449), for answers without a reason. */
const byError: Record<string, FailureName> = {
  access_denied: "cancelled",
  temporarily_unavailable: "bankDown",
  server_error: "server",
  invalid_grant: "expired",
  login_required: "expired",
  invalid_request: "app",
  invalid_client: "app",
  unauthorized_client: "app",
  invalid_scope: "app",
  invalid_dpop_proof: "app",
  invalid_token: "app",
};

/** Chooses the text for an error of the server: by reason, else by error, else the server's fault. */
export function failureOf(error: string | undefined, reason: string | undefined): FailureName {
  return known(byReason, reason) ?? known(byError, error) ?? "server";
}

/** Own properties only: a reason called "constructor" comes from outside and means nothing. */
function known(table: Record<string, FailureName>, key: string | undefined): FailureName | undefined {
  return key !== undefined && Object.hasOwn(table, key) ? table[key] : undefined;
}

/** Lets a support code through only if it looks like one: nobody writes words of theirs on our screen. */
export function supportCodeFrom(value: unknown): string | undefined {
  return typeof value === "string" && /^[2-9A-Z]{3}-[2-9A-Z]{3}$/.test(value) ? value : undefined;
}

/** Likewise for a reason: machine words only. */
export function reasonFrom(value: unknown): string | undefined {
  return typeof value === "string" && /^[a-z_]{1,40}$/.test(value) ? value : undefined;
}
