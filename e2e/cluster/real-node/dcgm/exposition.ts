/** The exporter's response to a scrape. Pure. */
import { fields, type GpuFigures } from "./fields.ts";
import type { ListedMetric } from "./list.ts";

export interface Holder {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/** `holders`: the container that uses the GPU, by the GPU's UUID. */
export function exposition(
  list: readonly ListedMetric[],
  gpus: readonly GpuFigures[],
  holders: ReadonlyMap<string, Holder>,
  hostname: string,
): string {
  const lines = list.flatMap(({ field, type, help }) => {
    if (type === "label") return [];
    const samples = gpus.flatMap((gpu, index) => {
      const value = fields[field]?.(gpu);
      if (value === undefined || gpu["error"] !== undefined) return [];
      const { uuid = "", name = "" } = gpu;
      const device = { gpu: String(index), UUID: uuid, device: `nvidia${index}`, modelName: name, Hostname: hostname };
      const labels = Object.entries({ ...device, ...holders.get(uuid) }).map(([key, text]) => `${key}="${text}"`);
      return [`${field}{${labels.join(",")}} ${value}`];
    });
    return samples.length === 0 ? [] : [`# HELP ${field} ${help}`, `# TYPE ${field} ${type}`, ...samples];
  });
  return `${lines.join("\n")}\n`;
}
