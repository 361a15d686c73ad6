/** Pods that really run: a picture goes through a Service's address, and a rollout is not seen by its clients. */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import { serviceType } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import { sendPicture, sizeOf } from "../../cluster/process-node/client.ts";
import { until } from "../../cluster/until.ts";
import { addressOf, loopWorkspace, quick } from "./loop-cluster.ts";

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  }[];
}

describe("a service whose pods run", function () {
  this.timeout(240_000);
  const work = loopWorkspace("test");

  beforeEach(() => work.startOperator({ parameters: ["--utilization-interval=500ms"] }));

  async function serve(name: string, spec: object): Promise<string> {
    await work.apply(name, { ...quick, ...spec });
    await work.untilCondition(name, "Ready", { status: "True" }, { withinMs: 90_000 });
    return addressOf(work, name, work.agent);
  }

  async function pods(): Promise<readonly string[]> {
    const { items } = JSON.parse(
      await work.cluster.kubectl("get", "pods", "-n", work.namespace, "-o", "json"),
    ) as PodList;
    return items.map(({ metadata }) => metadata.name).toSorted();
  }

  it("answers a picture of twice the size at the Service's address, and its reports show in the status", async () => {
    const address = await serve("cpu", {
      gpu: { count: 0 },
      autoscaling: { horizontal: { enabled: false } },
      replicas: 1,
    });
    const answer = await sendPicture(address, work.agent);
    assert.deepEqual([answer.status, answer.type, sizeOf(answer.body)], [200, "image/jpeg", [1280, 854]]);
    await work.untilCondition("cpu", "MetricsReporting", { status: "True" });
    const { utilization } = (await work.service("cpu"))?.status ?? {};
    assert.deepEqual([utilization?.pods, utilization?.gpuPercent], [1, undefined]);
  });

  it("has no failed request while all its pods are replaced", async () => {
    const spec = { gpu: { count: 1 }, autoscaling: { horizontal: { enabled: false } }, replicas: 2 };
    const address = await serve("rolling", spec);
    const before = await pods();
    const failures: string[] = [];
    let sent = 0;
    const ending = new AbortController();
    const load = async (): Promise<void> => {
      while (!ending.signal.aborted) {
        sent++;
        const outcome = await sendPicture(address, work.agent).then(({ status }) => String(status), String);
        if (outcome !== "200") failures.push(outcome);
        await pause(50);
      }
    };
    const clients = [load(), load()];
    const processing = { ...quick.processing, env: [...quick.processing.env, { name: "ROUND", value: "2" }] };
    await work.patch(serviceType, "rolling", [{ op: "add", path: "/spec/processing", value: processing }]);
    await until(
      "other pods, and no more of the former",
      async () => {
        const now = await pods();
        return now.length === 2 && now.every((name) => !before.includes(name));
      },
      { withinMs: 150_000, everyMs: 500 },
    );
    await work.untilCondition("rolling", "Ready", { status: "True" }, { withinMs: 60_000 });
    ending.abort();
    await Promise.all(clients);
    assert.deepEqual(failures, []);
    assert.ok(sent > 20, `${sent} requests`);
  });
});
