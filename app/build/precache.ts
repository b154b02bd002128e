import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, posix, relative, sep } from "node:path";

import type { Plugin } from "vite";

/**
 * Tells the service worker which files make up this version of the app, and gives
 * the version a name that changes when, and only when, one of the files does.
 *
 * `config.json` is left out: it belongs to the server, not to the build.
 */
export function precache(): Plugin {
  let publicDir = "";
  return {
    name: "precache",
    apply: "build",
    configResolved(config) {
      publicDir = config.publicDir;
    },
    generateBundle: {
      order: "post",
      handler(_options, bundle) {
        const sw = bundle["sw.js"];
        if (sw?.type !== "chunk") {
          throw new Error("precache: the build has no sw.js");
        }
        if (sw.imports.length > 0) {
          throw new Error("precache: sw.js must stand alone, but imports " + sw.imports.join(", "));
        }
        const contents = new Map<string, string | Uint8Array>();
        for (const [name, file] of Object.entries(bundle)) {
          if (name !== "sw.js") {
            contents.set(name, file.type === "chunk" ? file.code : file.source);
          }
        }
        for (const name of filesBelow(publicDir)) {
          if (name !== "config.json") {
            contents.set(name, readFileSync(join(publicDir, name)));
          }
        }
        const names = [...contents.keys()].sort();
        const digest = createHash("sha256").update(sw.code);
        for (const name of names) {
          digest.update(`\0${name}\0`).update(contents.get(name) ?? "");
        }
        const precached = {
          version: digest.digest("hex").slice(0, 16),
          // The start page is known by its address, not by its file name.
          files: names.map((name) => (name === "index.html" ? "/" : "/" + name)),
        };
        sw.code = `self.precached=${JSON.stringify(precached)};\n${sw.code}`;
      },
    },
  };
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join(posix.sep));
}
