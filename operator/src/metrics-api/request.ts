/** Parses requests to the metrics API. Pure. */
import { group, versions, type Version } from "./documents.ts";
import { podMetrics } from "./pod-metrics.ts";
import { parseSelector, type Selector } from "./selector.ts";

export type MetricsRequest =
  | { readonly ask: "groups" | "group" | "health" }
  | { readonly ask: "resources"; readonly version: Version }
  | {
      readonly ask: "pods";
      readonly version: Version;
      readonly namespace: string;
      /** Undefined: all pods that match the selector. */
      readonly name: string | undefined;
      readonly metric: string;
      readonly selector: Selector;
    }
  | { readonly ask: "wrong"; readonly code: 400 | 404 | 405; readonly message: string };

export function readRequest(method: string, url: string): MetricsRequest {
  if (method !== "GET") return wrong(405, "only GET is supported");
  const { pathname, searchParams } = new URL(url, "https://metrics");
  const parts = pathname.split("/").slice(1).map(decode);
  if (pathname === "/readyz" || pathname === "/livez" || pathname === "/healthz") return { ask: "health" };
  if (parts[0] !== "apis") return wrong(404, `${pathname} not found`);
  if (parts.length === 1) return { ask: "groups" };
  if (parts[1] !== group) return wrong(404, `${pathname} not found`);
  if (parts.length === 2) return { ask: "group" };
  const version = versions.find((known) => known === parts[2]);
  if (version === undefined) return wrong(404, `${group} is served in ${versions.join(" and ")}`);
  if (parts.length === 3) return { ask: "resources", version };
  return readPods(version, parts.slice(3), searchParams);
}

/** `namespaces/NAMESPACE/pods/NAME/METRIC`, where NAME may be `*` for all. */
function readPods(version: Version, parts: readonly string[], query: URLSearchParams): MetricsRequest {
  const [namespaces, namespace = "", pods, name = "", metric = "", ...rest] = parts;
  if (namespaces !== "namespaces" || pods !== "pods" || rest.length > 0 || !podMetrics.has(metric)) {
    return wrong(404, `only these metrics of pods are served: ${[...podMetrics.keys()].join(", ")}`);
  }
  const selector = parseSelector(query.get("labelSelector") ?? "");
  const ofMetric = parseSelector(query.get("metricLabelSelector") ?? "");
  if (selector === undefined || ofMetric === undefined) return wrong(400, "invalid label selector");
  // The metrics have no labels: a selector that requires one matches none.
  const chosen: Selector = ofMetric({}) ? selector : () => false;
  return { ask: "pods", version, namespace, name: name === "*" ? undefined : name, metric, selector: chosen };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function wrong(code: 400 | 404 | 405, message: string): MetricsRequest {
  return { ask: "wrong", code, message };
}
