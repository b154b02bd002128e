import { useEffect, useRef, useState } from "preact/hooks";

import { classify, type Scanned } from "../login/qr.ts";
import { openCamera, type Camera, type CameraTrouble } from "../scan/camera.ts";
import { BackBar } from "../ui/Bar.tsx";
import { QrIcon, TorchIcon } from "../ui/icons.tsx";
import { Banner, Button, Spinner } from "../ui/parts.tsx";
import { openRoute } from "../ui/route.ts";
import type { ScreenProps } from "./props.ts";

/** What the scanner is doing. The camera is never asked for before a press. */
type Stage =
  { at: "explaining" } | { at: "opening" } | { at: "looking"; camera: Camera } | { at: "trouble"; trouble: CameraTrouble };

/** Something that was scanned and is not ours; `noPicture` is a file that is no picture. */
type Odd = Exclude<Scanned, { kind: "ours" }> | { kind: "noPicture" };

/** Milliseconds between two looks: often enough to feel instant, seldom enough to keep the phone cool. */
const lookEvery = 120;

/** Scans the code of the activation page, by camera or out of a picture. */
export function Scan(props: ScreenProps) {
  const { t, model } = props;
  const [stage, setStage] = useState<Stage>({ at: "explaining" });
  const [odd, setOdd] = useState<Odd>();
  const [claiming, setClaiming] = useState(false);
  const alive = useAlive();

  const open = async () => {
    setStage({ at: "opening" });
    const camera = await openCamera();
    if (typeof camera === "string") {
      setStage({ at: "trouble", trouble: camera });
    } else if (alive.current) {
      setStage({ at: "looking", camera });
    } else {
      camera.close(); // the person has left while the browser was asking
    }
  };
  const take = async (text: string) => {
    const scanned = classify(text);
    if (scanned.kind !== "ours") {
      setOdd(scanned);
      return;
    }
    // Never set back: the answer brings another screen. Until that has come, a camera that
    // looked again would claim the code a second time.
    setClaiming(true);
    await model.claim({ qr: scanned.payload });
  };
  const upload = async (file: File) => {
    setOdd(undefined);
    try {
      const { readPicture } = await import("../scan/decode.ts");
      await take((await readPicture(file)) ?? "");
    } catch {
      setOdd({ kind: "noPicture" });
    }
  };
  useCameraOff(stage, () => setStage({ at: "explaining" }));

  return (
    <main class="screen" data-testid="scan" data-stage={claiming ? "claiming" : stage.at}>
      <BackBar label={t.app.back} />
      <div class="content">
        <h1 tabIndex={-1}>{t.scan.title}</h1>
        {claiming ? (
          <p class="pill" role="status">
            <Spinner />
            <span>{t.scan.sending}</span>
          </p>
        ) : stage.at === "looking" ? (
          <Finder {...props} camera={stage.camera} onText={(text) => void take(text)} />
        ) : (
          <Before {...props} stage={stage} />
        )}
        <div role="alert">
          {odd !== undefined && (
            <Banner kind="warning" title={wordsOf(t, odd)} testid="scanned">
              <span data-kind={odd.kind} />
            </Banner>
          )}
        </div>
      </div>
      <div class="foot">
        {(stage.at === "explaining" || stage.at === "opening") && (
          <Button testid="scan-allow" busy={stage.at === "opening"} onPress={() => void open()}>
            {stage.at === "opening" ? t.scan.opening : t.scan.allow}
          </Button>
        )}
        {stage.at === "trouble" && stage.trouble !== "none" && (
          <Button testid="scan-allow" onPress={() => void open()}>
            {t.failed.retry}
          </Button>
        )}
        <label class="button secondary file">
          <span>{t.scan.upload}</span>
          <input
            type="file"
            accept="image/*"
            data-testid="scan-upload"
            onChange={(event) => {
              const file = event.currentTarget.files?.[0];
              event.currentTarget.value = ""; // so that the same picture may be chosen again
              if (file !== undefined) void upload(file);
            }}
          />
        </label>
        <Button kind="plain" testid="cannot-scan" onPress={() => openRoute("typed")}>
          {t.scan.cannot}
        </Button>
      </div>
    </main>
  );
}

/** Where the code is and what the camera is for, or why there is no camera. */
function Before({ t, stage }: ScreenProps & { stage: Stage }) {
  if (stage.at === "trouble") {
    const titles = { denied: t.scan.deniedTitle, none: t.scan.noneTitle, busy: t.scan.busyTitle };
    return (
      <Banner kind="warning" title={titles[stage.trouble]} testid={`camera-${stage.trouble}`}>
        <p>{t.scan[stage.trouble]}</p>
      </Banner>
    );
  }
  return (
    <>
      <span class="badge">
        <QrIcon />
      </span>
      <p class="lead">{t.scan.where}</p>
      <p class="lead">{t.scan.why}</p>
    </>
  );
}

/** What the camera sees, with a frame to aim by. */
function Finder({ t, camera, onText }: ScreenProps & { camera: Camera; onText: (text: string) => void }) {
  const video = useRef<HTMLVideoElement>(null);
  const [lit, setLit] = useState(false);
  const tell = useRef(onText);
  tell.current = onText;

  useEffect(() => {
    const element = video.current;
    if (element === null) return;
    element.srcObject = camera.stream;
    void element.play().catch(() => undefined); // it plays by itself where this is not allowed
    return look(element, (text) => tell.current(text));
  }, [camera]);

  const light = async () => {
    try {
      await camera.torch(!lit);
      setLit(!lit);
    } catch {
      // The lamp would not; the picture stays.
    }
  };
  return (
    <>
      <div class="finder">
        <video ref={video} muted playsInline autoplay aria-label={t.scan.view} />
        <span class="aim" aria-hidden="true" />
        {camera.hasTorch && (
          <button type="button" class="torch" aria-pressed={lit} data-testid="torch" onClick={() => void light()}>
            <TorchIcon />
            <span>{t.scan.torch}</span>
          </button>
        )}
      </div>
      <p class="lead">{t.scan.aim}</p>
    </>
  );
}

/** Looks for a code again and again, until it is told to stop. The same code is told once. */
function look(video: HTMLVideoElement, onText: (text: string) => void): () => void {
  let stopped = false;
  let last: string | undefined;
  const run = async () => {
    const { readVideo } = await import("../scan/decode.ts");
    const step = () => {
      if (stopped) return;
      const text = video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA ? readVideo(video) : undefined;
      if (text !== undefined && text !== "" && text !== last) {
        last = text;
        onText(text);
      }
      setTimeout(step, lookEvery);
    };
    step();
  };
  void run().catch(() => undefined); // without the reader there are still the picture and the keyboard
  return () => {
    stopped = true;
  };
}

/** The camera goes off with the screen, and when the app goes to the background. */
function useCameraOff(stage: Stage, onOff: () => void): void {
  const camera = stage.at === "looking" ? stage.camera : undefined;
  const off = useRef(onOff);
  off.current = onOff;
  useEffect(() => {
    if (camera === undefined) return;
    const hide = () => {
      if (document.visibilityState === "hidden") off.current();
    };
    document.addEventListener("visibilitychange", hide);
    return () => {
      document.removeEventListener("visibilitychange", hide);
      camera.close();
    };
  }, [camera]);
}

function useAlive() {
  const alive = useRef(true);
  useEffect(
    () => () => {
      alive.current = false;
    },
    [],
  );
  return alive;
}

function wordsOf(t: ScreenProps["t"], odd: Odd): string {
  return odd.kind === "web" ? t.scan.web(odd.host) : t.scan[odd.kind];
}
