import assert from "node:assert/strict";
import { pino } from "pino";
import { Apis, type Discovery } from "../kube/discovery.ts";
import { clusterType, namespacedType } from "../kube/object.ts";
import { FakeClock, settle } from "./clock.fake.ts";
import { watchApis, type ApisChange } from "./discovery-watch.ts";

const pods = namespacedType("v1", "Pod", "pods");
const nodes = clusterType("v1", "Node", "nodes");
const vpa = namespacedType("autoscaling.k8s.io/v1", "VerticalPodAutoscaler", "verticalpodautoscalers");

describe("watchApis", () => {
  const reached = { unreachable: new Set() };
  const few = new Apis([pods]);
  const many = new Apis([pods, vpa]);

  async function watched(polls: (Apis | Error)[]): Promise<{ changes: object[]; warnings: string[] }> {
    const count = polls.length;
    const clock = new FakeClock();
    const controller = new AbortController();
    const changes: object[] = [];
    const warnings: string[] = [];
    const discovery: Discovery = {
      async read() {
        const served = polls.shift();
        assert.ok(served !== undefined, "one poll too many");
        if (served instanceof Error) throw served;
        return served;
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
    await clock.advance(count * 10_000);
    controller.abort();
    await running;
    await settle();
    assert.deepEqual(polls, [], "one poll too few");
    return { changes, warnings };
  }

  it("reports a new API immediately and a missing one after two polls, once each", async () => {
    const { changes } = await watched([few, many, many, few, few, few]);
    assert.deepEqual(changes, [
      { appeared: [vpa], vanished: [], ...reached },
      { appeared: [], vanished: [vpa], ...reached },
    ]);
  });

  it("keeps an API that one poll misses, as an API server that has just started lists no custom kinds", async () => {
    const other = new Apis([pods, nodes]);
    const { changes } = await watched([many, few, many, other, many]);
    assert.deepEqual(changes, [
      { appeared: [vpa], vanished: [], ...reached },
      { appeared: [nodes], vanished: [], ...reached },
    ]);
  });

  it("reports a group whose server is not reached for a minute, and when it is reached again", async () => {
    const group = "custom.metrics.k8s.io";
    const stale = new Apis([pods], new Set([group]));
    // Polls are 10 s apart. The first time, it is back too soon.
    const restarts = [stale, stale, few];
    const { changes } = await watched([...restarts, ...Array.from({ length: 9 }, () => stale), few, few]);
    assert.deepEqual(changes, [
      { appeared: [], vanished: [], unreachable: new Set([group]) },
      { appeared: [], vanished: [], unreachable: new Set() },
    ]);
  });

  it("reports nothing when the same APIs are served", async () => {
    const { changes } = await watched([new Apis([pods])]);
    assert.deepEqual(changes, []);
  });

  it("reports nothing vanished while the API server is unreachable", async () => {
    const { changes, warnings } = await watched([many, new Error("unreachable"), many]);
    assert.deepEqual(changes, [{ appeared: [vpa], vanished: [], ...reached }]);
    assert.deepEqual(warnings, ["API discovery failed; keeping the APIs of the last poll"]);
  });
});
