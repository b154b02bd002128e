import { readFileSync } from "node:fs";

import { describe, expect, it } from "vitest";

import { failureOf } from "../src/login/failure.ts";
import { formatDay, formatTime, languages, pickLanguage, texts } from "../src/texts/index.ts";

/** Every text of a language with its path; functions are filled with a sample. */
function flat(node: unknown, path = ""): [string, string][] {
  if (typeof node === "string") return [[path, node]];
  if (typeof node === "function") return [[path, (node as (sample: string) => string)("SAMPLE")]];
  return Object.entries(node as Record<string, unknown>).flatMap(([key, value]) => flat(value, `${path}.${key}`));
}

describe("the texts", () => {
  it.each(languages)("are complete in %s", (language) => {
    const all = flat(texts[language]);
    expect(all.map(([path]) => path)).toEqual(flat(texts.fi).map(([path]) => path));
    for (const [path, text] of all) expect(text.trim(), path).not.toBe("");
  });

  it.each(languages)("put in what they are given in %s", (language) => {
    expect(texts[language].home.hello("Maija")).toContain("Maija");
    expect(texts[language].home.hello("")).not.toContain(" !");
    expect(texts[language].home.updated("12.30")).toContain("12.30");
  });

  it("are translated", () => {
    const fi = new Map(flat(texts.fi));
    for (const language of ["sv", "en"] as const) {
      const same = flat(texts[language]).filter(([path, text]) => fi.get(path) === text);
      // "Version" of an app is a version nearly everywhere; whole sentences never are the same.
      for (const [path, text] of same) expect(text.includes(" "), path).toBe(false);
    }
  });

  it("say it without jargon", () => {
    const words = /autentiko|tokeni|sessio|autentiser|\btoken\b|\bsession\b|\bURI\b|OAuth/i;
    for (const language of languages) {
      for (const [path, text] of flat(texts[language])) expect(text, `${language}${path}`).not.toMatch(words);
    }
  });

  it("are the words of the product", () => {
    const words = languages.map((language) => {
      const { start, alternative } = texts[language];
      return [start.login, start.means, start.alternative, alternative.link, alternative.qr];
    });
    expect(words).toEqual([
      [
        "Kirjaudu sisään",
        "Verkkopankkitunnuksilla tai Mobiilivarmenteella",
        "Vaihtoehtoiset kirjautumistavat",
        "Kirjautumislinkki",
        "QR-koodi",
      ],
      ["Logga in", "Med bankkoder eller Mobilcertifikat", "Alternativa inloggningssätt", "Inloggningslänk", "QR-kod"],
      ["Log in", "With bank authentication or Mobile Certificate", "Alternative login methods", "Login link", "QR code"],
    ]);
    const activated = [
      "SmartumPlus työsuhde-edut ovat aktivoituneet ja käytössäsi!",
      "SmartumPlus-personalförmånerna är aktiverade och redo att användas!",
      "SmartumPlus benefits are now activated and ready for use!",
    ];
    for (const [n, language] of languages.entries()) expect(texts[language].alternative.qrText).toContain(activated[n]);
  });
});

describe("the reasons of the server", () => {
  const source = readFileSync(new URL("../../internal/domain/login/reason.go", import.meta.url), "utf8");
  const reasons = [...source.matchAll(/^\tReason\w+\s+Reason = "(\w+)"/gm)].map((match) => match[1]);

  it("are found in its source", () => {
    expect(reasons.length).toBeGreaterThan(30);
  });

  it.each(reasons)("have a text here: %s", (reason) => {
    // With an error that says nothing, only the reason itself can have led to the text;
    // "internal" alone may say what is also said of the unknown.
    const failure = failureOf("never_heard_of", reason);
    if (reason !== "internal") expect(failure).not.toBe("server");
    for (const language of languages) expect(texts[language].failures[failure].title).not.toBe("");
  });
});

describe("languages and times", () => {
  it.each([
    [null, ["sv-FI", "en"], "sv"],
    [null, ["de", "en-US"], "en"],
    [null, ["de"], "fi"],
    [null, [], "fi"],
    ["en", ["sv"], "en"],
    ["xx", ["sv"], "sv"],
    ["FI", ["sv"], "fi"],
  ])("of choice %s and wishes %o is %s", (chosen, wanted, language) => {
    expect(pickLanguage(chosen, wanted)).toBe(language);
  });

  it("says the day only when it is another", () => {
    const at = new Date(2026, 4, 31, 14, 5).getTime();
    expect(formatTime("fi", at, at + 60_000)).toBe("14.05");
    expect(formatTime("fi", at, at + 24 * 3_600_000)).toMatch(/31\.5\..*14\.05/);
    expect(formatTime("en", at, at)).toBe("14:05");
  });

  it("writes days out", () => {
    expect(formatDay("fi", "2022-05-31")).toBe("31. toukokuuta 2022");
    expect(formatDay("en", "2022-05-31")).toBe("31 May 2022");
  });
});
