import assert from "node:assert/strict";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import { parse } from "yaml";
import { gpuRequest } from "../effective/gpu-request.ts";
import { desiredChildren } from "./children.ts";
import { podTemplate } from "./pod-template.ts";
import { claimTemplate } from "./resource-claim-template.ts";
import { sampleContext, sampleMetadata, sampleService } from "./service.sample.ts";

type Gpu = NonNullable<GpuMediaServiceSpec["gpu"]>;

function templateOf(gpu: Gpu) {
  const service = sampleService({ gpu });
  return claimTemplate(service, gpuRequest(service, "ResourceClaim")) ?? assert.fail("no template");
}

describe("the ResourceClaimTemplate", () => {
  const cases: { readonly [title: string]: readonly [gpu: Gpu, requests: string] } = {
    "asks for NVIDIA's GPUs by default, with the API server's defaults": [
      { count: 2 },
      `[{ name: gpu, exactly: { deviceClassName: gpu.nvidia.com, allocationMode: ExactCount, count: 2 } }]`,
    ],
    "asks for a MIG device of the resource's profile": [
      { resourceName: "nvidia.com/mig-1g.5gb.me" },
      `
        - name: gpu
          exactly:
            deviceClassName: mig.nvidia.com
            allocationMode: ExactCount
            count: 1
            selectors:
              - cel:
                  expression: "'profile' in device.attributes['gpu.nvidia.com'] && device.attributes['gpu.nvidia.com'].profile == '1g.5gb+me'"`,
    ],
    "has the class, selectors and tolerations of the claim": [
      {
        claim: {
          deviceClassName: "gpu.example.com",
          selectors: ["device.driver == 'a'", "true"],
          tolerations: [{ key: "example.com/slow", value: "", effect: "NoSchedule" }, { operator: "Exists" }],
        },
      },
      `
        - name: gpu
          exactly:
            deviceClassName: gpu.example.com
            allocationMode: ExactCount
            count: 1
            selectors: [{ cel: { expression: "device.driver == 'a'" } }, { cel: { expression: "true" } }]
            tolerations: [{ key: example.com/slow, operator: Equal, effect: NoSchedule }, { operator: Exists }]`,
    ],
    "asks each alternative for the engines, and checks first that a device has the capacity": [
      {
        engines: { jpeg: 1, decoders: 2 },
        claim: { selectors: ["true"], firstAvailable: [{ name: "slice", deviceClassName: "mig.nvidia.com" }] },
      },
      `
        - name: gpu
          firstAvailable:
            - name: slice
              deviceClassName: mig.nvidia.com
              allocationMode: ExactCount
              count: 1
              selectors:
                - cel: { expression: "true" }
                - cel:
                    expression: "'jpegEngines' in device.capacity['gpu.nvidia.com'] && device.capacity['gpu.nvidia.com'].jpegEngines.compareTo(quantity('1')) >= 0 && 'decoders' in device.capacity['gpu.nvidia.com'] && device.capacity['gpu.nvidia.com'].decoders.compareTo(quantity('2')) >= 0"`,
    ],
    "has alternatives in their order, with what applies to all of them": [
      {
        count: 2,
        claim: {
          selectors: ["true"],
          firstAvailable: [
            { name: "slice", deviceClassName: "mig.nvidia.com", count: 1, selectors: ["device.driver == 'a'"] },
            { name: "whole", tolerations: [{ key: "a" }] },
          ],
        },
      },
      `
        - name: gpu
          firstAvailable:
            - name: slice
              deviceClassName: mig.nvidia.com
              allocationMode: ExactCount
              count: 1
              selectors: [{ cel: { expression: "true" } }, { cel: { expression: "device.driver == 'a'" } }]
            - name: whole
              deviceClassName: gpu.nvidia.com
              allocationMode: ExactCount
              count: 2
              selectors: [{ cel: { expression: "true" } }]
              tolerations: [{ key: a, operator: Equal }]`,
    ],
  };
  for (const [title, [gpu, requests]] of Object.entries(cases)) {
    it(title, () => {
      const { name, hash, manifest } = templateOf(gpu);
      assert.equal(name, `upscaler-gpu-${hash}`);
      assert.deepEqual(manifest, {
        apiVersion: "resource.k8s.io/v1",
        kind: "ResourceClaimTemplate",
        metadata: sampleMetadata(name),
        spec: {
          metadata: { labels: { "gpumedia.io/service": "upscaler" } },
          spec: { devices: { requests: parse(requests) as unknown } },
        },
      });
    });
  }

  const configs: { readonly [title: string]: readonly [gpu: Gpu, config: string] } = {
    "has no configuration of a GPU that a pod has alone, or shares by its memory": [
      { share: { strategy: "Capacity", memoryPerPod: "4096Mi" } },
      "[]",
    ],
    "configures time slices": [
      { share: { strategy: "TimeSlicing", timeSlice: "Long" } },
      "[{ requests: [gpu], opaque: { driver: gpu.nvidia.com, parameters: { apiVersion: resource.nvidia.com/v1beta1, kind: GpuConfig, sharing: { strategy: TimeSlicing, timeSlicingConfig: { interval: Long } } } } }]",
    ],
    "configures MPS of each alternative, as the kind of its devices": [
      {
        share: { strategy: "MPS", memoryPerPod: "4096Mi", threadPercentage: 50 },
        claim: { firstAvailable: [{ name: "a" }, { name: "b", deviceClassName: "mig.nvidia.com" }] },
      },
      `
        - requests: [gpu/a]
          opaque:
            driver: gpu.nvidia.com
            parameters: { apiVersion: resource.nvidia.com/v1beta1, kind: GpuConfig, sharing: &mps { strategy: MPS, mpsConfig: { defaultActiveThreadPercentage: 50, defaultPinnedDeviceMemoryLimit: 4Gi } } }
        - requests: [gpu/b]
          opaque:
            driver: gpu.nvidia.com
            parameters: { apiVersion: resource.nvidia.com/v1beta1, kind: MigDeviceConfig, sharing: *mps }`,
    ],
  };
  // https://github.com/kubernetes-sigs/dra-driver-nvidia-gpu/tree/main/api/nvidia.com/resource/v1beta1
  for (const [title, [gpu, config]] of Object.entries(configs)) {
    it(title, () => {
      const { manifest } = templateOf({ allocation: "ResourceClaim", ...gpu });
      const { spec } = (manifest as unknown as { spec: { spec: { devices: { config?: unknown; requests: object } } } })
        .spec;
      assert.deepEqual(spec.devices.config ?? [], parse(config));
      const memory = gpu.share?.memoryPerPod === undefined ? 0 : 1;
      assert.equal(
        JSON.stringify(spec.devices.requests).includes('"capacity":{"requests":{"memory":"4Gi"}}'),
        memory === 1,
      );
    });
  }

  it("has another name for another spec, and the same one for the same spec", () => {
    const [one, same, other] = [templateOf({ count: 1 }), templateOf({ count: 1 }), templateOf({ count: 2 })];
    assert.equal(one.name, same.name);
    assert.notEqual(one.name, other.name);
    // A change of this name would replace the pods of every service with claims at an upgrade of the operator.
    assert.equal(one.name, "upscaler-gpu-60ca3fa631");
    assert.match(other.hash, /^[0-9a-f]{10}$/);
  });
});

describe("pods with a claim", () => {
  const service = sampleService({ resources: { limits: { "nvidia.com/gpucores": 30 } } });
  const gpus = gpuRequest(service, "ResourceClaim");
  const { name, hash } = claimTemplate(service, gpus) ?? assert.fail();

  it("differ from others in nothing but the claim, the label of its template and the extended resource", () => {
    const by = (request: typeof gpus) => podTemplate(service, { ...sampleContext, gpus: request }) as PodTemplate;
    const [claiming, plain] = [by(gpus), by(gpuRequest(service, "ExtendedResource"))];
    const [container, before] = [claiming.spec.containers[0], plain.spec.containers[0]];
    assert.deepEqual(container.resources, {
      requests: { cpu: "2", memory: "4Gi" },
      limits: { cpu: "4", memory: "8Gi", "nvidia.com/gpucores": "30" },
      claims: [{ name: "gpu" }],
    });
    assert.deepEqual(claiming, {
      metadata: { ...plain.metadata, labels: { ...plain.metadata.labels, "gpumedia.io/gpu-claim": hash } },
      spec: {
        ...plain.spec,
        resourceClaims: [{ name: "gpu", resourceClaimTemplateName: name }],
        containers: [{ ...before, resources: container.resources }],
      },
    });
  });

  it("have a template that is created before them", () => {
    const children = desiredChildren(service, { ...sampleContext, gpus });
    const waves = new Map(children.map((child) => [`${child.kind.type.kind} ${child.name}`, child.kind.wave]));
    assert.equal(waves.get(`ResourceClaimTemplate ${name}`), 0);
    assert.equal(waves.get("Deployment upscaler"), 1);
  });
});

interface PodTemplate {
  readonly metadata: { readonly labels: object };
  readonly spec: { readonly containers: readonly [{ readonly resources: object }] };
}
