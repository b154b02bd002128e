import * as oauth from "oauth4webapi";

import { Failure, reasonFrom, supportCodeFrom } from "./failure.ts";
import { jsonOf } from "./server.ts";
import type { Redeemed } from "./answer.ts";
import type { Tools } from "./attempt.ts";
import { devicesFrom, type DeviceList } from "./devices.ts";
import { profileFrom } from "./profile.ts";
import type { Session } from "./vault.ts";

/** The server has ended the session; it is gone from this device too. */
export class LoggedOut extends Error {
  readonly reason: string | undefined;
  readonly supportCode: string | undefined;

  constructor(reason: string | undefined, supportCode?: string) {
    super("logged out");
    this.reason = reason;
    this.supportCode = supportCode;
  }
}

/** Runs one thing at a time, under a name, in all tabs of the app together. */
export type Lock = <T>(name: string, act: () => Promise<T>) => Promise<T>;

/** Milliseconds before its end at which an access token is no longer used. */
const margin = 30_000;

/**
 * The session of this device: gets access tokens, asks for the profile, logs out.
 * Access tokens live in this object and nowhere else.
 */
export class SessionKeeper {
  #access: { token: string; subject: string; goodUntil: number } | undefined;
  #refreshing: Promise<string> | undefined;

  constructor(
    private readonly tools: Tools,
    private readonly lock: Lock,
  ) {}

  /** Takes over the tokens of a login that has just been finished. */
  begin({ session, accessToken, expiresIn }: Redeemed): void {
    this.#keep(session.subject, accessToken, expiresIn);
  }

  /** Another tab has logged in or out: what is in memory may belong to a session that is gone. */
  forgetAccess(): void {
    this.#access = undefined;
  }

  /** Asks for name and benefits, and keeps them. Throws LoggedOut, Failure, NoAnswer or Busy. */
  async fetchProfile(): Promise<Session> {
    const session = await this.tools.vault.session();
    if (session === undefined) throw new LoggedOut(undefined);
    const { subject } = session;
    const claims = await this.#withAccess(subject, async (token) => await this.#userinfo(token, subject));
    const profile = profileFrom(claims, this.tools.now());
    const updated = await this.tools.vault.updateSession(session.subject, { profile });
    if (updated === undefined) throw new LoggedOut(undefined); // another tab logged out meanwhile
    return updated;
  }

  /** Asks where the person is logged in. Throws like fetchProfile. */
  async devices(): Promise<DeviceList> {
    const response = await this.#resource("GET", "/devices");
    return devicesFrom(await jsonOf(response));
  }

  /** Logs a device out, or says that it was a stranger's. Throws like fetchProfile. */
  async endDevice(id: string, how: "logout" | "not-me"): Promise<void> {
    await this.#resource("POST", `/devices/${encodeURIComponent(id)}/${how}`);
  }

  /** Logs out all devices but this one. Throws like fetchProfile. */
  async endOtherDevices(): Promise<void> {
    await this.#resource("POST", "/devices/logout");
  }

  async #resource(method: "GET" | "POST", path: string): Promise<Response> {
    const { server, vault } = this.tools;
    const session = await vault.session();
    if (session === undefined) throw new LoggedOut(undefined);
    const url = new URL(server.address(path));
    const response = await this.#withAccess(
      session.subject,
      async (token) =>
        await server.prove(async (options) => {
          const fetcher = options[oauth.customFetch];
          return await oauth.protectedResourceRequest(token, method, url, undefined, undefined, {
            ...options,
            [oauth.customFetch]: async (address, init) => await fetcher(address, { ...init, body: null }),
          });
        }),
    );
    // A device that is gone already is what was wished for.
    if (!response.ok && !(method === "POST" && response.status === 404)) throw new Failure("server");
    return response;
  }

  /** Acts with an access token, and with a fresh one when the server does not know it any more. */
  async #withAccess<T>(subject: string, act: (token: string) => Promise<T>): Promise<T> {
    try {
      return await act(await this.#accessToken(subject));
    } catch (error) {
      if (!(error instanceof oauth.WWWAuthenticateChallengeError) || error.status !== 401) throw error;
      // The access token is refused. Whether the session is over, only the refresh can tell:
      // a server that forgot an access token must not log anybody out.
      this.forgetAccess();
      return await act(await this.#accessToken(subject));
    }
  }

  async #userinfo(accessToken: string, subject: string): Promise<Record<string, unknown>> {
    const { server } = this.tools;
    const metadata = await server.metadata();
    return await server.prove(async (options) => {
      const client = server.client();
      const response = await oauth.userInfoRequest(metadata, client, accessToken, options);
      // Refuses claims about anybody else (OpenID Connect Core §5.3.4).
      return await oauth.processUserInfoResponse(metadata, client, subject, response);
    });
  }

  async #accessToken(subject: string): Promise<string> {
    const access = this.#access;
    if (access?.subject === subject && this.tools.now() < access.goodUntil) return access.token;
    // One refresh at a time: whoever comes meanwhile waits for the same one.
    this.#refreshing ??= this.lock("smartumpay-refresh", async () => await this.#refresh(subject)).finally(() => {
      this.#refreshing = undefined;
    });
    return await this.#refreshing;
  }

  async #refresh(subject: string): Promise<string> {
    const { server, vault } = this.tools;
    const metadata = await server.metadata();
    // Read under the lock: another tab may just have been given a newer refresh token.
    const session = await vault.session();
    if (session?.subject !== subject) throw new LoggedOut(undefined);
    // Without its key the session cannot be used any more: the browser has cleared part of its storage.
    if ((await vault.key()) === undefined) {
      return await this.#ended(session, true, "key_missing");
    }
    try {
      const tokens = await server.prove(async (options) => {
        const client = server.client();
        const response = await oauth.refreshTokenGrantRequest(metadata, client, oauth.None(), session.refreshToken, options);
        return await oauth.processRefreshTokenResponse(metadata, client, response);
      });
      if (tokens.token_type !== "dpop") throw new Failure("server");
      if (tokens.refresh_token !== undefined && tokens.refresh_token !== session.refreshToken) {
        await vault.updateSession(subject, { refreshToken: tokens.refresh_token });
      }
      this.#keep(subject, tokens.access_token, tokens.expires_in);
      return tokens.access_token;
    } catch (error) {
      if (error instanceof oauth.ResponseBodyError && error.error === "invalid_grant") {
        const reason = reasonFrom(error.cause["reason"]);
        return await this.#ended(session, false, reason, supportCodeFrom(error.cause["support_code"]));
      }
      throw error;
    }
  }

  /** The session is over, by the server's word or for want of its key: nothing of it stays here. */
  async #ended(session: Session, tellServer: boolean, reason: string | undefined, supportCode?: string): Promise<never> {
    this.forgetAccess();
    await this.tools.vault.logOut(this.tools.now(), { tellServer, onlyIf: session.refreshToken });
    throw new LoggedOut(reason, supportCode);
  }

  #keep(subject: string, token: string, expiresIn: number | undefined): void {
    const life = (expiresIn ?? 60) * 1000;
    this.#access = { token, subject, goodUntil: this.tools.now() + life - Math.min(margin, life / 2) };
  }

  /**
   * Logs out: first here, at once and also without a network, then at the server.
   * Answers whether the server knows already; if not, `tellServer` will try again.
   */
  async logOut(): Promise<boolean> {
    this.forgetAccess();
    await this.tools.vault.logOut(this.tools.now(), { tellServer: true });
    return await this.tellServer();
  }

  /** Revokes what is queued (RFC 7009). Answers whether nothing is left to tell. */
  async tellServer(): Promise<boolean> {
    const { server, vault } = this.tools;
    return await this.lock("smartumpay-revoke", async () => {
      for (const { token, key } of await vault.revocations()) {
        try {
          // Without its key a token cannot be given up; nor does it open anything.
          if (key !== undefined) await server.post("/revoke", { token, token_type_hint: "refresh_token" }, { key });
        } catch (error) {
          // A refusal will not turn into anything else; a lost or busy answer may.
          if (!(error instanceof oauth.ResponseBodyError)) return false;
        }
        await vault.revoked(token);
      }
      return true;
    });
  }
}
