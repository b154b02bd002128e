import { render } from "preact";

import { App } from "./App.tsx";
import { ConfigError, isLoopback, loadConfig, type Config } from "./config.ts";
import { takeAnswer } from "./login/answer.ts";
import { describeDevice, platformOf } from "./login/device.ts";
import { takeOffer } from "./login/qr.ts";
import { Server } from "./login/server.ts";
import { Vault } from "./login/vault.ts";
import { Model } from "./model.ts";
import type { Message, World } from "./world.ts";
import { loadLoginOptions, type Memory } from "./options.ts";
import { Broken } from "./screens/Broken.tsx";
import { pickLanguage, texts, type Language } from "./texts/index.ts";
import { Frame } from "./ui/Frame.tsx";
import "./ui/base.css";
import "./ui/parts.css";
import "./ui/screens.css";

// Before anything else: codes leave the address bar (threat 32).
const answer = takeAnswer(location, history);
const offer = takeOffer(location, history);

const languageKey = "language";

async function start(root: HTMLElement): Promise<void> {
  let language = pickLanguage(rememberedLanguage(), navigator.languages);
  document.documentElement.lang = language;
  let config: Config;
  let vault: Vault;
  try {
    [config, vault] = await Promise.all([loadConfig(fetch.bind(window)), Vault.open()]);
    config = { ...config, version: shownVersion(config) };
  } catch (error) {
    drawBroken(root, language, error);
    return;
  }
  const model = new Model(worldOf(config, vault, () => language));

  const askOptions = (wanted: Language) => loadLoginOptions(fetch.bind(window), config, wanted, platformOf(navigator), memory);
  const draw = () => {
    render(<App config={config} model={model} language={language} askOptions={askOptions} onLanguage={choose} />, root);
  };
  const choose = (chosen: Language) => {
    rememberLanguage(chosen);
    language = chosen;
    draw();
  };

  draw();
  listen(model, () => {
    language = pickLanguage(rememberedLanguage(), navigator.languages);
    draw();
  });
  await model.open(answer, offer);
}

/** `localStorage`, which throws when it is merely looked at in a browser that blocks storage. */
const memory: Memory = {
  getItem: (key) => localStorage.getItem(key),
  setItem: (key, value) => localStorage.setItem(key, value),
};

/**
 * The version that this app says it is. For demonstrations on this very machine, and
 * nowhere else, `?version=1.15.0` makes it an old one until the tab is closed.
 */
function shownVersion(config: Config): string {
  if (!isLoopback(new URL(config.issuer))) return config.version;
  try {
    const wanted = new URLSearchParams(location.search).get("version");
    if (wanted !== null && /^\d{1,4}\.\d{1,4}\.\d{1,4}$/.test(wanted)) sessionStorage.setItem("version", wanted);
    return sessionStorage.getItem("version") ?? config.version;
  } catch {
    return config.version;
  }
}

/** A browser that blocks storage throws; the app must get far enough to say so. */
function rememberedLanguage(): string | null {
  try {
    return localStorage.getItem(languageKey);
  } catch {
    return null;
  }
}

function rememberLanguage(language: Language): void {
  try {
    localStorage.setItem(languageKey, language);
  } catch {
    // Then it lasts until the app is closed.
  }
}

const channel = new BroadcastChannel("smartumpay");

/** The browser, as the model sees it. */
function worldOf(config: Config, vault: Vault, language: () => Language): World {
  const now = () => Date.now();
  return {
    tools: {
      server: new Server(config, vault, fetch.bind(window), now),
      vault,
      redirectUri: `${location.origin}/return`,
      now,
    },
    lock: async (name, act) => await navigator.locks.request(name, act),
    device: async () => await describeDevice(navigator),
    language,
    navigate: (url) => location.assign(url),
    // The page that opens must not reach back to this one, nor learn where it was opened from.
    openTab: (url) => void window.open(url, "_blank", "noopener,noreferrer"),
    // On an iPhone an app on the home screen has a storage of its own, apart from Safari's.
    apart: () => platformOf(navigator) === "ios" && matchMedia("(display-mode: standalone)").matches,
    wait: async (milliseconds) => {
      await new Promise<void>((resolve) => {
        setTimeout(resolve, milliseconds);
        addEventListener("online", () => resolve(), { once: true });
      });
    },
    after: (milliseconds, act) => {
      const timer = setTimeout(() => {
        if (document.visibilityState === "visible") act(); // else coming back starts anew
      }, milliseconds);
      return () => clearTimeout(timer);
    },
    tellTabs: (message) => {
      // Ask the browser not to clear our storage when space runs short. It may say no.
      if (message.kind === "in") void navigator.storage.persist().catch(() => false);
      channel.postMessage(message);
    },
  };
}

function listen(model: Model, onLanguage: () => void): void {
  channel.onmessage = (event: MessageEvent<Message>) => void model.hear(event.data);
  addEventListener("online", () => void model.wake());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") void model.wake();
  });
  addEventListener("pageshow", (event) => {
    // Back from the bank by the Back button: the page is as it was left, the world is not.
    if (event.persisted) void model.wake();
  });
  addEventListener("storage", (event) => {
    if (event.key === languageKey) onLanguage(); // changed in another tab
  });
}

function drawBroken(root: HTMLElement, language: Language, error: unknown): void {
  const t = texts[language];
  // A mistake in the configuration is for whoever runs the server: it names a member, never a value.
  if (error instanceof ConfigError) console.error(error.message);
  const storage = error instanceof DOMException && error.name !== "TimeoutError";
  const title = storage ? t.failures.storage.title : t.app.brokenTitle;
  const text = storage ? t.failures.storage.text : t.app.brokenText;
  render(
    <Frame caption={t.app.caption}>
      <Broken t={t} title={title} text={text} />
    </Frame>,
    root,
  );
}

/** Makes the app start without a network. Registered late: the first login is more urgent. */
function installServiceWorker(): void {
  if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
  // Trusted Types demand that the address of a script come through a policy; ours lets one through.
  const policy = window.trustedTypes?.createPolicy("smartumpay", {
    createScriptURL: (url) => {
      if (url !== "/sw.js") throw new TypeError("not our service worker");
      return url;
    },
  });
  const url = (policy?.createScriptURL("/sw.js") ?? "/sw.js") as string;
  void navigator.serviceWorker.register(url, { updateViaCache: "none" }).catch(() => undefined);
}

const root = document.getElementById("app");
if (root !== null) void start(root).finally(installServiceWorker);
