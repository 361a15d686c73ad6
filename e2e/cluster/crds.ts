/** CustomResourceDefinitions, installed as a user would install them, and served when the promise resolves. */
import { fileURLToPath } from "node:url";
import { KubectlError, type KubectlWithInput } from "./kubectl.ts";
import { until } from "./until.ts";

/** The product's own, as they are shipped. */
export const ownCrds = fileURLToPath(new URL("../../crds/", import.meta.url));

/** The API server deletes the objects of a kind before its CRD, which may take more than half a minute. */
const patience = "110s";

/** Installs the CRDs in YAML files and directories. Fails with kubectl's message, such as the error in a schema. */
export async function installCrds(kubectl: KubectlWithInput, paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return;
  const files = paths.flatMap((path) => ["-f", path]);
  // Client-side apply would write an annotation that is larger than the API server accepts.
  await kubectl("", "apply", "--server-side", "--force-conflicts", ...files);
  await untilEstablished(kubectl, ...files);
  // An established CRD is not served yet: the first request creates its storage, and gets 429, which kubectl retries, until
  // that is ready. A CRD that is deleted before can stay for more than half a minute.
  const names = (await kubectl("", "get", "-o", "name", ...files)).trim().split("\n");
  const resources = names.map((name) => name.slice(name.lastIndexOf("/") + 1));
  await kubectl("", "get", resources.join(","), "--all-namespaces", "--ignore-not-found");
}

/** `crds`: parameters of kubectl that select them. */
export async function untilEstablished(kubectl: KubectlWithInput, ...crds: readonly string[]): Promise<void> {
  const wait = () => kubectl("", "wait", "--for=condition=Established", `--timeout=${patience}`, ...crds);
  // The conditions of a CRD are null until its names have been checked: kubectl 1.37.2 then reports an error instead of waiting.
  const isEarly = (error: unknown): false => {
    if (error instanceof KubectlError && error.stderr.includes(".status.conditions accessor error")) return false;
    throw error;
  };
  await until("the CRDs to be established", () => wait().catch(isEarly));
}

/** Deletes them and all objects of their kinds; it is no error if they are missing. */
export async function removeCrds(kubectl: KubectlWithInput, paths: readonly string[]): Promise<void> {
  if (paths.length === 0) return;
  const files = paths.flatMap((path) => ["-f", path]);
  await kubectl("", "delete", "--ignore-not-found", `--timeout=${patience}`, ...files);
}
