/** The list of metrics for the cluster's DCGM exporters: one ConfigMap for all services, owned by none of them. */
import type { EffectiveService } from "../effective/service.ts";
import type { Manifest } from "../kube/object.ts";
import { dcgmMetricsName, managedBy } from "../observe/names.ts";
import { dcgmField, profilingFields, type DcgmField } from "./dcgm-fields.ts";

export interface DcgmMetrics {
  /** Null while no service asks for GPU metrics: the ConfigMap is not written without need, and goes with the last one. */
  readonly manifest: Manifest | null;
  /** Asked for, but left out: an exporter that does not know a field ends at its start. Sorted. */
  readonly unknownFields: readonly string[];
}

/** The same services in any order give the same bytes: exporters are restarted by hand when the list changes. */
export function dcgmMetrics(
  services: Iterable<Pick<EffectiveService, "gpu" | "monitoring">>,
  namespace: string,
): DcgmMetrics {
  const asked = new Set<string>();
  for (const { gpu, monitoring } of services) {
    const { enabled, fields, profiling } = monitoring.dcgm;
    if (gpu.count === 0 || !enabled) continue;
    for (const name of [...fields, ...(profiling ? profilingFields : [])]) asked.add(name);
  }
  const fields = new Map<string, DcgmField>();
  const unknownFields: string[] = [];
  for (const name of asked) {
    const field = dcgmField(name);
    if (field === undefined) unknownFields.push(name);
    else fields.set(field.name, field);
  }
  const manifest = fields.size === 0 ? null : configMap(namespace, [...fields.values()]);
  return { manifest, unknownFields: unknownFields.toSorted() };
}

function configMap(namespace: string, fields: readonly DcgmField[]): Manifest {
  const csv = toCsv(fields);
  const manifest = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: {
      name: dcgmMetricsName,
      namespace,
      labels: {
        "app.kubernetes.io/name": dcgmMetricsName,
        "app.kubernetes.io/managed-by": managedBy,
        "app.kubernetes.io/part-of": "gpumedia",
      },
    },
    // The exporter's `--configmap-data` reads the first, the GPU Operator mounts the second.
    data: { metrics: csv, "dcgm-metrics.csv": csv },
  };
  return manifest;
}

function toCsv(fields: readonly DcgmField[]): string {
  const lines = fields
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, type, help }) => `${name}, ${type}, ${help}`);
  return `${["# Written by gpumedia-operator: the union of what the GpuMediaServices ask for.", ...lines].join("\n")}\n`;
}
