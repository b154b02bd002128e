import type { Benefit, Profile } from "./vault.ts";

/** Reads name and benefits out of an ID token's or userinfo's claims. Takes only what is well-formed. */
export function profileFrom(claims: Record<string, unknown>, fetchedAt: number): Profile {
  const given = text(claims["given_name"]);
  const full = text(claims["name"]) || `${given} ${text(claims["family_name"])}`.trim();
  return {
    name: full,
    // People are greeted by their first name; the claim may hold all of them.
    givenName: given.split(" ")[0] ?? "",
    benefits: benefitsFrom(claims["benefits"]),
    fetchedAt,
  };
}

function benefitsFrom(claim: unknown): Benefit[] {
  if (!Array.isArray(claim)) return [];
  return claim.flatMap((entry: unknown) => {
    if (typeof entry !== "object" || entry === null) return [];
    const { kind, employer } = entry as Record<string, unknown>;
    return typeof kind === "string" ? [{ kind, employer: text(employer) }] : [];
  });
}

function text(value: unknown): string {
  return typeof value === "string" ? value.trim() : "";
}
