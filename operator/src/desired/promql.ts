/** PromQL selectors and expressions that rules, dashboards and KEDA's triggers share. */
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

/** The series of one service's pods: scraped from the pods themselves, so `namespace` and `pod` are theirs. */
export function processorSelector(service: Target): string {
  return `namespace="${service.namespace}",pod=~"${podPattern(service)}"`;
}

/**
 * Adds the label `service` to the series of pods, and drops those of other pods. `pods` has one series of value 1 for each
 * pod, with the labels `namespace`, `pod` and `service`.
 */
export function ofPods(expr: string, pods: string): string {
  return `${expr} * on (namespace, pod) group_left (service) ${pods}`;
}

/** Labels that identify a GPU: a pod is on one node, where an index is unique. */
const gpuLabels = "gpu, GPU_I_ID";

/**
 * An exporter's metric for the GPUs of pods, one series per GPU.
 *
 * - With `honorLabels: false` (the exporter's chart), the workload's pod is in `exported_pod`. An idle GPU has none: its
 *   `pod` is the exporter's own and must not count as the workload.
 * - With `honorLabels: true`, it is in `pod`.
 * - `max` merges the copies of an exporter that is scraped twice, before labels are renamed: two series with the same
 *   labels would fail the query, and with it the alerts of all services.
 */
export function gpuMetric(metric: string, pods: string): string {
  const exported = `max by (exported_namespace, exported_pod, ${gpuLabels}) (${metric}{exported_pod!=""})`;
  const renamed = `label_replace(label_replace(${exported}, "pod", "$1", "exported_pod", "(.+)"), "namespace", "$1", "exported_namespace", "(.+)")`;
  const honored = `max by (namespace, pod, ${gpuLabels}) (${metric}{pod!="",exported_pod=""})`;
  return `max by (namespace, service, pod, ${gpuLabels}) (${ofPods(`(${renamed} or ${honored})`, pods)})`;
}

/** For each series, the first of the expressions that has a value. */
export function firstOf(...expressions: readonly string[]): string {
  return expressions.join("\nor\n");
}
