import { collect, sendDigits } from "./login/challenge.ts";
import { isDirect, type Tools } from "./login/attempt.ts";
import type { Failure } from "./login/failure.ts";
import { follow, persist, type Following, type Progress } from "./login/progress.ts";
import { asFailure } from "./login/server.ts";
import type { AnsweredAttempt, OpenAttempt } from "./login/vault.ts";

/** Milliseconds after which a direct login that has not come back is taken to be stuck. */
export const stuckAfter = 10_000;

/** How often the server lets digits be wrong. */
const digitTries = 3;

/** What is known of a login that goes on elsewhere. */
export interface Live {
  /** The server's word for how far it is; undefined until it has said. */
  state: string | undefined;
  /** The server cannot be reached just now; the app keeps trying. */
  trouble: boolean;
  /** A direct login that has not come back. */
  stuck: boolean;
  digits: Digits;
}

export type Digits =
  | { state: "open"; triesLeft: number }
  | { state: "sending"; triesLeft: number }
  | { state: "refused"; because: "wrong" | "late" | "busy" | "network"; triesLeft: number; retryAfter: number };

export const unknown: Live = { state: undefined, trouble: false, stuck: false, digits: { state: "open", triesLeft: digitTries } };

/** What the waiting needs of the world, and whom it tells. */
export interface Surroundings {
  tools: Tools;
  wait: (milliseconds: number) => Promise<void>;
  /** Acts after so many milliseconds, if the app is in the foreground then; calling the answer calls it off. */
  after: (milliseconds: number, act: () => void) => () => void;
  onChange: (live: Live) => void;
  /** Told each change, with the state before it. */
  onProgress: (attempt: OpenAttempt, progress: Progress, before: string | undefined) => void;
  onFailure: (attempt: OpenAttempt, error: unknown) => void;
}

/** Waits for a login that goes on in a browser or on a computer. One at a time. */
export class Waiting {
  #attempt: OpenAttempt | undefined;
  #live = unknown;
  #stop = new AbortController();
  #callOff: () => void = () => undefined;

  constructor(private readonly around: Surroundings) {}

  get live(): Live {
    return this.#live;
  }

  /** Waits for this login from now on; for the one it waits for already, asks afresh at once. */
  begin(attempt: OpenAttempt): void {
    if (this.#attempt?.state !== attempt.state) this.#live = unknown;
    this.#attempt = attempt;
    this.#callOff();
    this.#stop.abort(); // a question that slept through the night is not worth waiting for
    const stop = (this.#stop = new AbortController());
    if (isDirect(attempt) && !this.#live.stuck) this.#callOff = this.around.after(stuckAfter, () => this.#stuck());
    void this.#follow(attempt, stop.signal);
  }

  /** Waits no more. */
  end(): void {
    this.#attempt = undefined;
    this.#callOff();
    this.#stop.abort();
  }

  async #follow(attempt: OpenAttempt, signal: AbortSignal): Promise<void> {
    const { tools, onProgress, onFailure } = this.around;
    try {
      await follow(tools, attempt, this.#following(signal), (progress) => {
        const before = this.#live.state;
        this.#change({ state: progress.state });
        onProgress(attempt, progress, before);
      });
    } catch (error) {
      if (!signal.aborted) onFailure(attempt, error);
    }
  }

  #following(signal: AbortSignal): Following {
    const onTrouble = (trouble: boolean) => {
      if (!signal.aborted && trouble !== this.#live.trouble) this.#change({ trouble });
    };
    return { signal, wait: this.around.wait, onTrouble };
  }

  /** Gets the code of a QR login that has been approved; undefined when it is no longer waited for. */
  async collect(attempt: OpenAttempt): Promise<AnsweredAttempt | undefined> {
    const following = this.#following(this.#stop.signal);
    return await persist(async () => await collect(this.around.tools, attempt), following);
  }

  /** Digits on the screen mean that the person can go on right here. */
  #stuck(): void {
    if (this.#live.state !== "confirmed") this.#change({ stuck: true });
  }

  /**
   * Brings the digits to the server. Answers the attempt with its code, or undefined
   * when the person may try again; throws the Failure that ends the login.
   */
  async digits(attempt: OpenAttempt, digits: string): Promise<AnsweredAttempt | undefined> {
    const { triesLeft } = this.#live.digits;
    this.#change({ digits: { state: "sending", triesLeft } });
    try {
      return await sendDigits(this.around.tools, attempt, digits);
    } catch (error) {
      const failure = asFailure(error);
      const because = reasonToRetry(failure, attempt);
      if (because === undefined) throw failure;
      const left = because === "wrong" ? Math.max(1, triesLeft - 1) : triesLeft;
      this.#change({ digits: { state: "refused", because, triesLeft: left, retryAfter: failure.retryAfter } });
      return undefined;
    }
  }

  #change(change: Partial<Live>): void {
    this.#live = { ...this.#live, ...change };
    this.around.onChange(this.#live);
  }
}

/** Why the same login may be tried again; undefined when it is over. */
function reasonToRetry(failure: Failure, attempt: OpenAttempt): "wrong" | "late" | "busy" | "network" | undefined {
  if (failure.reason === "digits_wrong") return "wrong";
  // The browser of a direct login may not have shown any yet; that of a link has.
  if (failure.reason === "digits_expired" && isDirect(attempt)) return "late";
  if (failure.failure === "tooMany") return "busy";
  return failure.failure === "network" || failure.failure === "server" ? "network" : undefined;
}
