import { useState } from "preact/hooks";

import { ShieldIcon } from "../ui/icons.tsx";
import { Button } from "../ui/parts.tsx";
import type { ScreenProps } from "./props.ts";

/**
 * A page on this very phone wants to log the app in. Somebody may have sent the person
 * here, so nothing has happened yet, and "no" is the button that stands out (threat 16).
 */
export function Offered({ t, model, loggedInAs }: ScreenProps & { loggedInAs: string | undefined }) {
  const [accepting, setAccepting] = useState(false);
  const accept = async () => {
    setAccepting(true);
    await model.accept();
    setAccepting(false);
  };
  const inside = loggedInAs !== undefined;
  return (
    <main class="screen" data-testid="offered">
      <div class="message">
        <span class="badge warn">
          <ShieldIcon />
        </span>
        <h1 tabIndex={-1}>{t.offered.title}</h1>
        <p class="lead">{t.offered.text}</p>
        {inside && (
          <>
            <p class="strong" data-testid="logged-in-as">
              {t.offered.as(loggedInAs)}
            </p>
            <p class="lead">{t.offered.switchText}</p>
          </>
        )}
      </div>
      <div class="foot">
        <Button testid="offer-no" onPress={() => void model.goOn()}>
          {inside ? t.offered.stay : t.offered.no}
        </Button>
        <Button kind="secondary" testid="offer-yes" busy={accepting} onPress={() => void accept()}>
          {inside ? t.offered.leave : t.offered.yes}
        </Button>
      </div>
    </main>
  );
}
