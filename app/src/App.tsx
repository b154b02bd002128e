import { useEffect, useRef, useState } from "preact/hooks";

import type { Config } from "./config.ts";
import type { Model, View } from "./model.ts";
import type { LoginOptions } from "./options.ts";
import { Alternative } from "./screens/Alternative.tsx";
import { Failed } from "./screens/Failed.tsx";
import { Finishing } from "./screens/Finishing.tsx";
import { Foreign } from "./screens/Foreign.tsx";
import { Home } from "./screens/Home.tsx";
import { LoggedOut } from "./screens/LoggedOut.tsx";
import { Pending } from "./screens/Pending.tsx";
import type { ScreenProps } from "./screens/props.ts";
import { Settings } from "./screens/Settings.tsx";
import { Start } from "./screens/Start.tsx";
import { texts, type Language, type Texts } from "./texts/index.ts";
import { Frame } from "./ui/Frame.tsx";
import { Spinner } from "./ui/parts.tsx";
import { closeRoute, useRoute, type Route } from "./ui/route.ts";

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
  const options = useOptions(askOptions, language, view.name === "start");
  const t = texts[language];
  const screen = route ?? view.name;

  useLoneView(view);
  useFocus(screen);
  useEffect(() => {
    document.documentElement.lang = language;
    document.title = config.brand.name;
  }, [language, config]);

  const props: ScreenProps = { t, language, config, model, online };
  return (
    <Frame caption={t.app.caption}>
      {/* Keyed, so that a new screen is a new element: it fades in and starts at its top. */}
      <div class="enter" key={screen}>
        {route === "settings" ? (
          <Settings {...props} loggedIn={view.name === "home"} onLanguage={onLanguage} />
        ) : route === "alternative" ? (
          <Alternative {...props} />
        ) : (
          <Current {...props} view={view} options={options} />
        )}
      </div>
      <p class="announce" role="status">
        {announcement(t, view)}
      </p>
    </Frame>
  );
}

function Current({ view, options, ...props }: ScreenProps & { view: View; options: LoginOptions }) {
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
      return <Start {...props} opening={view.opening} options={options} />;
    case "pending":
      return <Pending {...props} attempt={view.attempt} />;
    case "finishing":
      return <Finishing {...props} waiting={view.waiting} />;
    case "failed":
      return <Failed {...props} failure={view.failure} />;
    case "foreign":
      return <Foreign {...props} loggedIn={view.loggedIn} />;
    case "home":
      return <Home {...props} session={view.session} freshness={view.freshness} />;
    case "loggedOut":
      return <LoggedOut {...props} because={view.because} supportCode={view.supportCode} />;
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

/** Which screens may lie on top of a view: no ways of logging in over somebody who is. */
function allowed(route: Route, view: View): Route {
  if (view.name === "finishing" || view.name === "loading") return undefined;
  return route === "alternative" && view.name === "home" ? undefined : route;
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
function useLoneView(view: View): void {
  const before = useRef(view.name);
  useEffect(() => {
    if (before.current !== view.name && before.current !== "loading") closeRoute();
    before.current = view.name;
  }, [view.name]);
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

function useOptions(ask: Props["askOptions"], language: Language, wanted: boolean): LoginOptions {
  const [options, setOptions] = useState<LoginOptions>({ notices: [] });
  useEffect(() => {
    if (!wanted) return;
    let current = true;
    void ask(language).then((answer) => {
      if (current) setOptions(answer);
    });
    return () => {
      current = false;
    };
  }, [ask, language, wanted]);
  return options;
}
