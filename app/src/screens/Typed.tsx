import { useRef, useState } from "preact/hooks";

import { groupTyped, readTyped, typedLength } from "../login/qr.ts";
import { BackBar } from "../ui/Bar.tsx";
import { Button } from "../ui/parts.tsx";
import type { ScreenProps } from "./props.ts";

/** For those who cannot scan: the ten characters that the page shows instead. */
export function Typed({ t, model }: ScreenProps) {
  const [value, setValue] = useState("");
  const [short, setShort] = useState(false);
  const [sending, setSending] = useState(false);
  const field = useRef<HTMLInputElement>(null);

  const change = (text: string, deleting: boolean) => {
    const next = readTyped(text);
    setValue(next);
    setShort(false);
    // While characters are being deleted the group's space must not come back by itself.
    if (field.current !== null && !deleting) field.current.value = groupTyped(next);
  };
  const send = async () => {
    if (sending) return;
    if (value.length < typedLength) {
      setShort(true);
      field.current?.focus();
      return;
    }
    setSending(true); // until the answer brings another screen: a code is claimed once
    await model.claim({ typed: value });
  };
  return (
    <main class="screen" data-testid="typed-screen">
      <BackBar label={t.app.back} />
      <div class="content">
        <h1 tabIndex={-1}>{t.typed.title}</h1>
        <p class="lead">{t.typed.text}</p>
        <div class="digit-entry">
          <label for="typed">{t.typed.label}</label>
          <input
            id="typed"
            ref={field}
            class="digits typed"
            data-testid="typed-code"
            type="text"
            inputMode="text"
            autocomplete="off"
            autocapitalize="characters"
            spellcheck={false}
            aria-invalid={short}
            aria-describedby="typed-hint"
            onInput={(event) => change(event.currentTarget.value, event.inputType.startsWith("delete"))}
            onKeyDown={(event) => {
              if (event.key === "Enter") void send();
            }}
          />
          <p id="typed-hint" class="quiet small">
            {t.typed.hint}
          </p>
          <p class="field-error" role="alert">
            {short && t.typed.short}
          </p>
        </div>
      </div>
      <div class="foot">
        <Button testid="typed-send" busy={sending} onPress={() => void send()}>
          {t.typed.send}
        </Button>
      </div>
    </main>
  );
}
