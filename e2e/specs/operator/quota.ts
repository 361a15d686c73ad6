/** ResourceQuotas that are in effect. */
import { namespacedType } from "@gpumedia/operator/src/kube/object.ts";
import { until } from "../../cluster/until.ts";
import type { Workspace } from "./workspace.ts";

export const quotaType = namespacedType("v1", "ResourceQuota", "resourcequotas");

/**
 * Creates a quota, and waits until the API server refuses a pod because of it. It enforces a quota only when a controller has counted
 * what is used, and when its own cache has that.
 */
export async function createQuota(
  work: Workspace,
  name: string,
  hard: Readonly<Record<string, string>>,
): Promise<void> {
  await work.createObject(quotaType, name, { spec: { hard } });
  const containers = [{ name: "probe", image: "probe" }];
  const probe = { apiVersion: "v1", kind: "Pod", metadata: { name: "probe" }, spec: { containers } };
  await until(`quota ${name} to be enforced`, async (see) =>
    see(await work.cluster.rest.refusal(`/api/v1/namespaces/${work.namespace}/pods`, probe)).includes("quota"),
  );
}
