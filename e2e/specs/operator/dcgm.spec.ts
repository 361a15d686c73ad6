/** The list of metrics for the cluster's DCGM exporters: one ConfigMap, what all services ask for. */
import assert from "node:assert/strict";
import { dcgmMetricsName } from "@gpumedia/operator/src/observe/names.ts";
import { childKinds } from "@gpumedia/operator/src/observe/child-kinds.ts";
import { serviceType } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import type { KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import { until } from "../../cluster/until.ts";
import { operatorCluster } from "./operator-cluster.ts";
import type { OperatorProcess } from "./operator-process.ts";
import { unlessStatus, Workspace } from "./workspace.ts";

const { type } = childKinds.configMap;
type ConfigMap = KubeObject & { readonly data: Readonly<Record<string, string>> };

describe("the DCGM exporters' list of metrics", () => {
  let work: Workspace;
  let operator: OperatorProcess;

  beforeEach(async () => {
    work = await Workspace.open(await operatorCluster());
    operator = await work.startOperator();
  });
  afterEach(() => work[Symbol.asyncDispose]());

  async function list(): Promise<ConfigMap | undefined> {
    const { operatorNamespace } = work;
    return (await work.client.get(type, operatorNamespace, dcgmMetricsName).catch(unlessStatus(404))) as
      | ConfigMap
      | undefined;
  }

  async function untilFields(fields: readonly string[]): Promise<ConfigMap> {
    return until(`just the fields ${fields.join(", ")}`, async () => {
      const live = await list();
      return live !== undefined && JSON.stringify(fieldsOf(live)) === JSON.stringify(fields) ? live : undefined;
    });
  }

  const asking = (...fields: string[]) => ({ monitoring: { dcgm: { fields } } });

  it("is the union, the same under both keys, follows the services, and goes with the last", async () => {
    await work.apply("a", asking("DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_FB_USED"));
    await work.apply("b", asking("DCGM_FI_DEV_GPU_TEMP", "DCGM_FI_DEV_FB_USED"));
    const live = await untilFields(["DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_GPU_TEMP", "DCGM_FI_DEV_GPU_UTIL"]);
    assert.equal(live.data.metrics, live.data["dcgm-metrics.csv"]);

    await work.apply("b", { monitoring: { dcgm: { enabled: false } } });
    await untilFields(["DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_GPU_UTIL"]);
    await work.delete(serviceType, "a");
    await until("the list to be gone", async () => ((await list()) === undefined ? true : undefined));
  });

  it("is repaired when somebody changes or deletes it, and not written anew by a restarted operator", async () => {
    await work.apply("a", asking("DCGM_FI_DEV_GPU_UTIL"));
    const { metadata } = await untilFields(["DCGM_FI_DEV_GPU_UTIL"]);
    const { operatorNamespace } = work;
    await work.client.jsonPatch(type, operatorNamespace, dcgmMetricsName, [
      { op: "replace", path: "/data/dcgm-metrics.csv", value: "mine" },
    ]);
    await untilFields(["DCGM_FI_DEV_GPU_UTIL"]);
    await work.client.delete(type, operatorNamespace, dcgmMetricsName, { uid: metadata.uid });
    const again = await untilFields(["DCGM_FI_DEV_GPU_UTIL"]);

    await work.untilReady("a");
    await operator.end("SIGTERM");
    await work.startOperator();
    await work.apply("marker", asking("DCGM_FI_DEV_GPU_UTIL"));
    await work.untilReady("marker");
    assert.equal((await list())?.metadata.resourceVersion, again.metadata.resourceVersion);
  });

  it("is left alone where one of that name is somebody else's, and the services say so", async () => {
    const { operatorNamespace } = work;
    const metadata = { name: dcgmMetricsName, namespace: operatorNamespace };
    const foreign = { apiVersion: "v1", kind: "ConfigMap", metadata, data: { metrics: "theirs" } };
    await work.client.create(type, foreign, { fieldManager: "somebody" });
    await work.apply("a", {});
    await work.untilReady("a");
    const item = (await work.service("a"))?.status?.guideChecklist?.find(({ reason }) => reason === "NameTaken");
    assert.match(item?.message ?? "", new RegExp(dcgmMetricsName));
    assert.deepEqual((await list())?.data, { metrics: "theirs" });
  });
});

function fieldsOf({ data }: ConfigMap): readonly string[] {
  const csv = data["dcgm-metrics.csv"] ?? "";
  return csv.split("\n").flatMap((line) => (line === "" || line.startsWith("#") ? [] : [line.split(",")[0] ?? ""]));
}
