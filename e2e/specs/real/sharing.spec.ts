/** NVIDIA's device plugin with time-slicing: several pods on one GPU, a request that it refuses, and shares that run out. */
import assert from "node:assert/strict";
import { pauseImage } from "../../cluster/real-node/settings.ts";
import { until } from "../../cluster/until.ts";
import { podsOf, quick, reportOf } from "./pods.ts";
import { inRealCluster } from "./real-cluster.ts";

const patiently = { withinMs: 120_000, everyMs: 200 };
const resourceName = "nvidia.com/gpu.shared";
const gpus = 4;
const shares = 2;

describe("time-sliced GPUs of a real node", function () {
  this.timeout(300_000);
  const at = inRealCluster();
  let sharing: AsyncDisposable | undefined;
  before(async () => {
    sharing = await at.real.node.shareGpus(shares);
  });
  after(() => sharing?.[Symbol.asyncDispose]());

  it("serve the pods of one service together, which scales on their busy share", async () => {
    // The plugin hands out the GPU with the fewest shares in use: two pods meet on one once the others hold a share of each.
    await hold(at.work.namespace, gpus * shares - 2);
    await at.work.apply("upscaler", { ...quick, replicas: 2, gpu: { resourceName } });
    await at.work.untilCondition("upscaler", "Ready", { status: "True" }, patiently);
    const { utilization } = await until(
      "the status to report the sharing",
      async (see) => {
        const status = see((await at.work.service("upscaler"))?.status);
        return status?.utilization?.gpuSharing === undefined ? undefined : status;
      },
      patiently,
    );
    assert.equal(utilization?.gpuSharing, "Shared");
    for (const pod of await podsOf(at.real.cluster, at.work.namespace)) {
      const { devices } = (await reportOf(at.real.cluster, at.work.namespace, pod)).gpus;
      assert.equal(devices.length, 1, pod.metadata.name);
    }
  });

  it("are refused to a pod that requests two, which the status reports with the next step", async () => {
    await at.work.apply("upscaler", { ...quick, replicas: 1, gpu: { resourceName, count: 2 } });
    const { message } = await at.work.untilCondition(
      "upscaler",
      "Ready",
      { status: "False", reason: "FailedOnNode", message: "UnexpectedAdmissionError" },
      patiently,
    );
    assert.match(message, refused);
    await at.work.apply("upscaler", { ...quick, replicas: 1, gpu: { resourceName, count: 1 } });
    await at.work.untilCondition("upscaler", "Ready", { status: "True" }, patiently);
  });

  it("run out, and the status names who holds the shares", async () => {
    const { namespace } = at.work;
    await hold(namespace, gpus * shares - 1);
    await at.work.apply("upscaler", { ...quick, replicas: 2, gpu: { resourceName } });
    const all = gpus * shares;
    const message = `no node has 1 free ${resourceName}: ${all} of ${all} in use by ${namespace}/`;
    const waiting = { status: "False", reason: "WaitingForGpu", message } as const;
    const ready = await at.work.untilCondition("upscaler", "Ready", waiting, patiently);
    // Three of the holders, each with one share.
    assert.match(ready.message, /in use by (\S+\/idle-\S+ \(1\), ){3}5 more; free a GPU/);
    await at.work.untilCondition("upscaler", "GpuCapacity", { status: "False", reason: "Exhausted" }, patiently);
    await at.real.cluster.kubectl("delete", "deployment", "-n", namespace, "idle");
    await at.work.untilCondition("upscaler", "Ready", { status: "True" }, patiently);
  });

  /** Runs pods of another workload that hold this many shares and do nothing. */
  async function hold(namespace: string, count: number): Promise<void> {
    const { kubectl, kubectlWithInput } = at.real.cluster;
    await kubectlWithInput(idle(namespace, count), "apply", "-f", "-");
    await kubectl("rollout", "status", "-n", namespace, "deployment/idle", "--timeout=120s");
  }
});

/** The plugin's words within the kubelet's, and our next step. */
const refused =
  /failed on node real-node \(UnexpectedAdmissionError\): .*invalid allocation request for "nvidia\.com\/gpu\.shared": invalid request: maximum request size for shared resources is 1; found 2, which is unexpected; set gpu\.count: 1, because/;

function idle(namespace: string, replicas: number): object {
  const name = "idle";
  const labels = { app: name };
  const container = {
    name,
    image: pauseImage,
    imagePullPolicy: "Never",
    resources: { limits: { [resourceName]: 1 } },
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
  };
  const securityContext = { runAsNonRoot: true, runAsUser: 65_534, seccompProfile: { type: "RuntimeDefault" } };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name, namespace },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { terminationGracePeriodSeconds: 0, securityContext, containers: [container] },
      },
    },
  };
}
