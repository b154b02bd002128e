import { describe, expect, it } from "vitest";

import { attemptLife } from "../src/login/attempt.ts";
import type { View } from "../src/view.ts";
import { stuckAfter } from "../src/waiting.ts";
import { appOrigin, issuer } from "./authserver.ts";
import { Phone, type Tab } from "./phone.ts";

const isAt = (state: string) => (view: View) => view.name === "pending" && view.live.state === state;
const isHome = (view: View) => view.name === "home" && view.freshness.state === "fresh";
const isFailed = (view: View) => view.name === "failed";
const isRefused = (view: View) => view.name === "pending" && view.live.digits.state === "refused";

/** A phone whose person has pressed "Kirjaudu" and whose app knows that the server waits. */
async function waiting(elsewhere = false): Promise<{ phone: Phone; tab: Tab }> {
  const phone = await Phone.make();
  const tab = await phone.open();
  await tab.model.loginByLink(elsewhere);
  await tab.shows(isAt("created"));
  return { phone, tab };
}

/** The browser shows the digits, and the app its field. */
async function confirmed(): Promise<{ phone: Phone; tab: Tab }> {
  const { phone, tab } = await waiting(true);
  phone.server.confirm();
  await tab.shows(isAt("confirmed"));
  return { phone, tab };
}

describe("a login by link", () => {
  it("opens the link in the ordinary browser and comes back through it", async () => {
    const { phone, tab } = await waiting();
    expect(tab.opened).toEqual([phone.server.attempt.link]);
    expect(tab.addresses).toEqual([]); // this page stays
    expect(Object.fromEntries(phone.server.last("/par"))).toMatchObject({
      login_method: "link",
      redirect_uri: `${appOrigin}/return`,
    });
    for (const state of ["opened", "authenticated"]) {
      phone.server.move(state);
      await tab.shows(isAt(state));
    }
    const answer = phone.server.confirm();
    const other = await phone.open(answer);
    expect(other.view.name).toBe("home");
    await tab.model.hear({ kind: "in" });
    expect(tab.view.name).toBe("home");
  });

  it("says why it ended in the browser that comes back, whichever tab has heard of it first", async () => {
    const { phone, tab } = await waiting();
    const answer = phone.server.confirm();
    answer.delete("code");
    answer.set("error", "access_denied");
    answer.set("reason", "cancelled_by_person");
    phone.server.move("denied", "cancelled_by_person");
    await tab.shows(isFailed);
    expect((await phone.open(answer)).view).toMatchObject({ name: "failed", failure: { failure: "cancelled" } });
  });

  it("leaves no alarm behind for the answer of a login that was given up for it", async () => {
    const phone = await Phone.make();
    const tab = await phone.open();
    await tab.model.login();
    const late = phone.server.authenticate(tab.address);
    await tab.model.loginByLink(false);
    await phone.open(phone.server.confirm());
    expect((await phone.open(late)).view.name).toBe("home");
    expect(phone.server.requests.some((r) => r.body.get("error") === "unexpected")).toBe(false);
  });

  it("asks each time with a proof of its own, and tells what it knows", async () => {
    const { phone, tab } = await waiting();
    phone.server.move("opened");
    await tab.shows(isAt("opened"));
    const asked = phone.server.requests.filter((r) => r.path === "/attempt-status").map((r) => r.body.get("known"));
    expect(asked).toContain(null);
    expect(asked).toContain("created");
  });

  it("keeps the answer at the server when another browser will open the link", async () => {
    const { phone, tab } = await waiting(true);
    expect(tab.opened).toEqual([]);
    expect(phone.server.last("/par").get("redirect_uri")).toBe(`${issuer}/return`);
    expect(tab.view).toMatchObject({ attempt: { via: { elsewhere: true, link: phone.server.attempt.link } } });
  });

  it("keeps it there too when the browser does not share the app's storage", async () => {
    const phone = await Phone.make();
    phone.apart = true;
    const tab = await phone.open();
    await tab.model.loginByLink(false);
    expect(phone.server.last("/par").get("redirect_uri")).toBe(`${issuer}/return`);
    expect(tab.opened).toHaveLength(1);
  });

  it("opens the same link again", async () => {
    const { tab } = await waiting();
    tab.model.openLink();
    expect(tab.opened).toHaveLength(2);
    expect(new Set(tab.opened).size).toBe(1);
  });

  it.each(["https://evil.example/l/x", "javascript:alert(1)", "http://localhost:8081/l/x", "", 7, undefined])(
    "opens nothing but the login service: %s",
    async (link) => {
      const phone = await Phone.make();
      const tab = await phone.open();
      await tab.model.login(); // knows the nonce
      const body = { request_uri: "urn:x", expires_in: 599, auth_session: "as", login_link: link };
      phone.server.next("/par", { status: 201, body });
      await tab.model.loginByLink(false);
      expect(tab.view).toMatchObject({ name: "failed", failure: { failure: "server" }, method: "link" });
      expect(tab.opened).toEqual([]);
    },
  );

  it("is not confused by two presses", async () => {
    const phone = await Phone.make();
    const tab = await phone.open();
    await Promise.all([tab.model.loginByLink(false), tab.model.loginByLink(true), tab.model.login()]);
    expect(phone.server.attempts).toHaveLength(1);
  });

  it("tries again by link when it has failed", async () => {
    const { phone, tab } = await waiting();
    phone.server.move("expired", "link_expired");
    await tab.shows(isFailed);
    await tab.model.retry();
    expect(phone.server.last("/par").get("login_method")).toBe("link");
  });
});

describe("a login that ends without the person", () => {
  it.each([
    ["denied", "cancelled_by_person", "cancelled"],
    ["denied", undefined, "cancelled"],
    ["denied", "no_benefits", "noBenefits"],
    ["expired", "link_expired", "linkExpired"],
    ["failed", "confirm_late", "confirmLate"],
    ["failed", undefined, "server"],
    ["burned", "link_reused", "linkReused"],
    ["burned", "unexpected_code", "burned"],
    ["burned", undefined, "burned"],
  ])("%s for %s is told as %s, and over", async (state, reason, failure) => {
    const { phone, tab } = await waiting();
    const known = { state: tab.view.name === "pending" ? tab.view.attempt.state : "", iss: issuer, code: "late" };
    phone.server.move(state, reason);
    await tab.shows(isFailed);
    expect(tab.view).toMatchObject({ failure: { failure, supportCode: "K7Q-4TM" }, method: "link" });
    expect((await phone.open()).view.name).toBe("start");
    // A late answer to it is an old story, and no alarm.
    expect((await phone.open(new URLSearchParams(known))).view.name).toBe("start");
  });

  it("is told when it ran out after the link had been opened", async () => {
    const { phone, tab } = await waiting();
    phone.server.move("opened");
    await tab.shows(isAt("opened"));
    phone.server.move("expired", "attempt_expired");
    await tab.shows(isFailed);
    expect(tab.view).toMatchObject({ failure: { failure: "expired", supportCode: "K7Q-4TM" }, method: "link" });
  });

  it("is no failure when nobody has opened the link: there can be a new one", async () => {
    const { phone, tab } = await waiting();
    phone.server.move("expired", "attempt_expired");
    await tab.shows(isAt("expired"));
    await tab.model.wake(); // the person was in another app meanwhile
    await tab.shows(isAt("expired"));
    const reloaded = await phone.open();
    await reloaded.shows(isAt("expired"));
    await tab.model.loginByLink(true);
    await tab.shows(isAt("created"));
    expect(phone.server.attempts).toHaveLength(2);
  });

  it("is told when the server does not know it any more", async () => {
    const { phone, tab } = await waiting();
    phone.server.attempts.length = 0;
    await tab.model.wake();
    await tab.shows(isFailed);
    expect(tab.view).toMatchObject({ failure: { failure: "expired", supportCode: "K7Q-4TM" } });
  });

  it("is told after ten minutes without a server", async () => {
    const { phone, tab } = await waiting();
    phone.server.down = true;
    phone.clock += attemptLife;
    await tab.model.wake();
    expect((await phone.open()).view.name).toBe("start");
  });
});

describe("waiting", () => {
  it("goes on by itself when the server restarts", async () => {
    const { phone, tab } = await waiting();
    await phone.server.waitedOn();
    phone.server.next("/attempt-status", "offline", { status: 503 }, "cut-answer");
    phone.server.hangUp();
    await tab.shows((view) => view.name === "pending" && view.live.trouble);
    await tab.shows((view) => view.name === "pending" && !view.live.trouble);
    phone.server.move("opened");
    await tab.shows(isAt("opened"));
  });

  it("asks at once after a sleep, and leaves the old question", async () => {
    const { phone, tab } = await waiting();
    const before = phone.server.count("/attempt-status");
    await tab.model.wake();
    phone.server.move("authenticated");
    await tab.shows(isAt("authenticated"));
    expect(phone.server.count("/attempt-status")).toBeGreaterThan(before);
  });

  it("goes on after the app was killed", async () => {
    const { phone, tab } = await waiting(true);
    tab.close();
    phone.server.confirm();
    const later = await phone.open();
    await later.shows(isAt("confirmed"));
    await later.model.digits("120457");
    expect(later.view.name).toBe("home");
  });

  it("does not storm a server that never waits", async () => {
    const { phone, tab } = await waiting();
    await phone.server.waitedOn();
    const began = phone.clock;
    const same = { status: 200, body: { state: "created" } };
    phone.server.next("/attempt-status", ...Array<typeof same>(5).fill(same));
    await tab.model.wake();
    await phone.server.waitedOn(); // the sixth is kept
    expect(phone.clock - began).toBe(4_000); // the first tells, the other four are a second apart
  });

  it("ends when the person gives up", async () => {
    const { phone, tab } = await waiting();
    await tab.model.startOver();
    phone.server.confirm();
    expect(tab.view).toEqual({ name: "start", opening: false });
    await tab.model.goOn();
    expect(tab.view.name).toBe("start");
  });

  it("notices that another tab has logged in, though nobody told", async () => {
    const { phone, tab } = await waiting();
    const answer = phone.server.confirm();
    await tab.shows(isAt("confirmed"));
    await phone.open(answer);
    phone.server.move("redeemed");
    await tab.shows(isHome);
  });
});

describe("six digits", () => {
  it("finish a login whose browser stays", async () => {
    const { phone, tab } = await confirmed();
    await tab.model.digits("120457");
    expect(tab.view.name).toBe("home");
    expect(phone.server.last("/authorize-challenge").get("tx_code")).toBe("120457");
    const redeemed = phone.server.requests.find((r) => r.body.get("grant_type") === "authorization_code");
    expect(redeemed?.body.get("redirect_uri")).toBe(`${issuer}/return`);
    expect(tab.told).toEqual([{ kind: "in" }]);
  });

  it("may be wrong twice", async () => {
    const { tab } = await confirmed();
    for (const triesLeft of [2, 1]) {
      await tab.model.digits("000000");
      expect(tab.view).toMatchObject({ name: "pending", live: { digits: { state: "refused", because: "wrong", triesLeft } } });
    }
    await tab.model.digits("120457");
    expect(tab.view.name).toBe("home");
  });

  it("that are wrong three times burn the login", async () => {
    const { phone, tab } = await confirmed();
    for (let n = 0; n < 3; n++) await tab.model.digits("000000");
    expect(tab.view).toMatchObject({
      name: "failed",
      failure: { failure: "digitsBurned", supportCode: "K7Q-4TM" },
      method: "link",
    });
    expect((await phone.open()).view.name).toBe("start");
  });

  it.each([
    ["offline" as const, "network", 0],
    [{ status: 500 }, "network", 0],
    [{ status: 429, headers: { "retry-after": "180" }, body: { error: "x", reason: "rate_limited" } }, "busy", 180_000],
  ])("may be sent again after %o", async (mishap, because, retryAfter) => {
    const { phone, tab } = await confirmed();
    phone.server.next("/authorize-challenge", mishap);
    await tab.model.digits("120457");
    expect(tab.view).toMatchObject({ live: { digits: { state: "refused", because, retryAfter, triesLeft: 3 } } });
    await tab.model.digits("120457");
    expect(tab.view.name).toBe("home");
  });

  it("that came too late end a link", async () => {
    const { phone, tab } = await confirmed();
    phone.server.next("/authorize-challenge", { status: 400, body: { error: "access_denied", reason: "digits_expired" } });
    await tab.model.digits("120457");
    expect(tab.view).toMatchObject({ name: "failed", failure: { failure: "digitsExpired" } });
  });

  it("are sent once at a time", async () => {
    const { phone, tab } = await confirmed();
    phone.server.turnNonce();
    await Promise.all([tab.model.digits("120457"), tab.model.digits("120457")]);
    expect(tab.view.name).toBe("home");
    const sent = phone.server.requests.filter((r) => r.path === "/authorize-challenge");
    expect(sent.length).toBeLessThanOrEqual(2); // the second for the nonce
  });

  it("and the browser's answer together log in once", async () => {
    const phone = await Phone.make();
    const tab = await phone.open();
    await tab.model.loginByLink(false);
    const answer = phone.server.confirm();
    await tab.shows(isAt("confirmed"));
    const [other] = await Promise.all([phone.open(answer), tab.model.digits("120457")]);
    await tab.shows(isHome);
    expect(other.view.name).toBe("home");
    const codes = phone.server.requests
      .filter((r) => r.body.get("grant_type") === "authorization_code")
      .map((r) => r.body.get("code"));
    expect(new Set(codes).size).toBe(1);
  });

  it("survive an app that is killed between digits and tokens", async () => {
    const { phone, tab } = await confirmed();
    phone.server.next("/token", ...Array<"offline">(3).fill("offline"));
    tab.onWait = () => tab.close();
    await tab.model.digits("120457");
    expect((await phone.open()).view.name).toBe("home");
  });
});

describe("a direct login that does not come back", () => {
  async function back(): Promise<{ phone: Phone; tab: Tab }> {
    const phone = await Phone.make();
    const tab = await phone.open();
    await tab.model.login();
    await tab.model.wake(); // the person is in the app again
    await tab.shows(isAt("created"));
    return { phone, tab };
  }

  it("is taken to be stuck after ten seconds in the foreground", async () => {
    const { tab } = await back();
    tab.pass(stuckAfter - 1);
    expect(tab.view).toMatchObject({ live: { stuck: false } });
    tab.pass(1);
    expect(tab.view).toMatchObject({ name: "pending", live: { stuck: true } });
  });

  it("begins to count anew whenever the person comes back", async () => {
    const { tab } = await back();
    tab.pass(stuckAfter - 1);
    await tab.model.wake();
    tab.pass(stuckAfter - 1);
    expect(tab.view).toMatchObject({ live: { stuck: false } });
  });

  it("is finished by six digits", async () => {
    const { phone, tab } = await back();
    phone.server.confirm();
    await tab.shows(isAt("confirmed"));
    tab.pass(stuckAfter);
    expect(tab.view).toMatchObject({ live: { stuck: false } }); // the field is the way on
    await tab.model.digits("120457");
    expect(tab.view.name).toBe("home");
  });

  it("waits for its browser to make new digits", async () => {
    const { phone, tab } = await back();
    phone.server.move("confirmed"); // by the bank alone: no digits yet
    await tab.shows(isAt("confirmed"));
    await tab.model.digits("120457");
    await tab.shows(isRefused);
    expect(tab.view).toMatchObject({ live: { digits: { because: "late" } } });
    phone.server.attempt.digits = "120457";
    await tab.model.digits("120457");
    expect(tab.view.name).toBe("home");
  });

  it("says what became of it while the person was away", async () => {
    const { phone, tab } = await back();
    phone.server.move("denied", "cancelled_at_broker");
    await tab.shows(isFailed);
    expect(tab.view).toMatchObject({ failure: { failure: "cancelled" }, method: "direct" });
  });
});
