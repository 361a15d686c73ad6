/**
 * Every child of every kind on a real API server with the real CRDs: the schema knows each of its fields, and what is stored is
 * what was sent. Otherwise the operator would repair it for ever.
 */
import assert from "node:assert/strict";
import { desiredChildren, type DesiredChild } from "@gpumedia/operator/src/desired/children.ts";
import { sampleContext, sampleService } from "@gpumedia/operator/src/desired/service.sample.ts";
import type { EffectiveService } from "@gpumedia/operator/src/effective/service.ts";
import { canonicalQuantities } from "@gpumedia/operator/src/desired/canonical-quantity.sample.ts";
import { collectionPath, objectPath, withQuery } from "@gpumedia/operator/src/kube/client-path.ts";
import type { KubeObject, Manifest } from "@gpumedia/operator/src/kube/object.ts";
import { postManager, fieldManager, inSync, ownership, ownershipPatch } from "@gpumedia/operator/src/kube/ownership.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import { isSince } from "../../cluster/kubernetes-version.ts";
import { childrenCases } from "./children.cases.ts";
import { operatorCluster } from "./operator-cluster.ts";

const runtimeClasses = "/apis/node.k8s.io/v1/runtimeclasses";

describe("children on an API server", () => {
  let cluster: Cluster;
  let namespace = "";

  before(async () => {
    cluster = await operatorCluster();
    await cluster.rest.request("POST", runtimeClasses, { metadata: { name: "nvidia" }, handler: "nvidia" });
  });
  after(() => cluster.rest.delete(`${runtimeClasses}/nvidia`));
  beforeEach(async () => {
    namespace = await cluster.newNamespace("children");
  });
  // Its pods would hold GPUs of the shared cluster.
  afterEach(() => cluster.rest.delete(`/api/v1/namespaces/${namespace}`));

  for (const [title, spec] of Object.entries(childrenCases)) {
    it(`accepts the children of a service ${title} and stores them unchanged`, async () => {
      const service = await ownedService(title, spec);
      for (const child of desiredChildren(service, { ...sampleContext, exportsTargets: false })) {
        if (child.manifest === null) continue;
        assertInSync(await create(child, child.manifest), child.manifest, "created");
        assertInSync(await apply(child, child.manifest), child.manifest, "applied");
      }
    });

    it(`admits the pods of a service ${title} where only restricted ones are`, async () => {
      const service = await ownedService(title, spec);
      await cluster.kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted");
      const pods = `/api/v1/namespaces/${namespace}/pods?dryRun=All&fieldValidation=Strict`;
      const { metadata, spec: podSpec } = templateOf(service);
      await cluster.rest.request("POST", `/api/v1/namespaces/${namespace}/serviceaccounts`, {
        metadata: { name: podSpec.serviceAccountName },
      });
      await cluster.rest.request("POST", pods, { metadata: { ...metadata, name: "pod" }, spec: podSpec });
    });
  }

  it("sends quantities that the API server does not spell otherwise", async () => {
    const sent = [...new Set(Object.values(canonicalQuantities))];
    const stored = await Promise.all(
      sent.map(async (cpu) => {
        const container = { name: "c", image: "i", resources: { requests: { cpu } } };
        const answer = (await cluster.rest.request("POST", `/api/v1/namespaces/${namespace}/pods?dryRun=All`, {
          metadata: { name: "quantity" },
          spec: { containers: [container] },
        })) as { spec: { containers: [typeof container] } };
        return answer.spec.containers[0].resources.requests.cpu;
      }),
    );
    assert.deepEqual(stored, sent);
  });

  /** With an owner that exists, or the garbage collector would delete the children. */
  async function ownedService(title: string, spec: object): Promise<EffectiveService> {
    const collection = `/apis/gpumedia.io/v1alpha1/namespaces/${namespace}/gpumediaservices`;
    const owner = (await cluster.rest.request("POST", collection, {
      apiVersion: "gpumedia.io/v1alpha1",
      kind: "GpuMediaService",
      metadata: { name: "upscaler", annotations: { title } },
      spec,
    })) as KubeObject;
    const service = sampleService(spec, "upscaler", namespace);
    return { ...service, owner: { ...service.owner, uid: owner.metadata.uid } };
  }

  async function create({ kind, initial }: DesiredChild, manifest: Manifest): Promise<KubeObject> {
    const query = { fieldManager: postManager(manifest), fieldValidation: "Strict" };
    const path = withQuery(collectionPath(kind.type, manifest.metadata.namespace), query);
    return (await cluster.rest.request("POST", path, initial ?? manifest)) as KubeObject;
  }

  async function apply({ kind, name }: DesiredChild, manifest: Manifest): Promise<KubeObject> {
    const path = objectPath(kind.type, manifest.metadata.namespace ?? "", name);
    await turnIntoApply(path, manifest);
    const query = { fieldManager, force: true, fieldValidation: "Strict" };
    return (await cluster.rest.request("PATCH", withQuery(path, query), manifest, "apply-patch+yaml")) as KubeObject;
  }

  /** Controllers write statuses at the same time: the patch holds for one resourceVersion only. */
  async function turnIntoApply(path: string, manifest: Manifest): Promise<void> {
    for (let attempts = 0; ; attempts += 1) {
      const live = (await cluster.rest.get(path)) as KubeObject;
      const patch = ownershipPatch({ metadata: live.metadata, owned: ownership(live) }, manifest);
      try {
        await cluster.rest.request("PATCH", path, patch, "json-patch+json");
        return;
      } catch (error) {
        if (attempts === 10 || !String(error).includes(" 409 ")) throw error;
      }
    }
  }
});

function assertInSync(live: KubeObject, manifest: Manifest, how: string): void {
  const owned = ownership(live);
  assert.ok(
    inSync(owned, manifest),
    `${manifest.kind} ${manifest.metadata.name} differs when ${how}: wanted ${JSON.stringify(manifest)}, stored ${JSON.stringify(live)}`,
  );
}

interface PodTemplate {
  readonly metadata: object;
  readonly spec: { readonly serviceAccountName: string };
}

function templateOf(service: EffectiveService): PodTemplate {
  const deployment = desiredChildren(service, sampleContext).find(({ kind }) => kind.type.kind === "Deployment");
  assert.ok(deployment?.manifest);
  return (deployment.manifest as unknown as { spec: { template: PodTemplate } }).spec.template;
}

/** docs/operations.md has the same versions. The feature gates are at their defaults. */
describe("what came with a version of Kubernetes", function () {
  this.timeout(60_000);
  let cluster: Cluster;
  let namespace = "";
  before(async () => {
    cluster = await operatorCluster();
    namespace = await cluster.newNamespace("versions");
  });

  const dryRun = async (collection: string, spec: object): Promise<string> => {
    const [group = "", resource = ""] = collection.split(" ");
    const path = `${group}/namespaces/${namespace}/${resource}?dryRun=All`;
    return JSON.stringify(await cluster.rest.request("POST", path, { metadata: { name: "later" }, spec }));
  };
  const autoscaler = (more: object) =>
    dryRun("/apis/autoscaling/v2 horizontalpodautoscalers", {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "any" },
      maxReplicas: 2,
      ...more,
    });
  const external = {
    type: "External",
    external: { metric: { name: "waiting" }, target: { type: "AverageValue", averageValue: "10" } },
  };
  const pod = { containers: [{ name: "c", image: "i", volumeMounts: [{ name: "v", mountPath: "/v" }] }] };

  interface Later {
    readonly since: `1.${number}`;
    readonly tryIt: () => Promise<string>;
    /** In what the API server stores. */
    readonly kept: string;
    /** What an earlier one does: drops the field silently, or rejects the object with this message. */
    readonly before: "drops" | RegExp;
  }
  const cases: { readonly [feature: string]: Later } = {
    "the resize of pods in place": {
      since: "1.33",
      tryIt: async () => JSON.stringify(await cluster.rest.request("GET", "/api/v1")),
      kept: '"pods/resize"',
      before: "drops",
    },
    "trafficDistribution PreferSameZone of Services": {
      since: "1.34",
      tryIt: () => dryRun("/api/v1 services", { ports: [{ port: 80 }], trafficDistribution: "PreferSameZone" }),
      kept: '"trafficDistribution":"PreferSameZone"',
      before: /Unsupported value: \\"PreferSameZone\\": supported values: \\"PreferClose\\"/,
    },
    "resource.k8s.io/v1": {
      since: "1.34",
      tryIt: async () => JSON.stringify(await cluster.rest.request("GET", "/apis/resource.k8s.io").catch(String)),
      kept: '"resource.k8s.io/v1"',
      before: "drops",
    },
    "the extended resource of a DeviceClass": {
      since: "1.36",
      tryIt: async () => {
        const deviceClass = { metadata: { name: "later" }, spec: { extendedResourceName: "example.com/later" } };
        const path = "/apis/resource.k8s.io/v1/deviceclasses?dryRun=All";
        return JSON.stringify(await cluster.rest.request("POST", path, deviceClass).catch(String));
      },
      kept: '"extendedResourceName":"example.com/later"',
      before: "drops",
    },
    "the tolerance of autoscalers": {
      since: "1.35",
      tryIt: () => autoscaler({ behavior: { scaleUp: { tolerance: "50m" } } }),
      kept: '"tolerance":"50m"',
      before: "drops",
    },
    // Dropped with its mount: the container starts without the files.
    "an image volume": {
      since: "1.35",
      tryIt: () => dryRun("/api/v1 pods", { ...pod, volumes: [{ name: "v", image: { reference: "r" } }] }),
      kept: '"mountPath":"/v"',
      before: "drops",
    },
    "minReplicas 0 of autoscalers with an External metric": {
      since: "1.37",
      tryIt: () => autoscaler({ minReplicas: 0, metrics: [external] }),
      kept: '"minReplicas":0',
      before: /minReplicas: Invalid value: 0: must be greater than or equal to 1/,
    },
  };
  for (const [feature, { since, tryIt, kept, before: earlier }] of Object.entries(cases)) {
    it(`includes ${feature} from ${since} on`, async () => {
      if (isSince(since)) assert.ok((await tryIt()).includes(kept));
      else if (earlier === "drops") assert.ok(!(await tryIt()).includes(kept));
      else await assert.rejects(tryIt(), earlier);
    });
  }
});
