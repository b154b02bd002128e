import { useEffect, useState } from "preact/hooks";

import type { OpenAttempt } from "../login/vault.ts";
import { DigitField } from "../ui/DigitField.tsx";
import { CheckIcon, LinkIcon, OfflineIcon } from "../ui/icons.tsx";
import { Button, Spinner, SupportCode } from "../ui/parts.tsx";
import type { Live } from "../waiting.ts";
import type { ScreenProps } from "./props.ts";

/** Milliseconds for which a link may be opened; a little less than the server allows. */
const linkLife = 115_000;

type Stage = "created" | "opened" | "authenticated" | "confirmed" | "stale";

type Props = ScreenProps & { attempt: OpenAttempt; link: string; elsewhere: boolean; live: Live };

/** The login goes on in a browser: how far it is, what to do there, and the six digits at the end. */
export function LinkWaiting(props: Props) {
  const { t, config, model, attempt, live, elsewhere } = props;
  const stale = useElapsed(attempt.startedAt + linkLife);
  const stage = stageOf(live.state, stale);
  return (
    <main class="screen" data-testid="waiting">
      <div class="message">
        <span class="badge">
          <LinkIcon />
        </span>
        <h1 tabIndex={-1}>{t.link.title}</h1>
        <p class="pill" role="status" data-testid="link-state" data-state={stage} data-trouble={live.trouble}>
          {live.trouble ? <OfflineIcon /> : stage === "confirmed" ? <CheckIcon /> : stage !== "stale" && <Spinner />}
          <span>{live.trouble ? t.finishing.waiting : t.link[stage]}</span>
        </p>
        {stage === "created" && elsewhere ? (
          <>
            <p class="lead">{t.link.copyText}</p>
            <p class="lead small">{t.link.copyRules}</p>
          </>
        ) : (
          <p class="lead">{t.link[`${stage}Text`]}</p>
        )}
        {stage === "confirmed" && <DigitField t={t} model={model} digits={live.digits} />}
      </div>
      <div class="foot">
        <Ways {...props} stage={stage} />
        <Button kind="plain" testid="start-over" onPress={() => void model.startOver()}>
          {t.link.cancel}
        </Button>
        <SupportCode t={t} config={config} code={attempt.supportCode} />
      </div>
    </main>
  );
}

/** What can be done with the link at this stage. */
function Ways({ t, model, link, elsewhere, stage }: Props & { stage: Stage }) {
  const [renewing, setRenewing] = useState(false);
  const renew = async (toElsewhere: boolean) => {
    setRenewing(true);
    await model.loginByLink(toElsewhere);
    setRenewing(false);
  };
  if (stage === "stale") {
    return (
      <Button testid="link-renew" busy={renewing} onPress={() => void renew(elsewhere)}>
        {t.link.renew}
      </Button>
    );
  }
  if (stage === "confirmed") return null;
  if (elsewhere) return stage === "created" ? <Carry t={t} link={link} /> : null;
  return (
    <>
      <Button kind={stage === "created" ? "primary" : "secondary"} testid="link-open" onPress={() => model.openLink()}>
        {stage === "created" ? t.link.open : t.link.again}
      </Button>
      {stage === "created" && (
        <Button kind="secondary" testid="link-elsewhere" busy={renewing} onPress={() => void renew(true)}>
          {t.alternative.linkElsewhere}
        </Button>
      )}
    </>
  );
}

/** Brings the link to another browser: by the clipboard, or as the phone shares things. */
function Carry({ t, link }: { t: Props["t"]; link: string }) {
  const [copied, setCopied] = useState<"yes" | "no">();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(link);
      setCopied("yes");
    } catch {
      setCopied("no");
    }
  };
  const shares = typeof navigator.share === "function";
  return (
    <>
      {copied === "no" && (
        <label class="by-hand">
          {t.link.copyByHand}
          <input type="text" readOnly value={link} data-testid="link-address" onFocus={(event) => event.currentTarget.select()} />
        </label>
      )}
      <Button testid="link-copy" onPress={() => void copy()}>
        {t.link.copy}
      </Button>
      <p class="means" role="status">
        {copied === "yes" && t.link.copied}
      </p>
      {shares && (
        // Closing the phone's own sheet is no failure.
        <Button kind="secondary" testid="link-share" onPress={() => void navigator.share({ url: link }).catch(() => undefined)}>
          {t.link.share}
        </Button>
      )}
    </>
  );
}

function stageOf(state: string | undefined, stale: boolean): Stage {
  switch (state) {
    case "opened":
    case "authenticated":
    case "confirmed":
      return state;
    case "expired":
      return "stale";
    default:
      return stale ? "stale" : "created";
  }
}

/** Becomes true at a moment. */
function useElapsed(at: number): boolean {
  const [elapsed, setElapsed] = useState(Date.now() >= at);
  useEffect(() => {
    setElapsed(Date.now() >= at);
    const timer = setTimeout(() => setElapsed(true), Math.max(0, at - Date.now()));
    return () => clearTimeout(timer);
  }, [at]);
  return elapsed;
}
