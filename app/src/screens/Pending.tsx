import { AlternativeLink, SettingsBar } from "../ui/Bar.tsx";
import { ClockIcon } from "../ui/icons.tsx";
import { Button, SupportCode } from "../ui/parts.tsx";
import type { OpenAttempt } from "../login/vault.ts";
import type { ScreenProps } from "./props.ts";

/** A login was begun and has not come back: go on with it, or begin another. */
export function Pending({ t, config, model, attempt }: ScreenProps & { attempt: OpenAttempt }) {
  return (
    <main class="screen" data-testid="pending">
      <SettingsBar label={t.home.settings} />
      <div class="message">
        <span class="badge">
          <ClockIcon />
        </span>
        <h1 tabIndex={-1}>{t.pending.title}</h1>
        <p class="lead">{t.pending.text}</p>
      </div>
      <div class="foot">
        <Button testid="continue" onPress={() => void model.resume()}>
          {t.pending.resume}
        </Button>
        <Button kind="secondary" testid="start-over" onPress={() => void model.startOver()}>
          {t.pending.startOver}
        </Button>
        <SupportCode t={t} config={config} code={attempt.supportCode} />
        <p class="means">{t.pending.trouble}</p>
        <AlternativeLink label={t.start.alternative} />
      </div>
    </main>
  );
}
