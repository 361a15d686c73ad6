/** The rules and the dashboard that services share: when they exist, and how services of older operators come to them. */
import assert from "node:assert/strict";
import { childKinds } from "@gpumedia/operator/src/observe/child-kinds.ts";
import { serviceType } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import { sharedDashboardName, sharedRulesName } from "@gpumedia/operator/src/observe/names.ts";
import { apiVersionOf, type KubeObject, type Manifest, type ResourceType } from "@gpumedia/operator/src/kube/object.ts";
import { prometheusType } from "@gpumedia/operator/src/observe/prometheus-view.ts";
import { fieldManager, inSync, ownership } from "@gpumedia/operator/src/kube/ownership.ts";
import { sampleService } from "@gpumedia/operator/src/desired/service.sample.ts";
import { sharedMonitoring } from "@gpumedia/operator/src/desired/shared-monitoring.ts";
import { targetsRule } from "@gpumedia/operator/src/desired/targets-rule.ts";
import { sampleReport } from "@gpumedia/operator/src/utilization/report.sample.ts";
import { until } from "../../cluster/until.ts";
import { operatorWorkspace } from "./operator-cluster.ts";
import { serveReporting } from "./reporting-pods.ts";
import { unlessStatus } from "./workspace.ts";

const ruleType = childKinds.prometheusRule.type;
const configMapType = childKinds.configMap.type;
const objects = [
  [ruleType, sharedRulesName],
  [configMapType, sharedDashboardName],
] as const;

describe("what services share", () => {
  const work = operatorWorkspace("test", { operator: false });
  const parameters = ["--runbook-url=https://example.com/alerts"];

  const get = async (type: ResourceType, name: string, namespace = work.operatorNamespace) =>
    (await work.client.get(type, namespace, name).catch(unlessStatus(404))) ?? undefined;
  const untilThere = (type: ResourceType, name: string, namespace?: string): Promise<KubeObject> =>
    until(`${type.kind} ${name}`, () => get(type, name, namespace));
  const untilGone = (type: ResourceType, name: string, namespace?: string): Promise<unknown> =>
    until(`no ${type.kind} ${name}`, async (see) => see(await get(type, name, namespace)) === undefined);

  it("is created as rendered with the first service, repaired, and deleted with the last one", async () => {
    await work.startOperator({ parameters });
    await work.apply("a");
    await work.apply("b");
    const services = ["a", "b"].map((name) => sampleService({}, name, work.namespace));
    const { operatorNamespace, namespace } = work;
    const context = { operatorNamespace, namespaces: [namespace], runbookUrl: "https://example.com/alerts" };
    const rendered = sharedMonitoring(services, context);
    for (const [index, [type, name]] of objects.entries()) {
      const isAsRendered = async (): Promise<KubeObject | false> => {
        const live = await get(type, name);
        return live !== undefined && inSync(ownership(live), rendered[index] ?? assert.fail()) && live;
      };
      await until(`${name} as rendered`, isAsRendered);
      const path = type === ruleType ? "/spec/groups/1/rules" : "/data";
      await work.client.jsonPatch(type, operatorNamespace, name, [{ op: "remove", path }]);
      const { metadata } = await until(`${name} to be repaired`, isAsRendered);
      await work.client.delete(type, operatorNamespace, name, { uid: metadata.uid });
      await until(`${name} to be created again`, isAsRendered);
    }
    await work.delete(serviceType, "a");
    await work.apply("marker");
    await work.untilReady("marker");
    assert.ok((await get(...objects[0])) !== undefined);
    await work.delete(serviceType, "marker");
    await work.delete(serviceType, "b");
    for (const [type, name] of objects) await untilGone(type, name);
  });

  it("follows the switches and the scope of services, and is not rewritten by a restarted operator", async () => {
    const operator = await work.startOperator({ parameters });
    await work.apply("a", { monitoring: { dashboard: false } });
    await untilThere(...objects[0]);
    assert.equal(await get(...objects[1]), undefined);
    await work.apply("a", { monitoring: { scope: "Namespace", alerts: false } });
    await untilThere(configMapType, sharedDashboardName, work.namespace);
    await untilGone(...objects[0]);
    await work.apply("a", { monitoring: { scope: "Namespace" } });
    const before = await untilThere(ruleType, sharedRulesName, work.namespace);
    await operator.end("SIGTERM");
    await work.startOperator({ parameters });
    await work.apply("marker", { monitoring: { scope: "Namespace" } });
    await work.untilReady("marker");
    const after = await get(ruleType, sharedRulesName, work.namespace);
    assert.equal(after?.metadata.resourceVersion, before.metadata.resourceVersion);
  });

  it("replaces the dashboard of each service, and its rules only after both have run for a while", async () => {
    const service = await work.create("upscaler", {});
    const older = async (type: ResourceType, name: string, body: object): Promise<void> => {
      const { apiVersion, kind, metadata } = service;
      const owner = { apiVersion, kind, name: metadata.name, uid: metadata.uid, controller: true };
      const manifest: Manifest = {
        apiVersion: apiVersionOf(type),
        kind: type.kind,
        metadata: {
          name,
          namespace: work.namespace,
          labels: { "gpumedia.io/service": "upscaler" },
          ownerReferences: [{ ...owner, blockOwnerDeletion: true }],
        },
        ...body,
      };
      await work.client.apply(type, manifest, { fieldManager, force: true });
    };
    const rules = [{ alert: "GpuMediaLatencyHigh", expr: "vector(1)" }];
    await older(ruleType, "upscaler", { spec: { groups: [{ name: "gpumedia.upscaler.processor", rules }] } });
    await older(configMapType, "upscaler-dashboard", { data: { "media-upscaler.json": "{}" } });
    const before = await get(ruleType, "upscaler", work.namespace);

    await work.startOperator({ parameters });
    await untilThere(...objects[1]);
    await untilGone(configMapType, "upscaler-dashboard", work.namespace);
    await untilThere(...objects[0]);
    await work.untilReady("upscaler");
    const after = await get(ruleType, "upscaler", work.namespace);
    assert.deepEqual(
      [after?.metadata.uid, after?.metadata.resourceVersion],
      [before?.metadata.uid, before?.metadata.resourceVersion],
    );
    await work.apply("upscaler", { monitoring: { alerts: false } });
    await untilGone(ruleType, "upscaler", work.namespace);
  });

  it("gets the targets of pods that export none from a PrometheusRule of their service", async () => {
    await work.startOperator({ parameters: [...parameters, "--utilization-interval=1s"] });
    const pods = await serveReporting(work, "upscaler");
    const { targets: _older, ...report } = sampleReport;
    for (const pod of pods) pod.answer = report;
    const { operatorNamespace, namespace } = work;
    const uid = (await work.service("upscaler"))?.metadata.uid ?? assert.fail();
    const untilTargets = (spec: object): Promise<unknown> =>
      until("the rule with the targets", async (see) => {
        const sample = sampleService(spec, "upscaler", namespace);
        const rule = targetsRule({ ...sample, owner: { ...sample.owner, uid } }, operatorNamespace);
        const live = see(await get(ruleType, "upscaler", namespace));
        return live !== undefined && inSync(ownership(live), rule ?? assert.fail());
      });
    await untilTargets({});
    assert.ok((await get(...objects[0])) !== undefined);
  });

  it("names a Prometheus that would not apply it to the service, until the service's namespace has its own", async () => {
    await work.cluster.installOptionalCrds(["prometheus"]);
    work.resources.defer(() => work.cluster.removeOptionalCrds(["prometheus"]));
    await work.startOperator({ parameters });
    // Without a selector it reads the rules of its own namespace.
    await work.createObject(prometheusType, "team", { spec: { ruleSelector: {} } });
    await work.apply("a");
    const reason = async (): Promise<string | undefined> =>
      (await work.service("a"))?.status?.guideChecklist?.find(({ item }) => item === "Performance alerts active")
        ?.reason;
    await until("the problem in the checklist", async (see) => see(await reason()) === "RulesNotLoaded");
    await work.apply("a", { monitoring: { scope: "Namespace" } });
    await untilThere(ruleType, sharedRulesName, work.namespace);
    await until("no problem", async (see) => see(await reason()) === "Selected");
  });

  it("stays unchanged if another owner manages it, and the services report that", async () => {
    const namespace = work.operatorNamespace;
    const body = { spec: { groups: [] } };
    await work.operatorKubeconfig();
    const theirs = await work.createObject(ruleType, sharedRulesName, body, { namespace });
    await work.startOperator({ parameters });
    await work.apply("a");
    await until("the problem in the checklist", async (see) => {
      const items = see((await work.service("a"))?.status?.guideChecklist);
      const item = items?.find(({ reason }) => reason === "RulesNotWritten");
      return (
        item?.message ===
        `PrometheusRule ${namespace}/${sharedRulesName} is managed by another owner: rename or remove it`
      );
    });
    assert.equal((await get(...objects[0]))?.metadata.resourceVersion, theirs.metadata.resourceVersion);
  });
});
