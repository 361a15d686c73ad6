/**
 * The guide's production setup: what `spec: {}` is.
 *
 * Two of the guide's settings have no place here, because they tune PyTorch and the processor runs onnxruntime:
 * `PYTORCH_CUDA_ALLOC_CONF=max_split_size_mb:512` (onnxruntime has its own arena and does not read it; a service with a
 * PyTorch image of its own sets it in `processing.env`) and `cudnn.benchmark`, `cudnn.deterministic` (searching for the
 * fastest algorithm, at the price of determinism, is what onnxruntime's CUDA provider does unless told otherwise).
 * Others are no settings: port 8080, one worker per GPU, no `Server` header, and the security headers of the CDN section
 * hold for every service.
 */
import type { CompleteSpec } from "./complete.ts";
import { chosen, guide, ours, type SourcedTree } from "./sourced.ts";

const hpa = "Horizontal Pod Autoscaler (HPA)";
const vpa = "Vertical Pod Autoscaler (VPA)";

export const production: SourcedTree<CompleteSpec> = {
  imagePullSecrets: ours([], "the image is public, or the node's credentials are used"),
  gpu: {
    resourceName: guide("GPU Workload Patterns", "nvidia.com/gpu"),
    count: guide("GPU Workload Patterns", 1),
    cuda: {
      launchBlocking: guide("CUDA Configuration", false),
      deviceOrder: guide("CUDA Configuration", "PCI_BUS_ID"),
    },
  },
  resources: {
    requests: { cpu: guide("GPU Workload Patterns", "2000m"), memory: guide("GPU Workload Patterns", "4Gi") },
    limits: { cpu: guide("GPU Workload Patterns", "4000m"), memory: guide("GPU Workload Patterns", "8Gi") },
  },
  model: {
    name: ours("anime4k-2x", "the built-in model: doubles a picture in size"),
    size: ours("s", "the fastest size"),
  },
  processing: {
    logLevel: chosen("Production", "warn", "minimal logging overhead: one line per problem, none per request"),
    accessLog: guide("FastAPI Performance", false),
    batch: {
      maxSize: ours(8, "most of what batching gains; 16 would add its own run time to the latency of each request"),
      maxDelay: ours("2ms", "a tenth of the 20 ms target"),
    },
    queue: {
      maxDepth: ours(256, "what one GPU works off in about a quarter of a second at the guide's 1000 requests/s"),
      maxWait: ours("1s", "clients of pictures wait that long; a short one bounds the latency of what is accepted"),
    },
    memoryCleanup: {
      interval: chosen(
        "Memory Management",
        "300s",
        "periodic cleanup: so rare that it costs nothing, as long as the DNS cache lives",
      ),
    },
    upstream: {
      allowedHosts: ours([], "fetching from other hosts is off until somebody names them"),
      allowedNetworks: ours([], "only public addresses until somebody names others"),
      connections: guide("Connection Pooling", 100),
      connectionsPerHost: guide("Connection Pooling", 30),
      dnsCacheTtl: guide("Connection Pooling", "300s"),
      keepAlive: guide("Connection Pooling", "30s"),
    },
    env: ours([], "nothing beside what the operator sets"),
  },
  autoscaling: {
    horizontal: {
      enabled: guide(hpa, true),
      provider: guide(hpa, "HPA"),
      minReplicas: guide(hpa, 2),
      maxReplicas: guide(hpa, 10),
      cpuUtilizationPercent: guide(hpa, 60),
      gpuUtilizationPercent: chosen("Key Performance Metrics", 70, "the middle of the optimal 60-80 %"),
      behavior: {
        scaleUp: {
          stabilizationWindowSeconds: guide(hpa, 60),
          policies: guide(hpa, [{ type: "Percent", value: 100, periodSeconds: 15 }]),
        },
        scaleDown: {
          stabilizationWindowSeconds: guide(hpa, 300),
          policies: guide(hpa, [{ type: "Percent", value: 10, periodSeconds: 60 }]),
        },
      },
      prometheusAddress: ours(
        "http://prometheus-operated.monitoring.svc:9090",
        "the Service that prometheus-operator makes, in the namespace that its chart's documentation uses",
      ),
    },
    vertical: {
      enabled: guide(vpa, true),
      mode: guide(vpa, "Auto"),
      maxAllowed: { cpu: guide(vpa, "4"), memory: guide(vpa, "8Gi") },
      controlledResources: ours(
        ["memory"],
        "the horizontal autoscaler scales on CPU: two autoscalers on one resource chase each other",
      ),
    },
  },
  network: {
    ingress: {
      enabled: ours(false, "without a host an Ingress would take the requests of all hosts"),
      className: guide("Load Balancing", "nginx"),
      annotations: {},
      hashBy: guide("Load Balancing", "$request_uri"),
      connectTimeout: guide("Load Balancing", "5s"),
      sendTimeout: guide("Load Balancing", "300s"),
      readTimeout: guide("Load Balancing", "300s"),
      maxBodySize: guide("Load Balancing", "10m"),
    },
    gateway: {
      parentRefs: ours([], "no HTTPRoute until somebody names a Gateway"),
      hostnames: ours([], "those of the Gateway"),
    },
    cacheMaxAge: guide("CDN Integration", "300s"),
    networkPolicy: {
      enabled: chosen("Pre-deployment", true, "network policies optimized: only the ports in use are open"),
      from: ours([], "where an ingress controller or a client runs cannot be known"),
      monitoringFrom: ours(
        [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } }],
        "the namespace that Prometheus is usually in",
      ),
    },
  },
  monitoring: {
    dcgm: {
      enabled: guide("GPU Metrics", true),
      fields: chosen(
        "GPU Metrics",
        [
          "DCGM_FI_DEV_GPU_UTIL",
          "DCGM_FI_DEV_FB_USED",
          "DCGM_FI_DEV_FB_FREE",
          "DCGM_FI_DEV_FB_TOTAL",
          "DCGM_FI_DEV_GPU_TEMP",
          "DCGM_FI_DEV_POWER_USAGE",
          "DCGM_FI_DEV_ENC_UTIL",
          "DCGM_FI_DEV_DEC_UTIL",
          "DCGM_FI_DEV_XID_ERRORS",
          "DCGM_FI_DEV_CLOCK_THROTTLE_REASONS",
        ],
        "the five of the guide's queries, and what tells why a GPU is slow: free memory, encoder, decoder, errors, throttling",
      ),
      profiling: ours(false, "the exporter would need SYS_ADMIN, and profiling keeps other profilers out"),
    },
    podMonitor: chosen("Production", true, "advanced monitoring"),
    alerts: chosen("Runtime Optimization", true, "performance alerts active"),
    dashboard: chosen("Production", true, "advanced monitoring"),
    scrapeInterval: ours("15s", "the window over which the processor reports"),
    labels: {},
    dashboardLabels: { grafana_dashboard: ours("1", "the label that Grafana's sidecar looks for by default") },
  },
  regression: {
    onRollout: chosen("Production", false, "users' requests are load enough: a test beside them would slow them down"),
    scenario: chosen("Staging", "baseline", "short enough for every rollout"),
    tolerancePercent: ours(10, "what a repeated run on the same machine may differ by"),
  },
  slo: {
    latencyP95: guide("Key Performance Metrics", "20ms"),
    requestsPerSecondPerGpu: guide("Key Performance Metrics", 1000),
    concurrentUsers: guide("Key Performance Metrics", 100),
    memory: guide("Key Performance Metrics", "4Gi"),
    gpuUtilization: { min: guide("Key Performance Metrics", 60), max: guide("Key Performance Metrics", 80) },
  },
  rollout: { strategy: ours("Auto", "whether a new pod finds a free GPU is known only when it is needed") },
  drain: { timeout: chosen("Load Balancing", "300s", "a request may last as long as the Ingress waits for it") },
  podDisruptionBudget: {
    enabled: ours(true, "a drained node must not take all pods at once"),
    maxUnavailable: ours(
      1,
      "one at a time; a minimum that must be available would block drains of a single pod for ever",
    ),
  },
  scheduling: {
    nodeSelector: {},
    tolerations: ours([], "the taint of GPU nodes is tolerated as gpu.resourceName asks"),
    topologySpreadConstraints: ours(
      [{ topologyKey: "kubernetes.io/hostname", whenUnsatisfiable: "ScheduleAnyway", maxSkew: 1 }],
      "a node that fails should not take all replicas; a preference only, because GPUs are where they are",
    ),
  },
  sysctls: {
    "net.ipv4.ip_local_port_range": chosen(
      "Production",
      "10240 65535",
      "tuned kernel parameters: twice as many ports for upstream connections, none below the pod's own 8080",
    ),
    "net.ipv4.tcp_fin_timeout": chosen(
      "Production",
      "15",
      "tuned kernel parameters: closed connections free their ports four times sooner",
    ),
    "net.ipv4.tcp_keepalive_time": chosen(
      "Production",
      "120",
      "tuned kernel parameters: a client that vanished is noticed within 3 minutes, not 2 hours",
    ),
    "net.ipv4.tcp_keepalive_intvl": chosen("Production", "15", "tuned kernel parameters: as above"),
    "net.ipv4.tcp_keepalive_probes": chosen("Production", "4", "tuned kernel parameters: as above"),
  },
  podMetadata: { labels: {}, annotations: {} },
};
