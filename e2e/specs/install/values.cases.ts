/** Ways to install: Helm and `install()` have to render the same objects, and the API server has to accept them. */
import type { PartialValues } from "@gpumedia/install";

export const valuesCases: Readonly<Record<string, PartialValues>> = {
  "with all defaults": {},
  "for two namespaces": { namespaces: ["media", "team-b"], replicas: 1 },
  "with the metrics API": { metricsApi: { enabled: true, port: 7443 } },
  "with the metrics API for one namespace": { metricsApi: { enabled: true }, namespaces: ["media"] },
  "with the metrics API in the network of its nodes": {
    hostNetwork: true,
    metricsApi: { enabled: true, port: 10_260 },
    ports: { metrics: 18_080, health: 18_081 },
  },
  "with monitoring by Prometheus and Grafana": {
    monitoring: {
      podMonitor: { enabled: true, labels: { release: "prometheus" } },
      dashboard: { enabled: true, labels: { grafana_dashboard: "true" } },
    },
    networkPolicy: {
      metricsFrom: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } }],
      apiServerPorts: [16443],
    },
  },
  "for a platform that assigns users": { runAs: "Platform" },
  "in a service mesh": {
    podLabels: { "sidecar.istio.io/inject": "true" },
    networkPolicy: {
      ingress: [{ ports: [{ port: 15_008, protocol: "TCP" }] }],
      egress: [
        {
          to: [{ namespaceSelector: {}, podSelector: { matchLabels: { app: "istiod" } } }],
          ports: [{ port: 15_012, protocol: "TCP" }],
        },
      ],
    },
  },
  "without everything optional": {
    crds: { install: false },
    networkPolicy: { enabled: false },
    podDisruptionBudget: { enabled: false },
    topologySpread: "Off",
  },
  "with all settings of the pods": {
    fullnameOverride: "media-operator",
    image: { repository: "registry.example/operator", tag: "1.2.3", pullPolicy: "Always" },
    imagePullSecrets: [{ name: "registry" }],
    processorImage: "registry.example/processor:1.2.3-cuda",
    processorImageCpu: "registry.example/processor:1.2.3",
    runbookUrl: "https://example.com/runbooks",
    replicas: 3,
    logLevel: "debug",
    extraArgs: ["--concurrency=16", "--max-rollouts=2"],
    resources: { limits: { cpu: "1" } },
    podAnnotations: { "example.com/note": "yes" },
    podLabels: { team: "media", "app.kubernetes.io/name": "never" },
    nodeSelector: { pool: "system" },
    tolerations: [{ key: "system", operator: "Exists", effect: "NoSchedule" }],
    affinity: {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [{ key: "pool", operator: "Exists" }] }],
        },
      },
    },
    topologySpread: "DoNotSchedule",
    priorityClassName: "system-cluster-critical",
    serviceAccount: { annotations: { "example.com/role": "operator" } },
  },
};
