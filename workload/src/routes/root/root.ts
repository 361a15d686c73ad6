/**
 * `GET /`: in development a page to try the processor with, otherwise a pointer to what there is. The page consists of static
 * files, so that its policy can forbid inline scripts.
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
  { path: "/pages/elements.js", file: "elements.js", type: "js" },
  { path: "/pages/try.js", file: "try.js", type: "js" },
  { path: "/pages/live.js", file: "live.js", type: "js" },
  { path: "/pages/sent-frames.js", file: "sent-frames.js", type: "js" },
  { path: "/pages/style.css", file: "style.css", type: "css" },
];

const policy = "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'none'";

export const root: Route = (app, { settings }) => {
  if (!settings.development) {
    app.get("/", ({ protocol, host }, reply) =>
      reply.header("cache-control", "no-store").send(pointer(`${protocol}://${host}`)),
    );
    return;
  }
  const { enabled, token } = settings.live;
  const offered = !enabled ? "none" : token === "" ? "open" : "token";
  for (const { path, file, type } of files) {
    const body = readFileSync(new URL(`pages/${file}`, import.meta.url), "utf8").replace("{{live}}", offered);
    app.get(path, (_request, reply) => {
      return reply
        .headers({ "cache-control": "no-cache", "content-security-policy": policy, "content-type": types[type] })
        .send(body);
    });
  }
};

function pointer(origin: string): string {
  return `gpumedia-processor

Process a picture:  curl --data-binary @picture.jpg -H 'content-type: image/jpeg' -o processed.jpg ${origin}/v1/process
API description:    ${origin}/openapi.json
Try it in a page:   start the processor with GPUMEDIA_ENVIRONMENT=development
`;
}
