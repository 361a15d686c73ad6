/** Environment of the processor: the guide's variables, and what the user adds. */
import type { EffectiveService } from "../effective/service.ts";
import { canonicalQuantity } from "./canonical-quantity.ts";

type Variable = EffectiveService["processing"]["env"][number];

/** The user's variables win over ours of the same name, and come after them, so that they may refer to them. */
export function environment(service: EffectiveService): readonly object[] {
  const theirs = service.processing.env;
  const named = new Set(theirs.map(({ name }) => name));
  return [...ours(service).filter(({ name }) => !named.has(name)), ...theirs.map(asStored)];
}

/**
 * The guide's CUDA variables (section CUDA Configuration). Its third one, PYTORCH_CUDA_ALLOC_CONF, is read by PyTorch
 * alone and would do nothing here; docs/children.md says what stands in for it.
 */
function ours({ gpu }: EffectiveService): readonly Variable[] {
  const cuda = [
    { name: "CUDA_LAUNCH_BLOCKING", value: gpu.cuda.launchBlocking ? "1" : "0" },
    { name: "CUDA_DEVICE_ORDER", value: gpu.cuda.deviceOrder },
  ];
  return gpu.count === 0 ? [] : cuda;
}

/** References are atomic: what the API server adds to one has to be in ours, or it would look like a change. */
function asStored({ name, value, valueFrom }: Variable): object {
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
