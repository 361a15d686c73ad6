/** Profiles of the cluster: based on others, replacing built-in ones, and rolled out with care when they change. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { childKinds } from "@gpumedia/operator/src/observe/child-kinds.ts";
import type { KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import { profileType } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import { failingImages } from "../../cluster/cluster.ts";
import { until } from "../../cluster/until.ts";
import { operatorCluster } from "./operator-cluster.ts";
import { Workspace } from "./workspace.ts";

describe("profiles", () => {
  let work: Workspace;
  let made: string[];

  beforeEach(async () => {
    made = [];
    work = await Workspace.open(await operatorCluster());
    await work.startOperator({ parameters: ["--max-rollouts=1"] });
  });
  afterEach(async () => {
    for (const name of made) {
      const { metadata } = await work.client.get(profileType, "", name);
      await work.client.delete(profileType, "", name, { uid: metadata.uid });
    }
    await work[Symbol.asyncDispose]();
  });

  /** Profiles belong to the whole cluster: other specs must not meet these names. */
  const unique = (name: string): string => `${name}-${randomUUID().slice(0, 8)}`;

  async function profile(name: string, spec: object): Promise<void> {
    const manifest = { apiVersion: "gpumedia.io/v1alpha1", kind: "GpuMediaProfile", metadata: { name }, spec };
    await work.client.create(profileType, manifest, { fieldManager: "user" });
    made.push(name);
  }

  async function edit(name: string, spec: object): Promise<void> {
    await work.client.jsonPatch(profileType, "", name, [{ op: "replace", path: "/spec", value: spec }]);
  }

  async function imageOf(service: string): Promise<string | undefined> {
    const live = (await work.get(childKinds.deployment.type, service)) as
      | (KubeObject & { spec: { template: { spec: { containers: { image: string }[] } } } })
      | undefined;
    return live?.spec.template.spec.containers[0]?.image;
  }

  it("are based on each other, the nearest winning; one that appears later is picked up", async () => {
    const [lower, upper] = [unique("lower"), unique("upper")];
    await work.apply("late", { profile: upper });
    await work.untilCondition("late", "Stalled", { status: "True", reason: "UnknownProfile", says: upper });
    await profile(upper, { basedOn: lower, autoscaling: { horizontal: { maxReplicas: 3 } } });
    await work.untilCondition("late", "Stalled", { status: "True", reason: "UnknownProfile", says: lower });
    await profile(lower, { basedOn: "staging", autoscaling: { horizontal: { minReplicas: 1, maxReplicas: 9 } } });
    await work.untilReady("late");
    const hpa = (await work.child("horizontalPodAutoscaler", "late")) as KubeObject & { spec: object };
    const { minReplicas, maxReplicas } = hpa.spec as { minReplicas: number; maxReplicas: number };
    assert.deepEqual({ minReplicas, maxReplicas }, { minReplicas: 1, maxReplicas: 3 });
  });

  it("that are based on each other in a circle are an error that names the circle, and hurt nobody else", async () => {
    const [a, b] = [unique("a"), unique("b")];
    await profile(a, { basedOn: b });
    await profile(b, { basedOn: a });
    await work.apply("circular", { profile: a });
    const says = `${a} -> ${b} -> ${a}`;
    await work.untilCondition("circular", "Stalled", { status: "True", reason: "ProfileCycle", says });
    await work.apply("other", {});
    await work.untilReady("other");
  });

  it("roll out to so many services at a time: a bad edit stops at the first, a good one reaches all", async () => {
    const name = unique("fleet");
    const services = ["s1", "s2", "s3"];
    const small = { autoscaling: { horizontal: { minReplicas: 1 } } };
    await profile(name, { ...small, image: "example.com/processor:1" });
    for (const service of services) await work.apply(service, { profile: name });
    for (const service of services) await work.untilReady(service);

    await edit(name, { ...small, image: failingImages.neverReady });
    const queued = await until("all but one to be queued", async () => {
      const all = await Promise.all(services.map((service) => work.service(service)));
      const waiting = all.filter((service) =>
        service?.status?.conditions?.some(({ type, reason }) => type === "Reconciling" && reason === "RolloutQueued"),
      );
      return waiting.length === services.length - 1 ? waiting : undefined;
    });
    for (const service of queued) {
      // They go on serving what they served.
      assert.equal(await imageOf(service?.metadata.name ?? ""), "example.com/processor:1");
      assert.equal(service?.status?.conditions?.find(({ type }) => type === "Ready")?.status, "True");
    }

    await edit(name, { ...small, image: "example.com/processor:2" });
    for (const service of services) {
      await until(`${service} to have the new image`, async () =>
        (await imageOf(service)) === "example.com/processor:2" ? true : undefined,
      );
      await work.untilReady(service);
    }
  });
});
