/** What a status is computed from, for tests: two ready replicas that have not reported. */
import { sampleService } from "../desired/service.sample.ts";
import type { ChildView } from "../observe/child-view.ts";
import type { PrometheusView } from "../observe/prometheus-view.ts";
import { sampleDevices, sampleGpus } from "../plan/gpus.sample.ts";
import type { UtilizationReading } from "../utilization/reading.ts";
import type { StatusInput } from "./status-input.ts";

/** The fields of a child that the status depends on. */
export function sampleChild(part: Partial<ChildView>): ChildView {
  return { generation: 1, spec: {}, status: {}, ...part } as ChildView;
}

export function sampleReading(change: Partial<UtilizationReading> = {}): UtilizationReading {
  const nothing = { polled: 0, silent: [], pending: 0, figures: undefined, latest: undefined, gpuSharing: undefined };
  return { warmingUp: false, mayMove: true, sharedGpus: [], loads: [], lost: [], ...nothing, ...change };
}

/** Loads everything. */
export function samplePrometheus(change: Partial<PrometheusView> = {}): PrometheusView {
  const all = { labels: {}, namespaces: {} };
  return { kind: "Prometheus", key: "monitoring/k8s", isEnforced: false, rules: all, podMonitors: all, ...change };
}

export function sampleStatusInput(change: Partial<StatusInput> = {}): StatusInput {
  return {
    service: sampleService(),
    rollout: undefined,
    allocation: { allocation: "ExtendedResource", message: "nodes offer nvidia.com/gpu" },
    failure: undefined,
    admission: undefined,
    omittedFields: undefined,
    skipped: new Set(),
    resourceMetrics: true,
    unreachableApis: new Set(),
    dcgmTaken: false,
    sharedRules: { namespace: "gpumedia-system", labels: {} },
    deployment: sampleChild({
      spec: { replicas: 2 },
      status: { observedGeneration: 1, replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 },
    }),
    autoscaler: undefined,
    kedaAutoscaler: undefined,
    verticalAutoscaler: undefined,
    ingress: undefined,
    httpRoute: undefined,
    liveService: undefined,
    udpRoute: undefined,
    gateways: new Map(),
    ingressClasses: undefined,
    prometheuses: [samplePrometheus()],
    pods: [],
    gpus: sampleGpus([sampleDevices(8, 6)]),
    claimQuota: undefined,
    claimTemplate: undefined,
    lastLoadTest: undefined,
    reading: sampleReading(),
    ...change,
  };
}
