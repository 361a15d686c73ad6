/** The owner of `replicas` may change at any time. The number must not, unless the new owner sets it. */
import assert from "node:assert/strict";
import { childKinds } from "@gpumedia/operator/src/observe/child-kinds.ts";
import { apiVersionOf } from "@gpumedia/operator/src/kube/object.ts";
import { profileType, serviceType } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import { onlySince } from "../../cluster/kubernetes-version.ts";
import { until } from "../../cluster/until.ts";
import { serveExternalMetric } from "./external-metric.ts";
import { operatorWorkspace } from "./operator-cluster.ts";
import type { LiveChild } from "./workspace.ts";

const { deployment, horizontalPodAutoscaler } = childKinds;
const on = { autoscaling: { horizontal: { enabled: true } } };
const off = { autoscaling: { horizontal: { enabled: false } } };

describe("replicas", () => {
  const work = operatorWorkspace();
  let name = "";
  let count = 0;

  beforeEach(async () => {
    name = `scaled-${count++}`;
    await work.apply(name, on);
    await work.untilReady(name);
  });
  afterEach(() => work.apply(name, { ...off, replicas: 0 }));

  /** Scales as the HPA controller does. */
  async function scale(replicas: number): Promise<void> {
    const path = `/apis/apps/v1/namespaces/${work.namespace}/deployments/${name}/scale?fieldManager=kube-controller-manager`;
    await work.mergePatch(path, { spec: { replicas } });
  }

  async function untilReplicas(expected: number): Promise<void> {
    await until(`${name} to have ${expected} replicas`, async (see) => {
      const { spec } = await work.child("deployment", name);
      return see(spec.replicas) === expected;
    });
  }

  /** Switches horizontal autoscaling on or off, and waits for the end of the reconcile. */
  async function autoscale(spec: typeof on | typeof off): Promise<void> {
    await work.apply(name, spec);
    await untilAutoscaled(spec === on);
  }

  async function untilAutoscaled(expected: boolean): Promise<void> {
    await until(`an HPA of ${name}: ${expected}`, async () => {
      return ((await work.get(horizontalPodAutoscaler.type, name)) !== undefined) === expected;
    });
    // The status is written last in a reconcile.
    await work.untilReady(name);
  }

  /** Returns the Deployment's replicas before and in each version stored while `act` runs, without repetitions. */
  async function replicasDuring(act: () => Promise<void>): Promise<readonly number[]> {
    const { metadata, spec: before } = await work.child("deployment", name);
    const controller = new AbortController();
    const versions = [before.replicas];
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
        const { spec, metadata: now } = object as LiveChild;
        if (versions.at(-1) !== spec.replicas) versions.push(spec.replicas);
        if (now.annotations?.["spec/over"] !== undefined) return last.resolve();
      }
    })();
    await act();
    // The watch delivers this version last.
    await work.patch(deployment.type, name, [{ op: "add", path: "/metadata/annotations/spec~1over", value: "yes" }]);
    await last.promise;
    controller.abort();
    await following;
    return versions;
  }

  it("stay when the HPA is switched off and on twice while it scales", async () => {
    await scale(7);
    await untilReplicas(7);
    const versions = await replicasDuring(async () => {
      for (const next of [8, 9]) {
        await autoscale(off);
        await autoscale(on);
        await scale(next);
      }
      await untilReplicas(9);
    });
    assert.deepEqual(versions, [7, 8, 9]);
  });

  it("stay when the HPA is switched off before it has ever scaled", async () => {
    const versions = await replicasDuring(async () => {
      await autoscale(off);
      await autoscale(on);
    });
    assert.deepEqual(versions, [2]);
  });

  it("stay when the user hands them over to the HPA", async () => {
    await work.apply(name, { ...off, replicas: 5 });
    await untilReplicas(5);
    await untilAutoscaled(false);
    const versions = await replicasDuring(async () => {
      await autoscale(on);
      await scale(6);
      await untilReplicas(6);
    });
    assert.deepEqual(versions, [5, 6]);
  });

  it("stay when the user removes spec.replicas", async () => {
    await work.apply(name, { ...off, replicas: 5 });
    await untilReplicas(5);
    const versions = await replicasDuring(async () => {
      await autoscale(off);
      await scale(4);
      await untilReplicas(4);
    });
    assert.deepEqual(versions, [5, 4]);
  });

  it("change directly from the HPA's number to the user's", async () => {
    await scale(7);
    await untilReplicas(7);
    const versions = await replicasDuring(async () => {
      await work.apply(name, { ...off, replicas: 4 });
      await untilReplicas(4);
      await untilAutoscaled(false);
    });
    assert.deepEqual(versions, [7, 4]);
  });

  it("are repaired if set in the spec, and kept otherwise", async () => {
    await work.apply(name, { ...off, replicas: 3 });
    await untilReplicas(3);
    await scale(1);
    await untilReplicas(3);
    await autoscale(off);
    await scale(6);
    const versions = await replicasDuring(async () => {
      // Causes a reconcile that repairs another field.
      await work.patch(deployment.type, name, [{ op: "remove", path: "/metadata/labels" }]);
      await until("the labels to be repaired", async (see) => {
        const { metadata } = await work.child("deployment", name);
        return see(metadata.labels)?.["gpumedia.io/service"];
      });
    });
    assert.deepEqual(versions, [6]);
  });
});

describe("kubectl scale", () => {
  const work = operatorWorkspace();
  const kubectl = (...args: readonly string[]) => work.cluster.kubectl(...args, "-n", work.namespace);

  it("sets the replicas of a service without an autoscaler, which the operator then holds", async () => {
    await work.apply("fixed", off);
    await work.untilReady("fixed");
    await kubectl("scale", "gms/fixed", "--replicas=3");
    await until("three replicas", async (see) => see((await work.child("deployment", "fixed")).spec.replicas) === 3);
    await work.untilReady("fixed");
    // What an autoscaler of the user's own reads.
    const scale = JSON.parse(await kubectl("get", "gms", "fixed", "--subresource=scale", "-o", "json")) as object;
    const { spec, status } = scale as { readonly spec: object; readonly status: object };
    assert.deepEqual(
      [spec, status],
      [{ replicas: 3 }, { replicas: 3, selector: "app.kubernetes.io/name=gpu-media,app.kubernetes.io/instance=fixed" }],
    );
    await kubectl("scale", "gms/fixed", "--replicas=1", "--current-replicas=3");
    await until("one replica", async (see) => see((await work.child("deployment", "fixed")).spec.replicas) === 1);
  });

  const instead = "set autoscaling.horizontal.minReplicas and maxReplicas instead of replicas";
  it("is refused with the next step while a built-in profile enables the autoscaler", async () => {
    await work.apply("scaled", {});
    await work.untilReady("scaled");
    await assert.rejects(kubectl("scale", "gms/scaled", "--replicas=3"), (error: Error) =>
      error.message.includes(instead),
    );
  });

  it("is refused with the next step while a GpuMediaProfile enables the autoscaler", async () => {
    const profile = `scaling-${work.namespace}`;
    const { metadata } = await work.createObject(profileType, profile, { spec: {} });
    work.resources.defer(() => work.client.delete(profileType, "", profile, { uid: metadata.uid }));
    await work.apply("profiled", { profile });
    await work.untilReady("profiled");
    await assert.rejects(kubectl("scale", "gms/profiled", "--replicas=3"), (error: Error) =>
      error.message.includes(instead),
    );
    // An edit that disables the autoscaler at the same time is for the operator to check.
    await work.apply("profiled", { profile, ...off, replicas: 2 });
    await work.untilReady("profiled");
    await kubectl("scale", "gms/profiled", "--replicas=1");
    await work.untilReady("profiled");
  });
});

describe("an autoscaler of the user's own", () => {
  const work = operatorWorkspace();

  // Earlier API servers reject `minReplicas: 0` (KEP-2021).
  onlySince("1.37")("scales a service to zero and from zero, by a metric from outside of its pods", async () => {
    const setWaiting = await serveExternalMetric(work, "requests_waiting");
    await work.apply("idle", { ...off, replicas: 1 });
    await work.untilReady("idle");
    await work.createObject(horizontalPodAutoscaler.type, "idle-by-requests", {
      spec: {
        scaleTargetRef: { apiVersion: apiVersionOf(serviceType), kind: serviceType.kind, name: "idle" },
        minReplicas: 0,
        maxReplicas: 4,
        metrics: [
          {
            type: "External",
            external: { metric: { name: "requests_waiting" }, target: { type: "AverageValue", averageValue: "10" } },
          },
        ],
        behavior: { scaleDown: { stabilizationWindowSeconds: 0 } },
      },
    });
    const untilReplicas = async (expected: number): Promise<void> => {
      await until(`${expected} replicas`, async (see) => {
        return see((await work.child("deployment", "idle")).spec.replicas) === expected;
      });
    };
    await untilReplicas(0);
    await work.untilCondition("idle", "Ready", { status: "True", reason: "ScaledToZero" });
    await work.untilCondition("idle", "ScalingReady", { status: "True", reason: "NotNeeded" });
    setWaiting(25);
    await untilReplicas(3);
    await work.untilCondition("idle", "Ready", { status: "True", reason: "Serving" });
  });
});
