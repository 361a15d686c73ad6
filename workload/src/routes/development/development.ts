/**
 * What only development has: a page at `/` to try the processor with, and one at `/docs` that shows the OpenAPI document.
 * Static files, so that the page may forbid inline scripts like any other.
 */
import { readFileSync } from "node:fs";
import type { Route } from "../route.ts";

const types = {
  html: "text/html; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  css: "text/css; charset=utf-8",
};

const files: readonly { readonly path: string; readonly file: string; readonly type: keyof typeof types }[] = [
  { path: "/", file: "index.html", type: "html" },
  { path: "/pages/try.js", file: "try.js", type: "js" },
  { path: "/docs", file: "docs.html", type: "html" },
  { path: "/pages/docs.js", file: "docs.js", type: "js" },
  { path: "/pages/style.css", file: "style.css", type: "css" },
];

const policy = "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'none'";

export const development: Route = (app, { settings }) => {
  if (!settings.development) return;
  for (const { path, file, type } of files) {
    const body = readFileSync(new URL(`pages/${file}`, import.meta.url));
    app.get(path, (_request, reply) => {
      return reply
        .headers({ "cache-control": "no-cache", "content-security-policy": policy, "content-type": types[type] })
        .send(body);
    });
  }
};
