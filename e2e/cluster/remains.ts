/** Finds what is left of a stopped cluster. */
import { existsSync, readFileSync } from "node:fs";
import { until } from "./until.ts";

export interface ClusterParts {
  readonly directory: string;
  readonly pids: Readonly<Record<string, number>>;
  readonly keeperPid: number | undefined;
}

/** An exited process is listed as a zombie until its parent has read its exit status. */
function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return !["Z", "X"].includes(stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3));
  } catch {
    return false;
  }
}

export function remainsOf({ directory, pids, keeperPid = 0 }: ClusterParts): readonly string[] {
  const running = Object.entries({ ...pids, keeper: keeperPid }).filter(([, pid]) => isRunning(pid));
  return [...running.map(([name]) => name), ...(existsSync(directory) ? [directory] : [])];
}

/** Resolves when nothing is left, except what may be. */
export async function untilGone(parts: ClusterParts, except: readonly string[] = []): Promise<void> {
  await until("the cluster's processes and directory to be gone", (see) =>
    see(remainsOf(parts)).every((part) => except.includes(part)),
  );
}
