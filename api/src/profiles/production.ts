/**
 * The guide's production setup, which `spec: {}` stands for.
 *
 * Two of the guide's settings are missing, because they tune PyTorch and the processor runs onnxruntime:
 * `PYTORCH_CUDA_ALLOC_CONF=max_split_size_mb:512` (onnxruntime has a different allocator; a service with a PyTorch image
 * sets it in `processing.env`), and `cudnn.benchmark` and `cudnn.deterministic` (onnxruntime's CUDA provider searches for
 * the fastest algorithm by default, at the expense of determinism). Port 8080, one worker per GPU, no `Server` header, and
 * the security headers of the CDN section are the same for every service and not settings.
 */
import type { CompleteSpec } from "./complete.ts";
import { chosen, guide, ours, type SourcedTree } from "./sourced.ts";

const hpa = "Horizontal Pod Autoscaler (HPA)";
const vpa = "Vertical Pod Autoscaler (VPA)";

export const production: SourcedTree<CompleteSpec> = {
  imagePullSecrets: ours([], "the image is public, or the nodes have credentials"),
  gpu: {
    resourceName: guide("GPU Workload Patterns", "nvidia.com/gpu"),
    count: guide("GPU Workload Patterns", 1),
    allocation: ours(
      "Auto",
      "the extended resource where nodes or a DeviceClass offer it, otherwise a claim of gpu.claim.deviceClassName where that class exists; status.gpu has the decision",
    ),
    claim: {
      deviceClassName: ours("gpu.nvidia.com", "the class of whole GPUs that NVIDIA's DRA driver creates"),
      selectors: ours([], "every device of the class"),
      tolerations: ours([], "a driver taints devices that are broken"),
      firstAvailable: ours([], "one kind of device is enough"),
    },
    engines: {
      jpeg: ours(0, "the processor decodes on the CPU"),
      decoders: ours(0, "the processor decodes no video"),
      encoders: ours(0, "the processor encodes no video"),
    },
    share: { strategy: ours("None", "a pod that shares its GPU has no latency to rely on") },
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
    name: ours("anime4k-2x", "the built-in model, which doubles the size of an image"),
    size: ours("s", "the fastest size"),
  },
  processing: {
    logLevel: chosen("Production", "warn", "minimal logging overhead: one line per problem, none per request"),
    accessLog: guide("FastAPI Performance", false),
    batch: {
      maxSize: ours(8, "most of the gain of batching; 16 would add too much latency to each request"),
      maxDelay: ours("2ms", "a tenth of the 20 ms target"),
    },
    queue: {
      maxDepth: ours(256, "about a quarter of a second of work for one GPU at the guide's 1000 requests/s"),
      maxWait: ours("1s", "clients accept this wait; a short one bounds the latency of accepted requests"),
    },
    limits: {
      pixels: ours(
        52_428_800,
        "a phone's photograph of 50 megapixels is up to 8192x6144; it takes 1.2 GiB, which the memory limit has",
      ),
      bodyBytes: ours(33_554_432, "such a photograph has up to 25 MB as JPEG"),
    },
    memoryCleanup: {
      interval: chosen(
        "Memory Management",
        "300s",
        "periodic cleanup: rare enough to cost nothing; the same interval as the DNS cache",
      ),
    },
    upstream: {
      allowedHosts: ours([], "fetching from other hosts is disabled until they are listed"),
      allowedNetworks: ours([], "only public addresses until other networks are listed"),
      connections: guide("Connection Pooling", 100),
      connectionsPerHost: guide("Connection Pooling", 30),
      dnsCacheTtl: guide("Connection Pooling", "300s"),
      keepAlive: guide("Connection Pooling", "30s"),
    },
    env: ours([], "none besides those that the operator sets"),
  },
  autoscaling: {
    horizontal: {
      enabled: guide(hpa, true),
      provider: guide(hpa, "HPA"),
      minReplicas: guide(hpa, 2),
      maxReplicas: guide(hpa, 10),
      cpuUtilizationPercent: guide(hpa, 60),
      gpuUtilizationPercent: chosen("Key Performance Metrics", 70, "the middle of the optimal 60-80 %"),
      gpuMetric: ours("Auto", "the utilization of a shared GPU is not the work of one pod, and a MIG device has none"),
      liveSessionsPercent: ours(75, "room for the sessions of a new pod's start, and for those of a pod that drains"),
      droppedFramesPercent: ours(5, "a pod that drops a tenth of its frames gets a second one beside it"),
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
        "the Service that prometheus-operator creates, in the namespace of its chart's documentation",
      ),
    },
    vertical: {
      enabled: guide(vpa, true),
      mode: guide(vpa, "Auto"),
      maxAllowed: { cpu: guide(vpa, "4"), memory: guide(vpa, "8Gi") },
      controlledResources: ours(
        ["memory"],
        "the horizontal autoscaler scales on CPU, and two autoscalers must not act on one resource",
      ),
    },
  },
  network: {
    ingress: {
      enabled: ours(false, "an Ingress without a host would serve all hosts"),
      className: guide("Load Balancing", "nginx"),
      annotations: {},
      hashBy: chosen(
        "Load Balancing",
        "",
        "the guide's $request_uri sends all uploads, which have one URI, to one pod; it is used for pictures by URL",
      ),
      connectTimeout: guide("Load Balancing", "5s"),
      sendTimeout: guide("Load Balancing", "300s"),
      readTimeout: guide("Load Balancing", "300s"),
      maxBodySize: guide("Load Balancing", "10m"),
    },
    gateway: {
      parentRefs: ours([], "no HTTPRoute until a Gateway is listed"),
      hostnames: ours([], "the host names of the Gateway apply"),
    },
    upload: {
      pauseTimeout: ours(
        "30s",
        "a client that sends nothing for so long has lost its network; one that is slow has not",
      ),
      timeout: chosen("Load Balancing", "300s", "as long as the Ingress and the Gateway wait"),
    },
    cors: { allowedOrigins: ours([], "no page of another origin may send requests until origins are listed") },
    cacheMaxAge: guide("CDN Integration", "300s"),
    connections: {
      keepAlive: ours(
        "3660s",
        "a minute longer than Envoy keeps idle connections; nginx keeps them for 60 s, Traefik for 90 s, Google's balancers for 600 s",
      ),
      maxAge: ours("600s", "clients with long-lived connections reach the pods of a scale-out within ten minutes"),
      maxRequests: ours(0, "the age is limit enough"),
    },
    mesh: ours("None", "a proxy is injected only where a mesh is installed"),
    networkPolicy: {
      enabled: chosen("Pre-deployment", true, "network policies optimized: only the ports in use are open"),
      from: ours([], "the location of ingress controllers and clients is unknown"),
      monitoringFrom: ours(
        [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } }],
        "the usual namespace of Prometheus",
      ),
      ingress: ours([], "the service needs no other port"),
      egress: ours([], "the service sends nothing else"),
    },
  },
  live: {
    enabled: ours(false, "live video needs a load balancer for UDP"),
    udpPort: ours(8080, "the number of the HTTP port"),
    service: {
      type: ours("LoadBalancer", "clients outside the cluster reach the pods, and its status has the addresses"),
      annotations: {},
    },
    gateway: { parentRefs: ours([], "no UDPRoute until a Gateway of STUNner is listed") },
    publicAddresses: ours([], "the Service's status has them"),
    iceServers: ours([], "clients reach the load balancer directly"),
    iceTransportPolicy: ours("all", "a direct way is shorter than a relay"),
    sessionsPerProcess: ours(1, "a client whose video ends its media process ends no session of others"),
    limits: {
      sessions: ours(20, "a media process each; see docs/live.md for what a session needs"),
      pixels: ours(921_600, "1280x720, what cameras send"),
      framesPerSecond: ours(30, "what cameras send"),
      kilobitsPerSecond: ours(2_500, "what browsers send of 1280x720"),
    },
    timeouts: {
      connect: ours("15s", "a client with a slow TURN server connects within this time"),
      silent: ours("8s", "connected browsers send a packet every 5 s, so a vanished client is detected within 10 s"),
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
        "the five fields of the guide's queries, and those that explain a slow GPU: free memory, encoder, decoder, errors, throttling",
      ),
      profiling: ours(false, "the exporter would need SYS_ADMIN, and profiling blocks other profilers"),
    },
    podMonitor: chosen("Production", true, "advanced monitoring"),
    alerts: chosen("Runtime Optimization", true, "performance alerts active"),
    dashboard: chosen("Production", true, "advanced monitoring"),
    scope: ours("Cluster", "one dashboard and one set of rules, however many services there are"),
    scrapeInterval: ours("15s", "the window of the processor's report"),
    labels: {},
    dashboardLabels: { grafana_dashboard: ours("1", "the label that Grafana's sidecar looks for by default") },
  },
  regression: {
    onRollout: chosen("Production", false, "a load test would slow down users' requests"),
    scenario: chosen("Staging", "baseline", "short enough for every rollout"),
    tolerancePercent: ours(10, "repeated runs on one machine differ by up to that much"),
    resources: { requests: {}, limits: {} },
  },
  slo: {
    latencyP95: guide("Key Performance Metrics", "20ms"),
    frameLatencyP95: ours(
      "100ms",
      "of the 150 ms of delay that conversations bear (ITU-T G.114), two thirds for queue and model",
    ),
    droppedFramesPercent: ours(5, "one or two frames of the 30 in a second"),
    requestsPerSecondPerGpu: guide("Key Performance Metrics", 1000),
    concurrentUsers: guide("Key Performance Metrics", 100),
    memory: guide("Key Performance Metrics", "4Gi"),
    gpuUtilization: { min: guide("Key Performance Metrics", 60), max: guide("Key Performance Metrics", 80) },
  },
  rollout: { strategy: ours("Auto", "whether a GPU is free is known only at the time of the rollout") },
  drain: { timeout: chosen("Load Balancing", "300s", "the longest that the Ingress waits for a request") },
  probes: {
    startup: {
      budget: ours(
        "300s",
        "CUDA's first start, the search for the fastest algorithms, and reading a model of some GiB from a slow volume",
      ),
      periodSeconds: ours(5, "a pod serves at most five seconds after its model is ready"),
      timeoutSeconds: ours(2, "the processor answers at once; this allows for a throttled CPU"),
    },
    readiness: {
      periodSeconds: ours(5, "a pod that drains or fails leaves the Service within ten seconds"),
      timeoutSeconds: ours(2, "the processor answers at once; this allows for a throttled CPU"),
      failureThreshold: ours(2, "one lost answer removes no pod"),
    },
    liveness: {
      periodSeconds: ours(10, "a restart costs a model load, so it may wait for half a minute"),
      timeoutSeconds: ours(5, "a saturated processor still answers within 100 ms"),
      failureThreshold: ours(3, "two lost answers restart no pod"),
    },
  },
  podDisruptionBudget: {
    enabled: ours(true, "a node drain must not evict all pods at once"),
    maxUnavailable: ours(1, "one at a time; minAvailable would block drains of a single pod forever"),
  },
  scheduling: {
    nodeSelector: {},
    tolerations: ours([], "the taint of GPU nodes is tolerated because of gpu.resourceName"),
    topologySpreadConstraints: ours(
      [{ topologyKey: "kubernetes.io/hostname", whenUnsatisfiable: "ScheduleAnyway", maxSkew: 1 }],
      "a node failure should not affect all replicas; only a preference, as GPUs may be on few nodes",
    ),
  },
  // Only what Pod Security's baseline of every version allows: policy engines and pinned levels refuse the TCP timeouts.
  sysctls: {
    "net.ipv4.ip_local_port_range": chosen(
      "Production",
      "10240 65535",
      "tuned kernel parameters: twice as many ports for upstream connections, none below the pod's own 8080",
    ),
  },
  podSecurity: {
    runAs: ours("Auto", "OpenShift assigns users and refuses others; elsewhere the image's user is fixed"),
  },
  deploymentMetadata: { labels: {}, annotations: {} },
  podMetadata: { labels: {}, annotations: {} },
  initContainers: ours([], "the processor needs no other container"),
  volumes: ours([], "the operator's own volumes are enough"),
  volumeMounts: ours([], "the operator's own volumes are enough"),
  hostAliases: ours([], "the cluster's DNS resolves every name"),
};
