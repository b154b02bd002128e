import { describe, expect, it } from "vitest";

import { classify, groupTyped, readDigits, readTyped, takeOffer } from "../src/login/qr.ts";
import { troubleOf } from "../src/scan/camera.ts";
import type { View } from "../src/view.ts";
import { appOrigin } from "./authserver.ts";
import { Phone, type Tab } from "./phone.ts";

const payload = "AVAIN1:mZ8sJq2Yx0aTnW4kP7vQeA.59231774.h3J9sKd02LmQpX7v";
const isFailed = (view: View) => view.name === "failed";

async function claimed(): Promise<{ phone: Phone; tab: Tab }> {
  const phone = await Phone.make();
  const tab = await phone.open();
  await tab.model.claim({ qr: payload });
  return { phone, tab };
}

describe("what was scanned", () => {
  it.each([
    [payload, { kind: "ours", payload }],
    [` ${payload}\n`, { kind: "ours", payload }],
    ["AVAIN2:abcdefghij", { kind: "newer" }],
    ["AVAIN1:", { kind: "other" }],
    ["AVAIN1:short", { kind: "other" }],
    ["AVAIN1:with spaces and more", { kind: "other" }],
    [`AVAIN1:${"x".repeat(401)}`, { kind: "other" }],
    [`https://evil.example/#${payload}`, { kind: "web", host: "evil.example" }],
    ["HTTPS://EVIL.EXAMPLE/x", { kind: "web", host: "evil.example" }],
    ["https://login.example@evil.example/", { kind: "web", host: "evil.example" }],
    ["https://аpple.example/", { kind: "web", host: "xn--pple-43d.example" }],
    ["https://", { kind: "other" }],
    ["javascript:alert(1)", { kind: "other" }],
    ["WIFI:S:home;T:WPA;P:secret;;", { kind: "other" }],
    ["BCD\n002\n1\nSCT", { kind: "other" }],
    ["otpauth://totp/x?secret=y", { kind: "other" }],
    ["", { kind: "empty" }],
    ["  ", { kind: "empty" }],
  ])("%j is told for what it is", (text, kind) => {
    expect(classify(text)).toEqual(kind);
  });

  it("is never ours by accident, and never breaks anything", () => {
    let seed = 1;
    const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
    const pieces = [
      "AVAIN1:",
      "AVAIN",
      "avain1:",
      "https://",
      ":",
      "%",
      "\u0000",
      "\u202e",
      "ä",
      "\ud800",
      "a.b",
      "1".repeat(50),
    ];
    for (let n = 0; n < 3000; n++) {
      const text = Array.from({ length: random(6) }, () => pieces[random(pieces.length)]).join("");
      const scanned = classify(text);
      if (scanned.kind === "ours") expect(scanned.payload).toMatch(/^AVAIN1:[\x21-\x7e]{8,400}$/);
      expect(readTyped(text)).toMatch(/^[0-9A-HJKMNP-TV-Z]{0,10}$/);
      expect(readDigits(text)).toMatch(/^\d{0,6}$/);
    }
  });
});

describe("what was typed", () => {
  it.each([
    ["abcde-fghjk", "ABCDEFGHJK"],
    ["ABCDE FGHJK", "ABCDEFGHJK"],
    ["oOiIlL0123", "0011110123"],
    ["ABCDEFGHJKMN", "ABCDEFGHJK"],
    ["U?*ab", "AB"],
    ["", ""],
  ])("%j is %j", (text, read) => {
    expect(readTyped(text)).toBe(read);
    expect(readTyped(readTyped(text))).toBe(read);
  });

  it("is shown in groups, which do not change it", () => {
    expect(groupTyped("ABCDEFGHJK")).toBe("ABCDE FGHJK");
    expect(groupTyped("ABCDE")).toBe("ABCDE");
    expect(readTyped(groupTyped("ABCDEFGHJK"))).toBe("ABCDEFGHJK");
  });

  it.each([
    ["120 457", "120457"],
    ["Koodi: 120457.", "120457"],
    ["1204578", "120457"],
    ["abc", ""],
  ])("%j has the digits %j", (text, digits) => {
    expect(readDigits(text)).toBe(digits);
  });
});

describe("a claimed code", () => {
  it("shows number and name, and logs in when the page has approved", async () => {
    const { phone, tab } = await claimed();
    const sent = phone.server.last("/authorize-challenge");
    expect(Object.fromEntries(sent)).toMatchObject({
      client_id: "smartumpay",
      qr: payload,
      code_challenge_method: "S256",
      scope: "openid profile offline_access benefits",
      device_name: "Chrome, Pixel 7",
      device_platform: "android",
      app_version: "1.16.0",
    });
    expect(sent.get("nonce")).toMatch(/^.{43,}$/);
    expect(sent.has("code_verifier")).toBe(false);
    expect(tab.view).toMatchObject({ name: "pending", attempt: { via: { method: "qr", match: "47", name: "Aino V." } } });
    expect(phone.server.count("/token")).toBe(0);

    phone.server.move("approved");
    await tab.shows((view) => view.name === "home");
    const token = phone.server.requests.find((r) => r.body.get("grant_type") === "authorization_code")?.body;
    expect(token?.has("redirect_uri")).toBe(false);
    expect(token?.get("code_verifier")).toMatch(/^.{43,}$/);
  });

  it("may be typed", async () => {
    const phone = await Phone.make();
    const tab = await phone.open();
    await tab.model.claim({ typed: "ABCDEFGHJK" });
    const sent = phone.server.last("/authorize-challenge");
    expect(sent.get("typed_code")).toBe("ABCDEFGHJK");
    expect(sent.has("qr")).toBe(false);
    expect(tab.view.name).toBe("pending");
  });

  it("is still there after the app was killed", async () => {
    const { phone, tab } = await claimed();
    tab.close();
    const later = await phone.open();
    expect(later.view).toMatchObject({ name: "pending", attempt: { via: { match: "47", name: "Aino V." } } });
    phone.server.move("approved");
    await later.shows((view) => view.name === "home");
  });

  it("that is given up is over for the page too, and for a phone without a network as well", async () => {
    const { phone, tab } = await claimed();
    await tab.model.startOver();
    expect(tab.view.name).toBe("start");
    expect(phone.server.attempt).toMatchObject({ state: "denied", reason: "cancelled_by_person" });
    await tab.model.claim({ qr: payload });
    phone.server.down = true;
    await tab.model.startOver();
    expect(tab.view.name).toBe("start");
    expect(phone.server.attempt.state).toBe("claimed");
  });

  it("is collected although answers are lost", async () => {
    const { phone, tab } = await claimed();
    phone.server.next("/authorize-challenge", "offline", "lose-answer", { status: 503 });
    phone.server.move("approved");
    await tab.shows((view) => view.name === "home");
  });

  it("logs in once when two tabs wait", async () => {
    const { phone, tab } = await claimed();
    const other = await phone.open();
    phone.server.move("approved");
    await Promise.all([tab.shows((v) => v.name === "home"), other.shows((v) => v.name === "home")]);
    const codes = phone.server.requests
      .filter((r) => r.body.get("grant_type") === "authorization_code")
      .map((r) => r.body.get("code"));
    expect(new Set(codes).size).toBe(1);
  });

  it.each([
    ["denied", "cancelled_by_person", "cancelled"],
    ["expired", "qr_expired", "qrExpired"],
    ["expired", "approval_late", "qrLate"],
    ["burned", "qr_reused", "qrUsed"],
    ["burned", "qr_wrong_number", "qrNumber"],
  ])("that is %s for %s is told as %s", async (state, reason, failure) => {
    const { phone, tab } = await claimed();
    phone.server.move(state, reason);
    await tab.shows(isFailed);
    expect(tab.view).toMatchObject({ failure: { failure, supportCode: "K7Q-4TM" }, method: "qr" });
    expect(phone.server.count("/token")).toBe(0);
  });

  it.each([
    ["qr_expired", "qrExpired"],
    ["qr_used", "qrUsed"],
    ["qr_unknown", "qrUnknown"],
    ["rate_limited", "tooMany"],
  ])("that is refused for %s is told as %s", async (reason, failure) => {
    const phone = await Phone.make();
    phone.server.page = { reason };
    const tab = await phone.open();
    await tab.model.claim({ qr: payload });
    expect(tab.view).toMatchObject({ name: "failed", failure: { failure }, method: "qr" });
    expect((await phone.open()).view.name).toBe("start");
  });

  it.each([
    ["a code at once", 200, { authorization_code: "c" }],
    ["no number", 400, { error: "insufficient_authorization", reason: "approval_required", auth_session: "a", name: "A" }],
    [
      "a strange number",
      400,
      { error: "insufficient_authorization", reason: "approval_required", auth_session: "a", name: "A", match: "<b>" },
    ],
    ["no session", 400, { error: "insufficient_authorization", reason: "approval_required", match: "47", name: "A" }],
  ])("is not taken with %s: a person must approve", async (_name, status, body) => {
    const phone = await Phone.make();
    const tab = await phone.open();
    await tab.model.login(); // knows the nonce
    phone.server.next("/authorize-challenge", { status, body });
    await tab.model.claim({ qr: payload });
    expect(tab.view.name).toBe("failed");
    expect(phone.server.count("/token")).toBe(0);
  });
});

describe("a code that a page on this phone hands over", () => {
  const at = (path: string) => new URL(path, appOrigin) as unknown as Location;

  it("leaves the address as it is read", () => {
    const replaced: unknown[] = [];
    const history = { replaceState: (...args: unknown[]) => replaced.push(args) } as unknown as History;
    expect(takeOffer(at(`/open#${payload}`), history)).toBe(payload);
    expect(takeOffer(at("/open#%zz"), history)).toBe("");
    expect(takeOffer(at("/open"), history)).toBe("");
    expect(replaced).toHaveLength(3);
    expect(takeOffer(at(`/#${payload}`), {} as History)).toBeUndefined();
  });

  it("does nothing by itself", async () => {
    const phone = await Phone.make();
    const tab = await phone.open(undefined, payload);
    expect(tab.view).toEqual({ name: "offered", payload, loggedInAs: undefined });
    expect(phone.server.requests).toEqual([]);
    await tab.model.goOn();
    expect(tab.view.name).toBe("start");
    expect(phone.server.requests).toEqual([]);
  });

  it("is claimed after a press", async () => {
    const phone = await Phone.make();
    const tab = await phone.open(undefined, payload);
    await tab.model.accept();
    expect(tab.view).toMatchObject({ name: "pending", attempt: { via: { name: "Aino V.", here: true } } });
  });

  it("does not replace somebody who is logged in, unless they say so", async () => {
    const phone = await Phone.make();
    const first = await phone.loggedIn();
    const tab = await phone.open(undefined, payload);
    expect(tab.view).toMatchObject({ name: "offered", loggedInAs: "Maija Liisa Meikäläinen" });
    await tab.model.goOn();
    expect(tab.view.name).toBe("home");
    expect(await first.vault.session()).toBeDefined();
    expect(phone.server.count("/authorize-challenge")).toBe(0);

    const again = await phone.open(undefined, payload);
    await again.model.accept();
    expect(again.view.name).toBe("pending");
    expect(phone.server.revoked).toHaveLength(1);
  });

  it.each([
    ["https://evil.example", "qrUnknown"],
    ["", "qrUnknown"],
    ["AVAIN9:abcdefghijk", "update"],
  ])("is refused when it is %j", async (text, failure) => {
    const phone = await Phone.make();
    const tab = await phone.open(undefined, text);
    expect(tab.view).toMatchObject({ name: "failed", failure: { failure } });
    expect(phone.server.requests).toEqual([]);
  });
});

describe("the camera's refusals", () => {
  it.each([
    ["NotAllowedError", "denied"],
    ["SecurityError", "denied"],
    ["NotReadableError", "busy"],
    ["AbortError", "busy"],
    ["NotFoundError", "none"],
    ["OverconstrainedError", "none"],
  ])("%s is %s", (name, trouble) => {
    expect(troubleOf(new DOMException("", name))).toBe(trouble);
  });

  it("that say nothing are none", () => {
    expect(troubleOf(new TypeError("x"))).toBe("none");
  });
});
