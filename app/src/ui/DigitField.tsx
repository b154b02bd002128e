import { useEffect, useRef, useState } from "preact/hooks";

import { readDigits } from "../login/qr.ts";
import type { Model } from "../model.ts";
import { duration, type Texts } from "../texts/index.ts";
import type { Digits } from "../waiting.ts";

/**
 * One field for the six digits that the person's browser shows. It sends itself at
 * the sixth; what is pasted may have spaces or words around them.
 */
export function DigitField({ t, model, digits }: { t: Texts; model: Model; digits: Digits }) {
  const [value, setValue] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const sending = digits.state === "sending";
  const error = digits.state === "refused" ? errorOf(t, digits) : undefined;
  const mayResend = digits.state === "refused" && digits.because !== "wrong";

  useEffect(() => {
    field.current?.focus({ preventScroll: true });
    field.current?.scrollIntoView({ block: "center" });
  }, []);
  useEffect(() => {
    if (digits.state !== "refused") return;
    if (digits.because === "wrong") setValue("");
    field.current?.focus();
  }, [digits]);

  const change = (text: string) => {
    const next = readDigits(text);
    setValue(next);
    if (field.current !== null) field.current.value = next;
    if (next.length === 6 && next !== value) void model.digits(next);
  };
  return (
    <div class="digit-entry">
      <label for="digits">{t.digits.label}</label>
      <input
        id="digits"
        ref={field}
        class="digits"
        data-testid="digits"
        type="text"
        inputMode="numeric"
        autocomplete="one-time-code"
        spellcheck={false}
        value={value}
        readOnly={sending}
        aria-invalid={error !== undefined}
        aria-describedby="digits-hint"
        onInput={(event) => change(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === "Enter" && value.length === 6) void model.digits(value);
        }}
      />
      <p id="digits-hint" class="quiet small">
        {sending ? t.digits.sending : t.digits.hint}
      </p>
      <p class="field-error" role="alert" data-testid="digits-error">
        {error}
      </p>
      {mayResend && value.length === 6 && (
        <button type="button" class="text-button" data-testid="digits-send" onClick={() => void model.digits(value)}>
          {t.failed.retry}
        </button>
      )}
    </div>
  );
}

function errorOf(t: Texts, { because, triesLeft, retryAfter }: Digits & { state: "refused" }): string {
  switch (because) {
    case "wrong":
      return t.digits.wrong(`${triesLeft}`);
    case "late":
      return t.digits.late;
    case "busy":
      return t.digits.busy(duration(t, retryAfter || 60_000));
    case "network":
      return t.digits.network;
  }
}
