import assert from "node:assert/strict";
import { childText, type DesiredChild } from "../desired/children.ts";
import type { KubeObject, Manifest, OwnerReference } from "../kube/object.ts";
import { childKind, childName, type NamedRole } from "../observe/child-kinds.ts";
import type { LiveChild } from "../observe/child-view.ts";
import type { Action } from "../plan/plan.ts";
import { execute, wishOf, type ChildOutcome } from "./execute.ts";
import { ServiceMemory } from "./memory.ts";
import { apiError, failing, fakePass, type FakePass } from "./pass.fake.ts";

const owner = { apiVersion: "gpumedia.io/v1alpha1", kind: "GpuMediaService", name: "upscaler", uid: "u-1" };

function child(role: NamedRole): DesiredChild & { readonly manifest: Manifest } {
  const [kind, name] = [childKind(role), childName(role, "upscaler")];
  const manifest = { apiVersion: "v1", kind: kind.type.kind, metadata: { name, namespace: "media" } };
  return { role, kind, name, manifest };
}

const live: LiveChild = {
  metadata: { name: "upscaler", namespace: "media", uid: "c-1", resourceVersion: "7" },
  owned: { by: "apply", digest: "other", index: 0, ownsReplicas: false },
};

const create = (role: NamedRole): Action => ({ do: "create", child: child(role), manifest: child(role).manifest });
const apply = (role: NamedRole): Action => ({ do: "apply", child: child(role), manifest: child(role).manifest, live });
const remove = (role: NamedRole): Action => ({ do: "delete", child: { ...child(role), manifest: null }, uid: "c-1" });

describe("the execution of a plan", () => {
  let record: ServiceMemory;
  beforeEach(() => (record = new ServiceMemory("u-1")));
  /** Each further write of the child is a repair. */
  const settle = (settled: DesiredChild): void => void record.settled.set(childText(settled), wishOf(settled));
  const run = async (pass: FakePass, ...plan: readonly Action[]): Promise<readonly ChildOutcome[]> =>
    execute(plan, { ...pass, record, namespace: "media", owner });
  /** Of each child: what was done, and the reason or kind of its failure. */
  const summary = (outcomes: readonly ChildOutcome[]): readonly (readonly string[])[] =>
    outcomes.map(({ child: { role }, did, failure }) => [
      role,
      did,
      ...(failure === undefined ? [] : ["reason" in failure ? failure.reason : failure.kind]),
    ]);

  it("deletes first, then creates what pods need to start, then the rest", async () => {
    const pass = fakePass({ allowed: /./ });
    await run(pass, create("deployment"), create("configMap"), remove("horizontalPodAutoscaler"), apply("service"));
    assert.deepEqual(pass.client.calls, [
      "delete HorizontalPodAutoscaler upscaler",
      "create ConfigMap upscaler-config",
      "create Deployment upscaler",
      "apply Service upscaler",
    ]);
  });

  it("shows the next snapshot what it has written and deleted", async () => {
    const pass = fakePass({ allowed: /./ });
    await run(pass, create("service"), create("ingress"));
    await run(pass, remove("ingress"));
    assert.deepEqual(Object.keys(pass.snapshots.current?.children ?? {}), ["service"]);
  });

  it("sends nothing for children that are in sync, not served, terminating, or not managed by the operator", async () => {
    const outcomes = await run(
      fakePass(),
      { do: "none", child: child("service") },
      { do: "skip", child: child("podMonitor") },
      { do: "await-removal", child: child("deployment") },
      { do: "taken", child: child("ingress"), by: "Service web" },
    );
    assert.deepEqual(summary(outcomes), [
      ["service", "none"],
      ["podMonitor", "skip"],
      ["deployment", "await-removal", "AwaitingRemoval"],
      ["ingress", "taken", "NameTaken"],
    ]);
  });

  it("writes the others when one child fails", async () => {
    const answers = { "create ConfigMap upscaler-config": failing(apiError(500)) };
    const outcomes = await run(fakePass({ allowed: /./, answers }), create("configMap"), create("service"));
    assert.deepEqual(summary(outcomes), [
      ["configMap", "create", "Transient"],
      ["service", "create"],
    ]);
  });

  it("creates the initial manifest, and marks it as the desired one", async () => {
    const { manifest, ...rest } = child("deployment");
    const initial = { ...manifest, spec: { replicas: 2 } };
    const action: Action = { do: "create", child: { ...rest, manifest, initial }, manifest };
    const pass = fakePass({ allowed: /^create Deployment upscaler$/ });
    await run(pass, action);
    assert.deepEqual(pass.snapshots.current?.children.deployment?.spec, { replicas: 2 });
  });

  it("finds out whose object has the name of a child", async () => {
    const metadata = { name: "upscaler", uid: "s-1", resourceVersion: "1", creationTimestamp: "" };
    const found: KubeObject = { apiVersion: "v1", kind: "Service", metadata };
    const answers = {
      "create Service upscaler": failing(apiError(409, "AlreadyExists")),
      "get Service upscaler": () => found,
    };
    const pass = fakePass({ answers });
    assert.deepEqual(summary(await run(pass, create("service"))), [["service", "taken", "NameTaken"]]);
  });

  it("looks up a child that the cache has lost: deletes its own, and leaves others' and none", async () => {
    const lookUp: Action = { do: "look-up", child: { ...child("ingress"), manifest: null } };
    const stored = (ownerReferences: readonly OwnerReference[]): KubeObject => {
      const metadata = { name: "upscaler", uid: "i-1", resourceVersion: "1", creationTimestamp: "", ownerReferences };
      return { apiVersion: "networking.k8s.io/v1", kind: "Ingress", metadata };
    };
    const cases = [
      { get: () => stored([{ ...owner, controller: true }]), did: "delete", calls: ["get", "delete"] },
      { get: () => stored([{ ...owner, uid: "u-9", controller: true }]), did: "none", calls: ["get"] },
      { get: failing(apiError(404, "NotFound")), did: "none", calls: ["get"] },
    ];
    for (const { get, did, calls } of cases) {
      const pass = fakePass({ allowed: /^delete Ingress upscaler$/, answers: { "get Ingress upscaler": get } });
      assert.deepEqual(summary(await run(pass, lookUp)), [["ingress", did]]);
      assert.deepEqual(
        pass.client.calls,
        calls.map((verb) => `${verb} Ingress upscaler`),
      );
    }
  });

  it("treats a child that is already deleted as deleted", async () => {
    const answers = { "delete Ingress upscaler": failing(apiError(404)) };
    assert.deepEqual(summary(await run(fakePass({ answers }), remove("ingress"))), [["ingress", "delete"]]);
  });

  it("stops applying a child that is overwritten each time, and starts again later", async () => {
    settle(child("service"));
    const answers = { "get Service upscaler": failing(apiError(404)) };
    const pass = fakePass({ allowed: /^apply Service upscaler$/, answers });
    const applied = async (): Promise<readonly string[]> => summary(await run(pass, apply("service")))[0] ?? [];
    for (let time = 0; time < 20; time++) assert.deepEqual(await applied(), ["service", "apply"]);
    assert.deepEqual(await applied(), ["service", "none", "Overwritten"]);
    await pass.clock.advance(6_000);
    assert.deepEqual(await applied(), ["service", "apply"]);
  });

  describe("of an apply that admission changes", () => {
    const { manifest, ...rest } = child("service");
    const wanted = { ...manifest, spec: { type: "ClusterIP", clusterIP: "None" } } as Manifest;
    const action: Action = { do: "apply", child: { ...rest, manifest: wanted }, manifest: wanted, live };
    const fieldsV1 = { "f:spec": { "f:type": {}, "f:clusterIP": {} } };
    const stored = (spec: object, resourceVersion = "7"): KubeObject => {
      const managedFields = [{ manager: "gpumedia-operator", operation: "Apply" as const, fieldsV1 }];
      const metadata = { name: "upscaler", uid: "c-1", resourceVersion, creationTimestamp: "", managedFields };
      return { apiVersion: "v1", kind: "Service", metadata, spec } as KubeObject;
    };
    const changed = { type: "NodePort", clusterIP: "None" };
    const runAs = async (before: object, after: KubeObject): Promise<ChildOutcome | undefined> => {
      settle(action.child);
      const answers = { "apply Service upscaler": () => after, "get Service upscaler": () => stored(before) };
      return (await run(fakePass({ answers }), action))[0];
    };

    it("reports the fields, and no repair of what admission changes", async () => {
      const outcome = await runAs(changed, stored(changed));
      assert.deepEqual([outcome?.did, outcome?.failure, outcome?.repaired], ["apply", undefined, undefined]);
      const { child: name, fields } = outcome?.admission ?? {};
      assert.deepEqual([name, fields], ["Service upscaler", ["spec.type was changed to NodePort"]]);
    });

    it("reports the repair of another field", async () => {
      const outcome = await runAs({ ...changed, type: "ClusterIP", clusterIP: "10.0.0.1" }, stored(changed, "8"));
      assert.match(outcome?.repaired ?? "", /^Service upscaler: spec\.clusterIP was changed to 10\.0\.0\.1;/);
    });

    it("does not count as overwritten while nothing else changes the child", async () => {
      for (let time = 0; time < 40; time++) {
        const outcome = await runAs(changed, stored(changed));
        assert.deepEqual([outcome?.did, outcome?.failure], ["apply", undefined]);
      }
      for (let time = 0; time < 20; time++) await runAs(changed, stored(changed, "8"));
      assert.deepEqual((await runAs(changed, stored(changed, "8")))?.failure?.kind, "Waiting");
    });
  });

  it("applies each of a hundred edits in a row", async () => {
    const pass = fakePass({ allowed: /^apply Service upscaler$/ });
    for (let edit = 0; edit < 100; edit++) {
      assert.deepEqual(summary(await run(pass, apply("service"))), [["service", "apply"]]);
    }
  });

  it("does not count applies that fail: a busy object would never be repaired", async () => {
    settle(child("service"));
    const answers = {
      "get Service upscaler": failing(apiError(404)),
      "apply Service upscaler": failing(apiError(409, "Conflict")),
    };
    const pass = fakePass({ answers });
    for (let time = 0; time < 30; time++) await run(pass, apply("service"));
    assert.deepEqual(summary(await run(pass, apply("service"))), [["service", "apply", "Conflict"]]);
  });

  // The copy stayed: after the conflict, the Deployment was in sync, and no reconcile looked for copies again.
  it("removes a renamed copy although the list has changed meanwhile", async () => {
    const containers = [{ name: "gpu-media", image: "a" }];
    const { manifest, ...rest } = child("deployment");
    const wanted = { ...manifest, spec: { template: { spec: { containers } } } };
    const both = { template: { spec: { containers: [{ name: "renamed", image: "a" }, ...containers] } } };
    const metadata = { name: "upscaler", uid: "c-1", creationTimestamp: "" };
    const version = (resourceVersion: string, spec: object): KubeObject =>
      ({ ...wanted, spec, metadata: { ...metadata, resourceVersion } }) as KubeObject;
    let patches = 0;
    const answers = {
      "apply Deployment upscaler": () => version("8", both),
      "get Deployment upscaler": () => version("9", both),
      "patch Deployment upscaler": () => {
        if (patches++ === 0) throw apiError(422, "Invalid");
        return version("10", wanted.spec);
      },
    };
    const pass = fakePass({ answers });
    const outcomes = await run(pass, { do: "apply", child: { ...rest, manifest: wanted }, manifest: wanted, live });
    assert.deepEqual(summary(outcomes), [["deployment", "apply"]]);
    assert.deepEqual(pass.client.patches.at(-1), [
      { op: "test", path: "/spec/template/spec/containers/0/name", value: "renamed" },
      { op: "remove", path: "/spec/template/spec/containers/0" },
    ]);
  });

  it("does not hide a bug", async () => {
    const answers = { "create Service upscaler": failing(new TypeError("a bug")) };
    await assert.rejects(run(fakePass({ answers }), create("service")), /a bug/);
  });
});
