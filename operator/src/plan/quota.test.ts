import assert from "node:assert/strict";
import { sampleService } from "../desired/service.sample.ts";
import type { DeviceRequest, GpuRequest } from "../effective/gpu-request.ts";
import { sampleDra, sampleSlice } from "../observe/devices.sample.ts";
import { sampleNode } from "../observe/node-view.sample.ts";
import { sampleDevices, sampleGpus } from "./gpus.sample.ts";
import { gpuViewOf } from "./gpus.ts";
import { quotaHeadroom, type CountedTemplate, type QuotaHeadroom } from "./quota.ts";

const gpu = "nvidia.com/gpu";
const processor = {
  resources: {
    requests: { cpu: "2", memory: "4Gi", [gpu]: "1" },
    limits: { cpu: "4", memory: "8Gi", "ephemeral-storage": "1Gi", [gpu]: "1" },
  },
};
const template: CountedTemplate = { spec: { containers: [processor] } };

function quota(
  hard: Readonly<Record<string, string>>,
  used: Readonly<Record<string, string>> = {},
  more: { readonly name?: string; readonly scoped?: boolean } = {},
) {
  return { name: "team", namespace: "media", hard, used, scoped: false, ...more };
}

describe("how many more pods the quotas admit", () => {
  const cases: {
    readonly [title: string]: {
      readonly of?: CountedTemplate;
      readonly quotas: Parameters<typeof quotaHeadroom>[2];
      readonly left: readonly [replicas: number, resource: string, quota?: string] | undefined;
    };
  } = {
    "any number without a quota": { quotas: [], left: undefined },
    "any number where the quota is about something else": { quotas: [quota({ services: "0" })], left: undefined },
    "what is left of the GPUs": {
      quotas: [quota({ [`requests.${gpu}`]: "8" }, { [`requests.${gpu}`]: "5" })],
      left: [3, `requests.${gpu}`],
    },
    "whole pods": { quotas: [quota({ "requests.cpu": "9" }, { "requests.cpu": "4500m" })], left: [2, "requests.cpu"] },
    "by the short name of a request": { quotas: [quota({ cpu: "4" })], left: [2, "cpu"] },
    "by the limits": { quotas: [quota({ "limits.memory": "12Gi" })], left: [1, "limits.memory"] },
    "by the limit where there is no request": {
      quotas: [quota({ "requests.ephemeral-storage": "2Gi" })],
      left: [2, "requests.ephemeral-storage"],
    },
    "by the number of pods": { quotas: [quota({ pods: "2" }, { pods: "2" })], left: [0, "pods"] },
    "by the count of pods as objects": { quotas: [quota({ "count/pods": "2" })], left: [2, "count/pods"] },
    "none where more is used than the lowered quota has": {
      quotas: [quota({ pods: "2" }, { pods: "3" })],
      left: [0, "pods"],
    },
    "what the scarcest of several quotas admits": {
      quotas: [quota({ pods: "9", cpu: "20" }), quota({ [`requests.${gpu}`]: "4" }, {}, { name: "gpus" })],
      left: [4, `requests.${gpu}`, "gpus"],
    },
    "what those without scopes admit": { quotas: [quota({ pods: "0" }, {}, { scoped: true })], left: undefined },
    "with the requests of a sidecar beside those of the processor": {
      of: { spec: { containers: [processor], initContainers: [{ ...processor, restartPolicy: "Always" }] } },
      quotas: [quota({ cpu: "8" })],
      left: [2, "cpu"],
    },
    "with the largest init container, which runs before the processor": {
      of: { spec: { containers: [processor], initContainers: [{ resources: { requests: { cpu: "8" } } }] } },
      quotas: [quota({ cpu: "16" })],
      left: [2, "cpu"],
    },
  };
  for (const [title, { of = template, quotas, left }] of Object.entries(cases)) {
    it(title, () => {
      const [replicas = 0, resource = "", name = "team"] = left ?? [];
      const expected: QuotaHeadroom | undefined = left && { replicas, quota: name, resource };
      assert.deepEqual(quotaHeadroom(of, sampleGpus([sampleDevices(4, 4)]), quotas), expected);
    });
  }
});

// The names: pkg/quota/v1/evaluator/core/resource_claims.go of Kubernetes 1.35.
describe("how many more claims for devices the quotas admit", () => {
  const alternative = (deviceClass: string, count: number): DeviceRequest => {
    return { name: deviceClass, deviceClass, count, selectors: [], tolerations: [], capacity: {} };
  };
  const dra = sampleDra({ slices: [sampleSlice("a", ["0"])] });
  const nodes = [{ node: sampleNode({ name: "a" }), held: {} }];
  const plugin = { node: sampleNode({ name: "b", allocatable: { [gpu]: 4 } }), held: {} };
  const extended: GpuRequest = { kind: "ExtendedResource", resource: gpu, count: 1 };
  const claim: GpuRequest = {
    kind: "ResourceClaim",
    alternatives: [alternative("gpu.nvidia.com", 1), alternative("mig", 3), alternative("mig", 2)],
  };
  const ofClass = "gpu.nvidia.com.deviceclass.resource.k8s.io/devices";
  const cases: {
    readonly [title: string]: {
      readonly request: GpuRequest;
      readonly nodes?: typeof nodes;
      readonly hard: Readonly<Record<string, string>>;
      readonly left: readonly [replicas: number, resource: string] | undefined;
    };
  } = {
    "by class": { request: claim, hard: { [ofClass]: "2" }, left: [2, ofClass] },
    "the most of the alternatives": {
      request: claim,
      hard: { "mig.deviceclass.resource.k8s.io/devices": "6" },
      left: [2, "mig.deviceclass.resource.k8s.io/devices"],
    },
    "as objects": {
      request: claim,
      hard: { "count/resourceclaims.resource.k8s.io": "5" },
      left: [5, "count/resourceclaims.resource.k8s.io"],
    },
    "as the extended resource of the class": {
      request: claim,
      hard: { [`requests.${gpu}`]: "4" },
      left: [4, `requests.${gpu}`],
    },
    "as the implicit resource of the class": {
      request: extended,
      hard: { "requests.deviceclass.resource.kubernetes.io/gpu.nvidia.com": "4" },
      left: [4, "requests.deviceclass.resource.kubernetes.io/gpu.nvidia.com"],
    },
    "of the scheduler's own claims": { request: extended, hard: { [ofClass]: "2" }, left: [2, ofClass] },
    "not where pods may get the GPU of a device plugin": {
      request: extended,
      nodes: [...nodes, plugin],
      hard: { [ofClass]: "2" },
      left: undefined,
    },
  };
  for (const [title, { request, nodes: all = nodes, hard, left }] of Object.entries(cases)) {
    it(title, () => {
      const gpus = gpuViewOf(request, sampleService().scheduling, { synced: true, nodes: all, dra });
      const { replicas, resource } = quotaHeadroom({ spec: { containers: [{}] } }, gpus, [quota(hard)]) ?? {};
      assert.deepEqual(replicas === undefined ? undefined : [replicas, resource], left);
    });
  }
});
