/** A repository, Flux and the operator: what is pushed is what runs, and what is wrong with it is told. */
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Condition } from "@gpumedia/api";
import { writeVerbs, type AuditEvent } from "../../cluster/audit.ts";
import { startCluster, type Cluster } from "../../cluster/cluster.ts";
import { controlPlaneTools } from "../../cluster/control-plane.ts";
import type { KubernetesObject } from "../../cluster/rest.ts";
import { until } from "../../cluster/until.ts";
import { Workspace } from "../operator/workspace.ts";
import { fluxTools, startFlux } from "./flux.ts";
import { GitServer } from "./git-server.ts";
import { gitopsExample, gitopsText } from "./gitops-example.ts";

await controlPlaneTools();
await fluxTools();

const file = "services/upscaler.yaml";
const name = "upscaler";
/** Of a service that nothing happens to. */
const other = "services/other.yaml";

/** The parts build on each other: a repository has one history. */
describe("services from a repository by Flux", function () {
  this.timeout(240_000);
  let cluster: Cluster;
  let work: Workspace;
  let forge: GitServer;
  let example: string;

  before(async () => {
    cluster = await startCluster({ crds: true });
    work = await Workspace.open(cluster);
    const directory = join(cluster.directory, "git");
    await mkdir(directory);
    forge = await GitServer.start(directory);
    example = await gitopsText(file);
    await cluster.addNodes({ count: 1, gpus: 0 });
    await startFlux(cluster);
    // So that the pods of kwok's nodes, which report nothing, are known to be silent before long.
    await work.startOperator({ parameters: ["--utilization-interval=2s"] });
  });
  after(async () => {
    await forge?.[Symbol.asyncDispose]();
    await work?.[Symbol.asyncDispose]();
    await cluster?.stop();
  });

  it("serve when the push is told to be ready, are changed, mended and pruned by pushes, and rest in between", async () => {
    const first = await forge.push({ [file]: example, [other]: example.replace(`name: ${name}`, "name: other") });
    await applyExample();
    await readyOnceServing(first);
    await changed();
    await leftAlone();
    await refused();
    await stalled();
    await mended();
    await pruned();
  });

  const push = (content: string | undefined): Promise<string> => forge.push({ [file]: content });

  /** As it is shipped, but for the address and for how often Flux looks. */
  async function applyExample(): Promise<void> {
    const intervals = { GitRepository: "2s", Kustomization: "10s" } as const;
    const objects = (await gitopsExample("flux.yaml")).map((object) => {
      const { kind, metadata, spec, subjects } = object as Example;
      return {
        ...object,
        metadata: { ...metadata, namespace: work.namespace },
        ...(kind === "RoleBinding"
          ? { subjects: subjects?.map((one) => ({ ...one, namespace: work.namespace })) }
          : {}),
        ...(spec === undefined
          ? {}
          : {
              spec: {
                ...spec,
                interval: intervals[kind as keyof typeof intervals],
                ...(kind === "GitRepository" ? { url: forge.url } : { targetNamespace: work.namespace }),
              },
            }),
      };
    });
    await cluster.kubectlWithInput(objects, "apply", "-f", "-");
  }

  async function kustomization(): Promise<Kustomization> {
    const path = `/apis/kustomize.toolkit.fluxcd.io/v1/namespaces/${work.namespace}/kustomizations/services`;
    return (await cluster.rest.get(path)) as Kustomization;
  }

  /** Waits until a condition of the Kustomization is about this revision and like this. */
  async function told(revision: string, status: string, says: string, type = "Ready"): Promise<void> {
    let last: Kustomization | undefined;
    const look = async (): Promise<boolean> => {
      last = await kustomization();
      const { lastAttemptedRevision, conditions = [] } = last.status ?? {};
      const condition = conditions.find((one) => one.type === type);
      const isMeant = lastAttemptedRevision === revision && condition?.message.includes(says) === true;
      return isMeant && condition?.status === status;
    };
    const what = `${type} of the Kustomization to be ${status} of ${revision}: "${says}"`;
    await until(what, look, { withinMs: 60_000 }).catch((error: unknown) => {
      throw new Error(`${String(error)}; it is ${JSON.stringify(last?.status)}`, { cause: error });
    });
  }

  async function readyOnceServing(revision: string): Promise<void> {
    await work.untilCondition(name, "Reconciling", { status: "True", reason: "WaitingForGpu" });
    await told(revision, "True", "Running health checks", "Reconciling");
    assert.equal((await kustomization()).status?.conditions?.find(({ type }) => type === "Ready")?.status, "Unknown");
    await cluster.addNodes({ count: 4, gpus: 16 });
    await told(revision, "True", revision);
    const ready = (await work.service(name))?.status?.conditions?.find(({ type }) => type === "Ready");
    assert.equal(ready?.status, "True");
  }

  async function changed(): Promise<void> {
    const revision = await push(example.replace("maxReplicas: 4", "maxReplicas: 5"));
    await told(revision, "True", revision);
    const scaler = (await work.child("horizontalPodAutoscaler", name)) as unknown as { spec: { maxReplicas: number } };
    assert.equal(scaler.spec.maxReplicas, 5);
  }

  async function leftAlone(): Promise<void> {
    // What can still be said of the services is said: their pods, on kwok's nodes, report nothing.
    for (const one of [name, "other"]) {
      await work.untilReady(one);
      await work.untilCondition(one, "MetricsReporting", { reason: "PodsSilent" });
      await work.untilCondition(one, "ScalingReady", { reason: "ApiMissing" });
    }
    const since = Date.now();
    const looks = () =>
      cluster.audit.requests({ verb: "patch", resource: "gpumediaservices", name, since }).filter(isDryRun);
    await until("Flux to have looked three times", () => looks().length >= 3, {
      withinMs: 60_000,
    });
    const writes = cluster.audit
      .requests({ verb: writeVerbs, namespace: work.namespace, since })
      .filter((event) => !isDryRun(event) && !fluxGroups.has(event.objectRef?.apiGroup ?? "") && !isBeside(event));
    assert.deepEqual(
      writes.map(({ verb, requestURI, user }) => `${user.username} ${verb} ${requestURI}`),
      [],
    );
  }

  /** What the schema does not take. */
  async function refused(): Promise<void> {
    const revision = await push(example.replace("maxReplicas: 4", "maxReplicas: many"));
    await told(revision, "False", "maxReplicas");
  }

  /** What only the operator can tell. */
  async function stalled(): Promise<void> {
    const revision = await push(example.replace("profile: production", "profile: prodution"));
    // Flux names the service; the service says why.
    await told(revision, "False", `failed early due to stalled resources: [GpuMediaService/${work.namespace}/${name} `);
    await work.untilCondition(name, "Stalled", {
      reason: "UnknownProfile",
      message: "profile prodution does not exist (did you mean production?)",
    });
    // It serves on as it did.
    assert.equal((await work.children(name)).length > 0, true);
  }

  async function mended(): Promise<void> {
    const revision = await push(example);
    await told(revision, "True", revision);
    await work.untilReady(name);
  }

  async function pruned(): Promise<void> {
    const revision = await push(undefined);
    await told(revision, "True", revision);
    await work.untilReady("other");
    await until("the service and its children to go", async () => {
      const left = [await work.service(name), ...(await work.children(name))].filter((one) => one !== undefined);
      return left.length === 0;
    });
  }
});

const fluxGroups: ReadonlySet<string> = new Set(["kustomize.toolkit.fluxcd.io", "source.toolkit.fluxcd.io"]);

/** Flux asks what an apply would change before it applies. */
function isDryRun({ requestURI }: AuditEvent): boolean {
  return requestURI.includes("dryRun=All");
}

/** Tells nobody's wishes: events, and the tokens that Flux takes to act as its ServiceAccount. */
function isBeside({ objectRef }: AuditEvent): boolean {
  return objectRef?.resource === "events" || objectRef?.subresource === "token";
}

type Example = KubernetesObject & { readonly spec?: object; readonly subjects?: readonly object[] };
interface Kustomization {
  readonly status?: { readonly lastAttemptedRevision?: string; readonly conditions?: readonly Condition[] };
}
