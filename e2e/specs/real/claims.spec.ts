/** GPUs by ResourceClaim, of the Kubernetes project's example DRA driver: the kubelet prepares them, and CDI adds them to the container. */
import assert from "node:assert/strict";
import { exampleClass } from "../../cluster/real-node/dra-driver.ts";
import { sendPicture } from "../../cluster/process-node/client.ts";
import { until } from "../../cluster/until.ts";
import { addressOf } from "../loop/loop-cluster.ts";
import { podsOf, quick, reportOf, sendAlways, type RealPod } from "./pods.ts";
import { inRealCluster } from "./real-cluster.ts";

const patiently = { withinMs: 120_000, everyMs: 200 };
const devices = 2;
const gpu = { allocation: "ResourceClaim", claim: { deviceClassName: exampleClass } };

describe("claimed GPUs of a real node", function () {
  this.timeout(300_000);
  const at = inRealCluster();
  let offered: AsyncDisposable | undefined;
  before(async () => {
    offered = await at.real.node.offerClaimable(devices);
  });
  after(() => offered?.[Symbol.asyncDispose]());

  async function serve(name: string, replicas: number): Promise<string> {
    await at.work.apply(name, { ...quick, replicas, gpu });
    await at.work.untilCondition(name, "Ready", { status: "True" }, patiently);
    return addressOf(at.work, name, at.real.agent);
  }

  /** Returns the names of the devices whose variables the driver has added to the pod's container. */
  async function devicesIn({ metadata }: RealPod): Promise<readonly string[]> {
    const { kubectl } = at.real.cluster;
    const program = "JSON.stringify(process.env)";
    const output = await kubectl("exec", "-n", at.work.namespace, metadata.name, "--", "node", "-p", program);
    const env = Object.entries(JSON.parse(output) as Record<string, string>);
    return env.flatMap(([name, value]) => (/^GPU_DEVICE_\d+$/.test(name) ? [value] : []));
  }

  it("are in the container of the pod that the status names, and the processor reports them", async () => {
    const address = await serve("upscaler", devices);
    assert.equal((await sendPicture(address, at.real.agent)).status, 200);
    const pods = await podsOf(at.real.cluster, at.work.namespace);
    const inContainers = [];
    for (const pod of pods) {
      const [device = ""] = await devicesIn(pod);
      inContainers.push({ pod: pod.metadata.name, node: at.real.node.name, device });
      const { gpus } = await reportOf(at.real.cluster, at.work.namespace, pod);
      assert.deepEqual(
        gpus.devices.map(({ index }) => `gpu-${index}`),
        [device],
      );
    }
    assert.equal(new Set(inContainers.map(({ device }) => device)).size, devices);
    const status = await until("the status to have the devices", async (see) => {
      const { gpu: reported } = see((await at.work.service("upscaler"))?.status) ?? {};
      return reported?.devices?.length === devices ? reported : undefined;
    });
    assert.equal(status.allocation, "ResourceClaim");
    assert.match(status.claimTemplate ?? "", /^upscaler-gpu-/);
    // The driver's attribute is `model`.
    assert.deepEqual(
      status.devices?.map(({ productName }) => productName),
      inContainers.map(() => "LATEST-GPU-MODEL"),
    );
    assert.deepEqual(
      status.devices?.map(({ pod, node, device }) => ({ pod, node, device })),
      inContainers.toSorted((a, b) => (a.pod < b.pod ? -1 : 1)),
    );
  });

  it("run out, and the status names who holds them until they are released", async () => {
    await serve("holder", devices);
    await at.work.apply("upscaler", { ...quick, replicas: 1, gpu });
    const waiting = { status: "False", reason: "WaitingForGpu", message: exampleClass } as const;
    const { message } = await at.work.untilCondition("upscaler", "Ready", waiting, patiently);
    const all = `${devices} of ${devices} held by ${at.work.namespace}/holder (${devices})`;
    assert.ok(message.includes(`no free device of class ${exampleClass} that fits: ${all}`), message);
    await at.real.cluster.kubectl("delete", "gms", "-n", at.work.namespace, "holder");
    await at.work.untilCondition("upscaler", "Ready", { status: "True" }, patiently);
  });

  it("stay with their pods while the driver is replaced, and a new pod gets one afterwards", async () => {
    const address = await serve("upscaler", 1);
    await using end = sendAlways(address, at.real.agent);
    await at.real.cluster.kubectl("delete", "pods", "-n", "kube-system", "-l", "app=dra-example-driver");
    await serve("second", 1);
    const { failures } = await end();
    assert.deepEqual(failures, []);
    await at.work.untilCondition("upscaler", "Ready", { status: "True" });
  });

  it("are named as the reason why a pod does not start while the driver is away, and the pod starts once it is back", async () => {
    const { kubectl } = at.real.cluster;
    const selectNodes = (nodeSelector: object | null): Promise<string> => {
      const patch = JSON.stringify({ spec: { template: { spec: { nodeSelector } } } });
      return kubectl("patch", "daemonset", "-n", "kube-system", "dra-example-driver", "--type=merge", "-p", patch);
    };
    await selectNodes({ nowhere: "" });
    try {
      // The kubelet deletes the driver's slices 30 s after the driver has gone: the scheduler still allocates a device, unless the driver's
      // pod takes that long to end.
      await kubectl("delete", "pods", "-n", "kube-system", "-l", "app=dra-example-driver", "--grace-period=1");
      await at.work.apply("upscaler", { ...quick, replicas: 1, gpu });
      const { message } = await at.work.untilCondition(
        "upscaler",
        "Ready",
        { status: "False", reason: "ContainerNotCreated", message: exampleClass },
        patiently,
      );
      assert.match(message, /FailedPrepareDynamicResources.*check that the DRA driver is running on node real-node/);
    } finally {
      await selectNodes(null);
    }
    await at.work.untilCondition("upscaler", "Ready", { status: "True" }, patiently);
  });
});
