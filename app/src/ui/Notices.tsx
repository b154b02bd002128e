import type { Gate } from "../gate.ts";
import type { LoginOptions, Notice } from "../options.ts";
import { formatDay, type Language, type Texts } from "../texts/index.ts";
import { NewsIcon, WarningIcon } from "./icons.tsx";
import { Update } from "./Update.tsx";

interface Props {
  t: Texts;
  language: Language;
  options: LoginOptions;
  gate: Gate;
}

/** What the operator wants people to know before they log in. Nothing to say, nothing shown. */
export function Notices({ t, language, options, gate }: Props) {
  const words = gate.update === undefined ? undefined : gate.update === "required" ? t.update.text : t.start.update;
  if (options.notices.length === 0 && words === undefined) return null;
  return (
    <section class="notices" aria-label={t.start.notices} data-testid="notices">
      {words !== undefined && <Update t={t} words={[words]} store={options.store} />}
      {options.notices.map((notice) => (
        <One key={notice.id} language={language} notice={notice} />
      ))}
    </section>
  );
}

/** What is merely good to know is folded away: it must not push the buttons off a small screen. */
function One({ language, notice }: { language: Language; notice: Notice }) {
  const { severity, date, title, text } = notice;
  return (
    <article class={`notice ${severity}`} data-testid="notice">
      {severity === "info" ? <NewsIcon /> : <WarningIcon />}
      <div>
        {date !== undefined && (
          <p class="notice-day">
            <time dateTime={date}>{formatDay(language, date)}</time>
          </p>
        )}
        {severity === "info" && title !== undefined ? (
          <details>
            <summary class="notice-title">{title}</summary>
            <p class="notice-text">{text}</p>
          </details>
        ) : (
          <>
            {title !== undefined && <h2 class="notice-title">{title}</h2>}
            <p class="notice-text">{text}</p>
          </>
        )}
      </div>
    </article>
  );
}
