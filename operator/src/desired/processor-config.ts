/** The processor's configuration file, from the service. */
import type { EffectiveService } from "../effective/service.ts";
import { digest } from "../kube/digest.ts";
import { modelPath } from "./volumes.ts";

/** What the processor takes over from a changed file without a restart. */
interface Reloaded {
  readonly logLevel: string;
  readonly accessLog: boolean;
  readonly batch: object;
  readonly queue: object;
}

export interface ProcessorFile extends Reloaded {
  readonly [member: string]: unknown;
}

export function processorConfig(service: EffectiveService): ProcessorFile {
  return { ...reloaded(service), ...fixed(service) };
}

/** Goes into the pod template: pods are replaced when something changed that they read once, at their start. */
export function restartChecksum(service: EffectiveService): string {
  return digest(fixed(service));
}

function reloaded({ processing: { logLevel, accessLog, batch, queue } }: EffectiveService): Reloaded {
  return { logLevel, accessLog, batch, queue };
}

function fixed(service: EffectiveService): object {
  const { gpu, model, processing, network, drain } = service;
  const path = modelPath(service);
  return {
    accelerator: gpu.count > 0 ? "cuda" : "cpu",
    model: { name: model.name, size: model.size, ...(path === undefined ? {} : { path }) },
    memoryCleanup: processing.memoryCleanup,
    upstream: processing.upstream,
    cacheMaxAge: network.cacheMaxAge,
    maxBodySize: network.ingress.maxBodySize,
    drain,
  };
}
