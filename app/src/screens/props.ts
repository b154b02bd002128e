import type { Config } from "../config.ts";
import type { Model } from "../model.ts";
import type { Language, Texts } from "../texts/index.ts";

/** What every screen is given. */
export interface ScreenProps {
  t: Texts;
  language: Language;
  config: Config;
  model: Model;
  /** The browser says that there is a network. It may be wrong about yes, hardly about no. */
  online: boolean;
}
