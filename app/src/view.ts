import type { LoggedInDevice } from "./login/devices.ts";
import type { Failure } from "./login/failure.ts";
import type { Method, OpenAttempt, Session } from "./login/vault.ts";
import type { Live } from "./waiting.ts";

/** Why nobody is logged in any more. */
export type OutBecause = "self" | "queued" | "ended" | "locked" | "storage" | "upgraded";

/** How fresh the home screen is. */
export type Freshness = { state: "asking" } | { state: "fresh" } | { state: "offline" } | { state: "trouble"; failure: Failure };

/** What the app shows. There is always exactly one. */
export type View =
  | { name: "loading" }
  | { name: "start"; opening: boolean }
  | { name: "pending"; attempt: OpenAttempt; live: Live }
  | { name: "offered"; payload: string; loggedInAs: string | undefined }
  | { name: "finishing"; waiting: boolean }
  | { name: "failed"; failure: Failure; method: Method }
  | { name: "foreign"; loggedIn: boolean }
  | { name: "home"; session: Session; freshness: Freshness; news?: LoggedInDevice[] }
  | { name: "loggedOut"; because: OutBecause; supportCode: string | undefined };
