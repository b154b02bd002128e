import { receiveAnswer, redeem } from "./login/answer.ts";
import { abandonAttempts, addressOf, startLogin, unfinishedAttempt, type Tools } from "./login/attempt.ts";
import type { Device } from "./login/device.ts";
import { Failure, NoAnswer } from "./login/failure.ts";
import { asFailure } from "./login/server.ts";
import { LoggedOut, SessionKeeper, type Lock } from "./login/session.ts";
import type { AnsweredAttempt, OpenAttempt, Session } from "./login/vault.ts";
import type { Language } from "./texts/index.ts";

/** Why nobody is logged in any more. */
export type OutBecause = "self" | "queued" | "ended" | "locked" | "storage";

/** How fresh the home screen is. */
export type Freshness =
  | { state: "asking" }
  | { state: "fresh" }
  | { state: "offline" }
  | { state: "trouble"; failure: Failure };

/** What the app shows. There is always exactly one. */
export type View =
  | { name: "loading" }
  | { name: "start"; opening: boolean }
  | { name: "pending"; attempt: OpenAttempt }
  | { name: "finishing"; waiting: boolean }
  | { name: "failed"; failure: Failure }
  | { name: "foreign"; loggedIn: boolean }
  | { name: "home"; session: Session; freshness: Freshness }
  | { name: "loggedOut"; because: OutBecause; supportCode: string | undefined };

/** What one tab tells the others. */
export type Message = { kind: "in" } | { kind: "out"; because: OutBecause };

/** The world outside the model: the browser in the app, stand-ins in tests. */
export interface World {
  tools: Tools;
  lock: Lock;
  device: () => Promise<Device>;
  language: () => Language;
  /** Leaves this page for another. */
  navigate: (url: URL) => void;
  /** Resolves after so many milliseconds, or when the network comes back. */
  wait: (milliseconds: number) => Promise<void>;
  tellTabs: (message: Message) => void;
}

/**
 * The app's state and everything that can happen to it. Screens draw `view` and call
 * the methods; nothing else decides what comes next. Whatever a view needs is read
 * from the vault first, so a restart ends up where the person was.
 */
export class Model {
  #view: View = { name: "loading" };
  readonly #listeners = new Set<() => void>();
  readonly #keeper: SessionKeeper;
  #starting = false; // a login is being started: between the press and the leaving

  constructor(private readonly world: World) {
    this.#keeper = new SessionKeeper(world.tools, world.lock);
  }

  get view(): View {
    return this.#view;
  }

  /** Calls the listener at every change of `view`, until the answer is called. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Opens the app, with the answer of a login if the browser came back with one. */
  async open(answer?: URLSearchParams): Promise<void> {
    await this.#orFail(async () => {
      await (answer === undefined ? this.#settle() : this.#receive(answer));
    });
    await this.#tellServer();
  }

  /** Starts a login and leaves for the server. */
  async login(): Promise<void> {
    if (this.#starting) return; // a double click is one login
    this.#starting = true;
    this.#show({ name: "start", opening: true });
    await this.#orFail(async () => {
      const { tools, device, language, navigate } = this.world;
      navigate(await startLogin(tools, await device(), language()));
    });
    this.#starting = false;
  }

  /** Goes on with the login that was interrupted. */
  async resume(): Promise<void> {
    await this.#orFail(async () => {
      const attempt = await unfinishedAttempt(this.world.tools);
      if (attempt?.phase === "open") {
        this.world.navigate(await addressOf(this.world.tools, attempt));
        return;
      }
      const tooOld = attempt === undefined && (await this.world.tools.vault.session()) === undefined;
      if (tooOld && this.#view.name === "pending") {
        throw new Failure("expired", { supportCode: this.#view.attempt.supportCode });
      }
      await this.#settle(); // it has been finished in another tab
    });
  }

  /** Forgets the login that was interrupted or failed, and shows the start screen. */
  async startOver(): Promise<void> {
    await this.#orFail(async () => {
      await abandonAttempts(this.world.tools);
      await this.#settle();
    });
  }

  /** Logs out here at once, and at the server as soon as it can be told. */
  async logOut(): Promise<void> {
    await this.#orFail(async () => {
      const known = await this.#keeper.logOut();
      this.#out(known ? "self" : "queued");
    });
  }

  /** Back in the foreground, back from the network's absence, or back by the Back button. */
  async wake(): Promise<void> {
    switch (this.#view.name) {
      case "home":
        await this.#refresh();
        break;
      case "start":
      case "pending":
        if (this.#starting) return;
        await this.#orFail(async () => await this.#settle());
        break;
      default:
    }
    await this.#tellServer();
  }

  /** Shows where the person is now: for buttons that lead out of a message. */
  async goOn(): Promise<void> {
    await this.#orFail(async () => await this.#settle());
  }

  /** Asks for the profile again. */
  async refresh(): Promise<void> {
    await this.#refresh();
  }

  /** Another tab has logged in or out. */
  async hear(message: Message): Promise<void> {
    this.#keeper.forgetAccess();
    await this.#orFail(async () => {
      const session = await this.world.tools.vault.session();
      if (session === undefined && message.kind === "out" && this.#view.name === "home") {
        this.#show({ name: "loggedOut", because: message.because, supportCode: undefined });
      } else if (session !== undefined && this.#view.name !== "home" && this.#view.name !== "finishing") {
        this.#show({ name: "home", session, freshness: { state: "asking" } });
        await this.#refresh();
      }
    });
  }

  /** Shows what the vault says: home, a login under way, or the start. */
  async #settle(): Promise<void> {
    const session = await this.world.tools.vault.session();
    if (session !== undefined) {
      this.#show({ name: "home", session, freshness: { state: "asking" } });
      await this.#refresh();
      return;
    }
    const attempt = await unfinishedAttempt(this.world.tools);
    if (attempt?.phase === "answered") {
      await this.#finish(attempt);
    } else {
      this.#show(attempt === undefined ? { name: "start", opening: false } : { name: "pending", attempt });
    }
  }

  async #receive(answer: URLSearchParams): Promise<void> {
    const received = await receiveAnswer(this.world.tools, answer);
    switch (received.kind) {
      case "ours":
        await this.#finish(received.attempt);
        break;
      case "again":
        await this.#settle();
        break;
      case "foreign":
        this.#show({ name: "foreign", loggedIn: (await this.world.tools.vault.session()) !== undefined });
        break;
      case "failed":
        throw received.failure;
    }
  }

  /** Redeems the code: in one tab only, and never over a session that is there already. */
  async #finish(attempt: AnsweredAttempt): Promise<void> {
    const { tools, lock, wait, tellTabs } = this.world;
    this.#show({ name: "finishing", waiting: false });
    await lock("smartumpay-login", async () => {
      const present = await tools.vault.attempt(attempt.state);
      if (present?.phase !== "answered") return; // done by another tab, or given up
      if ((await tools.vault.session()) !== undefined) {
        await abandonAttempts(tools);
        return;
      }
      const onWait = () => this.#show({ name: "finishing", waiting: true });
      const redeemed = await redeem(tools, present, { wait, onWait });
      if (redeemed === undefined) return;
      this.#keeper.begin(redeemed);
      tellTabs({ kind: "in" });
    });
    // Unless the person has gone elsewhere by themselves.
    if (this.#view.name === "finishing") await this.#settle();
  }

  async #refresh(): Promise<void> {
    if (this.#view.name !== "home") return;
    this.#show({ ...this.#view, freshness: { state: "asking" } });
    try {
      const session = await this.#keeper.fetchProfile();
      this.#fresh({ state: "fresh" }, session);
    } catch (error) {
      if (error instanceof LoggedOut) {
        this.#lost(error);
      } else if (error instanceof NoAnswer) {
        this.#fresh({ state: "offline" }); // a missing network logs nobody out
      } else {
        this.#fresh({ state: "trouble", failure: asFailure(error) });
      }
    }
  }

  /** Puts news on the home screen, unless the person has left it meanwhile. */
  #fresh(freshness: Freshness, session?: Session): void {
    if (this.#view.name === "home") {
      this.#show({ name: "home", session: session ?? this.#view.session, freshness });
    }
  }

  #lost({ reason, supportCode }: LoggedOut): void {
    if (this.#view.name !== "home") return; // this tab has logged out by itself
    const because = reason === "person_locked" ? "locked" : reason === "key_missing" ? "storage" : "ended";
    this.#out(because, supportCode);
  }

  #out(because: OutBecause, supportCode?: string): void {
    this.world.tellTabs({ kind: "out", because });
    this.#show({ name: "loggedOut", because, supportCode });
  }

  /** Tells the server of log-outs that it missed. */
  async #tellServer(): Promise<void> {
    try {
      const known = await this.#keeper.tellServer();
      if (known && this.#view.name === "loggedOut" && this.#view.because === "queued") {
        this.#show({ ...this.#view, because: "self" });
      }
    } catch {
      // Storage is out of order: the screen that needs it says so.
    }
  }

  async #orFail(act: () => Promise<void>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.#show({ name: "failed", failure: asFailure(error) });
    }
  }

  #show(view: View): void {
    this.#view = view;
    for (const listener of this.#listeners) listener();
  }
}
