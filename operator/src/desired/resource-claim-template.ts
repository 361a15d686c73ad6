/** ResourceClaimTemplate of a service: each pod gets a claim that is made from it, and with the claim its GPUs. */
import { requestName, type DeviceRequest, type GpuRequest } from "../effective/gpu-request.ts";
import type { EffectiveService } from "../effective/service.ts";
import { nameDigest } from "../kube/digest.ts";
import type { Manifest } from "../kube/object.ts";
import { childKinds, claimTemplateName } from "../observe/child-kinds.ts";
import { serviceLabel } from "../observe/names.ts";
import { canonicalQuantity } from "./canonical-quantity.ts";
import { unlessEmpty } from "./canonical.ts";
import { childNamed } from "./child.ts";

/** A template whose name follows from its spec, which is immutable: another spec is another template. */
export interface ClaimTemplate {
  readonly name: string;
  /** The value of the pods' label. */
  readonly hash: string;
  readonly manifest: Manifest;
}

/** Undefined where the pods use no claim. */
export function claimTemplate(service: EffectiveService, gpus: GpuRequest): ClaimTemplate | undefined {
  if (gpus.kind !== "ResourceClaim") return undefined;
  const spec = {
    metadata: { labels: { [serviceLabel]: service.name } },
    spec: {
      devices: { requests: [request(gpus.alternatives)], ...unlessEmpty("config", config(service, gpus.alternatives)) },
    },
  };
  const hash = nameDigest(spec);
  const name = claimTemplateName(service.name, hash);
  return { name, hash, manifest: childNamed(service, name, childKinds.resourceClaimTemplate, { spec }) };
}

/**
 * How NVIDIA's driver lets the pods share a device. Of a MIG device, time slices have no effect, and the configuration has a kind
 * of its own.
 * @see https://github.com/kubernetes-sigs/dra-driver-nvidia-gpu/blob/main/api/nvidia.com/resource/v1beta1/sharing.go
 */
function config({ gpu }: EffectiveService, alternatives: readonly DeviceRequest[]): readonly object[] {
  const { strategy, memoryPerPod, timeSlice, threadPercentage } = gpu.share;
  if (strategy !== "TimeSlicing" && strategy !== "MPS") return [];
  const mps = {
    ...(threadPercentage === undefined ? {} : { defaultActiveThreadPercentage: threadPercentage }),
    ...(memoryPerPod === undefined ? {} : { defaultPinnedDeviceMemoryLimit: canonicalQuantity(memoryPerPod) }),
  };
  return alternatives.map((one) => {
    const isMig = one.deviceClass === "mig.nvidia.com";
    const turns = isMig || timeSlice === undefined ? {} : { timeSlicingConfig: { interval: timeSlice } };
    const sharing = { strategy, ...(strategy === "MPS" ? unlessEmpty("mpsConfig", mps) : turns) };
    const parameters = {
      apiVersion: "resource.nvidia.com/v1beta1",
      kind: isMig ? "MigDeviceConfig" : "GpuConfig",
      sharing,
    };
    const named = isSingle(alternatives) ? requestName : `${requestName}/${one.name}`;
    return { requests: [named], opaque: { driver: "gpu.nvidia.com", parameters } };
  });
}

function isSingle([only, ...others]: readonly DeviceRequest[]): boolean {
  return others.length === 0 && only?.name === requestName;
}

function request(alternatives: readonly DeviceRequest[]): object {
  const [only] = alternatives;
  if (only !== undefined && isSingle(alternatives)) return { name: requestName, exactly: devices(only) };
  return { name: requestName, firstAvailable: alternatives.map((one) => ({ name: one.name, ...devices(one) })) };
}

/** With the API server's defaults: without them, a new template would look as if it had been changed. */
function devices({ deviceClass, count, selectors, tolerations, capacity }: DeviceRequest): object {
  const requests = Object.entries(capacity).map(([name, amount]) => [name, canonicalQuantity(amount)] as const);
  return {
    deviceClassName: deviceClass,
    allocationMode: "ExactCount",
    count,
    ...unlessEmpty(
      "selectors",
      selectors.map((expression) => ({ cel: { expression } })),
    ),
    ...unlessEmpty(
      "tolerations",
      tolerations.map(({ key, operator = "Equal", value, effect }) => ({
        ...unlessEmpty("key", key),
        operator,
        ...unlessEmpty("value", value),
        ...unlessEmpty("effect", effect),
      })),
    ),
    ...(requests.length === 0 ? {} : { capacity: { requests: Object.fromEntries(requests) } }),
  };
}
