import { en } from "./en.ts";
import { fi, type Texts } from "./fi.ts";
import { sv } from "./sv.ts";

export type { Texts };

/** The languages of the app, in the order in which they are offered. */
export const languages = ["fi", "sv", "en"] as const;
export type Language = (typeof languages)[number];

export const texts: Record<Language, Texts> = { fi, sv, en };

/** The language a person has chosen, else the first one their browser asks for that we speak. */
export function pickLanguage(chosen: string | null, wanted: readonly string[]): Language {
  for (const tag of [chosen ?? "", ...wanted]) {
    const primary = tag.toLowerCase().split("-")[0];
    const found = languages.find((language) => language === primary);
    if (found !== undefined) return found;
  }
  return "fi";
}

/** A moment as people say it: today by the clock alone, else with the day. */
export function formatTime(language: Language, at: number, now: number): string {
  const day = (time: number) => new Date(time).toDateString();
  const options: Intl.DateTimeFormatOptions =
    day(at) === day(now)
      ? { hour: "numeric", minute: "2-digit" }
      : { day: "numeric", month: "numeric", hour: "numeric", minute: "2-digit" };
  return new Intl.DateTimeFormat(locales[language], options).format(at);
}

/** How long until something, in whole seconds or minutes: "2 minuutin kuluttua". */
export function duration(t: Texts, milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  return seconds < 60 ? t.time.seconds(`${seconds}`) : t.time.minutes(`${Math.ceil(seconds / 60)}`);
}

/** A day of the form 2022-05-31, written out. */
export function formatDay(language: Language, day: string): string {
  // Noon, so that no time zone moves it to the day before.
  return new Intl.DateTimeFormat(locales[language], { dateStyle: "long" }).format(new Date(`${day}T12:00:00`));
}

/** English as in Europe: days before months, 24 hours. */
const locales: Record<Language, string> = { fi: "fi-FI", sv: "sv-FI", en: "en-GB" };
