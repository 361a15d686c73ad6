/**
 * Selects this process's devices from those that NVML enumerates, by `NVIDIA_VISIBLE_DEVICES`. Pure.
 *
 * | the variable                 | selected                                                                        |
 * | ---------------------------- | ------------------------------------------------------------------------------- |
 * | unset, empty, `all`, `void`  | all that NVML enumerates (CDI sets `void`: the devices are injected already)    |
 * | `none`                       | nothing                                                                         |
 * | UUIDs `GPU-…`, `MIG-…`       | these; a GPU's UUID includes its MIG devices                                    |
 * | indices `0,2`, MIG `0:1`     | these, but only when NVML enumerates more devices than are named                |
 *
 * The variable has the host's indices, but NVML in a container enumerates only the container's devices: in a pod with host
 * GPU 3 alone, `3` is index 0. If as many devices are enumerated as are named, they are the named ones.
 */
import type { GpuIdentity } from "./gpu-sample.ts";

/** A device that can run work: a MIG device, or a GPU without any. */
export interface SeenDevice {
  readonly identity: GpuIdentity;
  /** UUID of a MIG device's GPU. */
  readonly parentUuid: string | null;
}

/** Whether the variable names devices, as NVIDIA's device plugin sets it, rather than all there are. */
export function namesDevices(variable: string | undefined): boolean {
  return (variable ?? "").split(",").some((name) => /^\s*(\d+(:\d+)?|(GPU|MIG)-.+)$/.test(name));
}

export function visibleDevices<T extends SeenDevice>(variable: string | undefined, seen: readonly T[]): readonly T[] {
  const names = (variable ?? "")
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
  const [first] = names;
  if (first === undefined || first === "all" || first === "void") return seen;
  if (first === "none") return [];
  if (names.every((name) => /^\d+(:\d+)?$/.test(name))) return byIndex(names, seen);
  return seen.filter((device) => names.some((name) => isNamed(name, device)));
}

function byIndex<T extends SeenDevice>(names: readonly string[], seen: readonly T[]): readonly T[] {
  const namesMig = names.some((name) => name.includes(":"));
  const count = namesMig ? seen.length : new Set(seen.map(({ identity }) => identity.index)).size;
  if (count <= names.length) return seen;
  return seen.filter(({ identity: { index, mig } }) => {
    return names.includes(String(index)) || (mig !== null && names.includes(`${index}:${mig.index}`));
  });
}

function isNamed(name: string, { identity: { uuid, mig }, parentUuid }: SeenDevice): boolean {
  // A GPU that was lost before its UUID was read may be ours: without it, the report would look healthy.
  if (uuid === null || name === uuid) return true;
  if (mig === null) return false;
  // The last form is that of drivers before 470.
  return name === parentUuid || name === `MIG-${parentUuid}/${mig.gpuInstance}/${mig.computeInstance}`;
}
