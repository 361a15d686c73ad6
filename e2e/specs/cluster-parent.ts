/** Starts a cluster, says on standard output what it consists of, and never stops it: it is there to be killed. */
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
