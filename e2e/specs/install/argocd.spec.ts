/** The health of services and load tests in Argo CD, by the checks of examples/gitops/argocd-cm.yaml. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { GpuMediaLoadTest } from "@gpumedia/api";
import { childKinds } from "@gpumedia/operator/src/observe/child-kinds.ts";
import type { StoredService } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import { sampleResult } from "@gpumedia/operator/src/loadtest/result.sample.ts";
import { loadTestStatus, type LoadTestReason, type LoadTestState } from "@gpumedia/operator/src/loadtest/status.ts";
import type { KubernetesObject } from "../../cluster/rest.ts";
import { tool } from "../../cluster/tools.ts";
import { healthySpec, namesake, troubles, type Trouble } from "../../cluster/troubles.ts";
import { operatorWorkspace } from "../operator/operator-cluster.ts";
import { healthOf } from "./argocd.ts";

await tool("glua");

type ArgoHealth = "Healthy" | "Progressing" | "Degraded" | "Suspended";
const degraded: ReadonlySet<string> = new Set(["UnknownProfile", "NameTaken"]);

const services: readonly (Trouble & { readonly health: ArgoHealth })[] = [
  { spec: healthySpec, reason: "Serving", health: "Healthy" },
  { spec: { replicas: 0, autoscaling: { horizontal: { enabled: false } } }, reason: "ScaledToZero", health: "Healthy" },
  { spec: { suspend: true }, reason: "Suspended", health: "Suspended" },
  ...troubles.map(
    (trouble) => ({ ...trouble, health: degraded.has(trouble.reason) ? "Degraded" : "Progressing" }) as const,
  ),
];

const missed = { ...sampleResult, verdict: "Failed", reasons: ["p95 14 ms is above 10 ms"] } as const;
const noResult: LoadTestReason = "NoResult";
const loadTests: readonly (readonly [state: LoadTestState, health: ArgoHealth, message: RegExp])[] = [
  [{ kind: "Waiting", reason: "NoPodServes", message: "no pod serves" }, "Progressing", /^no pod serves$/],
  [{ kind: "Running", job: "one", serviceGeneration: 1 }, "Progressing", /^Job one /],
  [{ kind: "Error", reason: noResult, message: "the result is lost" }, "Degraded", /^the result is lost$/],
  [{ kind: "Finished", result: sampleResult, earlier: undefined }, "Healthy", /^p95 14.3 ms/],
  [{ kind: "Finished", result: missed, earlier: undefined }, "Degraded", /^p95 14 ms is above/],
];

describe("Argo CD's health checks", () => {
  const work = operatorWorkspace();
  let configuration: Readonly<Record<string, string>>;
  before(async () => {
    configuration = await configured();
  });

  /** Patches a ConfigMap with the file, as its comment instructs. */
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

  it("report each service's state with the message of its Ready condition", async () => {
    const named = services.map((service, index) => ({ ...service, name: `s${index}` }));
    for (const { name, taken, spec } of named) {
      if (taken === true)
        await work.client.create(childKinds.service.type, namesake(work.namespace, name), { fieldManager: "other" });
      await work.apply(name, spec);
    }
    for (const { name, reason } of named) await work.untilCondition(name, "Ready", { reason });
    const objects = await Promise.all(named.map(({ name }) => live(name)));
    // Of the same version: a message changes while pods come and go.
    const ready = (objects as unknown as readonly StoredService[]).map(({ status }) =>
      status?.conditions?.find(({ type }) => type === "Ready"),
    );
    assert.deepEqual(
      ready.map((condition) => condition?.reason),
      named.map(({ reason }) => reason),
    );
    assert.deepEqual(
      await health(objects),
      named.map((service, index) => ({ status: service.health, message: ready[index]?.message })),
    );
  });

  it("report Progressing until the operator has reconciled the current generation", async () => {
    await work.apply("changed", healthySpec);
    await work.untilReady("changed");
    const service = await live("changed");
    const changed = { ...service, metadata: { ...service.metadata, generation: 2 } };
    const { status: _status, ...created } = service as KubernetesObject & { status?: unknown };
    const progressing = { status: "Progressing", message: "waiting for the operator to reconcile it" };
    assert.deepEqual(await health([changed, created]), [progressing, progressing]);
  });

  it("report each load test's state", async () => {
    const tests = loadTests.map(([state]) => {
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
      loadTests.map(([, expected]) => expected),
    );
    for (const [index, [, , message]] of loadTests.entries()) assert.match(found[index]?.message ?? "", message);
  });

  async function live(name: string): Promise<KubernetesObject> {
    return (await work.service(name)) as unknown as KubernetesObject;
  }
});
