import type { LoginOptions, MethodOption } from "./options.ts";
import { compareVersions } from "./version.ts";

/** What this version of the app may offer, as the server has it. */
export interface Gate {
  /** Too old to log in at all, too old for the alternative methods, or merely not the newest. */
  update: "required" | "alternatives" | "recommended" | undefined;
  /** The version from which the alternative methods work. */
  alternativesFrom: string | undefined;
  direct: MethodOption;
  /** What the server puts before the direct login for this phone and browser: it becomes the main button. */
  first: "link" | "qr" | "credentials" | undefined;
  /** Whether somebody with Smartum credentials may use them. */
  password: boolean;
  /** In the server's order; those that are off without a word are left out. */
  alternatives: MethodOption[];
}

const known = ["link", "qr"];

function firstOf(methods: MethodOption[], alternativesOn: boolean): Gate["first"] {
  const [first] = methods;
  if (first?.on !== true) return undefined;
  if (first.method === "credentials") return "credentials";
  return (first.method === "link" || first.method === "qr") && alternativesOn ? first.method : undefined;
}

/** Until the server has said otherwise, everything is on: it would refuse what is not. */
export function gateOf(options: LoginOptions, version: string): Gate {
  const { minimumVersion, recommendedVersion, alternatives } = options;
  const isBelow = (wanted: string | undefined) => wanted !== undefined && compareVersions(version, wanted) < 0;
  const tooOld = isBelow(alternatives?.minimumVersion);
  const methods = options.methods ?? ["direct", ...known].map((method) => ({ method, on: true }));
  // "available" speaks of this very version: an old one is asked to update rather than told that nothing works.
  const available = tooOld || alternatives?.available !== false;
  const alternativesOn = available && !tooOld;
  return {
    first: firstOf(methods, alternativesOn),
    update: isBelow(minimumVersion)
      ? "required"
      : tooOld
        ? "alternatives"
        : isBelow(recommendedVersion)
          ? "recommended"
          : undefined,
    alternativesFrom: alternatives?.minimumVersion,
    direct: methods.find(({ method }) => method === "direct") ?? { method: "direct", on: true },
    password: options.methods?.some(({ method, on }) => method === "credentials" && on) ?? false,
    alternatives: methods.filter((m) => known.includes(m.method) && available && (m.on || m.reason !== undefined)),
  };
}
