/** The status follows what the controllers of other projects report. Their statuses are written here as they write them. */
import { childKinds } from "@gpumedia/operator/src/observe/child-kinds.ts";
import type { ResourceType } from "@gpumedia/operator/src/kube/object.ts";
import { operatorWorkspace } from "./operator-cluster.ts";

describe("what other controllers report", () => {
  const work = operatorWorkspace();

  async function writeStatus(type: ResourceType, name: string, status: object): Promise<void> {
    const operations = [{ op: "add", path: "/status", value: status }] as const;
    await work.client.jsonPatch(type, work.namespace, name, operations, { subresource: "status" });
  }

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
