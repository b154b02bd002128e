import type { Failure } from "../login/failure.ts";
import type { Method } from "../login/vault.ts";
import { duration } from "../texts/index.ts";
import { WarningIcon } from "../ui/icons.tsx";
import { Button, HelpLink, SupportCode } from "../ui/parts.tsx";
import { openRoute } from "../ui/route.ts";
import { StoreLink } from "../ui/Update.tsx";
import type { ScreenProps } from "./props.ts";

/** A login has failed: what happened, what to do next, the other ways, and the code for support. */
export function Failed({
  t,
  language,
  config,
  model,
  options,
  failure,
  method,
}: ScreenProps & { failure: Failure; method: Method }) {
  const words = t.failures[failure.failure];
  return (
    <main class="screen" data-testid="error" data-failure={failure.failure} data-reason={failure.reason}>
      <div class="message">
        <span class="badge warn">
          <WarningIcon />
        </span>
        <h1 tabIndex={-1}>{words.title}</h1>
        <p class="lead">{words.text}</p>
        {failure.retryAfter > 0 && <p class="lead">{t.failed.after(duration(t, failure.retryAfter))}</p>}
        <SupportCode t={t} config={config} code={failure.supportCode} />
        <HelpLink t={t} language={language} config={config} reason={failure.reason} />
      </div>
      <div class="foot">
        <WhatHelps t={t} model={model} options={options} failure={failure} method={method} />
        {failure.failure !== "locked" && (
          <Button kind="secondary" testid="alternative" onPress={() => openRoute("alternative")}>
            {t.start.alternative}
          </Button>
        )}
        <Button kind="secondary" testid="start-over" onPress={() => void model.startOver()}>
          {t.failed.startOver}
        </Button>
      </div>
    </main>
  );
}

/** The one button that most likely helps. Nothing helps against a lock but talking to somebody. */
function WhatHelps({
  t,
  model,
  options,
  failure,
  method,
}: Pick<ScreenProps, "t" | "model" | "options"> & { failure: Failure; method: Method }) {
  switch (failure.failure) {
    case "update":
      return <StoreLink t={t} store={options.store} />;
    case "locked":
      return null;
    case "methodsPaused":
      return (
        <Button testid="retry" onPress={() => void model.login()}>
          {t.start.login}
        </Button>
      );
    default:
  }
  if (method === "qr" || method === "credentials") {
    return (
      <Button testid="retry" onPress={() => openRoute(method === "qr" ? "scan" : "password")}>
        {method === "qr" ? t.failed.newCode : t.failed.retry}
      </Button>
    );
  }
  return (
    <Button testid="retry" onPress={() => void model.retry()}>
      {t.failed.retry}
    </Button>
  );
}
