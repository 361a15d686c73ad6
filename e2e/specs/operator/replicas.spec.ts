/** Who sets the replicas may change at any time; how many there are must not, unless somebody says so. */
import assert from "node:assert/strict";
import { childKinds } from "@gpumedia/operator/src/observe/child-kinds.ts";
import type { KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import { until } from "../../cluster/until.ts";
import { operatorCluster } from "./operator-cluster.ts";
import { Workspace } from "./workspace.ts";

const { deployment, horizontalPodAutoscaler } = childKinds;
const on = { autoscaling: { horizontal: { enabled: true } } };
const off = { autoscaling: { horizontal: { enabled: false } } };

describe("replicas", function () {
  this.timeout(120_000);
  let work: Workspace;
  let name = "";
  let count = 0;

  before(async () => {
    work = await Workspace.open(await operatorCluster());
    await work.startOperator();
  });
  after(() => work?.[Symbol.asyncDispose]());
  beforeEach(async () => {
    name = `scaled-${count++}`;
    await work.apply(name, on);
    await work.untilReady(name);
  });
  afterEach(() => work.apply(name, { ...off, replicas: 0 }));

  /** As the autoscaler's controller does it. */
  async function scale(replicas: number): Promise<void> {
    const path = `/apis/apps/v1/namespaces/${work.namespace}/deployments/${name}/scale?fieldManager=kube-controller-manager`;
    await work.client.rawJson("PATCH", path, {
      body: { spec: { replicas } },
      headers: { "content-type": "application/merge-patch+json" },
    });
  }

  async function replicas(): Promise<number> {
    const live = (await work.child("deployment", name)) as KubeObject & { spec: { replicas: number } };
    return live.spec.replicas;
  }

  async function untilReplicas(wanted: number): Promise<void> {
    await until(`${name} to have ${wanted} replicas`, async () => ((await replicas()) === wanted ? true : undefined));
  }

  async function untilAutoscaled(is: boolean): Promise<void> {
    await until(`an autoscaler: ${is}`, async () => {
      const there = (await work.get(horizontalPodAutoscaler.type, name)) !== undefined;
      return there === is ? true : undefined;
    });
    // Its status says that the pass is over.
    await work.untilCondition(name, "Ready", { status: "True" });
  }

  /** The replicas of each version of the Deployment that the API server has had, without repetitions, while `act` runs. */
  async function seen(act: () => Promise<void>): Promise<readonly number[]> {
    const { metadata } = await work.child("deployment", name);
    const controller = new AbortController();
    const versions: number[] = [];
    const last = Promise.withResolvers<void>();
    const watch = work.client.watch(deployment.type, {
      namespace: work.namespace,
      fieldSelector: `metadata.name=${name}`,
      resourceVersion: metadata.resourceVersion,
      allowWatchBookmarks: false,
      timeoutSeconds: 300,
      signal: controller.signal,
    });
    const following = (async () => {
      for await (const { object } of watch) {
        const { spec, metadata: now } = object as KubeObject & { spec: { replicas: number } };
        if (versions.at(-1) !== spec.replicas) versions.push(spec.replicas);
        if (now.annotations?.["spec/over"] !== undefined) return last.resolve();
      }
    })();
    await act();
    // The watch has brought all versions when it brings this one.
    await work.patch(deployment.type, name, [{ op: "add", path: "/metadata/annotations/spec~1over", value: "yes" }]);
    await last.promise;
    controller.abort();
    await following;
    return versions;
  }

  it("stay when the autoscaler is switched off, on, off and on again, while it scales", async () => {
    await scale(7);
    await untilReplicas(7);
    const versions = await seen(async () => {
      for (const next of [8, 9]) {
        await work.apply(name, off);
        await untilAutoscaled(false);
        await work.apply(name, on);
        await untilAutoscaled(true);
        await scale(next);
      }
      await untilReplicas(9);
    });
    assert.deepEqual(versions, [7, 8, 9]);
  });

  it("stay when the autoscaler is switched off before it has ever scaled", async () => {
    const versions = await seen(async () => {
      await work.apply(name, off);
      await untilAutoscaled(false);
      await work.apply(name, on);
      await untilAutoscaled(true);
    });
    assert.deepEqual(versions, [2]);
  });

  it("stay when what the user has set is left to the autoscaler", async () => {
    await work.apply(name, { ...off, replicas: 5 });
    await untilReplicas(5);
    await untilAutoscaled(false);
    const versions = await seen(async () => {
      await work.apply(name, on);
      await untilAutoscaled(true);
      await scale(6);
      await untilReplicas(6);
    });
    assert.deepEqual(versions, [5, 6]);
  });

  it("stay when the user no longer says how many", async () => {
    await work.apply(name, { ...off, replicas: 5 });
    await untilReplicas(5);
    const versions = await seen(async () => {
      await work.apply(name, off);
      await untilAutoscaled(false);
      await scale(4);
      await untilReplicas(4);
    });
    assert.deepEqual(versions, [5, 4]);
  });

  it("go at once from the autoscaler's to the user's number", async () => {
    await scale(7);
    await untilReplicas(7);
    const versions = await seen(async () => {
      await work.apply(name, { ...off, replicas: 4 });
      await untilReplicas(4);
      await untilAutoscaled(false);
    });
    assert.deepEqual(versions, [7, 4]);
  });

  it("that the user has set are repaired, those that nobody has set are kept", async () => {
    await work.apply(name, { ...off, replicas: 3 });
    await untilReplicas(3);
    await scale(1);
    await untilReplicas(3);
    await work.apply(name, off);
    await untilAutoscaled(false);
    await scale(6);
    const versions = await seen(async () => {
      // A pass that repairs something else.
      await work.patch(deployment.type, name, [{ op: "remove", path: "/metadata/labels" }]);
      await until("the repair", async () => {
        const { metadata } = await work.child("deployment", name);
        return metadata.labels?.["gpumedia.io/service"];
      });
    });
    assert.deepEqual(versions, [6]);
  });
});
