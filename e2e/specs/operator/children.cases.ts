/** Services that together have every child in every shape that the control plane's version has, for checks of what is rendered. */
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import { isSince } from "../../cluster/kubernetes-version.ts";

export const childrenCases: Readonly<Record<string, GpuMediaServiceSpec>> = {
  "the guide's": {},
  "with all that is off by default": {
    image:
      "registry.example.com/media/processor@sha256:0123456789012345678901234567890123456789012345678901234567890123",
    imagePullPolicy: "Always",
    imagePullSecrets: [{ name: "registry" }],
    network: {
      ingress: {
        enabled: true,
        host: "upscaler.example.com",
        tlsSecretName: "upscaler-tls",
        annotations: { "nginx.ingress.kubernetes.io/proxy-body-size": "20m", note: "" },
      },
      gateway: {
        parentRefs: [{ name: "public", namespace: "gateways", sectionName: "https" }],
        hostnames: ["up.example.com"],
      },
      networkPolicy: {
        from: [
          { podSelector: {} },
          { ipBlock: { cidr: "10.0.0.0/8", except: [] } },
          { namespaceSelector: { matchLabels: {} } },
        ],
      },
    },
    processing: {
      upstream: { allowedHosts: ["pictures.example.com"] },
      env: [
        { name: "CUDA_LAUNCH_BLOCKING", value: "1" },
        { name: "EMPTY", value: "" },
        { name: "NODE", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
        { name: "MEMORY_MI", valueFrom: { resourceFieldRef: { resource: "limits.memory", divisor: "1Mi" } } },
        { name: "TOKEN", valueFrom: { secretKeyRef: { name: "token", key: "value", optional: true } } },
      ],
    },
    monitoring: { labels: { release: "kube-prometheus-stack" }, dcgm: { profiling: true } },
    deploymentMetadata: {
      labels: { "kueue.x-k8s.io/queue-name": "gpus" },
      annotations: { "reloader.stakater.com/auto": "true" },
    },
    podMetadata: { labels: { team: "media" }, annotations: { "example.com/note": "" } },
    live: {
      enabled: true,
      udpPort: 3478,
      service: { type: "NodePort", annotations: { "example.com/note": "" } },
      gateway: { parentRefs: [{ name: "turn", namespace: "stunner", sectionName: "udp" }] },
      publicAddresses: ["203.0.113.7", "2001:db8::7"],
      iceServers: ["turn:203.0.113.9:3478?transport=udp"],
      iceTransportPolicy: "relay",
      tokenSecretRef: { name: "live", key: "token" },
      turnSecretRef: { name: "turn", key: "secret" },
    },
  },
  "with what a platform team adds": {
    resources: { limits: { "nvidia.com/gpumem": 4000, "nvidia.com/gpucores": 30 } },
    model: { name: "own", path: "own.onnx" },
    probes: { startup: { budget: "20m", periodSeconds: 7 }, readiness: { failureThreshold: 1 } },
    network: { trafficDistribution: isSince("1.34") ? "PreferSameZone" : "PreferClose" },
    hostAliases: [
      { ip: "10.0.0.9", hostnames: ["store.internal", "store"] },
      { ip: "fd00::9", hostnames: ["store-6.internal"] },
    ],
    volumes: [
      { name: "models", emptyDir: { sizeLimit: "1024Mi" } },
      { name: "shared-memory", emptyDir: { medium: "Memory", sizeLimit: 1_000_000 } },
      { name: "plain", emptyDir: {} },
      { name: "ca", configMap: { name: "ca", items: [{ key: "ca.crt", path: "ca.crt", mode: 0 }], optional: false } },
      { name: "all", configMap: { name: "all", items: [] } },
      { name: "key", secret: { secretName: "key", defaultMode: 0o400, optional: true } },
      { name: "claim", persistentVolumeClaim: { claimName: "shared", readOnly: false } },
      { name: "pod", downwardAPI: { items: [{ path: "labels", fieldRef: { fieldPath: "metadata.labels" } }] } },
      { name: "csi", csi: { driver: "secrets-store.csi.k8s.io", readOnly: true, volumeAttributes: { a: "" } } },
      ...(isSince("1.35") ? [{ name: "image", image: { reference: "registry.example.com/luts:1" } }] : []),
      {
        name: "token",
        projected: {
          sources: [
            { serviceAccountToken: { path: "token", audience: "vault" } },
            { serviceAccountToken: { path: "other", expirationSeconds: 600 } },
            { configMap: { name: "ca", items: [] } },
            { secret: { name: "key", optional: false } },
            { downwardAPI: { items: [{ path: "name", fieldRef: { fieldPath: "metadata.name" }, mode: 0o444 }] } },
          ],
        },
      },
    ],
    volumeMounts: [
      { name: "models", mountPath: "/models", readOnly: true },
      { name: "shared-memory", mountPath: "/dev/shm", readOnly: false },
      { name: "ca", mountPath: "/etc/ssl/own/ca.crt", subPath: "ca.crt" },
    ],
    initContainers: [
      {
        name: "log",
        image: "log:1",
        imagePullPolicy: "IfNotPresent",
        restartPolicy: "Always",
        ports: [
          { containerPort: 9000, name: "log" },
          { containerPort: 9000, protocol: "UDP" },
        ],
        resources: { requests: { cpu: "1000m", memory: "0.5Gi" }, limits: { cpu: 1, memory: "0.5Gi" } },
        securityContext: { readOnlyRootFilesystem: true },
        startupProbe: { tcpSocket: { port: 9000 }, initialDelaySeconds: 1 },
        readinessProbe: { httpGet: { port: 9000 }, periodSeconds: 5 },
        livenessProbe: { exec: { command: ["true"] } },
      },
      {
        name: "fetch",
        image: "fetch:1",
        command: ["fetch", ""],
        args: [],
        workingDir: "/work",
        env: [
          { name: "EMPTY", value: "" },
          { name: "NODE", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } },
        ],
        volumeMounts: [{ name: "models", mountPath: "/models", readOnly: false }],
        resources: { requests: { cpu: 1, memory: "1Gi" }, limits: { cpu: 1, memory: "1Gi" } },
        securityContext: { runAsUser: 20_000, runAsGroup: 20_000, readOnlyRootFilesystem: true },
      },
    ],
  },
  "on KEDA, with a model on a claim": {
    autoscaling: { horizontal: { provider: "KEDA" } },
    model: { name: "own", path: "own.onnx", volume: { persistentVolumeClaim: { claimName: "models" } } },
  },
  "on MIG, with a model in an image": {
    gpu: { resourceName: "nvidia.com/mig-1g.10gb", count: 2 },
    model: {
      name: "own",
      path: "own.onnx",
      volume: isSince("1.35")
        ? { image: { reference: "registry.example.com/model:1" } }
        : { persistentVolumeClaim: { claimName: "models" } },
    },
    scheduling: { runtimeClassName: "nvidia" },
  },
  "a single one on the CPU, with a model on a CSI volume": {
    gpu: { count: 0 },
    replicas: 1,
    autoscaling: { horizontal: { enabled: false }, vertical: { controlledResources: ["cpu", "memory"] } },
    model: {
      name: "own",
      path: "own.onnx",
      volume: { csi: { driver: "models.example.com", volumeAttributes: {}, nodePublishSecretRef: { name: "model" } } },
    },
  },
  "with what Kubernetes would spell otherwise": {
    resources: {
      requests: { cpu: "0.5", memory: "4096Mi", "ephemeral-storage": "1e9" },
      limits: { cpu: "2000m", memory: "8192Mi", "ephemeral-storage": "2000000000" },
    },
    autoscaling: {
      horizontal: {
        behavior: {
          scaleUp: {
            selectPolicy: "Min",
            stabilizationWindowSeconds: 0,
            ...(isSince("1.35") ? { tolerance: "0.05" } : {}),
          },
        },
      },
      vertical: { mode: "Off", minAllowed: { memory: "1024Mi" } },
    },
    scheduling: {
      nodeSelector: { "nvidia.com/gpu.present": "true" },
      tolerations: [{ key: "dedicated", operator: "Equal", value: "", effect: "NoSchedule" }],
      affinity: {
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [],
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [
              { matchExpressions: [{ key: "gpu", operator: "Exists", values: [] }], matchFields: [] },
            ],
          },
        },
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            {
              weight: 10,
              podAffinityTerm: { topologyKey: "kubernetes.io/hostname", labelSelector: { matchLabels: { a: "" } } },
            },
          ],
        },
      },
      topologySpreadConstraints: [
        { topologyKey: "topology.kubernetes.io/zone", whenUnsatisfiable: "DoNotSchedule", maxSkew: 1, minDomains: 2 },
        {
          topologyKey: "kubernetes.io/hostname",
          whenUnsatisfiable: "ScheduleAnyway",
          maxSkew: 2,
          labelSelector: { matchLabels: {} },
        },
      ],
    },
    sysctls: { "net.ipv4.ip_local_port_range": "" },
  },
  "recreated, without most": {
    profile: "development",
    monitoring: { podMonitor: false, dashboard: false },
    network: { networkPolicy: { enabled: false } },
    serviceAccountName: "existing",
  },
};
