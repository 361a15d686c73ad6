/** Invalid or unschedulable services do not affect the others. */
import assert from "node:assert/strict";
import { childKinds } from "@gpumedia/operator/src/observe/child-kinds.ts";
import { healthySpec, namesake, troubleOf } from "../../cluster/troubles.ts";
import { until } from "../../cluster/until.ts";
import { operatorWorkspace } from "./operator-cluster.ts";

const services = 30;

describe(`${services} services, half of them in trouble`, () => {
  const work = operatorWorkspace();

  it("reports each failure on the failing service only; the others serve and follow their specs", async () => {
    const fleet = Array.from({ length: services }, (_, index) => ({
      name: `s${index}`,
      trouble: index % 2 === 0 ? undefined : troubleOf((index - 1) / 2),
    }));
    for (const { name, trouble } of fleet) {
      if (trouble?.taken !== true) continue;
      await work.client.create(childKinds.service.type, namesake(work.namespace, name), { fieldManager: "other" });
    }
    await Promise.all(fleet.map(({ name, trouble }) => work.apply(name, trouble?.spec ?? healthySpec)));
    for (const { name, trouble } of fleet) {
      const expected = trouble === undefined ? { status: "True" } : { status: "False", reason: trouble.reason };
      await work.untilCondition(name, "Ready", expected as { status: "True" }, { withinMs: 60_000 });
    }

    const healthy = fleet.filter(({ trouble }) => trouble === undefined);
    await Promise.all(
      healthy.map(({ name }) => work.apply(name, { autoscaling: { horizontal: { minReplicas: 1, maxReplicas: 7 } } })),
    );
    for (const { name } of healthy) {
      await until(`maxReplicas of ${name} to be 7`, async (see) => {
        const { spec } = await work.child("horizontalPodAutoscaler", name);
        return see(spec.maxReplicas) === 7;
      });
    }
    assert.equal(healthy.length, services / 2);
  });
});
