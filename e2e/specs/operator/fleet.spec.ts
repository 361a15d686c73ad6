/** One hundred services, half of them in some trouble: the others never notice. */
import assert from "node:assert/strict";
import { childKinds } from "@gpumedia/operator/src/observe/child-kinds.ts";
import { healthySpec, namesake, troubleOf } from "../../cluster/troubles.ts";
import { until } from "../../cluster/until.ts";
import { operatorCluster } from "./operator-cluster.ts";
import { Workspace } from "./workspace.ts";

describe("a hundred services, half of them in trouble", function () {
  this.timeout(240_000);
  let work: Workspace;

  before(async () => {
    work = await Workspace.open(await operatorCluster());
    await work.startOperator();
  });
  after(() => work[Symbol.asyncDispose]());

  it("each says what is wrong with it alone; the others serve and follow their specs", async () => {
    const fleet = Array.from({ length: 100 }, (_, index) => ({
      name: `s${index}`,
      trouble: index % 2 === 0 ? undefined : troubleOf((index - 1) / 2),
    }));
    for (const { name, trouble } of fleet) {
      if (trouble?.taken !== true) continue;
      await work.createChild(childKinds.service, namesake(work.namespace, name));
    }
    await Promise.all(fleet.map(({ name, trouble }) => work.apply(name, trouble?.spec ?? healthySpec)));
    for (const { name, trouble } of fleet) {
      const wanted = trouble === undefined ? { status: "True" } : { status: "False", reason: trouble.reason };
      await work.untilCondition(name, "Ready", wanted as { status: "True" }, { withinMs: 60_000 });
    }

    const well = fleet.filter(({ trouble }) => trouble === undefined);
    await Promise.all(
      well.map(({ name }) => work.apply(name, { autoscaling: { horizontal: { minReplicas: 1, maxReplicas: 7 } } })),
    );
    for (const { name } of well) {
      await until(`the autoscaler of ${name} to follow`, async () => {
        const child = (await work.child("horizontalPodAutoscaler", name)) as { spec?: { maxReplicas?: number } };
        return child.spec?.maxReplicas === 7 ? true : undefined;
      });
    }
    assert.equal(well.length, 50);
  });
});
