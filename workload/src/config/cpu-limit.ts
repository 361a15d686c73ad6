/** How many cores this process may use: the container's quota, not the cores of the host. */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/** Returns a file's text; undefined if it cannot be read. */
export type ReadText = (path: string) => string | undefined;

const root = "/sys/fs/cgroup";

/** Cores, possibly fractional; at most those available to the process. */
export function cpuLimitCores(read: ReadText = readText, schedulable: number = availableParallelism()): number {
  const own = ownGroups(read("/proc/self/cgroup") ?? "");
  const quotas = [...versionTwo(own.v2, read), ...versionOne(own.v1, read)];
  return Math.min(schedulable, ...quotas);
}

/** Paths of the process's groups; usually `/` in a container, whose namespace hides them. */
function ownGroups(text: string): { readonly v2: string; readonly v1: string } {
  const lines = text.split("\n").map((line) => line.split(":"));
  const v2 = lines.find(([id]) => id === "0")?.[2] ?? "/";
  const v1 = lines.find(([, controllers = ""]) => controllers.split(",").includes("cpu"))?.[2] ?? "/";
  return { v2, v1 };
}

/** `cpu.max` of the group and its ancestors: the smallest applies. */
function versionTwo(group: string, read: ReadText): number[] {
  return ancestors(group).flatMap((path) => {
    const [quota, period] = (read(`${root}${path}/cpu.max`) ?? "").trim().split(" ");
    return cores(quota, period);
  });
}

function versionOne(group: string, read: ReadText): number[] {
  return ["cpu", "cpu,cpuacct"].flatMap((controller) =>
    ancestors(group).flatMap((path) => {
      const folder = `${root}/${controller}${path}`;
      return cores(read(`${folder}/cpu.cfs_quota_us`)?.trim(), read(`${folder}/cpu.cfs_period_us`)?.trim());
    }),
  );
}

/** `max` and -1 are no limit. */
function cores(quota: string | undefined, period: string | undefined): number[] {
  const value = Number(quota) / Number(period);
  return Number.isFinite(value) && value > 0 ? [value] : [];
}

/** `/a/b` → `/a/b`, `/a`, and the root. */
function ancestors(group: string): string[] {
  const parts = group.split("/").filter((part) => part !== "" && part !== "..");
  return parts.map((_, index) => `/${parts.slice(0, parts.length - index).join("/")}`).concat("");
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
