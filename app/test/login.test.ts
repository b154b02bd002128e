import { describe, expect, it } from "vitest";

import { attemptLife } from "../src/login/attempt.ts";
import { keyOf, Phone } from "./phone.ts";

describe("a login", () => {
  it("goes from the start screen to the home screen", async () => {
    const phone = await Phone.make();
    const tab = await phone.open();
    expect(tab.view).toEqual({ name: "start", opening: false });

    await tab.model.login();
    const par = phone.server.last("/par");
    expect(Object.fromEntries(par)).toMatchObject({
      scope: "openid profile offline_access benefits",
      ui_locales: "sv",
      login_method: "direct",
      device_name: "Chrome, Pixel 7",
      device_model: "Pixel 7",
      device_platform: "android",
      app_version: "1.16.0",
    });
    expect(tab.address.origin + tab.address.pathname).toBe("http://localhost:8080/authorize");
    expect([...tab.address.searchParams.keys()].sort()).toEqual(["client_id", "request_uri"]);
    tab.close();

    const back = await phone.open(phone.server.authenticate(tab.address));
    expect(back.seen.map((v) => v.name)).toContain("finishing");
    expect(back.told).toEqual([{ kind: "in" }]);
    expect(back.view).toMatchObject({
      name: "home",
      freshness: { state: "fresh" },
      session: {
        subject: "person-1",
        profile: {
          name: "Maija Liisa Meikäläinen",
          givenName: "Maija",
          benefits: [{ kind: "lunch", employer: "Esimerkki Oy" }],
        },
      },
    });
    // The access token of the login served the profile: no refresh was needed.
    expect(phone.server.requests.filter((r) => r.body.get("grant_type") === "refresh_token")).toEqual([]);
  });

  it("sends no secret but the one it must", async () => {
    const phone = await Phone.make();
    await phone.loggedIn();
    const par = phone.server.last("/par");
    expect(par.has("code_verifier")).toBe(false);
    expect(phone.server.requests.every((r) => [...r.query.keys()].length === 0)).toBe(true);
  });

  it("keeps its key where script cannot read it", async () => {
    const phone = await Phone.make();
    const tab = await phone.loggedIn();
    const { privateKey } = await keyOf(tab);
    expect(privateKey.extractable).toBe(false);
    await expect(crypto.subtle.exportKey("jwk", privateKey)).rejects.toThrow();
  });

  it("starts once, however often the button is pressed", async () => {
    const phone = await Phone.make();
    const tab = await phone.open();
    await Promise.all([tab.model.login(), tab.model.login(), tab.model.login()]);
    expect(tab.addresses).toHaveLength(1);
  });

  it("uses one key when two tabs start at once", async () => {
    const phone = await Phone.make();
    const [one, two] = [await phone.open(), await phone.open()];
    await Promise.all([one.model.login(), two.model.login()]);
    // The server binds the code to the key that pushed the request: both must still fit.
    const back = await phone.open(phone.server.authenticate(one.address));
    expect(back.view.name).toBe("home");
  });

  it("makes the proof anew when the server wants another nonce", async () => {
    const phone = await Phone.make();
    const tab = await phone.open();
    await tab.model.login();
    expect(phone.server.count("/par")).toBe(2);
    phone.server.turnNonce();
    const back = await phone.open(phone.server.authenticate(tab.address));
    expect(back.view.name).toBe("home");
  });

  it("works on a phone whose clock is an hour behind", async () => {
    const phone = await Phone.make();
    phone.server.clockAhead = 3600;
    const tab = await phone.loggedIn();
    expect(tab.view.name).toBe("home");
  });

  it("goes on when the phone's clock is set while the app is open", async () => {
    const phone = await Phone.make();
    const tab = await phone.open();
    await tab.model.login();
    phone.server.clockAhead = 3600;
    await tab.model.startOver();
    await tab.model.login();
    expect(tab.view.name).toBe("start");
    expect(tab.addresses).toHaveLength(2);
  });

  it.each([
    ["no network", "offline" as const, { failure: "network" }],
    ["a broken server", { status: 503 }, { failure: "server" }],
    ["too many starts", { status: 429 }, { failure: "tooMany" }],
    [
      "a reason and a code",
      { status: 400, body: { error: "invalid_dpop_proof", reason: "proof_invalid", support_code: "ABC-234" } },
      { failure: "app", supportCode: "ABC-234" },
    ],
    ["an error alone", { status: 400, body: { error: "invalid_scope" } }, { failure: "app" }],
    ["an answer that is none", { status: 201, body: { request_uri: 7 } }, { failure: "server" }],
    ["a reason that is no word", { status: 400, body: { error: "x", reason: "<b>" } }, { failure: "server", reason: "x" }],
  ])("says what is wrong and can try again: %s", async (_name, mishap, failure) => {
    const phone = await Phone.make();
    const tab = await phone.open();
    phone.server.next("/par", mishap);
    await tab.model.login();
    expect(tab.view).toMatchObject({ name: "failed", failure });
    expect(tab.addresses).toEqual([]);
    await tab.model.login();
    expect(tab.addresses).toHaveLength(1);
  });
});

describe("the server's metadata", () => {
  const path = "/.well-known/openid-configuration";

  it("is asked for once an hour", async () => {
    const phone = await Phone.make();
    const tab = await phone.open();
    await tab.model.login();
    await (await phone.open()).model.login();
    expect(phone.server.count(path)).toBe(1);
    phone.clock += 60 * 60 * 1000;
    await (await phone.open()).model.login();
    expect(phone.server.count(path)).toBe(2);
  });

  it("may be old when there is no newer", async () => {
    const phone = await Phone.make();
    await (await phone.open()).model.login();
    phone.clock += 24 * 60 * 60 * 1000;
    phone.server.next(path, "offline");
    const tab = await phone.open();
    await tab.model.login();
    expect(tab.addresses).toHaveLength(1);
  });

  it.each([
    ["another issuer", { issuer: "https://evil.example" }],
    ["a script as address", { issuer: "http://localhost:8080", authorization_endpoint: "javascript:alert(1)" }],
    ["an open network", { issuer: "http://localhost:8080", authorization_endpoint: "http://login.example/authorize" }],
  ])("is refused when it names %s", async (_name, lie) => {
    const phone = await Phone.make();
    const good = (await (await phone.server.fetch(`http://localhost:8080${path}`)).json()) as Record<string, unknown>;
    const tab = await phone.open();
    phone.server.next(path, { status: 200, body: { ...good, ...lie } });
    await tab.model.login();
    expect(tab.view.name).toBe("failed");
    expect(tab.addresses).toEqual([]);
  });
});

describe("an interrupted login", () => {
  it("is offered again after a restart, under the same address", async () => {
    const phone = await Phone.make();
    const tab = await phone.open();
    await tab.model.login();
    tab.close();
    const later = await phone.open();
    expect(later.view).toMatchObject({ name: "pending", attempt: { supportCode: "K7Q-4TM" } });
    await later.model.resume();
    expect(later.address.href).toBe(tab.address.href);
    const back = await phone.open(phone.server.authenticate(later.address));
    expect(back.view.name).toBe("home");
  });

  it("is offered when the person comes back without an answer", async () => {
    const phone = await Phone.make();
    const tab = await phone.open();
    await tab.model.login();
    expect(tab.view).toEqual({ name: "start", opening: true });
    await tab.model.wake(); // the Back button
    expect(tab.view.name).toBe("pending");
  });

  it("is over after ten minutes, and its answer too late", async () => {
    const phone = await Phone.make();
    const tab = await phone.open();
    await tab.model.login();
    phone.clock += attemptLife - 1;
    expect((await phone.open()).view.name).toBe("pending");
    phone.clock += 1;
    const late = await phone.open(phone.server.authenticate(tab.address));
    expect(late.view).toMatchObject({ name: "failed", failure: { failure: "expired", supportCode: "K7Q-4TM" } });
    expect((await phone.open()).view.name).toBe("start");
    expect(phone.server.count("/token")).toBe(0);
  });

  it("is over when the clock was turned back", async () => {
    const phone = await Phone.make();
    const tab = await phone.open();
    await tab.model.login();
    phone.clock -= 60_000;
    expect((await phone.open()).view.name).toBe("start");
  });

  it("cannot be resumed once it is too old", async () => {
    const phone = await Phone.make();
    const tab = await phone.open();
    await tab.model.login();
    await tab.model.wake();
    phone.clock += attemptLife;
    await tab.model.resume();
    expect(tab.view).toMatchObject({ name: "failed", failure: { failure: "expired", supportCode: "K7Q-4TM" } });
    expect(tab.addresses).toHaveLength(1);
  });

  it("is not resumed when another tab has finished it", async () => {
    const phone = await Phone.make();
    const tab = await phone.open();
    await tab.model.login();
    await tab.model.wake();
    await phone.open(phone.server.authenticate(tab.address));
    await tab.model.resume();
    expect(tab.view.name).toBe("home");
    expect(tab.addresses).toHaveLength(1);
  });

  it("is forgotten when the person starts over", async () => {
    const phone = await Phone.make();
    const tab = await phone.open();
    await tab.model.login();
    await tab.model.wake();
    await tab.model.startOver();
    expect(tab.view).toEqual({ name: "start", opening: false });
    const late = await phone.open(phone.server.authenticate(tab.address));
    expect(late.view).toEqual({ name: "foreign", loggedIn: false });
  });
});
