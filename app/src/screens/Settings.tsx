import { useEffect, useRef, useState } from "preact/hooks";

import { languages, texts, type Language } from "../texts/index.ts";
import { BackBar } from "../ui/Bar.tsx";
import { Button, EmailLink, PhoneLink } from "../ui/parts.tsx";
import { closeRoute, openRoute } from "../ui/route.ts";
import type { ScreenProps } from "./props.ts";

/** Language, what this app is, and the way out. */
export function Settings(props: ScreenProps & { loggedIn: boolean; onLanguage: (language: Language) => void }) {
  const { t, language, config, loggedIn, onLanguage } = props;
  return (
    <main class="screen" data-testid="settings-screen">
      <BackBar label={t.app.back} />
      <div class="content">
        <h1 tabIndex={-1}>{t.settings.title}</h1>
        <fieldset class="group">
          <legend>{t.language.choose}</legend>
          <div class="list">
            {languages.map((each) => (
              <label class="row choice" key={each} lang={each} data-testid={`language-${each}`}>
                <input type="radio" name="language" value={each} checked={each === language} onChange={() => onLanguage(each)} />
                <span>{texts[each].language.name}</span>
              </label>
            ))}
          </div>
        </fieldset>
        <section class="group" aria-labelledby="about">
          <h2 id="about">{t.settings.about}</h2>
          <dl class="list facts">
            <div class="row">
              <dt>{t.settings.version}</dt>
              <dd data-testid="version">
                {config.brand.name} {config.version}
              </dd>
            </div>
            <div class="row">
              <dt>{t.settings.service}</dt>
              <dd>{new URL(config.issuer).host}</dd>
            </div>
            <Support {...props} />
          </dl>
        </section>
        {loggedIn && (
          <section class="group">
            <Button kind="secondary" testid="devices" onPress={() => openRoute("devices")}>
              {t.devices.title}
            </Button>
          </section>
        )}
        {loggedIn && <LogOut {...props} />}
      </div>
    </main>
  );
}

function Support({ t, config }: ScreenProps) {
  const { email, phone, url } = config.brand.support;
  return (
    <>
      {email !== undefined && (
        <div class="row">
          <dt>{t.settings.email}</dt>
          <dd>
            <EmailLink email={email} />
          </dd>
        </div>
      )}
      {phone !== undefined && (
        <div class="row">
          <dt>{t.settings.phone}</dt>
          <dd>
            <PhoneLink phone={phone} />
          </dd>
        </div>
      )}
      {url !== undefined && (
        <div class="row">
          <dt>{t.settings.help}</dt>
          <dd>
            <a href={url} rel="noopener noreferrer" target="_blank">
              {new URL(url).host}
            </a>
          </dd>
        </div>
      )}
    </>
  );
}

/** Logging out takes a second press: getting back in takes bank codes. */
function LogOut({ t, model }: ScreenProps) {
  const [asking, setAsking] = useState(false);
  const question = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (!asking) return;
    question.current?.focus({ preventScroll: true });
    question.current?.parentElement?.scrollIntoView({ block: "nearest" });
  }, [asking]);
  if (!asking) {
    return (
      <section class="group">
        <Button kind="secondary" testid="logout" onPress={() => setAsking(true)}>
          {t.settings.logout}
        </Button>
      </section>
    );
  }
  return (
    <section class="group ask" role="group" aria-labelledby="ask">
      <h2 id="ask" tabIndex={-1} ref={question}>
        {t.settings.logoutAsk}
      </h2>
      <p>{t.settings.logoutText}</p>
      <Button
        kind="danger"
        testid="logout-confirm"
        onPress={() => {
          closeRoute();
          void model.logOut();
        }}
      >
        {t.settings.logoutYes}
      </Button>
      <Button kind="secondary" testid="logout-cancel" onPress={() => setAsking(false)}>
        {t.settings.logoutNo}
      </Button>
    </section>
  );
}
