/** Cross-origin requests of pages (Fetch standard, "CORS protocol"), for the origins in `cors.allowedOrigins`. */
import cors from "@fastify/cors";
import type { FastifyInstance } from "fastify";

/** Headers that a page may read besides those that the Fetch standard always allows. */
const exposedHeaders = [
  "Accept-Patch",
  "Accept-Post",
  "Allow",
  "ETag",
  "Gpumedia-Frames",
  "Gpumedia-Ice-Transport-Policy",
  "Inference-Header-Content-Length",
  "Link",
  "Location",
  "Retry-After",
  "Server-Timing",
];

/** Browsers keep the answer to a preflight for two hours at most (Chromium's limit). */
const preflightMaxAgeSeconds = 7200;

/** Without origins, there are no CORS headers: browsers keep responses from pages of other origins. */
export async function allowOrigins(app: FastifyInstance, origins: readonly string[]): Promise<void> {
  if (origins.length === 0) return;
  await app.register(cors, {
    origin: origins.includes("*") ? "*" : origins.map(pattern),
    methods: ["GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS"],
    exposedHeaders,
    maxAge: preflightMaxAgeSeconds,
  });
  app.addHook("onRequest", (_request, reply, done) => {
    const origin = reply.getHeader("access-control-allow-origin");
    // Without it, PerformanceResourceTiming hides Server-Timing (Resource Timing, section 4.5.1).
    if (origin !== undefined) reply.header("timing-allow-origin", origin);
    done();
  });
}

/** `https://*.example.com` stands for all subdomains. */
function pattern(origin: string): string | RegExp {
  if (!origin.includes("*")) return origin;
  const [scheme = "", rest = ""] = origin.split("*").map((part) => part.replaceAll(".", "\\."));
  return new RegExp(`^${scheme}([a-z0-9_-]+\\.)*[a-z0-9_-]+${rest}$`);
}
