import assert from "node:assert/strict";
import {
  builtInProfiles,
  type GpuMediaProfileSpec,
  type GpuMediaService,
  type GpuMediaServiceSpec,
} from "@gpumedia/api";
import { service, profile, effective, problems, defaults } from "./effective.sample.ts";
import { effectiveService } from "./effective.ts";
import type { Origin } from "./service.ts";

/** The paths of lists and scalars; does not share the code under test. */
function leaves(node: object, parent = ""): string[] {
  return Object.entries(node).flatMap(([key, value]: [string, unknown]) => {
    const quoted = /[./]/.test(key) ? `${parent}["${key}"]` : [parent, key].filter((part) => part !== "").join(".");
    return typeof value === "object" && value !== null && !Array.isArray(value) ? leaves(value, quoted) : [quoted];
  });
}

describe("the effective service of spec: {}", () => {
  it("is the production profile, with what follows from the flags and from its GPU", () => {
    const { resources, scheduling, ...spec } = builtInProfiles.production.spec;
    assert.deepEqual(effective({}).service, {
      ...spec,
      name: "upscaler",
      namespace: "media",
      owner: { apiVersion: "gpumedia.io/v1alpha1", kind: "GpuMediaService", name: "upscaler", uid: "1f4c" },
      profile: "production",
      suspend: false,
      image: "registry.example/processor:1-cuda",
      resources: {
        requests: { ...resources.requests, "nvidia.com/gpu": "1" },
        limits: { ...resources.limits, "nvidia.com/gpu": "1" },
      },
      scheduling: {
        ...scheduling,
        tolerations: [{ key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" }],
      },
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
          frameLatencyP95: "100ms",
          droppedFramesPercent: 5,
          concurrentUsers: 100,
          memory: "4Gi",
          gpuUtilization: { min: 0, max: 100 },
        },
        scaledOnGpu: 0,
        dcgm: false,
      },
    );
  });

  it("count 0 has the guide's latency target for CPUs, and no batch delay", () => {
    const { origins } = effective({ gpu: { count: 0 } });
    assert.deepEqual(
      [origins.get("slo.latencyP95"), origins.get("processing.batch.maxDelay")],
      [
        {
          kind: "derived",
          from: "gpu.count",
          section: "Key Performance Metrics",
          why: "the guide's target on CPU",
        },
        {
          kind: "derived",
          from: "gpu.count",
          why: "on a CPU, the model processes pictures one by one, so a delay only adds latency",
        },
      ],
    );
  });

  const hashes: Readonly<Record<string, readonly [GpuMediaServiceSpec, hashBy: string, kind: Origin["kind"]]>> = {
    "none for uploads, which have one URI": [{}, "", "choice"],
    "the guide's for pictures by URL, extended for uploads and streams": [
      { processing: { upstream: { allowedHosts: ["img.example.com"] } } },
      "$request_uri$content_length$request_body_file$http_sec_websocket_key",
      "derived",
    ],
    "that of the spec": [
      {
        processing: { upstream: { allowedHosts: ["img.example.com"] } },
        network: { ingress: { hashBy: "$request_uri" } },
      },
      "$request_uri",
      "spec",
    ],
  };
  for (const [title, [spec, hashBy, kind]] of Object.entries(hashes)) {
    it(`has as key of the Ingress ${title}`, () => {
      const { service, origins } = effective(spec);
      assert.deepEqual([service.network.ingress.hashBy, origins.get("network.ingress.hashBy")?.kind], [hashBy, kind]);
    });
  }

  const onCpu: GpuMediaServiceSpec = { gpu: { count: 0 } };
  const own: GpuMediaProfileSpec = { ...onCpu, slo: { latencyP95: "1s" }, processing: { batch: { maxDelay: "5ms" } } };
  const targets: {
    readonly [title: string]: readonly [spec: GpuMediaServiceSpec, latencyP95: string, maxDelay: string];
  } = {
    "those of the profile with a GPU": [{}, "20ms", "2ms"],
    "those for CPUs with count 0": [onCpu, "200ms", "0ms"],
    "those for CPUs with count 0 and the development profile": [{ ...onCpu, profile: "development" }, "200ms", "0ms"],
    "those of a profile object": [{ profile: "own" }, "1s", "5ms"],
    "those of the service": [
      { ...onCpu, slo: { latencyP95: "150ms" }, processing: { batch: { maxDelay: "3ms" } } },
      "150ms",
      "3ms",
    ],
  };
  for (const [title, [spec, latencyP95, maxDelay]] of Object.entries(targets)) {
    it(`latency target and batch delay are ${title}`, () => {
      const { slo, processing } = effective(spec, profile("own", own)).service;
      assert.deepEqual([slo.latencyP95, processing.batch.maxDelay], [latencyP95, maxDelay]);
    });
  }

  const ownLimits: GpuMediaProfileSpec = { processing: { limits: { bodyBytes: 5_000_000 } } };
  const bodyLimits: {
    readonly [title: string]: readonly [spec: GpuMediaServiceSpec, bodyBytes: number, maxBodySize: string];
  } = {
    "the processor's and the guide's by default": [{}, 33_554_432, "10m"],
    "the Ingress' if that alone is set": [{ network: { ingress: { maxBodySize: "50m" } } }, 52_428_800, "50m"],
    "the processor's maximum if the Ingress has none": [{ network: { ingress: { maxBodySize: "0" } } }, 1024 ** 3, "0"],
    "the processor's if that alone is set": [
      { processing: { limits: { bodyBytes: 40_000_000 } } },
      40_000_000,
      "40000000",
    ],
    "that of a profile object": [{ profile: "own" }, 5_000_000, "5000000"],
    "each its own if both are set": [
      { processing: { limits: { bodyBytes: 40_000_000 } }, network: { ingress: { maxBodySize: "1m" } } },
      40_000_000,
      "1m",
    ],
  };
  for (const [title, [spec, bodyBytes, maxBodySize]] of Object.entries(bodyLimits)) {
    it(`body limits are ${title}`, () => {
      const { processing, network } = effective(spec, profile("own", ownLimits)).service;
      assert.deepEqual([processing.limits.bodyBytes, network.ingress.maxBodySize], [bodyBytes, maxBodySize]);
    });
  }

  const ownModel = { path: "m.onnx", volume: { persistentVolumeClaim: { claimName: "models" } } };
  const pixelLimits: { readonly [title: string]: readonly [spec: GpuMediaServiceSpec, pixels: number] } = {
    "50 megapixels with the built-in model": [{}, 52_428_800],
    "4096x4096 with a model of one's own, which gets the whole picture": [{ model: ownModel }, 16_777_216],
    "50 megapixels if that model is tiled": [{ model: { ...ownModel, tile: 256 } }, 52_428_800],
    "that of the service": [{ model: ownModel, processing: { limits: { pixels: 99 } } }, 99],
  };
  for (const [title, [spec, pixels]] of Object.entries(pixelLimits)) {
    it(`the pixel limit is ${title}`, () => assert.equal(effective(spec).service.processing.limits.pixels, pixels));
  }

  it("the default pixel limit is no contradiction where the memory holds less: the processor rejects what does not fit", () => {
    const { service } = effective({ resources: { limits: { memory: "1Gi" }, requests: { memory: "1Gi" } } });
    assert.equal(service.processing.limits.pixels, 52_428_800);
  });

  const nvidia = { key: "nvidia.com/gpu", operator: "Exists", effect: "NoSchedule" };
  const taints: { readonly [title: string]: readonly [spec: GpuMediaServiceSpec, tolerations: object[]] } = {
    "a MIG slice has the toleration of NVIDIA's taint": [{ gpu: { resourceName: "nvidia.com/mig-1g.10gb" } }, [nvidia]],
    "another vendor's resource has a toleration of its name, beside those of the service": [
      { gpu: { resourceName: "example.com/gpu" }, scheduling: { tolerations: [{ key: "spot", operator: "Exists" }] } },
      [
        { key: "spot", operator: "Exists" },
        { ...nvidia, key: "example.com/gpu" },
      ],
    ],
    "a toleration of the service for the same taint is kept": [
      { scheduling: { tolerations: [{ key: "nvidia.com/gpu", value: "a100" }] } },
      [{ key: "nvidia.com/gpu", value: "a100" }],
    ],
    "a service that tolerates everything has no further toleration": [
      { scheduling: { tolerations: [{ operator: "Exists" }] } },
      [{ operator: "Exists" }],
    ],
  };
  for (const [title, [spec, tolerations]] of Object.entries(taints)) {
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
      sysctls: { "net.ipv4.ip_local_port_range": "", "net.core.somaxconn": "4096" },
    });
    assert.deepEqual(
      { limits: service.resources.limits, sysctls: service.sysctls },
      {
        limits: { memory: "8Gi", "nvidia.com/gpu": "1" },
        sysctls: { "net.core.somaxconn": "4096" },
      },
    );
  });
});

describe("an object stored under an older schema", () => {
  const old = (spec: unknown, name?: string) => service(spec as GpuMediaServiceSpec, name);
  const cases: { readonly [title: string]: { object: GpuMediaService; found: Readonly<Record<string, string>> } } = {
    "a spec that is not a mapping": {
      object: old("production"),
      found: { "": 'is the text "production", but must be a mapping' },
    },
    "a string for a number": {
      object: old({ autoscaling: { horizontal: { minReplicas: "two" } } }),
      found: { "autoscaling.horizontal.minReplicas": 'is the text "two", but must be a whole number' },
    },
    "a mapping for a list, an empty section, a negative quantity": {
      object: old({ processing: { env: { A: "b" } }, slo: null, resources: { limits: { memory: "-1" } } }),
      found: {
        "processing.env": "is a mapping, but must be a list",
        slo: "is empty, but must be a mapping",
        "resources.limits.memory": 'is the text "-1", but must be a non-negative quantity, such as 500m, 4 or 8Gi',
      },
    },
    "a name of 63 characters, too long for the names of children": {
      object: old({}, "a".repeat(63)),
      found: {
        "metadata.name":
          "the name must be at most 53 characters, as the names of its children add to it (such as NAME-dashboard)",
      },
    },
  };
  for (const [title, { object, found }] of Object.entries(cases)) {
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
