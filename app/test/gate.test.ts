import { describe, expect, it } from "vitest";

import { gateOf } from "../src/gate.ts";
import { loadLoginOptions, parseLoginOptions, type Memory } from "../src/options.ts";
import { duration, texts } from "../src/texts/index.ts";
import { config } from "./phone.ts";

const answer = {
  methods: [
    { method: "direct", state: "on" },
    { method: "link", state: "on" },
    { method: "qr", state: "on" },
    { method: "credentials", state: "off" },
  ],
  alternative_methods: { minimum_version: "1.16.0", available: true },
  minimum_version: "1.10.0",
  recommended_version: "1.16.0",
  stores: {
    app_store: "https://apple.example/a",
    google_play: "https://google.example/g",
    appgallery: "https://huawei.example/h",
  },
  notices: [],
};

const gate = (change: object, version = "1.16.0") => gateOf(parseLoginOptions({ ...answer, ...change }), version);
const names = (g: ReturnType<typeof gate>) => g.alternatives.map(({ method, on }) => `${method}:${on ? "on" : "off"}`);

describe("the gate", () => {
  it.each([
    ["1.16.0", undefined],
    ["1.17.0", undefined],
    ["2.0.0", undefined],
    ["1.15.9", "alternatives"],
    ["1.10.0", "alternatives"],
    ["1.9.0", "required"],
    ["0.0.1", "required"],
  ])("asks version %s to update: %s", (version, update) => {
    expect(gate({}, version).update).toBe(update);
  });

  it("recommends the newest version to those that could do without", () => {
    expect(gate({ recommended_version: "1.20.0" }).update).toBe("recommended");
  });

  it("is open until the server has said something", () => {
    const open = gateOf(parseLoginOptions(null), "0.0.1");
    expect(open.update).toBeUndefined();
    expect(open.direct.on).toBe(true);
    expect(names(open)).toEqual(["link:on", "qr:on"]);
  });

  it("keeps the server's order, and leaves out what it does not know", () => {
    const methods = [
      { method: "qr", state: "on" },
      { method: "palm", state: "on" },
      { method: "link", state: "on" },
      7,
      { method: "qr", state: "maybe" },
    ];
    expect(names(gate({ methods }))).toEqual(["qr:on", "link:on"]);
  });

  it("says why a method is off, or shows it not at all", () => {
    const methods = [
      { method: "direct", state: "off", reason: "Huolto" },
      { method: "link", state: "off", reason: "Huolto" },
      { method: "qr", state: "off" },
    ];
    const closed = gate({ methods });
    expect(closed.direct).toEqual({ method: "direct", on: false, reason: "Huolto" });
    expect(names(closed)).toEqual(["link:off"]);
  });

  const direct = { method: "direct", state: "on" };
  const link = { method: "link", state: "on" };
  it.each([
    [[direct, link], undefined],
    [[link, direct], "link"],
    [[{ method: "qr", state: "on" }, link, direct], "qr"],
    [[{ method: "credentials", state: "on" }, direct], "credentials"],
    [[{ method: "link", state: "off", reason: "Huolto" }, direct], undefined],
    [[{ method: "direct", state: "off", reason: "Huolto" }, link], undefined],
    [[{ method: "palm", state: "on" }, direct], undefined],
    [[], undefined],
  ])("puts the server's first method first: %j", (methods, first) => {
    expect(gate({ methods }).first).toBe(first);
  });

  it("puts nothing first that this version cannot do", () => {
    expect(gate({ methods: [link, direct] }, "1.15.0").first).toBeUndefined();
    expect(
      gate({ methods: [link, direct], alternative_methods: { minimum_version: "1.16.0", available: false } }).first,
    ).toBeUndefined();
  });

  it("closes the alternatives when they are not available", () => {
    expect(names(gate({ alternative_methods: { minimum_version: "1.16.0", available: false } }))).toEqual([]);
  });
});

describe("the store", () => {
  it.each([
    ["ios", "app_store", "https://apple.example/a"],
    ["android", "google_play", "https://google.example/g"],
    ["huawei", "appgallery", "https://huawei.example/h"],
  ] as const)("of %s is %s", (platform, name, url) => {
    expect(parseLoginOptions(answer, platform).store).toEqual({ name, url });
  });

  it("of a computer is none", () => {
    expect(parseLoginOptions(answer, "web").store).toBeUndefined();
  });

  it.each(["javascript:alert(1)", "http://store.example", "itms-apps://x", "https://", 7, null])("is not %j", (url) => {
    expect(parseLoginOptions({ stores: { google_play: url } }, "android").store).toBeUndefined();
  });
});

describe("the last answer", () => {
  function memory(): Memory & { kept: Map<string, string> } {
    const kept = new Map<string, string>();
    return { kept, getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value) };
  }
  const good = () => Promise.resolve(Response.json(answer));
  const offline = () => Promise.reject(new TypeError("Failed to fetch"));

  it("counts while there is no network", async () => {
    const kept = memory();
    const fresh = await loadLoginOptions(good, config, "fi", "ios", kept);
    expect(await loadLoginOptions(offline, config, "fi", "ios", kept)).toEqual(fresh);
    expect(await loadLoginOptions(() => Promise.resolve(new Response("", { status: 503 })), config, "fi", "ios", kept)).toEqual(
      fresh,
    );
  });

  it("of another language does not count", async () => {
    const kept = memory();
    await loadLoginOptions(good, config, "fi", "ios", kept);
    expect(await loadLoginOptions(offline, config, "sv", "ios", kept)).toEqual({ notices: [] });
  });

  it("is read as warily as a new one", async () => {
    const kept = memory();
    for (const text of ["{", "[]", '{"notices":7}', '{"stores":{"google_play":"javascript:x"}}']) {
      kept.kept.set("login-options-fi", text);
      expect(await loadLoginOptions(offline, config, "fi", "android", kept)).toEqual({ notices: [] });
    }
  });

  it("is not missed where storage is forbidden", async () => {
    const forbid = () => {
      throw new DOMException("", "SecurityError");
    };
    const forbidden: Memory = { getItem: forbid, setItem: forbid };
    expect((await loadLoginOptions(good, config, "fi", "web", forbidden)).minimumVersion).toBe("1.10.0");
    expect(await loadLoginOptions(offline, config, "fi", "web", forbidden)).toEqual({ notices: [] });
  });
});

describe("how long to wait", () => {
  it.each([
    [900, "1 sekunnin kuluttua"],
    [59_000, "59 sekunnin kuluttua"],
    [60_000, "1 minuutin kuluttua"],
    [61_000, "2 minuutin kuluttua"],
  ])("%d ms is %s", (milliseconds, words) => {
    expect(duration(texts.fi, milliseconds)).toBe(words);
  });
});
