import jsQR from "jsqr";

/** Longest side, in pixels, of what is searched for a code. More costs time and finds no more. */
const videoSide = 720;
const pictureSides = [1000, 1800, 500];

const canvas = document.createElement("canvas");
const pencil = canvas.getContext("2d", { willReadFrequently: true });

/** The text of a QR code in what the camera sees now; undefined when there is none. */
export function readVideo(video: HTMLVideoElement): string | undefined {
  return read(video, video.videoWidth, video.videoHeight, videoSide, "dontInvert");
}

/** The text of a QR code in a picture. Throws when it is not a picture. */
export async function readPicture(file: Blob): Promise<string | undefined> {
  const picture = await createImageBitmap(file);
  try {
    for (const side of pictureSides) {
      const found = read(picture, picture.width, picture.height, side, "attemptBoth");
      if (found !== undefined) return found;
    }
    return undefined;
  } finally {
    picture.close();
  }
}

function read(
  source: CanvasImageSource,
  width: number,
  height: number,
  side: number,
  inversionAttempts: "dontInvert" | "attemptBoth",
): string | undefined {
  if (pencil === null || width === 0 || height === 0) return undefined;
  const scale = Math.min(1, side / Math.max(width, height));
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  pencil.drawImage(source, 0, 0, canvas.width, canvas.height);
  const { data } = pencil.getImageData(0, 0, canvas.width, canvas.height);
  try {
    return jsQR(data, canvas.width, canvas.height, { inversionAttempts })?.data;
  } catch {
    return undefined; // a code that is broken in a way the reader did not think of
  }
}
