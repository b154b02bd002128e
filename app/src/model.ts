import { receiveAnswer, redeem } from "./login/answer.ts";
import { abandonAttempts, addressOf, endAttempt, isDirect, startDirect, startLink, unfinishedAttempt } from "./login/attempt.ts";
import { claim, giveUp, reportUnexpected, type PageCode } from "./login/challenge.ts";
import type { Device } from "./login/device.ts";
import { newLogins, type DeviceList } from "./login/devices.ts";
import { Failure, NoAnswer } from "./login/failure.ts";
import { failureAt, isOver, type Progress } from "./login/progress.ts";
import { classify } from "./login/qr.ts";
import { asFailure } from "./login/server.ts";
import { sendPassword, type Credentials } from "./login/password.ts";
import { LoggedOut, SessionKeeper } from "./login/session.ts";
import type { AnsweredAttempt, Method, OpenAttempt, Session } from "./login/vault.ts";
import type { OutBecause, Freshness, View } from "./view.ts";
import { Waiting } from "./waiting.ts";
import type { Message, World } from "./world.ts";

/** What to tell somebody whose session the server has ended, by its reason. */
function becauseOf(reason: string | undefined): OutBecause {
  switch (reason) {
    case "person_locked":
      return "locked";
    case "key_missing":
      return "storage";
    case "strong_authentication_required":
      return "upgraded";
    default:
      return "ended";
  }
}

/** Whether a link has run out that nobody has opened; the server forgets those before the others. */
function isLinkTooOld(attempt: OpenAttempt, progress: Progress, before = "created"): boolean {
  const ranOut = progress.state === "expired" && failureAt(progress).failure === "expired";
  return ranOut && attempt.via.method === "link" && ["created", "expired"].includes(before);
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
  readonly #waiting: Waiting;
  #starting = false; // a login is being started: between the press and the leaving
  #method: Method = "direct"; // of the login that was tried last

  constructor(private readonly world: World) {
    this.#keeper = new SessionKeeper(world.tools, world.lock);
    this.#waiting = new Waiting({
      ...world,
      onChange: (live) => {
        if (this.#view.name === "pending") this.#show({ ...this.#view, live });
      },
      onProgress: (attempt, progress, before) => void this.#orFail(async () => await this.#progressed(attempt, progress, before)),
      onFailure: (attempt, error) => void this.#orFail(async () => await this.#ended(attempt, asFailure(error))),
    });
  }

  get view(): View {
    return this.#view;
  }

  /** Calls the listener at every change of `view`, until the answer is called. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Opens the app, with what the browser came back with: the answer of a login, or a page's code. */
  async open(answer?: URLSearchParams, offer?: string): Promise<void> {
    await this.#orFail(async () => {
      if (answer !== undefined) await this.#receive(answer);
      else if (offer !== undefined) await this.#offered(offer);
      else await this.#settle();
    });
    await this.#tellServer();
  }

  /** Starts a direct login and leaves for the server. */
  async login(): Promise<void> {
    await this.#start("direct", async (device) => {
      const { tools, language, navigate } = this.world;
      this.#show({ name: "start", opening: true });
      const attempt = await startDirect(tools, device, language());
      if (isDirect(attempt)) navigate(await addressOf(tools, attempt));
    });
  }

  /**
   * Starts a login by link: opens it in the ordinary browser, or leaves it to the
   * person to bring it to another one.
   */
  async loginByLink(elsewhere: boolean): Promise<void> {
    await this.#start("link", async (device) => {
      const { tools, language, openTab, apart } = this.world;
      const attempt = await startLink(tools, device, language(), { elsewhere, apart: apart() });
      if (attempt.via.method === "link" && !elsewhere) openTab(attempt.via.link);
      this.#pend(attempt);
    });
  }

  /** Opens the link that waits once more. */
  openLink(): void {
    if (this.#view.name === "pending" && this.#view.attempt.via.method === "link") {
      this.world.openTab(this.#view.attempt.via.link);
    }
  }

  /** Claims the code of an activation page. Only ever called by a press or by the camera that a press has opened. */
  async claim(code: PageCode): Promise<void> {
    await this.#start("qr", async (device) => this.#pend(await claim(this.world.tools, device, code)));
  }

  /**
   * Logs in with Smartum credentials. Answers what the person must be told when that was
   * not enough; after "strongRequired" the login goes on with resume().
   */
  async password(credentials: Credentials): Promise<Failure | undefined> {
    if (this.#starting) return undefined;
    this.#starting = true;
    this.#method = "credentials";
    const { tools, language, device } = this.world;
    try {
      const attempt = await sendPassword(tools, await device(), language(), credentials);
      if (attempt.phase === "open") return new Failure("strongRequired", { supportCode: attempt.supportCode });
      await this.#orFail(async () => await this.#finish(attempt));
      return undefined;
    } catch (error) {
      return asFailure(error);
    } finally {
      this.#starting = false;
    }
  }

  /** Where a forgotten password is replaced, in the language of the app. */
  get forgotten(): string {
    return this.world.tools.server.address(`/password/forgot?lang=${this.world.language()}`);
  }

  /** Does again what has failed, except a QR login, whose code must be a new one: that starts at the scanner. */
  async retry(): Promise<void> {
    await (this.#method === "link" ? this.loginByLink(false) : this.login());
  }

  /** A login begins: one at a time, and by the method that "try again" will mean. */
  async #start(method: Method, act: (device: Device) => Promise<void>): Promise<void> {
    if (this.#starting) return; // a double click is one login
    this.#starting = true;
    this.#method = method;
    await this.#orFail(async () => await act(await this.world.device()));
    this.#starting = false;
  }

  /** Brings the six digits that the person's browser shows. */
  async digits(digits: string): Promise<void> {
    if (this.#view.name !== "pending" || this.#view.live.digits.state === "sending") return;
    const { attempt } = this.#view;
    await this.#orFail(async () => {
      await this.#answer(attempt, async () => await this.#waiting.digits(attempt, digits));
    });
  }

  /** The person says that they opened the page's code themselves: whoever is logged in here makes room. */
  async accept(): Promise<void> {
    if (this.#view.name !== "offered") return;
    const { payload, loggedInAs } = this.#view;
    if (loggedInAs !== undefined)
      await this.#orFail(async () => {
        await this.#keeper.logOut();
      });
    await this.claim({ qr: payload, here: true });
  }

  /** Goes on with the login that was interrupted. */
  async resume(): Promise<void> {
    const shown = this.#view.name === "pending" ? this.#view.attempt : undefined;
    await this.#orFail(async () => {
      const attempt = await unfinishedAttempt(this.world.tools);
      if (attempt?.phase === "open" && isDirect(attempt)) {
        this.world.navigate(await addressOf(this.world.tools, attempt));
        return;
      }
      const tooOld = attempt === undefined && (await this.world.tools.vault.session()) === undefined;
      if (tooOld && shown !== undefined) throw new Failure("expired", { supportCode: shown.supportCode });
      await this.#settle(); // it has been finished in another tab
    });
  }

  /** Forgets the login that was interrupted or failed, and shows the start screen. */
  async startOver(): Promise<void> {
    const given = this.#view.name === "pending" ? this.#view.attempt : undefined;
    await this.#orFail(async () => {
      await abandonAttempts(this.world.tools);
      await this.#settle();
    });
    if (given !== undefined) await this.#tellOfEnd(given);
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

  /** Where the person is logged in. Whoever sees the list has seen its news. */
  async devices(): Promise<DeviceList | Failure> {
    return await this.#orLost(async () => {
      const list = await this.#keeper.devices();
      await this.#saw(list.devices.map(({ loggedInAt }) => loggedInAt));
      return list;
    });
  }

  /** Logs another device out; "not-me" says that a stranger was there. Answers what went wrong. */
  async endDevice(id: string, how: "logout" | "not-me"): Promise<Failure | undefined> {
    const failure = await this.#orLost(async () => {
      await this.#keeper.endDevice(id, how);
      return undefined;
    });
    if (failure === undefined && this.#view.name === "home" && this.#view.news !== undefined) {
      this.#show({ ...this.#view, news: this.#view.news.filter((each) => each.id !== id) });
    }
    return failure;
  }

  /** Logs out every device but this one. */
  async endOtherDevices(): Promise<Failure | undefined> {
    return await this.#orLost(async () => {
      await this.#keeper.endOtherDevices();
      return undefined;
    });
  }

  /** The person knows the new devices that Home tells of. */
  async knowDevices(): Promise<void> {
    if (this.#view.name !== "home") return;
    await this.#saw((this.#view.news ?? []).map(({ loggedInAt }) => loggedInAt));
  }

  async #saw(logins: number[]): Promise<void> {
    const { vault } = this.world.tools;
    const session = await vault.session();
    if (session === undefined || logins.length === 0) return;
    await vault.updateSession(session.subject, { seenLogin: Math.max(session.seenLogin ?? 0, ...logins) });
    if (this.#view.name === "home") this.#show({ ...this.#view, news: [] });
  }

  /** Acts as somebody who is logged in: who is not any more leaves, anything else is told. */
  async #orLost<T>(act: () => Promise<T>): Promise<T | Failure> {
    try {
      return await act();
    } catch (error) {
      if (error instanceof LoggedOut) this.#lost(error);
      return asFailure(error);
    }
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
    } else if (attempt === undefined) {
      this.#show({ name: "start", opening: false });
    } else {
      this.#pend(attempt);
    }
  }

  /** Shows a login that goes on elsewhere, and waits for it. */
  #pend(attempt: OpenAttempt): void {
    this.#method = attempt.via.method;
    this.#waiting.begin(attempt);
    this.#show({ name: "pending", attempt, live: this.#waiting.live });
  }

  /** The server has told how far the login is that this screen waits for. */
  async #progressed(attempt: OpenAttempt, progress: Progress, before: string | undefined): Promise<void> {
    if (progress.state === "redeemed") {
      await this.#redeemedElsewhere(attempt);
    } else if (isLinkTooOld(attempt, progress, before)) {
      // Nothing has failed: the screen says so and offers a new link.
    } else if (isOver(progress.state)) {
      await this.#ended(attempt, failureAt(progress));
    } else if (progress.state === "approved") {
      await this.#answer(attempt, async () => await this.#waiting.collect(attempt));
    }
  }

  /** Another tab has the code: it, or what it left behind, will end this login. */
  async #redeemedElsewhere(attempt: OpenAttempt): Promise<void> {
    const { vault } = this.world.tools;
    for (let n = 0; n < 10; n++) {
      const present = await vault.attempt(attempt.state);
      if ((await vault.session()) !== undefined || present?.phase === "answered") {
        await this.#settle();
        return;
      }
      await this.world.wait(500);
    }
    await this.#ended(attempt, new Failure("expired"));
  }

  /** The login is over and nobody is in: says why, if this is what the screen is about. */
  async #ended(attempt: OpenAttempt, failure: Failure): Promise<void> {
    await endAttempt(this.world.tools, attempt);
    if (this.#view.name === "pending" && this.#view.attempt.state === attempt.state) {
      throw failure.withCode(attempt.supportCode);
    }
  }

  /** Asks the server for the code of a login that waits, unless the browser has brought it to another tab. */
  async #answer(attempt: OpenAttempt, ask: () => Promise<AnsweredAttempt | undefined>): Promise<void> {
    const { lock, tools } = this.world;
    let asked: { present: boolean; answered: AnsweredAttempt | undefined };
    try {
      asked = await lock("smartumpay-login", async () => {
        const present = await tools.vault.attempt(attempt.state);
        if (present?.phase === "open") return { present: true, answered: await ask() };
        return { present: false, answered: present?.phase === "answered" ? present : undefined };
      });
    } catch (error) {
      await this.#ended(attempt, asFailure(error));
      return;
    }
    if (asked.answered !== undefined) await this.#finish(asked.answered);
    else if (!asked.present) await this.#settle();
  }

  /** "Avaa SmartumPayssa" on this very phone. Nothing happens by itself (threats 16, 30). */
  async #offered(payload: string): Promise<void> {
    this.#method = "qr";
    const scanned = classify(payload);
    if (scanned.kind !== "ours") throw new Failure(scanned.kind === "newer" ? "update" : "qrUnknown");
    const session = await this.world.tools.vault.session();
    this.#show({ name: "offered", payload: scanned.payload, loggedInAs: session?.profile.name });
  }

  async #receive(answer: URLSearchParams): Promise<void> {
    const { tools, lock } = this.world;
    const received = await lock("smartumpay-login", async () => await receiveAnswer(tools, answer));
    switch (received.kind) {
      case "ours":
        await this.#finish(received.attempt);
        break;
      case "again":
        await this.#settle();
        break;
      case "foreign":
        this.#show({ name: "foreign", loggedIn: (await tools.vault.session()) !== undefined });
        await this.#report(received.code);
        break;
      case "failed":
        throw received.failure;
    }
  }

  /** A login that nobody tells of ends by itself within minutes: no reason to keep the person. */
  async #tellOfEnd(attempt: OpenAttempt): Promise<void> {
    try {
      await giveUp(this.world.tools, attempt);
    } catch {
      // It runs out by itself.
    }
  }

  /** Without the report the code is still worth nothing to anybody: no reason to keep the person. */
  async #report(code: string | undefined): Promise<void> {
    try {
      if (code !== undefined) await reportUnexpected(this.world.tools, code);
    } catch {
      // The server forgets codes by itself within a minute.
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
      await this.#lookForNews();
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

  /** Looks whether another device has logged in. Without an answer there is no news: the next look finds it. */
  async #lookForNews(): Promise<void> {
    try {
      const list = await this.#keeper.devices();
      const session = await this.world.tools.vault.session();
      if (this.#view.name === "home" && session !== undefined) {
        this.#show({ ...this.#view, news: newLogins(list, session.seenLogin) });
      }
    } catch (error) {
      if (error instanceof LoggedOut) throw error;
    }
  }

  /** Puts what was asked on the home screen, unless the person has left it meanwhile. */
  #fresh(freshness: Freshness, session?: Session): void {
    if (this.#view.name === "home") {
      this.#show({ ...this.#view, session: session ?? this.#view.session, freshness });
    }
  }

  #lost({ reason, supportCode }: LoggedOut): void {
    if (this.#view.name !== "home") return; // this tab has logged out by itself
    this.#out(becauseOf(reason), supportCode);
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
      this.#show({ name: "failed", failure: asFailure(error), method: this.#method });
    }
  }

  #show(view: View): void {
    if (view.name !== "pending") this.#waiting.end();
    this.#view = view;
    for (const listener of this.#listeners) listener();
  }
}
