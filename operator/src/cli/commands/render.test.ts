import assert from "node:assert/strict";
import { parseAllDocuments } from "yaml";
import { gpumedia, service, profile } from "../program.fake.ts";

async function rendered(text: string, ...flags: readonly string[]): Promise<readonly Record<string, unknown>[]> {
  const { code, out, err } = await gpumedia(["render", "-f", "-", ...flags], text);
  assert.deepEqual([code, err], [0, ""]);
  return (parseAllDocuments(out, { version: "1.1" }) as { toJS(): Record<string, unknown> }[]).map((document) =>
    document.toJS(),
  );
}

async function kinds(text: string, ...flags: readonly string[]): Promise<readonly unknown[]> {
  return (await rendered(text, ...flags)).map(({ kind }) => kind);
}

describe("gpumedia render", () => {
  const everything = service(
    "upscaler",
    "network: {ingress: {enabled: true, host: a.example}, gateway: {parentRefs: [{name: public}]}}",
  );

  it("prints the children that the operator would create, in its order", async () => {
    assert.deepEqual(await kinds(everything), [
      "ServiceAccount",
      "ConfigMap",
      "Deployment",
      "Service",
      "HorizontalPodAutoscaler",
      "VerticalPodAutoscaler",
      "PodDisruptionBudget",
      "NetworkPolicy",
      "Ingress",
      "HTTPRoute",
      "PodMonitor",
      "ConfigMap",
      "PrometheusRule",
      "ConfigMap",
    ]);
  });

  it("prints the shared rules and dashboard once for all services, where the operator would write them", async () => {
    const text = [service("a"), service("b"), service("c", "monitoring: {scope: Namespace}")].join("---\n");
    const objects = await rendered(text, "--operator-namespace", "ops");
    const shared = objects.filter(({ metadata }) => "gpumedia.io/shared" in (metadata as { labels: object }).labels);
    assert.deepEqual(
      shared.map(({ kind, metadata }) => {
        const { namespace, name } = metadata as { namespace: string; name: string };
        return [kind, `${namespace}/${name}`];
      }),
      [
        ["PrometheusRule", "default/gpumedia-services"],
        ["PrometheusRule", "ops/gpumedia-services"],
        ["ConfigMap", "default/gpumedia-services-dashboard"],
        ["ConfigMap", "ops/gpumedia-services-dashboard"],
      ],
    );
  });

  it("prints the DCGM exporters' metrics after the children, for all services at once", async () => {
    const dcgm = (fields: string) => `monitoring: {dcgm: {enabled: true, fields: [${fields}]}}`;
    const text = [
      service("a", dcgm("DCGM_FI_DEV_GPU_UTIL")),
      service("b", dcgm("DCGM_FI_DEV_FB_USED")),
      service("c", "gpu: {count: 0}"),
    ].join("---\n");
    const { out } = await gpumedia(["render", "-f", "-", "--operator-namespace", "ops"], text);
    assert.equal(out.match(/^  name: gpumedia-dcgm-metrics$/gm)?.length, 1);
    assert.match(
      out,
      /---\n# Shared by all services of the cluster; the operator adds what the others need\.\napiVersion: v1\n.*$/s,
    );
    const shared = (await rendered(text, "--operator-namespace", "ops")).find(
      ({ metadata }) => (metadata as { name: string }).name === "gpumedia-dcgm-metrics",
    ) as {
      readonly metadata: { readonly namespace: string; readonly name: string };
      readonly data: { readonly metrics: string };
    };
    const { namespace, name } = shared.metadata;
    const fields = shared.data.metrics.match(/^DCGM_\w+/gm);
    assert.deepEqual(
      [namespace, name, fields],
      ["ops", "gpumedia-dcgm-metrics", ["DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_GPU_UTIL"]],
    );
  });

  it("prints no shared objects when no service needs them", async () => {
    const { out } = await gpumedia(
      ["render", "-f", "-"],
      service("a", "{gpu: {count: 0}, monitoring: {alerts: false, dashboard: false}}"),
    );
    assert.doesNotMatch(out, /Shared by all services|dcgm/);
  });

  it("omits kinds that the cluster does not serve", async () => {
    const all = await kinds(everything);
    const optional = new Set(["HTTPRoute", "VerticalPodAutoscaler", "PodMonitor", "PrometheusRule"]);
    assert.deepEqual(
      await kinds(everything, "--not-served", "HTTPRoute, VerticalPodAutoscaler,PodMonitor,PrometheusRule"),
      all.filter((kind) => !optional.has(String(kind))),
    );
  });

  it("uses the GPU metric and in-place resizing only where the cluster has them", async () => {
    const find = async (kind: string, ...flags: readonly string[]) => {
      const object = (await rendered(everything, ...flags)).find((manifest) => manifest["kind"] === kind);
      return object?.["spec"] as { metrics: object[]; updatePolicy: { updateMode: string } };
    };
    const count = async (...flags: string[]) => (await find("HorizontalPodAutoscaler", ...flags)).metrics.length;
    const mode = async (...flags: string[]) => (await find("VerticalPodAutoscaler", ...flags)).updatePolicy.updateMode;
    assert.deepEqual(
      [
        await count(),
        await count("--not-served", "custom.metrics.k8s.io"),
        await mode(),
        await mode("--not-served", "InPlaceOrRecreate"),
      ],
      [2, 1, "InPlaceOrRecreate", "Recreate"],
    );
  });

  it("sets the owner reference only when the service has a UID", async () => {
    const owners = async (text: string) =>
      (await rendered(text, "--operator-namespace", "ops"))
        .map(({ metadata }) => metadata as { namespace: string; ownerReferences?: { uid: string }[] })
        .filter(({ namespace }) => namespace !== "ops")
        .map(({ ownerReferences }) => ownerReferences);
    assert.ok((await owners(everything)).every((references) => references === undefined));
    const stored = everything.replace("{name: upscaler}", "{name: upscaler, namespace: media, uid: u-1}");
    assert.ok((await owners(stored)).every((references) => references?.[0]?.uid === "u-1"));
  });

  it("prints several services, and applies profile objects", async () => {
    const text = [
      profile("team", "podDisruptionBudget: {enabled: false}"),
      service("a", "profile: team"),
      service("b"),
    ].join("---\n");
    const budgets = (await rendered(text)).filter(({ kind }) => kind === "PodDisruptionBudget");
    assert.deepEqual(
      budgets.map(({ metadata }) => (metadata as { name: string }).name),
      ["b"],
    );
  });

  it("quotes strings that kubectl would read as booleans or numbers", async () => {
    const { out } = await gpumedia(
      ["render", "-f", "-"],
      service("a", "podMetadata: {labels: {ready: 'on', old: 'no', number: '1'}}"),
    );
    const deployment = out.split("---\n").find((text) => text.includes("kind: Deployment")) ?? "";
    assert.match(deployment, /ready: "on"/);
    assert.match(deployment, /old: "no"/);
    assert.match(deployment, /number: "1"/);
  });
});
