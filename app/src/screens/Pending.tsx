import { AlternativeLink, SettingsBar } from "../ui/Bar.tsx";
import { DigitField } from "../ui/DigitField.tsx";
import { ClockIcon } from "../ui/icons.tsx";
import { Button, SupportCode } from "../ui/parts.tsx";
import type { OpenAttempt } from "../login/vault.ts";
import type { Live } from "../waiting.ts";
import type { ScreenProps } from "./props.ts";

/** A direct login was begun and has not come back: go on with it, finish it by digits, or begin another. */
export function Pending({ t, config, model, attempt, live }: ScreenProps & { attempt: OpenAttempt; live: Live }) {
  const confirmed = live.state === "confirmed";
  return (
    <main class="screen" data-testid="pending" data-state={live.state}>
      <SettingsBar label={t.home.settings} />
      <div class="message">
        <span class="badge">
          <ClockIcon />
        </span>
        <h1 tabIndex={-1}>{t.pending.title}</h1>
        <p class="lead">{confirmed ? t.pending.digits : t.pending.text}</p>
        {confirmed && <DigitField t={t} model={model} digits={live.digits} />}
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
