import { route } from "./routes.ts";

/** Put in front of this script by build/precache.ts. */
interface Precached {
  version: string;
  files: string[];
}

declare const self: ServiceWorkerGlobalScope & { precached: Precached };

const { version, files } = self.precached;
const installed = `installed-${version}`;
const configs = "config";

/** Milliseconds that a fresh start page is waited for before the installed one is shown. */
const patience = 3_000;

self.addEventListener("install", (event) => {
  event.waitUntil(install());
});

self.addEventListener("activate", (event) => {
  event.waitUntil(activate());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  switch (route(request, self.location.origin, files)) {
    case "shell":
      event.respondWith(shell(request));
      break;
    case "shell-fresh":
      event.respondWith(freshShell(request));
      break;
    case "installed":
      event.respondWith(fromInstalled(request));
      break;
    case "config":
      event.respondWith(freshConfig(request));
      break;
    case "pass":
  }
});

async function install(): Promise<void> {
  const cache = await caches.open(installed);
  // "reload": past the browser's own cache, or a new version could be installed from old files.
  await cache.addAll(files.map((file) => new Request(file, { cache: "reload" })));
  await (await caches.open(configs)).add(new Request("/config.json", { cache: "reload" }));
  await self.skipWaiting();
}

async function activate(): Promise<void> {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name !== installed && name !== configs).map((name) => caches.delete(name)));
  await self.clients.claim();
}

async function shell(request: Request): Promise<Response> {
  return (await (await caches.open(installed)).match("/")) ?? (await fetch(request));
}

/** A fix of the app should reach people at its next start, not at the one after. */
async function freshShell(request: Request): Promise<Response> {
  try {
    const response = await fetch(request, { signal: AbortSignal.timeout(patience) });
    if (response.ok) return response;
  } catch {
    // Offline or slow: the installed page will do.
  }
  return await shell(request);
}

async function fromInstalled(request: Request): Promise<Response> {
  return (await (await caches.open(installed)).match(new URL(request.url).pathname)) ?? (await fetch(request));
}

async function freshConfig(request: Request): Promise<Response> {
  const cache = await caches.open(configs);
  try {
    const response = await fetch(request, { signal: AbortSignal.timeout(patience) });
    if (response.ok) {
      await cache.put("/config.json", response.clone());
      return response;
    }
  } catch {
    // Offline or slow: the last one seen will do.
  }
  return (await cache.match("/config.json")) ?? Response.error();
}
