import { useRef, useState } from "preact/hooks";

import type { Failure } from "../login/failure.ts";
import { BackBar } from "../ui/Bar.tsx";
import { Banner, Button } from "../ui/parts.tsx";
import type { ScreenProps } from "./props.ts";

/** User name and password, for those who have Smartum benefits. */
export function Password({ t, model }: ScreenProps) {
  const [failure, setFailure] = useState<Failure>();
  const [missing, setMissing] = useState<"username" | "password">();
  const [sending, setSending] = useState(false);
  const name = useRef<HTMLInputElement>(null);
  const word = useRef<HTMLInputElement>(null);

  const send = async () => {
    const [userName, password] = [name.current?.value ?? "", word.current?.value ?? ""];
    const empty = userName.trim() === "" ? "username" : password === "" ? "password" : undefined;
    setMissing(empty);
    if (empty !== undefined) {
      (empty === "username" ? name : word).current?.focus();
      return;
    }
    setSending(true);
    setFailure(await model.password({ userName, password }));
    setSending(false);
  };
  if (failure?.failure === "strongRequired") return <StrongRequired t={t} model={model} failure={failure} />;
  return (
    <main class="screen" data-testid="password-screen">
      <BackBar label={t.app.back} />
      <form
        class="content"
        onSubmit={(event) => {
          event.preventDefault();
          if (!sending) void send();
        }}
      >
        <h1 tabIndex={-1}>{t.password.title}</h1>
        <p class="lead">{t.password.text}</p>
        {failure !== undefined && (
          <Banner kind="warning" title={t.failures[failure.failure].title} testid="error">
            <p role="alert">{t.failures[failure.failure].text}</p>
            {failure.supportCode !== undefined && (
              <p>
                {t.failed.supportCode} <span data-testid="support-code">{failure.supportCode}</span>
              </p>
            )}
          </Banner>
        )}
        <Field label={t.password.userName} error={missing === "username" ? t.password.userNameMissing : undefined}>
          <input
            id="username"
            ref={name}
            data-testid="username"
            type="text"
            autocomplete="username"
            autocapitalize="none"
            spellcheck={false}
            maxLength={254}
            aria-invalid={missing === "username"}
            aria-describedby="username-error"
          />
        </Field>
        <Field label={t.password.password} error={missing === "password" ? t.password.passwordMissing : undefined} of="password">
          <input
            id="password"
            ref={word}
            data-testid="password"
            type="password"
            autocomplete="current-password"
            maxLength={1024}
            aria-invalid={missing === "password"}
            aria-describedby="password-error"
          />
        </Field>
        <p>
          <a class="forgotten" href={model.forgotten} target="_blank" rel="noopener noreferrer" data-testid="forgotten">
            {t.password.forgotten}
          </a>
        </p>
        {/* Enter in a field sends the form; the button that is seen is below, like on every screen. */}
        <input type="submit" hidden />
      </form>
      <div class="foot">
        <Button testid="password-send" busy={sending} onPress={() => void send()}>
          {sending ? t.password.sending : t.password.send}
        </Button>
      </div>
    </main>
  );
}

function Field({
  label,
  error,
  of = "username",
  children,
}: {
  label: string;
  error: string | undefined;
  of?: string;
  children: preact.ComponentChildren;
}) {
  return (
    <div class="text-entry">
      <label for={of}>{label}</label>
      {children}
      <p id={`${of}-error`} class="field-error" role="alert">
        {error}
      </p>
    </div>
  );
}

/** The article's sentence, and the way that works. */
function StrongRequired({ t, model, failure }: Pick<ScreenProps, "t" | "model"> & { failure: Failure }) {
  return (
    <main class="screen" data-testid="strong-required">
      <BackBar label={t.app.back} />
      <div class="content">
        <h1 tabIndex={-1}>{t.failures.strongRequired.title}</h1>
        <p class="lead" role="alert">
          {t.failures.strongRequired.text}
        </p>
        {failure.supportCode !== undefined && (
          <p class="quiet small">
            {t.failed.supportCode} <span data-testid="support-code">{failure.supportCode}</span>
          </p>
        )}
      </div>
      <div class="foot">
        <Button testid="strong" onPress={() => void model.resume()}>
          {t.password.strong}
        </Button>
      </div>
    </main>
  );
}
