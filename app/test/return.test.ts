import { describe, expect, it } from "vitest";

import { receiveAnswer, takeAnswer } from "../src/login/answer.ts";
import { Server } from "../src/login/server.ts";
import { appOrigin, issuer } from "./authserver.ts";
import { config, Phone, type Tab } from "./phone.ts";

/** A phone with a login under way, and the answer that the server has for it. */
async function underWay(): Promise<{ phone: Phone; tab: Tab; answer: URLSearchParams }> {
  const phone = await Phone.make();
  const tab = await phone.open();
  await tab.model.login();
  return { phone, tab, answer: phone.server.authenticate(tab.address) };
}

function changed(answer: URLSearchParams, change: (copy: URLSearchParams) => void): URLSearchParams {
  const copy = new URLSearchParams(answer);
  change(copy);
  return copy;
}

describe("the address of the answer", () => {
  const at = (path: string) => new URL(path, appOrigin) as unknown as Location;

  it("is cleaned as it is read", () => {
    const replaced: unknown[] = [];
    const history = { replaceState: (...args: unknown[]) => replaced.push(args) } as unknown as History;
    const answer = takeAnswer(at("/return?code=c&state=s"), history);
    expect(answer?.get("code")).toBe("c");
    expect(replaced).toEqual([[null, "", "/"]]);
  });

  it("is left alone when it is another", () => {
    const history = {} as History; // would throw
    expect(takeAnswer(at("/?code=c&state=s"), history)).toBeUndefined();
    expect(takeAnswer(at("/returned?code=c"), history)).toBeUndefined();
  });
});

describe("an answer that is not ours", () => {
  it.each([
    ["another state", (a: URLSearchParams) => a.set("state", "x".repeat(43))],
    ["no state", (a: URLSearchParams) => a.delete("state")],
    ["two states", (a: URLSearchParams) => a.append("state", "second")],
    ["an empty state", (a: URLSearchParams) => a.set("state", "")],
    ["another issuer", (a: URLSearchParams) => a.set("iss", "https://evil.example")],
    ["no issuer", (a: URLSearchParams) => a.delete("iss")],
    ["two issuers", (a: URLSearchParams) => a.append("iss", issuer)],
    [
      "an error without our state",
      (a: URLSearchParams) => {
        a.set("state", "nobody's");
        a.set("error", "access_denied");
      },
    ],
  ])("is refused: %s", async (_name, change) => {
    const { phone, answer } = await underWay();
    const forged = changed(answer, (a) => {
      a.set("code", "code-of-a-stranger");
      change(a);
    });
    const back = await phone.open(forged);
    expect(back.view).toEqual({ name: "foreign", loggedIn: false });
    expect(phone.server.count("/token")).toBe(0);
    // Nor does it spoil the login that is really under way.
    expect((await phone.open(answer)).view.name).toBe("home");
  });

  it("is refused on a phone that has started nothing", async () => {
    const { answer } = await underWay();
    const other = await Phone.make();
    const tab = await other.open(answer);
    expect(tab.view).toEqual({ name: "foreign", loggedIn: false });
    expect(other.server.count("/token")).toBe(0);
    // The server is told, so that nobody else can use the code either (threats 16, 29).
    expect(other.server.reported).toEqual([answer.get("code")]);
  });

  it.each([
    ["of another server", (a: URLSearchParams) => a.set("iss", "https://evil.example")],
    ["without a code", (a: URLSearchParams) => a.delete("code")],
    ["with two codes", (a: URLSearchParams) => a.append("code", "second")],
  ])("is not told to our server: %s", async (_name, change) => {
    const { answer } = await underWay();
    const other = await Phone.make();
    expect((await other.open(changed(answer, change))).view.name).toBe("foreign");
    expect(other.server.requests).toEqual([]);
  });

  it("keeps nobody waiting when the report is lost", async () => {
    const other = await Phone.make();
    other.server.next("/authorize-challenge", "offline");
    const tab = await other.open(new URLSearchParams({ code: "c", state: "s", iss: issuer }));
    expect(tab.view).toEqual({ name: "foreign", loggedIn: false });
  });

  it("leaves a logged-in person logged in", async () => {
    const phone = await Phone.make();
    const tab = await phone.loggedIn();
    const before = await tab.vault.session();
    const back = await phone.open(new URLSearchParams({ code: "c", state: "s", iss: issuer }));
    expect(back.view).toEqual({ name: "foreign", loggedIn: true });
    expect(await tab.vault.session()).toEqual(before);
    await back.model.goOn();
    expect(back.view.name).toBe("home");
  });

  it("never replaces a session that has come meanwhile", async () => {
    const { phone, answer } = await underWay();
    const other = await phone.open();
    await other.model.startOver();
    await other.model.login();
    await phone.open(phone.server.authenticate(other.address));
    const late = await phone.open(answer);
    expect(late.view).toEqual({ name: "foreign", loggedIn: true });
  });
});

describe("an answer that says no", () => {
  it.each([
    [
      { error: "access_denied", reason: "cancelled_at_broker" },
      { failure: "cancelled", reason: "cancelled_at_broker" },
    ],
    [{ error: "access_denied", reason: "no_benefits" }, { failure: "noBenefits" }],
    [{ error: "access_denied" }, { failure: "cancelled", reason: "access_denied" }],
    [{ error: "temporarily_unavailable", reason: "broker_down" }, { failure: "bankDown" }],
    [{ error: "server_error" }, { failure: "server" }],
    [{ error: "never_heard_of" }, { failure: "server", reason: "never_heard_of" }],
    [
      { error: "access_denied", reason: "never_heard_of" },
      { failure: "cancelled", reason: "never_heard_of" },
    ],
    [{ error: "access_denied", reason: "constructor" }, { failure: "cancelled" }],
    [{ error: "toString" }, { failure: "server", reason: undefined }],
  ])("is told with its reason: %o", async (parameters, failure) => {
    const { phone, tab } = await underWay();
    const back = await phone.open(phone.server.refuse(tab.address, parameters));
    expect(back.view).toMatchObject({ name: "failed", failure: { ...failure, supportCode: "K7Q-4TM" } });
    await back.model.startOver();
    expect(back.view).toEqual({ name: "start", opening: false });
  });

  it("shows the code of the server, but never its prose or anybody's", async () => {
    const { phone, tab } = await underWay();
    const answer = phone.server.refuse(tab.address, {
      error: "server_error",
      error_description: "Call 0600-12345 now",
      reason: "Call 0600-12345",
      support_code: "CALL 0600",
    });
    const back = await phone.open(answer);
    expect(back.view).toMatchObject({
      name: "failed",
      failure: { failure: "server", supportCode: "K7Q-4TM", reason: "server_error" },
    });
    expect(JSON.stringify(back.view)).not.toContain("0600");
  });
});

describe("the same answer twice", () => {
  it("is no alarm after the login", async () => {
    const { phone, answer } = await underWay();
    await phone.open(answer);
    const tokens = phone.server.count("/token");
    const again = await phone.open(answer);
    expect(again.view.name).toBe("home");
    // One refresh for the new page's access token, no second redemption.
    expect(phone.server.requests.slice().filter((r) => r.body.get("grant_type") === "authorization_code")).toHaveLength(tokens);
  });

  it("is no alarm after a failure", async () => {
    const { phone, tab } = await underWay();
    const answer = phone.server.refuse(tab.address, { error: "access_denied" });
    await phone.open(answer);
    expect((await phone.open(answer)).view).toMatchObject({ name: "failed", failure: { failure: "cancelled" } });
  });

  it("is redeemed once when two tabs have it", async () => {
    const { phone, answer } = await underWay();
    const [one, two] = await Promise.all([phone.open(answer), phone.open(answer)]);
    expect([one.view.name, two.view.name]).toEqual(["home", "home"]);
    const redemptions = phone.server.requests.filter((r) => r.body.get("grant_type") === "authorization_code");
    expect(new Set(redemptions.map((r) => r.body.get("code"))).size).toBe(1);
    expect(redemptions.length).toBeLessThanOrEqual(2); // the second only for the nonce
  });

  it("goes on where a killed app stopped", async () => {
    const { phone, tab, answer } = await underWay();
    const now = () => phone.clock;
    const server = new Server(config, tab.vault, phone.server.fetch, now);
    await receiveAnswer({ server, vault: tab.vault, redirectUri: `${appOrigin}/return`, now }, answer);
    tab.close();
    expect((await phone.open()).view.name).toBe("home"); // without the answer: it is written down
  });
});

describe("a lost answer of the token endpoint", () => {
  it.each(["offline", "lose-answer", "cut-answer"] as const)("is asked for again: %s", async (mishap) => {
    const { phone, answer } = await underWay();
    phone.server.turnNonce();
    phone.server.next("/token", mishap, mishap, mishap);
    const back = await phone.open(answer);
    expect(back.seen).toContainEqual({ name: "finishing", waiting: true });
    expect(back.view.name).toBe("home");
    const sent = phone.server.requests.filter((r) => r.path === "/token").map((r) => r.body.toString());
    expect(new Set(sent).size).toBe(1); // the very same request each time
  });

  it("waits as long as a busy server asks", async () => {
    const { phone, answer } = await underWay();
    const before = phone.clock;
    phone.server.next("/token", { status: 503, headers: { "retry-after": "7" } });
    expect((await phone.open(answer)).view.name).toBe("home");
    expect(phone.clock - before).toBe(7_000);
  });

  it("is given up when the code is dead", async () => {
    const { phone, answer } = await underWay();
    phone.server.next("/token", ...Array<"offline">(60).fill("offline"));
    const back = await phone.open(answer);
    expect(back.view).toMatchObject({ name: "failed", failure: { failure: "network", supportCode: "K7Q-4TM" } });
    expect((await phone.open()).view.name).toBe("start");
    expect(await back.vault.session()).toBeUndefined();
  });

  it("can be given up by the person", async () => {
    const { phone, tab, answer } = await underWay();
    tab.close();
    phone.server.next("/token", ...Array<"offline">(60).fill("offline"));
    const back = await phone.open();
    back.onWait = () => void back.model.startOver();
    await back.model.open(answer);
    expect(back.view).toEqual({ name: "start", opening: false });
    expect(await back.vault.session()).toBeUndefined();
  });
});

describe("the token endpoint's answer", () => {
  it("that refuses the code ends the login", async () => {
    const { phone, answer } = await underWay();
    phone.server.next("/token", { status: 400, body: { error: "invalid_grant", reason: "code_expired" } });
    const back = await phone.open(answer);
    expect(back.view).toMatchObject({
      name: "failed",
      failure: { failure: "expired", reason: "code_expired", supportCode: "K7Q-4TM" },
    });
  });

  it.each([
    ["the nonce of another login", { nonce: "n".repeat(43) }],
    ["no nonce", { nonce: undefined }],
    ["another audience", { aud: "another-app" }],
    ["another issuer", { iss: "https://evil.example" }],
    ["no subject", { sub: undefined }],
  ])("is refused when the ID token has %s", async (_name, claims) => {
    const { phone, answer } = await underWay();
    phone.server.idTokenClaims = claims;
    const back = await phone.open(answer);
    expect(back.view).toMatchObject({ name: "failed", failure: { supportCode: "K7Q-4TM" } });
    expect(await back.vault.session()).toBeUndefined();
  });

  it("with an ID token of yesterday blames the clock", async () => {
    const { phone, answer } = await underWay();
    phone.server.idTokenClaims = { iat: 1, exp: 2 };
    expect((await phone.open(answer)).view).toMatchObject({ name: "failed", failure: { failure: "clock" } });
  });

  it.each([
    ["bearer tokens", { token_type: "Bearer", refresh_token: "r" }],
    ["no ID token", { token_type: "DPoP", refresh_token: "r" }],
  ])("is refused when it holds %s", async (_name, tokens) => {
    const { phone, answer } = await underWay();
    phone.server.next("/token", { status: 200, body: { access_token: "a", ...tokens } });
    const back = await phone.open(answer);
    expect(back.view.name).toBe("failed");
    expect(await back.vault.session()).toBeUndefined();
  });
});

describe("a login given up at the last moment", () => {
  it("is undone on the server", async () => {
    const { phone, tab, answer } = await underWay();
    const now = () => phone.clock;
    const server = new Server(config, tab.vault, phone.server.fetch, now);
    const received = await receiveAnswer({ server, vault: tab.vault, redirectUri: `${appOrigin}/return`, now }, answer);
    expect(received.kind).toBe("ours");
    await tab.model.startOver();
    const state = answer.get("state") ?? "";
    const session = {
      refreshToken: "rt-late",
      subject: "person-1",
      loggedInAt: phone.clock,
      profile: { name: "", givenName: "", benefits: [], fetchedAt: 0 },
    };
    expect(await tab.vault.logIn(session, { phase: "done", state, startedAt: phone.clock })).toBe(false);
    expect(await tab.vault.session()).toBeUndefined();
    await phone.open();
    expect(phone.server.revoked).toEqual(["rt-late"]);
  });
});
