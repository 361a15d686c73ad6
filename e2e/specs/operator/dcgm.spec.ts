/** The metrics list of the cluster's DCGM exporters: one ConfigMap with the fields that the services request. */
import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { dcgmMetricsName } from "@gpumedia/operator/src/observe/names.ts";
import { childKinds } from "@gpumedia/operator/src/observe/child-kinds.ts";
import { serviceType } from "@gpumedia/operator/src/observe/cluster-cache.ts";
import type { KubeObject } from "@gpumedia/operator/src/kube/object.ts";
import { until } from "../../cluster/until.ts";
import { operatorWorkspace } from "./operator-cluster.ts";
import { unlessStatus } from "./workspace.ts";

const { type } = childKinds.configMap;
type ConfigMap = KubeObject & { readonly data: Readonly<Record<string, string>> };

describe("the DCGM exporters' list of metrics", () => {
  const work = operatorWorkspace("test");

  async function list(): Promise<ConfigMap | undefined> {
    const live = await work.client.get(type, work.operatorNamespace, dcgmMetricsName).catch(unlessStatus(404));
    return live as ConfigMap | undefined;
  }

  async function untilFields(fields: readonly string[]): Promise<ConfigMap> {
    return until(`exactly the fields ${fields.join(", ")}`, async (see) => {
      const live = see(await list());
      return live !== undefined && isDeepStrictEqual(fieldsOf(live), fields) && live;
    });
  }

  const requesting = (...fields: string[]) => ({ monitoring: { dcgm: { fields } } });

  it("is the union of the requested fields, the same under both keys, and is deleted with the last service", async () => {
    await work.apply("a", requesting("DCGM_FI_DEV_GPU_UTIL", "DCGM_FI_DEV_FB_USED"));
    await work.apply("b", requesting("DCGM_FI_DEV_GPU_TEMP", "DCGM_FI_DEV_FB_USED"));
    const live = await untilFields(["DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_GPU_TEMP", "DCGM_FI_DEV_GPU_UTIL"]);
    assert.equal(live.data.metrics, live.data["dcgm-metrics.csv"]);

    await work.apply("b", { monitoring: { dcgm: { enabled: false } } });
    await untilFields(["DCGM_FI_DEV_FB_USED", "DCGM_FI_DEV_GPU_UTIL"]);
    await work.delete(serviceType, "a");
    await until("the list to be deleted", async (see) => see(await list()) === undefined);
  });

  it("is repaired when changed or deleted, and not rewritten by a restarted operator", async () => {
    await work.apply("a", requesting("DCGM_FI_DEV_GPU_UTIL"));
    const { metadata } = await untilFields(["DCGM_FI_DEV_GPU_UTIL"]);
    const { operatorNamespace } = work;
    await work.client.jsonPatch(type, operatorNamespace, dcgmMetricsName, [
      { op: "replace", path: "/data/dcgm-metrics.csv", value: "mine" },
    ]);
    await untilFields(["DCGM_FI_DEV_GPU_UTIL"]);
    await work.client.delete(type, operatorNamespace, dcgmMetricsName, { uid: metadata.uid });
    const again = await untilFields(["DCGM_FI_DEV_GPU_UTIL"]);

    await work.untilReady("a");
    await work.operator.end("SIGTERM");
    await work.startOperator();
    await work.apply("marker", requesting("DCGM_FI_DEV_GPU_UTIL"));
    await work.untilReady("marker");
    assert.equal((await list())?.metadata.resourceVersion, again.metadata.resourceVersion);
  });

  it("is left unchanged if it is not managed by this operator, and the services report NameTaken", async () => {
    const namespace = work.operatorNamespace;
    await work.createObject(type, dcgmMetricsName, { data: { metrics: "theirs" } }, { namespace });
    await work.apply("a", {});
    await work.untilReady("a");
    // Its watch may report the ConfigMap later than another one the service.
    await until("the checklist to name the ConfigMap", async (see) => {
      const items = see((await work.service("a"))?.status?.guideChecklist) ?? [];
      return items.some(({ reason, message = "" }) => reason === "NameTaken" && message.includes(dcgmMetricsName));
    });
    assert.deepEqual((await list())?.data, { metrics: "theirs" });
  });
});

function fieldsOf({ data }: ConfigMap): readonly string[] {
  const csv = data["dcgm-metrics.csv"] ?? "";
  return csv.split("\n").flatMap((line) => (line === "" || line.startsWith("#") ? [] : [line.split(",")[0] ?? ""]));
}
