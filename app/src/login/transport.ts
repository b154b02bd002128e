import { Busy, NoAnswer, reasonFrom, supportCodeFrom } from "./failure.ts";

/** Milliseconds after which a server that does not answer counts as unreachable. */
export const patience = 15_000;

interface Init {
  method: string;
  headers: Record<string, string>;
  body?: URLSearchParams | string | ArrayBuffer | ReadableStream | Uint8Array<ArrayBuffer> | null | undefined;
  redirect: "manual";
  signal?: AbortSignal | undefined;
}

/**
 * Wraps fetch so that an answer either came completely or did not come at all. A
 * response that is cut off in the middle of its body is as lost as one that never
 * arrived, and may be asked for again; one that says no is an answer.
 *
 * Throws NoAnswer or Busy. `onResponse` sees the head of every answer; `longest` is how
 * many milliseconds the server may take.
 */
export function wholeFetch(fetcher: typeof fetch, onResponse: (head: Response) => void) {
  return async (url: string, init: Init, longest = patience): Promise<Response> => {
    let response: Response;
    let body: ArrayBuffer;
    const stop = new AbortController();
    const give = () => stop.abort();
    const timer = setTimeout(give, longest);
    init.signal?.addEventListener("abort", give);
    if (init.signal?.aborted === true) give();
    try {
      response = await fetcher(url, {
        method: init.method,
        headers: init.headers,
        body: init.body ?? null,
        redirect: init.redirect,
        // No cookie takes part in any of this; the proof is the key.
        credentials: "omit",
        cache: "no-store",
        signal: stop.signal,
      });
      body = await response.arrayBuffer();
    } catch (cause) {
      throw new NoAnswer("no answer", { cause });
    } finally {
      clearTimeout(timer);
      init.signal?.removeEventListener("abort", give);
    }
    // An opaque redirect: a hotel's or train's login page stands between us and the server.
    if (response.status === 0) throw new NoAnswer("redirected");
    onResponse(response);
    if (response.status === 429 || response.status >= 500) {
      throw new Busy(response.status, retryAfter(response), details(body));
    }
    const empty = response.status === 204 || response.status === 205 || response.status === 304;
    return new Response(empty ? null : body, { status: response.status, headers: response.headers });
  };
}

/** Retry-After in milliseconds; only the form in seconds, which is the one our server sends. */
function retryAfter(response: Response): number {
  const seconds = Number(response.headers.get("retry-after") ?? "0");
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 3600) * 1000 : 0;
}

function details(body: ArrayBuffer): { reason?: string | undefined; supportCode?: string | undefined } {
  try {
    const json = JSON.parse(new TextDecoder().decode(body)) as Record<string, unknown> | null;
    return { reason: reasonFrom(json?.["reason"]), supportCode: supportCodeFrom(json?.["support_code"]) };
  } catch {
    return {};
  }
}
