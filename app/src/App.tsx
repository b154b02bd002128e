import { useEffect, useRef, useState } from "preact/hooks";

import type { Config } from "./config.ts";
import type { Model } from "./model.ts";
import type { View } from "./view.ts";
import type { LoginOptions } from "./options.ts";
import { gateOf } from "./gate.ts";
import { Alternative } from "./screens/Alternative.tsx";
import { Devices } from "./screens/Devices.tsx";
import { Failed } from "./screens/Failed.tsx";
import { Finishing } from "./screens/Finishing.tsx";
import { Foreign } from "./screens/Foreign.tsx";
import { Home } from "./screens/Home.tsx";
import { LinkWaiting } from "./screens/LinkWaiting.tsx";
import { LoggedOut } from "./screens/LoggedOut.tsx";
import { Match } from "./screens/Match.tsx";
import { Offered } from "./screens/Offered.tsx";
import { Password } from "./screens/Password.tsx";
import { Pending } from "./screens/Pending.tsx";
import type { ScreenProps } from "./screens/props.ts";
import { Scan } from "./screens/Scan.tsx";
import { Settings } from "./screens/Settings.tsx";
import { Start } from "./screens/Start.tsx";
import { Typed } from "./screens/Typed.tsx";
import { texts, type Language, type Texts } from "./texts/index.ts";
import { Frame } from "./ui/Frame.tsx";
import { Spinner } from "./ui/parts.tsx";
import { closeRoutes, openRoute, useRoute, type Route } from "./ui/route.ts";

interface Props {
  config: Config;
  model: Model;
  language: Language;
  onLanguage: (language: Language) => void;
  /** Asks the server for notices and the like, in the language. */
  askOptions: (language: Language) => Promise<LoginOptions>;
}

export function App({ config, model, language, onLanguage, askOptions }: Props) {
  const view = useView(model);
  const route = allowed(useRoute(), view);
  const online = useOnline();
  const options = useOptions(askOptions, language, view.name !== "home" && view.name !== "finishing");
  const t = texts[language];
  const screen = route ?? screenOf(view);

  useLoneView(view.name === "failed" ? view.failure : screenOf(view));
  useStuck(view);
  useFocus(screen);
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = config.brand.name;
  }, [language, config]);

  const props: ScreenProps = { t, language, config, model, online, options, gate: gateOf(options, config.version) };
  return (
    <Frame caption={t.app.caption}>
      {/* Keyed, so that a new screen is a new element: it fades in and starts at its top. */}
      <div class="enter" key={screen}>
        {route === "settings" ? (
          <Settings {...props} loggedIn={view.name === "home"} onLanguage={onLanguage} />
        ) : route === "alternative" ? (
          <Alternative {...props} view={view} />
        ) : route === "scan" ? (
          <Scan {...props} />
        ) : route === "typed" ? (
          <Typed {...props} />
        ) : route === "devices" ? (
          <Devices {...props} />
        ) : route === "password" ? (
          <Password {...props} />
        ) : (
          <Current {...props} view={view} />
        )}
      </div>
      <p class="announce" role="status">
        {announcement(t, view)}
      </p>
    </Frame>
  );
}

function Current({ view, ...props }: ScreenProps & { view: View }) {
  switch (view.name) {
    case "loading":
      return (
        <main class="screen" data-testid="loading">
          <div class="message">
            <span class="badge">
              <Spinner />
            </span>
            <p>{props.t.app.loading}</p>
          </div>
        </main>
      );
    case "start":
      return <Start {...props} opening={view.opening} />;
    case "pending":
      return <Waiting {...props} view={view} />;
    case "offered":
      return <Offered {...props} loggedInAs={view.loggedInAs} />;
    case "finishing":
      return <Finishing {...props} waiting={view.waiting} />;
    case "failed":
      return <Failed {...props} failure={view.failure} method={view.method} />;
    case "foreign":
      return <Foreign {...props} loggedIn={view.loggedIn} />;
    case "home":
      return <Home {...props} session={view.session} freshness={view.freshness} news={view.news ?? []} />;
    case "loggedOut":
      return <LoggedOut {...props} because={view.because} supportCode={view.supportCode} />;
  }
}

/** A login that goes on elsewhere: on the way to the bank, in a browser, or on a computer. */
function Waiting({ view, ...props }: ScreenProps & { view: View & { name: "pending" } }) {
  const { attempt, live } = view;
  switch (attempt.via.method) {
    case "direct":
      return <Pending {...props} attempt={attempt} live={live} />;
    case "link":
      return <LinkWaiting {...props} attempt={attempt} link={attempt.via.link} elsewhere={attempt.via.elsewhere} live={live} />;
    case "qr":
      return <Match {...props} attempt={attempt} via={attempt.via} live={live} />;
    case "credentials":
      return null; // is never open: the server answers at once
  }
}

/** What a screen reader hears about changes that happen by themselves. */
function announcement(t: Texts, view: View): string {
  switch (view.name) {
    case "loading":
      return t.app.loading;
    case "start":
      return view.opening ? t.start.opening : "";
    case "finishing":
      return view.waiting ? t.finishing.waiting : t.finishing.title;
    case "home":
      switch (view.freshness.state) {
        case "offline":
          return t.home.offline;
        case "trouble":
          return t.home.trouble;
        default:
          return "";
      }
    default:
      return "";
  }
}

/** Which screens may lie on top of a view: no ways of logging in over somebody who is, and devices of nobody. */
function allowed(route: Route, view: View): Route {
  if (view.name === "finishing" || view.name === "loading" || view.name === "offered") return undefined;
  if (route === "settings") return route;
  return (route === "devices") === (view.name === "home") ? route : undefined;
}

/** Names what is shown: one login that waits is not another. */
function screenOf(view: View): string {
  return view.name === "pending" ? `pending-${view.attempt.state}` : view.name;
}

function useView(model: Model): View {
  const [view, setView] = useState(model.view);
  useEffect(() => {
    const update = () => setView(model.view);
    update(); // it may have changed between drawing and subscribing
    return model.subscribe(update);
  }, [model]);
  return view;
}

/** When the view changes below a screen on top, that screen has had its time. */
function useLoneView(screen: unknown): void {
  const before = useRef(screen);
  useEffect(() => {
    if (before.current !== screen && before.current !== "loading") closeRoutes();
    before.current = screen;
  }, [screen]);
}

/** A direct login that has not come back opens the other ways by itself. Once: whoever closes them has seen them. */
function useStuck(view: View): void {
  const stuck = view.name === "pending" && view.live.stuck ? view.attempt.state : undefined;
  useEffect(() => {
    if (stuck !== undefined && location.hash === "") openRoute("alternative");
  }, [stuck]);
}

/** Moves the focus to the heading of each new screen, so that keyboard and screen reader go along. */
function useFocus(screen: string): void {
  const first = useRef(true);
  useEffect(() => {
    if (!first.current) {
      document.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
      document.querySelector(".glass")?.scrollTo(0, 0);
      window.scrollTo(0, 0);
    }
    first.current = screen === "loading";
  }, [screen]);
}

function useOnline(): boolean {
  const [online, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const update = () => setOnline(navigator.onLine);
    window.addEventListener("online", update);
    window.addEventListener("offline", update);
    return () => {
      window.removeEventListener("online", update);
      window.removeEventListener("offline", update);
    };
  }, []);
  return online;
}

/** Milliseconds between two questions: with what the server and caches keep (25 s), a change is seen within a minute. */
const optionsEvery = 30_000;

/** Asks at once, whenever the app comes to the foreground, and every half a minute while somebody is about to log in. */
function useOptions(ask: Props["askOptions"], language: Language, wanted: boolean): LoginOptions {
  const [options, setOptions] = useState<LoginOptions>({ notices: [] });
  useEffect(() => {
    if (!wanted) return;
    let current = true;
    const update = () => {
      if (document.visibilityState !== "visible") return;
      void ask(language).then((answer) => {
        if (current) setOptions(answer);
      });
    };
    update();
    const timer = setInterval(update, optionsEvery);
    document.addEventListener("visibilitychange", update);
    window.addEventListener("focus", update);
    return () => {
      current = false;
      clearInterval(timer);
      document.removeEventListener("visibilitychange", update);
      window.removeEventListener("focus", update);
    };
  }, [ask, language, wanted]);
  return options;
}
