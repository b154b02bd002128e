import type { Tools } from "./login/attempt.ts";
import type { Device } from "./login/device.ts";
import type { Lock } from "./login/session.ts";
import type { Language } from "./texts/index.ts";
import type { OutBecause } from "./view.ts";

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
  /** Opens an address in the phone's ordinary browser; this page stays. */
  openTab: (url: string) => void;
  /** The ordinary browser does not share this app's storage, so no answer can come back through it. */
  apart: () => boolean;
  /** Resolves after so many milliseconds, or when the network comes back. */
  wait: (milliseconds: number) => Promise<void>;
  /** Acts after so many milliseconds, if the app is in the foreground then; calling the answer calls it off. */
  after: (milliseconds: number, act: () => void) => () => void;
  tellTabs: (message: Message) => void;
}
