import assert from "node:assert/strict";
import type { KubeObject } from "../kube/object.ts";
import { deletionCostAnnotation } from "./names.ts";
import { sampleContainer, samplePod } from "./pod-view.sample.ts";
import { viewPod, type ContainerView, type PodView } from "./pod-view.ts";

const identity = { name: "p", namespace: "media", uid: "u", resourceVersion: "1" };
const metadata = { ...identity, creationTimestamp: "2026-01-01T00:00:00Z" };
const ownsCost = { "f:metadata": { "f:annotations": { [`f:${deletionCostAnnotation}`]: {} } } };
const ours = { "gpumedia.io/service": "upscaler", "pod-template-hash": "abc" };

function pod(change: { readonly metadata?: object; readonly spec?: object; readonly status?: object }): KubeObject {
  const { metadata: more = {}, ...rest } = change;
  return { apiVersion: "v1", kind: "Pod", metadata: { ...metadata, ...more }, ...rest };
}

const waits = samplePod({ labels: ours, node: undefined });

describe("the view of a pod", () => {
  const gpus = { containers: [{ name: "gpu-media", resources: { limits: { cpu: "4", "nvidia.com/gpu": "1" } } }] };
  const running = {
    phase: "Running",
    podIP: "10.0.0.1",
    conditions: [
      { type: "PodScheduled", status: "True" },
      { type: "Ready", status: "True" },
    ],
    containerStatuses: [
      { name: "mesh", restartCount: 9, state: { waiting: { reason: "CrashLoopBackOff" } } },
      { name: "gpu-media", restartCount: 1, state: { running: {} } },
    ],
  };
  const full = { cpu: "1", message: "0/3 nodes are available: 3 Insufficient nvidia.com/gpu." };
  const cases: { readonly [title: string]: { readonly pod: KubeObject; readonly view: PodView | undefined } } = {
    "is undefined for a pod without a service and devices": {
      pod: pod({ spec: { containers: [{ name: "web" }] } }),
      view: undefined,
    },
    "has the devices of all containers of a pod without a service": {
      pod: pod({
        spec: {
          nodeName: "gpu-0",
          containers: [
            { name: "a", resources: { requests: { "nvidia.com/gpu": "2" }, limits: { "nvidia.com/gpu": "2" } } },
            { name: "b", resources: { limits: { "nvidia.com/gpu": "1", "example.com/fpga": "1" } } },
          ],
        },
      }),
      view: {
        ...waits,
        service: undefined,
        labels: {},
        templateHash: undefined,
        node: "gpu-0",
        devices: { "nvidia.com/gpu": 3, "example.com/fpga": 1 },
      },
    },
    "has the claims of the pod, and the resource of a DeviceClass": {
      pod: pod({
        metadata: { labels: ours },
        spec: {
          resourceClaims: [{ name: "gpu", resourceClaimTemplateName: "upscaler-gpu-1" }],
          containers: [{ name: "a", resources: { limits: { "deviceclass.resource.kubernetes.io/mig": "1" } } }],
        },
      }),
      view: { ...waits, claims: ["gpu"], lacksClaim: true, devices: { "deviceclass.resource.kubernetes.io/mig": 1 } },
    },
    "has all claims once they have been created": {
      pod: pod({
        metadata: { labels: ours },
        spec: { resourceClaims: [{ name: "gpu", resourceClaimTemplateName: "upscaler-gpu-1" }] },
        status: { resourceClaimStatuses: [{ name: "gpu", resourceClaimName: "p-gpu-x" }] },
      }),
      view: { ...waits, claims: ["gpu"] },
    },
    "has the error of the scheduler": {
      pod: pod({
        metadata: { labels: ours },
        status: { conditions: [{ type: "PodScheduled", status: "False", reason: "SchedulerError", message: "boom" }] },
      }),
      view: { ...waits, unschedulable: "boom" },
    },
    "has the deletion cost that this operator has set": {
      pod: pod({
        metadata: {
          labels: ours,
          annotations: { [deletionCostAnnotation]: "2" },
          managedFields: [{ manager: "gpumedia-operator", fieldsV1: ownsCost }],
        },
      }),
      view: { ...waits, deletionCost: { value: "2", ours: true } },
    },
    "has the deletion cost of the pod template": {
      pod: pod({
        metadata: {
          labels: ours,
          annotations: { [deletionCostAnnotation]: "2" },
          managedFields: [{ manager: "kube-controller-manager", fieldsV1: ownsCost }, { manager: "gpumedia-operator" }],
        },
      }),
      view: { ...waits, deletionCost: { value: "2", ours: false } },
    },
    "names the init container that has not succeeded, and not the one that has": {
      pod: pod({
        metadata: { labels: ours },
        spec: {
          nodeName: "n",
          initContainers: [{ name: "vault", restartPolicy: "Always" }, { name: "a" }, { name: "b" }],
        },
        status: {
          initContainerStatuses: [
            { name: "vault", started: true, ready: true, state: { running: {} } },
            { name: "a", ready: true, state: { terminated: { exitCode: 0, reason: "Completed" } } },
            { name: "b", ready: false, restartCount: 1, state: { terminated: { exitCode: 2, reason: "Error" } } },
          ],
          containerStatuses: [{ name: "gpu-media", ready: false, state: { waiting: { reason: "PodInitializing" } } }],
        },
      }),
      view: {
        ...waits,
        node: "n",
        container: sampleContainer({ waiting: { reason: "PodInitializing", message: "" } }),
        blocking: {
          name: "b",
          comesFirst: true,
          ...sampleContainer({ restarts: 1, ended: { exitCode: 2, reason: "Error", message: "", signal: 0 } }),
        },
      },
    },
    "names the injected sidecar that is not ready": {
      pod: pod({
        metadata: { labels: ours },
        spec: { nodeName: "n" },
        status: {
          containerStatuses: [
            { name: "gpu-media", ready: true, state: { running: {} } },
            { name: "istio-proxy", ready: false, state: { running: {} } },
          ],
        },
      }),
      view: {
        ...waits,
        node: "n",
        container: sampleContainer({ running: true, ready: true }),
        blocking: { name: "istio-proxy", comesFirst: false, ...sampleContainer({ running: true }) },
      },
    },
    "has the device that its plugin reports as unhealthy": {
      pod: pod({
        metadata: { labels: ours },
        spec: { nodeName: "n" },
        status: {
          containerStatuses: [
            {
              name: "gpu-media",
              ready: true,
              state: { running: {} },
              allocatedResourcesStatus: [
                {
                  name: "nvidia.com/gpu",
                  resources: [
                    { resourceID: "GPU-1", health: "Healthy" },
                    { resourceID: "GPU-2", health: "Unhealthy" },
                  ],
                },
              ],
            },
          ],
        },
      }),
      view: {
        ...waits,
        node: "n",
        container: sampleContainer({ running: true, ready: true }),
        unhealthyDevice: "nvidia.com/gpu GPU-2: unhealthy",
      },
    },
    "has little of a pod that was just created": { pod: pod({ metadata: { labels: ours } }), view: waits },
    "has the scheduler's message of a pod that does not fit on any node": {
      pod: pod({
        metadata: { labels: ours },
        spec: gpus,
        status: {
          conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: full.message }],
        },
      }),
      view: { ...waits, devices: { "nvidia.com/gpu": 1 }, unschedulable: full.message },
    },
    "has the scheduling gates of a pod that Kueue has not admitted": {
      pod: pod({
        metadata: { labels: ours },
        spec: { schedulingGates: [{ name: "kueue.x-k8s.io/admission" }, { name: "kueue.x-k8s.io/topology" }] },
        status: { conditions: [{ type: "PodScheduled", status: "False", reason: "SchedulingGated" }] },
      }),
      view: { ...waits, gates: ["kueue.x-k8s.io/admission", "kueue.x-k8s.io/topology"] },
    },
    "has the kubelet's words of a pod that it rejected": {
      pod: pod({
        metadata: {
          labels: ours,
          managedFields: [
            { manager: "kube-controller-manager", time: "2026-01-01T00:09:00Z" },
            { manager: "kube-scheduler", subresource: "status", time: "2026-01-01T00:00:01Z" },
            { manager: "kubelet", subresource: "status", time: "2026-01-01T00:00:02Z" },
          ],
        },
        spec: { nodeName: "gpu-0" },
        status: { phase: "Failed", reason: "UnexpectedAdmissionError", message: "Pod was rejected: Allocate failed" },
      }),
      view: {
        ...waits,
        node: "gpu-0",
        phase: "Failed",
        failed: {
          reason: "UnexpectedAdmissionError",
          message: "Pod was rejected: Allocate failed",
          at: "2026-01-01T00:00:02Z",
        },
      },
    },
    "has no words of the kubelet for a pod whose node was removed": {
      pod: pod({ metadata: { labels: ours }, spec: { nodeName: "gpu-0" }, status: { phase: "Failed" } }),
      view: { ...waits, node: "gpu-0", phase: "Failed" },
    },
    "has the processor's state of a ready pod, not that of the sidecar": {
      pod: pod({ metadata: { labels: ours }, spec: { ...gpus, nodeName: "gpu-0" }, status: running }),
      view: {
        ...waits,
        node: "gpu-0",
        ip: "10.0.0.1",
        phase: "Running",
        ready: true,
        devices: { "nvidia.com/gpu": 1 },
        container: sampleContainer({ restarts: 1, running: true }),
      },
    },
    "shows a pod that is terminating": {
      pod: pod({ metadata: { labels: ours, deletionTimestamp: "2026-01-02T00:00:00Z" } }),
      view: { ...waits, terminating: true, terminatesBy: "2026-01-02T00:00:00Z" },
    },
  };
  for (const [title, { pod: object, view }] of Object.entries(cases))
    it(title, () => assert.deepEqual(viewPod(object), view));

  const killed = { exitCode: 137, reason: "OOMKilled", signal: 9, message: "" };
  const containers: { readonly [title: string]: { readonly status: object; readonly view: ContainerView } } = {
    "waits, and how it terminated the last time": {
      status: {
        restartCount: 3,
        state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 40s" } },
        lastState: { terminated: { exitCode: 1, reason: "Error", message: "no model" } },
      },
      view: sampleContainer({
        restarts: 3,
        waiting: { reason: "CrashLoopBackOff", message: "back-off 40s" },
        ended: { exitCode: 1, reason: "Error", message: "no model", signal: 0 },
      }),
    },
    "has terminated, which counts more than the time before": {
      status: { restartCount: 1, state: { terminated: killed }, lastState: { terminated: { exitCode: 1 } } },
      view: sampleContainer({ restarts: 1, ended: killed }),
    },
    "is running again": {
      status: { restartCount: 1, ready: true, state: { running: {} }, lastState: { terminated: killed } },
      view: sampleContainer({ restarts: 1, running: true, ready: true, ended: killed }),
    },
    "has not passed its startup probe": {
      status: { started: false, state: { running: {} } },
      view: sampleContainer({ running: true, started: false }),
    },
    "has no state yet": {
      status: {},
      view: sampleContainer(),
    },
  };
  for (const [title, { status, view }] of Object.entries(containers)) {
    it(`shows a processor that ${title}`, () => {
      const containerStatuses = [{ name: "gpu-media", ...status }];
      const object = pod({ metadata: { labels: ours }, status: { containerStatuses } });
      assert.deepEqual(viewPod(object)?.container, view);
    });
  }
});
