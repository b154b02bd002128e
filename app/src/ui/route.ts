import { useEffect, useState } from "preact/hooks";

/** Screens that lie on top of the current view, one Back away from it. */
export type Route = "settings" | "alternative" | undefined;

const moved = "smartumpay-moved";

let closing = false; // history.back() has been called and has not arrived yet

function read(): Route {
  const name = location.hash.slice(1);
  return name === "settings" || name === "alternative" ? name : undefined;
}

/** The route in the address bar, so that the phone's Back button closes a screen and a reload keeps it. */
export function useRoute(): Route {
  const [route, setRoute] = useState(read);
  useEffect(() => {
    const update = () => {
      closing = false;
      setRoute(read());
    };
    const events = ["popstate", "hashchange", moved];
    for (const event of events) window.addEventListener(event, update);
    return () => {
      for (const event of events) window.removeEventListener(event, update);
    };
  }, []);
  return route;
}

export function openRoute(route: Exclude<Route, undefined>): void {
  if (read() === route) return;
  history.pushState({ inside: true }, "", `#${route}`);
  window.dispatchEvent(new Event(moved));
}

/** Closes the screen on top. Goes back if it was opened from inside, so that Back does not reopen it. */
export function closeRoute(): void {
  // Going back twice would leave the app.
  if (closing || read() === undefined) return;
  const state = history.state as { inside?: boolean } | null;
  if (state?.inside === true) {
    closing = true;
    history.back();
  } else {
    history.replaceState(null, "", "/");
    window.dispatchEvent(new Event(moved));
  }
}
