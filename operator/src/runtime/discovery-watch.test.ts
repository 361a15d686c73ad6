import assert from "node:assert/strict";
import { pino } from "pino";
import { Apis, type Discovery } from "../kube/discovery.ts";
import type { ResourceType } from "../kube/object.ts";
import { FakeClock, settle } from "./clock.fake.ts";
import { watchApis, type ApisChange } from "./discovery-watch.ts";

const pods: ResourceType = { group: "", version: "v1", kind: "Pod", resource: "pods", namespaced: true };
const nodes: ResourceType = { group: "", version: "v1", kind: "Node", resource: "nodes", namespaced: false };
const vpa: ResourceType = {
  group: "autoscaling.k8s.io",
  version: "v1",
  kind: "VerticalPodAutoscaler",
  resource: "verticalpodautoscalers",
  namespaced: true,
};

describe("watching the kinds that are served", () => {
  const few = new Apis([pods]);
  const many = new Apis([pods, vpa]);

  async function watched(answers: (Apis | Error)[], polls: number): Promise<{ changes: object[]; warnings: string[] }> {
    const clock = new FakeClock();
    const controller = new AbortController();
    const changes: object[] = [];
    const warnings: string[] = [];
    const discovery: Discovery = {
      async read() {
        const answer = answers.shift();
        assert.ok(answer !== undefined, "one poll too many");
        if (answer instanceof Error) throw answer;
        return answer;
      },
    };
    const running = watchApis({
      discovery,
      known: few,
      clock,
      intervalMs: 10_000,
      onChange: ({ apis: _apis, ...change }: ApisChange) => changes.push(change),
      log: pino(
        { level: "warn" },
        { write: (line: string) => warnings.push((JSON.parse(line) as { msg: string }).msg) },
      ),
      signal: controller.signal,
    });
    await clock.advance(polls * 10_000);
    controller.abort();
    await running;
    await settle();
    assert.deepEqual(answers, [], "one poll too few");
    return { changes, warnings };
  }

  it("tells what appears at once, and what vanishes when it is missing twice, once each", async () => {
    const { changes } = await watched([few, many, many, few, few, few], 6);
    assert.deepEqual(changes, [
      { appeared: [vpa], vanished: [] },
      { appeared: [], vanished: [vpa] },
    ]);
  });

  it("does not believe an API server that has just started and does not know its custom kinds yet", async () => {
    const other = new Apis([pods, nodes]);
    const { changes } = await watched([many, few, many, other, many], 5);
    assert.deepEqual(changes, [
      { appeared: [vpa], vanished: [] },
      { appeared: [nodes], vanished: [] },
    ]);
  });

  it("says nothing of a new answer with the same kinds", async () => {
    const { changes } = await watched([new Apis([pods])], 1);
    assert.deepEqual(changes, []);
  });

  it("takes nothing for vanished while the server does not answer", async () => {
    const { changes, warnings } = await watched([many, new Error("away"), many], 3);
    assert.deepEqual(changes, [{ appeared: [vpa], vanished: [] }]);
    assert.deepEqual(warnings, ["could not ask which kinds are served"]);
  });
});
