/** Starts a cluster, prints what it consists of, and runs until it is killed. */
import { startCluster } from "../cluster/cluster.ts";

export interface ParentReport {
  readonly directory: string;
  readonly pids: Readonly<Record<string, number>>;
  readonly keeperPid: number | undefined;
}

const { directory, processes } = await startCluster();
const report: ParentReport = { directory, pids: processes.pids, keeperPid: processes.keeperPid };
process.stdout.write(`${JSON.stringify(report)}\n`);
setInterval(() => {}, 2 ** 30);
