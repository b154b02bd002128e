import * as oauth from "oauth4webapi";

import { isLoopback, type Config } from "../config.ts";
import { Busy, Failure, failureOf, NoAnswer, reasonFrom, supportCodeFrom } from "./failure.ts";
import { patience, wholeFetch } from "./transport.ts";
import type { Vault } from "./vault.ts";

/** Milliseconds for which the server's metadata is used without asking again. */
const metadataLife = 60 * 60 * 1000;

/** Milliseconds by which this device's clock may differ from the server's before we correct for it. */
const clockSlack = 5_000;

/** How to ask. */
interface Asking {
  /** Ends the asking. */
  signal?: AbortSignal;
  /** Milliseconds the server may take, when it is meant to wait. */
  longest?: number;
  /** The key that is proved, when it is not the one of this installation. */
  key?: CryptoKeyPair;
}

/** The login service, as this app speaks to it: metadata, proofs of possession, the clock. */
export class Server {
  readonly #fetch: ReturnType<typeof wholeFetch>;
  #nonce: string | undefined; // the server's latest DPoP nonce (RFC 9449 §8)
  #skew = 0; // server clock minus ours, in milliseconds

  constructor(
    readonly config: Config,
    private readonly vault: Vault,
    fetcher: typeof fetch,
    private readonly now: () => number,
  ) {
    this.#fetch = wholeFetch(fetcher, (head) => this.#learn(head));
  }

  /** This app as a client: public, so its only proof is the key. */
  client(): oauth.Client {
    return {
      client_id: this.config.clientId,
      token_endpoint_auth_method: "none",
      [oauth.clockSkew]: Math.round(this.#skew / 1000),
      [oauth.clockTolerance]: 30,
    };
  }

  /** Options for a request without proof. Plain HTTP only to this very machine, for the demo. */
  http(longest = patience) {
    return {
      [oauth.customFetch]: async (...[url, init]: Parameters<ReturnType<typeof wholeFetch>>) =>
        await this.#fetch(url, init, longest),
      // "Deprecated" is that library's way of saying "not in production", and here it never is.
      // eslint-disable-next-line @typescript-eslint/no-deprecated
      [oauth.allowInsecureRequests]: isLoopback(new URL(this.config.issuer)),
    };
  }

  /** The server's metadata, from the network at most once an hour. */
  async metadata(): Promise<oauth.AuthorizationServer> {
    const cached = await this.vault.metadata(this.config.issuer);
    const age = cached === undefined ? Infinity : this.now() - cached.fetchedAt;
    if (cached !== undefined && age >= 0 && age < metadataLife) return cached.metadata;
    try {
      const issuer = new URL(this.config.issuer);
      const response = await oauth.discoveryRequest(issuer, this.http());
      // Refuses metadata that names another issuer than the configured one.
      const metadata = await oauth.processDiscoveryResponse(issuer, response);
      await this.vault.keepMetadata({ issuer: this.config.issuer, fetchedAt: this.now(), metadata });
      return metadata;
    } catch (error) {
      // Old metadata is better than no login; addresses hardly ever change.
      if (cached !== undefined) return cached.metadata;
      throw error;
    }
  }

  /**
   * Makes a request that proves possession of the app's key (DPoP, RFC 9449), again when
   * the server wants its newest nonce in the proof, or when a clock has been set since
   * its last answer.
   */
  async prove<T>(
    request: (options: ReturnType<Server["http"]> & { DPoP: oauth.DPoPHandle }) => Promise<T>,
    how: Omit<Asking, "signal"> = {},
  ): Promise<T> {
    const handle = oauth.DPoP(this.client(), how.key ?? (await this.#key()), {
      [oauth.modifyAssertion]: (_header, payload) => {
        // Read when the proof is made: the first answer may just have corrected both.
        payload["iat"] = Math.floor((Date.now() + this.#skew) / 1000);
        if (this.#nonce !== undefined) payload["nonce"] = this.#nonce;
      },
    });
    const options = { ...this.http(how.longest), DPoP: handle };
    for (let more = 2; more > 0; more--) {
      try {
        return await request(options);
      } catch (error) {
        if (!oauth.isDPoPNonceError(error) && !isClockWrong(error)) throw error;
      }
    }
    return await request(options);
  }

  /**
   * Sends a form with a proof to one of the server's own endpoints and answers the
   * JSON that comes back. Throws ResponseBodyError when the server says no.
   */
  async post(path: string, parameters: Record<string, string>, how: Asking = {}): Promise<Record<string, unknown>> {
    // The very kind of request that PAR is, client_id and proof included; only the address is another.
    const as = { issuer: this.config.issuer, pushed_authorization_request_endpoint: this.address(path) };
    return await this.prove(async (options) => {
      const client = this.client();
      const response = await oauth.pushedAuthorizationRequest(as, client, oauth.None(), parameters, {
        ...options,
        ...(how.signal === undefined ? {} : { signal: how.signal }),
      });
      if (response.status === 204) return {};
      // Throws, with what the server says.
      if (response.status !== 200) return await oauth.processPushedAuthorizationResponse(as, client, response);
      // That a token is revoked is said without a word (RFC 7009 §2.2).
      return (await response.clone().text()) === "" ? {} : await jsonOf(response);
    }, how);
  }

  /** An address of the login service. */
  address(path: string): string {
    return this.config.issuer.replace(/\/$/, "") + path;
  }

  /** The key is read for each request: another tab may have logged out and destroyed it. */
  async #key(): Promise<CryptoKeyPair> {
    const present = await this.vault.key();
    if (present !== undefined) return present;
    // Not extractable: script, ours or injected, can use it on this device but never carry it away.
    const fresh = await oauth.generateKeyPair("ES256", { extractable: false });
    return await this.vault.keepKey(fresh);
  }

  #learn(head: Response): void {
    this.#nonce = head.headers.get("dpop-nonce") ?? this.#nonce;
    const date = Date.parse(head.headers.get("date") ?? "");
    if (!Number.isNaN(date)) {
      const skew = date - Date.now();
      this.#skew = Math.abs(skew) > clockSlack ? skew : 0;
    }
  }
}

/** The answer that says so has told the right time, too. */
function isClockWrong(error: unknown): boolean {
  return error instanceof oauth.ResponseBodyError && error.cause["reason"] === "clock_wrong";
}

/** A page instead of JSON comes from a hotel's or train's network: the server has not answered. */
export async function jsonOf(response: Response): Promise<Record<string, unknown>> {
  try {
    const json: unknown = await response.json();
    if (typeof json === "object" && json !== null && !Array.isArray(json)) return json as Record<string, unknown>;
  } catch {
    // Told below.
  }
  throw new NoAnswer("not JSON");
}

/**
 * Turns whatever a request threw into a Failure that a person can be told about.
 * NoAnswer and Busy become failures too: call it where nobody will ask again.
 */
export function asFailure(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof NoAnswer) return new Failure("network", { cause: error });
  if (error instanceof Busy) {
    const failure = error.reason ? failureOf(undefined, error.reason) : error.status === 429 ? "tooMany" : "server";
    return new Failure(failure, {
      reason: error.reason,
      supportCode: error.supportCode,
      retryAfter: error.retryAfter,
      cause: error,
    });
  }
  if (error instanceof oauth.ResponseBodyError) {
    const reason = reasonFrom(error.cause["reason"]);
    const supportCode = supportCodeFrom(error.cause["support_code"]);
    return new Failure(failureOf(error.error, reason), { reason: reason ?? reasonFrom(error.error), supportCode, cause: error });
  }
  if (error instanceof oauth.WWWAuthenticateChallengeError) {
    const code = reasonFrom(error.cause[0]?.parameters.error);
    return new Failure(failureOf(code, undefined), { reason: code, cause: error });
  }
  if (error instanceof oauth.OperationProcessingError && error.code === oauth.JWT_TIMESTAMP_CHECK) {
    return new Failure("clock", { cause: error });
  }
  // DataCloneError, QuotaExceededError, InvalidStateError …: IndexedDB would not have it.
  if (error instanceof DOMException) return new Failure("storage", { cause: error });
  return new Failure("server", { cause: error });
}
