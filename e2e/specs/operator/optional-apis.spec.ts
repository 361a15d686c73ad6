/** APIs that a cluster may or may not serve: absent at the start, appearing later, vanishing again. */
import assert from "node:assert/strict";
import { childKinds, type ChildKindName } from "@gpumedia/operator/src/observe/child-kinds.ts";
import { setTimeout as delay } from "node:timers/promises";
import { startCluster, type Cluster } from "../../cluster/cluster.ts";
import { optionalApis } from "../../cluster/optional-crds.ts";
import { until } from "../../cluster/until.ts";
import { Workspace } from "./workspace.ts";

const spec = {
  network: { gateway: { parentRefs: [{ name: "public" }], hostnames: ["media.example.com"] } },
};
const keda = { autoscaling: { horizontal: { provider: "KEDA" } } };
const optional: readonly (readonly [ChildKindName, name: string])[] = [
  ["verticalPodAutoscaler", "upscaler-vpa"],
  ["podMonitor", "upscaler"],
  ["prometheusRule", "upscaler"],
  ["httpRoute", "upscaler"],
  ["scaledObject", "by-keda"],
];

describe("optional APIs", () => {
  let cluster: Cluster;
  let work: Workspace;

  before(async () => {
    cluster = await startCluster({ crds: true });
    await cluster.addNodes({ count: 2, gpus: 8 });
    work = await Workspace.open(cluster);
    await work.startOperator();
  });
  after(async () => {
    await work?.[Symbol.asyncDispose]();
    await cluster?.stop();
  });

  /** Looks at Ready until `during` has ended, and says what else than True it was. */
  async function notReadyDuring(during: () => Promise<void>): Promise<readonly string[]> {
    const seen = new Set<string>();
    const over = new AbortController();
    const look = async (): Promise<void> => {
      while (!over.signal.aborted) {
        const ready = (await work.service("upscaler"))?.status?.conditions?.find(({ type }) => type === "Ready");
        if (ready?.status !== "True") seen.add(`${ready?.status} ${ready?.reason}: ${ready?.message}`);
        await delay(20);
      }
    };
    const looking = look();
    await during().finally(() => over.abort());
    await looking;
    return [...seen];
  }

  async function untilThere(there: boolean): Promise<void> {
    for (const [kind, name] of optional) {
      await until(`${kind} ${name} to be ${there ? "there" : "gone"}`, async () => {
        const child = await work.get(childKinds[kind].type, name);
        return (child !== undefined) === there ? true : undefined;
      });
    }
  }

  it("are done without, made when they appear, and forgotten when they vanish: Ready throughout", async () => {
    await work.apply("upscaler", spec);
    await work.apply("by-keda", keda);
    await work.untilReady("upscaler");
    await work.untilCondition("by-keda", "ScalingReady", { status: "False", reason: "ApiMissing" });

    const notReady = await notReadyDuring(async () => {
      await cluster.installOptionalCrds(optionalApis);
      await untilThere(true);
      await work.untilCondition("by-keda", "ScalingReady", { reason: "NotStarted" });

      await cluster.removeOptionalCrds(optionalApis);
      await work.untilCondition("by-keda", "ScalingReady", { reason: "ApiMissing" });

      await cluster.installOptionalCrds(optionalApis);
      await untilThere(true);
    });
    assert.deepEqual(notReady, []);
  });

  it("VPA: Auto resizes in place where its schema knows that, and its recommendation is shown", async () => {
    await cluster.installOptionalCrds(["vpa"]);
    await work.apply("vertical", {});
    const name = "vertical-vpa";
    const vpa = await until("the VPA", () => work.get(childKinds.verticalPodAutoscaler.type, name));
    const { updatePolicy } = (vpa as typeof vpa & { spec: { updatePolicy: object } }).spec;
    assert.deepEqual(updatePolicy, { updateMode: "InPlaceOrRecreate" });
    const recommendation = { containerRecommendations: [{ containerName: "gpu-media", target: { memory: "5Gi" } }] };
    await work.client.jsonPatch(
      childKinds.verticalPodAutoscaler.type,
      work.namespace,
      name,
      [{ op: "add", path: "/status", value: { recommendation } }],
      { subresource: "status" },
    );
    const shown = await until(
      "the recommendation",
      async () => (await work.service("vertical"))?.status?.recommendation,
    );
    assert.deepEqual(shown, { requests: { memory: "5Gi" } });
  });
});
