/** Services that make no sense, also such as could only be stored before the schema knew better: said clearly, and nobody else's trouble. */
import assert from "node:assert/strict";
import { profileType, serviceType } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import type { KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import { startCluster, type Cluster } from "../../cluster/cluster.ts";
import { until } from "../../cluster/until.ts";
import { childRoles } from "@gpumedia/operator/src/observe/child-kinds.ts";
import { Workspace } from "./workspace.ts";

const longName = "a".repeat(63);
const crd = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/gpumediaservices.gpumedia.io";

describe("services that make no sense", function () {
  this.timeout(180_000);
  let cluster: Cluster;
  let work: Workspace;

  /** What can be stored only under a schema that takes everything. */
  const stored: readonly {
    readonly name: string;
    readonly spec: unknown;
    readonly reason: "InvalidSpec" | "UnknownProfile";
    readonly says: string;
  }[] = [
    { name: "negative-memory", spec: limits({ memory: "-1" }), reason: "InvalidSpec", says: "resources.limits.memory" },
    { name: "no-quantity", spec: limits({ cpu: "a lot" }), reason: "InvalidSpec", says: "resources.limits.cpu" },
    { name: "list-for-gpu", spec: { gpu: [1] }, reason: "InvalidSpec", says: "gpu" },
    {
      name: "min-above-max",
      spec: { autoscaling: { horizontal: { minReplicas: 20, maxReplicas: 3 } } },
      reason: "InvalidSpec",
      says: "maxReplicas",
    },
    {
      name: "no-such-profile",
      spec: { profile: "quality" },
      reason: "UnknownProfile",
      says: "profile quality does not exist",
    },
    { name: longName, spec: {}, reason: "InvalidSpec", says: "metadata.name: the name is too long for the children" },
    { name: "with.dots", spec: {}, reason: "InvalidSpec", says: "metadata.name: a Service is named after it" },
  ];

  /** Of these the API server refuses every write, the status included: an event has to tell. */
  const frozen: readonly { readonly name: string; readonly spec: unknown; readonly says: string }[] = [
    { name: "text-for-replicas", spec: { replicas: "many" }, says: "replicas" },
    { name: "text-for-spec", spec: "production", says: "" },
  ];

  before(async () => {
    cluster = await startCluster({ crds: true });
    await cluster.addNodes({ count: 4, gpus: 16 });
    work = await Workspace.open(cluster);
    await looseSchema();
    for (const { name, spec } of [...stored, ...frozen]) await store(name, spec);
    // The API server leaves such a null out when it reads the object.
    await store("null-inside", { autoscaling: null });
    await store("unknown-field", { colour: "green" });
    // As it was when the schema said nothing of a spec.
    await store("no-spec", undefined);
    await cluster.installCrds();
    await until("the schema to be in force", () => work.create("probe", { gpu: [1] }).then(() => undefined, String));
    await work.startOperator();
  });
  after(async () => {
    await work?.[Symbol.asyncDispose]();
    await cluster?.stop();
  });

  /** Takes any spec, as a schema of long ago might have. */
  async function looseSchema(): Promise<void> {
    const root = "/spec/versions/0/schema/openAPIV3Schema";
    const operations = [
      { op: "replace", path: `${root}/properties/spec`, value: { "x-kubernetes-preserve-unknown-fields": true } },
      { op: "remove", path: `${root}/x-kubernetes-validations` },
    ];
    await cluster.rest.request("PATCH", crd, operations, "json-patch+json");
    await until("the old schema to be in force", async () => {
      return work.create("loose", { gpu: [1] }).catch(() => undefined);
    });
    await work.delete(serviceType, "loose");
  }

  async function store(name: string, spec: unknown): Promise<void> {
    await work.create(name, spec as object);
  }

  for (const { name, reason, says } of stored) {
    it(`${name} is told so`, async () => {
      const stalled = await work.untilCondition(name, "Stalled", { status: "True", reason, says });
      const ready = await work.untilCondition(name, "Ready", { status: "False", reason, says });
      assert.equal(ready.message, stalled.message);
      assert.equal(
        (await work.service(name))?.status?.conditions?.some(({ type }) => type === "Reconciling"),
        false,
      );
      assert.deepEqual(await work.children(name), []);
    });
  }

  for (const { name, spec, says } of frozen) {
    it(`${name} is told so by an event, and nothing is tried again and again`, async () => {
      const events = `/apis/events.k8s.io/v1/namespaces/${work.namespace}/events`;
      const note = await until("the event", async () => {
        const { body } = await work.client.rawJson("GET", events);
        const { items } = body as { items: readonly Event[] };
        return items.find(({ regarding, reason }) => regarding.name === name && reason === "InvalidSpec")?.note;
      });
      assert.ok(note.includes(says), note);
      assert.deepEqual(await work.children(name), []);
      // A retry would come within half a second, and before what was made after it.
      await work.apply(`after-${JSON.stringify(spec).length}`);
      await work.untilReady(`after-${JSON.stringify(spec).length}`);
      const patches = work.writes().filter(({ objectRef }) => objectRef?.name === name);
      // Of the first visit, and of one more when a profile appears, which makes every service worth a look.
      assert.ok(patches.length <= 2, `${patches.length} patches`);
    });
  }

  it("null-inside serves", () => work.untilReady("null-inside"));

  it("unknown-field, which the schema of today has never heard of, serves", () => work.untilReady("unknown-field"));

  it("no-spec serves", () => work.untilReady("no-spec"));

  it("a sound service beside them is served at once, and theirs cost nothing more", async () => {
    await work.apply("sound");
    await work.untilReady("sound");
    for (const { name, reason } of stored) await work.untilCondition(name, "Stalled", { reason });
    const since = Date.now();
    await work.apply("sound-too");
    await work.untilReady("sound-too");
    const names = new Set(stored.map(({ name }) => name));
    assert.deepEqual(
      work.writes(since).filter(({ objectRef }) => names.has(objectRef?.name ?? "")),
      [],
    );
  });

  it("one that is mended is served", async () => {
    await store("mended", { profile: "unheard-of" });
    await work.untilCondition("mended", "Stalled", { reason: "UnknownProfile" });
    await work.apply("mended", { profile: "staging" });
    await work.untilReady("mended");
    assert.equal(
      (await work.service("mended"))?.status?.conditions?.some(({ type }) => type === "Stalled"),
      false,
    );
  });

  it("one whose profile appears later is served then, with what the profile says", async () => {
    await store("early", { profile: "late" });
    await work.untilCondition("early", "Stalled", { reason: "UnknownProfile", says: "late" });
    const apiVersion = "gpumedia.io/v1alpha1";
    const spec = { autoscaling: { horizontal: { maxReplicas: 5 } } };
    const profile = { apiVersion, kind: "GpuMediaProfile", metadata: { name: "late" }, spec };
    await work.client.create(profileType, profile, { fieldManager: "user" });
    await work.untilReady("early");
    const scaler = (await work.child("horizontalPodAutoscaler", "early")) as KubeObject & {
      spec: { maxReplicas: number };
    };
    assert.equal(scaler.spec.maxReplicas, 5);
  });

  /** What users write as quantities, and what the API server says or stores. */
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
    it(`a CPU limit of ${JSON.stringify(written)} is ${kept === undefined ? "refused" : `stored as ${kept}`}`, async () => {
      const name = `quantity-${Buffer.from(String(written)).toString("hex") || "none"}`;
      const spec = { resources: { requests: { cpu: "100m" }, limits: { cpu: written } } };
      if (kept === undefined) {
        await assert.rejects(work.create(name, spec), /resources\.limits/);
        return;
      }
      await work.create(name, spec);
      const deployment = await until("the Deployment", () => work.child("deployment", name).catch(() => undefined));
      const { spec: live } = deployment as KubeObject & { spec: { template: { spec: { containers: [Container] } } } };
      assert.equal(live.template.spec.containers[0].resources.limits["cpu"], kept);
      // Were the spelling another than the server's, each visit would repair it.
      await work.untilCondition(name, "Available", {});
      const since = Date.now();
      await work.apply(`${name}-after`);
      await work.untilReady(`${name}-after`);
      const patches = work.writes(since).filter(({ objectRef }) => objectRef?.name === name);
      assert.deepEqual(
        patches.filter(({ objectRef }) => objectRef?.resource === "deployments"),
        [],
      );
    });
  }

  it("the longest name that the schema takes is enough for every child", async () => {
    const name = "b".repeat(53);
    await work.create(name, { network: { ingress: { enabled: true, host: "long.example.com" } } });
    await work.untilReady(name);
    // This cluster serves none of the optional kinds.
    assert.equal((await work.children(name)).length, 9);
    assert.ok(childRoles.length > 9);
    await assert.rejects(work.create("b".repeat(54)), /name/);
  });
});

interface Event {
  readonly regarding: { readonly name: string };
  readonly reason: string;
  readonly note: string;
}

interface Container {
  readonly resources: { readonly limits: Readonly<Record<string, string>> };
}

function limits(values: object): object {
  return { resources: { limits: values } };
}
