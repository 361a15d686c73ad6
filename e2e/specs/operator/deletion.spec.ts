/** Services that go, and namesakes that come at once. */
import assert from "node:assert/strict";
import type { KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import { serviceType } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import { until } from "../../cluster/until.ts";
import { operatorCluster } from "./operator-cluster.ts";
import { unlessStatus, Workspace } from "./workspace.ts";

describe("deleting a service", function () {
  this.timeout(120_000);
  let work: Workspace;

  before(async () => {
    work = await Workspace.open(await operatorCluster());
    await work.startOperator();
  });
  after(() => work?.[Symbol.asyncDispose]());

  async function ready(name: string): Promise<{ readonly uid: string; readonly children: readonly KubeObject[] }> {
    const { metadata } = await work.apply(name);
    await work.untilReady(name);
    return { uid: metadata.uid, children: await work.children(name) };
  }

  for (const how of ["Background", "Foreground"] as const) {
    it(`takes its children with it: ${how}`, async () => {
      const name = `gone-${how.toLowerCase()}`;
      const { children } = await ready(name);
      assert.equal(children.length, 11);
      await work.delete(serviceType, name, how);
      await until("the service to be gone", async () => ((await work.service(name)) === undefined ? true : undefined));
      await until("its children to be gone", async () => ((await work.children(name)).length === 0 ? true : undefined));
      // In the foreground the service outlives its children, and must not get new ones meanwhile.
      const since = Date.now();
      await ready(`${name}-after`);
      const writes = work.writes(since).filter(({ objectRef }) => objectRef?.name === name);
      assert.deepEqual(writes, []);
    });
  }

  for (const how of ["Background", "Foreground"] as const) {
    it(`and making it again at once gives the new one children of its own: ${how}`, async () => {
      const name = `again-${how.toLowerCase()}`;
      const before = await ready(name);
      await work.delete(serviceType, name, how);
      // In the foreground the name is free only when the children have gone.
      const { metadata } = await until("the name to be free", () => work.create(name).catch(unlessStatus(409)));
      const children = await until("children of the new one", async () => {
        const now = await work.children(name);
        return now.length === before.children.length && areOwnedBy(metadata.uid, now) ? now : undefined;
      });
      const uids = new Set(before.children.map((child) => child.metadata.uid));
      assert.deepEqual(
        children.filter((child) => uids.has(child.metadata.uid)),
        [],
      );
      await work.untilReady(name);
    });
  }

  it("and leaving its children gives them to a namesake that comes later", async () => {
    const name = "orphaned";
    const before = await ready(name);
    await work.delete(serviceType, name, "Orphan");
    await until("the orphans", async () => {
      const now = await work.children(name);
      return now.every(({ metadata: { ownerReferences = [] } }) => ownerReferences.length === 0) ? now : undefined;
    });
    assert.equal(await work.service(name), undefined);
    const { metadata } = await work.apply(name);
    const adopted = await until("the adoption", async () => {
      const now = await work.children(name);
      return now.length === before.children.length && areOwnedBy(metadata.uid, now) ? now : undefined;
    });
    const uids = (children: readonly KubeObject[]): readonly string[] => children.map((child) => child.metadata.uid);
    assert.deepEqual(uids(adopted), uids(before.children), "the same objects: no pod was restarted");
    await work.untilReady(name);
  });
});

/** All of them are owned by just this service, and none is on its way out. */
function areOwnedBy(uid: string, children: readonly KubeObject[]): boolean {
  return children.every(({ metadata: { ownerReferences = [], deletionTimestamp } }) => {
    return ownerReferences.length === 1 && ownerReferences[0]?.uid === uid && deletionTimestamp === undefined;
  });
}
