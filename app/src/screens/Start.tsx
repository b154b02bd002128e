import { AlternativeLink, SettingsBar } from "../ui/Bar.tsx";
import { BicycleIcon, CommutingIcon, CultureIcon, LunchIcon, SportsIcon, WellbeingIcon } from "../ui/icons.tsx";
import { Mark } from "../ui/Mark.tsx";
import { Notices } from "../ui/Notices.tsx";
import { Banner, Button } from "../ui/parts.tsx";
import { openRoute } from "../ui/route.ts";
import type { ScreenProps } from "./props.ts";

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
        {gate.direct.on ? (
          <>
            <Button testid="login" busy={opening} onPress={() => void model.login()}>
              {opening ? t.start.opening : t.start.login}
            </Button>
            <p class="means">{t.start.means}</p>
          </>
        ) : (
          <Banner kind="warning" title={gate.direct.reason ?? t.start.directOff} testid="direct-off" />
        )}
        {gate.password && (
          <button type="button" class="text-button" data-testid="use-password" onClick={() => openRoute("password")}>
            {t.start.password}
          </button>
        )}
        <AlternativeLink label={t.start.alternative} />
      </div>
    </main>
  );
}
