/** The processor's configuration file, from the service. */
import { nginxSizeBytes, reloadableProcessorConfig, type ProcessorConfig } from "@gpumedia/api";
import type { EffectiveService } from "../effective/service.ts";
import { digest } from "../kube/digest.ts";
import { modelPath } from "./volumes.ts";

/** The most that the processor takes, where the Ingress has no limit: 1 GiB. */
const largestBodyBytes = 1_073_741_824;

/** The most that the processor can be told. */
const mostSessions = 100_000;

/** The processor's own default, the guide's 100 users. A lower target is a target, and no limit. */
const leastSessions = 100;

export function processorConfig(service: EffectiveService): ProcessorConfig {
  const { gpu, model, processing, network, drain, profile, slo } = service;
  const { logLevel, accessLog, batch, queue, memoryCleanup } = processing;
  const { allowedNetworks, ...upstream } = processing.upstream;
  const path = modelPath(service);
  return {
    accelerator: gpu.count > 0 ? "cuda" : "cpu",
    environment: profile === "development" ? "development" : "production",
    logLevel,
    accessLog,
    model: { name: model.name, size: model.size, ...(path === undefined ? {} : { path }) },
    batch,
    queue,
    drain,
    limits: { bodyBytes: bodyBytes(network.ingress.maxBodySize) },
    memoryCleanup,
    cacheMaxAge: network.cacheMaxAge,
    // Left out where nothing is named, as before there was such a member: an operator's upgrade replaces no pod.
    upstream: { ...upstream, ...(allowedNetworks.length === 0 ? {} : { allowedNetworks }) },
    // Any pod may have to take all of them: what is before it need not spread connections evenly.
    stream: { maxSessions: Math.min(Math.max(slo.concurrentUsers, leastSessions), mostSessions) },
  };
}

/** Goes into the pod template: pods are replaced when something changed that the processor reads once, at its start. */
export function restartChecksum(service: EffectiveService): string {
  const reloaded: ReadonlySet<string> = new Set(reloadableProcessorConfig);
  return digest(Object.fromEntries(Object.entries(processorConfig(service)).filter(([name]) => !reloaded.has(name))));
}

/** The same limit as the Ingress has, so that it also holds for those who come another way. */
function bodyBytes(maxBodySize: string): number {
  const bytes = nginxSizeBytes(maxBodySize);
  return bytes === 0 ? largestBodyBytes : Math.min(bytes, largestBodyBytes);
}
