/** custom.metrics.k8s.io through a real aggregator, and a real autoscaler that scales on it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { operatorRbac } from "@gpumedia/install";
import { metricsApiNamespaceRules, metricsApiRules } from "@gpumedia/install/src/rbac.ts";
import { childKinds } from "@gpumedia/operator/src/observe/child-kinds.ts";
import type { KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import { Agent } from "undici";
import { until } from "../../cluster/until.ts";
import { operatorCluster } from "./operator-cluster.ts";
import { readyPods, report, ReportingPod } from "./reporting-pods.ts";
import { grantedRights, usedRights } from "../install/rights.ts";
import { unlessStatus, Workspace } from "./workspace.ts";

const serviceName = "gpumedia-operator-metrics";
const apiServices = "/apis/apiregistration.k8s.io/v1/apiservices";
const names = ["v1beta1.custom.metrics.k8s.io", "v1beta2.custom.metrics.k8s.io"];
const parameters = ["--utilization-interval=300ms", "--metrics-api-address=127.0.0.1:0"];
const gpuMetric = "gpumedia_gpu_utilization_percent";
/** The CPU's metric is not served in this cluster: only the GPUs decide. */
const spec = { autoscaling: { horizontal: { cpuUtilizationPercent: 0, minReplicas: 2, maxReplicas: 4 } } };

interface ApiService extends KubeObject {
  readonly spec: { readonly caBundle?: string; readonly service: { readonly port: number; readonly name: string } };
  readonly status?: { readonly conditions?: readonly { type: string; status: string; message?: string }[] };
}
interface MetricValueList {
  readonly items: readonly { readonly describedObject: { readonly name: string }; readonly value: string }[];
}

describe("the metrics API", function () {
  this.timeout(180_000);
  let work: Workspace;
  let reporting: ReportingPod[];

  beforeEach(async () => {
    work = await Workspace.open(await operatorCluster());
    reporting = [];
    const { operatorNamespace: namespace, cluster } = work;
    const serviceAccount = "gpumedia-operator";
    const clusterRoleName = `${namespace}.${serviceAccount}`;
    const rbac = operatorRbac({ namespace, serviceAccount, clusterRoleName, metricsApi: true });
    await cluster.serviceAccountKubeconfig({ namespace, serviceAccount, rbac });
    // The operator is outside of the cluster: the aggregator reaches it by a name.
    await work.client.create(
      childKinds.service.type,
      {
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: serviceName, namespace },
        spec: { type: "ExternalName", externalName: "localhost" },
      } as never,
      { fieldManager: "spec" },
    );
  });
  afterEach(async () => {
    for (const pod of reporting) await pod[Symbol.asyncDispose]();
    for (const name of names) await work.client.rawJson("DELETE", `${apiServices}/${name}`).catch(unlessStatus(404));
    await work[Symbol.asyncDispose]();
  });

  /** With the rights that serve metrics. */
  async function startOperator(more: readonly string[] = []) {
    const { operatorNamespace: namespace, cluster } = work;
    const kubeconfig = join(cluster.directory, `${namespace}.gpumedia-operator.kubeconfig`);
    return work.startOperator({ parameters: [...parameters, ...more], kubeconfig });
  }

  async function apiService(name: string): Promise<ApiService | undefined> {
    const answer = await work.client.rawJson("GET", `${apiServices}/${name}`).catch(unlessStatus(404));
    return answer?.body as ApiService | undefined;
  }

  async function untilAvailable(): Promise<void> {
    for (const name of names) {
      await until(`${name} to be available`, async () => {
        const { conditions = [] } = (await apiService(name))?.status ?? {};
        return conditions.some(({ type, status }) => type === "Available" && status === "True") ? true : undefined;
      });
    }
  }

  async function serve(name: string): Promise<void> {
    await work.apply(name, spec);
    await work.untilReady(name);
    for (const pod of await readyPods(work, name, 2)) reporting.push(await ReportingPod.take(work, pod));
  }

  async function values(version: string, query = ""): Promise<Readonly<Record<string, string>>> {
    const path = `/apis/custom.metrics.k8s.io/${version}/namespaces/${work.namespace}/pods/*/${gpuMetric}${query}`;
    const { items } = JSON.parse(await work.cluster.kubectl("get", "--raw", path)) as MetricValueList;
    return Object.fromEntries(items.map(({ describedObject, value }) => [describedObject.name, value]));
  }

  it("answers kubectl in both versions, by selector, and without the pods that are silent", async () => {
    await startOperator();
    await untilAvailable();
    await serve("upscaler");
    const [a, b] = reporting;
    assert.ok(a !== undefined && b !== undefined);
    b.answer = report({ gpuPercent: 31 });
    const both = { [a.name]: "72", [b.name]: "31" };
    await until("both pods to have values", async () => {
      const now = await values("v1beta2");
      return now[a.name] === both[a.name] && now[b.name] === both[b.name] ? true : undefined;
    });
    assert.deepEqual(await values("v1beta1"), both);
    assert.deepEqual(await values("v1beta2", "?labelSelector=app.kubernetes.io/instance%3Dupscaler"), both);
    assert.deepEqual(await values("v1beta2", "?labelSelector=app.kubernetes.io/instance%3Dother"), {});
    b.answer = (_request, response) => void response.writeHead(503).end();
    await until("the silent pod to be missing", async () => (b.name in (await values("v1beta2")) ? undefined : true));
    assert.deepEqual(await values("v1beta2"), { [a.name]: "72" });
  });

  it("lets a real autoscaler scale out on GPU utilization, and is taken over by the next operator", async () => {
    const first = await startOperator();
    await untilAvailable();
    await serve("upscaler");
    await work.untilCondition("upscaler", "ScalingReady", { status: "True" }, { withinMs: 60_000 });
    for (const pod of reporting) pod.answer = report({ gpuPercent: 100 });
    await until(
      "more replicas",
      async () => {
        const live = (await work.child("deployment", "upscaler")) as KubeObject & { spec: { replicas: number } };
        return live.spec.replicas > 2 ? true : undefined;
      },
      { withinMs: 90_000 },
    );
    const before = await apiService("v1beta2.custom.metrics.k8s.io");
    await first.end("SIGTERM");
    await startOperator();
    await until("the new authority to be known", async () => {
      const now = await apiService("v1beta2.custom.metrics.k8s.io");
      return now?.spec.caBundle === before?.spec.caBundle ? undefined : true;
    });
    await untilAvailable();
    const used = usedRights(work.cluster.audit.requests({ user: work.operatorUser }));
    assert.deepEqual(
      [...grantedRights(metricsApiRules)].filter((right) => !used.has(right)),
      [],
    );
    await until("values again", async () => (Object.keys(await values("v1beta2")).length >= 2 ? true : undefined));
  });

  it("makes its Service where there is none, leads it to its own address, and may do no more than that takes", async () => {
    const { operatorNamespace: namespace, operatorUser: user, cluster } = work;
    await work.client.rawJson("DELETE", `/api/v1/namespaces/${namespace}/services/${serviceName}`);
    await startOperator(["--metrics-api-advertise-address=192.0.2.10"]);
    const slice = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices/${serviceName}`;
    await until("an address behind the Service", async () => (await cluster.rest.get(slice)) ?? undefined);
    const used = usedRights(cluster.audit.requests({ user, namespace }));
    // An apply that creates is logged as a patch, and refused without the right to create.
    const asApply = ["/services create", "discovery.k8s.io/endpointslices create"];
    assert.deepEqual(
      [...grantedRights(metricsApiNamespaceRules)].filter((right) => !used.has(right)),
      asApply.toReversed(),
    );
  });

  it("answers 401 to who is not the aggregator, and 403 to whom the API server does not allow it", async () => {
    await startOperator();
    await untilAvailable();
    const { spec: registered } = (await apiService("v1beta2.custom.metrics.k8s.io")) ?? assert.fail("no APIService");
    const path = `/apis/custom.metrics.k8s.io/v1beta2/namespaces/${work.namespace}/pods/*/${gpuMetric}`;
    const ask = async (keys: { cert?: string; key?: string }, user: string): Promise<number> => {
      const ca = Buffer.from(registered.caBundle ?? "", "base64").toString();
      const servername = `${serviceName}.${work.operatorNamespace}.svc`;
      const agent = new Agent({ connect: { ca, servername, ...keys } });
      const headers = { "x-remote-user": user };
      const origin = `https://127.0.0.1:${registered.service.port}`;
      const answer = await agent.request({ origin, path, method: "GET", headers });
      await answer.body.dump();
      await agent.destroy();
      return answer.statusCode;
    };
    const file = (name: string): string => readFileSync(join(work.cluster.directory, name), "utf8");
    const frontProxy = { cert: file("front-proxy.crt"), key: file("front-proxy.key") };
    assert.equal(await ask({}, "system:admin"), 401);
    assert.equal(await ask(frontProxy, "nobody"), 403);
    const hpa = "system:serviceaccount:kube-system:horizontal-pod-autoscaler";
    assert.equal(await ask(frontProxy, hpa), 200);
  });

  it("leaves another provider's APIService alone, and says so", async () => {
    const name = "v1beta1.custom.metrics.k8s.io";
    await work.client.rawJson("POST", apiServices, {
      body: {
        apiVersion: "apiregistration.k8s.io/v1",
        kind: "APIService",
        metadata: { name },
        spec: {
          group: "custom.metrics.k8s.io",
          version: "v1beta1",
          groupPriorityMinimum: 100,
          versionPriority: 100,
          insecureSkipTLSVerify: true,
          service: { namespace: work.namespace, name: "prometheus-adapter" },
        },
      },
    });
    const operator = await startOperator();
    await operator.says("APIService v1beta1.custom.metrics.k8s.io is managed by Service");
    assert.equal((await apiService(name))?.spec.service.name, "prometheus-adapter");
    assert.equal(await apiService("v1beta2.custom.metrics.k8s.io"), undefined);
  });
});
