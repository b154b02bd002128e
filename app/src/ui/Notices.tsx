import type { Gate } from "../gate.ts";
import type { LoginOptions } from "../options.ts";
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
        <article class={`notice ${notice.severity}`} key={notice.id} data-testid="notice">
          {notice.severity === "info" ? <NewsIcon /> : <WarningIcon />}
          <div>
            {notice.date !== undefined && (
              <p class="notice-day">
                <time dateTime={notice.date}>{formatDay(language, notice.date)}</time>
              </p>
            )}
            {notice.title !== undefined && <h2 class="notice-title">{notice.title}</h2>}
            <p class="notice-text">{notice.text}</p>
          </div>
        </article>
      ))}
    </section>
  );
}
