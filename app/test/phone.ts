import { IDBFactory } from "fake-indexeddb";

import { Server } from "../src/login/server.ts";
import type { Lock } from "../src/login/session.ts";
import { Vault, type Session } from "../src/login/vault.ts";
import { Model } from "../src/model.ts";
import type { View } from "../src/view.ts";
import type { Message } from "../src/world.ts";
import { appOrigin, AuthServer, clientId, issuer } from "./authserver.ts";

export const config = {
  issuer,
  clientId,
  version: "1.16.0",
  brand: { name: "SmartumPay", support: {} },
};

/**
 * A phone with this app on it: one storage, one set of locks, any number of tabs. The
 * clock stands still unless the app waits, or a test moves it.
 */
export class Phone {
  readonly storage = new IDBFactory();
  readonly tabs: Tab[] = [];
  readonly #locks = new Map<string, Promise<unknown>>();
  clock = Date.now();
  /** The app has a storage of its own, apart from the browser's. */
  apart = false;

  private constructor(readonly server: AuthServer) {}

  static async make(): Promise<Phone> {
    return new Phone(await AuthServer.start());
  }

  /** Opens the app in a new tab; opening it anew after `close` is a restart. */
  async open(answer?: URLSearchParams, offer?: string): Promise<Tab> {
    const tab = new Tab(this, await Vault.open(this.storage));
    this.tabs.push(tab);
    await tab.model.open(answer, offer);
    return tab;
  }

  /** A tab whose person has gone through the whole login. */
  async loggedIn(): Promise<Tab> {
    const tab = await this.open();
    await tab.model.login();
    const answer = this.server.authenticate(tab.address);
    tab.close();
    return await this.open(answer);
  }

  readonly lock: Lock = async (name, act) => {
    const before = this.#locks.get(name) ?? Promise.resolve();
    const mine = before.then(act, act);
    this.#locks.set(
      name,
      mine.catch(() => undefined),
    );
    return await mine;
  };
}

export class Tab {
  readonly model: Model;
  readonly seen: View[] = [];
  readonly addresses: URL[] = [];
  readonly told: Message[] = [];
  /** What has been opened in the ordinary browser. */
  readonly opened: string[] = [];
  readonly #timers = new Set<{ at: number; act: () => void }>();
  /** Called whenever the app waits for a better time. */
  onWait: () => void = () => undefined;

  constructor(
    readonly phone: Phone,
    readonly vault: Vault,
  ) {
    const now = () => phone.clock;
    this.model = new Model({
      tools: { server: new Server(config, vault, phone.server.fetch, now), vault, redirectUri: `${appOrigin}/return`, now },
      lock: phone.lock,
      device: async () => await Promise.resolve({ name: "Chrome, Pixel 7", model: "Pixel 7", platform: "android" as const }),
      language: () => "sv",
      navigate: (url) => this.addresses.push(url),
      wait: async (milliseconds) => {
        phone.clock += milliseconds;
        this.onWait();
        await breath();
      },
      openTab: (url) => this.opened.push(url),
      apart: () => phone.apart,
      after: (milliseconds, act) => {
        const timer = { at: phone.clock + milliseconds, act };
        this.#timers.add(timer);
        return () => this.#timers.delete(timer);
      },
      tellTabs: (message) => {
        this.told.push(message);
      },
    });
    this.model.subscribe(() => this.seen.push(this.model.view));
  }

  get view(): View {
    return this.model.view;
  }

  /** Where the app has sent the browser last. */
  get address(): URL {
    const last = this.addresses.at(-1);
    if (last === undefined) throw new Error("the app has not left");
    return last;
  }

  /** Time goes by with the app in the foreground. */
  pass(milliseconds: number): void {
    this.phone.clock += milliseconds;
    for (const timer of [...this.#timers]) {
      if (timer.at > this.phone.clock) continue;
      this.#timers.delete(timer);
      timer.act();
    }
  }

  /** Resolves when the app shows what is asked for. */
  async shows(what: (view: View) => boolean): Promise<void> {
    if (what(this.view)) return;
    await new Promise<void>((resolve) => {
      const leave = this.model.subscribe(() => {
        if (!what(this.view)) return;
        leave();
        resolve();
      });
    });
  }

  /** The page is gone: a restart, a reload, or the way to the bank. */
  close(): void {
    this.vault.close();
  }
}

/** Lets everything else go on that is under way. */
async function breath(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

/** The session on the tab's phone, which must be there. */
export async function sessionOf(tab: Tab): Promise<Session> {
  const session = await tab.vault.session();
  if (session === undefined) throw new Error("nobody is logged in");
  return session;
}

/** The key on the tab's phone, which must be there. */
export async function keyOf(tab: Tab): Promise<CryptoKeyPair> {
  const key = await tab.vault.key();
  if (key === undefined) throw new Error("there is no key");
  return key;
}
