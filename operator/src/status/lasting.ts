/** What of a status is worth a write. */
import type { GpuMediaServiceStatus } from "@gpumedia/api";

/**
 * Without what moves whenever any pod of the cluster does: how many GPUs are free is written along when something else
 * changes. Else one pod that starts would cost a write for each service.
 */
export function lasting(status: GpuMediaServiceStatus | undefined): GpuMediaServiceStatus | undefined {
  if (status === undefined) return undefined;
  const { capacity: _capacity, ...rest } = status;
  return {
    ...rest,
    conditions: (status.conditions ?? []).map((condition) =>
      condition.type === "GpuCapacity" && condition.status === "True" ? { ...condition, message: "" } : condition,
    ),
  };
}
