/** The status follows what the controllers of other projects report. Their statuses are written here as they write them. */
import assert from "node:assert/strict";
import { childKinds } from "@gpumedia/operator/src/observe/child-kinds.ts";
import type { ResourceType } from "@gpumedia/operator/src/kube/object.ts";
import { gatewayType } from "@gpumedia/operator/src/observe/gateway-view.ts";
import { prometheusType } from "@gpumedia/operator/src/observe/prometheus-view.ts";
import { until } from "../../cluster/until.ts";
import { operatorWorkspace } from "./operator-cluster.ts";

describe("what other controllers report", () => {
  const work = operatorWorkspace();

  async function writeStatus(type: ResourceType, name: string, status: object): Promise<void> {
    const operations = [{ op: "add", path: "/status", value: status }] as const;
    await work.client.jsonPatch(type, work.namespace, name, operations, { subresource: "status" });
  }

  /** Waits for the state, reason and message of an item of the checklist. */
  async function untilItem(service: string, item: string, expected: readonly string[]): Promise<void> {
    await until(`${item} of ${service} to be ${expected.join(" ")}`, async (see) => {
      const found = (await work.service(service))?.status?.guideChecklist?.find((one) => one.item === item);
      see(found);
      return expected.every((part) => Object.values(found ?? {}).some((value) => value.includes(part)));
    });
  }

  const endpoint = async (service: string) => (await work.service(service))?.status?.endpoint;

  describe("a Gateway's controller: Exposed", () => {
    const { httpRoute } = childKinds;
    const gatewayGroup = "gateway.networking.k8s.io";
    const parentRef = { group: gatewayGroup, kind: "Gateway", name: "public", sectionName: "https" };

    /** Reports on the route's current generation. */
    async function report(conditions: Readonly<Record<string, readonly [status: string, reason: string]>>) {
      const { generation } = (await work.child("httpRoute", "routed")).metadata;
      const listed = Object.entries(conditions).map(([type, [status, reason]]) => ({
        type,
        status,
        reason,
        message: "",
        observedGeneration: generation,
        lastTransitionTime: "2026-11-30T00:00:00Z",
      }));
      const parents = [{ parentRef, controllerName: "example.com/gateway", conditions: listed }];
      await writeStatus(httpRoute.type, "routed", { parents });
    }

    it("is false until the Gateway exists and accepts the route, and only then has the endpoint its host", async () => {
      const parentRefs = [{ name: "public", sectionName: "https" }];
      await work.apply("routed", { network: { gateway: { parentRefs, hostnames: ["media.example.org"] } } });
      await work.untilReady("routed");
      const inCluster = `http://routed.${work.namespace}.svc`;
      const { namespace } = work;
      await work.untilCondition("routed", "Exposed", {
        status: "False",
        reason: "NoSuchGateway",
        message: `Gateway ${namespace}/public does not exist`,
      });
      assert.equal(await endpoint("routed"), inCluster);

      const listeners = [
        { name: "http", port: 80, protocol: "HTTP" },
        { name: "https", port: 443, protocol: "HTTPS", tls: { certificateRefs: [{ name: "tls" }] } },
      ];
      await work.createObject(gatewayType, "public", { spec: { gatewayClassName: "ours", listeners } });
      await work.untilCondition("routed", "Exposed", {
        status: "Unknown",
        reason: "NotAcceptedYet",
        message: "check that the controller of GatewayClass ours runs",
      });

      await report({ Accepted: ["False", "NotAllowedByListeners"], ResolvedRefs: ["True", "ResolvedRefs"] });
      await work.untilCondition("routed", "Exposed", {
        status: "False",
        reason: "NotAccepted",
        message: `NotAllowedByListeners; allowedRoutes of its listener must admit namespace ${namespace}`,
      });
      assert.equal(await endpoint("routed"), inCluster);
      await until("an event with the reason", async () => {
        const { body } = await work.client.rawJson("GET", `/api/v1/namespaces/${namespace}/events`);
        return JSON.stringify(body).includes('"reason":"NotAccepted"');
      });

      await report({ Accepted: ["True", "Accepted"], ResolvedRefs: ["True", "ResolvedRefs"] });
      await work.untilCondition("routed", "Exposed", { status: "True", reason: "Routed" });
      assert.equal(await endpoint("routed"), "https://media.example.org");
      assert.equal((await work.condition("routed", "Ready"))?.status, "True");

      await work.delete(gatewayType, "public");
      await work.untilCondition("routed", "Exposed", { status: "False", reason: "NoSuchGateway" });
      assert.equal(await endpoint("routed"), inCluster);
    });
  });

  it("an ingress controller: Exposed is true, and the endpoint has the host, once the Ingress has an address", async () => {
    await work.apply("public", { network: { ingress: { enabled: true, host: "media.example.com" } } });
    await work.untilReady("public");
    await work.untilCondition("public", "Exposed", { status: "Unknown", reason: "NoAddress" });
    assert.equal(await endpoint("public"), `http://public.${work.namespace}.svc`);
    await writeStatus(childKinds.ingress.type, "public", { loadBalancer: { ingress: [{ ip: "192.0.2.10" }] } });
    await work.untilCondition("public", "Exposed", { status: "True", reason: "Routed", message: "192.0.2.10" });
    assert.equal(await endpoint("public"), "http://media.example.com");
  });

  it("an IngressClass: Exposed names it while it is missing, and then what its controller, which wrote the address, ignores", async () => {
    const { cluster, namespace } = work;
    // It is not of a namespace.
    const className = namespace;
    await work.apply("classed", { network: { ingress: { enabled: true, host: "a.example.com", className } } });
    const missing = { status: "Unknown", message: `IngressClass ${className} does not exist` } as const;
    await work.untilCondition("classed", "Exposed", missing);
    const apiVersion = "networking.k8s.io/v1";
    const spec = { controller: "k8s.io/ingress-nginx" };
    await cluster.kubectlWithInput(
      { apiVersion, kind: "IngressClass", metadata: { name: className }, spec },
      "apply",
      "-f",
      "-",
    );
    const message = `check that the controller of IngressClass ${className} runs`;
    await work.untilCondition("classed", "Exposed", { status: "Unknown", message });
    const patch = { status: { loadBalancer: { ingress: [{ ip: "192.0.2.10" }] } } };
    const parameters = ["--subresource=status", "--field-manager=traefik", "-p", JSON.stringify(patch)];
    await cluster.kubectl("patch", "ingress", "classed", "-n", namespace, ...parameters);
    const ignored = "Traefik does not honour network.ingress.maxBodySize";
    await work.untilCondition("classed", "Exposed", { status: "True", reason: "SettingsIgnored", message: ignored });
    await cluster.kubectl("delete", "ingressclass", className);
    await work.untilCondition("classed", "Exposed", { status: "True", reason: "Routed" });
  });

  describe("a Prometheus that selects by a label, as that of kube-prometheus-stack", () => {
    before(() => work.cluster.installOptionalCrds(["prometheus"]));
    after(() => work.cluster.removeOptionalCrds(["prometheus"]));

    it("is named by the checklist until the service has the label: without it no alert would be evaluated", async () => {
      const alerts = "Performance alerts active";
      await work.apply("watched");
      await work.untilReady("watched");
      await untilItem("watched", alerts, ["Unknown", "NoPrometheus"]);
      const labels = { matchLabels: { release: "stack" } };
      const spec = {
        ruleSelector: labels,
        ruleNamespaceSelector: {},
        podMonitorSelector: labels,
        podMonitorNamespaceSelector: {},
      };
      await work.createObject(prometheusType, "stack", { spec });
      const key = `${work.namespace}/stack`;
      const message = `set monitoring.labels to match release=stack: Prometheus ${key} loads only such PrometheusRules`;
      await untilItem("watched", alerts, ["Unknown", "NotSelected", message]);

      await work.apply("watched", { monitoring: { labels: { release: "stack" } } });
      await untilItem("watched", alerts, ["Done", "Selected", `Prometheus ${key} loads the PrometheusRule`]);
      const shared = { namespace: work.operatorNamespace, labelSelector: "release=stack" };
      await until("the shared rules with the label", async (see) => {
        return see((await work.client.list(childKinds.prometheusRule.type, shared)).items).length === 1;
      });
      await work.delete(prometheusType, "stack");
      await untilItem("watched", alerts, ["Unknown", "NoPrometheus"]);
    });
  });

  describe("KEDA 2.21.0: ScalingReady", () => {
    const { scaledObject, horizontalPodAutoscaler } = childKinds;
    const condition = (type: string, status: string, reason: string, message: string) => ({
      type,
      status,
      reason,
      message,
    });
    const ready = condition(
      "Ready",
      "True",
      "ScaledObjectReady",
      "ScaledObject is defined correctly and is ready for scaling",
    );
    const keda = (...conditions: readonly object[]) =>
      writeStatus(scaledObject.type, "keda", { conditions: [ready, ...conditions], hpaName: "keda-hpa-keda" });

    before(async () => {
      await work.apply("keda", { autoscaling: { horizontal: { provider: "KEDA" } } });
      await work.untilReady("keda");
      await work.untilCondition("keda", "ScalingReady", { status: "Unknown", reason: "NotStarted" });
    });

    it("is true while a ready ScaledObject reports nothing else", async () => {
      await keda(condition("HPAActive", "True", "HPAActive", "HPA is actively scaling"));
      await work.untilCondition("keda", "ScalingReady", { status: "True", reason: "Scaling" });
    });

    it("is false while a trigger falls back, and names Prometheus", async () => {
      const message = "At least one trigger is falling back on this scaled object";
      await keda(condition("Fallback", "True", "FallbackExists", message));
      await work.untilCondition("keda", "ScalingReady", {
        status: "False",
        reason: "MetricsMissing",
        message: `${message}; check that Prometheus at http://`,
      });
    });

    it("is false while KEDA is paused", async () => {
      await keda(condition("Paused", "True", "ScaledObjectPaused", "ScaledObject is paused"));
      const message = "ScaledObject is paused; remove the annotations";
      await work.untilCondition("keda", "ScalingReady", { status: "False", reason: "CannotScale", message });
    });

    it("is false while KEDA's HorizontalPodAutoscaler cannot read its metric", async () => {
      await keda();
      await work.untilCondition("keda", "ScalingReady", { status: "True", reason: "Scaling" });
      // As KEDA creates it, with the labels of the ScaledObject. The cluster's own controller finds no external metrics.
      const { metadata } = await work.child("scaledObject", "keda");
      const external = { metric: { name: "s1-prometheus" }, target: { type: "AverageValue", averageValue: "70" } };
      await work.createObject(
        horizontalPodAutoscaler.type,
        "keda-hpa-keda",
        {
          spec: {
            scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "keda" },
            minReplicas: 2,
            maxReplicas: 10,
            metrics: [{ type: "External", external }],
          },
        },
        { labels: metadata.labels ?? {} },
      );
      await work.untilCondition("keda", "ScalingReady", {
        status: "False",
        reason: "MetricsMissing",
        message: "check the APIService v1beta1.external.metrics.k8s.io of KEDA",
      });
      await work.delete(horizontalPodAutoscaler.type, "keda-hpa-keda");
      await work.untilCondition("keda", "ScalingReady", { status: "True", reason: "Scaling" });
    });
  });
});
