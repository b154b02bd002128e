import type { Store } from "../options.ts";
import type { Texts } from "../texts/index.ts";
import { NewsIcon } from "./icons.tsx";

interface Props {
  t: Texts;
  /** Why: one paragraph each. */
  words: string[];
  store: Store | undefined;
}

/** Asks for an update, and leads to the store of this kind of phone. */
export function Update({ t, words, store }: Props) {
  return (
    <article class="notice urgent" data-testid="update">
      <NewsIcon />
      <div>
        <h2 class="notice-title">{t.update.title}</h2>
        {words.map((each) => (
          <p key={each}>{each}</p>
        ))}
        <StoreLink t={t} store={store} />
      </div>
    </article>
  );
}

/** An app in a browser on a computer has no store: loading it anew is its update. */
export function StoreLink({ t, store }: { t: Texts; store: Store | undefined }) {
  if (store === undefined) {
    return (
      <button type="button" class="button primary" data-testid="store" data-store="reload" onClick={() => location.assign("/")}>
        {t.update.reload}
      </button>
    );
  }
  return (
    <a
      class="button primary"
      href={store.url}
      target="_blank"
      rel="noopener noreferrer"
      data-testid="store"
      data-store={store.name}
    >
      {t.update[store.name]}
    </a>
  );
}
