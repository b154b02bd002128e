import type { OpenAttempt, Via } from "../login/vault.ts";
import { CheckIcon, OfflineIcon } from "../ui/icons.tsx";
import { Button, Spinner, SupportCode } from "../ui/parts.tsx";
import type { Live } from "../waiting.ts";
import type { ScreenProps } from "./props.ts";

type Props = ScreenProps & { attempt: OpenAttempt; via: Via & { method: "qr" }; live: Live };

/** The code was claimed: whose account it is, and the number that its owner types on their own page. */
export function Match({ t, config, model, attempt, via, live }: Props) {
  const { match, name, here } = via;
  const approved = live.state === "approved";
  return (
    <main class="screen" data-testid="match-screen" data-state={live.state}>
      <div class="message">
        <h1 tabIndex={-1}>{here ? t.match.titleHere : t.match.title}</h1>
        <p class="match" data-testid="match" translate={false} aria-label={`${match.charAt(0)} ${match.charAt(1)}`}>
          {match}
        </p>
        {here && <p class="lead">{t.match.goBack}</p>}
        <p class="who">
          <span class="quiet">{t.match.who}</span>
          <strong data-testid="masked-name" translate={false}>
            {name}
          </strong>
          <span class="quiet small">{t.match.notYours}</span>
        </p>
        <p class="pill" role="status" data-testid="match-state" data-trouble={live.trouble}>
          {live.trouble ? <OfflineIcon /> : approved ? <CheckIcon /> : <Spinner />}
          <span>
            {live.trouble ? t.finishing.waiting : approved ? t.link.confirmed : here ? t.match.waitingHere : t.match.waiting}
          </span>
        </p>
      </div>
      <div class="foot">
        <p class="means">{here ? t.match.warningHere : t.match.warning}</p>
        <Button kind="secondary" testid="start-over" onPress={() => void model.startOver()}>
          {t.match.cancel}
        </Button>
        <SupportCode t={t} config={config} code={attempt.supportCode} />
      </div>
    </main>
  );
}
