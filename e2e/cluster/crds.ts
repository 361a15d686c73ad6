/** Custom resource definitions: installed as a user would install them, and in use when the promise resolves. */
import { fileURLToPath } from "node:url";
import type { KubectlWithInput } from "./kubectl.ts";

/** The product's own, as they are shipped. */
export const ownCrds = fileURLToPath(new URL("../../crds/", import.meta.url));

/** Installs the CRDs of files and directories of YAML. Fails with kubectl's words, e.g. what is wrong with a schema. */
export async function installCrds(kubectl: KubectlWithInput, paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return;
  const files = paths.flatMap((path) => ["-f", path]);
  // Client-side, the annotation with the last applied state would be larger than the API server takes.
  await kubectl("", "apply", "--server-side", "--force-conflicts", ...files);
  await kubectl("", "wait", "--for=condition=Established", "--timeout=30s", ...files);
  // Established is not yet served: the first request makes the storage, and is put off with 429 (which kubectl waits out)
  // until that is ready. A CRD that is deleted before can stay for longer than half a minute.
  const names = (await kubectl("", "get", "-o", "name", ...files)).trim().split("\n");
  const resources = names.map((name) => name.slice(name.lastIndexOf("/") + 1));
  await kubectl("", "get", resources.join(","), "--all-namespaces", "--ignore-not-found");
}

/** Removes them and all objects of their kinds; those that are not there are fine. */
export async function removeCrds(kubectl: KubectlWithInput, paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return;
  const files = paths.flatMap((path) => ["-f", path]);
  await kubectl("", "delete", "--ignore-not-found", "--timeout=30s", ...files);
}
