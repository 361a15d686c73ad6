/** Invalid services, including those stored under an older schema: the cause is reported, and no other service is affected. */
import assert from "node:assert/strict";
import { profileType } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import { startCluster, type Cluster } from "../../cluster/cluster.ts";
import { isSince } from "../../cluster/kubernetes-version.ts";
import { until } from "../../cluster/until.ts";
import { childRoles } from "@gpumedia/operator/src/observe/child-kinds.ts";
import { Workspace } from "./workspace.ts";

/** Older API servers check the rules of an unchanged spec again when its status is written: `CRDValidationRatcheting` is for the others. */
const ratchetsStatus = isSince("1.33");
const minAboveMax = {
  name: "min-above-max",
  spec: { autoscaling: { horizontal: { minReplicas: 20, maxReplicas: 3 } } },
  message: "maxReplicas",
};

const longName = "a".repeat(63);
const crd = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/gpumediaservices.gpumedia.io";

describe("invalid services", () => {
  let cluster: Cluster;
  let work: Workspace;

  /** Can be stored only under a schema that accepts everything. */
  const stored: readonly {
    readonly name: string;
    readonly spec: unknown;
    readonly reason: "InvalidSpec" | "UnknownProfile";
    readonly message: string;
  }[] = [
    {
      name: "negative-memory",
      spec: limits({ memory: "-1" }),
      reason: "InvalidSpec",
      message: "resources.limits.memory",
    },
    { name: "no-quantity", spec: limits({ cpu: "a lot" }), reason: "InvalidSpec", message: "resources.limits.cpu" },
    ...(ratchetsStatus ? [{ ...minAboveMax, reason: "InvalidSpec" as const }] : []),
    {
      name: "no-such-profile",
      spec: { profile: "quality" },
      reason: "UnknownProfile",
      message: "profile quality does not exist",
    },
    {
      name: longName,
      spec: {},
      reason: "InvalidSpec",
      message: "metadata.name: the name must be at most 53 characters",
    },
    { name: "with.dots", spec: {}, reason: "InvalidSpec", message: "metadata.name: the name must start with a letter" },
  ];

  /** The API server rejects every write to these, including the status, so that only an event can report the cause. */
  const frozen: readonly { readonly name: string; readonly spec: unknown; readonly message: string }[] = [
    { name: "text-for-replicas", spec: { replicas: "many" }, message: "replicas" },
    { name: "text-for-spec", spec: "production", message: "" },
    // The rules of spec.gpu cannot be evaluated.
    { name: "list-for-gpu", spec: { gpu: [1] }, message: "gpu" },
    ...(ratchetsStatus ? [] : [minAboveMax]),
  ];

  before(async () => {
    cluster = await startCluster({ crds: true });
    await cluster.addNodes({ count: 4, gpus: 16 });
    work = await Workspace.open(cluster);
    // What is wrong with the stored spec, when its status is written.
    work.expectedWarnings = [/^spec\.autoscaling\.horizontal\.minReplicas: Invalid value/];
    await looseSchema();
    for (const { name, spec } of [...stored, ...frozen]) await work.create(name, spec as object);
    // The API server drops such a null when it reads the object.
    await work.create("null-inside", { autoscaling: null });
    await work.create("unknown-field", { colour: "green" });
    // Stored before the schema required a spec.
    await work.create("no-spec", undefined);
    await cluster.installCrds();
    await until("the schema to be enforced", async (see) => see(await refusal({ gpu: [1] })) !== "");
    await work.startOperator();
  });
  after(async () => {
    await work?.[Symbol.asyncDispose]();
    await cluster?.stop();
  });

  /** Makes the schema accept any spec, as an older one might have. */
  async function looseSchema(): Promise<void> {
    const root = "/spec/versions/0/schema/openAPIV3Schema";
    const operations = [
      { op: "replace", path: `${root}/properties/spec`, value: { "x-kubernetes-preserve-unknown-fields": true } },
      { op: "remove", path: `${root}/x-kubernetes-validations` },
      // The API server reads the number at its path in every object, and rejects any other type.
      { op: "remove", path: "/spec/versions/0/subresources/scale" },
    ];
    await cluster.rest.request("PATCH", crd, operations, "json-patch+json");
    await until("the old schema to be served", async (see) => see(await refusal({ gpu: [1] })) === "");
  }

  /** Returns why the API server would not create a service with this spec, or "" if it would. */
  function refusal(spec: object): Promise<string> {
    const collection = `/apis/gpumedia.io/v1alpha1/namespaces/${work.namespace}/gpumediaservices`;
    const metadata = { name: "probe", namespace: work.namespace };
    return cluster.rest.refusal(collection, {
      apiVersion: "gpumedia.io/v1alpha1",
      kind: "GpuMediaService",
      metadata,
      spec,
    });
  }

  for (const { name, reason, message } of stored) {
    it(`${name} is stalled with ${reason}`, async () => {
      const stalled = await work.untilCondition(name, "Stalled", { status: "True", reason, message });
      const ready = await work.untilCondition(name, "Ready", { status: "False", reason, message });
      assert.equal(ready.message, stalled.message);
      assert.equal(await work.condition(name, "Reconciling"), undefined);
      assert.deepEqual(await work.children(name), []);
    });
  }

  for (const { name, message } of frozen) {
    it(`${name} is reported by an event, without retries`, async () => {
      const events = `/apis/events.k8s.io/v1/namespaces/${work.namespace}/events`;
      const note = await until(`an event about ${name} with the reason InvalidSpec`, async (see) => {
        const { body } = await work.client.rawJson("GET", events);
        const { items } = body as { items: readonly Event[] };
        return see(items).find(({ regarding, reason }) => regarding.name === name && reason === "InvalidSpec")?.note;
      });
      assert.ok(note.includes(message), note);
      assert.deepEqual(await work.children(name), []);
      // Each reconcile of the service tries the write again: changes of profiles and of the cluster may cause several.
      const lines = work.operator.log.filter((line) => line.name === name);
      assert.ok(lines.some(({ msg }) => msg.includes("violates its schema")));
      assert.deepEqual(
        lines.filter(({ msg }) => msg.includes("retrying")),
        [],
      );
    });
  }

  it("null-inside serves", () => work.untilReady("null-inside"));

  it("unknown-field, which the current schema does not define, serves", () => work.untilReady("unknown-field"));

  it("no-spec serves", () => work.untilReady("no-spec"));

  it("a valid service is served at once, and the invalid ones cause no further writes", async () => {
    await work.apply("valid");
    await work.untilReady("valid");
    for (const { name, reason } of stored) await work.untilCondition(name, "Stalled", { reason });
    const since = Date.now();
    await work.apply("valid-too");
    await work.untilReady("valid-too");
    const names = new Set(stored.map(({ name }) => name));
    assert.deepEqual(
      work.writes(since).filter(({ objectRef }) => names.has(objectRef?.name ?? "")),
      [],
    );
  });

  it("a corrected service is served", async () => {
    await work.create("corrected", { profile: "unheard-of" });
    await work.untilCondition("corrected", "Stalled", { reason: "UnknownProfile" });
    await work.apply("corrected", { profile: "staging" });
    await work.untilReady("corrected");
    assert.equal(await work.condition("corrected", "Stalled"), undefined);
  });

  it("a service whose profile is created later is then served with its settings", async () => {
    await work.create("early", { profile: "late" });
    await work.untilCondition("early", "Stalled", { reason: "UnknownProfile", message: "late" });
    await work.createObject(profileType, "late", { spec: { autoscaling: { horizontal: { maxReplicas: 5 } } } });
    await work.untilReady("early");
    assert.equal((await work.child("horizontalPodAutoscaler", "early")).spec.maxReplicas, 5);
  });

  /** Quantities as users write them and as the API server stores them; undefined: rejected. */
  const quantities: readonly (readonly [written: string | number, stored: string | undefined])[] = [
    ["0.1", "100m"],
    ["1e3", "1e3"],
    [3, "3"],
    ["1500m", "1500m"],
    ["-1", undefined],
    ["4 cores", undefined],
    ["", undefined],
  ];
  for (const [written, kept] of quantities) {
    it(`a CPU limit of ${JSON.stringify(written)} is ${kept === undefined ? "rejected" : `stored as ${kept}`}`, async () => {
      const name = `quantity-${Buffer.from(String(written)).toString("hex") || "none"}`;
      const spec = { resources: { requests: { cpu: "100m" }, limits: { cpu: written } } };
      if (kept === undefined) {
        await assert.rejects(work.create(name, spec), /resources\.limits/);
        return;
      }
      await work.create(name, spec);
      const deployment = await until("the Deployment", () => work.child("deployment", name).catch(() => undefined));
      assert.equal(deployment.spec.template.spec.containers[0].resources.limits["cpu"], kept);
      // If the spelling differed from the server's, each reconcile would repair it.
      await work.untilCondition(name, "Available", {});
      const since = Date.now();
      await work.apply(`${name}-after`);
      await work.untilReady(`${name}-after`);
      const patches = work
        .writes(since)
        .filter(({ objectRef: ref }) => ref?.name === name && ref.resource === "deployments");
      assert.deepEqual(patches, []);
    });
  }

  it("the longest name that the schema accepts is valid for every child", async () => {
    const name = "b".repeat(53);
    await work.create(name, { network: { ingress: { enabled: true, host: "long.example.com" } } });
    await work.untilReady(name);
    // This cluster serves none of the optional APIs.
    assert.equal((await work.children(name)).length, 8);
    assert.ok(childRoles.length > 9);
    await assert.rejects(work.create("b".repeat(54)), /name/);
  });
});

interface Event {
  readonly regarding: { readonly name: string };
  readonly reason: string;
  readonly note: string;
}

function limits(values: object): object {
  return { resources: { limits: values } };
}
