/** helm install, test, upgrade, rollback, uninstall and reinstall, with each version of Helm, while services run. */
import assert from "node:assert/strict";
import { untilEstablished } from "../../cluster/crds.ts";
import { writeVerbs } from "../../cluster/audit.ts";
import { startCluster, type Cluster } from "../../cluster/cluster.ts";
import type { KubernetesObject } from "../../cluster/rest.ts";
import { isSince } from "../../cluster/kubernetes-version.ts";
import { until } from "../../cluster/until.ts";
import type { OperatorProcess } from "../operator/operator-process.ts";
import { chart, Helm, helmTools, helmVersions } from "./helm.ts";
import { fingerprint, nextChart, startInstalledOperator, type Fingerprint } from "./installed.ts";
import { otherVersion } from "./other-version.ts";
import { testPodSucceeds } from "./test-pod.ts";

await helmTools();

const release = "gpumedia-operator";
const namespace = "gpumedia-system";
const services = 20;
const flags = ["-n", namespace, "--wait", "--timeout", "120s"];
const crdNames = ["gpumedialoadtests", "gpumediaprofiles", "gpumediaservices"].map((name) => `${name}.gpumedia.io`);
const user = `system:serviceaccount:${namespace}:${release}`;

/** The steps build on each other, because a release has one life. */
describe("the life of an installation by Helm", function () {
  this.timeout(900_000);
  let cluster: Cluster;
  let helm: Helm;
  let media: string;
  let operator: OperatorProcess;

  before(async () => {
    cluster = await startCluster();
    await cluster.addNodes({ count: 4, gpus: 16 });
    media = await cluster.newNamespace("media");
  });
  after(async () => {
    await operator?.[Symbol.asyncDispose]();
    await helm?.[Symbol.asyncDispose]();
    await cluster?.stop();
  });

  /** The operator's write requests for children and specs. */
  const writesSince = (since: number) =>
    cluster.audit
      .requests({ user, verb: writeVerbs, since, namespace: media })
      .filter(({ objectRef }) => objectRef?.resource !== "events" && objectRef?.subresource !== "status");

  async function crdDescription(): Promise<string> {
    const path = "{.spec.versions[0].additionalPrinterColumns[?(@.name=='Age')].description}";
    return cluster.kubectl("get", "crd", "gpumediaservices.gpumedia.io", "-o", `jsonpath=${path}`);
  }

  it("runs 20 services, restarts no pod on upgrade and rollback, and keeps them for the next installation", async () => {
    await by("Helm 4");
    await installed();
    await tested();
    operator = await startInstalledOperator(cluster, namespace);
    await createServices(Array.from({ length: services }, (_, index) => `s${index}`));
    let now = await upgradedAndBack(await fingerprint(cluster, media));
    await switchedMetricsApi();
    await uninstalled(now);

    await by("Helm 3");
    await takenOver(now);
    await tested();
    now = await upgradedAndBack(now);
    await switchedMetricsApi();
    await uninstalled(now);

    await by("Helm 4");
    await takenOver(now);
  });

  async function by(version: keyof typeof helmVersions): Promise<void> {
    await helm?.[Symbol.asyncDispose]();
    helm = await Helm.start(helmVersions[version], cluster.kubeconfig);
  }

  async function installed(): Promise<void> {
    const notes = await helm.run("install", release, chart, ...flags, "--create-namespace");
    assert.match(notes, /kubectl -n gpumedia-system rollout status deployment\/gpumedia-operator/);
    await untilEstablished(cluster.kubectlWithInput, ...crdNames.map((name) => `crd/${name}`));
    await cluster.kubectl("wait", "-n", namespace, "--for=condition=Available", `deployment/${release}`);
    const { status } = (await cluster.rest.get(`/apis/apps/v1/namespaces/${namespace}/deployments/${release}`)) as {
      status: { readyReplicas: number };
    };
    assert.equal(status.readyReplicas, 2);
  }

  async function tested(): Promise<void> {
    const test = helm.run("test", release, "-n", namespace, "--timeout", "60s");
    await testPodSucceeds(cluster, release, namespace);
    assert.match(await test, /Phase:\s+Succeeded/);
  }

  async function createServices(names: readonly string[]): Promise<void> {
    const spec = { autoscaling: { horizontal: { minReplicas: 1 } } };
    const items = names.map((name) => ({
      apiVersion: "gpumedia.io/v1alpha1",
      kind: "GpuMediaService",
      metadata: { name, namespace: media },
      spec,
    }));
    await cluster.kubectlWithInput(items, "create", "-f", "-");
    await cluster.kubectl("wait", "-n", media, "gms", "--all", "--for=condition=Ready", "--timeout=180s");
  }

  async function upgradedAndBack(before: Fingerprint): Promise<Fingerprint> {
    const version = "99.0.0";
    await using next = await nextChart(version);
    await using other = await otherVersion(version);
    const old = await crdDescription();
    const since = Date.now();
    await helm.run("upgrade", release, next.directory, ...flags);
    assert.equal(await crdDescription(), "New in this version.");
    const image = "jsonpath={.spec.template.spec.containers[0].image}";
    const deployed = await cluster.kubectl("get", "deployment", release, "-n", namespace, "-o", image);
    assert.equal(deployed, `gpumedia-operator:${version}`);
    await restartOperator({ program: other.program });
    const userAgent = `gpumedia-operator/${version}`;
    assert.ok(cluster.audit.requests({ user, userAgent, verb: "patch", since }).length > 0);
    assert.deepEqual(await fingerprint(cluster, media), before);
    assert.deepEqual(writesSince(since), []);

    await createServices([`created-by-other-${++created}`]);
    const both = await fingerprint(cluster, media);
    const back = Date.now();
    await helm.run("rollback", release, "1", ...flags);
    assert.equal(await crdDescription(), old);
    await restartOperator();
    assert.deepEqual(await fingerprint(cluster, media), both);
    assert.deepEqual(writesSince(back), []);
    return both;
  }
  let created = 0;

  async function restartOperator(options: Parameters<typeof startInstalledOperator>[2] = {}): Promise<void> {
    await operator.end("SIGTERM");
    operator = await startInstalledOperator(cluster, namespace, options);
    // Once a service that was created last is Ready, the operator has reconciled all others.
    const name = `later-${Date.now()}`;
    const service = {
      apiVersion: "gpumedia.io/v1alpha1",
      kind: "GpuMediaService",
      metadata: { name, namespace: other },
      spec: {},
    };
    await cluster.kubectlWithInput(
      { apiVersion: "v1", kind: "Namespace", metadata: { name: other } },
      "apply",
      "-f",
      "-",
    );
    await cluster.kubectlWithInput(service, "create", "-f", "-");
    await cluster.kubectl("wait", "-n", other, `gms/${name}`, "--for=condition=Ready", "--timeout=60s");
    await cluster.kubectl("delete", "-n", other, `gms/${name}`);
  }
  const other = "elsewhere";

  /** Helm and the operator both write the APIServices, and neither reverts the other's fields. */
  async function switchedMetricsApi(): Promise<void> {
    const on = [...flags, "--set", "metricsApi.enabled=true"];
    await helm.run("upgrade", release, chart, ...on);
    // Stands for the pod's address. It receives no request: without kube-proxy, the aggregator cannot reach a Service.
    await restartOperator({
      parameters: ["--metrics-api-address=127.0.0.1:0", "--metrics-api-advertise-address=192.0.2.10"],
    });
    const authority = await until("both APIServices to have a CA bundle", async (see) => {
      const specs = await Promise.all(["v1beta1", "v1beta2"].map(async (version) => (await apiService(version)).spec));
      return see(specs).every(({ caBundle }) => caBundle !== undefined) && specs[0]?.caBundle;
    });
    const slice = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices/${release}-metrics-api`;
    // Older API servers read the Endpoints.
    const routes = isSince("1.34")
      ? [slice]
      : [slice, `/api/v1/namespaces/${namespace}/endpoints/${release}-metrics-api`];
    for (const route of routes) await until(`${route} of the leader`, () => cluster.rest.get(route));
    await helm.run("upgrade", release, chart, ...on, "--set", "logLevel=debug");
    assert.equal((await apiService("v1beta1")).spec.caBundle, authority);
    // Without any value, Helm would reuse those of the last upgrade.
    await helm.run("upgrade", release, chart, ...flags, "--set", "metricsApi.enabled=false");
    await restartOperator();
    assert.equal(await cluster.rest.get(`${apiServices}/v1beta1.custom.metrics.k8s.io`), undefined);
    for (const route of routes) {
      await until(`${route} to be deleted with its Service`, async (see) => {
        return see(await cluster.rest.get(route)) === undefined;
      });
    }
    // While it was on, the HPAs used GPU metrics. On a busy machine, the operator takes a while to change all of them.
    await until("the HPAs to have no GPU metric", async (see) => {
      const path = `/apis/autoscaling/v2/namespaces/${media}/horizontalpodautoscalers`;
      const { items } = (await cluster.rest.get(path)) as {
        items: readonly { spec: { metrics: object[] } }[];
      };
      const remaining = items.filter(({ spec }) => spec.metrics.length !== 1).length;
      return see(remaining) === 0;
    });
  }
  const apiServices = "/apis/apiregistration.k8s.io/v1/apiservices";
  async function apiService(version: string): Promise<{ spec: { caBundle?: string } }> {
    return (await cluster.rest.get(`${apiServices}/${version}.custom.metrics.k8s.io`)) as {
      spec: { caBundle?: string };
    };
  }

  async function uninstalled(before: Fingerprint): Promise<void> {
    await operator.end("SIGTERM");
    await helm.run("uninstall", release, "-n", namespace, "--wait");
    assert.deepEqual(await fingerprint(cluster, media), before);
    const left = await cluster.kubectl("get", "gms", "-n", media, "-o", "name");
    assert.equal(left.trim().split("\n").length, services + created);
    const selector = `app.kubernetes.io/name=gpumedia-operator`;
    const kinds =
      "clusterroles,clusterrolebindings,roles,rolebindings,serviceaccounts,deployments,services,pdb,networkpolicies";
    const objects = JSON.parse(await cluster.kubectl("get", kinds, "-A", "-l", selector, "-o", "json")) as {
      items: readonly KubernetesObject[];
    };
    assert.deepEqual(
      objects.items.map(({ kind, metadata }) => `${kind} ${metadata.name}`),
      [],
    );
  }

  /** Installs again over the CRDs and services that remain. */
  async function takenOver(before: Fingerprint): Promise<void> {
    const since = Date.now();
    await installed();
    operator = await startInstalledOperator(cluster, namespace);
    await restartOperator();
    assert.deepEqual(await fingerprint(cluster, media), before);
    assert.deepEqual(writesSince(since), []);
  }
});
