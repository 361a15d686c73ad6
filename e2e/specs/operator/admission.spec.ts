/** Mutating webhooks that change what the operator sends, as those of policy engines and GKE Autopilot do. */
import assert from "node:assert/strict";
import type { KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import { childKinds } from "@gpumedia/operator/src/observe/child-kinds.ts";
import { serviceType } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import { until } from "../../cluster/until.ts";
import { operatorWorkspace } from "./operator-cluster.ts";
import { startWebhook, type WebhookRule } from "./webhook.ts";

const cpu = "/spec/template/spec/containers/0/resources/requests/cpu";

function cpuOf(deployment: KubeObject): string | undefined {
  const { spec } = deployment as KubeObject & {
    spec: { template: { spec: { containers: { resources: { requests: Record<string, string> } }[] } } };
  };
  return spec.template.spec.containers[0]?.resources.requests["cpu"];
}

describe("a policy that changes Deployments", () => {
  const work = operatorWorkspace("test");

  /** As GKE Autopilot and policy engines do: sets the CPU request of each container of a Deployment. */
  async function mutate(operations: WebhookRule["operations"]): Promise<void> {
    const rule = { apiGroups: ["apps"], apiVersions: ["v1"], resources: ["deployments"], operations };
    const containers = [{ name: "a", image: "a", resources: { requests: { cpu: "1" } } }];
    const template = { metadata: { labels: { app: "a" } }, spec: { containers } };
    const spec = { selector: { matchLabels: { app: "a" } }, template };
    await startWebhook(work, rule, [{ op: "add", path: cpu, value: "4" }], {
      collection: `/apis/apps/v1/namespaces/${work.namespace}/deployments`,
      object: { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "probe" }, spec },
      isPatched: (deployment) => cpuOf(deployment) === "4",
    });
  }

  const change = "spec.template.spec.containers[gpu-media].resources.requests.cpu was changed to 4";
  const reported = `admission changed Deployment upscaler, which is kept: ${change}`;

  const writesOfDeployment = (since = 0): readonly string[] =>
    work
      .writes(since)
      .filter(({ objectRef, responseStatus }) => objectRef?.resource === "deployments" && responseStatus?.code !== 409)
      .map(({ verb }) => verb);

  it("bug: was taken for a controller that overwrites the Deployment; it is accepted and reported", async () => {
    await mutate(["CREATE", "UPDATE"]);
    await work.apply("upscaler", {});
    await work.untilReady("upscaler");
    await until("the change to be reported", async (see) => {
      const { admission = [] } = see((await work.service("upscaler"))?.status) ?? {};
      return (
        admission.map(({ child, fields }) => `${child}: ${fields?.join()}`).join() === `Deployment upscaler: ${change}`
      );
    });
    await until("an event with the reason ChangedAtAdmission", async (see) => {
      const events = await work.cluster.kubectl("events", "-n", work.namespace, "--for=gpumediaservice/upscaler");
      return see(events).replaceAll(/ +/g, " ").includes(`ChangedAtAdmission GpuMediaService/upscaler ${reported}`);
    });

    // A create, and an apply with its preparation.
    assert.deepEqual(writesOfDeployment(), ["create", "patch", "patch"]);
    for (let edit = 0; edit < 30; edit++) {
      const labels = { op: "add", path: "/metadata/labels", value: { edit: String(edit) } } as const;
      await work.patch(serviceType, "upscaler", [labels]);
    }
    const image = { op: "replace", path: "/spec/template/spec/containers/0/image", value: "nginx" } as const;
    await work.patch(childKinds.deployment.type, "upscaler", [image]);
    await until("the repair of another field", async (see) => {
      const { containers } = (await work.child("deployment", "upscaler")).spec.template.spec;
      return see(containers[0].image) !== "nginx";
    });
    await work.untilReady("upscaler");
    assert.deepEqual(writesOfDeployment(), ["create", "patch", "patch", "patch"]);
    assert.equal(cpuOf(await work.child("deployment", "upscaler")), "4");

    const restarted = Date.now();
    await work.operator.end("SIGTERM");
    await work.startOperator();
    await work.apply("upscaler", { podDisruptionBudget: { maxUnavailable: 2 } });
    await work.untilReady("upscaler");
    assert.deepEqual(writesOfDeployment(restarted), []);
  });

  it("only when they are created does not outlast the operator's first apply", async () => {
    await mutate(["CREATE"]);
    await work.apply("upscaler", {});
    await work.untilReady("upscaler");
    await until("the service's own request", async (see) => {
      return see(cpuOf(await work.child("deployment", "upscaler"))) !== "4";
    });
    await work.untilReady("upscaler");
    assert.equal((await work.service("upscaler"))?.status?.admission, undefined);
  });
});
