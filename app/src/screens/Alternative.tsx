import { BackBar } from "../ui/Bar.tsx";
import { LinkIcon, QrIcon } from "../ui/icons.tsx";
import { Banner, Button } from "../ui/parts.tsx";
import { closeRoute } from "../ui/route.ts";
import type { ScreenProps } from "./props.ts";

/**
 * The two alternative ways of logging in. This server does not offer them yet, and
 * the screen says so plainly rather than showing buttons that do nothing.
 */
export function Alternative({ t, model }: ScreenProps) {
  return (
    <main class="screen" data-testid="alternative-methods">
      <BackBar label={t.app.back} />
      <div class="content">
        <h1 tabIndex={-1}>{t.alternative.title}</h1>
        <Banner kind="warning" title={t.alternative.unavailable}>
          <p>{t.alternative.instead}</p>
        </Banner>
        <section class="method">
          <span class="tile">
            <LinkIcon />
          </span>
          <div>
            <h2>{t.alternative.link}</h2>
            <p>{t.alternative.linkText}</p>
          </div>
        </section>
        <section class="method">
          <span class="tile">
            <QrIcon />
          </span>
          <div>
            <h2>{t.alternative.qr}</h2>
            <p>{t.alternative.qrText}</p>
          </div>
        </section>
      </div>
      <div class="foot">
        <Button
          testid="login"
          onPress={() => {
            closeRoute();
            void model.login();
          }}
        >
          {t.start.login}
        </Button>
        <p class="means">{t.start.means}</p>
      </div>
    </main>
  );
}
