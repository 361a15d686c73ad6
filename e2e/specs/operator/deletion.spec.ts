/** Deleting a service, and creating one of the same name right after. */
import assert from "node:assert/strict";
import type { KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import { serviceType } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import { until } from "../../cluster/until.ts";
import { operatorWorkspace } from "./operator-cluster.ts";
import { unlessStatus } from "./workspace.ts";

describe("deleting a service", () => {
  const work = operatorWorkspace();

  /** Returns the children of a new service once it is ready. */
  async function ready(name: string): Promise<readonly KubeObject[]> {
    await work.apply(name);
    await work.untilReady(name);
    return work.children(name);
  }

  /** Waits until the children have this sole owner and none of them is being deleted. */
  async function untilOwned(name: string, uid: string, count: number): Promise<readonly KubeObject[]> {
    return until(`${count} children of ${name} with the owner ${uid}`, async (see) => {
      const children = await work.children(name);
      see(children.map(({ metadata }) => metadata));
      const areOwned = children.every(({ metadata: { ownerReferences = [], deletionTimestamp } }) => {
        return ownerReferences.length === 1 && ownerReferences[0]?.uid === uid && deletionTimestamp === undefined;
      });
      return children.length === count && areOwned && children;
    });
  }

  for (const how of ["Background", "Foreground"] as const) {
    it(`deletes its children: ${how}`, async () => {
      const name = `gone-${how.toLowerCase()}`;
      const children = await ready(name);
      assert.equal(children.length, 9);
      await work.delete(serviceType, name, how);
      await work.untilGone(serviceType, name);
      await until("the children to be deleted", async (see) => see(await work.children(name)).length === 0);
      // In the foreground the service outlives its children, and must not get new ones.
      const since = Date.now();
      await ready(`${name}-after`);
      const writes = work.writes(since).filter(({ objectRef }) => objectRef?.name === name);
      assert.deepEqual(writes, []);
    });

    it(`and recreating it at once creates new children: ${how}`, async () => {
      const name = `again-${how.toLowerCase()}`;
      const before = await ready(name);
      await work.delete(serviceType, name, how);
      // In the foreground the name is free only when the children are deleted.
      const { metadata } = await until("the name to be free", () => work.create(name).catch(unlessStatus(409)));
      const children = await untilOwned(name, metadata.uid, before.length);
      const uids = new Set(before.map((child) => child.metadata.uid));
      assert.deepEqual(
        children.filter((child) => uids.has(child.metadata.uid)),
        [],
      );
      await work.untilReady(name);
    });
  }

  it("with orphaned children lets a later service of that name adopt them", async () => {
    const name = "orphaned";
    const before = await ready(name);
    await work.delete(serviceType, name, "Orphan");
    await until("the children to lose their owner", async (see) => {
      const owners = (await work.children(name)).flatMap((child) => child.metadata.ownerReferences ?? []);
      return see(owners).length === 0;
    });
    // The garbage collector removes its finalizer from the service after that.
    await until("the service to be deleted", async (see) => see(await work.service(name)) === undefined);
    const { metadata } = await work.apply(name);
    const adopted = await untilOwned(name, metadata.uid, before.length);
    const uids = (children: readonly KubeObject[]): readonly string[] => children.map((child) => child.metadata.uid);
    assert.deepEqual(uids(adopted), uids(before), "the objects were replaced");
    await work.untilReady(name);
  });
});
