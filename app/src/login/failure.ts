/**
 * Why a login, or a call of the app, did not work: the key into the texts. Each
 * name has a text in every language, and every reason of the server leads to one.
 */
export type FailureName =
  | "cancelled"
  | "noBenefits"
  | "notActivated"
  | "passwordWrong"
  | "strongRequired"
  | "methodsPaused"
  | "locked"
  | "expired"
  | "otherBrowser"
  | "cookies"
  | "tooMany"
  | "bankDown"
  | "bankTimeout"
  | "identification"
  | "clock"
  | "linkExpired"
  | "linkReused"
  | "confirmLate"
  | "digitsBurned"
  | "digitsExpired"
  | "burned"
  | "qrExpired"
  | "qrUsed"
  | "qrLate"
  | "qrUnknown"
  | "qrNumber"
  | "update"
  | "app"
  | "server"
  | "network"
  | "storage";

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

/** The reasons of the server (internal/login/reason.go), and what to tell the person. */
const byReason: Record<string, FailureName> = {
  cancelled_by_person: "cancelled",
  cancelled_at_broker: "cancelled",
  no_benefits: "noBenefits",
  not_activated: "notActivated",
  invitation_unknown: "notActivated",
  invitation_expired: "notActivated",
  invitation_revoked: "notActivated",
  invitation_used: "notActivated",
  invitation_foreign: "notActivated",
  benefits_pending: "notActivated",
  terms_required: "notActivated",
  password_wrong: "passwordWrong",
  strong_authentication_required: "strongRequired",
  password_weak: "passwordWrong",
  reset_expired: "passwordWrong",
  methods_paused: "methodsPaused",
  person_locked: "locked",
  attempt_expired: "expired",
  attempt_used: "expired",
  attempt_ended: "expired",
  attempt_unknown: "expired",
  other_browser: "otherBrowser",
  cookies_blocked: "cookies",
  rate_limited: "tooMany",
  link_expired: "linkExpired",
  link_reused: "linkReused",
  confirm_late: "confirmLate",
  digits_wrong: "digitsBurned",
  digits_burned: "digitsBurned",
  digits_expired: "digitsExpired",
  unexpected_code: "burned",
  qr_expired: "qrExpired",
  qr_used: "qrUsed",
  qr_unknown: "qrUnknown",
  qr_reused: "qrUsed",
  qr_wrong_number: "qrNumber",
  approval_required: "qrLate",
  approval_late: "qrLate",
  sign_in_again: "expired",
  broker_down: "bankDown",
  broker_slow: "bankDown",
  broker_error: "bankDown",
  broker_timeout: "bankTimeout",
  broker_response: "identification",
  identification_stale: "identification",
  identification_weak: "identification",
  identity_incomplete: "identification",
  means_unavailable: "bankDown",
  broker_not_operational: "bankDown",
  request_invalid: "app",
  client_unknown: "app",
  client_refused: "app",
  redirect_not_registered: "app",
  version_too_old: "update",
  request_expired: "expired",
  proof_invalid: "app",
  proof_replayed: "app",
  clock_wrong: "clock",
  code_wrong: "expired",
  code_expired: "expired",
  code_replayed: "expired",
  verifier_wrong: "app",
  key_wrong: "app",
  token_invalid: "app",
  session_ended: "expired",
  page_unknown: "app",
  cross_origin: "app",
  internal: "server",
  went_well: "expired",
  still_running: "expired",
  nothing_failed: "app",
  not_opened: "expired",
  link_not_opened: "linkExpired",
  abandoned_at_page: "expired",
  abandoned_at_bank: "expired",
  not_confirmed: "confirmLate",
  not_started_by_me: "cancelled",
  redirect_lost: "expired",
  digits_not_typed: "digitsExpired",
  app_gone: "expired",
};

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
