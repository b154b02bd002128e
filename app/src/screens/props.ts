import type { Config } from "../config.ts";
import type { Gate } from "../gate.ts";
import type { Model } from "../model.ts";
import type { LoginOptions } from "../options.ts";
import type { Language, Texts } from "../texts/index.ts";

/** What every screen is given. */
export interface ScreenProps {
  t: Texts;
  language: Language;
  config: Config;
  model: Model;
  /** What the server says about logging in, and what it means for this version of the app. */
  options: LoginOptions;
  gate: Gate;
  /** The browser says that there is a network. It may be wrong about yes, hardly about no. */
  online: boolean;
}
