import { BackIcon, SettingsIcon } from "./icons.tsx";
import { closeRoute, openRoute } from "./route.ts";

/** The strip on top of a screen that can be closed. */
export function BackBar({ label }: { label: string }) {
  return (
    <header class="bar">
      <button type="button" class="icon-button" aria-label={label} data-testid="back" onClick={closeRoute}>
        <BackIcon />
      </button>
    </header>
  );
}

/** The strip on top of a main screen: the way to the settings. */
export function SettingsBar({ label }: { label: string }) {
  return (
    <header class="bar end">
      <button type="button" class="icon-button" aria-label={label} data-testid="settings" onClick={() => openRoute("settings")}>
        <SettingsIcon />
      </button>
    </header>
  );
}

/** The link at the bottom that leads to the other ways of logging in. */
export function AlternativeLink({ label }: { label: string }) {
  return (
    <a
      class="bottom-link"
      href="#alternative"
      data-testid="alternative"
      onClick={(event) => {
        event.preventDefault();
        openRoute("alternative");
      }}
    >
      {label}
    </a>
  );
}
