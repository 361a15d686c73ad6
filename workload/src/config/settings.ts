/** The configuration as the processor uses it: complete, durations in ms. Pure. */
import type { ProcessorConfig } from "@gpumedia/api";
import { durationMs } from "@gpumedia/api/src/units/parse.ts";
import type { ModelOptions } from "../core/model-contract.ts";
import type { Size } from "../core/picture.ts";
import { builtInModelFile, findBuiltInModel, receptiveRadius } from "../models/built-in.ts";

export interface Settings {
  readonly accelerator: "cpu" | "cuda";
  readonly development: boolean;
  /** host: undefined: all addresses. */
  readonly listen: { readonly host: string | undefined; readonly port: number };
  logLevel: NonNullable<ProcessorConfig["logLevel"]>;
  readonly accessLog: boolean;
  readonly model: {
    readonly name: string;
    readonly file: string;
    /** How many pixels around it a pixel of the result depends on; null: unknown. */
    readonly receptiveRadius: number | null;
    readonly options: ModelOptions;
  };
  /** 0: as many as the CPU limit allows. */
  readonly workers: number;
  batch: { readonly maxSize: number; readonly maxDelayMs: number };
  queue: { readonly maxDepth: number; readonly maxWaitMs: number };
  readonly requestTimeoutMs: number;
  readonly drain: { readonly timeoutMs: number; readonly delayMs: number };
  readonly limits: {
    readonly bodyBytes: number;
    readonly pixels: number;
    readonly headersTimeoutMs: number;
    readonly bodyPauseMs: number;
    readonly bodyTimeoutMs: number;
  };
  readonly cors: {
    /** `https://app.example.com`, `https://*.example.com` or `*`. */
    readonly allowedOrigins: readonly string[];
  };
  /** 0: no limit. */
  readonly connections: { readonly keepAliveMs: number; readonly maxAgeMs: number; readonly maxRequests: number };
  /** 0: never. */
  readonly memoryCleanupIntervalMs: number;
  readonly cacheMaxAgeSeconds: number;
  readonly upstream: {
    readonly allowedHosts: readonly string[];
    /** CIDR. */
    readonly allowedNetworks: readonly string[];
    readonly connections: number;
    readonly connectionsPerHost: number;
    readonly dnsCacheTtlMs: number;
    readonly keepAliveMs: number;
  };
  readonly stream: { readonly maxSessions: number; readonly maxInFlight: number };
  readonly live: {
    readonly enabled: boolean;
    /** Undefined: all addresses. */
    readonly udpHost: string | undefined;
    readonly udpPort: number;
    /** Empty: the address on which the offer arrived. */
    readonly publicAddresses: readonly string[];
    /** Null: the UDP port. */
    /** Of a media process in its life. */
    readonly sessionsPerProcess: number;
    readonly publicPort: number | null;
    /** A DNS name of all pods; empty: nothing is forwarded. */
    readonly peers: string;
    /** Empty: none is required. */
    readonly token: string;
    /** URLs of the STUN and TURN servers that clients should use. */
    readonly iceServers: readonly string[];
    readonly iceTransportPolicy: "all" | "relay";
    /** Empty: the servers require no credentials. */
    readonly turnSecret: string;
    readonly limits: {
      readonly sessions: number;
      readonly pixels: number;
      readonly framesPerSecond: number;
      readonly kilobitsPerSecond: number;
    };
    readonly timeouts: { readonly connectMs: number; readonly silentMs: number };
  };
}

/** Applies the defaults: the guide's production settings, otherwise as the schema explains. */
export function settingsOf(config: ProcessorConfig): Settings {
  const { listen, connections, batch, queue, drain, limits, memoryCleanup, upstream, stream } = config;
  const accelerator = config.accelerator ?? "cpu";
  return {
    accelerator,
    development: config.environment === "development",
    listen: { host: listen?.host, port: listen?.port ?? 8080 },
    logLevel: config.logLevel ?? "warn",
    accessLog: config.accessLog ?? false,
    model: modelOf(config.model ?? {}),
    workers: config.workers ?? 0,
    batch: {
      maxSize: batch?.maxSize ?? 8,
      maxDelayMs: durationMs(batch?.maxDelay ?? (accelerator === "cuda" ? "2ms" : "0ms")),
    },
    queue: { maxDepth: queue?.maxDepth ?? 256, maxWaitMs: durationMs(queue?.maxWait ?? "1s") },
    requestTimeoutMs: durationMs(config.requestTimeout ?? "30s"),
    drain: { timeoutMs: durationMs(drain?.timeout ?? "300s"), delayMs: durationMs(drain?.delay ?? "1s") },
    limits: {
      bodyBytes: limits?.bodyBytes ?? 32 * 1024 * 1024,
      pixels: limits?.pixels ?? mostPixels(config.model ?? {}),
      headersTimeoutMs: durationMs(limits?.headersTimeout ?? "10s"),
      bodyPauseMs: durationMs(limits?.bodyPause ?? "30s"),
      bodyTimeoutMs: durationMs(limits?.bodyTimeout ?? "300s"),
    },
    cors: { allowedOrigins: config.cors?.allowedOrigins ?? [] },
    connections: {
      keepAliveMs: durationMs(connections?.keepAlive ?? "3660s"),
      maxAgeMs: durationMs(connections?.maxAge ?? "600s"),
      maxRequests: connections?.maxRequests ?? 0,
    },
    memoryCleanupIntervalMs: durationMs(memoryCleanup?.interval ?? "300s"),
    cacheMaxAgeSeconds: durationMs(config.cacheMaxAge ?? "300s") / 1000,
    upstream: {
      allowedHosts: upstream?.allowedHosts ?? [],
      allowedNetworks: upstream?.allowedNetworks ?? [],
      connections: upstream?.connections ?? 100,
      connectionsPerHost: upstream?.connectionsPerHost ?? 30,
      dnsCacheTtlMs: durationMs(upstream?.dnsCacheTtl ?? "300s"),
      keepAliveMs: durationMs(upstream?.keepAlive ?? "30s"),
    },
    stream: { maxSessions: stream?.maxSessions ?? 100, maxInFlight: stream?.maxInFlight ?? 2 },
    live: liveOf(config.live ?? {}),
  };
}

function liveOf(live: NonNullable<ProcessorConfig["live"]>): Settings["live"] {
  const { publicPort, peers, iceServers, iceTransportPolicy, turnSecret, limits, timeouts } = live;
  return {
    enabled: live.enabled ?? false,
    udpHost: live.udpHost,
    udpPort: live.udpPort ?? 8080,
    publicAddresses: live.publicAddresses ?? [],
    publicPort: publicPort ?? null,
    sessionsPerProcess: live.sessionsPerProcess ?? 1,
    peers: peers ?? "",
    token: live.token ?? "",
    iceServers: iceServers ?? [],
    iceTransportPolicy: iceTransportPolicy ?? "all",
    turnSecret: turnSecret ?? "",
    limits: {
      sessions: limits?.sessions ?? 20,
      pixels: limits?.pixels ?? 1280 * 720,
      framesPerSecond: limits?.framesPerSecond ?? 30,
      kilobitsPerSecond: limits?.kilobitsPerSecond ?? 2500,
    },
    timeouts: {
      connectMs: durationMs(timeouts?.connect ?? "15s"),
      silentMs: durationMs(timeouts?.silent ?? "8s"),
    },
  };
}

/** A model of one's own gets the whole picture at once unless it is tiled: what it needs for that grows with the picture. */
function mostPixels({ path, tile }: NonNullable<ProcessorConfig["model"]>): number {
  return path !== undefined && tile === undefined ? 4096 * 4096 : 50 * 1024 * 1024;
}

/** The built-in model of this name; undefined if there is none, and `path` is required. */
export function builtInModelOf({ name, size }: NonNullable<ProcessorConfig["model"]>) {
  const base = name ?? "anime4k-2x";
  return findBuiltInModel(size === undefined ? base : `${base.replace(/-[sml]$/, "")}-${size}`);
}

function modelOf(model: NonNullable<ProcessorConfig["model"]>): Settings["model"] {
  const { name = "anime4k-2x", path } = model;
  const options = modelOptions(model);
  if (path !== undefined) return { name, file: path, receptiveRadius: null, options };
  const builtIn = builtInModelOf(model);
  if (builtIn === undefined) throw new Error(`no built-in model ${name}: checked when the configuration is read`);
  return { name, file: builtInModelFile(builtIn), receptiveRadius: receptiveRadius[builtIn], options };
}

function modelOptions(model: NonNullable<ProcessorConfig["model"]>): ModelOptions {
  const { layout, range, outputRange, channels, sizeMultiple, tile, overlap = 16, verify = true, warmUpSizes } = model;
  return {
    ...(layout === undefined ? {} : { layout }),
    ...(range === undefined ? {} : { range }),
    ...(outputRange === undefined ? {} : { outputRange }),
    ...(channels === undefined ? {} : { channels }),
    ...(sizeMultiple === undefined ? {} : { sizeMultiple }),
    ...(tile === undefined || tile === 0 ? {} : { tile }),
    overlap,
    verify,
    warmUpSizes: (warmUpSizes ?? warmUpSizesOfPhotographs).map(sizeOf),
  };
}

/** What cameras, screens and video send most; a size of a picture from which its bucket follows. */
const warmUpSizesOfPhotographs = ["640x480", "1280x720", "1920x1080"];

/** `640x480` */
function sizeOf(text: string): Size {
  const [width = 0, height = 0] = text.split("x").map(Number);
  return { width, height };
}
