/** Every reason of a service's conditions and what it means. docs/conditions.md is compared with these tables. */
import { stalledReasons, waitingReasons } from "../plan/failure.ts";

/** The most specific first: of several pods in trouble, the first reason of this order is reported. */
export const podTroubleReasons = {
  ImagePullFailed: "the image cannot be pulled",
  ContainerNotCreated:
    "the container cannot be created or started: a volume, a claim, a ConfigMap key, a user, the GPU driver",
  OutOfMemory: "a container was OOM-killed at its memory limit",
  CrashLoop: "a container exits repeatedly",
  FailedOnNode: "the kubelet rejects or ends the pod: a lost GPU, an unsafe kernel parameter, a full disk",
  NodeNotReady: "the kubelet does not report, so no Service routes to the pod",
  SchedulingGated: "a scheduling gate holds the pod back, such as that of Kueue",
  WaitingForGpu: "no node has the GPUs that a replica needs",
  Unschedulable: "the pod cannot be scheduled for another reason",
  ProbesFailing: "a container runs, and its probes fail",
  WaitingForNode: "Karpenter is adding a node for the pod",
  Starting: "the pod is starting; reported as `Progressing`",
} as const;

export const readyReasons = {
  Serving: "enough replicas are ready",
  Degraded: "enough replicas are ready, but a GPU of one is lost, or nodes fail further pods",
  ScaledToZero: "the service is scaled to 0 replicas",
  Suspended: "`spec.suspend` is set; the children are not changed",
  Progressing: "children are being created, or a rollout is in progress",
  ...stalledReasons,
  ...waitingReasons,
  PodsForbidden: "Pod Security or a webhook rejects the pods",
  ApiServerError: "a request to the API server failed",
  ...podTroubleReasons,
} as const;

export const availableReasons = {
  ReplicasServe: "at least one replica is ready",
  NoReplicaServes: "no replica is ready; see `Ready`",
  NoReplicaWanted: "the service is scaled to 0 replicas",
} as const;

export const exposedReasons = {
  Routed: "the Ingress and the Service of live video have an address, and every Gateway routes to the service",
  SettingsIgnored: "as `Routed`, and the controller of the Ingress does not honour a setting of `network.ingress`",
  NotNeeded: "neither an Ingress nor a Gateway is set; clients in the cluster use the Service",
  ApiMissing: "the Gateway API or STUNner is not installed, so there is no HTTPRoute or UDPRoute",
  NoSuchGateway: "a Gateway in `parentRefs` does not exist",
  NotAccepted: "a Gateway refuses the route, or cannot resolve what it refers to",
  GatewayNotReady: "a Gateway or its listener is not programmed, such as without its certificate",
  NotAcceptedYet: "no controller has evaluated the route for a Gateway",
  NoAddress: "no controller has reported an address of the Ingress, or of the Service of live video",
} as const;

export const gpuCapacityReasons = {
  Sufficient: "no replica waits for a GPU",
  Exhausted: "a replica waits for a GPU",
  WaitingForNode: "a replica waits for a GPU, on a node that Karpenter is adding",
  NotNeeded: "`gpu.count` is 0",
  NodesNotListed: "the nodes are not known: the operator has just started, or may not list nodes",
} as const;

export const scalingReadyReasons = {
  Scaling: "the autoscaler has the metrics that it needs",
  AtMaximum: "the autoscaler is limited by `maxReplicas`",
  NotNeeded: "horizontal autoscaling is disabled",
  NotStarted: "the autoscaler has not evaluated the service yet",
  MetricsMissing: "the autoscaler cannot read a metric",
  CannotScale: "the autoscaler cannot change the replicas, KEDA is paused, or they were set to 0",
  ApiMissing: "metrics-server, or KEDA with `provider: KEDA`, is not installed",
} as const;

export const metricsReportingReasons = {
  PodsReport: "every ready pod reports",
  SomePodsSilent: "some pods do not report",
  PodsSilent: "no pod reports",
  NoPodServes: "no pod is ready",
  NotReportedYet: "the first reports are pending",
} as const;

export const sloMetReasons = {
  TargetsMet: "every target is met",
  TooLittleTraffic: "too few requests for a percentile",
  NotReportedYet: "no pod has reported",
  LoadSkewed: "one pod is above `slo.gpuUtilization` while another idles",
  FramesDropped: "more frames of live video than `slo.droppedFramesPercent` are dropped, because pods are too slow",
  FrameLatencyAboveTarget: "p95 of a frame's latency is above `slo.frameLatencyP95`",
  LatencyAboveTarget: "p95 is above `slo.latencyP95`",
  RequestsRefused: "requests fail, or are refused because the queue is full",
  MemoryAboveTarget: "a pod uses more than `slo.memory`",
  ThroughputBelowTarget: "busy GPUs process less than `slo.requestsPerSecondPerGpu`",
} as const;

/** Of the Ready condition of a GpuMediaProfile. */
export const profileReasons = {
  Resolved: "services can use the profile",
  UnknownProfile: "`basedOn` names a profile that does not exist",
  ProfileCycle: "profiles are based on each other",
} as const;

/** By condition type, in the order of docs/conditions.md. */
export const conditionReasons = {
  Ready: readyReasons,
  Available: availableReasons,
  Exposed: exposedReasons,
  GpuCapacity: gpuCapacityReasons,
  ScalingReady: scalingReadyReasons,
  MetricsReporting: metricsReportingReasons,
  SloMet: sloMetReasons,
} as const;

export type PodTroubleReason = keyof typeof podTroubleReasons;
export type ReadyReason = keyof typeof readyReasons;
export type AvailableReason = keyof typeof availableReasons;
export type ExposedReason = keyof typeof exposedReasons;
export type GpuCapacityReason = keyof typeof gpuCapacityReasons;
export type ScalingReadyReason = keyof typeof scalingReadyReasons;
export type MetricsReportingReason = keyof typeof metricsReportingReasons;
export type SloMetReason = keyof typeof sloMetReasons;
