/** GpuMediaProfiles: based on each other, and rolled out to a limited number of services at a time. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { profileType } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import { failingImages } from "../../cluster/cluster.ts";
import { until, type See } from "../../cluster/until.ts";
import { operatorWorkspace } from "./operator-cluster.ts";

describe("profiles", () => {
  const work = operatorWorkspace("test", { parameters: ["--max-rollouts=1"] });

  /** Profiles are cluster-scoped: other specs must not use these names. */
  const unique = (name: string): string => `${name}-${randomUUID().slice(0, 8)}`;

  async function profile(name: string, spec: object): Promise<void> {
    const { metadata } = await work.createObject(profileType, name, { spec }, { manager: "user" });
    work.resources.defer(() => work.client.delete(profileType, "", name, { uid: metadata.uid }));
  }

  async function edit(name: string, spec: object): Promise<void> {
    await work.client.jsonPatch(profileType, "", name, [{ op: "replace", path: "/spec", value: spec }]);
  }

  async function imageOf(service: string): Promise<string> {
    return (await work.child("deployment", service)).spec.template.spec.containers[0].image;
  }

  it("are based on each other, the nearest taking precedence, and may be created after the service", async () => {
    const [lower, upper] = [unique("lower"), unique("upper")];
    await work.apply("late", { profile: upper });
    await work.untilCondition("late", "Stalled", { status: "True", reason: "UnknownProfile", message: upper });
    await profile(upper, { basedOn: lower, autoscaling: { horizontal: { maxReplicas: 3 } } });
    await work.untilCondition("late", "Stalled", { status: "True", reason: "UnknownProfile", message: lower });
    await profile(lower, { basedOn: "staging", autoscaling: { horizontal: { minReplicas: 1, maxReplicas: 9 } } });
    await work.untilReady("late");
    const { minReplicas, maxReplicas } = (await work.child("horizontalPodAutoscaler", "late")).spec;
    assert.deepEqual({ minReplicas, maxReplicas }, { minReplicas: 1, maxReplicas: 3 });
  });

  it("report a cycle by name, without affecting other services", async () => {
    const [a, b] = [unique("a"), unique("b")];
    await profile(a, { basedOn: b });
    await profile(b, { basedOn: a });
    await work.apply("circular", { profile: a });
    const message = `${a} -> ${b} -> ${a}`;
    await work.untilCondition("circular", "Stalled", { status: "True", reason: "ProfileCycle", message });
    await work.apply("other", {});
    await work.untilReady("other");
  });

  it("roll out to one service at a time: a bad edit stops at the first, a good one reaches all", async () => {
    const name = unique("fleet");
    const services = ["s1", "s2", "s3"];
    const small = { autoscaling: { horizontal: { minReplicas: 1 } } };
    await profile(name, { ...small, image: "example.com/processor:1" });
    for (const service of services) await work.apply(service, { profile: name });
    for (const service of services) await work.untilReady(service);

    await edit(name, { ...small, image: failingImages.neverReady });
    const queued = await until("all but one rollout to be queued", async (see) => {
      const conditions = see(await Promise.all(services.map((service) => work.condition(service, "Reconciling"))));
      const waiting = services.filter((_, index) => conditions[index]?.reason === "RolloutQueued");
      return waiting.length === services.length - 1 && waiting;
    });
    for (const service of queued) {
      // They serve with the previous image.
      assert.equal(await imageOf(service), "example.com/processor:1");
      assert.equal((await work.condition(service, "Ready"))?.status, "True");
    }

    await edit(name, { ...small, image: "example.com/processor:2" });
    for (const service of services) {
      const isUpdated = async (see: See): Promise<boolean> => see(await imageOf(service)) === "example.com/processor:2";
      await until(`${service} to have the new image`, isUpdated);
      await work.untilReady(service);
    }
  });
});
