/** Environment of the processor: the guide's variables and the user's. */
import type { EffectiveService } from "../effective/service.ts";
import { canonicalQuantity } from "./canonical-quantity.ts";

type Variable = EffectiveService["processing"]["env"][number];

/** The user's variables override ours of the same name, and come last, so that they may refer to ours. */
export function environment(service: EffectiveService): readonly object[] {
  const theirs = service.processing.env;
  const named = new Set(theirs.map(({ name }) => name));
  return [...ours(service).filter(({ name }) => !named.has(name)), ...theirs.map(asStored)];
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
