/** custom.metrics.k8s.io behind a real aggregator, and a real HPA controller that scales on it. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { operatorRbac } from "@gpumedia/install";
import { metricsApiNamespaceRules, metricsApiRules } from "@gpumedia/install/src/rbac.ts";
import { childKinds } from "@gpumedia/operator/src/observe/child-kinds.ts";
import type { KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import { Agent } from "undici";
import { isSince } from "../../cluster/kubernetes-version.ts";
import { until, type See } from "../../cluster/until.ts";
import { operatorWorkspace } from "./operator-cluster.ts";
import { report, serveReporting, streaming, type ReportingPod } from "./reporting-pods.ts";
import { grantedRights, usedRights } from "../install/rights.ts";
import { unlessStatus } from "./workspace.ts";

const serviceName = "gpumedia-operator-metrics";
const apiServices = "/apis/apiregistration.k8s.io/v1/apiservices";
const names = ["v1beta1.custom.metrics.k8s.io", "v1beta2.custom.metrics.k8s.io"];
const parameters = ["--utilization-interval=300ms", "--metrics-api-address=127.0.0.1:0"];
const gpuMetric = "gpumedia_gpu_utilization_percent";
/** This cluster does not serve CPU metrics, so that only GPU utilization scales. */
const spec = { autoscaling: { horizontal: { cpuUtilizationPercent: 0, minReplicas: 2, maxReplicas: 4 } } };

interface ApiService extends KubeObject {
  readonly spec: { readonly caBundle?: string; readonly service: { readonly port: number; readonly name: string } };
  readonly status?: { readonly conditions?: readonly { type: string; status: string; message?: string }[] };
}
interface MetricValueList {
  readonly items: readonly { readonly describedObject: { readonly name: string }; readonly value: string }[];
}

describe("the metrics API", () => {
  const work = operatorWorkspace("test", { operator: false });

  beforeEach(async () => {
    for (const name of names) {
      work.resources.defer(async () => {
        await work.client.rawJson("DELETE", `${apiServices}/${name}`).catch(unlessStatus(404));
      });
    }
    const { operatorNamespace: namespace, cluster } = work;
    const serviceAccount = "gpumedia-operator";
    const clusterRoleName = `${namespace}.${serviceAccount}`;
    const rbac = operatorRbac({ namespace, serviceAccount, clusterRoleName, metricsApi: true });
    await cluster.serviceAccountKubeconfig({ namespace, serviceAccount, rbac });
    // The operator runs outside the cluster: the aggregator reaches it by name.
    const externalName = { spec: { type: "ExternalName", externalName: "localhost" } };
    await work.createObject(childKinds.service.type, serviceName, externalName, { namespace });
  });

  /** Starts an operator with the rights to serve metrics. */
  async function startOperator(more: readonly string[] = []) {
    const { operatorNamespace: namespace, cluster } = work;
    const kubeconfig = join(cluster.directory, `${namespace}.gpumedia-operator.kubeconfig`);
    return work.startOperator({ parameters: [...parameters, ...more], kubeconfig });
  }

  /** Registers the metrics API of another provider. */
  async function registerOther(version: string, service: string): Promise<void> {
    await work.client.rawJson("POST", apiServices, {
      body: {
        apiVersion: "apiregistration.k8s.io/v1",
        kind: "APIService",
        metadata: { name: `${version}.custom.metrics.k8s.io` },
        spec: {
          group: "custom.metrics.k8s.io",
          version,
          groupPriorityMinimum: 100,
          versionPriority: 100,
          insecureSkipTLSVerify: true,
          service: { namespace: work.namespace, name: service },
        },
      },
    });
  }

  async function apiService(name: string): Promise<ApiService | undefined> {
    const response = await work.client.rawJson("GET", `${apiServices}/${name}`).catch(unlessStatus(404));
    return response?.body as ApiService | undefined;
  }

  async function untilAvailable(): Promise<void> {
    for (const name of names) {
      await until(`${name} to be available`, async (see) => {
        const { conditions = [] } = (await apiService(name))?.status ?? {};
        return see(conditions).some(({ type, status }) => type === "Available" && status === "True");
      });
    }
  }

  async function values(version: string, query = ""): Promise<Readonly<Record<string, string>>> {
    const path = `/apis/custom.metrics.k8s.io/${version}/namespaces/${work.namespace}/pods/*/${gpuMetric}${query}`;
    const { items } = JSON.parse(await work.cluster.kubectl("get", "--raw", path)) as MetricValueList;
    return Object.fromEntries(items.map(({ describedObject, value }) => [describedObject.name, value]));
  }

  it("serves kubectl in both versions, by selector, and without silent pods", async () => {
    await startOperator();
    await untilAvailable();
    const [a, b] = (await serveReporting(work, "upscaler", spec)) as [ReportingPod, ReportingPod];
    b.answer = report({ gpuPercent: 31 });
    const both = { [a.name]: "72", [b.name]: "31" };
    const selected = "?labelSelector=app.kubernetes.io/instance%3Dupscaler";
    for (const [version, query] of [["v1beta2"], ["v1beta1"], ["v1beta2", selected]] as const) {
      // A report that a busy machine delays is missing for a moment.
      await until(`the values of both pods in ${version}${query ?? ""}`, async (see) =>
        isDeepStrictEqual(see(await values(version, query)), both),
      );
    }
    assert.deepEqual(await values("v1beta2", "?labelSelector=app.kubernetes.io/instance%3Dother"), {});
    b.answer = (_request, response) => void response.writeHead(503).end();
    await until("only the values of the other pod", async (see) => {
      return isDeepStrictEqual(see(await values("v1beta2")), { [a.name]: "72" });
    });
  });

  it("lets a real HPA controller scale out on GPU utilization, and is taken over by the next operator", async () => {
    const first = await startOperator();
    await untilAvailable();
    const reporting = await serveReporting(work, "upscaler", spec);
    await work.untilCondition("upscaler", "ScalingReady", { status: "True" }, { withinMs: 60_000 });
    for (const pod of reporting) pod.answer = report({ gpuPercent: 100 });
    const isScaledOut = async (see: See): Promise<boolean> =>
      see((await work.child("deployment", "upscaler")).spec.replicas) > 2;
    await until("more than 2 replicas", isScaledOut, { withinMs: 90_000 });
    const before = await apiService("v1beta2.custom.metrics.k8s.io");
    await first.end("SIGTERM");
    await startOperator();
    await until("the new operator's CA bundle", async (see) => {
      const now = await apiService("v1beta2.custom.metrics.k8s.io");
      return see(now?.spec.caBundle) !== before?.spec.caBundle;
    });
    await untilAvailable();
    await until("every right to be used", (see) => {
      const used = usedRights(work.cluster.audit.requests({ user: work.operatorUser }));
      return see([...grantedRights(metricsApiRules)].filter((right) => !used.has(right))).length === 0;
    });
    await until("the values of two pods", async (see) => Object.keys(see(await values("v1beta2"))).length >= 2);
  });

  it("lets a real HPA controller scale out on sessions of live video", async () => {
    await startOperator();
    await untilAvailable();
    const horizontal = { ...spec.autoscaling.horizontal, gpuUtilizationPercent: 0, liveSessionsPercent: 50 };
    const reporting = await serveReporting(work, "upscaler", { live: { enabled: true }, autoscaling: { horizontal } });
    for (const pod of reporting) pod.answer = streaming({ sessions: 8 });
    await work.untilCondition("upscaler", "ScalingReady", { status: "True" }, { withinMs: 60_000 });
    const sessions = `/apis/custom.metrics.k8s.io/v1beta2/namespaces/${work.namespace}/pods/*/gpumedia_live_sessions`;
    await until("the sessions of both pods", async (see) => {
      const { items } = JSON.parse(await work.cluster.kubectl("get", "--raw", sessions)) as MetricValueList;
      return see(items.map(({ value }) => value)).join() === "8,8";
    });
    assert.equal((await work.child("deployment", "upscaler")).spec.replicas, 2);
    for (const pod of reporting) pod.answer = streaming({ sessions: 14 });
    const isScaledOut = async (see: See): Promise<boolean> =>
      see((await work.child("deployment", "upscaler")).spec.replicas) > 2;
    await until("more than 2 replicas", isScaledOut, { withinMs: 90_000 });
  });

  it("bug: an idle service was scaled to its maximum by the neighbours on its GPU", async () => {
    await startOperator();
    await untilAvailable();
    const [hostname = ""] = (
      await work.cluster.kubectl("get", "nodes", "-o", "jsonpath={.items[*].metadata.name}")
    ).split(" ");
    const node = { nodeSelector: { "kubernetes.io/hostname": hostname } };
    const own = await serveReporting(work, "upscaler", { ...spec, scheduling: node });
    const others = await serveReporting(work, "thumbs", { ...spec, scheduling: node });
    const busyPercent = 10;
    for (const [at, pod] of [...own, ...others].entries()) {
      pod.answer = report({ uuid: `GPU-shared-${at % 2}`, gpuPercent: 100, busyPercent });
    }
    const services = { [`${work.namespace}/thumbs`]: 1, [`${work.namespace}/upscaler`]: 1 };
    // Figures that move are written once a minute.
    const namesSharers = async (see: See): Promise<boolean> => {
      const { gpuSharing, sharedGpus } = see((await work.service("upscaler"))?.status?.utilization) ?? {};
      const expected = [0, 1].map((at) => ({ uuid: `GPU-shared-${at}`, memoryPercent: 25, services }));
      return gpuSharing === "Shared" && isDeepStrictEqual(sharedGpus, expected);
    };
    await until("the status to name the sharers", namesSharers, { withinMs: 90_000 });
    // The utilization of the whole GPU is not served, whoever asks.
    assert.deepEqual(await values("v1beta2"), {});
    const metricNames = async (): Promise<unknown> => {
      const { metrics = [] } = (await work.child("horizontalPodAutoscaler", "upscaler")).spec as {
        readonly metrics?: readonly { readonly pods?: { readonly metric: { readonly name: string } } }[];
      };
      return metrics.map(({ pods }) => pods?.metric.name);
    };
    await until("the metric of the pods' own work", async (see) =>
      isDeepStrictEqual(see(await metricNames()), ["gpumedia_busy_percent"]),
    );
    await work.untilCondition("upscaler", "ScalingReady", { status: "True", reason: "Scaling" }, { withinMs: 60_000 });
    assert.equal((await work.child("deployment", "upscaler")).spec.replicas, 2);
    for (const [at, pod] of own.entries()) {
      pod.answer = report({ uuid: `GPU-shared-${at}`, gpuPercent: 100, busyPercent: 100 });
    }
    await until(
      "a scale-out by the pods' own work",
      async (see) => see((await work.child("deployment", "upscaler")).spec.replicas) > 2,
      { withinMs: 90_000 },
    );
    assert.equal((await work.child("deployment", "thumbs")).spec.replicas, 2);
  });

  it("scales a service on MIG devices, which have no utilization, by its pods' own work", async () => {
    await startOperator();
    await untilAvailable();
    const reporting = await serveReporting(work, "upscaler", spec);
    const answer = (busyPercent: number) => {
      const base = report({ gpuPercent: null, busyPercent });
      const devices = base.gpus.devices.map((device) => ({ ...device, migIndex: 0 }));
      return { ...base, gpus: { ...base.gpus, devices } };
    };
    for (const pod of reporting) pod.answer = answer(100);
    await until("a scale-out", async (see) => see((await work.child("deployment", "upscaler")).spec.replicas) > 2, {
      withinMs: 90_000,
    });
    await until("the sharing in the status", async (see) => {
      return see((await work.service("upscaler"))?.status?.utilization)?.gpuSharing === "MIG";
    });
  });

  it("creates its missing Service with the advertised address, and uses every right granted for it", async () => {
    const { operatorNamespace: namespace, operatorUser: user, cluster } = work;
    await work.client.rawJson("DELETE", `/api/v1/namespaces/${namespace}/services/${serviceName}`);
    await startOperator(["--metrics-api-advertise-address=192.0.2.10"]);
    const slice = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices/${serviceName}`;
    await until("an address behind the Service", async () => (await cluster.rest.get(slice)) ?? undefined);
    // The audit log records an apply that creates as a patch, although it needs the right to create.
    const asApply = ["/services create", "discovery.k8s.io/endpointslices create", "/endpoints create"];
    const unneeded = isSince("1.34") ? ["/endpoints patch"] : [];
    await until("every other right to be used", (see) => {
      const used = usedRights(cluster.audit.requests({ user, namespace }));
      return isDeepStrictEqual(
        new Set(see([...grantedRights(metricsApiNamespaceRules)].filter((right) => !used.has(right)))),
        new Set([...asApply, ...unneeded]),
      );
    });
  });

  it("responds with 401 to clients other than the aggregator, and with 403 to unauthorized users", async () => {
    await startOperator();
    await untilAvailable();
    const { spec: registered } =
      (await apiService("v1beta2.custom.metrics.k8s.io")) ?? assert.fail("the APIService does not exist");
    const path = `/apis/custom.metrics.k8s.io/v1beta2/namespaces/${work.namespace}/pods/*/${gpuMetric}`;
    const statusFor = async (keys: { cert?: string; key?: string }, user: string): Promise<number> => {
      const ca = Buffer.from(registered.caBundle ?? "", "base64").toString();
      const servername = `${serviceName}.${work.operatorNamespace}.svc`;
      const agent = new Agent({ connect: { ca, servername, ...keys } });
      const headers = { "x-remote-user": user };
      const origin = `https://127.0.0.1:${registered.service.port}`;
      const { body, statusCode } = await agent.request({ origin, path, method: "GET", headers });
      await body.dump();
      await agent.destroy();
      return statusCode;
    };
    const file = (name: string): string => readFileSync(join(work.cluster.directory, name), "utf8");
    const frontProxy = { cert: file("front-proxy.crt"), key: file("front-proxy.key") };
    assert.equal(await statusFor({}, "system:admin"), 401);
    assert.equal(await statusFor(frontProxy, "other-user"), 403);
    const hpa = "system:serviceaccount:kube-system:horizontal-pod-autoscaler";
    assert.equal(await statusFor(frontProxy, hpa), 200);
  });

  it("reports that the API server does not reach the metrics of another provider", async () => {
    const name = "v1beta2.custom.metrics.k8s.io";
    await registerOther("v1beta2", "gone");
    await work.startOperator();
    await work.apply("upscaler", {});
    await work.untilCondition(
      "upscaler",
      "ScalingReady",
      { status: "False", reason: "MetricsMissing", message: "does not reach the server of custom.metrics.k8s.io" },
      { withinMs: 120_000 },
    );
    await work.client.rawJson("DELETE", `${apiServices}/${name}`);
    await until("the condition to name another reason", async (see) => {
      const { conditions = [] } = (await work.service("upscaler"))?.status ?? {};
      const scaling = see(conditions.find(({ type }) => type === "ScalingReady"));
      return scaling?.message.includes("does not reach") === false;
    });
  });

  it("does not change another provider's APIService, and logs a warning", async () => {
    const name = "v1beta1.custom.metrics.k8s.io";
    await registerOther("v1beta1", "prometheus-adapter");
    const operator = await startOperator();
    await operator.untilLogged("APIService v1beta1.custom.metrics.k8s.io is managed by Service");
    assert.equal((await apiService(name))?.spec.service.name, "prometheus-adapter");
    assert.equal(await apiService("v1beta2.custom.metrics.k8s.io"), undefined);
  });
});
