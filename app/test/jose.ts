import { createHash, webcrypto, type JsonWebKey } from "node:crypto";

/** Seconds since 1970. */
export function now(): number {
  return Math.floor(Date.now() / 1000);
}

export function encode(value: string | ArrayBuffer): string {
  return Buffer.from(value as string).toString("base64url");
}

export interface Signer {
  sign(claims: Record<string, unknown>): Promise<string>;
}

const es256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** A signer of ID tokens with a key of its own. */
export async function makeSigner(): Promise<Signer> {
  const keys = await webcrypto.subtle.generateKey(es256, false, ["sign", "verify"]);
  return {
    async sign(claims) {
      const input = `${encode(JSON.stringify({ alg: "ES256", kid: "k1" }))}.${encode(JSON.stringify(claims))}`;
      const signature = await webcrypto.subtle.sign(es256, keys.privateKey, Buffer.from(input));
      return `${input}.${encode(signature)}`;
    },
  };
}

export interface Proof {
  claims: Record<string, unknown>;
  /** Thumbprint of the key in the proof (RFC 7638). */
  thumbprint: string;
}

/** Verifies form and signature of a DPoP proof (RFC 9449 §4.3); undefined when it does not hold. */
export async function verifyProof(proof: string): Promise<Proof | undefined> {
  const [head, body, signature, ...more] = proof.split(".");
  if (head === undefined || body === undefined || signature === undefined || more.length > 0) return undefined;
  const header = decode(head);
  const jwk = header["jwk"] as (JsonWebKey & { d?: string }) | undefined;
  if (header["typ"] !== "dpop+jwt" || header["alg"] !== "ES256" || jwk === undefined) return undefined;
  if (jwk.d !== undefined) return undefined; // a private key in a header would be the worst of mistakes
  const key = await webcrypto.subtle.importKey("jwk", jwk, es256, false, ["verify"]);
  const good = await webcrypto.subtle.verify(es256, key, Buffer.from(signature, "base64url"), Buffer.from(`${head}.${body}`));
  if (!good) return undefined;
  const members = JSON.stringify({ crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y });
  return { claims: decode(body), thumbprint: createHash("sha256").update(members).digest("base64url") };
}

function decode(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, "base64url").toString()) as Record<string, unknown>;
}
