import { afterEach, describe, expect, it, vi } from "vitest";

import { openCamera } from "../src/scan/camera.ts";

/** A phone whose browser lets the app use this track, and what the app has asked of it. */
function phoneWith(track: object) {
  const asked: unknown[] = [];
  const whole = {
    stop: () => asked.push("stop"),
    applyConstraints: async (wanted: unknown) => await Promise.resolve(asked.push(wanted)),
    ...track,
  };
  const getUserMedia = async (wanted: unknown) => {
    asked.push(wanted);
    return await Promise.resolve({ getTracks: () => [whole], getVideoTracks: () => [whole] });
  };
  vi.stubGlobal("navigator", { mediaDevices: { getUserMedia } });
  return asked;
}

async function opened() {
  const camera = await openCamera();
  if (typeof camera === "string") throw new Error(camera);
  return camera;
}

afterEach(() => vi.unstubAllGlobals());

describe("the camera", () => {
  it("is the one on the back, without sound, and goes off", async () => {
    const asked = phoneWith({});
    const camera = await opened();
    expect(asked).toEqual([
      expect.objectContaining({ audio: false, video: expect.objectContaining({ facingMode: "environment" }) as unknown }),
    ]);
    camera.close();
    expect(asked).toContain("stop");
  });

  it("has a lamp to switch where the track can", async () => {
    const asked = phoneWith({ getCapabilities: () => ({ torch: true }) });
    const camera = await opened();
    expect(camera.hasTorch).toBe(true);
    await camera.torch(true);
    await camera.torch(false);
    expect(asked.slice(1)).toEqual([{ advanced: [{ torch: true }] }, { advanced: [{ torch: false }] }]);
  });

  it.each([
    ["a track that has none", { getCapabilities: () => ({}) }],
    ["a track that says no", { getCapabilities: () => ({ torch: false }) }],
    ["a browser that does not tell", {}],
  ])("has no lamp: %s", async (_name, track) => {
    phoneWith(track);
    expect((await opened()).hasTorch).toBe(false);
  });

  it("is missing where the page is not secure", async () => {
    vi.stubGlobal("navigator", {});
    expect(await openCamera()).toBe("none");
  });

  it("says why it stays closed", async () => {
    vi.stubGlobal("navigator", {
      mediaDevices: { getUserMedia: async () => await Promise.reject(new DOMException("", "NotAllowedError")) },
    });
    expect(await openCamera()).toBe("denied");
  });
});
