import type { LoginOptions } from "../options.ts";
import { formatDay, type Language, type Texts } from "../texts/index.ts";
import { compareVersions } from "../version.ts";
import { NewsIcon } from "./icons.tsx";

interface Props {
  t: Texts;
  language: Language;
  options: LoginOptions;
  version: string;
}

/** What the operator wants people to know before they log in. Nothing to say, nothing shown. */
export function Notices({ t, language, options, version }: Props) {
  const outdated = options.minimumVersion !== undefined && compareVersions(version, options.minimumVersion) < 0;
  if (options.notices.length === 0 && !outdated) return null;
  return (
    <section class="notices" aria-label={t.start.notices} data-testid="notices">
      {outdated && (
        <article class="notice urgent" data-testid="update">
          <NewsIcon />
          <div>
            <p>{t.start.update}</p>
            <button type="button" class="text-button" onClick={() => location.reload()}>
              {t.start.updateNow}
            </button>
          </div>
        </article>
      )}
      {options.notices.map((notice) => (
        <article class="notice" key={notice.id} data-testid="notice">
          <NewsIcon />
          <div>
            {notice.date !== undefined && (
              <p class="notice-day">
                <time dateTime={notice.date}>{formatDay(language, notice.date)}</time>
              </p>
            )}
            {notice.title !== undefined && <h2 class="notice-title">{notice.title}</h2>}
            <p>{notice.text}</p>
          </div>
        </article>
      ))}
    </section>
  );
}
