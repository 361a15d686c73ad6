/** What Argo CD says of services and load tests, by the health checks of examples/gitops/argocd-cm.yaml. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { GpuMediaLoadTest } from "@gpumedia/api";
import { childKinds } from "@gpumedia/operator/src/observe/child-kinds.ts";
import { sampleResult } from "@gpumedia/operator/src/loadtest/result.sample.ts";
import { loadTestStatus, type LoadTestReason, type LoadTestState } from "@gpumedia/operator/src/loadtest/status.ts";
import type { KubernetesObject } from "../../cluster/rest.ts";
import { tool } from "../../cluster/tools.ts";
import { healthySpec, namesake, troubles } from "../../cluster/troubles.ts";
import { operatorCluster } from "../operator/operator-cluster.ts";
import { Workspace } from "../operator/workspace.ts";
import { healthOf } from "./argocd.ts";

await tool("glua");

type Wanted = "Healthy" | "Progressing" | "Degraded" | "Suspended";
const degraded: ReadonlySet<string> = new Set(["UnknownProfile", "NameTaken"]);

const services: readonly {
  readonly spec: object;
  readonly reason: string;
  readonly taken?: boolean;
  readonly health: Wanted;
}[] = [
  { spec: healthySpec, reason: "Serving", health: "Healthy" },
  { spec: { replicas: 0, autoscaling: { horizontal: { enabled: false } } }, reason: "ScaledToZero", health: "Healthy" },
  { spec: { suspend: true }, reason: "Suspended", health: "Suspended" },
  ...troubles.map(
    (trouble) => ({ ...trouble, health: degraded.has(trouble.reason) ? "Degraded" : "Progressing" }) as const,
  ),
];

const missed = { ...sampleResult, verdict: "Failed", reasons: ["p95 14 ms is above 10 ms"] } as const;
const noResult: LoadTestReason = "NoResult";
const loadTests: readonly { readonly state: LoadTestState; readonly health: Wanted; readonly says: RegExp }[] = [
  {
    state: { kind: "Waiting", reason: "NoPodServes", message: "no pod serves" },
    health: "Progressing",
    says: /^no pod serves$/,
  },
  { state: { kind: "Running", job: "one", serviceGeneration: 1 }, health: "Progressing", says: /^Job one / },
  {
    state: { kind: "Error", reason: noResult, message: "the result is lost" },
    health: "Degraded",
    says: /^the result is lost$/,
  },
  { state: { kind: "Finished", result: sampleResult, earlier: undefined }, health: "Healthy", says: /^p95 14.3 ms/ },
  { state: { kind: "Finished", result: missed, earlier: undefined }, health: "Degraded", says: /^p95 14 ms is above/ },
];

describe("Argo CD's health checks", function () {
  this.timeout(120_000);
  let work: Workspace;
  let configuration: Readonly<Record<string, string>>;

  before(async () => {
    work = await Workspace.open(await operatorCluster());
    configuration = await configured();
    await work.startOperator();
  });
  after(() => work?.[Symbol.asyncDispose]());

  /** As the file says that it is put in place, beside what is there. */
  async function configured(): Promise<Readonly<Record<string, string>>> {
    const where = ["-n", work.namespace, "configmap", "argocd-cm"];
    const metadata = { name: "argocd-cm", namespace: work.namespace };
    await work.cluster.kubectlWithInput(
      { apiVersion: "v1", kind: "ConfigMap", metadata, data: { url: "https://argocd.example.com" } },
      "create",
      "-f",
      "-",
    );
    await work.cluster.kubectl("patch", ...where, "--patch-file", "examples/gitops/argocd-cm.yaml");
    const { data } = JSON.parse(await work.cluster.kubectl("get", ...where, "-o", "json")) as {
      data: Readonly<Record<string, string>>;
    };
    assert.equal(Object.keys(data).length, 3);
    return data;
  }

  const health = (objects: readonly KubernetesObject[]) =>
    healthOf(configuration, objects, join(work.cluster.directory, "health.lua"));

  it("call each service what it is, in the operator's words", async () => {
    const named = services.map((service, index) => ({ ...service, name: `s${index}` }));
    for (const { name, taken, spec } of named) {
      if (taken === true)
        await work.client.create(childKinds.service.type, namesake(work.namespace, name), { fieldManager: "other" });
      await work.apply(name, spec);
    }
    const ready = await Promise.all(named.map(({ name, reason }) => work.untilCondition(name, "Ready", { reason })));
    const found = await health(await Promise.all(named.map(({ name }) => live(name))));
    assert.deepEqual(
      found,
      named.map((service, index) => ({ status: service.health, message: ready[index]?.message })),
    );
  });

  it("wait for what the operator says of the present spec", async () => {
    await work.apply("changed", healthySpec);
    await work.untilReady("changed");
    const service = await live("changed");
    const unseen = { ...service, metadata: { ...service.metadata, generation: 2 } };
    const { status: _status, ...untouched } = service as KubernetesObject & { status?: unknown };
    const wait = { status: "Progressing", message: "waiting for the operator to reconcile it" };
    assert.deepEqual(await health([unseen, untouched]), [wait, wait]);
  });

  it("call each load test what it is", async () => {
    const tests = loadTests.map(({ state }) => {
      const test: GpuMediaLoadTest = {
        apiVersion: "gpumedia.io/v1alpha1",
        kind: "GpuMediaLoadTest",
        metadata: { name: "one", namespace: "media", generation: 1 },
        spec: { serviceRef: { name: "upscaler" } },
      };
      return { ...test, status: loadTestStatus(test, state, "2026-01-01T00:00:00Z") } as unknown as KubernetesObject;
    });
    const found = await health(tests);
    assert.deepEqual(
      found.map(({ status }) => status),
      loadTests.map((test) => test.health),
    );
    for (const [index, { says }] of loadTests.entries()) assert.match(found[index]?.message ?? "", says);
  });

  async function live(name: string): Promise<KubernetesObject> {
    return (await work.service(name)) as unknown as KubernetesObject;
  }
});
