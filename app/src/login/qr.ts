/** What a camera, a picture or a link turned out to hold. */
export type Scanned =
  | { kind: "ours"; payload: string }
  /** Ours, of a kind that this version of the app does not know. */
  | { kind: "newer" }
  /** A web address; only its host is ever shown, and nothing is opened. */
  | { kind: "web"; host: string }
  /** Some other service's code: a ticket, a bill, a Wi-Fi password. */
  | { kind: "other" }
  | { kind: "empty" };

/** Code of an activation page. Not a web address, so that no camera app opens anything (threat 30). */
const ours = /^AVAIN1:[0-9A-Za-z._~:$*+/=-]{8,400}$/;

/** Says what was scanned. Whatever it is, nothing happens until the server has been asked. */
export function classify(text: string): Scanned {
  const data = text.trim();
  if (data === "") return { kind: "empty" };
  if (ours.test(data)) return { kind: "ours", payload: data };
  if (/^AVAIN\d+:/i.test(data) && !/^AVAIN1:/i.test(data)) return { kind: "newer" };
  if (/^https?:\/\//i.test(data) && URL.canParse(data)) {
    // As the browser would write it: look-alike letters come out as xn--.
    return { kind: "web", host: new URL(data).host };
  }
  return { kind: "other" };
}

/**
 * Reads the ten characters of a typed code (Crockford's base 32): case, spaces and
 * dashes do not matter, and letters that look like digits are those digits. Answers
 * what is there so far; it is whole at ten.
 */
export function readTyped(text: string): string {
  return text
    .toUpperCase()
    .replaceAll("O", "0")
    .replace(/[IL]/g, "1")
    .replace(/[^0-9A-HJKMNP-TV-Z]/g, "")
    .slice(0, 10);
}

export const typedLength = 10;

/** In two groups of five, as the page shows it. */
export function groupTyped(typed: string): string {
  return typed.length > 5 ? `${typed.slice(0, 5)} ${typed.slice(5)}` : typed;
}

/** The six digits out of whatever was typed or pasted: "123 456", "Koodi: 123456". */
export function readDigits(text: string): string {
  return text.replace(/\D/g, "").slice(0, 6);
}

/**
 * Takes a page's code out of the address that "Avaa SmartumPayssa" opens. It came in
 * the fragment, which no server sees; it leaves the address before anything else runs.
 */
export function takeOffer(location: Location, history: History): string | undefined {
  if (location.pathname !== "/open") return undefined;
  const fragment = location.hash.slice(1);
  history.replaceState(null, "", "/");
  try {
    return decodeURIComponent(fragment);
  } catch {
    return "";
  }
}
