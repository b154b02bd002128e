import type { Texts } from "../texts/index.ts";
import { WarningIcon } from "../ui/icons.tsx";
import { Button } from "../ui/parts.tsx";

/** The app could not even start: its configuration or its storage is not there. */
export function Broken({ t, title, text }: { t: Texts; title: string; text: string }) {
  return (
    <main class="screen" data-testid="error" data-failure="broken">
      <div class="message">
        <span class="badge warn">
          <WarningIcon />
        </span>
        <h1 tabIndex={-1}>{title}</h1>
        <p class="lead">{text}</p>
      </div>
      <div class="foot">
        <Button testid="retry" onPress={() => location.reload()}>
          {t.failed.retry}
        </Button>
      </div>
    </main>
  );
}
