/** What the server of this app tells it at start-up (`/config.json`). */
export interface Config {
  /** Base address of the login service, exactly as its metadata spells it. */
  issuer: string;
  clientId: string;
  /** Version of the app, as `major.minor.patch`. */
  version: string;
  brand: Brand;
}

export interface Brand {
  name: string;
  /** Path on our own origin of a picture to show instead of the drawn mark. */
  logo?: string;
  support: { email?: string; phone?: string; url?: string };
}

/** Where there is help: on the operator's page, or on that of the service, which answers a reason first. */
export function helpAddress(config: Config, language: string, reason?: string): string {
  if (config.brand.support.url !== undefined) return config.brand.support.url;
  const address = new URL("/help/login", config.issuer);
  address.searchParams.set("lang", language);
  if (reason !== undefined && /^[a-z_]{1,64}$/.test(reason)) address.searchParams.set("reason", reason);
  return address.href;
}

/** A mistake in config.json. The message names the member, for whoever runs the server. */
export class ConfigError extends Error {}

/** Reads config.json from our own origin. Throws what fetch throws, or ConfigError. */
export async function loadConfig(fetcher: typeof fetch): Promise<Config> {
  const response = await fetcher("/config.json", { cache: "no-cache" });
  if (!response.ok) {
    throw new ConfigError(`config.json: HTTP ${response.status}`);
  }
  let json: unknown;
  try {
    json = await response.json();
  } catch {
    throw new ConfigError("config.json is not JSON");
  }
  return parseConfig(json);
}

/** Checks every member. Nothing is guessed: a login must never go to an address that was misspelt. */
export function parseConfig(json: unknown): Config {
  const top = object(json, "config.json");
  const brand = object(top["brand"], "brand");
  const support = brand["support"] === undefined ? {} : object(brand["support"], "brand.support");
  const logo = optionalText(brand, "logo", "brand.logo");
  if (logo !== undefined && !/^\/(?!\/)/.test(logo)) {
    throw new ConfigError("brand.logo must be a path on this origin");
  }
  return {
    issuer: issuer(text(top, "issuer", "issuer")),
    clientId: text(top, "clientId", "clientId"),
    version: version(text(top, "version", "version")),
    brand: {
      name: text(brand, "name", "brand.name"),
      ...(logo === undefined ? {} : { logo }),
      support: supportOf(support),
    },
  };
}

function supportOf(from: Record<string, unknown>): Brand["support"] {
  const support: Brand["support"] = {};
  const email = optionalText(from, "email", "brand.support.email");
  const phone = optionalText(from, "phone", "brand.support.phone");
  const url = optionalText(from, "url", "brand.support.url");
  if (email !== undefined) {
    if (!/^[^\s@?&]+@[^\s@?&]+$/.test(email)) throw new ConfigError("brand.support.email must be an e-mail address");
    support.email = email;
  }
  if (phone !== undefined) support.phone = phone;
  if (url !== undefined) {
    // It becomes a link: a javascript: address must never get there.
    if (!/^https?:\/\//.test(url)) throw new ConfigError("brand.support.url must be a web address");
    support.url = url;
  }
  return support;
}

/** Reports whether plain HTTP to this host stays on this machine. */
export function isLoopback(url: URL): boolean {
  return url.hostname === "localhost" || url.hostname === "127.0.0.1" || url.hostname === "[::1]";
}

function issuer(value: string): string {
  let url: URL;
  try {
    url = new URL(value);
  } catch {
    throw new ConfigError("issuer must be a web address");
  }
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback(url))) {
    throw new ConfigError("issuer must be https");
  }
  if (url.search !== "" || url.hash !== "" || url.username !== "" || url.password !== "") {
    throw new ConfigError("issuer must have no query, fragment or user"); // OpenID Connect Discovery §3
  }
  return value;
}

function version(value: string): string {
  if (!/^\d{1,4}\.\d{1,4}\.\d{1,4}$/.test(value)) {
    throw new ConfigError("version must be major.minor.patch");
  }
  return value;
}

function object(value: unknown, path: string): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ConfigError(`${path} must be an object`);
  }
  return value as Record<string, unknown>;
}

function text(from: Record<string, unknown>, name: string, path: string): string {
  const value = optionalText(from, name, path);
  if (value === undefined) throw new ConfigError(`${path} is missing`);
  return value;
}

function optionalText(from: Record<string, unknown>, name: string, path: string): string | undefined {
  const value = from[name];
  if (value === undefined) return undefined;
  if (typeof value !== "string" || value === "") throw new ConfigError(`${path} must be a text`);
  return value;
}
