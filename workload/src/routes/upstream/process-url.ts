/**
 * `GET /v1/process?url=…`: a picture from an allowed host, processed, for a CDN to keep (guide, "CDN Integration").
 * Served only if `upstream.allowedHosts` names a host.
 */
import { createHash } from "node:crypto";
import type { FastifyRequest } from "fastify";
import { PipelineError } from "../../core/pipeline-error.ts";
import type { ProcessOptions } from "../../core/picture.ts";
import { HttpProblem } from "../problem.ts";
import manifest from "../../../package.json" with { type: "json" };
import { answerPicture, formatsOf, qualityOf, variesBy } from "../process.ts";
import { clientGone, type Route, type RouteContext } from "../route.ts";
import type { PictureFetcher } from "./fetch-picture.ts";

export const processUrl: Route = async (app, context) => {
  const { settings, pipeline, telemetry } = context;
  const { upstream, limits, requestTimeoutMs, queue } = settings;
  if (upstream.allowedHosts.length === 0) return;
  // Imported on demand: the HTTP client takes some 25 MiB that most services never need.
  const { PictureFetcher } = await import("./fetch-picture.ts");
  const fetcher = new PictureFetcher({
    ...upstream,
    maxBodyBytes: limits.bodyBytes,
    timeoutMs: requestTimeoutMs,
    maxWaiting: queue.maxDepth,
  });
  app.addHook("onClose", () => fetcher.close());
  app.get("/v1/process", {
    errorHandler: (error) => {
      if (error instanceof HttpProblem) telemetry.count(outcomeOf(error.status));
      throw error;
    },
    handler: async (request, reply) => {
      const url = urlOf(request);
      const quality = qualityOf(request);
      // Before the fetch: otherwise pictures would be fetched that cannot be processed. A 304 needs no worker.
      if (request.headers["if-none-match"] === undefined) pipeline.checkAdmission();
      const gone = clientGone(reply);
      const picture = await fetchPicture(fetcher, url, gone);
      const options = { formats: formatsOf(request, picture), quality };
      const etag = entityTag(picture, context, options);
      // Only on cacheable responses: a cache would take an error with this tag for the picture.
      const kept = { "cache-control": `public, max-age=${settings.cacheMaxAgeSeconds}`, etag };
      if (matches(request.headers["if-none-match"], etag))
        return reply
          .code(304)
          .headers({ ...kept, vary: variesBy(reply, "accept") })
          .send();
      const processed = await pipeline.process(picture, options, gone);
      return answerPicture(reply.headers(kept), processed);
    },
  });
};

async function fetchPicture(fetcher: PictureFetcher, url: string, gone: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await fetcher.fetch(url, gone);
  } catch (error) {
    if (gone.aborted) throw new PipelineError("aborted", "the client closed the connection");
    throw error;
  }
}

function urlOf({ query }: FastifyRequest): string {
  const { url } = query as { url?: unknown };
  if (typeof url !== "string" || url === "" || url.length > 4096) {
    throw new HttpProblem("url-invalid", "url must be one absolute URL of up to 4096 characters");
  }
  return url;
}

/**
 * Weak, because replicas on different hardware may differ in the last bit. Computed from the input, so that a picture the client
 * already has is not processed again.
 */
function entityTag(picture: Uint8Array, { settings }: RouteContext, { formats, quality }: ProcessOptions): string {
  const how = `${manifest.version} ${settings.model.name} ${settings.model.file} ${formats.join()} ${quality}`;
  const digest = createHash("sha256").update(how).update("\0").update(picture).digest("base64url");
  return `W/"${digest.slice(0, 22)}"`;
}

/** RFC 9110, section 13.1.2: the weak comparison, any of a list, or `*`. */
function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  const opaque = (tag: string) => tag.trim().replace(/^W\//, "");
  return header.trim() === "*" || header.split(",").some((tag) => opaque(tag) === opaque(etag));
}

function outcomeOf(status: number): "invalid" | "rejected" | "failed" {
  if (status < 500) return "invalid";
  return status === 503 ? "rejected" : "failed";
}
