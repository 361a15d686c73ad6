/** Random sequences of edits: the children depend only on the current spec, not on earlier ones. */
import assert from "node:assert/strict";
import { builtInProfiles } from "@gpumedia/api";
import { desiredChildren } from "@gpumedia/operator/src/desired/children.ts";
import { liveAddress } from "@gpumedia/operator/src/desired/live-address.ts";
import { effectiveService } from "@gpumedia/operator/src/effective/effective.ts";
import { gpuRequest } from "@gpumedia/operator/src/effective/gpu-request.ts";
import { ownership } from "@gpumedia/operator/src/kube/ownership.ts";
import { planChild } from "@gpumedia/operator/src/plan/plan.ts";
import { isSince } from "../../cluster/kubernetes-version.ts";
import { until, type See } from "../../cluster/until.ts";
import { seededRandom } from "../../../workload/src/testing/random.ts";
import { operatorWorkspace } from "./operator-cluster.ts";

const seed = Number(process.env.MATRIX_SEED ?? Math.floor(Math.random() * 2 ** 31));
const walks = 4;
const steps = 12;
const defaults = { processorImage: "example.com/processor:1-cuda", processorImageCpu: "example.com/processor:1" };

/** The fields of a spec that create or delete a child, with the values to try. */
const switches: readonly (readonly [path: string, values: readonly unknown[]])[] = [
  ["autoscaling.horizontal.enabled", [true, false]],
  ["autoscaling.horizontal.provider", ["HPA", "KEDA"]],
  ["autoscaling.vertical.enabled", [true, false]],
  ["podDisruptionBudget.enabled", [true, false]],
  ["network.networkPolicy.enabled", [true, false]],
  ["live.enabled", [true, false]],
  ["network.ingress", [{ enabled: true, host: "a.example.com" }, { enabled: false }]],
  ["network.gateway", [{ parentRefs: [{ name: "public" }], hostnames: ["b.example.com"] }, {}]],
  ["monitoring.podMonitor", [true, false]],
  ["monitoring.alerts", [true, false]],
  ["monitoring.dashboard", [true, false]],
  ["gpu.count", [0, 1, 2]],
  ["profile", Object.keys(builtInProfiles)],
];

function set(spec: Record<string, unknown>, path: string, value: unknown): void {
  const keys = path.split(".");
  let node = spec;
  for (const key of keys.slice(0, -1)) node = (node[key] ??= {}) as Record<string, unknown>;
  node[keys.at(-1) ?? ""] = value;
}

describe("random edits of a spec", () => {
  const work = operatorWorkspace("suite", {
    parameters: [`--processor-image=${defaults.processorImage}`, `--processor-image-cpu=${defaults.processorImageCpu}`],
  });

  /** Returns the actions that remain for the stored service. */
  async function remainingActions(name: string): Promise<readonly string[]> {
    const stored = (await work.service(name)) ?? assert.fail(`service ${name} does not exist`);
    const effective = effectiveService(stored, new Map(), defaults);
    assert.equal(effective.kind, "Effective");
    if (effective.kind !== "Effective") return [];
    const { service } = effective;
    const children = desiredChildren(service, {
      operatorNamespace: work.operatorNamespace,
      exportsTargets: true,
      rollout: stored.status?.rollout?.strategy ?? "Surge",
      gpuMetric: "Utilization",
      liveAddress: liveAddress(service, undefined),
      gpus: gpuRequest(service, "ExtendedResource"),
      waitingReplicas: stored.status?.rollout?.waiting ?? 0,
      features: {
        gpuPodMetric: false,
        busyPodMetric: false,
        livePodMetrics: false,
        inPlaceVpa: isSince("1.33"),
        resourceMetrics: true,
        securityContextConstraints: false,
        hpaTolerance: true,
        imageVolumes: true,
        fields: {},
      },
    });
    const actions = await Promise.all(
      children.map(async (child) => {
        const live = await work.get(child.kind.type, child.name);
        return planChild(service.owner, child, live && { metadata: live.metadata, owned: ownership(live) }, true);
      }),
    );
    return actions.flatMap(({ do: action, child }) =>
      action === "none" ? [] : [`${action} ${child.kind.type.kind} ${child.name}`],
    );
  }

  async function untilSettled(name: string): Promise<void> {
    const areSettled = async (see: See): Promise<boolean> => see(await remainingActions(name)).length === 0;
    await until(`no remaining action (seed ${seed})`, areSettled);
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
        // Half of the steps start while the previous one is still in progress.
        if (random() < 0.5) await untilSettled(name);
      }
      await untilSettled(name);
    });
  }
});
