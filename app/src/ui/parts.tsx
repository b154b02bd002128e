import type { ComponentChildren } from "preact";

import { type Config, helpAddress } from "../config.ts";
import type { Failure } from "../login/failure.ts";
import type { Language, Texts } from "../texts/index.ts";
import { OfflineIcon, WarningIcon } from "./icons.tsx";

interface ButtonProps {
  children: ComponentChildren;
  onPress: () => void;
  kind?: "primary" | "secondary" | "danger" | "plain";
  busy?: boolean;
  testid?: string;
}

export function Button({ children, onPress, kind = "primary", busy = false, testid }: ButtonProps) {
  // aria-disabled rather than disabled: a button that loses the focus while busy is lost to the keyboard.
  return (
    <button
      type="button"
      class={`button ${kind}`}
      aria-disabled={busy}
      data-testid={testid}
      onClick={() => {
        if (!busy) onPress();
      }}
    >
      {busy && <Spinner />}
      <span>{children}</span>
    </button>
  );
}

export function Spinner() {
  return (
    <svg class="spinner" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <circle cx="12" cy="12" r="9" />
      <path d="M12 3a9 9 0 0 1 9 9" />
    </svg>
  );
}

/** A strip that says something about the state of things, and offers what can be done about it. */
export function Banner({
  kind,
  title,
  children,
  testid,
}: {
  kind: "offline" | "warning";
  title: string;
  children?: ComponentChildren;
  testid?: string;
}) {
  return (
    <div class={`banner ${kind}`} data-testid={testid}>
      {kind === "offline" ? <OfflineIcon /> : <WarningIcon />}
      <div class="banner-words">
        <p class="banner-title">{title}</p>
        {children}
      </div>
    </div>
  );
}

/** The code by which a support agent finds this very login, and how to reach one. */
export function SupportCode({ t, code, config }: { t: Texts; code: string | undefined; config: Config }) {
  const { phone, email } = config.brand.support;
  if (code === undefined && phone === undefined && email === undefined) return null;
  return (
    <div class="support">
      {code !== undefined && (
        <>
          <p class="support-line">
            <span class="support-label">{t.failed.supportCode}</span>
            <span class="support-code" data-testid="support-code" translate={false}>
              {code}
            </span>
          </p>
          <p class="quiet small">{t.failed.supportText}</p>
        </>
      )}
      <p class="support-ways small">
        {phone !== undefined && <PhoneLink phone={phone} />}
        {email !== undefined && <EmailLink email={email} />}
      </p>
    </div>
  );
}

/** The operator's help page, or that of the service, which answers the reason first. The support code stays out of addresses. */
export function HelpLink({
  t,
  language,
  config,
  reason,
}: {
  t: Texts;
  language: Language;
  config: Config;
  reason?: string | undefined;
}) {
  return (
    <p class="help small">
      <a href={helpAddress(config, language, reason)} target="_blank" rel="noopener" data-testid="help">
        {t.failed.help}
      </a>
    </p>
  );
}

export function PhoneLink({ phone }: { phone: string }) {
  return <a href={`tel:${phone.replace(/[^\d+]/g, "")}`}>{phone}</a>;
}

export function EmailLink({ email }: { email: string }) {
  return <a href={`mailto:${email}`}>{email}</a>;
}

/** Something went wrong on a screen that stays: what, and a way to try again. */
export function Trouble({ t, title, failure, onRetry }: { t: Texts; title: string; failure: Failure; onRetry: () => void }) {
  return (
    <Banner kind="warning" title={title} testid="error">
      <p>{t.failures[failure.failure].text}</p>
      {failure.supportCode !== undefined && (
        <p>
          {t.failed.supportCode} <span data-testid="support-code">{failure.supportCode}</span>
        </p>
      )}
      <button type="button" class="text-button" data-testid="retry" onClick={onRetry}>
        {t.failed.retry}
      </button>
    </Banner>
  );
}
