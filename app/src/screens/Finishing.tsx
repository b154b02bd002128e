import { OfflineIcon } from "../ui/icons.tsx";
import { Button, Spinner } from "../ui/parts.tsx";
import type { ScreenProps } from "./props.ts";

/** The browser has come back with a code; the app is redeeming it. */
export function Finishing({ t, model, waiting }: ScreenProps & { waiting: boolean }) {
  return (
    <main class="screen" data-testid="finishing">
      <div class="message">
        <span class="badge" data-testid={waiting ? "offline" : undefined}>
          {waiting ? <OfflineIcon /> : <Spinner />}
        </span>
        <h1 tabIndex={-1}>{waiting ? t.finishing.waiting : t.finishing.title}</h1>
        <p class="lead">{waiting ? t.finishing.waitingText : t.finishing.text}</p>
      </div>
      {waiting && (
        <div class="foot">
          <Button kind="secondary" testid="start-over" onPress={() => void model.startOver()}>
            {t.failed.startOver}
          </Button>
        </div>
      )}
    </main>
  );
}
