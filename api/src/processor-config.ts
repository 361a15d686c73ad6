/**
 * The processor's configuration: one YAML or JSON file, written by the operator into the ConfigMap of a service, or by
 * hand. Everything may be left out. `GPUMEDIA_` and the path in capitals overrides a member: `GPUMEDIA_QUEUE_MAX_DEPTH`.
 * Defaults are the guide's production setup, and stand here because the processor also runs without an operator.
 */
import type { Static } from "typebox";
import { duration, flag, oneOf, seconds, settings, text, wholeNumber } from "./schema/scalars.ts";
import { allowedHosts, allowedNetworks } from "./schema/upstream.ts";

/** What the processor takes over from a changed file while it runs; a change of anything else needs a restart. */
export const reloadableProcessorConfig = ["logLevel", "queue", "batch"] as const;

export const processorConfig = settings(
  { description: "Configuration of gpumedia-processor." },
  {
    accelerator: oneOf(
      ["cpu", "cuda"],
      "What the model runs on; cuda without a GPU is an error, never cpu. Default cpu.",
    ),
    environment: oneOf(
      ["production", "development"],
      "development adds the page at /, the OpenAPI page and profiling. Default production.",
    ),
    listen: settings(
      { description: "Where requests are taken." },
      {
        host: text("The address. Default 0.0.0.0.", 253, "^\\S+$"),
        port: wholeNumber("The port; 0 takes a free one. Default 8080.", 0, 65_535),
      },
    ),
    logLevel: oneOf(["trace", "debug", "info", "warn", "error", "fatal", "silent"], "What is logged. Default warn."),
    accessLog: flag("Whether each request is logged. Default false."),
    model: settings(
      { description: "The model that pictures go through." },
      {
        name: text(
          "What it is called at the inference API, and without path which built-in model. Default anime4k-2x.",
          63,
        ),
        size: oneOf(["s", "m", "l"], "Which size of the built-in model: larger is better and slower. Default s."),
        path: text("An ONNX file.", 4_096),
      },
    ),
    workers: wholeNumber("Threads that decode, infer and encode. Default 0: as many as the CPU limit allows.", 0, 256),
    batch: settings(
      { description: "Requests of one shape go through the model together." },
      {
        maxSize: wholeNumber("At most so many. Default 8.", 1, 256),
        maxDelay: duration(
          "At most so long a request waits for others. Default 2ms, on cpu 0ms: there it gains nothing.",
        ),
      },
    ),
    queue: settings(
      { description: "What waits for a worker." },
      {
        maxDepth: wholeNumber("At most so many requests; more are answered 503 at once. Default 256.", 1, 100_000),
        maxWait: duration("A request that would wait longer is answered 503 at once. Default 1s."),
      },
    ),
    requestTimeout: duration("After so long a request is answered 504. Default 30s."),
    drain: settings(
      { description: "What happens on SIGTERM." },
      {
        timeout: seconds("For requests under way to finish. Default 300s."),
        delay: duration(
          "Still answering while not ready, so that clients hear with their next answer that their connection is about to close. Default 1s.",
        ),
      },
    ),
    limits: settings(
      { description: "What a client may send." },
      {
        bodyBytes: wholeNumber("Largest body. Default 10485760, the guide's 10m.", 1, 1_073_741_824),
        pixels: wholeNumber("Largest picture, by width times height. Default 16777216.", 1, 268_435_456),
        headersTimeout: duration("For the head of a request to arrive. Default 10s."),
        bodyTimeout: duration("For a whole request to arrive. Default 30s."),
      },
    ),
    memoryCleanup: settings(
      { description: "Memory is given back while there is nothing to do." },
      { interval: seconds("How often; 0s: never. Default 300s.") },
    ),
    cacheMaxAge: seconds("How long an answer to GET may be cached. Default 300s."),
    upstream: settings(
      { description: "How pictures are fetched from other hosts, for GET /v1/process?url=…" },
      {
        allowedHosts: allowedHosts("From which hosts. Default empty: nothing is fetched."),
        allowedNetworks: allowedNetworks(
          "Networks that hosts may be in although they are not public, such as that of an object store in the cluster. Default empty.",
        ),
        connections: wholeNumber("Connections at once. Default 100.", 1, 10_000),
        connectionsPerHost: wholeNumber("Connections at once to one host. Default 30.", 1, 10_000),
        dnsCacheTtl: seconds("How long an address is remembered. Default 300s."),
        keepAlive: seconds("How long an idle connection stays open. Default 30s."),
      },
    ),
    stream: settings(
      { description: "WebSocket sessions at /v1/stream." },
      {
        maxSessions: wholeNumber("At most so many at once. Default 100, the guide's concurrent users.", 0, 100_000),
        maxInFlight: wholeNumber("Frames of one session under way at once. Default 2.", 1, 64),
      },
    ),
  },
);

export type ProcessorConfig = Static<typeof processorConfig>;
