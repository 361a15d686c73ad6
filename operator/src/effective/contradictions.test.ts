import assert from "node:assert/strict";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import { service, profile, effective, problems } from "./effective.sample.ts";

describe("a contradiction between spec and profile", () => {
  const still = profile("still", { replicas: 3, autoscaling: { horizontal: { enabled: false } } });
  const scaling = profile("scaling", { basedOn: "still", autoscaling: { horizontal: { enabled: true } } });
  const plugin = profile("plugin", { gpu: { allocation: "ExtendedResource" } });
  const open = profile("open", {
    network: { ingress: { enabled: true }, gateway: { parentRefs: [{ name: "public" }] } },
  });
  const cases: {
    readonly [title: string]: {
      spec: GpuMediaServiceSpec;
      found: Readonly<Record<string, string>>;
    };
  } = {
    "replicas, and a profile with an autoscaler": {
      spec: { profile: "scaling", replicas: 3 },
      found: {
        replicas:
          "the autoscaler sets the replicas (autoscaling.horizontal.enabled comes from profile scaling): set autoscaling.horizontal.minReplicas and maxReplicas instead of replicas, or autoscaling.horizontal.enabled: false",
      },
    },
    "minReplicas above the profile's maxReplicas": {
      spec: { autoscaling: { horizontal: { minReplicas: 12 } } },
      found: {
        "autoscaling.horizontal": "minReplicas 12 (spec) is above maxReplicas 10 (profile production): set both",
      },
    },
    "relays only, and no TURN server": {
      spec: { live: { enabled: true, iceTransportPolicy: "relay", iceServers: ["stun:stun.example.com"] } },
      found: {
        "live.iceServers":
          "clients may only use relays (live.iceTransportPolicy: relay from spec), and there is no TURN server: add its URL, such as turn:turn.example.com:3478",
      },
    },
    "public addresses that are none": {
      spec: { live: { publicAddresses: ["203.0.113.7", "203.0.113"] } },
      found: {
        "live.publicAddresses[1]": "203.0.113 is not an IP address: WebRTC announces addresses, not host names",
      },
    },
    "a sidecar on the UDP port of live video": {
      spec: {
        live: { enabled: true },
        initContainers: [
          {
            name: "a",
            image: "a",
            restartPolicy: "Always",
            ports: [{ containerPort: 8080, protocol: "UDP", name: "live" }],
          },
        ],
      },
      found: {
        "initContainers[0].ports[0].containerPort": "port 8080/UDP is taken by the processor: choose another one",
        "initContainers[0].ports[0].name": "the port name live is taken by the processor: choose another one",
      },
    },
    "a request above the profile's limit": {
      spec: { resources: { requests: { memory: "16Gi" } } },
      found: {
        "resources.requests.memory":
          "16Gi (spec) is above the limit 8Gi (profile production): raise the limit, or remove it with 0",
      },
    },
    "both autoscalers on CPU": {
      spec: { profile: "scaling", autoscaling: { vertical: { controlledResources: ["cpu", "memory"] } } },
      found: {
        "autoscaling.vertical.controlledResources":
          "both autoscalers would act on CPU: set controlledResources: [memory], or autoscaling.horizontal.cpuUtilizationPercent: 0",
      },
    },
    "no GPU, and no CPU target to scale on": {
      spec: { gpu: { count: 0 }, autoscaling: { horizontal: { cpuUtilizationPercent: 0 } } },
      found: {
        "autoscaling.horizontal":
          "no metric to scale on: set cpuUtilizationPercent or gpuUtilizationPercent, or enabled: false",
      },
    },
    "no target to scale live video on": {
      spec: {
        gpu: { count: 0 },
        live: { enabled: true },
        autoscaling: { horizontal: { cpuUtilizationPercent: 0, liveSessionsPercent: 0, droppedFramesPercent: 0 } },
      },
      found: {
        "autoscaling.horizontal":
          "no metric to scale on: set cpuUtilizationPercent or gpuUtilizationPercent, or enabled: false",
      },
    },
    "a CPU target without a CPU request": {
      spec: { resources: { requests: { cpu: 0 }, limits: { cpu: 0 } } },
      found: {
        "resources.requests.cpu":
          "cpuUtilizationPercent is relative to the CPU request, and there is none: set resources.requests.cpu, or autoscaling.horizontal.cpuUtilizationPercent: 0",
      },
    },
    "a claim, and a profile that requests the extended resource": {
      spec: { profile: "plugin", gpu: { claim: { selectors: ["true"] } } },
      found: {
        "gpu.claim":
          "gpu.claim needs gpu.allocation ResourceClaim or Auto, and it is ExtendedResource (profile plugin): set gpu.allocation, or remove gpu.claim",
      },
    },
    "engines, and a profile that requests the extended resource": {
      spec: { profile: "plugin", gpu: { engines: { jpeg: 1 } } },
      found: {
        "gpu.engines":
          "gpu.engines needs gpu.allocation ResourceClaim or Auto, and it is ExtendedResource (profile plugin): set gpu.allocation, or remove gpu.engines",
      },
    },
    "memory of a shared GPU, and no sharing": {
      spec: { gpu: { share: { memoryPerPod: "4Gi" } } },
      found: { "gpu.share.memoryPerPod": "needs gpu.share.strategy: set it" },
    },
    "sharing by capacity, and no capacity": {
      spec: { gpu: { share: { strategy: "Capacity" } } },
      found: {
        "gpu.share.memoryPerPod": "strategy Capacity shares a GPU by the memory that each pod claims: set it",
      },
    },
    "sharing by capacity, and a profile that requests the extended resource": {
      spec: { profile: "plugin", gpu: { share: { strategy: "Capacity", memoryPerPod: "4Gi" } } },
      found: {
        "gpu.share.strategy":
          "Capacity needs gpu.allocation ResourceClaim or Auto, and it is ExtendedResource (profile plugin): set gpu.allocation, or another strategy",
      },
    },
    "two shares of a device plugin": {
      spec: { gpu: { count: 2, share: { strategy: "MPS" } } },
      found: {
        "gpu.count":
          "is 2, and a second share of a device plugin gives no more of a GPU: set gpu.count: 1, or gpu.allocation: ResourceClaim",
      },
    },
    "a claim of devices whose DeviceClass is not known": {
      spec: { gpu: { resourceName: "amd.com/gpu", allocation: "ResourceClaim" } },
      found: {
        "gpu.claim.deviceClassName": "no DeviceClass of amd.com/gpu is known: set the DeviceClass of the GPUs",
      },
    },
    "mounts over the processor's own directories, and below them": {
      spec: {
        volumes: [{ name: "a", emptyDir: {} }],
        model: { volume: { image: { reference: "models:1" } } },
        volumeMounts: [
          { name: "a", mountPath: "/etc" },
          { name: "a", mountPath: "/etc/gpumedia/more" },
          { name: "a", mountPath: "/tmp/" },
          { name: "a", mountPath: "/tmp/cache" },
          { name: "a", mountPath: "/data/../models/a" },
          { name: "a", mountPath: "/mnt" },
          { name: "a", mountPath: "/mnt/" },
          { name: "b", mountPath: "/mnt/b" },
        ],
      },
      found: {
        "volumeMounts[0].mountPath":
          "/etc would hide /etc/gpumedia, which has the processor's configuration: mount it elsewhere, such as at /mnt",
        "volumeMounts[1].mountPath":
          "/etc/gpumedia/more would hide /etc/gpumedia, which has the processor's configuration: mount it elsewhere, such as at /mnt",
        "volumeMounts[2].mountPath":
          "/tmp/ would hide /tmp, which has the processor's scratch space: mount it elsewhere, such as at /mnt",
        "volumeMounts[4].mountPath":
          "/data/../models/a would hide /models, which has the volume of model.volume: mount it elsewhere, such as at /mnt",
        "volumeMounts[7].name": "there is no volume b: add it to volumes",
        "volumeMounts[6].mountPath": "/mnt is mounted twice: remove one of the mounts",
      },
    },
    "added containers with the processor's port, too low a limit, and a volume that does not exist": {
      spec: {
        hostAliases: [
          { ip: ":", hostnames: ["a"] },
          { ip: "fd00::1", hostnames: ["b"] },
        ],
        initContainers: [
          {
            name: "a",
            image: "a",
            ports: [
              { containerPort: 8080, name: "http" },
              { containerPort: 8080, protocol: "UDP" },
            ],
            resources: { requests: { cpu: "1", memory: "2Gi" }, limits: { cpu: 1, memory: "1Gi" } },
            volumeMounts: [{ name: "tmp", mountPath: "/tmp" }],
          },
          { name: "b", image: "b", ports: [{ containerPort: 8080, protocol: "UDP" }] },
        ],
      },
      found: {
        "initContainers[0].volumeMounts[0].name": "there is no volume tmp: add it to volumes",
        "initContainers[0].ports[0].containerPort": "port 8080/TCP is taken by the processor: choose another one",
        "initContainers[1].ports[0].containerPort": "port 8080/UDP is taken: choose another one",
        "initContainers[0].ports[0].name": "the port name http is taken by the processor: choose another one",
        "initContainers[0].resources.requests.memory": "2Gi is above the limit 1Gi: raise the limit",
        "hostAliases[0].ip": ": is not an IP address",
      },
    },
    "a start budget of more than a day": {
      spec: { probes: { startup: { budget: "25h" } } },
      found: { "probes.startup.budget": "25h is above the maximum of 24h" },
    },
    "a pixel limit that the memory cannot hold": {
      spec: {
        processing: { limits: { pixels: 52_428_800 } },
        resources: { limits: { memory: "1Gi" }, requests: { memory: "1Gi" } },
      },
      found: {
        "processing.limits.pixels":
          "52428800 pixels need 1616Mi of memory, and resources.limits.memory is 1Gi (spec): raise it, or lower processing.limits.pixels",
      },
    },
    "minAllowed above the profile's maxAllowed": {
      spec: { autoscaling: { vertical: { minAllowed: { memory: "9Gi" } } } },
      found: {
        "autoscaling.vertical.minAllowed.memory": "9Gi is above maxAllowed.memory 8Gi: lower it, or raise the maximum",
      },
    },
    "gpuUtilization.min above the profile's max": {
      spec: { slo: { gpuUtilization: { min: 90 } } },
      found: { "slo.gpuUtilization": "min 90 is not below max 80: set both" },
    },
    "a latency target of 0": { spec: { slo: { latencyP95: "0s" } }, found: { "slo.latencyP95": "must be above 0" } },
    "devices without a limit, with a fractional limit, and with a limit other than the request": {
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
    "an Ingress that the profile enables, without a host": {
      spec: { profile: "open" },
      found: { "network.ingress.host": "an Ingress without a host would match every host: set the host" },
    },
    "an Ingress with a host of the Gateway": {
      spec: { profile: "open", network: { ingress: { host: "a.example" }, gateway: { hostnames: ["a.example"] } } },
      found: {
        "network.gateway.hostnames":
          "a.example is also the host of the Ingress: remove one of the two, or set network.ingress.enabled: false",
      },
    },
    "a model file without a volume": {
      spec: { model: { path: "anime.onnx" } },
      found: { "model.volume": "anime.onnx needs a volume: set model.volume, or remove model.path" },
    },
  };
  for (const [title, { spec, found }] of Object.entries(cases)) {
    it(title, () => assert.deepEqual(problems(service(spec), still, scaling, open, plugin), found));
  }

  it("none: the volume of the service replaces that of the profile, whatever its type", () => {
    const claim = { persistentVolumeClaim: { claimName: "models" } };
    const image = { image: { reference: "m:1" } };
    const models = profile("models", { model: { volume: claim } });
    const own = { name: "anime4k-2x", size: "s", path: "a.onnx" };
    const modelOf = (model: GpuMediaServiceSpec["model"]) =>
      effective({ profile: "models", model: { path: "a.onnx", ...model } }, models).service.model;
    assert.deepEqual(
      [modelOf({}), modelOf({ volume: image })],
      [
        { ...own, volume: claim },
        { ...own, volume: image },
      ],
    );
  });

  it("none: sessions of live video as the only target of the autoscaler", () => {
    const horizontal = { cpuUtilizationPercent: 0, droppedFramesPercent: 0 };
    const { service: scaled } = effective({ gpu: { count: 0 }, live: { enabled: true }, autoscaling: { horizontal } });
    assert.equal(scaled.autoscaling.horizontal.liveSessionsPercent, 75);
  });

  it("none: the replicas of a profile, with and without an autoscaler", () => {
    const replicasOf = (name: string) => effective({ profile: name }, still, scaling).service.replicas;
    assert.deepEqual([replicasOf("still"), replicasOf("scaling")], [3, 3]);
  });
});
