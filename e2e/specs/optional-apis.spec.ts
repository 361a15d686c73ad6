/** Optional APIs: missing at the start, installed later, removed again. */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { jobType, loadTestType } from "@gpumedia/operator/src/loadtest/cache.ts";
import { clusterType, type KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import { serviceType } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import { childKinds, type ChildKindName } from "@gpumedia/operator/src/observe/child-kinds.ts";
import { sharedRulesName } from "@gpumedia/operator/src/observe/names.ts";
import { setTimeout as delay } from "node:timers/promises";
import type { Cluster } from "../cluster/cluster.ts";
import { optionalApis } from "../cluster/optional-crds.ts";
import { isSince } from "../cluster/kubernetes-version.ts";
import { sharedCluster } from "../cluster/shared.ts";
import { until } from "../cluster/until.ts";
import { unlessStatus, Workspace, type LiveChild } from "./operator/workspace.ts";

const spec = {
  network: { gateway: { parentRefs: [{ name: "public" }], hostnames: ["media.example.com"] } },
  live: { enabled: true, gateway: { parentRefs: [{ name: "turn" }] } },
};
/** A Deployment or Job. */
interface Templated {
  readonly spec: {
    readonly template: { readonly spec: { readonly securityContext: Readonly<Record<string, unknown>> } };
  };
}

const keda = { autoscaling: { horizontal: { provider: "KEDA" } } };
const optional: readonly (readonly [ChildKindName, name: string])[] = [
  ["verticalPodAutoscaler", "upscaler-vpa"],
  ["podMonitor", "upscaler"],
  ["httpRoute", "upscaler"],
  ["udpRoute", "upscaler-live"],
  ["scaledObject", "by-keda"],
];

describe("optional APIs", () => {
  let cluster: Cluster;
  let work: Workspace;

  before(async () => {
    cluster = await sharedCluster();
    await cluster.addNodes({ count: 2, gpus: 8 });
    work = await Workspace.open(cluster);
    await work.startOperator();
  });
  after(async () => {
    await work?.[Symbol.asyncDispose]();
    await cluster.removeOptionalCrds(optionalApis);
    await cluster.removeNodes();
  });

  /** Returns every value other than True that Ready has while `act` runs. */
  async function notReadyDuring(act: () => Promise<void>): Promise<readonly string[]> {
    const seen = new Set<string>();
    const over = new AbortController();
    const observe = async (): Promise<void> => {
      while (!over.signal.aborted) {
        const ready = await work.condition("upscaler", "Ready");
        if (ready?.status !== "True") seen.add(`${ready?.status} ${ready?.reason}: ${ready?.message}`);
        await delay(20);
      }
    };
    const observing = observe();
    await act().finally(() => over.abort());
    await observing;
    return [...seen];
  }

  async function untilCreated(): Promise<void> {
    for (const [kind, name] of optional) await until(`${kind} ${name}`, () => work.get(childKinds[kind].type, name));
    await until("the shared rules", () =>
      work.client.get(childKinds.prometheusRule.type, work.operatorNamespace, sharedRulesName).catch(unlessStatus(404)),
    );
  }

  it("may be missing, appear and disappear while the service stays ready", async () => {
    await work.apply("upscaler", spec);
    await work.apply("by-keda", keda);
    await work.untilReady("upscaler");
    await work.untilCondition("by-keda", "ScalingReady", { status: "False", reason: "ApiMissing" });
    await work.untilCondition("upscaler", "Exposed", { status: "False", reason: "ApiMissing" });

    const notReady = await notReadyDuring(async () => {
      await cluster.installOptionalCrds(optionalApis);
      await untilCreated();
      await work.untilCondition("by-keda", "ScalingReady", { reason: "NotStarted" });
      await work.untilCondition("upscaler", "Exposed", { status: "False", reason: "NoSuchGateway" });

      await cluster.removeOptionalCrds(optionalApis);
      await work.untilCondition("by-keda", "ScalingReady", { reason: "ApiMissing" });
      await work.untilCondition("upscaler", "Exposed", { reason: "ApiMissing" });

      await cluster.installOptionalCrds(optionalApis);
      await untilCreated();
    });
    assert.deepEqual(notReady, []);
  });

  it("bug: were answered with 500 for ever by older CRDs; the fields that these lack are left out and reported", async () => {
    const older = ["scaledobject", "httproute"] as const;
    await cluster.removeOptionalCrds(older);
    const both = (maxReplicas: number, port = {}) => ({
      network: { gateway: { parentRefs: [{ name: "public", ...port }] } },
      autoscaling: { horizontal: { provider: "KEDA", maxReplicas } },
    });
    await work.apply("older", both(5));
    await work.untilCondition("older", "ScalingReady", { status: "False", reason: "ApiMissing" });
    await cluster.installOptionalCrds(older, "older-crds");
    await until("the ScaledObject", () => work.get(childKinds.scaledObject.type, "older"));
    await until("the HTTPRoute", () => work.get(childKinds.httpRoute.type, "older"));
    await until("status.omittedFields", async (see) => {
      const { omittedFields } = see((await work.service("older"))?.status) ?? {};
      return isDeepStrictEqual(omittedFields, [
        { child: "ScaledObject older", fields: ["spec.fallback (requires KEDA 2.17)"] },
        { child: "HTTPRoute older", fields: ["spec.rules[].timeouts (requires Gateway API 1.2)"] },
      ]);
    });

    // An apply: only a POST drops unknown fields.
    await work.apply("older", both(7));
    await until("the change", async (see) => {
      const { spec: stored } = (await work.child("scaledObject", "older")) as KubeObject & { spec: object };
      return (see(stored) as { maxReplicaCount?: number }).maxReplicaCount === 7;
    });
    await work.untilReady("older");
    await work.apply("older", both(7, { port: 80 }));
    await work.untilCondition("older", "Ready", {
      status: "False",
      reason: "InvalidSpec",
      message: "network.gateway.parentRefs[].port: requires Gateway API 1.1 or newer",
    });

    await work.apply("older", both(7));
    await work.untilReady("older");
    await cluster.removeOptionalCrds(older);
    await work.untilCondition("older", "ScalingReady", { status: "False", reason: "ApiMissing" });
    await work.delete(serviceType, "older");
  });

  it("SecurityContextConstraints: on OpenShift, services and load tests leave the user to the platform", async () => {
    await work.apply("assigned", {});
    await work.untilReady("assigned");
    const users = async (): Promise<readonly unknown[]> => {
      const { spec } = (await work.child("deployment", "assigned")) as unknown as Templated;
      const { runAsUser, runAsGroup, fsGroup } = spec.template.spec.securityContext;
      return [runAsUser, runAsGroup, fsGroup];
    };
    assert.deepEqual(await users(), [10001, 10001, 10001]);
    const [plural, group] = ["securitycontextconstraints", "security.openshift.io"];
    const names = { kind: "SecurityContextConstraints", plural, singular: plural, listKind: "Constraints" };
    const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
    const versions = [{ name: "v1", served: true, storage: true, schema }];
    const crds = clusterType("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions");
    await work.createObject(crds, `${plural}.${group}`, { spec: { group, names, scope: "Cluster", versions } });
    try {
      await until("the Deployment without users", async (see) => see(await users()).every((id) => id === undefined));
      await work.untilReady("assigned");
      await work.createObject(loadTestType, "assigned", { spec: { serviceRef: { name: "assigned" } } });
      const job = await until("the Job", () => work.get(jobType, "assigned"));
      const { securityContext } = (job as unknown as Templated).spec.template.spec;
      assert.deepEqual(securityContext, { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
    } finally {
      await work.client.rawJson("DELETE", `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${plural}.${group}`);
      await work.delete(serviceType, "assigned");
    }
  });

  it("VPA: Auto resizes in place if its schema and Kubernetes allow it, and the status has the recommendation", async () => {
    await cluster.installOptionalCrds(["vpa"]);
    await work.apply("vertical", {});
    const name = "vertical-vpa";
    await until("the VPA", async (see) => {
      const vpa = see(await work.get(childKinds.verticalPodAutoscaler.type, name)) as LiveChild | undefined;
      return isDeepStrictEqual(vpa?.spec.updatePolicy, {
        updateMode: isSince("1.33") ? "InPlaceOrRecreate" : "Recreate",
      });
    });
    const recommendation = { containerRecommendations: [{ containerName: "gpu-media", target: { memory: "5Gi" } }] };
    await work.client.jsonPatch(
      childKinds.verticalPodAutoscaler.type,
      work.namespace,
      name,
      [{ op: "add", path: "/status", value: { recommendation } }],
      { subresource: "status" },
    );
    const reported = await until("status.recommendation", async (see) => {
      return see((await work.service("vertical"))?.status)?.recommendation;
    });
    assert.deepEqual(reported, { requests: { memory: "5Gi" } });
  });
});
