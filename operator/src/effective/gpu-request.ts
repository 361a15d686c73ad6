/**
 * What each pod of a service asks for, as one value: the pod template, the count of free GPUs, the shortage text and the
 * quotas all derive from it. Pure.
 */
import type { EffectiveService } from "./service.ts";

export type GpuRequest =
  /** CPU mode. */
  | { readonly kind: "None" }
  /** Of a device plugin, or of the DeviceClass with that `extendedResourceName`, as each node offers it. */
  | { readonly kind: "ExtendedResource"; readonly resource: string; readonly count: number }
  /** One request of a ResourceClaim. In order of preference; usually one. */
  | { readonly kind: "ResourceClaim"; readonly alternatives: readonly DeviceRequest[] };

/** `spec.devices.requests[]` of a ResourceClaim, or one of its `firstAvailable[]`. */
export interface DeviceRequest {
  readonly name: string;
  readonly deviceClass: string;
  readonly count: number;
  /** CEL expressions, all of which a device must meet. */
  readonly selectors: readonly string[];
  readonly tolerations: readonly DeviceToleration[];
  /** Quantities by name of the device's capacity. */
  readonly capacity: Readonly<Record<string, string>>;
  /** What the selectors ask of NVIDIA's devices, for messages; undefined: no engine. */
  readonly engines?: Engines | undefined;
}

/** Of a taint of a device; a node's taints are tolerated by the pod. */
export interface DeviceToleration {
  readonly key?: string | undefined;
  readonly operator?: string | undefined;
  readonly value?: string | undefined;
  readonly effect?: string | undefined;
}

/** How a service's pods get their GPUs. */
export type GpuAllocation = "ExtendedResource" | "ResourceClaim";

export function gpuRequest({ gpu }: Pick<EffectiveService, "gpu">, allocation: GpuAllocation): GpuRequest {
  if (gpu.count === 0) return { kind: "None" };
  if (allocation === "ExtendedResource") {
    return { kind: "ExtendedResource", resource: gpu.resourceName, count: gpu.count };
  }
  const { claim } = gpu;
  const { memoryPerPod } = gpu.share;
  const whole: DeviceRequest = {
    name: requestName,
    deviceClass: claim.deviceClassName,
    count: gpu.count,
    selectors: [...claim.selectors, ...engineSelector(gpu.engines)],
    tolerations: claim.tolerations,
    // A device that only one pod can have must have this much.
    capacity: gpu.share.strategy === "None" || memoryPerPod === undefined ? {} : { memory: memoryPerPod },
    ...(neededEngines(gpu.engines).length === 0 ? {} : { engines: gpu.engines }),
  };
  if (claim.firstAvailable.length === 0) return { kind: "ResourceClaim", alternatives: [whole] };
  const alternatives = claim.firstAvailable.map(
    ({ name, deviceClassName, count, selectors = [], tolerations = [] }): DeviceRequest => ({
      ...whole,
      name,
      deviceClass: deviceClassName ?? whole.deviceClass,
      count: count ?? whole.count,
      selectors: [...whole.selectors, ...selectors],
      tolerations: [...whole.tolerations, ...tolerations],
    }),
  );
  return { kind: "ResourceClaim", alternatives };
}

/** Numbers that each device must have at least; 0: any. */
export type Engines = EffectiveService["gpu"]["engines"];

/** As NVIDIA's driver names them in the capacity of a device. */
export const engineCapacities = {
  jpeg: "jpegEngines",
  decoders: "decoders",
  encoders: "encoders",
} as const satisfies Record<keyof Engines, string>;

/** Which of them a service needs. */
export function neededEngines(engines: Engines): readonly (keyof Engines)[] {
  return (["jpeg", "decoders", "encoders"] as const).filter((engine) => engines[engine] > 0);
}

/** Whole GPUs have the capacities only in some settings of the driver: without the check, the scheduler would fail on them. */
export function engineSelector(engines: Engines): readonly string[] {
  const needed = neededEngines(engines);
  if (needed.length === 0) return [];
  const capacity = "device.capacity['gpu.nvidia.com']";
  const conditions = needed.map((engine) => {
    const name = engineCapacities[engine];
    return `'${name}' in ${capacity} && ${capacity}.${name}.compareTo(quantity('${engines[engine]}')) >= 0`;
  });
  return [conditions.join(" && ")];
}

/** Of the one request of a claim; an alternative has its own name. */
export const requestName = "gpu";

/** GPUs of each pod; of a claim with alternatives, those of the preferred one. */
export function gpusPerPod(request: GpuRequest): number {
  switch (request.kind) {
    case "None":
      return 0;
    case "ExtendedResource":
      return request.count;
    case "ResourceClaim":
      return request.alternatives[0]?.count ?? 0;
  }
}

/** The DeviceClasses that a claim names, each once. */
export function gpuClasses(request: GpuRequest): readonly string[] {
  const named = request.kind === "ResourceClaim" ? request.alternatives.map(({ deviceClass }) => deviceClass) : [];
  return [...new Set(named)];
}
