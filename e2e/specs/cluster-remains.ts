/** What is left of a cluster: nothing, if all is well. */
import { existsSync, readFileSync } from "node:fs";
import { until } from "../cluster/until.ts";
import type { ParentReport } from "./cluster-parent.ts";

/** A process that has ended and that nobody has asked for its status is still listed, as a zombie. */
function isRunning(pid: number): boolean {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return !["Z", "X"].includes(stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3));
  } catch {
    return false;
  }
}

export function remainsOf({ directory, pids, keeperPid = 0 }: ParentReport): readonly string[] {
  const running = Object.entries({ ...pids, keeper: keeperPid }).filter(([, pid]) => isRunning(pid));
  return [...running.map(([name]) => name), ...(existsSync(directory) ? [directory] : [])];
}

/** Resolves when nothing is left but, perhaps, what may be. */
export async function untilGone(report: ParentReport, except: readonly string[] = []): Promise<void> {
  await until("all of the cluster to be gone", () => remainsOf(report).every((rest) => except.includes(rest)));
}
