/// <reference types="vite/client" />

/** Trusted Types, as far as this app uses them (W3C Trusted Types). */
interface Window {
  trustedTypes?: {
    createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): { createScriptURL(url: string): unknown };
  };
}
