import { createHash } from "node:crypto";

import { encode, makeSigner, now, verifyProof, type Signer } from "./jose.ts";

export const issuer = "http://localhost:8080";
export const appOrigin = "http://localhost:8081";
export const clientId = "smartumpay";

interface Pushed {
  parameters: URLSearchParams;
  key: string;
}

/** A login as the server keeps it for the app that waits. */
export interface Waited {
  readonly authSession: string;
  readonly link: string;
  readonly pushed: Pushed;
  state: string;
  reason: string | undefined;
  /** What the person's browser shows. */
  digits: string;
  wrong: number;
}

interface Granted {
  pushed: Pushed;
  code: string;
  refreshToken?: string;
}

interface Live {
  subject: string;
  key: string;
}

/** What the test wants to go wrong with the next request to a path. */
type Mishap =
  /** The request never gets there. */
  | "offline"
  /** The server does its work, and the answer is lost on the way back. */
  | "lose-answer"
  /** The answer is cut off in the middle. */
  | "cut-answer"
  | { status: number; body?: unknown; headers?: Record<string, string> };

/**
 * An authorization server for the tests, behind the interface of fetch. It is strict:
 * every DPoP proof is verified by signature, address, method, nonce, age, replay and
 * token hash, every code by client, redirect URI, PKCE and key, as RFC 9449, 7636 and
 * 9126 say. It gives the same answer to a repeated redemption of the same code.
 */
export class AuthServer {
  readonly requests: { path: string; body: URLSearchParams; query: URLSearchParams }[] = [];
  readonly revoked: string[] = [];
  /** Codes that an app has said it did not ask for. */
  readonly reported: string[] = [];
  /** Every login that was started, oldest first. */
  readonly attempts: Waited[] = [];
  /** What the page's code is worth: its masked name, or the reason of a refusal. */
  page: { name: string } | { reason: string } = { name: "Aino V." };
  benefits: unknown = [{ kind: "lunch", employer: "Esimerkki Oy" }];
  /** Hands out a new refresh token at each refresh, as for a compatible client. */
  rotates = false;
  /** Changes what the ID token says. */
  idTokenClaims: Record<string, unknown> = {};
  /** Error of the next refresh, if it is to be refused. */
  refuseRefresh: Record<string, unknown> | undefined;
  /** Access tokens that userinfo no longer takes. */
  readonly refusedAccess = new Set<string>();
  /** Seconds that the server's clock is ahead of the device's. */
  clockAhead = 0;

  #nonce = 0;
  #serial = 0;
  readonly #seen = new Set<string>(); // jti of proofs
  readonly #pushed = new Map<string, Pushed>(); // by request_uri
  readonly #granted = new Map<string, Granted>(); // by code
  readonly #refresh = new Map<string, Live>();
  readonly #access = new Map<string, Live>();
  readonly #mishaps = new Map<string, Mishap[]>();
  readonly #moved = new Set<() => void>(); // requests that wait for a change

  private constructor(private readonly signer: Signer) {}

  static async start(): Promise<AuthServer> {
    return new AuthServer(await makeSigner());
  }

  /** Lets the next requests to the path go wrong, in this order. */
  next(path: string, ...mishaps: Mishap[]): void {
    this.#mishaps.set(path, [...(this.#mishaps.get(path) ?? []), ...mishaps]);
  }

  /** All requests fail, as without a network. */
  down = false;

  count(path: string): number {
    return this.requests.filter((r) => r.path === path).length;
  }

  last(path: string): URLSearchParams {
    const found = this.requests.filter((r) => r.path === path).at(-1);
    if (found === undefined) throw new Error(`no request to ${path}`);
    return found.body;
  }

  /** The server wants another nonce from now on. */
  turnNonce(): void {
    this.#nonce++;
  }

  /** What a person and their bank do: opens the address, proves who they are, comes back. */
  authenticate(address: URL): URLSearchParams {
    const requestUri = address.searchParams.get("request_uri") ?? "";
    const pushed = this.#pushed.get(requestUri);
    if (pushed === undefined) throw new Error("no such request_uri");
    return new URLSearchParams({ code: this.#grant(pushed), state: pushed.parameters.get("state") ?? "", iss: issuer });
  }

  /** The newest login. */
  get attempt(): Waited {
    const newest = this.attempts.at(-1);
    if (newest === undefined) throw new Error("no login was started");
    return newest;
  }

  /** Moves the newest login on, and wakes whoever waits for it. */
  move(state: string, reason?: string): void {
    Object.assign(this.attempt, { state, reason });
    for (const wake of this.#moved) wake();
  }

  /** "Vahvista kirjautuminen" was pressed: what the browser is sent back with. */
  confirm(): URLSearchParams {
    const { pushed } = this.attempt;
    this.attempt.digits = "120457";
    this.move("confirmed");
    return new URLSearchParams({ code: this.#grant(pushed), state: pushed.parameters.get("state") ?? "", iss: issuer });
  }

  #grant(pushed: Pushed): string {
    const code = `code-${++this.#serial}`;
    this.#granted.set(code, { pushed, code });
    return code;
  }

  /** The same with a bad end. */
  refuse(address: URL, more: Record<string, string>): URLSearchParams {
    const pushed = this.#pushed.get(address.searchParams.get("request_uri") ?? "");
    return new URLSearchParams({ ...more, state: pushed?.parameters.get("state") ?? "", iss: issuer });
  }

  readonly fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    const { pathname: path, searchParams: query } = new URL(request.url);
    if (this.down) throw new TypeError("Failed to fetch");
    const mishap = this.#mishaps.get(path)?.shift();
    if (mishap === "offline") throw new TypeError("Failed to fetch");
    const body = new URLSearchParams(request.method === "POST" ? await request.clone().text() : "");
    this.requests.push({ path, body, query });
    if (typeof mishap === "object") return json(mishap.status, mishap.body ?? {}, mishap.headers);
    const response = await this.#answer(request, path, body);
    if (["/par", "/token", "/userinfo", "/attempt-status", "/authorize-challenge", "/devices", "/revoke"].includes(path))
      response.headers.set("dpop-nonce", this.#currentNonce());
    response.headers.set("date", new Date(Date.now() + this.clockAhead * 1000).toUTCString());
    if (mishap === "lose-answer") throw new TypeError("Failed to fetch");
    if (mishap === "cut-answer") return cut(response);
    return response;
  };

  async #answer(request: Request, path: string, body: URLSearchParams): Promise<Response> {
    switch (path) {
      case "/.well-known/openid-configuration":
        return json(200, metadata);
      case "/par":
        return await this.#proven(request, async (key) => await this.#par(body, key));
      case "/token":
        return await this.#proven(request, async (key) => await this.#token(body, key));
      case "/attempt-status":
        return await this.#proven(request, async (key) => await this.#status(body, key, request.signal));
      case "/authorize-challenge":
        return await this.#proven(request, async (key) => await Promise.resolve(this.#challenge(body, key)));
      case "/userinfo":
        return await this.#userinfo(request);
      case "/revoke":
        return await this.#proven(request, (key) => Promise.resolve(this.#revoke(body.get("token") ?? "", key)));
      default:
        if (path === "/devices" || path.startsWith("/devices/")) return await this.#devices(request, path);
        return json(404, { error: "not_found" });
    }
  }

  /** Where the person is logged in: this device, and what a test adds. */
  devices: Record<string, unknown>[] = [
    { id: "own", current: true, name: "Puhelin", method: "direct", logged_in_at: "2026-11-22T10:00:00Z" },
  ];
  pausedUntil: string | undefined;
  /** What has been asked of devices, as method and path. */
  readonly acts: string[] = [];

  async #devices(request: Request, path: string): Promise<Response> {
    const { refusal } = await this.#holder(request);
    if (refusal !== undefined) return refusal;
    this.acts.push(`${request.method} ${path}`);
    if (path === "/devices") {
      return json(200, { devices: this.devices, alternative_methods_paused_until: this.pausedUntil });
    }
    const [, , id = "", how] = path.split("/");
    if (id === "logout") {
      this.devices = this.devices.filter((each) => each["current"] === true);
      return new Response(null, { status: 204 });
    }
    if (!this.devices.some((each) => each["id"] === id)) return json(404, { error: "not_found", reason: "page_unknown" });
    this.devices = this.devices.filter((each) => each["id"] !== id);
    if (how === "logout") return new Response(null, { status: 204 });
    this.pausedUntil = "2026-11-24T10:00:00Z";
    return json(200, { alternative_methods_paused_until: this.pausedUntil });
  }

  async #par(body: URLSearchParams, key: string): Promise<Response> {
    const expected = { response_type: "code", client_id: clientId, code_challenge_method: "S256" };
    if (![`${appOrigin}/return`, `${issuer}/return`].includes(body.get("redirect_uri") ?? "")) {
      return json(400, { error: "invalid_request", reason: "redirect_not_registered" });
    }
    for (const [name, value] of Object.entries(expected)) {
      if (body.get(name) !== value) return json(400, { error: "invalid_request", error_description: name });
    }
    for (const name of ["state", "nonce", "code_challenge"]) {
      if ((body.get(name) ?? "").length < 43) return json(400, { error: "invalid_request", error_description: name });
    }
    const requestUri = `urn:ietf:params:oauth:request_uri:${++this.#serial}`;
    const pushed = { parameters: body, key };
    this.#pushed.set(requestUri, pushed);
    const { authSession, link } = this.#begin(pushed, "created");
    const more = body.get("login_method") === "link" ? { login_link: link } : {};
    return await Promise.resolve(
      json(201, { request_uri: requestUri, expires_in: 600, auth_session: authSession, support_code: "K7Q-4TM", ...more }),
    );
  }

  #begin(pushed: Pushed, state: string): Waited {
    const authSession = `as-${++this.#serial}`;
    const link = `${issuer}/l/link-${this.#serial}`;
    const attempt = { authSession, link, pushed, state, reason: undefined, digits: "", wrong: 0 };
    this.attempts.push(attempt);
    return attempt;
  }

  #waited(body: URLSearchParams, key: string): Waited | undefined {
    return this.attempts.find((a) => a.authSession === body.get("auth_session") && a.pushed.key === key);
  }

  async #status(body: URLSearchParams, key: string, signal: AbortSignal): Promise<Response> {
    const attempt = this.#waited(body, key);
    if (attempt === undefined) return json(400, { error: "invalid_session", reason: "attempt_unknown" });
    while (attempt.state === body.get("known")) await this.#change(signal);
    const { state, reason } = attempt;
    return json(200, { state, expires_in: 500, support_code: "K7Q-4TM", ...(reason === undefined ? {} : { reason }) });
  }

  async #change(signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const wake = () => {
        this.#moved.delete(wake);
        if (signal.aborted || this.down) reject(new TypeError("Failed to fetch"));
        else resolve();
      };
      this.#moved.add(wake);
      signal.addEventListener("abort", wake);
    });
  }

  /** Resolves when a request waits for a change. */
  async waitedOn(): Promise<void> {
    while (this.#moved.size === 0) await new Promise((resolve) => setImmediate(resolve));
  }

  /** Cuts every request that waits, as a restart of the server or a change of network does. */
  hangUp(): void {
    const down = this.down;
    this.down = true;
    for (const wake of this.#moved) wake();
    this.down = down;
  }

  #challenge(body: URLSearchParams, key: string): Response {
    if (body.get("error") === "unexpected") {
      this.reported.push(body.get("code") ?? "");
      this.#granted.delete(body.get("code") ?? "");
      return new Response(null, { status: 204 });
    }
    if (body.get("error") === "access_denied") {
      const given = this.#waited(body, key);
      if (given === undefined) return json(400, { error: "invalid_session", reason: "attempt_unknown" });
      Object.assign(given, { state: "denied", reason: "cancelled_by_person" });
      return new Response(null, { status: 204 });
    }
    if (body.has("qr") || body.has("typed_code")) return this.#claimed(body, key);
    if (body.has("username")) return this.#password(body, key);
    const attempt = this.#waited(body, key);
    if (attempt === undefined) return json(400, { error: "invalid_session", reason: "attempt_unknown" });
    if (!body.has("tx_code") && attempt.state === "approved") return this.#coded(attempt);
    if (attempt.state !== "confirmed" || attempt.digits === "") {
      return json(400, { error: "insufficient_authorization", reason: "digits_expired" });
    }
    if (body.get("tx_code") === attempt.digits) return this.#coded(attempt);
    if (++attempt.wrong < 3) return json(400, { error: "insufficient_authorization", reason: "digits_wrong" });
    Object.assign(attempt, { state: "burned", reason: "digits_burned" });
    return json(400, { error: "access_denied", reason: "digits_burned", support_code: "K7Q-4TM" });
  }

  /** The one person with a password, and whether they have become a SmartumPlus user. */
  person = { userName: "aino", password: "hevonen paristo niitti", plus: false };

  #password(body: URLSearchParams, key: string): Response {
    const { userName, password, plus } = this.person;
    if (body.get("username") !== userName || body.get("password") !== password) {
      return json(403, { error: "insufficient_authorization", reason: "password_wrong", support_code: "K7Q-4TM" });
    }
    const pushed = { parameters: body, key };
    const attempt = this.#begin(pushed, plus ? "created" : "verified");
    if (!plus) return this.#coded(attempt);
    const requestUri = `urn:ietf:params:oauth:request_uri:${++this.#serial}`;
    this.#pushed.set(requestUri, pushed);
    return json(403, {
      error: "insufficient_authorization",
      error_description: "strong_authentication_required",
      reason: "strong_authentication_required",
      request_uri: requestUri,
      expires_in: 599,
      auth_session: attempt.authSession,
      support_code: "K7Q-4TM",
    });
  }

  #coded(attempt: Waited): Response {
    return json(200, { authorization_code: this.#grant(attempt.pushed) });
  }

  #claimed(body: URLSearchParams, key: string): Response {
    if ("reason" in this.page) return json(400, { error: "access_denied", reason: this.page.reason, support_code: "K7Q-4TM" });
    const { authSession } = this.#begin({ parameters: body, key }, "claimed");
    return json(400, {
      error: "insufficient_authorization",
      reason: "approval_required",
      auth_session: authSession,
      match: "47",
      name: this.page.name,
      support_code: "K7Q-4TM",
      expires_in: 60,
    });
  }

  async #token(body: URLSearchParams, key: string): Promise<Response> {
    if (body.get("client_id") !== clientId) return json(401, { error: "invalid_client" });
    return body.get("grant_type") === "refresh_token" ? this.#refreshed(body, key) : await this.#redeemed(body, key);
  }

  async #redeemed(body: URLSearchParams, key: string): Promise<Response> {
    const granted = this.#granted.get(body.get("code") ?? "");
    const parameters = granted?.pushed.parameters;
    const challenge = createHash("sha256")
      .update(body.get("code_verifier") ?? "")
      .digest("base64url");
    const right =
      granted?.pushed.key === key &&
      parameters?.get("code_challenge") === challenge &&
      parameters.get("redirect_uri") === body.get("redirect_uri");
    if (!right) return json(400, { error: "invalid_grant", reason: "code_wrong" });
    granted.refreshToken ??= `rt-${++this.#serial}`;
    this.#refresh.set(granted.refreshToken, { subject: "person-1", key });
    const idToken = await this.signer.sign({
      iss: issuer,
      aud: clientId,
      sub: "person-1",
      nonce: parameters.get("nonce"),
      iat: now() + this.clockAhead,
      exp: now() + this.clockAhead + 300,
      auth_time: now() + this.clockAhead,
      name: "Maija Liisa Meikäläinen",
      given_name: "Maija Liisa",
      family_name: "Meikäläinen",
      ...this.idTokenClaims,
    });
    return json(200, { ...this.#accessFor("person-1", key), refresh_token: granted.refreshToken, id_token: idToken });
  }

  #refreshed(body: URLSearchParams, key: string): Response {
    if (this.refuseRefresh !== undefined) return json(400, this.refuseRefresh);
    const token = body.get("refresh_token") ?? "";
    const live = this.#refresh.get(token);
    if (live?.key !== key) return json(400, { error: "invalid_grant", reason: "session_ended" });
    const answer: Record<string, unknown> = this.#accessFor(live.subject, key);
    if (this.rotates) {
      const next = `rt-${++this.#serial}`;
      this.#refresh.delete(token);
      this.#refresh.set(next, live);
      answer["refresh_token"] = next;
    }
    return json(200, answer);
  }

  #revoke(token: string, key: string): Response {
    const live = this.#refresh.get(token);
    if (live !== undefined && live.key !== key) return json(400, { error: "invalid_dpop_proof", reason: "key_wrong" });
    this.revoked.push(token);
    this.#refresh.delete(token);
    return new Response(null, { status: 200 });
  }

  #accessFor(subject: string, key: string) {
    const token = `at-${++this.#serial}`;
    this.#access.set(token, { subject, key });
    return { access_token: token, token_type: "DPoP", expires_in: 600 };
  }

  /** Whose access token a request brings, or how it is refused. */
  async #holder(request: Request): Promise<{ live: Live; refusal?: undefined } | { live?: undefined; refusal: Response }> {
    const token = /^DPoP (.+)$/i.exec(request.headers.get("authorization") ?? "")?.[1] ?? "";
    const live = this.#access.get(token);
    const no = (error: string) => ({ refusal: json(401, {}, { "www-authenticate": `DPoP error="${error}", algs="ES256"` }) });
    if (live === undefined || this.refusedAccess.has(token)) return no("invalid_token");
    const refusal = await this.#check(request, live.key, token);
    return refusal === undefined ? { live } : no(refusal);
  }

  async #userinfo(request: Request): Promise<Response> {
    const { live, refusal } = await this.#holder(request);
    if (refusal !== undefined) return refusal;
    return json(200, {
      sub: live.subject,
      name: "Maija Liisa Meikäläinen",
      given_name: "Maija Liisa",
      family_name: "Meikäläinen",
      benefits: this.benefits,
    });
  }

  async #proven(request: Request, act: (key: string) => Promise<Response>): Promise<Response> {
    let key = "";
    const refusal = await this.#check(request, undefined, undefined, (thumbprint) => (key = thumbprint));
    if (refusal === "clock_wrong") return json(400, { error: "invalid_dpop_proof", reason: refusal });
    return refusal === undefined ? await act(key) : json(400, { error: refusal });
  }

  /** Verifies the proof of a request; answers the error code when it does not hold. */
  async #check(
    request: Request,
    key: string | undefined,
    token: string | undefined,
    onKey: (thumbprint: string) => void = () => undefined,
  ): Promise<string | undefined> {
    const proof = await verifyProof(request.headers.get("dpop") ?? "");
    if (proof === undefined) return "invalid_dpop_proof";
    const { claims, thumbprint } = proof;
    const url = new URL(request.url);
    const ath = token === undefined ? undefined : createHash("sha256").update(token).digest("base64url");
    const age = Math.abs(now() + this.clockAhead - Number(claims["iat"]));
    // The nonce first: it is what tells a client with a wrong clock the right time.
    if (claims["nonce"] !== this.#currentNonce()) return "use_dpop_nonce";
    const holds =
      claims["htm"] === request.method &&
      claims["htu"] === url.origin + url.pathname &&
      claims["ath"] === ath &&
      typeof claims["jti"] === "string" &&
      !this.#seen.has(claims["jti"]) &&
      (key === undefined || key === thumbprint);
    if (!holds) return "invalid_dpop_proof";
    if (age >= 60) return "clock_wrong";
    this.#seen.add(String(claims["jti"]));
    onKey(thumbprint);
    return undefined;
  }

  #currentNonce(): string {
    return encode(`nonce-${this.#nonce}`);
  }
}

const metadata = {
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  pushed_authorization_request_endpoint: `${issuer}/par`,
  token_endpoint: `${issuer}/token`,
  userinfo_endpoint: `${issuer}/userinfo`,
  revocation_endpoint: `${issuer}/revoke`,
  jwks_uri: `${issuer}/jwks`,
  response_types_supported: ["code"],
  id_token_signing_alg_values_supported: ["ES256"],
  authorization_response_iss_parameter_supported: true,
  dpop_signing_alg_values_supported: ["ES256"],
};

function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json", ...headers } });
}

/** The head arrives and half of the body; then the train enters the tunnel. */
async function cut(response: Response): Promise<Response> {
  const whole = new Uint8Array(await response.arrayBuffer());
  let half: Uint8Array | undefined = whole.slice(0, whole.length / 2);
  const body = new ReadableStream({
    pull(controller) {
      if (half === undefined) {
        controller.error(new TypeError("network error"));
      } else {
        controller.enqueue(half);
        half = undefined;
      }
    },
  });
  return new Response(body, { status: response.status, headers: response.headers });
}
