/** Environment of the processor: the guide's variables and the user's. */
import { quantityValue } from "@gpumedia/api";
import type { GpuRequest } from "../effective/gpu-request.ts";
import type { EffectiveService } from "../effective/service.ts";
import { canonicalQuantity } from "./canonical-quantity.ts";

type Variable = EffectiveService["processing"]["env"][number];

/** The user's variables override ours of the same name, and come last, so that they may refer to ours. */
export function environment(service: EffectiveService, gpus: GpuRequest): readonly object[] {
  const theirs = service.processing.env;
  const named = new Set(theirs.map(({ name }) => name));
  return [
    ...[...ours(service), ...mpsClient(service, gpus), ...liveVideo(service)].filter(({ name }) => !named.has(name)),
    ...theirs,
  ].map(asStored);
}

/**
 * The guide's CUDA variables (section CUDA Configuration). Only PyTorch reads its third one, PYTORCH_CUDA_ALLOC_CONF;
 * docs/children.md describes its replacement.
 */
function ours({ gpu }: EffectiveService): readonly Variable[] {
  const cuda = [
    { name: "CUDA_LAUNCH_BLOCKING", value: gpu.cuda.launchBlocking ? "1" : "0" },
    { name: "CUDA_DEVICE_ORDER", value: gpu.cuda.deviceOrder },
  ];
  return gpu.count === 0 ? [] : cuda;
}

/**
 * The limits of an MPS client, which device plugins leave to the pod: with a claim, the driver sets them for its own daemon.
 * @see https://docs.nvidia.com/deploy/mps/appendix-tools-and-interface-reference.html
 */
function mpsClient({ gpu }: EffectiveService, gpus: GpuRequest): readonly Variable[] {
  const { strategy, memoryPerPod, threadPercentage } = gpu.share;
  if (strategy !== "MPS" || gpus.kind !== "ExtendedResource") return [];
  const mebibytes = memoryPerPod === undefined ? 0 : Math.floor(quantityValue(memoryPerPod) / 1024 ** 2);
  return [
    ...(mebibytes === 0 ? [] : [{ name: "CUDA_MPS_PINNED_DEVICE_MEM_LIMIT", value: `0=${mebibytes}M` }]),
    ...(threadPercentage === undefined
      ? []
      : [{ name: "CUDA_MPS_ACTIVE_THREAD_PERCENTAGE", value: String(threadPercentage) }]),
  ];
}

/** What the processor's configuration cannot contain: the pod's own address, and secrets. */
function liveVideo({ live }: EffectiveService): readonly Variable[] {
  if (!live.enabled) return [];
  const { tokenSecretRef, turnSecretRef } = live;
  return [
    { name: "GPUMEDIA_POD_IP", valueFrom: { fieldRef: { fieldPath: "status.podIP" } } },
    ...(tokenSecretRef === undefined
      ? []
      : [{ name: "GPUMEDIA_LIVE_TOKEN", valueFrom: { secretKeyRef: tokenSecretRef } }]),
    ...(turnSecretRef === undefined
      ? []
      : [{ name: "GPUMEDIA_LIVE_TURN_SECRET", valueFrom: { secretKeyRef: turnSecretRef } }]),
  ];
}

/** References are atomic: ours must include the API server's defaults, or they would look like drift. */
export function asStored({ name, value, valueFrom }: Variable): object {
  if (valueFrom?.fieldRef !== undefined) {
    const { apiVersion = "v1", fieldPath } = valueFrom.fieldRef;
    return { name, valueFrom: { fieldRef: { apiVersion, fieldPath } } };
  }
  if (valueFrom?.resourceFieldRef !== undefined) {
    const { divisor = "0", ...reference } = valueFrom.resourceFieldRef;
    return { name, valueFrom: { resourceFieldRef: { ...reference, divisor: canonicalQuantity(divisor) } } };
  }
  if (valueFrom !== undefined) return { name, valueFrom };
  return value === undefined || value === "" ? { name } : { name, value };
}
