import { describe, expect, it } from "vitest";

import { devicesFrom, newLogins } from "../src/login/devices.ts";
import { Failure } from "../src/login/failure.ts";
import { howAndWhere, nameOf } from "../src/screens/Devices.tsx";
import { texts } from "../src/texts/index.ts";
import { Phone, type Tab } from "./phone.ts";

const stranger = {
  id: "other",
  name: "Samsung",
  model: "S24",
  method: "link",
  place: "Oulu, Suomi",
  logged_in_at: "2026-11-23T08:00:00Z",
  last_used_at: "2026-11-23T08:05:00Z",
};

/** Somebody logs in on another device while this one is closed. */
async function told(): Promise<{ phone: Phone; tab: Tab }> {
  const phone = await Phone.make();
  (await phone.loggedIn()).close();
  phone.server.devices.push(stranger);
  return { phone, tab: await phone.open() };
}

function news(tab: Tab): string[] {
  return tab.view.name === "home" ? (tab.view.news ?? []).map(({ id }) => id) : [];
}

describe("the devices", () => {
  it("are listed", async () => {
    const { tab } = await told();
    const list = await tab.model.devices();
    expect(list).toMatchObject({
      devices: [
        { id: "own", current: true },
        { id: "other", name: "Samsung", place: "Oulu, Suomi", usedAt: Date.UTC(2026, 10, 23, 8, 5) },
      ],
      pausedUntil: undefined,
    });
  });

  it("are logged out, one and all", async () => {
    const { phone, tab } = await told();
    expect(await tab.model.endDevice("other", "logout")).toBeUndefined();
    expect(await tab.model.endDevice("other", "logout")).toBeUndefined(); // gone already: as wished
    expect(await tab.model.endOtherDevices()).toBeUndefined();
    expect(phone.server.acts.filter((act) => act.startsWith("POST"))).toEqual([
      "POST /devices/other/logout",
      "POST /devices/other/logout",
      "POST /devices/logout",
    ]);
    expect(tab.view.name).toBe("home");
  });

  it("need a network, and say so", async () => {
    const { phone, tab } = await told();
    phone.server.down = true;
    expect(await tab.model.devices()).toMatchObject({ failure: "network" });
    expect(await tab.model.endDevice("other", "not-me")).toBeInstanceOf(Failure);
    expect(tab.view.name).toBe("home");
  });

  it("are asked with a fresh token when the old one is refused", async () => {
    const { phone, tab } = await told();
    phone.server.next("/devices", { status: 401, headers: { "www-authenticate": 'DPoP error="invalid_token"' } });
    expect(await tab.model.devices()).toMatchObject({ devices: [{ id: "own" }, { id: "other" }] });
  });

  it("that were logged out elsewhere leave", async () => {
    const { phone, tab } = await told();
    phone.server.refuseRefresh = { error: "invalid_grant", reason: "session_ended" };
    phone.server.next("/devices", { status: 401, headers: { "www-authenticate": 'DPoP error="invalid_token"' } });
    expect(await tab.model.devices()).toBeInstanceOf(Failure);
    expect(tab.view).toMatchObject({ name: "loggedOut", because: "ended" });
  });
});

describe("a login on another device", () => {
  it("is told of on Home until somebody has seen it", async () => {
    const { phone, tab } = await told();
    expect(news(tab)).toEqual(["other"]);
    await tab.model.refresh();
    expect(news(tab)).toEqual(["other"]);
    await tab.model.knowDevices();
    expect(news(tab)).toEqual([]);
    tab.close();
    expect(news(await phone.open())).toEqual([]);
    phone.server.devices.push({ ...stranger, id: "third", logged_in_at: "2026-11-23T09:00:00Z" });
    expect(news(await phone.open())).toEqual(["third"]);
  });

  it("is seen in the list, too", async () => {
    const { tab } = await told();
    await tab.model.devices();
    expect(news(tab)).toEqual([]);
  });

  it("can be disowned", async () => {
    const { phone, tab } = await told();
    expect(await tab.model.endDevice("other", "not-me")).toBeUndefined();
    expect(phone.server.acts.at(-1)).toBe("POST /devices/other/not-me");
    expect(news(tab)).toEqual([]);
    expect(await tab.model.devices()).toMatchObject({ pausedUntil: Date.UTC(2026, 10, 24, 10) });
  });

  it("that nobody can be asked about is no failure", async () => {
    const phone = await Phone.make();
    (await phone.loggedIn()).close();
    phone.server.next("/devices", { status: 500 });
    const tab = await phone.open();
    expect(tab.view).toMatchObject({ name: "home", freshness: { state: "fresh" } });
    expect(news(tab)).toEqual([]);
  });

  it("is none when it was before ours, in a browser, or here", () => {
    const at = (minute: number) => `2026-11-22T10:0${minute}:00Z`;
    const list = devicesFrom({
      devices: [
        { id: "own", current: true, logged_in_at: at(5) },
        { id: "before", logged_in_at: at(4) },
        { id: "web", web: true, logged_in_at: at(6) },
        { id: "after", logged_in_at: at(7) },
      ],
    });
    expect(newLogins(list, undefined).map(({ id }) => id)).toEqual(["after"]);
    expect(newLogins(list, Date.parse(at(7)))).toEqual([]);
    expect(newLogins({ ...list, devices: list.devices.slice(1) }, undefined)).toEqual([]);
  });
});

describe("the server's list", () => {
  it.each([
    {},
    { devices: "x" },
    { devices: [null, 1, "x", {}] },
    { devices: [{ id: "", logged_in_at: "2026-11-22T10:00:00Z" }] },
    { devices: [{ id: "../x", logged_in_at: "2026-11-22T10:00:00Z" }] },
    { devices: [{ id: "x", logged_in_at: "yesterday" }] },
    { devices: [{ id: "x" }] },
    { devices: [], alternative_methods_paused_until: 5 },
  ])("is read with care: %o", (answer) => {
    expect(devicesFrom(answer as Record<string, unknown>)).toEqual({ devices: [], pausedUntil: undefined });
  });

  it("has words for what it may hold", () => {
    const [device] = devicesFrom({ devices: [{ ...stranger, method: "constructor", place: 5 }] }).devices;
    if (device === undefined) throw new Error("no device");
    for (const language of ["fi", "sv", "en"] as const) {
      const t = texts[language];
      expect(howAndWhere(t, device)).toBe(t.devices.other);
      expect(howAndWhere(t, { ...device, method: "qr", place: "Oulu" })).toBe(`${t.devices.qr} · Oulu`);
      expect(nameOf(t, device)).toBe("Samsung, S24");
      expect(nameOf(t, { ...device, name: "Chrome, S24" })).toBe("Chrome, S24");
      expect(nameOf(t, { ...device, name: "", model: "" })).toBe(t.devices.unnamed);
      expect(nameOf(t, { ...device, web: true })).toBe(t.devices.browser);
    }
  });
});
