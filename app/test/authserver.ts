import { createHash } from "node:crypto";

import { encode, makeSigner, now, verifyProof, type Signer } from "./jose.ts";

export const issuer = "http://localhost:8080";
export const appOrigin = "http://localhost:8081";
export const clientId = "smartumpay";

interface Pushed {
  parameters: URLSearchParams;
  key: string;
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
    const code = `code-${++this.#serial}`;
    this.#granted.set(code, { pushed, code });
    return new URLSearchParams({ code, state: pushed.parameters.get("state") ?? "", iss: issuer });
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
    if (["/par", "/token", "/userinfo"].includes(path)) response.headers.set("dpop-nonce", this.#currentNonce());
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
      case "/userinfo":
        return await this.#userinfo(request);
      case "/revoke":
        this.revoked.push(body.get("token") ?? "");
        this.#refresh.delete(body.get("token") ?? "");
        return new Response(null, { status: 200 });
      default:
        return json(404, { error: "not_found" });
    }
  }

  async #par(body: URLSearchParams, key: string): Promise<Response> {
    const expected = { response_type: "code", client_id: clientId, redirect_uri: `${appOrigin}/return`, code_challenge_method: "S256" };
    for (const [name, value] of Object.entries(expected)) {
      if (body.get(name) !== value) return json(400, { error: "invalid_request", error_description: name });
    }
    for (const name of ["state", "nonce", "code_challenge"]) {
      if ((body.get(name) ?? "").length < 43) return json(400, { error: "invalid_request", error_description: name });
    }
    const requestUri = `urn:ietf:params:oauth:request_uri:${++this.#serial}`;
    this.#pushed.set(requestUri, { parameters: body, key });
    return await Promise.resolve(
      json(201, { request_uri: requestUri, expires_in: 600, auth_session: "as-1", support_code: "K7Q-4TM" }),
    );
  }

  async #token(body: URLSearchParams, key: string): Promise<Response> {
    if (body.get("client_id") !== clientId) return json(401, { error: "invalid_client" });
    return body.get("grant_type") === "refresh_token" ? this.#refreshed(body, key) : await this.#redeemed(body, key);
  }

  async #redeemed(body: URLSearchParams, key: string): Promise<Response> {
    const granted = this.#granted.get(body.get("code") ?? "");
    const parameters = granted?.pushed.parameters;
    const challenge = createHash("sha256").update(body.get("code_verifier") ?? "").digest("base64url");
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

  #accessFor(subject: string, key: string) {
    const token = `at-${++this.#serial}`;
    this.#access.set(token, { subject, key });
    return { access_token: token, token_type: "DPoP", expires_in: 600 };
  }

  async #userinfo(request: Request): Promise<Response> {
    const token = /^DPoP (.+)$/i.exec(request.headers.get("authorization") ?? "")?.[1] ?? "";
    const live = this.#access.get(token);
    if (live === undefined || this.refusedAccess.has(token)) {
      return json(401, {}, { "www-authenticate": 'DPoP error="invalid_token", algs="ES256"' });
    }
    const refusal = await this.#check(request, live.key, token);
    if (refusal !== undefined) {
      return json(401, {}, { "www-authenticate": `DPoP error="${refusal}", algs="ES256"` });
    }
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
      age < 60 &&
      typeof claims["jti"] === "string" &&
      !this.#seen.has(claims["jti"]) &&
      (key === undefined || key === thumbprint);
    if (!holds) return "invalid_dpop_proof";
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
