/** PromQL selectors and expressions that the rules and dashboards of a service share. */
import type { EffectiveService } from "../effective/service.ts";

type Target = Pick<EffectiveService, "name" | "namespace">;

/** Kubernetes truncates the prefix of a pod's name to this length, before five generated characters. */
const longestPodPrefix = 58;
/** `-`, up to ten characters of the template's hash, `-`. */
const hashLength = 12;

/**
 * Matches the pods of the Deployment and no others: `upscaler-2x-…` is another service's. Both suffixes use
 * Kubernetes' alphabet for generated names; the truncation of a long name removes the second dash.
 *
 * @see https://pkg.go.dev/k8s.io/apimachinery/pkg/util/rand (SafeEncodeString) and apiserver's names.SimpleNameGenerator
 */
export function podPattern({ name }: Target): string {
  const generated = "b-df-hj-np-tv-xz24-9";
  if (name.length + hashLength > longestPodPrefix) return `${name}-[${generated}-]+`;
  return `${name}-[${generated}]+-[${generated}]{5}`;
}

/** The processor's series: scraped from the pods themselves, so `namespace` and `pod` are theirs. */
export function processorSelector(service: Target): string {
  return `namespace="${service.namespace}",pod=~"${podPattern(service)}"`;
}

/** The recorded series of a service. */
export function recordedSelector(service: Target): string {
  return `namespace="${service.namespace}",service="${service.name}"`;
}

/** Labels that identify a GPU of a service: a pod is on one node, where an index is unique. */
const gpuLabels = "pod, gpu, GPU_I_ID";

/**
 * An exporter's metric for the GPUs of a service, one series per GPU.
 *
 * - With `honorLabels: false` (the exporter's chart), the workload's pod is in `exported_pod`. An idle GPU has none: its
 *   `pod` is the exporter's own and must not count as the workload.
 * - With `honorLabels: true`, it is in `pod`.
 * - `max` merges the copies of an exporter that is scraped twice.
 */
export function gpuMetric(service: Target, metric: string): string {
  const pods = podPattern(service);
  const exported = `${metric}{exported_namespace="${service.namespace}",exported_pod=~"${pods}"}`;
  const honored = `${metric}{namespace="${service.namespace}",pod=~"${pods}",exported_pod=""}`;
  return `max by (${gpuLabels}) (label_replace(${exported}, "pod", "$1", "exported_pod", "(.+)") or ${honored})`;
}

/** For each series, the first of the expressions that has a value. */
export function firstOf(...expressions: readonly string[]): string {
  return expressions.join("\nor\n");
}
