import assert from "node:assert/strict";
import type { GpuMediaProfile, GpuMediaProfileSpec, GpuMediaService, GpuMediaServiceSpec } from "@gpumedia/api";
import { effectiveService } from "./effective.ts";
import type { EffectiveService, Origin } from "./service.ts";

const defaults = {
  processorImage: "registry.example/processor:1-cuda",
  processorImageCpu: "registry.example/processor:1",
};

function service(spec: GpuMediaServiceSpec, name = "upscaler"): GpuMediaService {
  return {
    apiVersion: "gpumedia.io/v1alpha1",
    kind: "GpuMediaService",
    metadata: { name, namespace: "media", uid: "1f4c" },
    spec,
  };
}

function profile(name: string, spec: GpuMediaProfileSpec): GpuMediaProfile {
  return { apiVersion: "gpumedia.io/v1alpha1", kind: "GpuMediaProfile", metadata: { name }, spec };
}

function effective(
  spec: GpuMediaServiceSpec,
  ...profiles: readonly GpuMediaProfile[]
): { readonly service: EffectiveService; readonly origins: ReadonlyMap<string, Origin> } {
  const byName = new Map(profiles.map((object) => [object.metadata.name, object]));
  const result = effectiveService(service(spec), byName, defaults);
  if (result.kind !== "Effective") throw new Error(result.message);
  return result;
}

/** The messages of the problems by path. */
function problems(object: GpuMediaService, ...profiles: readonly GpuMediaProfile[]): Readonly<Record<string, string>> {
  const byName = new Map(profiles.map((each) => [each.metadata.name, each]));
  const result = effectiveService(object, byName, defaults);
  if (result.kind !== "InvalidSpec") throw new Error(`${result.kind} instead of InvalidSpec`);
  return Object.fromEntries(result.problems.map(({ path, message }) => [path, message]));
}

/** The paths of lists and scalars; does not share the code under test. */
function leaves(node: object, parent = ""): string[] {
  return Object.entries(node).flatMap(([key, value]: [string, unknown]) => {
    const quoted = /[./]/.test(key) ? `${parent}["${key}"]` : [parent, key].filter((part) => part !== "").join(".");
    return typeof value === "object" && value !== null && !Array.isArray(value) ? leaves(value, quoted) : [quoted];
  });
}

describe("the effective service of spec: {}", () => {
  it("is the guide's production setup, whole", () => {
    assert.deepEqual(effective({}).service, {
      name: "upscaler",
      namespace: "media",
      owner: { apiVersion: "gpumedia.io/v1alpha1", kind: "GpuMediaService", name: "upscaler", uid: "1f4c" },
      profile: "production",
      suspend: false,
      image: "registry.example/processor:1-cuda",
      imagePullSecrets: [],
      gpu: { resourceName: "nvidia.com/gpu", count: 1, cuda: { launchBlocking: false, deviceOrder: "PCI_BUS_ID" } },
      resources: {
        requests: { cpu: "2000m", memory: "4Gi", "nvidia.com/gpu": "1" },
        limits: { cpu: "4000m", memory: "8Gi", "nvidia.com/gpu": "1" },
      },
      model: { name: "anime4k-2x", size: "s" },
      processing: {
        logLevel: "warn",
        accessLog: false,
        batch: { maxSize: 8, maxDelay: "2ms" },
        queue: { maxDepth: 256, maxWait: "1s" },
        memoryCleanup: { interval: "300s" },
        upstream: {
          allowedHosts: [],
          allowedNetworks: [],
          connections: 100,
          connectionsPerHost: 30,
          dnsCacheTtl: "300s",
          keepAlive: "30s",
        },
        env: [],
      },
      autoscaling: {
        horizontal: {
          enabled: true,
          provider: "HPA",
          minReplicas: 2,
          maxReplicas: 10,
          cpuUtilizationPercent: 60,
          gpuUtilizationPercent: 70,
          behavior: {
            scaleUp: {
              stabilizationWindowSeconds: 60,
              policies: [{ type: "Percent", value: 100, periodSeconds: 15 }],
            },
            scaleDown: {
              stabilizationWindowSeconds: 300,
              policies: [{ type: "Percent", value: 10, periodSeconds: 60 }],
            },
          },
          prometheusAddress: "http://prometheus-operated.monitoring.svc:9090",
        },
        vertical: {
          enabled: true,
          mode: "Auto",
          maxAllowed: { cpu: "4", memory: "8Gi" },
          controlledResources: ["memory"],
        },
      },
      network: {
        ingress: {
          enabled: false,
          className: "nginx",
          annotations: {},
          hashBy: "$request_uri",
          connectTimeout: "5s",
          sendTimeout: "300s",
          readTimeout: "300s",
          maxBodySize: "10m",
        },
        gateway: { parentRefs: [], hostnames: [] },
        cacheMaxAge: "300s",
        networkPolicy: {
          enabled: true,
          from: [],
          monitoringFrom: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "monitoring" } } }],
        },
      },
      monitoring: {
        dcgm: {
          enabled: true,
          fields: [
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
          profiling: false,
        },
        podMonitor: true,
        alerts: true,
        dashboard: true,
        scrapeInterval: "15s",
        labels: {},
        dashboardLabels: { grafana_dashboard: "1" },
      },
      regression: { onRollout: false, scenario: "baseline", tolerancePercent: 10 },
      slo: {
        latencyP95: "20ms",
        requestsPerSecondPerGpu: 1000,
        concurrentUsers: 100,
        memory: "4Gi",
        gpuUtilization: { min: 60, max: 80 },
      },
      rollout: { strategy: "Auto" },
      drain: { timeout: "300s" },
      podDisruptionBudget: { enabled: true, maxUnavailable: 1 },
      scheduling: {
        nodeSelector: {},
        tolerations: [{ key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" }],
        topologySpreadConstraints: [
          { topologyKey: "kubernetes.io/hostname", whenUnsatisfiable: "ScheduleAnyway", maxSkew: 1 },
        ],
      },
      sysctls: {
        "net.ipv4.ip_local_port_range": "10240 65535",
        "net.ipv4.tcp_fin_timeout": "15",
        "net.ipv4.tcp_keepalive_time": "120",
        "net.ipv4.tcp_keepalive_intvl": "15",
        "net.ipv4.tcp_keepalive_probes": "4",
      },
      podMetadata: { labels: {}, annotations: {} },
    });
  });

  it("names an origin for every leaf", () => {
    const { service, origins } = effective({});
    const {
      name: _name,
      namespace: _namespace,
      owner: _owner,
      profile: _profile,
      suspend: _suspend,
      ...spec
    } = service;
    assert.deepEqual([...origins.keys()].toSorted(), leaves(spec).toSorted());
  });
});

describe("the origin of a value", () => {
  const big = profile("big", { basedOn: "staging", autoscaling: { horizontal: { maxReplicas: 20 } } });
  const { origins } = effective({ profile: "big", processing: { logLevel: "debug" } }, big);
  const cases: readonly (readonly [path: string, origin: Origin])[] = [
    ["processing.logLevel", { kind: "spec" }],
    ["autoscaling.horizontal.maxReplicas", { kind: "profile", profile: "big" }],
    [
      "autoscaling.horizontal.cpuUtilizationPercent",
      { kind: "guide", profile: "staging", section: "Horizontal Pod Autoscaler (HPA)" },
    ],
    [
      "autoscaling.horizontal.minReplicas",
      {
        kind: "choice",
        profile: "staging",
        section: "Staging",
        why: "multi-GPU setup: two pods with a GPU each, the minimum of production",
      },
    ],
    [
      "rollout.strategy",
      { kind: "choice", profile: "staging", why: "whether a GPU is free is known only at the time of the rollout" },
    ],
    ["image", { kind: "flag", flag: "--processor-image" }],
    [
      'resources.limits["nvidia.com/gpu"]',
      { kind: "derived", from: "gpu.count", why: "1 of nvidia.com/gpu for each pod" },
    ],
  ];
  for (const [path, origin] of cases) {
    it(path, () => assert.deepEqual(origins.get(path), origin));
  }
});

describe("what follows from gpu", () => {
  it("count 0 selects the image without CUDA, and an image of the spec overrides both", () => {
    const image = (spec: GpuMediaServiceSpec) => {
      const { service, origins } = effective(spec);
      return [service.image, origins.get("image")];
    };
    assert.deepEqual(image({ gpu: { count: 0 } }), [
      defaults.processorImageCpu,
      { kind: "flag", flag: "--processor-image-cpu" },
    ]);
    assert.deepEqual(image({ gpu: { count: 0 }, image: "mine:1" }), ["mine:1", { kind: "spec" }]);
    assert.deepEqual(image({ image: "mine:1" }), ["mine:1", { kind: "spec" }]);
  });

  it("count 0 leaves nothing that needs a GPU, and has the guide's target for CPUs", () => {
    const { resources, scheduling, slo, autoscaling, monitoring } = effective({ gpu: { count: 0 } }).service;
    assert.deepEqual(
      {
        resources,
        tolerations: scheduling.tolerations,
        slo,
        scaledOnGpu: autoscaling.horizontal.gpuUtilizationPercent,
        dcgm: monitoring.dcgm.enabled,
      },
      {
        resources: { requests: { cpu: "2000m", memory: "4Gi" }, limits: { cpu: "4000m", memory: "8Gi" } },
        tolerations: [],
        slo: {
          latencyP95: "200ms",
          requestsPerSecondPerGpu: 0,
          concurrentUsers: 100,
          memory: "4Gi",
          gpuUtilization: { min: 0, max: 100 },
        },
        scaledOnGpu: 0,
        dcgm: false,
      },
    );
  });

  it("count 0 has the guide's latency target for CPUs, unless the service or a profile object sets one", () => {
    const onCpu = effective({ gpu: { count: 0 } });
    assert.deepEqual(onCpu.origins.get("slo.latencyP95"), {
      kind: "derived",
      from: "gpu.count",
      section: "Key Performance Metrics",
      why: "the guide's target on CPU",
    });
    const slow = profile("slow", { gpu: { count: 0 }, slo: { latencyP95: "1s" } });
    assert.deepEqual(
      [
        effective({ gpu: { count: 0 }, slo: { latencyP95: "150ms" } }).service.slo.latencyP95,
        effective({ profile: "slow" }, slow).service.slo.latencyP95,
      ],
      ["150ms", "1s"],
    );
  });

  it("count 0 has no batch delay, unless the service or a profile object sets one", () => {
    const onCpu = effective({ gpu: { count: 0 } });
    assert.deepEqual(onCpu.origins.get("processing.batch.maxDelay"), {
      kind: "derived",
      from: "gpu.count",
      why: "on a CPU, the model processes pictures one by one, so a delay only adds latency",
    });
    const patient = profile("patient", { gpu: { count: 0 }, processing: { batch: { maxDelay: "5ms" } } });
    assert.deepEqual(
      [
        onCpu.service.processing.batch.maxDelay,
        effective({ profile: "development", gpu: { count: 0 } }).service.processing.batch.maxDelay,
        effective({ gpu: { count: 0 }, processing: { batch: { maxDelay: "3ms" } } }).service.processing.batch.maxDelay,
        effective({ profile: "patient" }, patient).service.processing.batch.maxDelay,
        effective({ gpu: { count: 1 } }).service.processing.batch.maxDelay,
      ],
      ["0ms", "0ms", "3ms", "5ms", "2ms"],
    );
  });

  const taints: readonly (readonly [title: string, spec: GpuMediaServiceSpec, tolerations: object[]])[] = [
    [
      "a MIG slice has the toleration of NVIDIA's taint",
      { gpu: { resourceName: "nvidia.com/mig-1g.10gb" } },
      [{ key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" }],
    ],
    [
      "another vendor's resource has a toleration of its name, beside those of the service",
      { gpu: { resourceName: "example.com/gpu" }, scheduling: { tolerations: [{ key: "spot", operator: "Exists" }] } },
      [
        { key: "spot", operator: "Exists" },
        { key: "example.com/gpu", operator: "Exists", effect: "NoSchedule" },
      ],
    ],
    [
      "a toleration of the service for the same taint is kept",
      { scheduling: { tolerations: [{ key: "nvidia.com/gpu", value: "a100" }] } },
      [{ key: "nvidia.com/gpu", value: "a100" }],
    ],
    [
      "a service that tolerates everything has no further toleration",
      { scheduling: { tolerations: [{ operator: "Exists" }] } },
      [{ operator: "Exists" }],
    ],
  ];
  for (const [title, spec, tolerations] of taints) {
    it(title, () => assert.deepEqual(effective(spec).service.scheduling.tolerations, tolerations));
  }
});

describe("quantities", () => {
  it("are strings, also where the spec has numbers", () => {
    const { service } = effective({
      resources: { requests: { cpu: 1, memory: "1e3", "ephemeral-storage": "0.1" } },
      autoscaling: { vertical: { minAllowed: { cpu: 1 }, maxAllowed: { cpu: 8 } } },
      slo: { memory: 1_000_000_000 },
    });
    assert.deepEqual(
      {
        requests: service.resources.requests,
        minAllowed: service.autoscaling.vertical.minAllowed,
        maxAllowed: service.autoscaling.vertical.maxAllowed,
        slo: service.slo.memory,
      },
      {
        requests: { cpu: "1", memory: "1e3", "ephemeral-storage": "0.1", "nvidia.com/gpu": "1" },
        minAllowed: { cpu: "1" },
        maxAllowed: { cpu: "8", memory: "8Gi" },
        slo: "1000000000",
      },
    );
  });

  it("of 0 remove those of the profile, as does an empty kernel parameter", () => {
    const { service } = effective({
      resources: { limits: { cpu: 0 } },
      sysctls: { "net.ipv4.tcp_fin_timeout": "", "net.core.somaxconn": "4096" },
    });
    assert.deepEqual(
      { limits: service.resources.limits, sysctls: service.sysctls },
      {
        limits: { memory: "8Gi", "nvidia.com/gpu": "1" },
        sysctls: {
          "net.ipv4.ip_local_port_range": "10240 65535",
          "net.ipv4.tcp_keepalive_time": "120",
          "net.ipv4.tcp_keepalive_intvl": "15",
          "net.ipv4.tcp_keepalive_probes": "4",
          "net.core.somaxconn": "4096",
        },
      },
    );
  });
});

describe("a contradiction between spec and profile", () => {
  const still = profile("still", { replicas: 3, autoscaling: { horizontal: { enabled: false } } });
  const scaling = profile("scaling", { basedOn: "still", autoscaling: { horizontal: { enabled: true } } });
  const cases: {
    title: string;
    spec: GpuMediaServiceSpec;
    found: Readonly<Record<string, string>>;
  }[] = [
    {
      title: "replicas, and a profile with an autoscaler",
      spec: { profile: "scaling", replicas: 3 },
      found: {
        replicas:
          "the autoscaler sets the replicas (autoscaling.horizontal.enabled comes from profile scaling): remove replicas, or set autoscaling.horizontal.enabled: false",
      },
    },
    {
      title: "minReplicas above the profile's maxReplicas",
      spec: { autoscaling: { horizontal: { minReplicas: 12 } } },
      found: {
        "autoscaling.horizontal": "minReplicas 12 (spec) is above maxReplicas 10 (profile production): set both",
      },
    },
    {
      title: "a request above the profile's limit",
      spec: { resources: { requests: { memory: "16Gi" } } },
      found: {
        "resources.requests.memory":
          "16Gi (spec) is above the limit 8Gi (profile production): raise the limit, or remove it with 0",
      },
    },
    {
      title: "both autoscalers on CPU",
      spec: { profile: "scaling", autoscaling: { vertical: { controlledResources: ["cpu", "memory"] } } },
      found: {
        "autoscaling.vertical.controlledResources":
          "both autoscalers would act on CPU: set controlledResources: [memory], or autoscaling.horizontal.cpuUtilizationPercent: 0",
      },
    },
    {
      title: "no GPU, and no CPU target to scale on",
      spec: { gpu: { count: 0 }, autoscaling: { horizontal: { cpuUtilizationPercent: 0 } } },
      found: {
        "autoscaling.horizontal":
          "no metric to scale on: set cpuUtilizationPercent or gpuUtilizationPercent, or enabled: false",
      },
    },
    {
      title: "a CPU target without a CPU request",
      spec: { resources: { requests: { cpu: 0 }, limits: { cpu: 0 } } },
      found: {
        "resources.requests.cpu":
          "cpuUtilizationPercent is relative to the CPU request, and there is none: set resources.requests.cpu, or autoscaling.horizontal.cpuUtilizationPercent: 0",
      },
    },
    {
      title: "minAllowed above the profile's maxAllowed",
      spec: { autoscaling: { vertical: { minAllowed: { memory: "9Gi" } } } },
      found: {
        "autoscaling.vertical.minAllowed.memory": "9Gi is above maxAllowed.memory 8Gi: lower it, or raise the maximum",
      },
    },
    {
      title: "gpuUtilization.min above the profile's max",
      spec: { slo: { gpuUtilization: { min: 90 } } },
      found: { "slo.gpuUtilization": "min 90 is not below max 80: set both" },
    },
    {
      title: "a latency target of 0",
      spec: { slo: { latencyP95: "0s" } },
      found: { "slo.latencyP95": "must be above 0" },
    },
    {
      title: "devices without a limit, with a fractional limit, and with a limit other than the request",
      spec: {
        resources: {
          requests: { "example.com/fpga": 1, "example.com/nic": 1 },
          limits: { "example.com/nic": 2, "example.com/dsp": "500m" },
        },
      },
      found: {
        'resources.limits["example.com/fpga"]': "example.com/fpga needs a limit equal to its request: set it to 1",
        'resources.limits["example.com/nic"]':
          "2 differs from the request 1, and devices are not shared: set both to the same number",
        'resources.limits["example.com/dsp"]': "500m is not a whole number of devices: set a whole number",
      },
    },
    {
      title: "a model file without a volume",
      spec: { model: { path: "anime.onnx" } },
      found: { "model.volume": "anime.onnx needs a volume: set model.volume, or remove model.path" },
    },
  ];
  for (const { title, spec, found } of cases) {
    it(title, () => assert.deepEqual(problems(service(spec), still, scaling), found));
  }

  it("none: the volume of the service replaces that of the profile, whatever its type", () => {
    const models = profile("models", { model: { volume: { persistentVolumeClaim: { claimName: "models" } } } });
    assert.deepEqual(
      [
        effective({ profile: "models", model: { path: "a.onnx" } }, models).service.model,
        effective({ profile: "models", model: { path: "a.onnx", volume: { image: { reference: "m:1" } } } }, models)
          .service.model,
      ],
      [
        { name: "anime4k-2x", size: "s", path: "a.onnx", volume: { persistentVolumeClaim: { claimName: "models" } } },
        { name: "anime4k-2x", size: "s", path: "a.onnx", volume: { image: { reference: "m:1" } } },
      ],
    );
  });

  it("none: the replicas of a profile, with and without an autoscaler", () => {
    assert.deepEqual(
      [
        effective({ profile: "still" }, still).service.replicas,
        effective({ profile: "scaling" }, still, scaling).service.replicas,
      ],
      [3, 3],
    );
  });

  it("an Ingress, enabled by a profile, without a host or with a host of the Gateway", () => {
    const open = profile("open", {
      network: { ingress: { enabled: true }, gateway: { parentRefs: [{ name: "public" }] } },
    });
    assert.deepEqual(
      [
        problems(service({ profile: "open" }), open),
        problems(
          service({
            profile: "open",
            network: { ingress: { host: "a.example" }, gateway: { hostnames: ["a.example"] } },
          }),
          open,
        ),
      ],
      [
        { "network.ingress.host": "an Ingress without a host would match every host: set the host" },
        {
          "network.gateway.hostnames":
            "a.example is also the host of the Ingress: remove one of the two, or set network.ingress.enabled: false",
        },
      ],
    );
  });
});

describe("an object stored under an older schema", () => {
  const old = (spec: unknown, name?: string) => service(spec as GpuMediaServiceSpec, name);
  const cases: { title: string; object: GpuMediaService; found: Readonly<Record<string, string>> }[] = [
    {
      title: "a spec that is not a mapping",
      object: old("production"),
      found: { "": 'is the text "production", but must be a mapping' },
    },
    {
      title: "a string for a number",
      object: old({ autoscaling: { horizontal: { minReplicas: "two" } } }),
      found: { "autoscaling.horizontal.minReplicas": 'is the text "two", but must be a whole number' },
    },
    {
      title: "a mapping for a list, an empty section, a negative quantity",
      object: old({ processing: { env: { A: "b" } }, slo: null, resources: { limits: { memory: "-1" } } }),
      found: {
        "processing.env": "is a mapping, but must be a list",
        slo: "is empty, but must be a mapping",
        "resources.limits.memory": 'is the text "-1", but must be a non-negative quantity, such as 500m, 4 or 8Gi',
      },
    },
    {
      title: "a name of 63 characters, too long for the names of children",
      object: old({}, "a".repeat(63)),
      found: {
        "metadata.name":
          "the name must be at most 53 characters, as the names of its children add to it (such as NAME-dashboard)",
      },
    },
  ];
  for (const { title, object, found } of cases) {
    it(title, () => assert.deepEqual(problems(object), found));
  }

  it("unknown fields are ignored", () => {
    assert.deepEqual(
      effectiveService(old({ sparkle: true, gpu: { count: 1 } }), new Map(), defaults).kind,
      "Effective",
    );
  });

  for (const spec of [null, "x", { gpu: 3 }, { replicas: "many" }]) {
    it(`a profile with spec ${JSON.stringify(spec)} is named in the message`, () => {
      const object = profile("old", spec as unknown as GpuMediaProfileSpec);
      const result = effectiveService(service({ profile: "old" }), new Map([["old", object]]), defaults);
      assert.equal(result.kind, "InvalidSpec");
      assert.match(result.kind === "InvalidSpec" ? result.message : "", /^GpuMediaProfile old: /);
    });
  }
});
