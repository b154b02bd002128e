import { describe, expect, it } from "vitest";

import { ConfigError, helpAddress, loadConfig, parseConfig } from "../src/config.ts";
import { describeDevice, platformOf } from "../src/login/device.ts";
import { profileFrom } from "../src/login/profile.ts";
import { loadLoginOptions, parseLoginOptions } from "../src/options.ts";
import { route } from "../src/sw/routes.ts";
import { compareVersions } from "../src/version.ts";
import { config } from "./phone.ts";

describe("versions", () => {
  it.each([
    ["1.9.0", "1.16.0", -1],
    ["1.16.0", "1.16.0", 0],
    ["1.16.1", "1.16.0", 1],
    ["2.0.0", "1.99.99", 1],
    ["1.16", "1.16.0", 0],
    ["1.16.x", "1.16.0", 0],
    ["1.2.10", "1.2.9", 1],
  ])("%s against %s", (a, b, sign) => {
    expect(Math.sign(compareVersions(a, b))).toBe(sign);
    expect(Math.sign(compareVersions(b, a)) + sign).toBe(0);
  });
});

describe("the address of help", () => {
  const at = { ...config, issuer: "https://id.example.fi" };
  it("is a page of the service, and names a reason and nothing else", () => {
    const ours = { ...at, brand: { name: "Pay", support: {} } };
    expect(helpAddress(ours, "sv")).toBe("https://id.example.fi/help/login?lang=sv");
    expect(helpAddress(ours, "fi", "link_expired")).toBe("https://id.example.fi/help/login?lang=fi&reason=link_expired");
    expect(helpAddress(ours, "fi", "K7Q-4TM")).toBe("https://id.example.fi/help/login?lang=fi");
  });
  it("is the operator's page where there is one", () => {
    const theirs = { ...at, brand: { name: "Pay", support: { url: "https://help.example.fi/" } } };
    expect(helpAddress(theirs, "fi", "link_expired")).toBe("https://help.example.fi/");
  });
});

describe("config.json", () => {
  const good = { issuer: "https://login.example", clientId: "app", version: "1.16.0", brand: { name: "Pay" } };

  it("is taken when it is right", () => {
    expect(parseConfig(good)).toEqual({ ...good, brand: { name: "Pay", support: {} } });
    const brand = { name: "Pay", logo: "/logo.svg", support: { email: "a@b", phone: "1", url: "https://b" } };
    expect(parseConfig({ ...good, brand }).brand).toEqual(brand);
    expect(parseConfig({ ...good, issuer: "http://localhost:8080" }).issuer).toBe("http://localhost:8080");
  });

  it.each([
    ["config.json", null],
    ["config.json", []],
    ["issuer", { ...good, issuer: undefined }],
    ["issuer", { ...good, issuer: "login.example" }],
    ["issuer", { ...good, issuer: "http://login.example" }],
    ["issuer", { ...good, issuer: "https://login.example/?a=b" }],
    ["issuer", { ...good, issuer: "https://user@login.example" }],
    ["clientId", { ...good, clientId: 7 }],
    ["clientId", { ...good, clientId: "" }],
    ["version", { ...good, version: "1.16" }],
    ["brand", { ...good, brand: "Pay" }],
    ["brand.name", { ...good, brand: {} }],
    ["brand.logo", { ...good, brand: { name: "Pay", logo: "https://cdn.example/logo.svg" } }],
    ["brand.logo", { ...good, brand: { name: "Pay", logo: "//cdn.example/logo.svg" } }],
    ["brand.support", { ...good, brand: { name: "Pay", support: [] } }],
    ["brand.support.email", { ...good, brand: { name: "Pay", support: { email: "a@b?cc=c@d" } } }],
    ["brand.support.url", { ...good, brand: { name: "Pay", support: { url: "javascript:alert(1)" } } }],
  ])("names its mistake: %s", (member, json) => {
    expect(() => parseConfig(json)).toThrow(ConfigError);
    expect(() => parseConfig(json)).toThrow(member);
  });

  it.each([
    ["a missing file", () => new Response("", { status: 404 })],
    ["a page instead", () => new Response("<!doctype html>")],
  ])("is not guessed from %s", async (_name, answer) => {
    await expect(loadConfig(() => Promise.resolve(answer()))).rejects.toThrow(ConfigError);
  });
});

describe("login options", () => {
  it("take what is well-formed", () => {
    const json = {
      minimum_version: "1.17.0",
      notices: [
        { id: "a", severity: "warning", date: "2022-05-31T10:00:00Z", title: "Opera", text: "Remove it." },
        { text: "Plain." },
        { text: 7 },
        null,
        { id: "b", severity: "loud", date: "yesterday", text: "Odd date." },
      ],
    };
    expect(parseLoginOptions(json)).toEqual({
      minimumVersion: "1.17.0",
      notices: [
        { id: "a", severity: "warning", date: "2022-05-31", title: "Opera", text: "Remove it." },
        { id: "notice-1", severity: "info", text: "Plain." },
        { id: "b", severity: "info", text: "Odd date." },
      ],
    });
  });

  it.each([null, [], "x", { notices: {} }, {}])("are nothing in %o", (json) => {
    expect(parseLoginOptions(json)).toEqual({ notices: [] });
  });

  it.each([
    ["404", () => Promise.resolve(new Response("", { status: 404 }))],
    ["no network", () => Promise.reject(new TypeError("Failed to fetch"))],
    ["no JSON", () => Promise.resolve(new Response("<html>"))],
  ])("are silently nothing at %s", async (_name, fetcher) => {
    expect(await loadLoginOptions(fetcher, config, "fi", "web")).toEqual({ notices: [] });
  });

  it("are asked for with platform, version and language", async () => {
    let asked = "";
    await loadLoginOptions(
      (url) => {
        asked = new Request(url).url;
        return Promise.resolve(Response.json({}));
      },
      config,
      "sv",
      "android",
    );
    expect(asked).toBe("http://localhost:8080/login-options?platform=android&version=1.16.0&locale=sv");
  });
});

describe("the device", () => {
  const pixel =
    "Mozilla/5.0 (Linux; Android 14; Pixel 7 Build/UQ1A) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36";
  const opera =
    "Mozilla/5.0 (Linux; Android 12; SM-G991B) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/100.0 Mobile Safari/537.36 OPR/69.0";
  const huawei =
    "Mozilla/5.0 (Linux; Android 10; HUAWEI P40; HMSCore 6.4) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/92.0 HuaweiBrowser/12.0 Mobile Safari/537.36";
  const iphone =
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";
  const mac =
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15";
  const linux = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

  const reduced = pixel.replace("14; Pixel 7 Build/UQ1A", "10; K");

  it.each([
    [pixel, 5, "android", "Chrome, Pixel 7", "Pixel 7"],
    [reduced, 5, "android", "Chrome, Android", ""],
    [opera, 5, "android", "Opera, SM-G991B", "SM-G991B"],
    [huawei, 5, "huawei", "Huawei Browser, HUAWEI P40", "HUAWEI P40"],
    [iphone, 5, "ios", "Safari, iPhone", ""],
    [mac, 5, "ios", "Safari, iPad", ""],
    [mac, 0, "web", "Safari, Mac", ""],
    [linux, 0, "web", "Firefox, Linux", ""],
    ["", 0, "web", "Browser, ?", ""],
  ])("of %s", async (userAgent, maxTouchPoints, platform, name, model) => {
    expect(platformOf({ userAgent, maxTouchPoints })).toBe(platform);
    expect(await describeDevice({ userAgent, maxTouchPoints })).toEqual({ platform, name, model });
  });

  it("is asked of the browser where it can tell", async () => {
    const tells = { getHighEntropyValues: () => Promise.resolve({ model: "Pixel 8" }) };
    const keepsQuiet = { getHighEntropyValues: () => Promise.reject(new Error("no")) };
    const hints = { userAgent: pixel, maxTouchPoints: 5 };
    expect((await describeDevice({ ...hints, userAgentData: tells })).model).toBe("Pixel 8");
    expect((await describeDevice({ ...hints, userAgentData: keepsQuiet })).model).toBe("Pixel 7");
  });
});

describe("the profile", () => {
  it("makes do with what the claims have", () => {
    expect(profileFrom({ given_name: " Anna ", family_name: "Virtanen" }, 1)).toEqual({
      name: "Anna Virtanen",
      givenName: "Anna",
      benefits: [],
      fetchedAt: 1,
    });
    expect(profileFrom({ name: ["x"], benefits: "lunch" }, 0)).toEqual({ name: "", givenName: "", benefits: [], fetchedAt: 0 });
  });
});

describe("the service worker", () => {
  const origin = "http://localhost:8081";
  const files = ["/", "/assets/app-1.js", "/icons/mark.svg"];
  const get = (url: string, mode = "cors") => route({ url: new URL(url, origin).href, method: "GET", mode }, origin, files);

  it.each([
    ["/", "navigate", "shell-fresh"],
    ["/?source=pwa", "navigate", "shell-fresh"],
    ["/return?code=c&state=s", "navigate", "shell"],
    ["/elsewhere", "navigate", "pass"],
    ["/assets/app-1.js", "cors", "installed"],
    ["/assets/app-2.js", "cors", "pass"],
    ["/return?code=c", "cors", "pass"],
    ["/config.json", "cors", "config"],
    ["http://localhost:8080/", "navigate", "pass"],
    ["http://localhost:8080/login-options", "cors", "pass"],
    ["http://localhost:8080/assets/app-1.js", "cors", "pass"],
  ])("answers %s (%s) by %s", (url, mode, answer) => {
    expect(get(url, mode)).toBe(answer);
  });

  it("leaves everything but GET alone", () => {
    expect(route({ url: `${origin}/`, method: "POST", mode: "navigate" }, origin, files)).toBe("pass");
  });
});
