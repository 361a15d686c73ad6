/** A service with one or two pods, which the HPA scales on a metric of a neighbour, whatever the metric. */
import assert from "node:assert/strict";
import { keepBusy } from "../cluster/process-node/client.ts";
import { until } from "../cluster/until.ts";
import { addressOf } from "../specs/loop/loop-cluster.ts";
import type { Workspace } from "../specs/operator/workspace.ts";
import { writesOfAnUpgrade } from "./writes.ts";

/** The neighbour that serves the metric. */
interface MetricSource {
  stop(): Promise<void>;
  startAgain(): Promise<void>;
}

const patiently = { withinMs: 240_000 };

export class ScaledService {
  readonly #work: Workspace;
  readonly #name: string;

  constructor(work: Workspace, name: string) {
    this.#work = work;
    this.#name = name;
  }

  /** One pod, which the HPA scales. The reason is `AtMaximum` under load. */
  async untilIdle(): Promise<void> {
    await this.#untilReplicas(1);
    const idle = { status: "True", reason: "Scaling" } as const;
    await this.#work.untilCondition(this.#name, "ScalingReady", idle, patiently);
  }

  async getsAPodUnderLoad(): Promise<void> {
    const agent = this.#work.cluster.network?.agent() ?? assert.fail("no private network");
    const stop = keepBusy(await addressOf(this.#work, this.#name, agent), agent, 4);
    try {
      await this.#untilReplicas(2);
      await this.#untilReady();
    } finally {
      await stop();
      await agent.destroy();
    }
    await this.#untilReplicas(1);
  }

  async keepsItsReplicasWithout(source: MetricSource): Promise<void> {
    const before = await this.#generation();
    await source.stop();
    const missing = { status: "False", reason: "MetricsMissing" } as const;
    await this.#work.untilCondition(this.#name, "ScalingReady", missing, patiently);
    await this.#untilReady();
    await source.startAgain();
    await this.untilIdle();
    assert.equal(await this.#generation(), before);
  }

  async survivesAnUpgradeOfTheOperator(): Promise<void> {
    const before = await this.#generation();
    const writes = await writesOfAnUpgrade(this.#work, async () => {
      await this.#work.startOperator();
      await this.untilIdle();
    });
    assert.deepEqual([await this.#generation(), writes], [before, []]);
  }

  async #generation(): Promise<number | undefined> {
    return (await this.#work.child("deployment", this.#name)).metadata.generation;
  }

  async #untilReady(): Promise<void> {
    await this.#work.untilCondition(this.#name, "Ready", { status: "True" }, patiently);
  }

  async #untilReplicas(expected: number): Promise<void> {
    await until(
      `${expected} replicas`,
      async (see) => {
        const { spec } = await this.#work.child("deployment", this.#name);
        see({ replicas: spec.replicas, status: (await this.#work.service(this.#name))?.status });
        return spec.replicas === expected;
      },
      patiently,
    );
  }
}
