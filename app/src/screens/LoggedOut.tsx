import type { OutBecause } from "../view.ts";
import { AlternativeLink, SettingsBar } from "../ui/Bar.tsx";
import { DoorIcon } from "../ui/icons.tsx";
import { Banner, Button, SupportCode } from "../ui/parts.tsx";
import type { ScreenProps } from "./props.ts";

/** Nobody is logged in any more, and why. */
export function LoggedOut({
  t,
  config,
  model,
  online,
  because,
  supportCode,
}: ScreenProps & { because: OutBecause; supportCode: string | undefined }) {
  return (
    <main class="screen" data-testid="logged-out" data-because={because}>
      <SettingsBar label={t.home.settings} />
      <div class="message">
        <span class="badge">
          <DoorIcon />
        </span>
        <h1 tabIndex={-1}>{t.loggedOut.title}</h1>
        <p class="lead">{t.loggedOut[because]}</p>
        {(because === "locked" || supportCode !== undefined) && <SupportCode t={t} config={config} code={supportCode} />}
      </div>
      <div class="foot">
        {!online && <Banner kind="offline" title={t.app.offline} testid="offline" />}
        <Button testid="login" onPress={() => void model.login()}>
          {t.start.login}
        </Button>
        <p class="means">{t.start.means}</p>
        <AlternativeLink label={t.start.alternative} />
      </div>
    </main>
  );
}
