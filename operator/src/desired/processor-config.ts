/** The processor's configuration file. */
import { durationSeconds, joinPath, reloadableProcessorConfig, type ProcessorConfig } from "@gpumedia/api";
import type { EffectiveService } from "../effective/service.ts";
import { digest } from "../kube/digest.ts";
import type { LiveAddress } from "./context.ts";
import { peersHost } from "./live-services.ts";
import { modelPath } from "./volumes.ts";

/** The maximum of the processor's configuration. */
const maxSessions = 100_000;

/** The processor's default, the guide's 100 users. A lower target must not become a limit. */
const minSessions = 100;

export function processorConfig(service: EffectiveService, liveAddress: LiveAddress): ProcessorConfig {
  const { gpu, model, processing, network, drain, profile, slo } = service;
  const { logLevel, accessLog, batch, queue, limits, memoryCleanup } = processing;
  const { allowedNetworks, ...upstream } = processing.upstream;
  const path = modelPath(service);
  const { path: _inVolume, volume: _mounted, ...modelSettings } = model;
  return {
    accelerator: gpu.count > 0 ? "cuda" : "cpu",
    environment: profile === "development" ? "development" : "production",
    logLevel,
    accessLog,
    model: { ...modelSettings, ...(path === undefined ? {} : { path }) },
    batch,
    queue,
    drain,
    limits: { ...limits, ...uploadLimits(network.upload) },
    ...(network.cors.allowedOrigins.length === 0 ? {} : { cors: network.cors }),
    memoryCleanup,
    connections: network.connections,
    cacheMaxAge: network.cacheMaxAge,
    // Omitted when empty, as older operators did: an upgrade must restart no pod.
    upstream: { ...upstream, ...(allowedNetworks.length === 0 ? {} : { allowedNetworks }) },
    // A proxy may send all connections to one pod, so each pod accepts all users.
    stream: { maxSessions: Math.min(Math.max(slo.concurrentUsers, minSessions), maxSessions) },
    ...(service.live.enabled ? { live: liveVideo(service, liveAddress) } : {}),
  };
}

/** The token and the secret of the TURN servers come from the environment. */
function liveVideo(service: EffectiveService, { addresses, port }: LiveAddress): NonNullable<ProcessorConfig["live"]> {
  const { udpPort, iceServers, iceTransportPolicy, sessionsPerProcess, limits, timeouts } = service.live;
  return {
    enabled: true,
    udpPort,
    publicAddresses: [...addresses],
    ...(port === undefined ? {} : { publicPort: port }),
    peers: peersHost(service),
    iceServers,
    iceTransportPolicy,
    sessionsPerProcess,
    limits,
    timeouts,
  };
}

/** Digest for the pod template: pods are replaced when a setting changes that the processor reads only at its start. */
export function restartChecksum(service: EffectiveService): string {
  const config = processorConfig(service, { addresses: [] });
  return digest(without(config, new Set(reloadableProcessorConfig), ""));
}

/** `paths`: `queue`, `live.publicPort`. */
function without(config: object, paths: ReadonlySet<string>, parent: string): object {
  const kept = Object.entries(config)
    .map(([name, value]: [string, unknown]) => ({ name, value, path: joinPath(parent, name) }))
    .filter(({ path }) => !paths.has(path));
  return Object.fromEntries(
    kept.map(({ name, value, path }) => [name, isObject(value) ? without(value, paths, path) : value]),
  );
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Omitted where they are the processor's defaults, as older operators did: an upgrade must restart no pod. */
function uploadLimits({ pauseTimeout, timeout }: EffectiveService["network"]["upload"]): ProcessorConfig["limits"] {
  return {
    ...(durationSeconds(pauseTimeout) === 30 ? {} : { bodyPause: pauseTimeout }),
    ...(durationSeconds(timeout) === 300 ? {} : { bodyTimeout: timeout }),
  };
}
