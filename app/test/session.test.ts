import { describe, expect, it } from "vitest";

import { keyOf, Phone, sessionOf, type Tab } from "./phone.ts";

const tenMinutes = 10 * 60 * 1000;

/** A restart: the page is new, the storage is not. */
async function restart(phone: Phone, tab: Tab): Promise<Tab> {
  tab.close();
  return await phone.open();
}

function refreshes(phone: Phone): number {
  return phone.server.requests.filter((r) => r.body.get("grant_type") === "refresh_token").length;
}

describe("a session", () => {
  it("lasts over a restart and shows what is new", async () => {
    const phone = await Phone.make();
    const tab = await phone.loggedIn();
    phone.server.benefits = [{ kind: "bicycle", employer: "Pyörä Oy" }, { kind: 7 }, null, { kind: "lunch" }];
    const later = await restart(phone, tab);
    expect(later.view).toMatchObject({
      name: "home",
      freshness: { state: "fresh" },
      session: {
        profile: {
          benefits: [
            { kind: "bicycle", employer: "Pyörä Oy" },
            { kind: "lunch", employer: "" },
          ],
        },
      },
    });
  });

  it("shows the last known at once, before the network has answered", async () => {
    const phone = await Phone.make();
    const tab = await restart(phone, await phone.loggedIn());
    expect(tab.seen[0]).toMatchObject({
      name: "home",
      freshness: { state: "asking" },
      session: { profile: { givenName: "Maija" } },
    });
  });

  it("keeps access tokens out of the storage", async () => {
    const phone = await Phone.make();
    const tab = await phone.loggedIn();
    expect(JSON.stringify(await tab.vault.session())).not.toMatch(/"at-/);
  });

  it("gets a new access token when the old one is about to end", async () => {
    const phone = await Phone.make();
    const tab = await phone.loggedIn();
    await tab.model.refresh();
    expect(refreshes(phone)).toBe(0);
    phone.clock += tenMinutes - 29_000;
    await tab.model.refresh();
    expect(refreshes(phone)).toBe(1);
    expect(tab.view).toMatchObject({ freshness: { state: "fresh" } });
  });

  it("refreshes once for all who ask at the same time", async () => {
    const phone = await Phone.make();
    const tab = await phone.loggedIn();
    phone.clock += tenMinutes;
    await Promise.all([tab.model.refresh(), tab.model.refresh(), tab.model.wake()]);
    expect(refreshes(phone)).toBe(1);
  });

  it("takes a new refresh token, in all tabs", async () => {
    const phone = await Phone.make();
    phone.server.rotates = true;
    const one = await phone.loggedIn();
    const two = await phone.open();
    for (let round = 0; round < 3; round++) {
      phone.clock += tenMinutes;
      await Promise.all([one.model.refresh(), two.model.refresh()]);
    }
    expect([one.view, two.view]).toMatchObject([
      { name: "home", freshness: { state: "fresh" } },
      { name: "home", freshness: { state: "fresh" } },
    ]);
  });

  it("survives an access token that the server has forgotten", async () => {
    const phone = await Phone.make();
    const tab = await phone.loggedIn();
    for (let n = 0; n < 50; n++) phone.server.refusedAccess.add(`at-${n}`);
    await tab.model.refresh();
    expect(tab.view).toMatchObject({ name: "home", freshness: { state: "trouble" } }); // even the new one is refused
    phone.server.refusedAccess.clear();
    await tab.model.refresh();
    expect(tab.view).toMatchObject({ name: "home", freshness: { state: "fresh" } });
  });

  it("takes no claims about anybody else", async () => {
    const phone = await Phone.make();
    const tab = await phone.loggedIn();
    const before = await tab.vault.session();
    phone.server.next("/userinfo", { status: 200, body: { sub: "person-2", name: "Matti" } });
    await tab.model.refresh();
    expect(tab.view).toMatchObject({ name: "home", freshness: { state: "trouble" } });
    expect(await tab.vault.session()).toEqual(before);
  });
});

describe("a missing network", () => {
  it("never logs anybody out", async () => {
    const phone = await Phone.make();
    const tab = await phone.loggedIn();
    phone.server.down = true;
    phone.clock += 30 * 24 * 60 * 60 * 1000;
    const later = await restart(phone, tab);
    expect(later.view).toMatchObject({
      name: "home",
      freshness: { state: "offline" },
      session: { profile: { benefits: [{ kind: "lunch" }] } },
    });
    phone.server.down = false;
    await later.model.wake();
    expect(later.view).toMatchObject({ name: "home", freshness: { state: "fresh" } });
  });

  it.each([
    ["a lost answer", "lose-answer" as const, "offline"],
    ["half an answer", "cut-answer" as const, "offline"],
    ["a broken server", { status: 500 }, "trouble"],
    ["a crowded server", { status: 429 }, "trouble"],
    ["a client that is refused", { status: 401, body: { error: "invalid_client" } }, "trouble"],
    ["a page of a train's network", { status: 200, body: "log in to Wi-Fi" }, "trouble"],
  ])("and its like are only told about: %s", async (_name, mishap, state) => {
    const phone = await Phone.make();
    const tab = await phone.loggedIn();
    tab.close();
    phone.server.next("/token", mishap);
    const later = await phone.open();
    expect(later.view).toMatchObject({ name: "home", freshness: { state } });
    await later.model.refresh();
    expect(later.view).toMatchObject({ name: "home", freshness: { state: "fresh" } });
  });
});

describe("a session that the server has ended", () => {
  it.each<[Record<string, string>, string]>([
    [{ error: "invalid_grant" }, "ended"],
    [{ error: "invalid_grant", reason: "session_ended" }, "ended"],
    [{ error: "invalid_grant", reason: "person_locked", support_code: "ABC-234" }, "locked"],
    [{ error: "invalid_grant", reason: "strong_authentication_required", support_code: "ABC-234" }, "upgraded"],
  ])("is over here too: %o", async (error, because) => {
    const phone = await Phone.make();
    const tab = await phone.loggedIn();
    phone.server.refuseRefresh = error;
    const later = await restart(phone, tab);
    expect(later.view).toMatchObject({ name: "loggedOut", because, supportCode: error["support_code"] });
    expect(later.told).toEqual([{ kind: "out", because }]);
    expect(await later.vault.session()).toBeUndefined();
    expect(await later.vault.key()).toBeUndefined();
    expect((await restart(phone, later)).view.name).toBe("start");
  });

  it("does not take its successor with it", async () => {
    const phone = await Phone.make();
    const tab = await phone.loggedIn();
    const old = await sessionOf(tab);
    await tab.model.logOut();
    await phone.loggedIn();
    await tab.vault.logOut(phone.clock, { tellServer: false, onlyIf: old.refreshToken });
    expect(await tab.vault.session()).toBeDefined();
    expect(await tab.vault.key()).toBeDefined();
  });

  it("is over when the browser has thrown away the key", async () => {
    const phone = await Phone.make();
    const tab = await phone.loggedIn();
    const session = await sessionOf(tab);
    await tab.vault.logOut(phone.clock, { tellServer: false });
    await tab.vault.keepAttempt({
      phase: "answered",
      state: "s",
      verifier: "v",
      nonce: "n",
      supportCode: undefined,
      via: { method: "direct", requestUri: "u" },
      authSession: undefined,
      redirectUri: undefined,
      startedAt: phone.clock,
      code: "c",
      answeredAt: phone.clock,
    });
    await tab.vault.logIn(session, { phase: "done", state: "s", startedAt: phone.clock });
    const later = await restart(phone, tab);
    expect(later.view).toMatchObject({ name: "loggedOut", because: "storage" });
    expect(phone.server.revoked).toEqual([]); // it would want the key proved
    expect(await later.vault.revocations()).toEqual([]);
  });
});

describe("logging out", () => {
  it("ends the session here and at the server", async () => {
    const phone = await Phone.make();
    const tab = await phone.loggedIn();
    const token = (await tab.vault.session())?.refreshToken;
    await tab.model.logOut();
    expect(tab.view).toMatchObject({ name: "loggedOut", because: "self" });
    expect(Object.fromEntries(phone.server.last("/revoke"))).toEqual({
      token,
      token_type_hint: "refresh_token",
      client_id: "smartumpay",
    });
    expect(await tab.vault.session()).toBeUndefined();
    expect(await tab.vault.key()).toBeUndefined();
    expect(await tab.vault.revocations()).toEqual([]);
    expect((await restart(phone, tab)).view).toEqual({ name: "start", opening: false });
  });

  it("works without a network, says so, and tells the server later", async () => {
    const phone = await Phone.make();
    const tab = await phone.loggedIn();
    phone.server.down = true;
    await tab.model.logOut();
    expect(tab.view).toMatchObject({ name: "loggedOut", because: "queued" });
    expect(await tab.vault.session()).toBeUndefined();
    expect(await tab.vault.key()).toBeUndefined();
    await tab.model.wake();
    expect(tab.view).toMatchObject({ because: "queued" });
    phone.server.down = false;
    await tab.model.wake();
    expect(phone.server.revoked).toHaveLength(1);
    expect(tab.view).toMatchObject({ name: "loggedOut", because: "self" });
  });

  it("is told to the server at the next start", async () => {
    const phone = await Phone.make();
    const tab = await phone.loggedIn();
    phone.server.next("/revoke", { status: 503 });
    await tab.model.logOut();
    expect(phone.server.revoked).toEqual([]);
    await restart(phone, tab);
    expect(phone.server.revoked).toHaveLength(1);
  });

  it("proves the old key to the server, also after somebody else has logged in", async () => {
    const phone = await Phone.make();
    const tab = await phone.loggedIn();
    phone.server.down = true;
    await tab.model.logOut();
    const kept = (await tab.vault.revocations())[0]?.key;
    expect(kept?.privateKey.extractable).toBe(false);
    phone.server.down = false;
    const next = await phone.loggedIn(); // with a key of its own; the server refuses a token that comes with it
    expect(phone.server.revoked).toHaveLength(1);
    expect(await next.vault.revocations()).toEqual([]);
  });

  it("does not go on asking a server that refuses", async () => {
    const phone = await Phone.make();
    const tab = await phone.loggedIn();
    phone.server.next("/revoke", { status: 400, body: { error: "unsupported_token_type" } });
    await tab.model.logOut();
    expect(await tab.vault.revocations()).toEqual([]);
  });

  it("makes the next login a stranger's: with another key", async () => {
    const phone = await Phone.make();
    const tab = await phone.loggedIn();
    const first = await keyOf(tab);
    await tab.model.logOut();
    const next = await phone.loggedIn();
    const second = await keyOf(next);
    const jwk = async (key: CryptoKeyPair) => await crypto.subtle.exportKey("jwk", key.publicKey);
    expect((await jwk(second)).x).not.toBe((await jwk(first)).x);
  });
});

describe("several tabs", () => {
  it("log out together", async () => {
    const phone = await Phone.make();
    const one = await phone.loggedIn();
    const two = await phone.open();
    await one.model.logOut();
    await two.model.hear({ kind: "out", because: "self" });
    expect(two.view).toMatchObject({ name: "loggedOut", because: "self" });
  });

  it("log in together", async () => {
    const phone = await Phone.make();
    const waiting = await phone.open();
    await phone.loggedIn();
    await waiting.model.hear({ kind: "in" });
    expect(waiting.view).toMatchObject({ name: "home", freshness: { state: "fresh" } });
  });

  it("notice a log-out that they were not told of", async () => {
    const phone = await Phone.make();
    const one = await phone.loggedIn();
    const two = await phone.open();
    await one.model.logOut();
    await two.model.refresh();
    expect(two.view).toMatchObject({ name: "loggedOut" });
  });
});
