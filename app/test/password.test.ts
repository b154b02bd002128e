import { describe, expect, it } from "vitest";

import { gateOf } from "../src/gate.ts";
import { appOrigin } from "./authserver.ts";
import { Phone, type Tab } from "./phone.ts";

const right = { userName: "aino", password: "hevonen paristo niitti" };

async function opened(): Promise<{ phone: Phone; tab: Tab }> {
  const phone = await Phone.make();
  return { phone, tab: await phone.open() };
}

describe("Smartum credentials", () => {
  it("log in", async () => {
    const { phone, tab } = await opened();
    // A phone's keyboard adds a space behind a name that it completes.
    expect(await tab.model.password({ ...right, userName: " aino " })).toBeUndefined();
    expect(tab.view.name).toBe("home");
    const sent = phone.server.last("/authorize-challenge");
    expect(Object.fromEntries(sent)).toMatchObject({
      username: "aino",
      password: right.password,
      response_type: "code",
      redirect_uri: `${appOrigin}/return`,
      scope: "openid profile offline_access benefits",
      code_challenge_method: "S256",
      app_version: "1.16.0",
    });
    expect(sent.has("code_verifier")).toBe(false);
  });

  it("that are wrong are told without leaving the screen, and nothing is kept of them", async () => {
    const { phone, tab } = await opened();
    const failure = await tab.model.password({ ...right, password: "väärä" });
    expect(failure).toMatchObject({ failure: "passwordWrong", reason: "password_wrong", supportCode: "K7Q-4TM" });
    expect(tab.view.name).toBe("start");
    expect(await tab.vault.attempts()).toEqual([]);
    expect(phone.server.count("/token")).toBe(0);
    expect(await tab.model.password(right)).toBeUndefined();
    expect(tab.view.name).toBe("home");
  });

  it("of a SmartumPlus person lead to the login that works", async () => {
    const { phone, tab } = await opened();
    phone.server.person.plus = true;
    expect(await tab.model.password(right)).toMatchObject({ failure: "strongRequired", supportCode: "K7Q-4TM" });
    expect(phone.server.count("/token")).toBe(0);
    expect(phone.server.count("/par")).toBe(0);
    await tab.model.resume();
    const answer = phone.server.authenticate(tab.address);
    tab.close();
    const later = await phone.open(answer);
    expect(later.view.name).toBe("home");
  });

  it("that are sent twice by a double click log in once", async () => {
    const { phone, tab } = await opened();
    await Promise.all([tab.model.password(right), tab.model.password(right)]);
    expect(tab.view.name).toBe("home");
    expect(phone.server.attempts.length).toBe(1);
  });

  it("are never written down", async () => {
    const { phone, tab } = await opened();
    phone.server.next("/token", "lose-answer", { status: 503 });
    await tab.model.password(right);
    const kept = JSON.stringify([await tab.vault.attempts(), await tab.vault.session()]);
    expect(kept).not.toContain(right.password);
    expect(JSON.stringify(tab.seen)).not.toContain(right.password);
  });

  it("without a network, or too often, say so", async () => {
    const { phone, tab } = await opened();
    phone.server.down = true;
    expect(await tab.model.password(right)).toMatchObject({ failure: "network" });
    phone.server.down = false;
    phone.server.next("/authorize-challenge", { status: 429, headers: { "retry-after": "60" } });
    expect(await tab.model.password(right)).toMatchObject({ failure: "tooMany", retryAfter: 60_000 });
  });

  it("are offered only where the server takes them", () => {
    const methods = (on: boolean) => ({ notices: [], methods: [{ method: "credentials", on }] });
    expect(gateOf(methods(true), "1.16.0").password).toBe(true);
    expect(gateOf(methods(false), "1.16.0").password).toBe(false);
    expect(gateOf({ notices: [] }, "1.16.0").password).toBe(false);
  });
});
