/** How the service worker answers one request. */
export type Answer =
  /** From the network alone: none of our business. */
  | "pass"
  /** The start page as installed; the address never reaches the network. */
  | "shell"
  /** The start page from the network, or as installed when that does not answer. */
  | "shell-fresh"
  /** A file of this version, as installed. */
  | "installed"
  /** config.json: from the network, or the last one seen. */
  | "config";

/**
 * Decides by address alone. The login service is another origin and always passes:
 * nothing of it is ever stored. /return carries a code: it is answered from what is
 * installed, so that the code is neither stored nor sent to the app's own server.
 */
export function route(request: { url: string; method: string; mode: string }, origin: string, files: readonly string[]): Answer {
  const url = new URL(request.url);
  if (url.origin !== origin || request.method !== "GET") return "pass";
  if (request.mode === "navigate") {
    if (url.pathname === "/return" || url.pathname === "/open") return "shell";
    return url.pathname === "/" ? "shell-fresh" : "pass";
  }
  if (url.pathname === "/config.json") return "config";
  return url.pathname !== "/" && files.includes(url.pathname) ? "installed" : "pass";
}
