/**
 * Responses of custom.metrics.k8s.io: discovery, values, errors. Pure.
 *
 * @see https://github.com/kubernetes/metrics/tree/master/pkg/apis/custom_metrics
 */
import { reasonOfCode } from "../kube/errors.ts";
import { podMetrics, quantity, type PodMetric } from "./pod-metrics.ts";

export const group = "custom.metrics.k8s.io";
/** The preferred version first. */
export const versions = ["v1beta2", "v1beta1"] as const;
export type Version = (typeof versions)[number];

export const groupDocument = {
  kind: "APIGroup",
  apiVersion: "v1",
  name: group,
  versions: versions.map((version) => ({ groupVersion: `${group}/${version}`, version })),
  preferredVersion: { groupVersion: `${group}/${versions[0]}`, version: versions[0] },
};

export const groupListDocument = { kind: "APIGroupList", apiVersion: "v1", groups: [groupDocument] };

export function resourceListDocument(version: Version): object {
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: `${group}/${version}`,
    resources: [...podMetrics.keys()].map((metric) => ({
      name: `pods/${metric}`,
      singularName: "",
      namespaced: true,
      kind: "MetricValueList",
      verbs: ["get"],
    })),
  };
}

export function metricValueList(version: Version, metric: string, values: readonly PodMetric[]): object {
  return {
    kind: "MetricValueList",
    apiVersion: `${group}/${version}`,
    metadata: {},
    items: values.map(({ pod, value, sampledAtWallMs, windowSeconds }) => ({
      describedObject: { kind: "Pod", namespace: pod.namespace, name: pod.name, apiVersion: "/v1" },
      ...(version === "v1beta1" ? { metricName: metric } : { metric: { name: metric, selector: null } }),
      timestamp: new Date(sampledAtWallMs).toISOString().replace(/\.\d+Z$/, "Z"),
      ...(version === "v1beta1" ? { window: Math.round(windowSeconds) } : { windowSeconds: Math.round(windowSeconds) }),
      value: quantity(value),
      ...(version === "v1beta1" ? { selector: null } : {}),
    })),
  };
}

/** An error as `meta/v1.Status`, which clients of the API understand. */
export function statusDocument(code: number, message: string): object {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    reason: reasonOfCode(code),
    message,
    code,
  };
}
