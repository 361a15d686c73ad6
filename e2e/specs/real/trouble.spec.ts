/** Failures on a real node, and how the status reports them. */
import assert from "node:assert/strict";
import { until } from "../../cluster/until.ts";
import { addressOf } from "../loop/loop-cluster.ts";
import { podsOf, quick, reportOf, sendAlways, type RealPod } from "./pods.ts";
import { processorImage } from "./images.ts";
import { inRealCluster } from "./real-cluster.ts";

/** Pods start and stop slowly on a busy machine. */
const patiently = { withinMs: 120_000, everyMs: 200 };

describe("failures in real pods", function () {
  this.timeout(300_000);
  const at = inRealCluster();

  /** Returns the service's address, once it serves. */
  async function serve(name: string, spec: object): Promise<string> {
    await at.work.apply(name, { ...quick, replicas: 1, ...spec });
    await at.work.untilCondition(name, "Ready", { status: "True" }, patiently);
    return addressOf(at.work, name, at.real.agent);
  }

  async function restarts(): Promise<readonly (readonly [string, number | undefined])[]> {
    const pods = await podsOf(at.real.cluster, at.work.namespace);
    return pods.map(({ metadata, status }) => [metadata.uid, status.containerStatuses?.[0]?.restartCount] as const);
  }

  it("reports the kubelet's message when the image does not exist", async () => {
    const image = `${processorImage}-missing`;
    await at.work.apply("upscaler", { ...quick, replicas: 1, image });
    const expected = { status: "False", reason: "ImagePullFailed", message: image } as const;
    const { message } = await at.work.untilCondition("upscaler", "Ready", expected, patiently);
    assert.match(message, /cannot pull its image/);
  });

  it("reports OutOfMemory when the kernel kills the processor at its memory limit", async () => {
    const resources = { requests: { cpu: "50m", memory: "32Mi" }, limits: { cpu: "1", memory: "64Mi" } };
    await at.work.apply("upscaler", { ...quick, replicas: 1, resources });
    const message = "raise resources.limits.memory";
    await at.work.untilCondition("upscaler", "Ready", { status: "False", reason: "OutOfMemory", message }, patiently);
  });

  it("keeps serving while the kubelet is killed and restarted, and gets a GPU for a new pod afterwards", async () => {
    const address = await serve("upscaler", {});
    const before = await restarts();
    await using end = sendAlways(address, at.real.agent);
    await at.real.cluster.processes.restart("kubelet");
    await serve("second", {});
    const { sent, failures } = await end();
    assert.deepEqual(failures, []);
    assert.ok(sent > 0);
    const after = await restarts();
    assert.deepEqual(
      after.filter(([uid]) => before.some(([known]) => known === uid)),
      before,
    );
    await at.work.untilCondition("upscaler", "Ready", { status: "True" });
  });

  it("reports NodeNotReady while the kubelet is suspended, and Ready after it has resumed", async () => {
    await serve("upscaler", {});
    at.real.cluster.processes.signal("kubelet", "SIGSTOP");
    try {
      const message = `node ${at.real.node.name} does not report`;
      await at.work.untilCondition(
        "upscaler",
        "Ready",
        { status: "False", reason: "NodeNotReady", message },
        patiently,
      );
    } finally {
      at.real.cluster.processes.signal("kubelet", "SIGCONT");
    }
    await at.work.untilCondition("upscaler", "Ready", { status: "True" }, patiently);
  });

  it("names the pods that use the other GPUs when one GPU fails and its pod's replacement needs one", async () => {
    const { cluster, node } = at.real;
    const address = await serve("upscaler", { replicas: 4 });
    const pods = await podsOf(cluster, at.work.namespace);
    const failing = pods[0] ?? assert.fail("no pod");
    const index = (await reportOf(cluster, at.work.namespace, failing)).gpus.devices[0]?.index ?? assert.fail("no GPU");
    await using end = sendAlways(address, at.real.agent);
    try {
      // The device plugin reads the name of a failed GPU, which NVML does not return for a lost one.
      node.showGpus({ [index]: { xid: 79 } });
      await until("the node to have 3 GPUs", async (see) => see(await node.gpus()) === 3, patiently);
      node.showGpus({ [index]: { error: "GPU_IS_LOST" } });
      await until("the processor to report its GPU as unavailable", () => unavailable(failing), patiently);
      await cluster.kubectl("delete", "pod", "-n", at.work.namespace, failing.metadata.name);
      const message = "3 of 3 in use by";
      await at.work.untilCondition(
        "upscaler",
        "Ready",
        { status: "False", reason: "WaitingForGpu", message },
        patiently,
      );
    } finally {
      node.showGpus({});
      await node.restartDevicePlugin();
    }
    await at.work.untilCondition("upscaler", "Ready", { status: "True" }, patiently);
    assert.deepEqual((await end()).failures, []);
  });

  /** Returns why NVML cannot read the pod's GPU. */
  async function unavailable(pod: RealPod): Promise<string | undefined> {
    const { gpus } = await reportOf(at.real.cluster, at.work.namespace, pod);
    return gpus.devices[0]?.unavailable ?? undefined;
  }
});
