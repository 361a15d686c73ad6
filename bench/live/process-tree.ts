/** CPU time and memory of a process and of all that it started, from /proc. */
import { readdirSync, readFileSync } from "node:fs";

export interface Usage {
  readonly processes: number;
  readonly cpuMs: number;
  /** Proportional set size: memory that processes share is divided among them. */
  readonly pssMiB: number;
}

export function usageOf(root: number): Usage {
  const pids = treeOf(root);
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  return { processes: pids.length, cpuMs: sum(pids.map(cpuMsOf)), pssMiB: sum(pids.map(pssMiBOf)) };
}

function treeOf(root: number): readonly number[] {
  const parents = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), parent: Number(fieldsOf(Number(name))[1]) }));
  const tree = [root];
  for (const pid of tree) tree.push(...parents.filter(({ parent }) => parent === pid).map((each) => each.pid));
  return tree;
}

/** Of /proc/PID/stat, from the state on; empty when the process has ended. */
function fieldsOf(pid: number): readonly string[] {
  return read(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ") ?? [];
}

function cpuMsOf(pid: number): number {
  const fields = fieldsOf(pid);
  return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * 10;
}

function pssMiBOf(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) / 1024;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
