/** GPUs that a DRA driver offers, imitated by its slices, on a control plane with the feature gates of DRA. */
import { randomUUID } from "node:crypto";
import type { KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import { deviceClassType } from "@gpumedia/operator/src/observe/device-class-view.ts";
import { resourceSliceType } from "@gpumedia/operator/src/observe/resource-slice-view.ts";
import { startCluster } from "../../cluster/cluster.ts";
import { shared } from "../../cluster/shared.ts";
import { until } from "../../cluster/until.ts";
import { Workspace } from "./workspace.ts";

export const driver = "gpu.nvidia.com";
/** Alpha in 1.35. The first two are GA in 1.37, the others are on by default since 1.36. */
const featureGates = {
  DRAExtendedResource: true,
  DRADeviceTaints: true,
  DRAPartitionableDevices: true,
  DRAConsumableCapacity: true,
};
const parameters = [
  `--feature-gates=${Object.keys(featureGates)
    .map((gate) => `${gate}=true`)
    .join(",")}`,
];

interface Slice {
  readonly name?: string;
  readonly generation?: number;
  /** Of a device by index. */
  readonly taints?: Readonly<Record<number, object>>;
}

/** Publishes the GPUs of a node, as NVIDIA's driver does. */
export async function publish(work: Workspace, node: string, gpus: number, slice: Slice = {}): Promise<KubeObject> {
  const { name = node, generation = 1, taints = {} } = slice;
  const devices = Array.from({ length: gpus }, (_, index) => ({
    name: `gpu-${index}`,
    attributes: {
      type: { string: "gpu" },
      uuid: { string: `GPU-${node}-${index}` },
      productName: { string: "NVIDIA H100 80GB HBM3" },
    },
    capacity: { memory: { value: "80Gi" } },
    ...(index in taints ? { taints: [taints[index]] } : {}),
  }));
  const pool = { name: node, generation, resourceSliceCount: 1 };
  return work.createObject(resourceSliceType, name, { spec: { driver, nodeName: node, pool, devices } });
}

/** Adds a node without GPUs for the services of one test. */
export async function pool(work: Workspace): Promise<{ readonly node: string; readonly scheduling: object }> {
  const name = `pool-${randomUUID().slice(0, 8)}`;
  const [node = ""] = await work.cluster.addNodes({ count: 1, gpus: 0, labels: { pool: name }, namePrefix: name });
  return { node, scheduling: { nodeSelector: { pool: name } } };
}

export function fixed(replicas: number, more: object): object {
  return { replicas, autoscaling: { horizontal: { enabled: false } }, ...more };
}

export function deviceClass(work: Workspace, name: string, spec: object): Promise<KubeObject> {
  return work.createObject(deviceClassType, name, { spec });
}

export const ofGpus = [
  { cel: { expression: `device.driver == '${driver}' && device.attributes['${driver}'].type == 'gpu'` } },
];

const draCluster = shared(() =>
  startCluster({
    crds: true,
    apiServer: { featureGates },
    controllerManager: { parameters },
    scheduler: { parameters },
  }),
);

/** A workspace for the whole suite with a running operator. Call it inside `describe`. */
export function draWorkspace(): Workspace {
  const work = new Workspace();
  before(async () => {
    await work.open(await draCluster());
    await work.startOperator();
  });
  after(() => work[Symbol.asyncDispose]());
  return work;
}

export async function untilCapacity(work: Workspace, service: string, expected: object): Promise<void> {
  await until(`the capacity of ${service} to be ${JSON.stringify(expected)}`, async (see) => {
    const capacity = see((await work.service(service))?.status?.capacity);
    return Object.entries(expected).every(
      ([member, value]) => (capacity as Record<string, unknown>)?.[member] === value,
    );
  });
}
