/** The metrics of the cluster's DCGM exporters: one ConfigMap for all services, owned by none of them. */
import type { EffectiveService } from "../effective/service.ts";
import type { Manifest } from "../kube/object.ts";
import { dcgmMetricsName, managedBy } from "../observe/names.ts";
import { dcgmField, profilingFields, type DcgmField } from "./dcgm-fields.ts";

export interface DcgmMetrics {
  /** Null while no service requests GPU metrics: the ConfigMap is deleted with the last one. */
  readonly manifest: Manifest | null;
  /** Requested, but omitted: an exporter exits at startup on a field that it does not recognize. Sorted. */
  readonly unknownFields: readonly string[];
}

/** The result does not depend on the order of services: a change of the list needs a restart of the exporters. */
export function dcgmMetrics(
  services: Iterable<Pick<EffectiveService, "gpu" | "monitoring">>,
  namespace: string,
): DcgmMetrics {
  const requested = new Set<string>();
  for (const { gpu, monitoring } of services) {
    const { enabled, fields, profiling } = monitoring.dcgm;
    if (gpu.count === 0 || !enabled) continue;
    for (const name of [...fields, ...(profiling ? profilingFields : [])]) requested.add(name);
  }
  const fields = new Map<string, DcgmField>();
  const unknownFields: string[] = [];
  for (const name of requested) {
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
    // The exporter's `--configmap-data` reads the first key, the GPU Operator mounts the second.
    data: { metrics: csv, "dcgm-metrics.csv": csv },
  };
  return manifest;
}

function toCsv(fields: readonly DcgmField[]): string {
  const lines = fields
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .map(({ name, type, help }) => `${name}, ${type}, ${help}`);
  return `${["# Written by gpumedia-operator: the fields that GpuMediaServices request.", ...lines].join("\n")}\n`;
}
