/** Parses requests to the metrics API. Pure. */
import { group, versions, type Version } from "./documents.ts";
import { podMetrics } from "./pod-metrics.ts";
import { parseSelector, type Selector } from "./selector.ts";

export type MetricsRequest =
  | { readonly kind: "groups" | "group" | "health" }
  | { readonly kind: "resources"; readonly version: Version }
  | {
      readonly kind: "pods";
      readonly version: Version;
      readonly namespace: string;
      /** Undefined: all pods that match the selector. */
      readonly name: string | undefined;
      readonly metric: string;
      readonly selector: Selector;
    }
  | { readonly kind: "invalid"; readonly code: 400 | 404 | 405; readonly message: string };

export function readRequest(method: string, url: string): MetricsRequest {
  if (method !== "GET") return invalid(405, "only GET is supported");
  const { pathname, searchParams } = new URL(url, "https://metrics");
  const parts = pathname.split("/").slice(1).map(decode);
  if (pathname === "/readyz" || pathname === "/livez" || pathname === "/healthz") return { kind: "health" };
  if (parts[0] !== "apis") return invalid(404, `${pathname} not found`);
  if (parts.length === 1) return { kind: "groups" };
  if (parts[1] !== group) return invalid(404, `${pathname} not found`);
  if (parts.length === 2) return { kind: "group" };
  const version = versions.find((known) => known === parts[2]);
  if (version === undefined) return invalid(404, `${group} is served in ${versions.join(" and ")}`);
  if (parts.length === 3) return { kind: "resources", version };
  return readPods(version, parts.slice(3), searchParams);
}

/** `namespaces/NAMESPACE/pods/NAME/METRIC`, where NAME may be `*` for all. */
function readPods(version: Version, parts: readonly string[], query: URLSearchParams): MetricsRequest {
  const [namespaces, namespace = "", pods, name = "", metric = "", ...rest] = parts;
  if (namespaces !== "namespaces" || pods !== "pods" || rest.length > 0 || !podMetrics.has(metric)) {
    return invalid(404, `only these metrics of pods are served: ${[...podMetrics.keys()].join(", ")}`);
  }
  const selector = parseSelector(query.get("labelSelector") ?? "");
  const ofMetric = parseSelector(query.get("metricLabelSelector") ?? "");
  if (selector === undefined || ofMetric === undefined) return invalid(400, "invalid label selector");
  // The metrics have no labels: a selector that requires one matches none.
  const chosen: Selector = ofMetric({}) ? selector : () => false;
  return { kind: "pods", version, namespace, name: name === "*" ? undefined : name, metric, selector: chosen };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function invalid(code: 400 | 404 | 405, message: string): MetricsRequest {
  return { kind: "invalid", code, message };
}
