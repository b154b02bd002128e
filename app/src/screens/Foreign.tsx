import { ShieldIcon } from "../ui/icons.tsx";
import { Button } from "../ui/parts.tsx";
import type { ScreenProps } from "./props.ts";

/** An answer came to a login that this app did not start. Nothing was taken from it. */
export function Foreign({ t, model, loggedIn }: ScreenProps & { loggedIn: boolean }) {
  return (
    <main class="screen" data-testid="error" data-failure="foreign">
      <div class="message">
        <span class="badge warn">
          <ShieldIcon />
        </span>
        <h1 tabIndex={-1}>{t.foreign.title}</h1>
        <p class="lead">{t.foreign.text}</p>
        {loggedIn && <p class="lead">{t.foreign.stillIn}</p>}
      </div>
      <div class="foot">
        {loggedIn ? (
          <Button testid="start-over" onPress={() => void model.goOn()}>
            {t.foreign.toHome}
          </Button>
        ) : (
          <>
            <Button testid="retry" onPress={() => void model.login()}>
              {t.start.login}
            </Button>
            <Button kind="secondary" testid="start-over" onPress={() => void model.goOn()}>
              {t.failed.startOver}
            </Button>
          </>
        )}
      </div>
    </main>
  );
}
