/** Where this machine's cgroups are mounted: several hierarchies of version 1, or one of version 2. */
import { readFile } from "node:fs/promises";

export interface CgroupHierarchy {
  readonly path: string;
  readonly version: 1 | 2;
  /** Of version 1 only. */
  readonly controllers: readonly string[];
}

export async function cgroupHierarchies(): Promise<readonly CgroupHierarchy[]> {
  return parseHierarchies(await readFile("/proc/mounts", "utf8"));
}

export function parseHierarchies(mounts: string): readonly CgroupHierarchy[] {
  return mounts.split("\n").flatMap((line): CgroupHierarchy[] => {
    const [, path = "", type = "", options = ""] = line.split(" ");
    if (type === "cgroup") return [{ path, version: 1, controllers: options.split(",") }];
    return type === "cgroup2" ? [{ path, version: 2, controllers: [] }] : [];
  });
}

/** The hierarchies that limit containers: version 2 beside version 1 has no controllers. */
export function limiting(all: readonly CgroupHierarchy[]): readonly CgroupHierarchy[] {
  const first = all.filter(({ version }) => version === 1);
  return first.length > 0 ? first : all;
}
