import type { Config } from "./config.ts";
import type { Language } from "./texts/index.ts";

/** News of the operator for the people concerned, already in the language asked for. */
export interface Notice {
  id: string;
  /** Day of publication, `2022-05-31`. */
  date?: string;
  title?: string;
  text: string;
}

/** What the server says about logging in right now. */
export interface LoginOptions {
  notices: Notice[];
  /** Older versions of the app are asked to update. */
  minimumVersion?: string;
}

const nothing: LoginOptions = { notices: [] };

/**
 * Asks `GET /login-options`. It is advice, never a condition: a server that does not
 * have it, or does not answer, leaves the start screen as it is.
 */
export async function loadLoginOptions(
  fetcher: typeof fetch,
  config: Config,
  language: Language,
  platform: string,
): Promise<LoginOptions> {
  const query = new URLSearchParams({ platform, version: config.version, locale: language });
  try {
    const response = await fetcher(`${config.issuer}/login-options?${query.toString()}`, {
      credentials: "omit",
      headers: { accept: "application/json" },
      signal: AbortSignal.timeout(8_000),
    });
    return response.ok ? parseLoginOptions(await response.json()) : nothing;
  } catch {
    return nothing;
  }
}

/** Takes what is well-formed and leaves the rest out: one odd notice must not hide the others. */
export function parseLoginOptions(json: unknown): LoginOptions {
  if (!isObject(json)) return nothing;
  const notices = Array.isArray(json["notices"]) ? json["notices"].map(notice).filter((n) => n !== undefined) : [];
  const minimum = json["minimum_version"];
  return {
    notices: notices.slice(0, 5),
    ...(typeof minimum === "string" ? { minimumVersion: minimum } : {}),
  };
}

function notice(json: unknown, index: number): Notice | undefined {
  if (!isObject(json)) return undefined;
  const { id, date, title, text } = json;
  if (typeof text !== "string" || text === "") return undefined;
  return {
    id: typeof id === "string" ? id : `notice-${index}`,
    text,
    ...(typeof date === "string" && /^\d{4}-\d{2}-\d{2}/.test(date) ? { date: date.slice(0, 10) } : {}),
    ...(typeof title === "string" && title !== "" ? { title } : {}),
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
