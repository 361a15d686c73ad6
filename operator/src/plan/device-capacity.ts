/**
 * How much a claim takes of a device's capacity. Pure.
 * @see https://github.com/kubernetes/enhancements/tree/master/keps/sig-scheduling/5075-dra-consumable-capacity
 */
import { quantityValue } from "@gpumedia/api";
import type { DeviceCapacity } from "../observe/resource-slice-view.ts";

export type Amounts = Readonly<Record<string, number>>;

/** Undefined: the device lacks what is requested, or its policy forbids the amount. */
export function capacityTaken(
  capacity: Readonly<Record<string, DeviceCapacity>>,
  requested: Readonly<Record<string, string>>,
): Amounts | undefined {
  if (Object.keys(requested).some((name) => !(name in capacity))) return undefined;
  const taken: Record<string, number> = {};
  for (const [name, one] of Object.entries(capacity)) {
    const amount = amountTaken(one, requested[name]);
    if (amount === undefined || amount > quantityValue(one.value)) return undefined;
    taken[name] = amount;
  }
  return taken;
}

function amountTaken({ value, requestPolicy }: DeviceCapacity, requested: string | undefined): number | undefined {
  if (requested === undefined) return quantityValue(requestPolicy?.default ?? value);
  const amount = quantityValue(requested);
  const { validValues, validRange } = requestPolicy ?? {};
  // Undefined when it is more than the largest valid value.
  if (validValues !== undefined) return validValues.map(quantityValue).find((valid) => valid >= amount);
  if (validRange === undefined) return amount;
  const { min = "0", max, step } = validRange;
  const least = quantityValue(min);
  const steps = step === undefined ? undefined : Math.ceil(Math.max(0, amount - least) / quantityValue(step));
  const rounded = steps === undefined ? Math.max(least, amount) : least + steps * quantityValue(step ?? "1");
  return max !== undefined && rounded > quantityValue(max) ? undefined : rounded;
}
