import type { AuthorizationServer } from "oauth4webapi";

/** How a login goes on outside this app. */
export type Via =
  | { method: "direct"; requestUri: string }
  /** `elsewhere`: the person carries the link to a browser of their choice, which cannot come back by itself. */
  | { method: "link"; link: string; elsewhere: boolean }
  /** `match` is typed on the page that showed the code, `name` is the masked name of whose page it is; `here` when the page is on this very phone. */
  | { method: "qr"; match: string; name: string; here: boolean }
  /** User name and password: it never goes on outside. */
  | { method: "credentials" };

export type Method = Via["method"];

/** A login that this app has started: what the answer will be checked against. */
export interface OpenAttempt {
  phase: "open";
  via: Via;
  /** Random, known to the server and us; the name under which the answer finds its attempt. */
  state: string;
  /** PKCE verifier (RFC 7636): makes the code useless to whoever else sees it. */
  verifier: string;
  nonce: string;
  /** Names the attempt when we ask how it stands. Worth nothing without our key (threat 18). */
  authSession: string | undefined;
  /** Where the browser brings the answer; a QR login has none. */
  redirectUri: string | undefined;
  supportCode: string | undefined;
  /** Milliseconds since 1970, by the clock of this device. */
  startedAt: number;
}

/** A code has come, by the browser or by the server's own answer, and is being redeemed. */
export interface AnsweredAttempt extends Omit<OpenAttempt, "phase"> {
  phase: "answered";
  code: string;
  answeredAt: number;
}

/** Over, one way or another. Kept for a while, so that the same answer twice is no alarm. */
export interface DoneAttempt {
  phase: "done";
  state: string;
  startedAt: number;
}

export type Attempt = OpenAttempt | AnsweredAttempt | DoneAttempt;

export interface Benefit {
  kind: string;
  employer: string;
}

/** What the home screen shows; also when there is no network. */
export interface Profile {
  name: string;
  givenName: string;
  benefits: Benefit[];
  /** Milliseconds since 1970; 0 when it comes from the login alone. */
  fetchedAt: number;
}

/** This device is logged in. The access token is not here: it lives in memory only. */
export interface Session {
  refreshToken: string;
  subject: string;
  loggedInAt: number;
  profile: Profile;
  /** When the newest login of another device was that the person has seen here: the server's time. */
  seenLogin?: number;
}

/** A refresh token that is to be revoked as soon as the server can be reached. */
export interface Revocation {
  token: string;
  /** What the token is bound to: the server wants it proved. Missing when the browser has thrown it away. */
  key?: CryptoKeyPair;
  since: number;
}

interface CachedMetadata {
  issuer: string;
  fetchedAt: number;
  metadata: AuthorizationServer;
}

const singles = "singles"; // key, session, metadata: one of each
const attempts = "attempts";
const revocations = "revocations";

/**
 * Everything the app remembers, in IndexedDB. It is the only place that can hold a
 * CryptoKey without the key ever becoming readable to script (threat 17), and the one
 * all tabs share. Each method is one act and one transaction.
 */
export class Vault {
  private constructor(private readonly db: IDBDatabase) {}

  static async open(factory: IDBFactory = indexedDB, name = "smartumpay"): Promise<Vault> {
    const request = factory.open(name, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore(singles);
      request.result.createObjectStore(attempts, { keyPath: "state" });
      request.result.createObjectStore(revocations, { keyPath: "token" });
    };
    const db = await result(request);
    // A tab with a newer version must not wait for this one.
    db.onversionchange = () => db.close();
    return new Vault(db);
  }

  close(): void {
    this.db.close();
  }

  async key(): Promise<CryptoKeyPair | undefined> {
    return await this.single<CryptoKeyPair>("key");
  }

  /** Keeps the key unless there is one: of two tabs that make a key at once, both use the first. */
  async keepKey(fresh: CryptoKeyPair): Promise<CryptoKeyPair> {
    const tx = this.db.transaction(singles, "readwrite");
    const store = tx.objectStore(singles);
    const present = await result(store.get("key") as IDBRequest<CryptoKeyPair | undefined>);
    if (present === undefined) store.put(fresh, "key");
    await finished(tx);
    return present ?? fresh;
  }

  async metadata(issuer: string): Promise<CachedMetadata | undefined> {
    const cached = await this.single<CachedMetadata>("metadata");
    return cached?.issuer === issuer ? cached : undefined;
  }

  async keepMetadata(cached: CachedMetadata): Promise<void> {
    const tx = this.db.transaction(singles, "readwrite");
    tx.objectStore(singles).put(cached, "metadata");
    await finished(tx);
  }

  async attempt(state: string): Promise<Attempt | undefined> {
    const tx = this.db.transaction(attempts);
    return await result(tx.objectStore(attempts).get(state) as IDBRequest<Attempt | undefined>);
  }

  /** All attempts, newest first. */
  async attempts(): Promise<Attempt[]> {
    const tx = this.db.transaction(attempts);
    const all = await result(tx.objectStore(attempts).getAll() as IDBRequest<Attempt[]>);
    return all.sort((a, b) => b.startedAt - a.startedAt);
  }

  async keepAttempt(attempt: Attempt): Promise<void> {
    const tx = this.db.transaction(attempts, "readwrite");
    tx.objectStore(attempts).put(attempt);
    await finished(tx);
  }

  async forgetAttempts(states: string[]): Promise<void> {
    if (states.length === 0) return;
    const tx = this.db.transaction(attempts, "readwrite");
    for (const state of states) tx.objectStore(attempts).delete(state);
    await finished(tx);
  }

  /**
   * The login worked: the session is kept and every attempt is over, in one step.
   * Unless the person has given the attempt up meanwhile; then nobody is logged in, and
   * the server will be told to forget what it has just handed out. Answers which it was.
   */
  async logIn(session: Session, done: DoneAttempt): Promise<boolean> {
    const tx = this.db.transaction([singles, attempts, revocations], "readwrite");
    const store = tx.objectStore(attempts);
    const all = await result(store.getAll() as IDBRequest<Attempt[]>);
    const wanted = all.some((a) => a.state === done.state && a.phase === "answered");
    if (wanted) {
      tx.objectStore(singles).put(session, "session");
      // Of the others no secret is left, but their late answers are no strangers'.
      for (const { state, startedAt } of all) store.put({ phase: "done", state, startedAt } satisfies DoneAttempt);
      store.put(done);
    } else {
      const key = await result(tx.objectStore(singles).get("key") as IDBRequest<CryptoKeyPair | undefined>);
      tx.objectStore(revocations).put(revocation(session.refreshToken, key, session.loggedInAt));
    }
    await finished(tx);
    return wanted;
  }

  async session(): Promise<Session | undefined> {
    return await this.single<Session>("session");
  }

  /** Changes the session, if there still is the same one: another tab may have logged out. */
  async updateSession(
    subject: string,
    change: Partial<Pick<Session, "refreshToken" | "profile" | "seenLogin">>,
  ): Promise<Session | undefined> {
    const tx = this.db.transaction(singles, "readwrite");
    const store = tx.objectStore(singles);
    const present = await result(store.get("session") as IDBRequest<Session | undefined>);
    const changed = present?.subject === subject ? { ...present, ...change } : undefined;
    if (changed !== undefined) store.put(changed, "session");
    await finished(tx);
    return changed;
  }

  /**
   * Ends the session on this device: session, key and attempts go, and in the same
   * step the refresh token joins the queue of what the server must still be told, with
   * its key, which is good for nothing else any more. With
   * `onlyIf`, nothing happens unless that refresh token is still the current one: news
   * about an old session must not end the one that came after it.
   */
  async logOut(since: number, how: { tellServer: boolean; onlyIf?: string }): Promise<void> {
    const tx = this.db.transaction([singles, attempts, revocations], "readwrite");
    const store = tx.objectStore(singles);
    const session = await result(store.get("session") as IDBRequest<Session | undefined>);
    const key = await result(store.get("key") as IDBRequest<CryptoKeyPair | undefined>);
    const token = session?.refreshToken;
    if (token !== undefined && token === (how.onlyIf ?? token)) {
      store.delete("session");
      store.delete("key");
      tx.objectStore(attempts).clear();
      if (how.tellServer) {
        tx.objectStore(revocations).put(revocation(token, key, since));
      }
    }
    await finished(tx);
  }

  async revocations(): Promise<Revocation[]> {
    const tx = this.db.transaction(revocations);
    return await result(tx.objectStore(revocations).getAll() as IDBRequest<Revocation[]>);
  }

  async revoked(token: string): Promise<void> {
    const tx = this.db.transaction(revocations, "readwrite");
    tx.objectStore(revocations).delete(token);
    await finished(tx);
  }

  private async single<T>(name: "key" | "session" | "metadata"): Promise<T | undefined> {
    const tx = this.db.transaction(singles);
    return await result(tx.objectStore(singles).get(name) as IDBRequest<T | undefined>);
  }
}

function revocation(token: string, key: CryptoKeyPair | undefined, since: number): Revocation {
  return { token, since, ...(key === undefined ? {} : { key }) };
}

async function result<T>(request: IDBRequest<T>): Promise<T> {
  return await new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("IndexedDB request failed"));
  });
}

async function finished(tx: IDBTransaction): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    tx.oncomplete = () => resolve();
    tx.onerror = () => reject(tx.error ?? new Error("IndexedDB transaction failed"));
    tx.onabort = () => reject(tx.error ?? new Error("IndexedDB transaction was aborted"));
  });
}
