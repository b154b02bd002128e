/** A place where the person is logged in. Times are the server's, in milliseconds. */
export interface LoggedInDevice {
  id: string;
  /** This very device. */
  current: boolean;
  /** A browser that is signed in to the login service's own pages. */
  web: boolean;
  name: string;
  model: string;
  method: string;
  place: string;
  loggedInAt: number;
  usedAt: number;
}

export interface DeviceList {
  devices: LoggedInDevice[];
  /** Until when login link and QR code are paused, if they are. */
  pausedUntil: number | undefined;
}

/** Reads the server's answer. Takes only what is well-formed: an entry without an id can't be acted on. */
export function devicesFrom(answer: Record<string, unknown>): DeviceList {
  const entries: unknown[] = Array.isArray(answer["devices"]) ? answer["devices"] : [];
  const devices = entries.flatMap((entry): LoggedInDevice[] => {
    if (typeof entry !== "object" || entry === null) return [];
    const e = entry as Record<string, unknown>;
    const [id, loggedInAt] = [text(e["id"]), time(e["logged_in_at"])];
    if (!/^[\w-]+$/.test(id) || loggedInAt === undefined) return [];
    return [
      {
        id,
        loggedInAt,
        current: e["current"] === true,
        web: e["web"] === true,
        name: text(e["name"]),
        model: text(e["model"]),
        method: text(e["method"]),
        place: text(e["place"]),
        usedAt: time(e["last_used_at"]) ?? loggedInAt,
      },
    ];
  });
  return { devices, pausedUntil: time(answer["alternative_methods_paused_until"]) };
}

/**
 * Which logins the person has not been told of on this device: those after its own, and
 * after the last one it has seen. Browsers that were signed in for minutes are no news.
 */
export function newLogins({ devices }: DeviceList, seen: number | undefined): LoggedInDevice[] {
  const own = devices.find(({ current }) => current);
  if (own === undefined) return [];
  const since = Math.max(own.loggedInAt, seen ?? 0);
  return devices.filter(({ current, web, loggedInAt }) => !current && !web && loggedInAt > since);
}

function text(value: unknown): string {
  return typeof value === "string" ? value.trim() : "";
}

function time(value: unknown): number | undefined {
  const at = typeof value === "string" ? Date.parse(value) : NaN;
  return Number.isNaN(at) ? undefined : at;
}
