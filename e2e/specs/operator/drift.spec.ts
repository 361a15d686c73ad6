/** Whatever somebody does to a child: what is ours is repaired within 2 s, and what is theirs is left to them. */
import assert from "node:assert/strict";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import { desiredChildren, type DesiredChild } from "@gpumedia/operator/src/desired/children.ts";
import { sampleContext, sampleImage, sampleService } from "@gpumedia/operator/src/desired/service.sample.ts";
import { ApiError } from "@gpumedia/operator/src/kube/errors.ts";
import type { JsonPatchOperation, KubeObject, Manifest } from "@gpumedia/operator/src/kube/object.ts";
import { inSync, ownership } from "@gpumedia/operator/src/kube/ownership.ts";
import { until } from "../../cluster/until.ts";
import { changed, escaped, leavesOf, pointerIn, type Leaf } from "./leaves.ts";
import { operatorCluster } from "./operator-cluster.ts";
import { Workspace } from "./workspace.ts";

/** Less than a resync interval, and enough for a busy machine: usually it takes less than 2 s. */
const repairedWithin = { withinMs: 20_000, everyMs: 20 };
/** Edits per child and run, other ones each time: more would look like a controller that fights with ours. */
const edits = 8;

/** Together they have every kind of child. */
const specs: Readonly<Record<string, GpuMediaServiceSpec>> = {
  upscaler: {
    network: {
      ingress: { enabled: true, host: "media.example.com" },
      gateway: { parentRefs: [{ name: "public" }], hostnames: ["gateway.example.com"] },
    },
  },
  keda: { autoscaling: { horizontal: { provider: "KEDA" } } },
};

type Wanted = DesiredChild & { readonly manifest: Manifest };

describe("drift", function () {
  this.timeout(120_000);
  let work: Workspace;
  const wanted = new Map<string, Wanted>();

  before(async () => {
    work = await Workspace.open(await operatorCluster());
    const { operatorNamespace, namespace } = work;
    await work.startOperator({
      parameters: [`--processor-image=${sampleImage}`, `--runbook-url=${sampleContext.runbookUrl}`],
    });
    const features = { gpuPodMetric: false, inPlaceVpa: true, resourceMetrics: true };
    const context = { ...sampleContext, operatorNamespace, features };
    for (const [name, spec] of Object.entries(specs)) {
      const { metadata } = await work.apply(name, spec);
      await work.untilReady(name);
      const sample = sampleService(spec, name, namespace);
      const service = { ...sample, owner: { ...sample.owner, uid: metadata.uid } };
      for (const child of desiredChildren(service, context)) {
        if (child.manifest !== null) wanted.set(titleOf(child), { ...child, manifest: child.manifest });
      }
    }
  });
  after(() => work?.[Symbol.asyncDispose]());

  async function live({ kind, name }: Wanted): Promise<KubeObject | undefined> {
    return work.get(kind.type, name);
  }

  /** Where something of the manifest is in the live object now. */
  async function placed(child: Wanted, pointer: string): Promise<string> {
    return pointerIn((await live(child)) ?? assert.fail(`${titleOf(child)} is gone`), child.manifest, pointer);
  }

  function isAsWanted(object: KubeObject | undefined, { manifest }: Wanted): boolean {
    return object !== undefined && inSync(ownership(object), manifest);
  }

  async function untilRepaired(child: Wanted, what: string): Promise<KubeObject> {
    return until(
      `the repair of ${what}`,
      async () => {
        const object = await live(child);
        return isAsWanted(object, child) ? object : undefined;
      },
      repairedWithin,
    ).catch(async (error: unknown) => {
      const { status } = (await work.service(child.name)) ?? {};
      const spec = JSON.stringify(((await live(child)) as { readonly spec?: unknown } | undefined)?.spec);
      throw new Error(`${String(error)}: ${spec}; ${JSON.stringify(status?.conditions)}`, { cause: error });
    });
  }

  /** Does it, sees that the child is not as it should be any more, and waits for the repair. */
  async function drift(child: Wanted, what: string, operations: readonly JsonPatchOperation[]): Promise<KubeObject> {
    const drifted = await work.patch(child.kind.type, child.name, operations);
    assert.ok(!isAsWanted(drifted, child), `${what} is no drift`);
    return untilRepaired(child, what);
  }

  const titles = [
    "ServiceAccount upscaler",
    "ConfigMap upscaler-config",
    "ConfigMap upscaler-dashboard",
    "Deployment upscaler",
    "Service upscaler",
    "HorizontalPodAutoscaler upscaler",
    "VerticalPodAutoscaler upscaler-vpa",
    "PodDisruptionBudget upscaler",
    "NetworkPolicy upscaler",
    "Ingress upscaler",
    "HTTPRoute upscaler",
    "PodMonitor upscaler",
    "PrometheusRule upscaler",
    "ScaledObject keda",
  ];

  it("is tried on every kind of child", () => {
    const kinds = new Set([...wanted.keys()].map((title) => title.split(" ")[0]));
    assert.deepEqual(new Set(titles.map((title) => title.split(" ")[0])), kinds);
  });

  for (const title of titles) {
    const find = (): Wanted => wanted.get(title) ?? assert.fail(`there is no ${title} to be had`);

    it(`in any owned field of ${title} is repaired`, async () => {
      const child = find();
      let taken = 0;
      for (const leaf of shuffled(ownedLeaves(child))) {
        if (taken === edits) break;
        const operation = changed({ ...leaf, pointer: await placed(child, leaf.pointer) });
        const { path } = operation;
        const edited = await work.patch(child.kind.type, child.name, [operation]).catch(refused);
        if (edited === undefined) continue;
        taken++;
        assert.ok(!isAsWanted(edited, child), `a change of ${path} is no drift`);
        await untilRepaired(child, `${title} ${path}`);
      }
      assert.ok(taken > 0, "the API server took none of the edits");
    });

    it(`in the labels, the owner and the managedFields of ${title} is repaired`, async () => {
      const child = find();
      const label = `/metadata/labels/${escaped("gpumedia.io/service")}`;
      await drift(child, "another service's label", [{ op: "replace", path: label, value: "another" }]);
      await drift(child, "a label taken away", [{ op: "remove", path: label }]);
      await drift(child, "all labels taken away", [{ op: "remove", path: "/metadata/labels" }]);
      await drift(child, "the owner taken away", [{ op: "remove", path: "/metadata/ownerReferences" }]);
      await drift(child, "managedFields emptied", [{ op: "replace", path: "/metadata/managedFields", value: [{}] }]);
    });

    it(`by deletion of ${title} is repaired`, async () => {
      const child = find();
      const { metadata } = await work.delete(child.kind.type, child.name);
      const repaired = await untilRepaired(child, title);
      assert.notEqual(repaired.metadata.uid, metadata.uid);
    });

    it(`leaves to others what is theirs in ${title}`, async () => {
      const child = find();
      const apply = { fieldManager: "somebody-else", force: false };
      const { apiVersion, kind, metadata } = child.manifest;
      const { namespace = "", name } = metadata;
      const theirs = { labels: { "example.com/team": "video" }, annotations: { "example.com/note": "keep" } };
      const body = { apiVersion, kind, metadata: { namespace, name, ...theirs } };
      await work.client.apply(child.kind.type, body, apply);
      const path = `/metadata/labels/${escaped("app.kubernetes.io/part-of")}`;
      const { metadata: kept } = await drift(child, "a label", [{ op: "replace", path, value: "x" }]);
      assert.equal(kept.labels?.["example.com/team"], "video");
      assert.equal(kept.annotations?.["example.com/note"], "keep");
    });
  }

  it("in the key of a list's item is repaired, though the edited item is now somebody else's", async () => {
    const service = wanted.get("Service upscaler") ?? assert.fail();
    const deployment = wanted.get("Deployment upscaler") ?? assert.fail();
    for (let round = 0; round < 2; round++) {
      const ports = await drift(service, "the port", [{ op: "replace", path: "/spec/ports/0/port", value: 81 }]);
      const { spec } = ports as KubeObject & { spec: { ports: object } };
      assert.deepEqual(spec.ports, [{ name: "http", protocol: "TCP", port: 80, targetPort: "http" }]);
      const port = await placed(deployment, "/spec/template/spec/containers/0/ports/0/containerPort");
      const pods = await drift(deployment, "the container's port", [{ op: "replace", path: port, value: 8081 }]);
      const { spec: kept } = pods as KubeObject & { spec: { template: PodTemplate } };
      assert.deepEqual(kept.template.spec.containers.find(({ name }) => name === "gpu-media")?.ports, [
        { name: "http", containerPort: 8080, protocol: "TCP" },
      ]);
    }
    const { metadata } = (await live(service)) ?? assert.fail();
    const updates = metadata.managedFields?.filter(({ manager, operation }) => {
      return manager === "gpumedia-operator" && operation === "Update";
    });
    assert.deepEqual(updates, [], "nothing is owned twice");
  });

  it("leaves no copy of a container or of a group of alerts that somebody has renamed", async () => {
    const lists = [
      ["Deployment upscaler", "/spec/template/spec/containers"],
      ["PrometheusRule upscaler", "/spec/groups"],
    ] as const;
    for (const [title, list] of lists) {
      const child = wanted.get(title) ?? assert.fail();
      const before = namesIn(child.manifest, list);
      const path = await placed(child, `${list}/0/name`);
      await drift(child, "the name", [{ op: "replace", path, value: "renamed" }]);
      await until("the copy to be gone", async () => {
        const names = namesIn(await live(child), list);
        return !names.includes("renamed") && before.every((name) => names.includes(name)) ? true : undefined;
      });
    }
  });

  it("leaves to others the fields that they own beside ours", async () => {
    const deployment = wanted.get("Deployment upscaler") ?? assert.fail();
    const service = wanted.get("Service upscaler") ?? assert.fail();
    // What `kubectl rollout restart` does, a sidecar of a mesh, and a field that the operator has no opinion on.
    const { namespace } = work;
    const metadata = { name: "upscaler", namespace };
    const restartedAt = { "kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z" };
    const sidecar = { name: "mesh", image: "example.com/mesh:1" };
    const template = { metadata: { annotations: restartedAt }, spec: { containers: [sidecar] } };
    const apply = { fieldManager: "mesh", force: false };
    const body = { apiVersion: "apps/v1", kind: "Deployment", metadata, spec: { template } };
    await work.client.apply(deployment.kind.type, body, apply);
    const dual = { apiVersion: "v1", kind: "Service", metadata, spec: { publishNotReadyAddresses: true } };
    await work.client.apply(service.kind.type, dual, apply);

    const container = await drift(deployment, "the image", [
      {
        op: "replace",
        path: await placed(deployment, "/spec/template/spec/containers/0/image"),
        value: "example.com/other:2",
      },
    ]);
    const { spec } = container as KubeObject & { spec: { template: PodTemplate } };
    assert.deepEqual(spec.template.metadata.annotations["kubectl.kubernetes.io/restartedAt"], "2026-01-01T00:00:00Z");
    assert.deepEqual(
      spec.template.spec.containers.map(({ name, image: is }) => [name, is]),
      [
        ["gpu-media", sampleImage],
        ["mesh", "example.com/mesh:1"],
      ],
    );
    const port = await drift(service, "the port", [{ op: "replace", path: "/spec/ports/0/port", value: 81 }]);
    const { spec: kept } = port as KubeObject & { spec: { publishNotReadyAddresses: boolean; ports: object } };
    assert.deepEqual(kept.publishNotReadyAddresses, true);
    assert.deepEqual(kept.ports, [{ name: "http", protocol: "TCP", port: 80, targetPort: "http" }]);
  });
});

interface PodTemplate {
  readonly metadata: { readonly annotations: Readonly<Record<string, string>> };
  readonly spec: {
    readonly containers: readonly { readonly name: string; readonly image: string; readonly ports?: object }[];
  };
}

function titleOf({ kind, name }: DesiredChild): string {
  return `${kind.type.kind} ${name}`;
}

function namesIn(object: unknown, list: string): readonly string[] {
  const items = list
    .slice(1)
    .split("/")
    .reduce((node, step) => (node as Record<string, unknown>)[step], object);
  return (items as readonly { readonly name: string }[]).map(({ name }) => name);
}

/** All that the operator sends but the object's identity; what becomes of the owner has a test of its own. */
function ownedLeaves({ manifest }: Wanted): readonly Leaf[] {
  const { apiVersion: _apiVersion, kind: _kind, metadata, ...rest } = manifest;
  const { labels, annotations } = metadata;
  return leavesOf({ ...rest, metadata: { labels, annotations } });
}

function shuffled<T>(items: readonly T[]): readonly T[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** An edit that makes no sense, or of a field that can't be changed. */
function refused(error: unknown): undefined {
  if (error instanceof ApiError && error.status === 422) return undefined;
  throw error;
}
