/** Edits of children: fields that we own are repaired, usually within 2 s; fields of other owners are kept. */
import assert from "node:assert/strict";
import type { GpuMediaServiceSpec } from "@gpumedia/api";
import { desiredChildren, type DesiredChild } from "@gpumedia/operator/src/desired/children.ts";
import { sampleContext, sampleImage, sampleService } from "@gpumedia/operator/src/desired/service.sample.ts";
import type { JsonPatchOperation, KubeObject, Manifest } from "@gpumedia/operator/src/kube/object.ts";
import { inSync, ownership } from "@gpumedia/operator/src/kube/ownership.ts";
import { childKinds } from "@gpumedia/operator/src/observe/child-kinds.ts";
import { isSince } from "../../cluster/kubernetes-version.ts";
import { until, type See } from "../../cluster/until.ts";
import { changed, escaped, leavesOf, pointerIn, type Leaf } from "./leaves.ts";
import { operatorWorkspace } from "./operator-cluster.ts";
import { unlessStatus, type LiveChild } from "./workspace.ts";

/** Within a minute, which is less than a resync interval. */
const often = { everyMs: 20 };
/** Random edits per child and run. More would look like another controller fighting the operator. */
const edits = 8;

/** Together these services have every kind of child. */
const specs: Readonly<Record<string, GpuMediaServiceSpec>> = {
  upscaler: {
    network: {
      ingress: { enabled: true, host: "media.example.com" },
      gateway: { parentRefs: [{ name: "public" }], hostnames: ["gateway.example.com"] },
    },
  },
  keda: { autoscaling: { horizontal: { provider: "KEDA" } } },
};

type Desired = DesiredChild & { readonly manifest: Manifest };

describe("drift", () => {
  const work = operatorWorkspace("suite", {
    parameters: [`--processor-image=${sampleImage}`],
  });
  const desired = new Map<string, Desired>();

  before(async () => {
    // Of the container that a test renames: the operator's one is added before the other is removed.
    work.expectedWarnings = [/^spec\.template\.spec\.containers\[\d\]\.ports\[0\]: duplicate port /];
    const { operatorNamespace, namespace } = work;
    const features = {
      gpuPodMetric: false,
      busyPodMetric: false,
      livePodMetrics: false,
      inPlaceVpa: isSince("1.33"),
      resourceMetrics: true,
      securityContextConstraints: false,
      hpaTolerance: true,
      imageVolumes: true,
      fields: {},
    };
    const context = { ...sampleContext, operatorNamespace, features };
    for (const [name, spec] of Object.entries(specs)) {
      const { metadata } = await work.apply(name, spec);
      await work.untilReady(name);
      const sample = sampleService(spec, name, namespace);
      const service = { ...sample, owner: { ...sample.owner, uid: metadata.uid } };
      for (const child of desiredChildren(service, context)) {
        if (child.manifest !== null) desired.set(titleOf(child), { ...child, manifest: child.manifest });
      }
    }
  });

  async function live({ kind, name }: Desired): Promise<KubeObject | undefined> {
    return work.get(kind.type, name);
  }

  /** Returns the current pointer in the live object to a field of the manifest. */
  async function livePointer(child: Desired, pointer: string): Promise<string> {
    return pointerIn((await live(child)) ?? assert.fail(`${titleOf(child)} does not exist`), child.manifest, pointer);
  }

  function isInSync(object: KubeObject | undefined, { manifest }: Desired): boolean {
    return object !== undefined && inSync(ownership(object), manifest);
  }

  async function untilRepaired(child: Desired, what: string): Promise<LiveChild> {
    const repaired = async (see: See): Promise<LiveChild | false | undefined> => {
      const object = (await live(child)) as LiveChild | undefined;
      see(object?.spec);
      return isInSync(object, child) && object;
    };
    return until(`the repair of ${what}`, repaired, often).catch(async (error: unknown) => {
      const { status } = (await work.service(child.name)) ?? {};
      throw new Error(`${String(error)}; conditions: ${JSON.stringify(status?.conditions)}`, { cause: error });
    });
  }

  /** Makes an edit, checks that the child is out of sync, and waits for the repair. */
  async function drift(child: Desired, what: string, operations: readonly JsonPatchOperation[]): Promise<LiveChild> {
    const drifted = await work.patch(child.kind.type, child.name, operations);
    assert.ok(!isInSync(drifted, child), `${what} is no drift`);
    return untilRepaired(child, what);
  }

  const titles = [
    "ServiceAccount upscaler",
    "ConfigMap upscaler-config",
    "Deployment upscaler",
    "Service upscaler",
    "HorizontalPodAutoscaler upscaler",
    "VerticalPodAutoscaler upscaler-vpa",
    "PodDisruptionBudget upscaler",
    "NetworkPolicy upscaler",
    "Ingress upscaler",
    "HTTPRoute upscaler",
    "PodMonitor upscaler",
    "ScaledObject keda",
  ];

  it("is tested on every kind of child", () => {
    const kinds = new Set([...desired.keys()].map((title) => title.split(" ")[0]));
    assert.deepEqual(new Set(titles.map((title) => title.split(" ")[0])), kinds);
  });

  for (const title of titles) {
    const find = (): Desired => desired.get(title) ?? assert.fail(`no service has a ${title}`);

    it(`in any owned field of ${title} is repaired`, async () => {
      const child = find();
      let accepted = 0;
      for (const leaf of shuffled(ownedLeaves(child))) {
        if (accepted === edits) break;
        const operation = changed({ ...leaf, pointer: await livePointer(child, leaf.pointer) });
        const { path } = operation;
        const edited = await work.patch(child.kind.type, child.name, [operation]).catch(unlessStatus(422));
        if (edited === undefined) continue;
        accepted++;
        assert.ok(!isInSync(edited, child), `a change of ${path} is no drift`);
        await untilRepaired(child, `${title} ${path}`);
      }
      assert.ok(accepted > 0, "the API server rejected every edit");
    });

    it(`in the labels, the owner and the managedFields of ${title} is repaired`, async () => {
      const child = find();
      const label = `/metadata/labels/${escaped("gpumedia.io/service")}`;
      await drift(child, "another service's label", [{ op: "replace", path: label, value: "another" }]);
      await drift(child, "a removed label", [{ op: "remove", path: label }]);
      await drift(child, "removed labels", [{ op: "remove", path: "/metadata/labels" }]);
      await drift(child, "a removed owner", [{ op: "remove", path: "/metadata/ownerReferences" }]);
      await drift(child, "empty managedFields", [{ op: "replace", path: "/metadata/managedFields", value: [{}] }]);
    });

    it(`by deletion of ${title} is repaired`, async () => {
      const child = find();
      const { metadata } = await work.delete(child.kind.type, child.name);
      const repaired = await untilRepaired(child, title);
      assert.notEqual(repaired.metadata.uid, metadata.uid);
    });

    it(`keeps the fields of other owners in ${title}`, async () => {
      const child = find();
      const apply = { fieldManager: "other", force: false };
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

  it("in the key of a list item is repaired, although the edited item then belongs to another field manager", async () => {
    const service = desired.get("Service upscaler") ?? assert.fail();
    const deployment = desired.get("Deployment upscaler") ?? assert.fail();
    for (let round = 0; round < 2; round++) {
      const { spec } = await drift(service, "the port", [{ op: "replace", path: "/spec/ports/0/port", value: 81 }]);
      assert.deepEqual(spec.ports, [{ name: "http", protocol: "TCP", port: 80, targetPort: "http" }]);
      const port = await livePointer(deployment, "/spec/template/spec/containers/0/ports/0/containerPort");
      const edit = { op: "replace", path: port, value: 8081 } as const;
      const { spec: kept } = await drift(deployment, "the container's port", [edit]);
      assert.deepEqual(kept.template.spec.containers.find(({ name }) => name === "gpu-media")?.ports, [
        { name: "http", containerPort: 8080, protocol: "TCP" },
      ]);
    }
    const { metadata } = (await live(service)) ?? assert.fail();
    const updates = metadata.managedFields?.filter(({ manager, operation }) => {
      return manager === "gpumedia-operator" && operation === "Update";
    });
    assert.deepEqual(updates, [], "fields are owned twice");
  });

  it("is reported by an event that names the field and who changed it", async () => {
    // A service of its own: the number of events per object is limited.
    await work.apply("reported");
    await work.untilReady("reported");
    const image = ["set", "image", "deployment/reported", "gpu-media=nginx", "--namespace", work.namespace];
    await work.cluster.kubectl(...image);
    await work.delete(childKinds.service.type, "reported");
    await until("events of both repairs", async (see) => {
      const described = await work.cluster.kubectl("describe", "gpumediaservice/reported", "-n", work.namespace);
      const events = see(described.slice(described.indexOf("Events:")));
      return (
        events.includes(
          "Deployment reported: spec.template.spec.containers[gpu-media].image was changed to nginx by kubectl-set",
        ) && events.includes("Service reported was deleted and has been created again")
      );
    });
  });

  it("leaves no copy of a renamed container", async () => {
    const lists = [["Deployment upscaler", "/spec/template/spec/containers"]] as const;
    for (const [title, list] of lists) {
      const child = desired.get(title) ?? assert.fail();
      const before = namesIn(child.manifest, list);
      const path = await livePointer(child, `${list}/0/name`);
      await drift(child, "the name", [{ op: "replace", path, value: "renamed" }]);
      await until("the renamed item to be deleted", async (see) => {
        const names = see(namesIn(await live(child), list));
        return !names.includes("renamed") && before.every((name) => names.includes(name));
      });
    }
  });

  it("keeps the fields that other owners add beside ours", async () => {
    const deployment = desired.get("Deployment upscaler") ?? assert.fail();
    const service = desired.get("Service upscaler") ?? assert.fail();
    // `kubectl rollout restart`, the sidecar of a mesh, and a field that the operator does not set.
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

    const path = await livePointer(deployment, "/spec/template/spec/containers/0/image");
    const { spec } = await drift(deployment, "the image", [{ op: "replace", path, value: "example.com/other:2" }]);
    assert.deepEqual(spec.template.metadata.annotations?.["kubectl.kubernetes.io/restartedAt"], "2026-01-01T00:00:00Z");
    assert.deepEqual(
      spec.template.spec.containers.map(({ name, image }) => [name, image]),
      [
        ["gpu-media", sampleImage],
        ["mesh", "example.com/mesh:1"],
      ],
    );
    const { spec: kept } = await drift(service, "the port", [{ op: "replace", path: "/spec/ports/0/port", value: 81 }]);
    assert.deepEqual(kept.publishNotReadyAddresses, true);
    assert.deepEqual(kept.ports, [{ name: "http", protocol: "TCP", port: 80, targetPort: "http" }]);
  });
});

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

/** Every field that the operator sends, except for the object's identity and owner, which has its own test. */
function ownedLeaves({ manifest }: Desired): readonly Leaf[] {
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
