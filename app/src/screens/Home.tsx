import type { JSX } from "preact";
import { useState } from "preact/hooks";

import type { Failure } from "../login/failure.ts";
import type { LoggedInDevice } from "../login/devices.ts";
import type { Benefit, Session } from "../login/vault.ts";
import type { Freshness } from "../view.ts";
import { formatTime, type Texts } from "../texts/index.ts";
import { SettingsBar } from "../ui/Bar.tsx";
import {
  BicycleIcon,
  CheckIcon,
  CommutingIcon,
  CultureIcon,
  GiftIcon,
  LunchIcon,
  SportsIcon,
  WellbeingIcon,
} from "../ui/icons.tsx";
import { Mark } from "../ui/Mark.tsx";
import { Banner, Button, Trouble } from "../ui/parts.tsx";
import { howAndWhere, nameOf as deviceName, NotMe } from "./Devices.tsx";
import type { ScreenProps } from "./props.ts";

/** Logged in: who it is, and the benefits. */
export function Home(props: ScreenProps & { session: Session; freshness: Freshness; news: LoggedInDevice[] }) {
  const { t, config, session } = props;
  const { profile } = session;
  return (
    <main class="screen" data-testid="home" data-freshness={props.freshness.state}>
      <SettingsBar label={t.home.settings} />
      <div class="content">
        <h1 tabIndex={-1}>{t.home.hello(profile.givenName || profile.name)}</h1>
        <section class="card" aria-label={t.home.account}>
          <div class="card-top">
            <Mark brand={config.brand} />
            <span class="card-brand">{config.brand.name}</span>
            <span class="card-state">
              <CheckIcon />
              {t.home.loggedIn}
            </span>
          </div>
          <p class="card-name" data-testid="name">
            {profile.name}
          </p>
          <p class="card-employer">{employers(profile.benefits)}</p>
        </section>
        <State {...props} />
        <News {...props} />
        <Benefits {...props} />
      </div>
    </main>
  );
}

function employers(benefits: Benefit[]): string {
  return [...new Set(benefits.map((b) => b.employer).filter((name) => name !== ""))].join(" · ");
}

/** Says how old the picture is when it is not fresh. */
function State({ t, language, model, session, freshness }: ScreenProps & { session: Session; freshness: Freshness }) {
  if (freshness.state === "offline") {
    const { fetchedAt } = session.profile;
    const words = fetchedAt === 0 ? t.home.offlineNothing : t.home.offlineText(formatTime(language, fetchedAt, Date.now()));
    return (
      <Banner kind="offline" title={t.home.offline} testid="offline">
        <p>{words}</p>
        <button type="button" class="text-button" data-testid="retry" onClick={() => void model.refresh()}>
          {t.failed.retry}
        </button>
      </Banner>
    );
  }
  if (freshness.state === "trouble") {
    return <Trouble t={t} title={t.home.trouble} failure={freshness.failure} onRetry={() => void model.refresh()} />;
  }
  return null;
}

/** Other devices on which the person has logged in since this one last told. */
function News({ t, language, model, news }: ScreenProps & { news: LoggedInDevice[] }) {
  const [failure, setFailure] = useState<Failure>();
  return (
    <>
      {news.map((device) => (
        <Banner kind="warning" key={device.id} title={t.devices.news(deviceName(t, device))} testid="new-device">
          <p>
            {howAndWhere(t, device)} · {formatTime(language, device.loggedInAt, Date.now())}
          </p>
          <div class="device-ways">
            <Button kind="secondary" testid="was-me" onPress={() => void model.knowDevices()}>
              {t.devices.wasMe}
            </Button>
            <NotMe t={t} onYes={() => void model.endDevice(device.id, "not-me").then(setFailure)} />
          </div>
        </Banner>
      ))}
      {failure !== undefined && (
        <Trouble t={t} title={t.devices.actFailed} failure={failure} onRetry={() => void model.refresh()} />
      )}
    </>
  );
}

function Benefits({ t, language, session, freshness }: ScreenProps & { session: Session; freshness: Freshness }) {
  const { benefits, fetchedAt } = session.profile;
  const neverAsked = fetchedAt === 0;
  return (
    <section class="benefits" aria-labelledby="benefits" aria-busy={freshness.state === "asking"}>
      <h2 id="benefits">{t.home.benefits}</h2>
      {neverAsked && freshness.state === "asking" && <p class="quiet">{t.home.loading}</p>}
      {!neverAsked && benefits.length === 0 && <p class="quiet">{t.home.noBenefits}</p>}
      {benefits.length > 0 && (
        <ul class="list">
          {benefits.map((benefit, index) => (
            <li class="row" key={index} data-testid="benefit" data-kind={benefit.kind}>
              <span class="tile">{iconOf(benefit.kind)}</span>
              <span class="row-words">
                <span class="row-title">{nameOf(t, benefit.kind)}</span>
                <span class="quiet small">{benefit.employer}</span>
              </span>
            </li>
          ))}
        </ul>
      )}
      {!neverAsked && (freshness.state === "fresh" || freshness.state === "asking") && (
        <p class="quiet small updated">{t.home.updated(formatTime(language, fetchedAt, Date.now()))}</p>
      )}
    </section>
  );
}

const icons: Record<string, () => JSX.Element> = {
  lunch: LunchIcon,
  sports: SportsIcon,
  culture: CultureIcon,
  wellbeing: WellbeingIcon,
  commuting: CommutingIcon,
  bicycle: BicycleIcon,
};

/** The server may know kinds of benefits that this version of the app does not. */
function iconOf(kind: string): JSX.Element {
  const Icon = Object.hasOwn(icons, kind) ? icons[kind] : undefined;
  return Icon === undefined ? <GiftIcon /> : <Icon />;
}

function nameOf(t: Texts, kind: string): string {
  const names: Record<string, string> = t.benefits;
  return (Object.hasOwn(names, kind) ? names[kind] : undefined) ?? t.benefits.other;
}
