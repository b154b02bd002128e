import { useEffect, useState } from "preact/hooks";

/** Screens that lie on top of the current view, one Back away from it. */
export type Route = (typeof names)[number] | undefined;

const names = ["settings", "alternative", "scan", "typed", "password", "devices"] as const;

const moved = "smartumpay-moved";

let closing = false; // history.go() has been called and has not arrived yet
let all = false; // … and no screen may be left when it has

function read(): Route {
  const name = location.hash.slice(1);
  return names.find((each) => each === name);
}

/** The route in the address bar, so that the phone's Back button closes a screen and a reload keeps it. */
export function useRoute(): Route {
  const [route, setRoute] = useState(read);
  useEffect(() => {
    const update = () => {
      closing = false;
      // The app was opened with a screen on top, or reloaded: below all others lies that one.
      if (all && read() !== undefined) history.replaceState(null, "", "/");
      all = false;
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
  history.pushState({ depth: depth() + 1 }, "", `#${route}`);
  window.dispatchEvent(new Event(moved));
}

/** Puts a screen in the place of the one on top, so that Back leads to what was below both. */
export function replaceRoute(route: Exclude<Route, undefined>): void {
  history.replaceState({ depth: depth() }, "", `#${route}`);
  window.dispatchEvent(new Event(moved));
}

/** How many of our screens lie below this one in the history of the browser. */
function depth(): number {
  return (history.state as { depth?: number } | null)?.depth ?? 0;
}

/** Closes the screen on top. Goes back if it was opened from inside, so that Back does not reopen it. */
export function closeRoute(): void {
  close(1);
}

/** Closes all screens that lie on top of the view. */
export function closeRoutes(): void {
  all = true;
  close(depth());
  all = closing;
}

function close(steps: number): void {
  // Going back twice would leave the app.
  if (closing || read() === undefined) return;
  if (steps > 0 && depth() >= steps) {
    closing = true;
    history.go(-steps);
  } else {
    history.replaceState(null, "", "/");
    window.dispatchEvent(new Event(moved));
  }
}
