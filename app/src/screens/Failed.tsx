import type { Failure } from "../login/failure.ts";
import { AlternativeLink } from "../ui/Bar.tsx";
import { WarningIcon } from "../ui/icons.tsx";
import { Button, SupportCode } from "../ui/parts.tsx";
import type { ScreenProps } from "./props.ts";

/** A login has failed: what happened, what to do next, a way out and the code for support. */
export function Failed({ t, config, model, failure }: ScreenProps & { failure: Failure }) {
  const words = t.failures[failure.failure];
  return (
    <main class="screen" data-testid="error" data-failure={failure.failure} data-reason={failure.reason}>
      <div class="message">
        <span class="badge warn">
          <WarningIcon />
        </span>
        <h1 tabIndex={-1}>{words.title}</h1>
        <p class="lead">{words.text}</p>
        <SupportCode t={t} config={config} code={failure.supportCode} />
      </div>
      <div class="foot">
        <Button testid="retry" onPress={() => void model.login()}>
          {t.failed.retry}
        </Button>
        <Button kind="secondary" testid="start-over" onPress={() => void model.startOver()}>
          {t.failed.startOver}
        </Button>
        <AlternativeLink label={t.start.alternative} />
      </div>
    </main>
  );
}
