/** Pods that run: a picture is sent to a Service's address, and no request fails during a rollout. */
import assert from "node:assert/strict";
import { serviceType } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import { sendPicture, sizeOf } from "../../cluster/process-node/client.ts";
import { until } from "../../cluster/until.ts";
import { sendAlways } from "../real/pods.ts";
import { addressOf, fixed, loopWorkspace, quick } from "./loop-cluster.ts";

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  }[];
}

describe("a service whose pods run", () => {
  const work = loopWorkspace("test");

  beforeEach(() => work.startOperator({ parameters: ["--utilization-interval=500ms"] }));

  async function serve(name: string, spec: object): Promise<string> {
    await work.apply(name, spec);
    await work.untilCondition(name, "Ready", { status: "True" }, { withinMs: 90_000 });
    return addressOf(work, name, work.agent);
  }

  async function pods(): Promise<readonly string[]> {
    const { items } = JSON.parse(
      await work.cluster.kubectl("get", "pods", "-n", work.namespace, "-o", "json"),
    ) as PodList;
    return items.map(({ metadata }) => metadata.name).toSorted();
  }

  it("answers with a picture of twice the size at the Service's address, and its status has the reports", async () => {
    const address = await serve("cpu", { ...fixed(1), gpu: { count: 0 } });
    const answer = await sendPicture(address, work.agent);
    assert.deepEqual([answer.status, answer.type, sizeOf(answer.body)], [200, "image/jpeg", [1280, 854]]);
    await work.untilCondition("cpu", "MetricsReporting", { status: "True" });
    const { utilization } = (await work.service("cpu"))?.status ?? {};
    assert.deepEqual([utilization?.pods, utilization?.gpuPercent], [1, undefined]);
  });

  it("has no failed request while all its pods are replaced", async () => {
    const address = await serve("rolling", { ...fixed(2), gpu: { count: 1 } });
    const before = await pods();
    const clients = [sendAlways(address, work.agent, 50), sendAlways(address, work.agent, 50)];
    const processing = { ...quick.processing, env: [...quick.processing.env, { name: "ROUND", value: "2" }] };
    await work.patch(serviceType, "rolling", [{ op: "add", path: "/spec/processing", value: processing }]);
    await until(
      "two new pods instead of the old ones",
      async (see) => {
        const names = see(await pods());
        return names.length === 2 && names.every((name) => !before.includes(name));
      },
      { withinMs: 150_000, everyMs: 500 },
    );
    await work.untilCondition("rolling", "Ready", { status: "True" }, { withinMs: 60_000 });
    const outcomes = await Promise.all(clients.map((stop) => stop()));
    assert.deepEqual(
      outcomes.flatMap(({ failures }) => failures),
      [],
    );
    const sent = outcomes.reduce((sum, outcome) => sum + outcome.sent, 0);
    assert.ok(sent > 20, `${sent} requests`);
  });
});
