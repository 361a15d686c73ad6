/** The processor's configuration file. */
import { durationSeconds, reloadableProcessorConfig, type ProcessorConfig } from "@gpumedia/api";
import type { EffectiveService } from "../effective/service.ts";
import { digest } from "../kube/digest.ts";
import { modelPath } from "./volumes.ts";

/** The maximum of the processor's configuration. */
const maxSessions = 100_000;

/** The processor's default, the guide's 100 users. A lower target must not become a limit. */
const minSessions = 100;

export function processorConfig(service: EffectiveService): ProcessorConfig {
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
  };
}

/** Digest for the pod template: pods are replaced when a setting changes that the processor reads only at its start. */
export function restartChecksum(service: EffectiveService): string {
  const reloaded: ReadonlySet<string> = new Set(reloadableProcessorConfig);
  return digest(Object.fromEntries(Object.entries(processorConfig(service)).filter(([name]) => !reloaded.has(name))));
}

/** Omitted where they are the processor's defaults, as older operators did: an upgrade must restart no pod. */
function uploadLimits({ pauseTimeout, timeout }: EffectiveService["network"]["upload"]): ProcessorConfig["limits"] {
  return {
    ...(durationSeconds(pauseTimeout) === 30 ? {} : { bodyPause: pauseTimeout }),
    ...(durationSeconds(timeout) === 300 ? {} : { bodyTimeout: timeout }),
  };
}
