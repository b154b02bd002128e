import { useEffect, useRef, useState } from "preact/hooks";

import type { DeviceList, LoggedInDevice } from "../login/devices.ts";
import { Failure } from "../login/failure.ts";
import { formatTime, type Language, type Texts } from "../texts/index.ts";
import { BackBar } from "../ui/Bar.tsx";
import { Button, Spinner, Trouble } from "../ui/parts.tsx";
import type { ScreenProps } from "./props.ts";

/** Where the person is logged in, and ending it. */
export function Devices({ t, language, model }: ScreenProps) {
  const [list, setList] = useState<DeviceList>();
  const [failure, setFailure] = useState<Failure>();
  const [done, setDone] = useState("");
  const [busy, setBusy] = useState(false);
  const load = async () => {
    setFailure(undefined);
    const answer = await model.devices();
    if (answer instanceof Failure) setFailure(answer);
    else setList(answer);
  };
  useEffect(() => void load(), []);

  const act = async (work: () => Promise<Failure | undefined>, words: string) => {
    if (busy) return;
    setBusy(true);
    setDone("");
    const failed = await work();
    if (failed === undefined) {
      await load();
      setDone(words);
    } else {
      setFailure(failed);
    }
    setBusy(false);
  };
  const others = list?.devices.filter(({ current }) => !current) ?? [];
  return (
    <main class="screen" data-testid="devices-screen">
      <BackBar label={t.app.back} />
      <div class="content">
        <h1 tabIndex={-1}>{t.devices.title}</h1>
        <p class="lead">{t.devices.text}</p>
        <p role="status" class="done" data-testid="devices-done">
          {done}
        </p>
        {failure !== undefined && (
          <Trouble
            t={t}
            title={list === undefined ? t.devices.failed : t.devices.actFailed}
            failure={failure}
            onRetry={() => void load()}
          />
        )}
        {list === undefined && failure === undefined && (
          <p class="quiet">
            <Spinner /> {t.devices.loading}
          </p>
        )}
        {list?.pausedUntil !== undefined && (
          <p class="quiet" data-testid="paused">
            {t.devices.paused(formatTime(language, list.pausedUntil, Date.now()))}
          </p>
        )}
        {list !== undefined && (
          <ul class="list">
            {list.devices.map((device) => (
              <li class="row device" key={device.id} data-testid="device" data-current={device.current}>
                <Facts t={t} language={language} device={device} />
                {!device.current && (
                  <div class="device-ways">
                    <Button
                      kind="secondary"
                      testid="device-logout"
                      busy={busy}
                      onPress={() => void act(async () => await model.endDevice(device.id, "logout"), t.devices.out)}
                    >
                      {t.devices.logout}
                    </Button>
                    <NotMe
                      t={t}
                      onYes={() => void act(async () => await model.endDevice(device.id, "not-me"), t.devices.disowned)}
                    />
                  </div>
                )}
              </li>
            ))}
          </ul>
        )}
        {list !== undefined && others.length === 0 && <p class="quiet">{t.devices.alone}</p>}
        {others.length > 1 && (
          <section class="group">
            <Button
              kind="secondary"
              testid="devices-logout"
              busy={busy}
              onPress={() => void act(async () => await model.endOtherDevices(), t.devices.out)}
            >
              {t.devices.logoutAll}
            </Button>
          </section>
        )}
      </div>
    </main>
  );
}

function Facts({ t, language, device }: { t: Texts; language: Language; device: LoggedInDevice }) {
  return (
    <div class="row-words">
      <p class="row-title">
        <bdi translate={false}>{nameOf(t, device)}</bdi>
        {device.current && <span class="device-current"> – {t.devices.current}</span>}
      </p>
      <p class="quiet small">{howAndWhere(t, device)}</p>
      <p class="quiet small">{t.devices.loggedIn(formatTime(language, device.loggedInAt, Date.now()))}</p>
      {!device.current && <p class="quiet small">{t.devices.used(formatTime(language, device.usedAt, Date.now()))}</p>}
    </div>
  );
}

/** What a person calls the device. */
export function nameOf(t: Texts, { web, name, model }: LoggedInDevice): string {
  if (web) return t.devices.browser;
  // Many devices have their model in their name.
  return (name.includes(model) ? [name] : [name, model]).filter((each) => each !== "").join(", ") || t.devices.unnamed;
}

/** The method, in words, and the place, if one is known. */
export function howAndWhere(t: Texts, { method, place }: LoggedInDevice): string {
  const { direct, link, qr, credentials, other } = t.devices;
  const names: Record<string, string> = { direct, link, qr, credentials };
  return [(Object.hasOwn(names, method) ? names[method] : undefined) ?? other, place].filter((each) => each !== "").join(" · ");
}

/** "This wasn't me" takes a second press: it pauses ways of logging in. */
export function NotMe({ t, onYes }: { t: Texts; onYes: () => void }) {
  const [asking, setAsking] = useState(false);
  const question = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    if (asking) question.current?.focus();
  }, [asking]);
  if (!asking) {
    return (
      <Button kind="secondary" testid="not-me" onPress={() => setAsking(true)}>
        {t.devices.notMe}
      </Button>
    );
  }
  return (
    <div class="not-me" role="group" aria-label={t.devices.notMe}>
      <p class="row-title" tabIndex={-1} ref={question}>
        {t.devices.notMeAsk}
      </p>
      <p>{t.devices.notMeText}</p>
      <Button
        kind="danger"
        testid="not-me-yes"
        onPress={() => {
          setAsking(false);
          onYes();
        }}
      >
        {t.devices.notMeYes}
      </Button>
      <Button kind="secondary" testid="not-me-no" onPress={() => setAsking(false)}>
        {t.devices.notMeNo}
      </Button>
    </div>
  );
}
