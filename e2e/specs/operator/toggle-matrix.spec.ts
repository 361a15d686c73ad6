/** Every switch, from every state, in any order: the children depend on the spec alone, not on how it came about. */
import assert from "node:assert/strict";
import { builtInProfiles } from "@gpumedia/api";
import { desiredChildren } from "@gpumedia/operator/src/desired/children.ts";
import { effectiveService } from "@gpumedia/operator/src/effective/effective.ts";
import { ownership } from "@gpumedia/operator/src/kube/ownership.ts";
import type { KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import { planChild } from "@gpumedia/operator/src/plan/plan.ts";
import { until } from "../../cluster/until.ts";
import { seededRandom } from "../../../workload/src/testing/random.ts";
import { operatorCluster } from "./operator-cluster.ts";
import { Workspace } from "./workspace.ts";

const seed = Number(process.env.MATRIX_SEED ?? Math.floor(Math.random() * 2 ** 31));
const walks = 4;
const steps = 12;
const defaults = { processorImage: "example.com/processor:1-cuda", processorImageCpu: "example.com/processor:1" };
const runbookUrl = "https://example.com/alerts";

/** Each member of a spec that makes or unmakes a child, with the values that it may have. */
const switches: readonly (readonly [path: readonly string[], values: readonly unknown[]])[] = [
  [
    ["autoscaling", "horizontal", "enabled"],
    [true, false],
  ],
  [
    ["autoscaling", "horizontal", "provider"],
    ["HPA", "KEDA"],
  ],
  [
    ["autoscaling", "vertical", "enabled"],
    [true, false],
  ],
  [
    ["podDisruptionBudget", "enabled"],
    [true, false],
  ],
  [
    ["network", "networkPolicy", "enabled"],
    [true, false],
  ],
  [
    ["network", "ingress"],
    [{ enabled: true, host: "a.example.com" }, { enabled: false }],
  ],
  [
    ["network", "gateway"],
    [{ parentRefs: [{ name: "public" }], hostnames: ["b.example.com"] }, {}],
  ],
  [
    ["monitoring", "podMonitor"],
    [true, false],
  ],
  [
    ["monitoring", "alerts"],
    [true, false],
  ],
  [
    ["monitoring", "dashboard"],
    [true, false],
  ],
  [
    ["gpu", "count"],
    [0, 1, 2],
  ],
  [["profile"], Object.keys(builtInProfiles)],
];

function set(spec: Record<string, unknown>, path: readonly string[], value: unknown): void {
  let node = spec;
  for (const key of path.slice(0, -1)) node = (node[key] ??= {}) as Record<string, unknown>;
  node[path.at(-1) ?? ""] = value;
}

describe("a matrix of switches", () => {
  let work: Workspace;

  before(async () => {
    work = await Workspace.open(await operatorCluster());
    await work.startOperator({
      parameters: [
        `--processor-image=${defaults.processorImage}`,
        `--processor-image-cpu=${defaults.processorImageCpu}`,
        `--runbook-url=${runbookUrl}`,
      ],
    });
  });
  after(() => work[Symbol.asyncDispose]());

  /** What is still to be done for the stored service, and why it is not done yet. */
  async function left(name: string): Promise<readonly string[]> {
    const stored = (await work.service(name)) ?? assert.fail(`there is no ${name}`);
    const effective = effectiveService(stored, new Map(), defaults);
    assert.equal(effective.kind, "Effective");
    if (effective.kind !== "Effective") return [];
    const { service } = effective;
    const children = desiredChildren(service, {
      operatorNamespace: work.operatorNamespace,
      runbookUrl,
      rollout: stored.status?.rollout?.strategy ?? "Surge",
      features: { gpuPodMetric: false, inPlaceVpa: true, resourceMetrics: true },
    });
    const actions = await Promise.all(
      children.map(async (child) => {
        const live = await work.get(child.kind.type, child.name);
        return planChild(service.owner, child, live && { metadata: live.metadata, owned: ownership(live) }, true);
      }),
    );
    return actions.flatMap(({ do: what, child }) =>
      what === "none" ? [] : [`${what} ${child.kind.type.kind} ${child.name}`],
    );
  }

  async function untilSettled(name: string): Promise<void> {
    let last: readonly string[] = [];
    const settled = async (): Promise<KubeObject | undefined> => {
      last = await left(name);
      return last.length === 0 ? work.service(name) : undefined;
    };
    await until("every child to be as the spec wants", settled).catch((error: unknown) => {
      throw new Error(`${String(error)}; seed ${seed}, left to do: ${last.join(", ")}`, { cause: error });
    });
  }

  for (let walk = 0; walk < walks; walk++) {
    it(`walk ${walk} of seed ${seed} (MATRIX_SEED): ${steps} random steps`, async () => {
      const random = seededRandom(seed + walk);
      const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;
      const name = `walk-${walk}`;
      const spec: Record<string, unknown> = {};
      for (let step = 0; step < steps; step++) {
        for (let flips = 1 + Math.floor(random() * 3); flips > 0; flips--) {
          const [path, values] = pick(switches);
          set(spec, path, structuredClone(pick(values)));
        }
        await work.apply(name, spec);
        // Half of the steps come while the one before is still under way.
        if (random() < 0.5) await untilSettled(name);
      }
      await untilSettled(name);
    });
  }
});
