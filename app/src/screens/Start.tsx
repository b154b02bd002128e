import { useState } from "preact/hooks";

import { AlternativeLink, SettingsBar } from "../ui/Bar.tsx";
import { BicycleIcon, CommutingIcon, CultureIcon, LunchIcon, SportsIcon, WellbeingIcon } from "../ui/icons.tsx";
import { Mark } from "../ui/Mark.tsx";
import { Notices } from "../ui/Notices.tsx";
import { Banner, Button } from "../ui/parts.tsx";
import { openRoute } from "../ui/route.ts";
import type { ScreenProps } from "./props.ts";

/** The main button when the server puts another way of logging in before the direct one. */
function First({ t, model, method }: Pick<ScreenProps, "t" | "model"> & { method: NonNullable<ScreenProps["gate"]["first"]> }) {
  const [starting, setStarting] = useState(false);
  const go = async () => {
    if (method !== "link") {
      openRoute(method === "qr" ? "scan" : "password");
      return;
    }
    setStarting(true);
    await model.loginByLink(false);
    setStarting(false);
  };
  const words = { link: t.start.linkFirst, qr: t.start.qrFirst, credentials: t.start.password };
  return (
    <Button testid={`first-${method}`} busy={starting} onPress={() => void go()}>
      {words[method]}
    </Button>
  );
}

/** The first screen of somebody who is not logged in. */
export function Start({ t, language, config, model, online, opening, options, gate }: ScreenProps & { opening: boolean }) {
  return (
    <main class="screen start" data-testid="start">
      <SettingsBar label={t.home.settings} />
      <div class="hero">
        <Mark brand={config.brand} />
        <h1 tabIndex={-1}>{config.brand.name}</h1>
        <p class="tagline">{t.start.tagline}</p>
        <div class="kinds" aria-hidden="true">
          <LunchIcon />
          <SportsIcon />
          <CultureIcon />
          <WellbeingIcon />
          <CommutingIcon />
          <BicycleIcon />
        </div>
      </div>
      <Notices t={t} language={language} options={options} gate={gate} />
      <div class="foot">
        {!online && (
          <Banner kind="offline" title={t.app.offline} testid="offline">
            <p>{t.app.offlineText}</p>
          </Banner>
        )}
        {gate.first !== undefined && <First t={t} model={model} method={gate.first} />}
        {gate.direct.on ? (
          <>
            <Button
              testid="login"
              kind={gate.first === undefined ? "primary" : "secondary"}
              busy={opening}
              onPress={() => void model.login()}
            >
              {opening ? t.start.opening : t.start.login}
            </Button>
            <p class="means">{t.start.means}</p>
          </>
        ) : (
          <Banner kind="warning" title={gate.direct.reason ?? t.start.directOff} testid="direct-off" />
        )}
        {gate.password && gate.first !== "credentials" && (
          <button type="button" class="text-button" data-testid="use-password" onClick={() => openRoute("password")}>
            {t.start.password}
          </button>
        )}
        <AlternativeLink label={t.start.alternative} />
      </div>
    </main>
  );
}
