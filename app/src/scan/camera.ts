/** Why there is no picture from the camera. */
export type CameraTrouble = "denied" | "none" | "busy";

/** What a track can do beyond the DOM's own types: the lamp (W3C Image Capture). */
interface Lamp {
  torch?: boolean;
}

export interface Camera {
  stream: MediaStream;
  hasTorch: boolean;
  torch: (on: boolean) => Promise<void>;
  close: () => void;
}

/** Opens the camera on the back of the phone. The browser asks the person first. */
export async function openCamera(): Promise<Camera | CameraTrouble> {
  // Missing where the page is not secure, and in some browsers inside other apps.
  const devices = (navigator as { mediaDevices?: MediaDevices }).mediaDevices;
  if (devices === undefined) return "none";
  let stream: MediaStream;
  try {
    stream = await devices.getUserMedia({
      audio: false,
      video: { facingMode: "environment", width: { ideal: 1280 }, height: { ideal: 720 } },
    });
  } catch (error) {
    return troubleOf(error);
  }
  const [track] = stream.getVideoTracks();
  const can = lampOf(track);
  return {
    stream,
    hasTorch: can.torch === true,
    torch: async (on) => await track?.applyConstraints({ advanced: [{ torch: on } as MediaTrackConstraintSet] }),
    close: () => {
      for (const each of stream.getTracks()) each.stop();
    },
  };
}

/** Older browsers do not tell what a camera can do. */
function lampOf(track: MediaStreamTrack | undefined): Lamp {
  return track !== undefined && "getCapabilities" in track ? (track.getCapabilities() as Lamp) : {};
}

/** The names are those of Media Capture and Streams, §10.2. */
export function troubleOf(error: unknown): CameraTrouble {
  switch (error instanceof DOMException ? error.name : "") {
    case "NotAllowedError":
    case "SecurityError":
      return "denied";
    case "NotReadableError":
    case "AbortError":
      return "busy";
    default:
      return "none";
  }
}
