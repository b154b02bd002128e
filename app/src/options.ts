import type { Config } from "./config.ts";
import type { Device } from "./login/device.ts";
import type { Language } from "./texts/index.ts";

type Platform = Device["platform"];

/** News of the operator for the people concerned, already in the language asked for. */
export interface Notice {
  id: string;
  /** Day of publication, `2022-05-31`. */
  date?: string;
  title?: string;
  /** Plain text; lines may break. */
  text: string;
  severity: "info" | "warning" | "problem";
}

/** One way of logging in, on or off, and why when it is off. */
export interface MethodOption {
  method: string;
  on: boolean;
  reason?: string;
}

/** What the server says about logging in right now. A member that is missing has not been said. */
export interface LoginOptions {
  notices: Notice[];
  /** Older versions of the app are asked to update before they log in. */
  minimumVersion?: string;
  /** Older versions work, but there is a better one. */
  recommendedVersion?: string;
  /** In the server's order. */
  methods?: MethodOption[];
  alternatives?: { minimumVersion?: string; available: boolean };
  /** Where this device gets the app. */
  store?: Store;
}

export interface Store {
  name: "app_store" | "google_play" | "appgallery";
  url: string;
}

/** Where the last answer is kept for a start without a network: `localStorage`. */
export interface Memory {
  getItem: (key: string) => string | null;
  setItem: (key: string, value: string) => void;
}

const nothing: LoginOptions = { notices: [] };

/**
 * Asks `GET /login-options`. It is advice, never a condition: a server that does not
 * have it leaves the app as it is, and one that does not answer leaves what it said
 * last.
 */
export async function loadLoginOptions(
  fetcher: typeof fetch,
  config: Config,
  language: Language,
  platform: Platform,
  memory?: Memory,
): Promise<LoginOptions> {
  const query = new URLSearchParams({ platform, version: config.version, locale: language });
  const key = `login-options-${language}`;
  try {
    const response = await fetcher(`${config.issuer}/login-options?${query.toString()}`, {
      credentials: "omit",
      headers: { accept: "application/json" },
      signal: AbortSignal.timeout(8_000),
    });
    if (!response.ok) return remembered(memory, key, platform);
    const json: unknown = await response.json();
    remember(memory, key, json);
    return parseLoginOptions(json, platform);
  } catch {
    return remembered(memory, key, platform);
  }
}

function remember(memory: Memory | undefined, key: string, json: unknown): void {
  try {
    memory?.setItem(key, JSON.stringify(json));
  } catch {
    // Storage is full or forbidden: then it is asked again next time.
  }
}

/** Read with the same care as from the network. */
function remembered(memory: Memory | undefined, key: string, platform: Platform): LoginOptions {
  try {
    return parseLoginOptions(JSON.parse(memory?.getItem(key) ?? "null"), platform);
  } catch {
    return nothing;
  }
}

/** Takes what is well-formed and leaves the rest out: one odd notice must not hide the others. */
export function parseLoginOptions(json: unknown, platform: Platform = "web"): LoginOptions {
  if (!isObject(json)) return nothing;
  const notices = Array.isArray(json["notices"]) ? json["notices"].map(notice).filter((n) => n !== undefined) : [];
  const minimumVersion = version(json["minimum_version"]);
  const recommendedVersion = version(json["recommended_version"]);
  const methods = methodsFrom(json["methods"]);
  const alternatives = alternativesFrom(json["alternative_methods"]);
  const store = storeFrom(json["stores"], platform);
  return {
    notices: notices.slice(0, 5),
    ...(minimumVersion === undefined ? {} : { minimumVersion }),
    ...(recommendedVersion === undefined ? {} : { recommendedVersion }),
    ...(methods === undefined ? {} : { methods }),
    ...(alternatives === undefined ? {} : { alternatives }),
    ...(store === undefined ? {} : { store }),
  };
}

function version(value: unknown): string | undefined {
  return typeof value === "string" && /^\d{1,4}(\.\d{1,4}){0,2}$/.test(value) ? value : undefined;
}

function methodsFrom(json: unknown): MethodOption[] | undefined {
  if (!Array.isArray(json)) return undefined;
  return json.flatMap((entry: unknown) => {
    if (!isObject(entry)) return [];
    const { method, state, reason } = entry;
    if (typeof method !== "string" || (state !== "on" && state !== "off")) return [];
    return [{ method, on: state === "on", ...(typeof reason === "string" && reason !== "" ? { reason } : {}) }];
  });
}

function alternativesFrom(json: unknown): LoginOptions["alternatives"] {
  if (!isObject(json)) return undefined;
  const minimumVersion = version(json["minimum_version"]);
  return { available: json["available"] !== false, ...(minimumVersion === undefined ? {} : { minimumVersion }) };
}

/** The store of this kind of phone. A browser on a computer has none: it loads the new version by itself. */
function storeFrom(json: unknown, platform: Platform): Store | undefined {
  if (!isObject(json) || platform === "web") return undefined;
  const names = { ios: "app_store", android: "google_play", huawei: "appgallery" } as const;
  const name = names[platform];
  const url = json[name];
  // It becomes a link: never to anything but a web page.
  return typeof url === "string" && url.startsWith("https://") && URL.canParse(url) ? { name, url } : undefined;
}

function notice(json: unknown, index: number): Notice | undefined {
  if (!isObject(json)) return undefined;
  const { id, date, title, text, severity } = json;
  if (typeof text !== "string" || text === "") return undefined;
  return {
    id: typeof id === "string" ? id : `notice-${index}`,
    text,
    severity: severity === "warning" || severity === "problem" ? severity : "info",
    ...(typeof date === "string" && /^\d{4}-\d{2}-\d{2}/.test(date) ? { date: date.slice(0, 10) } : {}),
    ...(typeof title === "string" && title !== "" ? { title } : {}),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
