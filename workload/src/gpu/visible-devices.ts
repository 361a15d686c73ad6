/**
 * Which of the devices that NVML enumerates are ours, by `NVIDIA_VISIBLE_DEVICES`. Pure.
 *
 * | the variable                 | ours                                                                            |
 * | ---------------------------- | ------------------------------------------------------------------------------- |
 * | unset, empty, `all`, `void`  | what NVML enumerates (`void` is what CDI sets: the devices are injected already) |
 * | `none`                       | nothing                                                                         |
 * | UUIDs `GPU-…`, `MIG-…`       | these; a GPU's UUID takes its MIG devices along                                 |
 * | indices `0,2`, MIG `0:1`     | these, but only when NVML enumerates more devices than are named                |
 *
 * Indices count on the host, while NVML in a container counts what the container was given: in a pod with host GPU 3
 * alone, `3` is index 0. When as many devices are seen as are named, they are the named ones.
 */
import type { GpuIdentity } from "./gpu-sample.ts";

/** A device that work can run on: a MIG device, or a GPU that has none. */
export interface SeenDevice {
  readonly identity: GpuIdentity;
  /** UUID of the GPU that a MIG device is part of. */
  readonly parentUuid: string | null;
}

/** Whether the variable gives this process certain devices, as Kubernetes' device plugin does, and not whatever there is. */
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
  // A GPU that was lost before it could tell its UUID may be ours: silence about it would look like health.
  if (uuid === null || name === uuid) return true;
  if (mig === null) return false;
  // The last form is the one before driver 470.
  return name === parentUuid || name === `MIG-${parentUuid}/${mig.gpuInstance}/${mig.computeInstance}`;
}
