/**
 * The Kubernetes version of the control plane: the default, or the one in GPUMEDIA_KUBERNETES, such as 1.31. Each is a folder of
 * `tools/` with a go.mod, which pins the patch. A test of what came with a version is `onlySince("1.36")("…", …)`.
 */
import { ToolError } from "./tool-error.ts";

/** The folder of each version. Oldest first: the first is the oldest that the chart accepts. */
const folders = {
  "1.31": "kubernetes-1.31",
  "1.35": "kubernetes",
  "1.36": "kubernetes-1.36",
  "1.37": "kubernetes-1.37",
} as const;

export type KubernetesVersion = keyof typeof folders;
type Environment = Readonly<Record<string, string | undefined>>;

export const kubernetesVersions = Object.keys(folders) as readonly KubernetesVersion[];
export const defaultKubernetesVersion: KubernetesVersion = "1.35";

/** Fails for a version that has no folder. */
export function kubernetesVersion({ GPUMEDIA_KUBERNETES: chosen = "" }: Environment = process.env): KubernetesVersion {
  if (chosen === "") return defaultKubernetesVersion;
  const found = kubernetesVersions.find((version) => version === chosen);
  if (found !== undefined) return found;
  throw new ToolError(
    `GPUMEDIA_KUBERNETES=${chosen} is no version that the control plane can be built for: set one of ${kubernetesVersions.join(", ")}, or unset the variable`,
  );
}

/** The name of the folder in `tools/`. */
export function kubernetesFolder(version: KubernetesVersion): string {
  return folders[version];
}

/** Whether the control plane has at least this version, which needs no folder of its own. */
export function isSince(version: `1.${number}`, chosen: KubernetesVersion = kubernetesVersion()): boolean {
  return minorOf(chosen) >= minorOf(version);
}

function minorOf(version: string): number {
  return Number(version.slice(version.indexOf(".") + 1));
}

/** `describe` on a control plane of at least this version; on older ones its tests count as skipped. */
export function describeSince(version: `1.${number}`): Mocha.SuiteFunction | Mocha.PendingSuiteFunction {
  return isSince(version) ? describe : describe.skip;
}

/** `it` on a control plane of at least this version; on older ones the test counts as skipped. */
export function onlySince(version: `1.${number}`): Mocha.TestFunction | Mocha.PendingTestFunction {
  return isSince(version) ? it : it.skip;
}
