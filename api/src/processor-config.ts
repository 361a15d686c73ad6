/**
 * The processor's configuration: one YAML or JSON file, which the operator writes into the ConfigMap of a service. All
 * fields are optional. An environment variable overrides a field: `GPUMEDIA_QUEUE_MAX_DEPTH` sets `queue.maxDepth`.
 * Defaults are the guide's production setup, as the processor also runs without an operator.
 */
import type { Static } from "typebox";
import { modelFields } from "./schema/model-fields.ts";
import { duration, flag, oneOf, positiveSeconds, seconds, settings, text, wholeNumber } from "./schema/scalars.ts";
import { iceServers, iceTransportPolicy, publicAddresses } from "./schema/live-fields.ts";
import { allowedOrigins } from "./schema/origins.ts";
import { allowedHosts, allowedNetworks } from "./schema/upstream.ts";

/** The fields that the processor reloads while it runs; other changes need a restart. */
export const reloadableProcessorConfig = [
  "logLevel",
  "queue",
  "batch",
  "live.publicAddresses",
  "live.publicPort",
] as const;

export const processorConfig = settings(
  { description: "Configuration of gpumedia-processor." },
  {
    accelerator: oneOf(
      ["cpu", "cuda"],
      "Where the model runs. With cuda, a missing GPU is an error: there is no fallback to cpu. Defaults to cpu.",
    ),
    environment: oneOf(
      ["production", "development"],
      "development adds the page at /, the OpenAPI page and profiling. Defaults to production.",
    ),
    listen: settings(
      { description: "The address of the HTTP server." },
      {
        host: text("Address to listen on. Defaults to all addresses, of IPv6 and IPv4.", 253, "^\\S+$"),
        port: wholeNumber("Port to listen on; 0 selects a free one. Defaults to 8080.", 0, 65_535),
      },
    ),
    logLevel: oneOf(
      ["trace", "debug", "info", "warn", "error", "fatal", "silent"],
      "Minimum level of log messages. Defaults to warn.",
    ),
    accessLog: flag("Whether to log each request. Defaults to false."),
    model: settings(
      { description: "The model that processes images." },
      {
        name: text(
          "Name of the model in the inference API. Without path, it selects the built-in model. Defaults to anime4k-2x.",
          63,
        ),
        size: oneOf(["s", "m", "l"], "Size of the built-in model: larger ones are better and slower. Defaults to s."),
        path: text("Path of an ONNX file. Defaults to the built-in model.", 4_096),
        ...modelFields,
      },
    ),
    workers: wholeNumber("Number of worker threads. 0, the default, means as many as the CPU limit allows.", 0, 256),
    batch: settings(
      { description: "Batching of requests with the same shape." },
      {
        maxSize: wholeNumber("Maximum number of requests in a batch. Defaults to 8.", 1, 256),
        maxDelay: duration(
          "Maximum time a request waits for others to join its batch. Defaults to 2ms, or to 0ms on cpu, where waiting gains nothing.",
        ),
      },
    ),
    queue: settings(
      { description: "The queue of requests." },
      {
        maxDepth: wholeNumber(
          "Maximum number of queued requests; further ones are rejected with status 503. Defaults to 256.",
          1,
          100_000,
        ),
        maxWait: duration(
          "Maximum expected wait; requests that would wait longer are rejected with status 503. Defaults to 1s.",
        ),
      },
    ),
    requestTimeout: duration(
      "How long a request may take before it fails with status 504; above 16777216 pixels in proportion longer. Defaults to 30s.",
    ),
    drain: settings(
      { description: "Graceful shutdown on SIGTERM." },
      {
        timeout: seconds("How long requests in progress may take to finish. Defaults to 300s."),
        delay: duration(
          "How long the processor keeps serving while not ready, so that a response can announce that the connection closes. Defaults to 1s.",
        ),
      },
    ),
    limits: settings(
      { description: "Limits of requests." },
      {
        bodyBytes: wholeNumber(
          "Maximum size of a body, in bytes. Defaults to 33554432: a photograph of 50 megapixels has up to 25 MB as JPEG.",
          1,
          1_073_741_824,
        ),
        pixels: wholeNumber(
          "Maximum size of an image, in pixels. Defaults to 52428800, enough for phones of 50 megapixels, or to 16777216 with model.path without model.tile. The container's memory may allow less.",
          1,
          268_435_456,
        ),
        headersTimeout: duration("How long the headers of a request may take to arrive. Defaults to 10s."),
        bodyPause: duration(
          "How long a body may pause while it arrives; then the request fails with status 408. Defaults to 30s.",
        ),
        bodyTimeout: duration(
          "How long a whole body may take to arrive; then the request fails with status 408. Defaults to 300s, as long as the guide's proxies wait.",
        ),
      },
    ),
    cors: settings(
      { description: "Requests of web pages from other origins." },
      { allowedOrigins: allowedOrigins("Origins whose pages may send requests. Empty, the default, allows none.") },
    ),
    memoryCleanup: settings(
      { description: "Release of unused memory while the processor is idle." },
      { interval: seconds("Interval between cleanups. 0s disables them. Defaults to 300s.") },
    ),
    connections: settings(
      { description: "The connections that clients and proxies keep open." },
      {
        keepAlive: positiveSeconds(
          "How long an idle connection is kept open: longer than the proxy in front keeps it. Defaults to 3660s.",
        ),
        maxAge: seconds("Age at which a connection is closed after a response. 0s means no limit. Defaults to 600s."),
        maxRequests: wholeNumber(
          "Number of requests after which a connection is closed. 0, the default, means no limit.",
          0,
          1_000_000_000,
        ),
      },
    ),
    cacheMaxAge: seconds("How long a response to GET may be cached. Defaults to 300s."),
    upstream: settings(
      { description: "How images are fetched from other hosts, for GET /v1/process?url=…" },
      {
        allowedHosts: allowedHosts("Hosts from which images may be fetched. Empty, the default, disables fetching."),
        allowedNetworks: allowedNetworks(
          "Private networks from which images may be fetched, such as that of an object store in the cluster. Empty by default.",
        ),
        connections: wholeNumber("Maximum number of connections. Defaults to 100.", 1, 10_000),
        connectionsPerHost: wholeNumber("Maximum number of connections to one host. Defaults to 30.", 1, 10_000),
        dnsCacheTtl: seconds("How long an address is cached. Defaults to 300s."),
        keepAlive: seconds("How long an idle connection is kept open. Defaults to 30s."),
      },
    ),
    stream: settings(
      { description: "WebSocket sessions at /v1/stream." },
      {
        maxSessions: wholeNumber(
          "Maximum number of sessions. Defaults to 100, the guide's concurrent users.",
          0,
          100_000,
        ),
        maxInFlight: wholeNumber("Maximum number of frames of a session in progress. Defaults to 2.", 1, 64),
      },
    ),
    live: settings(
      { description: "Live video by WebRTC, at /v1/whip, /v1/whep and /v1/exchange." },
      {
        enabled: flag("Whether to accept live video; needs libvpx or OpenH264. Defaults to false."),
        udpPort: wholeNumber(
          "UDP port of all sessions; 0 selects a free one. Defaults to 8080, the number of the HTTP port.",
          0,
          65_535,
        ),
        udpHost: text(
          "IP address to listen on for udpPort. Defaults to all addresses, of IPv6 and IPv4: media must reach it, also where a proxy on this machine takes the HTTP requests.",
          45,
          "^[0-9A-Fa-f:.]+$",
        ),
        publicAddresses: publicAddresses(
          "IP addresses at which clients reach udpPort, the preferred one first. Empty, the default, means the address on which the offer arrived.",
        ),
        publicPort: wholeNumber(
          "UDP port at which clients reach udpPort, where a load balancer maps another one. Defaults to udpPort.",
          1,
          65_535,
        ),
        peers: text(
          "Name whose DNS addresses are the pods of the service, such as that of a headless Service: requests and packets of another pod's sessions are forwarded to it. Needs GPUMEDIA_POD_IP, the pod's address. Defaults to none: nothing is forwarded.",
          253,
          "^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$",
        ),
        token: text(
          "Bearer token that each request must carry; set it by GPUMEDIA_LIVE_TOKEN from a Secret. Empty, the default, requires none.",
          4_096,
          "^\\S*$",
        ),
        iceServers: iceServers(
          "URLs of the STUN and TURN servers that clients should use, sent to them in Link headers. Defaults to none: clients reach udpPort directly.",
        ),
        iceTransportPolicy: iceTransportPolicy(
          "Which ways clients should take: all, or only the relays in iceServers. Responses carry it in the header Gpumedia-Ice-Transport-Policy. Defaults to all.",
        ),
        turnSecret: text(
          "Secret that the TURN servers share, for credentials of a day that only they accept; set it by GPUMEDIA_LIVE_TURN_SECRET from a Secret. Empty, the default, means that they require none.",
          4_096,
          "^\\S*$",
        ),
        sessionsPerProcess: wholeNumber(
          "Number of sessions that one media process serves before a new one is started. A higher number needs less memory per session, but all sessions of a process end if it dies. Defaults to 1.",
          1,
          1_000,
        ),
        limits: settings(
          { description: "Limits of live video." },
          {
            sessions: wholeNumber(
              "Maximum number of sessions, publishers and viewers; further offers are rejected with status 503. Defaults to 20.",
              1,
              10_000,
            ),
            pixels: wholeNumber(
              "Maximum size of a received frame, in pixels; larger ones are dropped. Defaults to 921600, 1280x720.",
              256,
              33_554_432,
            ),
            framesPerSecond: wholeNumber(
              "Maximum number of frames of a session that are processed per second; others are dropped. Defaults to 30.",
              1,
              240,
            ),
            kilobitsPerSecond: wholeNumber(
              "Maximum bit rate of a session in each direction, in kbit/s. Defaults to 2500, what browsers send of 1280x720.",
              100,
              100_000,
            ),
          },
        ),
        timeouts: settings(
          { description: "When sessions end by themselves." },
          {
            connect: positiveSeconds("How long a client may take to connect after its offer. Defaults to 15s."),
            silent: positiveSeconds(
              "How long a client may send no packet; connected clients send one every 5 s or so. Defaults to 8s.",
            ),
          },
        ),
      },
    ),
  },
);

export type ProcessorConfig = Static<typeof processorConfig>;
