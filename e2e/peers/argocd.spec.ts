/** Argo CD applies services from a repository, shows their health, and finds no difference in what others write. */
import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { serviceType } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import { parse } from "yaml";
import type { KubernetesObject } from "../cluster/rest.ts";
import { until } from "../cluster/until.ts";
import { GitServer } from "../specs/install/git-server.ts";
import { operatorCluster } from "../specs/operator/operator-cluster.ts";
import { Workspace } from "../specs/operator/workspace.ts";
import { ArgoCd, argoCdNamespace, argoCdProgram, argoCdUser, whyNoRedis } from "./argocd.ts";
import { skipUnlessPossible } from "./possible.ts";
import { quietSeconds, writesOfAQuietMinute, writesOfAnUpgrade } from "./writes.ts";

const whyNot = whyNoRedis();
if (whyNot === undefined) await argoCdProgram();

const examples = new URL("../../examples/gitops/", import.meta.url);
const patiently = { withinMs: 180_000 };
/** The same manifests in two folders: by Argo CD's own comparison, and by server-side dry runs. */
const applications = {
  "own-diff": {},
  "server-side-diff": { "argocd.argoproj.io/compare-options": "ServerSideDiff=true" },
};
type ApplicationName = keyof typeof applications;
const names = Object.keys(applications) as ApplicationName[];

describe("Argo CD 3.6.1", function () {
  this.timeout(600_000);
  skipUnlessPossible(whyNot);
  const work = new Workspace();
  let argoCd: ArgoCd;
  let repository: GitServer;
  let pushes = 0;

  before(async () => {
    const cluster = await operatorCluster();
    await work.open(cluster);
    await work.startOperator({ parameters });
    const directory = join(cluster.directory, "git");
    await mkdir(directory);
    repository = work.resources.use(await GitServer.start(directory));
    argoCd = await ArgoCd.start(cluster);
    await cluster.kubectlWithInput(await applicationObjects(), "apply", "-f", "-");
  });
  /** Each test begins with a service that serves, whatever the one before has left. */
  beforeEach(async () => untilSynced(await push(all(serving)), "Healthy"));
  after(async () => {
    // Only Argo CD removes its finalizers; the example has none.
    await work.cluster?.kubectl("delete", "applications", "--all", "-n", argoCdNamespace);
    await argoCd?.stop();
    await work[Symbol.asyncDispose]();
  });

  /** The example, with the repository, the folder and the namespace of this spec. */
  async function applicationObjects(): Promise<readonly object[]> {
    const { metadata, spec, ...rest } = parse(await readFile(new URL("argocd.yaml", examples), "utf8")) as Application;
    return names.map((name) => ({
      ...rest,
      metadata: { ...metadata, name, annotations: applications[name] },
      spec: {
        ...spec,
        source: { ...spec.source, repoURL: repository.url, path: name },
        destination: { ...spec.destination, namespace: work.namespace },
      },
    }));
  }

  /** Writes the manifests of each folder, or removes those that are undefined. */
  async function push(manifests: Readonly<Record<string, object | undefined>>): Promise<string> {
    const files = names.flatMap((application) =>
      Object.entries(manifests).map(([name, manifest]) => {
        const named =
          manifest === undefined
            ? undefined
            : JSON.stringify({ ...manifest, metadata: { name: `${name}-${application}` } });
        return [`${application}/${name}.yaml`, named] as const;
      }),
    );
    // A commit needs a change.
    const content = { ...Object.fromEntries(files), pushes: String(pushes++) };
    return (await repository.push(content)).split(":").at(-1) ?? "";
  }

  async function application(name: ApplicationName): Promise<Application> {
    return (await work.cluster.rest.get(
      `/apis/argoproj.io/v1alpha1/namespaces/${argoCdNamespace}/applications/${name}`,
    )) as Application;
  }

  /** Waits until both Applications are synced to a revision, without a complaint, and have this health. */
  async function untilSynced(revision: string, health: string): Promise<void> {
    for (const name of names) {
      await until(
        `${name} to be synced to ${revision} and ${health}`,
        async (see) => {
          const { sync, health: found, conditions } = see((await application(name)).status) ?? {};
          const isSynced = sync?.status === "Synced" && sync.revision === revision;
          return isSynced && found?.status === health && conditions === undefined;
        },
        patiently,
      );
    }
  }

  /** Argo CD has compared the services since, and no difference was found. */
  async function staysSynced(): Promise<void> {
    for (const name of names) {
      await work.cluster.kubectl(
        "annotate",
        "application",
        name,
        "-n",
        argoCdNamespace,
        "--overwrite",
        "argocd.argoproj.io/refresh=hard",
      );
      await until(
        `${name} to be compared`,
        async (see) =>
          see((await application(name)).metadata.annotations)?.["argocd.argoproj.io/refresh"] === undefined,
        patiently,
      );
      const { sync, resources, conditions } = (await application(name)).status ?? {};
      assert.deepEqual(
        [sync?.status, resources?.map(({ status }) => status), conditions],
        ["Synced", resources?.map(() => "Synced"), undefined],
      );
    }
  }

  it("applies services and a profile, is Healthy once the services are, and finds nothing to complain about", async () => {
    for (const name of names) {
      const { resources = [] } = (await application(name)).status ?? {};
      // Not the children: they are below their service.
      assert.deepEqual(resources.map(({ kind }) => kind).toSorted(), ["GpuMediaProfile", "GpuMediaService"]);
      const ready = await work.condition(serviceOf(name), "Ready");
      assert.deepEqual([ready?.status, ready?.reason], ["True", "Serving"]);
    }
  });

  for (const [title, spec, health] of [
    ["Progressing while a service waits for a GPU", { gpu: { resourceName: "nvidia.com/mig-7g.80gb" } }, "Progressing"],
    ["Degraded while a service is Stalled", { profile: "no-such-profile" }, "Degraded"],
    ["Suspended while a service is", { suspend: true }, "Suspended"],
  ] as const) {
    it(`is ${title}, and Healthy again afterwards`, async () => {
      await untilSynced(await push(all({ ...serving, ...spec })), health);
      await untilSynced(await push(all(serving)), "Healthy");
    });
  }

  it("finds no difference in what the operator, autoscalers and other field managers write", async () => {
    const before = await Promise.all(names.map((name) => work.service(serviceOf(name))));
    for (const name of names) {
      const service = serviceOf(name);
      const scale = `/apis/apps/v1/namespaces/${work.namespace}/deployments/${service}/scale`;
      await work.mergePatch(scale, { spec: { replicas: 3 } });
      const annotation = { metadata: { annotations: { "example.com/seen": "yes" } } };
      for (const resource of [
        `api/v1/namespaces/${work.namespace}/services`,
        `apis/${apiVersion}/namespaces/${work.namespace}/gpumediaservices`,
      ]) {
        await work.mergePatch(`/${resource}/${service}`, annotation);
      }
      await until(
        `the status of ${service} to follow`,
        async (see) => see((await work.service(service))?.status?.replicas)?.desired === 3,
        patiently,
      );
    }
    await staysSynced();
    const after = await Promise.all(names.map((name) => work.service(serviceOf(name))));
    assert.deepEqual(
      after.map((service) => [service?.metadata.generation, service?.metadata.annotations?.["example.com/seen"]]),
      before.map((service) => [service?.metadata.generation, "yes"]),
    );
  });

  it("repairs a service that is edited in the cluster, and the operator then repairs its children", async () => {
    for (const name of names) {
      const path = "/spec/autoscaling/horizontal/maxReplicas";
      await work.patch(serviceType, serviceOf(name), [{ op: "replace", path, value: 7 }]);
      await until(
        "the HorizontalPodAutoscaler to have the replicas of the repository",
        async (see) => {
          const edited = (await work.service(serviceOf(name)))?.metadata.generation ?? 0;
          const { maxReplicas } = (await work.child("horizontalPodAutoscaler", serviceOf(name))).spec;
          return see({ edited, maxReplicas }).maxReplicas === 4;
        },
        patiently,
      );
    }
    await staysSynced();
  });

  it(`writes nothing that the operator writes back, for ${quietSeconds} s`, async () => {
    // The HPA reports first after 15 s.
    for (const name of names)
      await work.untilCondition(serviceOf(name), "ScalingReady", { reason: "ApiMissing" }, patiently);
    assert.deepEqual(await writesOfAQuietMinute(work, argoCdUser), { ours: [], theirs: [] });
  });

  it("finds no difference after an upgrade of the operator, which writes no child anew", async () => {
    assert.deepEqual(await writesOfAnUpgrade(work, () => work.startOperator({ parameters })), []);
    await staysSynced();
  });

  it("does not keep services from being Ready while it is stopped, and applies what was pushed once it runs again", async () => {
    await argoCd.stop();
    const revision = await push(all({ ...serving, autoscaling: { horizontal: { maxReplicas: 5 } } }));
    await work.apply("later", serving);
    for (const service of ["later", ...names.map(serviceOf)]) {
      await work.untilCondition(service, "Ready", { status: "True" }, patiently);
    }
    await argoCd.startAll();
    await untilSynced(revision, "Healthy");
    for (const name of names) {
      assert.equal((await work.child("horizontalPodAutoscaler", serviceOf(name))).spec.maxReplicas, 5);
    }
    // Not of the repository.
    await work.untilReady("later");
  });

  it("prunes a service that the repository no longer has, with its children, and leaves the profile", async () => {
    const revision = await push({ upscaler: undefined });
    await untilSynced(revision, "Healthy");
    for (const name of names) {
      await until(
        "the service and its children to be deleted",
        async (see) => {
          const left = [await work.service(serviceOf(name)), ...(await work.children(serviceOf(name)))];
          return see(left.filter((one) => one !== undefined).map(({ kind }) => kind)).length === 0;
        },
        patiently,
      );
      assert.deepEqual(
        (await application(name)).status?.resources?.map(({ kind }) => kind),
        ["GpuMediaProfile"],
      );
    }
  });
});

const serviceOf = (name: ApplicationName): string => `upscaler-${name}`;
const apiVersion = "gpumedia.io/v1alpha1";
const parameters = ["--utilization-interval=2s"];
/** As in the example. */
const serving = { profile: "production", autoscaling: { horizontal: { maxReplicas: 4 } } };

/** The manifests of a folder: a service, and a profile that nothing uses. */
function all(spec: object): Readonly<Record<string, object>> {
  return {
    upscaler: { apiVersion, kind: "GpuMediaService", spec },
    team: { apiVersion, kind: "GpuMediaProfile", spec: { basedOn: "staging", drain: { timeout: "30m" } } },
  };
}

interface Application extends KubernetesObject {
  readonly metadata: KubernetesObject["metadata"] & { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: { readonly source: object; readonly destination: object };
  readonly status?: {
    readonly sync?: { readonly status: string; readonly revision: string };
    readonly health?: { readonly status: string; readonly message?: string };
    readonly conditions?: readonly object[];
    readonly resources?: readonly { readonly kind: string; readonly name: string; readonly status: string }[];
  };
}
