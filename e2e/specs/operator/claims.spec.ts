/**
 * Services whose pods claim their GPUs, on a real API server with a real scheduler. Nodes and devices are fake: the slices
 * are as NVIDIA's DRA driver documents them.
 */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import type { KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import { childKinds } from "@gpumedia/operator/src/observe/child-kinds.ts";
import { podType, serviceType } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import { deviceClassType } from "@gpumedia/operator/src/observe/device-class-view.ts";
import { replicaSetType } from "@gpumedia/operator/src/observe/replica-set-view.ts";
import { resourceClaimType as claimType } from "@gpumedia/operator/src/observe/resource-claim-view.ts";
import { resourceSliceType as sliceType } from "@gpumedia/operator/src/observe/resource-slice-view.ts";
import { describeSince } from "../../cluster/kubernetes-version.ts";
import { until } from "../../cluster/until.ts";
import { operatorWorkspace } from "./operator-cluster.ts";

const templateType = childKinds.resourceClaimTemplate.type;

const product = "NVIDIA L4";

function claiming(deviceClassName: string, replicas: number, claim: object = {}): GpuMediaServiceSpec {
  return {
    replicas,
    autoscaling: { horizontal: { enabled: false } },
    gpu: { allocation: "ResourceClaim", claim: { deviceClassName, ...claim } },
  };
}

describeSince("1.34")("GPUs by ResourceClaim", function () {
  this.timeout(120_000);
  const work = operatorWorkspace();
  /** Of this file alone: other specs use the same cluster. */
  const domain = `gpu-${randomUUID().slice(0, 8)}.example.com`;
  let nodes: readonly string[] = [];

  before(async () => {
    nodes = await work.cluster.addNodes({ count: 2, gpus: 0, namePrefix: "claims" });
  });
  after(async () => {
    for (const path of created.splice(0)) await work.cluster.rest.delete(path);
    await work.cluster.removeNodes(nodes);
  });

  const created: string[] = [];
  async function create(type: typeof sliceType, name: string, spec: object): Promise<void> {
    await work.createObject(type, name, { spec });
    created.push(`/apis/resource.k8s.io/v1/${type.resource}/${name}`);
  }

  /** A DeviceClass of its own devices, of which each node has some; returns the name of the class. */
  async function devices(name: string, perNode: readonly number[], capacity: object = {}): Promise<string> {
    const driver = `${name}.${domain}`;
    const selectors = [{ cel: { expression: `device.driver == '${driver}'` } }];
    await create(deviceClassType, driver, { selectors });
    for (const [index, count] of perNode.entries()) {
      const node = nodes[index] ?? assert.fail();
      const slice = `${node}-${driver}`;
      const spec = {
        driver,
        nodeName: node,
        pool: { name: node, generation: 1, resourceSliceCount: 1 },
        devices: Array.from({ length: count }, (_, device) => ({
          name: `gpu-${device}`,
          attributes: {
            type: { string: "gpu" },
            uuid: { string: `GPU-${node}-${device}` },
            productName: { string: product },
          },
          capacity: { memory: { value: "22Gi" }, ...capacity },
        })),
      };
      await create(sliceType, slice, spec);
    }
    return driver;
  }

  async function listed(type: typeof templateType, service: string): Promise<readonly KubeObject[]> {
    const { items } = await work.client.list(type, {
      namespace: work.namespace,
      labelSelector: `gpumedia.io/service=${service}`,
    });
    return items;
  }

  const templates = async (service: string) => (await listed(templateType, service)).map(({ metadata }) => metadata);
  const claimTemplate = async (service: string) => (await work.service(service))?.status?.gpu?.claimTemplate;

  it("give each pod its devices, which the status names, and nothing is written again", async () => {
    const deviceClass = await devices("whole", [2, 2]);
    await work.apply("claiming", { ...claiming(deviceClass, 2), gpu: { ...claiming(deviceClass, 2).gpu, count: 2 } });
    await work.untilReady("claiming");
    const claims = await listed(claimType, "claiming");
    assert.equal(claims.length, 2);
    const status = await until("the devices of both pods", async (see) => {
      const gpu = see((await work.service("claiming"))?.status?.gpu);
      return gpu?.devices?.length === 4 ? gpu : undefined;
    });
    const { allocation, message, claimTemplate: name, devices: found = [] } = status;
    assert.deepEqual([allocation, message], ["ResourceClaim", "set by gpu.allocation"]);
    assert.deepEqual(
      (await templates("claiming")).map((one) => one.name),
      [name],
    );
    const uuids = nodes.flatMap((node) => [0, 1].map((device) => `GPU-${node}-${device}`));
    assert.deepEqual(new Set(found.map(({ uuid }) => uuid)), new Set(uuids));
    assert.ok(found.every(({ node = "", productName }) => nodes.includes(node) && productName === product));
    const { template } = (await work.child("deployment", "claiming")).spec;
    const [container] = template.spec.containers;
    assert.deepEqual(Object.keys(container.resources.limits), ["cpu", "memory"]);

    await work.patch(templateType, name ?? "", [{ op: "remove", path: "/metadata/labels/app.kubernetes.io~1part-of" }]);
    await until("the label of the template to be restored", async (see) => {
      const [{ labels = {} } = assert.fail()] = see(await templates("claiming"));
      return labels["app.kubernetes.io/part-of"] === "gpumedia";
    });

    // A restart reads everything again: what differs from the stored objects would be written.
    const since = Date.now();
    assert.equal(await work.operator.end("SIGTERM"), "exit 0");
    await work.startOperator();
    await work.apply("marker", { ...claiming(deviceClass, 0) });
    await work.untilReady("marker");
    const written = work.writes(since).filter(({ objectRef }) => objectRef?.name?.startsWith("claiming"));
    assert.deepEqual(
      written.filter(({ objectRef }) => objectRef?.subresource !== "status"),
      [],
    );
  });

  it("are replaced when the claim changes; a template stays while a ReplicaSet uses it, and is used again", async () => {
    const deviceClass = await devices("changed", [2, 2]);
    await work.apply("changing", claiming(deviceClass, 1));
    await work.untilReady("changing");
    const [first] = await templates("changing");
    const [pod] = await listed(podType, "changing");

    await work.apply("changing", claiming(deviceClass, 1, { selectors: [`device.driver == '${deviceClass}'`] }));
    await work.untilReady("changing");
    assert.notEqual(await claimTemplate("changing"), first?.name);
    assert.ok(!(await listed(podType, "changing")).some(({ metadata }) => metadata.uid === pod?.metadata.uid));
    assert.equal((await templates("changing")).length, 2);

    await work.apply("changing", claiming(deviceClass, 1));
    await work.untilReady("changing");
    assert.equal(await claimTemplate("changing"), first?.name);
    assert.ok((await templates("changing")).some(({ uid }) => uid === first?.uid));

    const hash = first?.name.slice("changing-gpu-".length);
    for (const { metadata } of await listed(replicaSetType, "changing")) {
      if (metadata.labels?.["gpumedia.io/gpu-claim"] !== hash) await work.delete(replicaSetType, metadata.name);
    }
    await until("the unused template to be deleted", async (see) => {
      return see((await templates("changing")).map(({ name }) => name)).length === 1;
    });
  });

  it("leave nothing behind when the service is deleted and created again", async () => {
    const deviceClass = await devices("again", [1]);
    await work.apply("again", claiming(deviceClass, 1));
    await work.untilReady("again");
    const before = await work.delete(serviceType, "again");
    await work.create("again", claiming(deviceClass, 1));
    await work.untilReady("again");
    const [template, ...others] = await templates("again");
    assert.deepEqual(others, []);
    const [owner] = template?.ownerReferences ?? [];
    assert.notEqual(owner?.uid, before.metadata.uid);
    assert.equal((await listed(claimType, "again")).length, 1);
    await work.delete(serviceType, "again");
    await until("no template and no claim", async (see) => {
      const left = [...(await listed(templateType, "again")), ...(await listed(claimType, "again"))];
      return see(left.map(({ metadata }) => metadata.name)).length === 0;
    });
  });

  it("two services that need the last device: one gets it, the other reports who has it and follows", async () => {
    const deviceClass = await devices("last", [1]);
    const names = ["racer-a", "racer-b"];
    await Promise.all(names.map((name) => work.create(name, claiming(deviceClass, 1))));
    const winner = await until("one of them to be ready", async () => {
      const ready = await Promise.all(names.map((name) => work.condition(name, "Ready")));
      return names.find((_, index) => ready[index]?.status === "True");
    });
    const loser = names.find((name) => name !== winner) ?? assert.fail();
    await work.untilCondition(loser, "Ready", {
      status: "False",
      reason: "WaitingForGpu",
      message: `${work.namespace}/${winner}`,
    });
    await work.untilCondition(loser, "GpuCapacity", { status: "False", reason: "Exhausted" });
    await work.delete(serviceType, winner);
    await work.untilReady(loser);
  });

  it("take the first alternative that a node has", async () => {
    const [small, large] = [await devices("small", [1]), await devices("large", [1])];
    const firstAvailable = [
      { name: "small", deviceClassName: small },
      { name: "large", deviceClassName: large },
    ];
    await work.apply("choosy", claiming(small, 2, { firstAvailable }));
    await work.untilReady("choosy");
    const requests = (await listed(claimType, "choosy")).flatMap((claim) => {
      const { status } = claim as KubeObject & {
        status?: { allocation?: { devices?: { results?: { request: string }[] } } };
      };
      return status?.allocation?.devices?.results?.map(({ request }) => request) ?? [];
    });
    assert.deepEqual(requests.toSorted(), ["gpu/large", "gpu/small"]);
  });

  it("have the engines that the service needs", async () => {
    const [without, having] = [
      await devices("plain", [1]),
      await devices("media", [1], { "gpu.nvidia.com/jpegEngines": { value: "1" } }),
    ];
    const gpu = {
      engines: { jpeg: 1 },
      claim: {
        firstAvailable: [without, having].map((deviceClassName, index) => ({ name: `of-${index}`, deviceClassName })),
      },
    };
    await work.apply("engines", { ...claiming(without, 1), gpu });
    await work.untilReady("engines");
    const { message, devices: [device, ...others] = [] } = (await work.service("engines"))?.status?.gpu ?? {};
    assert.deepEqual([message, others], ["gpu.engines needs a claim", []]);
    assert.equal(device?.device, "gpu-0");
    const [claim] = await listed(claimType, "engines");
    assert.match(JSON.stringify(claim), /"request":"gpu\/of-1"/);
  });

  it("a claim that no device can meet waits, and a selector that does not compile is rejected", async () => {
    const deviceClass = await devices("never", [1]);
    const wanted = "device.attributes['gpu.nvidia.com'].productName == 'NVIDIA H100'";
    const selectors = [`'productName' in device.attributes['gpu.nvidia.com'] && ${wanted}`];
    await work.apply("never", claiming(deviceClass, 1, { selectors }));
    await work.untilCondition("never", "Ready", { status: "False", reason: "WaitingForGpu" });
    await work.apply("broken", claiming(deviceClass, 1, { selectors: ["device.nothing"] }));
    await work.untilCondition("broken", "Stalled", {
      status: "True",
      reason: "ChildRejected",
      message: "undefined field 'nothing'",
    });
  });

  it("Auto claims where only a DeviceClass exists, and stays with that when a device plugin appears", async () => {
    const deviceClass = await devices("auto", [1]);
    const resourceName = `${domain}/gpu`;
    const gpu = { resourceName, claim: { deviceClassName: deviceClass } };
    const spec = { ...claiming(deviceClass, 1), gpu };
    await work.apply("deciding", spec);
    await work.untilReady("deciding");
    const decided = await until("the decision", async () => (await work.service("deciding"))?.status?.gpu);
    assert.deepEqual(
      [decided.allocation, decided.message],
      [
        "ResourceClaim",
        `neither a node nor a DeviceClass offers ${resourceName}, and DeviceClass ${deviceClass} exists`,
      ],
    );
    const { uid } = (await listed(podType, "deciding"))[0]?.metadata ?? assert.fail();

    const plugged = await work.cluster.addNodes({
      count: 1,
      gpus: 1,
      gpuResource: resourceName,
      namePrefix: "plugged",
    });
    try {
      await work.apply("undecided", spec);
      await work.untilReady("undecided");
      assert.equal((await work.service("undecided"))?.status?.gpu?.message, `nodes offer ${resourceName}`);
      await work.apply("deciding", { ...spec, processing: { logLevel: "info" } });
      await until("the message to name what has appeared", async (see) => {
        const { allocation, message = "" } = see((await work.service("deciding"))?.status?.gpu) ?? {};
        return allocation === "ResourceClaim" && message.includes(`now nodes offer ${resourceName}`);
      });
      assert.deepEqual(
        (await listed(podType, "deciding")).map(({ metadata }) => metadata.uid),
        [uid],
      );

      await work.delete(serviceType, "undecided");
      await work.apply("deciding", { ...spec, gpu: { resourceName, allocation: "ExtendedResource" } });
      await work.untilReady("deciding");
      const [pod] = await listed(podType, "deciding");
      assert.notEqual(pod?.metadata.uid, uid);
      assert.equal(await claimTemplate("deciding"), undefined);
    } finally {
      await work.delete(serviceType, "deciding");
      await work.cluster.removeNodes(plugged);
    }
  });

  it("a service of an earlier version, whose status has no decision, keeps its pods and children", async () => {
    await work.apply("earlier", { replicas: 1, autoscaling: { horizontal: { enabled: false } } });
    await work.untilReady("earlier");
    assert.equal(await work.operator.end("SIGTERM"), "exit 0");
    const without = [{ op: "remove", path: "/status/gpu" }] as const;
    await work.client.jsonPatch(serviceType, work.namespace, "earlier", without, { subresource: "status" });
    const since = Date.now();
    await work.startOperator();
    await until("the decision", async (see) => {
      return see((await work.service("earlier"))?.status?.gpu)?.allocation === "ExtendedResource";
    });
    const written = work.writes(since).filter(({ objectRef }) => objectRef?.name?.startsWith("earlier"));
    assert.deepEqual(
      written.map(({ verb, objectRef }) => `${verb} ${objectRef?.resource}/${objectRef?.subresource}`),
      ["patch gpumediaservices/status"],
    );
  });
});
