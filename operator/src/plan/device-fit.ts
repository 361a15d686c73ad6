/** Decides whether a device, if it were free, could be given to a request. Pure. */
import type { DeviceRequest, DeviceToleration } from "../effective/gpu-request.ts";
import type { DeviceClassView } from "../observe/device-class-view.ts";
import type { Taint } from "../observe/node-view.ts";
import type { DeviceView } from "../observe/resource-slice-view.ts";
import { capacityTaken } from "./device-capacity.ts";
import { selects } from "./device-selector.ts";

/** Why a device does not fit. */
export type Misfit =
  /** It is no device of the class, or there is no such class. */
  | { readonly why: "Class" }
  | { readonly why: "Selector"; readonly expression: string }
  | { readonly why: "Error"; readonly expression: string; readonly message: string }
  | { readonly why: "Capacity" }
  | { readonly why: "Taint"; readonly taint: Taint };

/** Undefined when it fits. */
export function misfit(
  { deviceClass, selectors, tolerations, capacity }: DeviceRequest,
  classes: ReadonlyMap<string, DeviceClassView>,
  driver: string,
  device: DeviceView,
): Misfit | undefined {
  const ofClass = classes.get(deviceClass)?.selectors;
  if (ofClass === undefined) return { why: "Class" };
  const unmet = firstUnmet(ofClass, driver, device);
  if (unmet !== undefined) return unmet.why === "Error" ? unmet : { why: "Class" };
  const refused = firstUnmet(selectors, driver, device);
  if (refused !== undefined) return refused;
  if (capacityTaken(device.capacity, capacity) === undefined) return { why: "Capacity" };
  const taint = device.taints.find((one) => repels(one) && !tolerations.some((other) => tolerates(other, one)));
  return taint && { why: "Taint", taint };
}

function firstUnmet(
  expressions: readonly string[],
  driver: string,
  device: DeviceView,
): Extract<Misfit, { readonly expression: string }> | undefined {
  for (const expression of expressions) {
    const selected = selects(expression, driver, device);
    if (typeof selected === "string") return { why: "Error", expression, message: selected };
    if (!selected) return { why: "Selector", expression };
  }
  return undefined;
}

/** The effect `None` informs only. */
function repels({ effect }: Taint): boolean {
  return effect === "NoSchedule" || effect === "NoExecute";
}

function tolerates({ key = "", operator = "", value = "", effect = "" }: DeviceToleration, taint: Taint): boolean {
  if (effect !== "" && effect !== taint.effect) return false;
  if (key !== "" && key !== taint.key) return false;
  return operator === "Exists" || value === (taint.value ?? "");
}
