import { useState } from "preact/hooks";

import type { MethodOption } from "../options.ts";
import type { View } from "../view.ts";
import { BackBar } from "../ui/Bar.tsx";
import { LinkIcon, QrIcon } from "../ui/icons.tsx";
import { Banner, Button, HelpLink } from "../ui/parts.tsx";
import { closeRoute, openRoute } from "../ui/route.ts";
import { Update } from "../ui/Update.tsx";
import type { ScreenProps } from "./props.ts";

/** The two alternative ways of logging in, as the server has them. */
export function Alternative(props: ScreenProps & { view: View }) {
  const { t, language, config, model, options, gate, view } = props;
  const stuck = view.name === "pending" && view.attempt.via.method === "direct" && view.live.stuck;
  const tooOld = gate.update === "required" || gate.update === "alternatives";
  const { alternativesFrom } = gate;
  return (
    <main class="screen" data-testid="alternative-methods">
      <BackBar label={t.app.back} />
      <div class="content">
        <h1 tabIndex={-1}>{t.alternative.title}</h1>
        {stuck && (
          <Banner kind="warning" title={t.alternative.whyTitle} testid="why">
            <p>{t.alternative.why}</p>
          </Banner>
        )}
        {tooOld ? (
          <Update
            t={t}
            words={[
              gate.update === "required" || alternativesFrom === undefined
                ? t.update.text
                : t.update.alternatives(alternativesFrom),
              t.update.yours(config.version),
            ]}
            store={options.store}
          />
        ) : (
          <>
            {gate.alternatives.map((each) =>
              each.method === "link" ? <Link key="link" {...props} option={each} /> : <Qr key="qr" {...props} option={each} />,
            )}
            {gate.alternatives.length === 0 && <Banner kind="warning" title={t.alternative.noneOff} testid="none-off" />}
          </>
        )}
        <HelpLink t={t} language={language} config={config} />
      </div>
      <div class="foot">
        {stuck ? (
          <Button kind="secondary" testid="continue" onPress={() => void model.resume()}>
            {t.pending.resume}
          </Button>
        ) : (
          gate.direct.on && (
            <>
              <Button
                kind="secondary"
                testid="login"
                onPress={() => {
                  closeRoute();
                  void model.login();
                }}
              >
                {t.start.login}
              </Button>
              <p class="means">{t.start.means}</p>
            </>
          )
        )}
      </div>
    </main>
  );
}

/** Two lines about the link, and its two buttons. */
function Link({ t, model, option }: ScreenProps & { option: MethodOption }) {
  const [starting, setStarting] = useState<"here" | "elsewhere">();
  const start = async (where: "here" | "elsewhere") => {
    setStarting(where);
    await model.loginByLink(where === "elsewhere");
    setStarting(undefined);
  };
  return (
    <section class="method" aria-labelledby="link" data-testid="card-link" data-state={option.on ? "on" : "off"}>
      <span class="tile">
        <LinkIcon />
      </span>
      <h2 id="link">{t.alternative.link}</h2>
      <p>{option.on ? t.alternative.linkText : (option.reason ?? t.alternative.off)}</p>
      {option.on && (
        <div class="method-ways">
          <Button testid="method-link" busy={starting === "here"} onPress={() => void start("here")}>
            {t.alternative.linkGo}
          </Button>
          <Button kind="plain" testid="link-elsewhere" busy={starting === "elsewhere"} onPress={() => void start("elsewhere")}>
            {t.alternative.linkElsewhere}
          </Button>
        </div>
      )}
    </section>
  );
}

function Qr({ t, option }: ScreenProps & { option: MethodOption }) {
  return (
    <section class="method" aria-labelledby="qr" data-testid="card-qr" data-state={option.on ? "on" : "off"}>
      <span class="tile">
        <QrIcon />
      </span>
      <h2 id="qr">{t.alternative.qr}</h2>
      <p>{option.on ? t.alternative.qrText : (option.reason ?? t.alternative.off)}</p>
      {option.on && (
        <div class="method-ways">
          <Button testid="method-qr" onPress={() => openRoute("scan")}>
            {t.alternative.qrGo}
          </Button>
        </div>
      )}
    </section>
  );
}
