/** A repository, Flux and the operator: each push is applied, and its errors are reported. */
import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Condition } from "@gpumedia/api";
import { parseAllDocuments } from "yaml";
import { writeVerbs, type AuditEvent } from "../../cluster/audit.ts";
import type { Cluster } from "../../cluster/cluster.ts";
import type { KubernetesObject } from "../../cluster/rest.ts";
import { until } from "../../cluster/until.ts";
import { gpuNodes, operatorCluster } from "../operator/operator-cluster.ts";
import { Workspace } from "../operator/workspace.ts";
import { fluxControllers, fluxTools, startFlux } from "./flux.ts";
import { GitServer } from "./git-server.ts";

await fluxTools();

const examples = new URL("../../../examples/gitops/", import.meta.url);
const file = "services/upscaler.yaml";
const name = "upscaler";
/** The manifest of a service that does not change. */
const other = "services/other.yaml";

/** The steps build on each other, because a repository has one history. */
describe("services that Flux applies from a repository", function () {
  this.timeout(480_000);
  let cluster: Cluster;
  let work: Workspace;
  let repository: GitServer;
  let example: string;

  before(async () => {
    cluster = await operatorCluster();
    work = await Workspace.open(cluster);
    const directory = join(cluster.directory, "git");
    await mkdir(directory);
    repository = await GitServer.start(directory);
    example = await readFile(new URL(file, examples), "utf8");
    // The first service waits for GPUs.
    await cluster.removeNodes();
    await cluster.addNodes({ count: 1, gpus: 0 });
    await startFlux(cluster);
    // Shortens the time until the pods of kwok's nodes, which report nothing, count as silent.
    await work.startOperator({ parameters: ["--utilization-interval=2s"] });
  });
  after(async () => {
    // Only Flux removes its finalizers.
    await cluster.kubectl("delete", "kustomizations,gitrepositories", "--all", "-n", work.namespace);
    for (const controller of fluxControllers) await cluster.processes.kill(controller);
    await repository?.[Symbol.asyncDispose]();
    await work?.[Symbol.asyncDispose]();
    await cluster.removeNodes();
    await cluster.addNodes(gpuNodes);
  });

  it("make the push Ready once they serve, follow each push, report errors, and are not written in between", async () => {
    const first = await repository.push({ [file]: example, [other]: example.replace(`name: ${name}`, "name: other") });
    await applyExample();
    await becomesReadyOnceServing(first);
    await followsChange();
    await isNotWrittenInBetween();
    await reportsSchemaError();
    await reportsStalledService();
    await recovers();
    await isPruned();
  });

  const push = (content: string | undefined): Promise<string> => repository.push({ [file]: content });

  /** Applies Flux's objects as they are shipped, except for namespaces, the address and the intervals. */
  async function applyExample(): Promise<void> {
    const intervals = { GitRepository: "2s", Kustomization: "10s" } as const;
    const documents = parseAllDocuments(await readFile(new URL("flux.yaml", examples), "utf8"));
    const objects = documents.map((document) => {
      const object = document.toJS() as Example;
      const { kind, metadata, spec, subjects } = object;
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
                ...(kind === "GitRepository" ? { url: repository.url } : { targetNamespace: work.namespace }),
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

  /** Waits until a condition of the Kustomization is for this revision, with this status and message. */
  async function untilReported(revision: string, status: string, message: string, type = "Ready"): Promise<void> {
    await until(`${type} of the Kustomization to be ${status} for ${revision}: "${message}"`, async (see) => {
      const { lastAttemptedRevision, conditions = [] } = see((await kustomization()).status) ?? {};
      const condition = conditions.find((one) => one.type === type);
      return lastAttemptedRevision === revision && condition?.status === status && condition.message.includes(message);
    });
  }

  async function becomesReadyOnceServing(revision: string): Promise<void> {
    await work.untilCondition(name, "Reconciling", { status: "True", reason: "WaitingForGpu" });
    await untilReported(revision, "True", "Running health checks", "Reconciling");
    assert.equal((await kustomization()).status?.conditions?.find(({ type }) => type === "Ready")?.status, "Unknown");
    await cluster.addNodes({ count: 4, gpus: 16 });
    await untilReported(revision, "True", revision);
    assert.equal((await work.condition(name, "Ready"))?.status, "True");
  }

  async function followsChange(): Promise<void> {
    const revision = await push(example.replace("maxReplicas: 4", "maxReplicas: 5"));
    await untilReported(revision, "True", revision);
    assert.equal((await work.child("horizontalPodAutoscaler", name)).spec.maxReplicas, 5);
  }

  async function isNotWrittenInBetween(): Promise<void> {
    // Their last status changes: pods on kwok's nodes report nothing.
    for (const one of [name, "other"]) {
      await work.untilReady(one);
      await work.untilCondition(one, "MetricsReporting", { reason: "PodsSilent" });
      await work.untilCondition(one, "ScalingReady", { reason: "ApiMissing" });
    }
    const since = Date.now();
    const dryRuns = () =>
      cluster.audit.requests({ verb: "patch", resource: "gpumediaservices", name, since }).filter(isDryRun);
    await until("Flux to compare the service with its manifest three times", (see) => see(dryRuns().length) >= 3);
    const writes = cluster.audit
      .requests({ verb: writeVerbs, namespace: work.namespace, since })
      .filter((event) => !isDryRun(event) && !fluxGroups.has(event.objectRef?.apiGroup ?? "") && !isUnrelated(event));
    assert.deepEqual(
      writes.map(({ verb, requestURI, user }) => `${user.username} ${verb} ${requestURI}`),
      [],
    );
  }

  async function reportsSchemaError(): Promise<void> {
    const revision = await push(example.replace("maxReplicas: 4", "maxReplicas: many"));
    await untilReported(revision, "False", "maxReplicas");
  }

  /** The schema accepts the name of a missing profile; the operator reports it. */
  async function reportsStalledService(): Promise<void> {
    const revision = await push(example.replace("profile: production", "profile: prodution"));
    // Flux names the service; the service's condition has the reason.
    const stalled = `failed early due to stalled resources: [GpuMediaService/${work.namespace}/${name} `;
    await untilReported(revision, "False", stalled);
    await work.untilCondition(name, "Stalled", {
      reason: "UnknownProfile",
      message: "profile prodution does not exist (did you mean production?)",
    });
    // It keeps serving.
    assert.ok((await work.children(name)).length > 0);
  }

  async function recovers(): Promise<void> {
    const revision = await push(example);
    await untilReported(revision, "True", revision);
    await work.untilReady(name);
  }

  async function isPruned(): Promise<void> {
    const revision = await push(undefined);
    await untilReported(revision, "True", revision);
    await work.untilReady("other");
    await until("the service and its children to be deleted", async (see) => {
      const left = [await work.service(name), ...(await work.children(name))].filter((one) => one !== undefined);
      return see(left.map(({ kind }) => kind)).length === 0;
    });
  }
});

const fluxGroups: ReadonlySet<string> = new Set(["kustomize.toolkit.fluxcd.io", "source.toolkit.fluxcd.io"]);

/** Flux finds out by a dry run whether an apply would change anything. */
function isDryRun({ requestURI }: AuditEvent): boolean {
  return requestURI.includes("dryRun=All");
}

/** Writes that change no desired state: events, and tokens that Flux requests for its ServiceAccount. */
function isUnrelated({ objectRef }: AuditEvent): boolean {
  return objectRef?.resource === "events" || objectRef?.subresource === "token";
}

type Example = KubernetesObject & { readonly spec?: object; readonly subjects?: readonly object[] };
interface Kustomization {
  readonly status?: { readonly lastAttemptedRevision?: string; readonly conditions?: readonly Condition[] };
}
