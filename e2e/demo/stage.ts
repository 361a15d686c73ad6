/** The cluster and the operator of the demo, in this process or in the background. */
import { fileURLToPath } from "node:url";
import { startInBackground } from "../cluster/detach.ts";
import { startInteractive, type ClusterReport } from "../cluster/interactive.ts";
import { whyNoPrivateNetwork } from "../cluster/process-node/network-namespace.ts";
import { mockLibrary } from "../../workload/gpu-mock/library.ts";

export interface Stage {
  readonly report: ClusterReport;
  /** The process in the background, if there is one. */
  readonly pid?: number;
  readonly stop: () => Promise<void>;
}

export const composition = {
  nodes: 2,
  gpus: 4,
  apis: ["vpa", "podmonitor", "prometheusrule"],
  operator: true,
} as const;

const clusterProgram = fileURLToPath(new URL("../cluster/main.ts", import.meta.url));

/** Why pods cannot run on this machine; undefined if they can. */
export async function whyPodsCannotRun(): Promise<string | undefined> {
  const library = mockLibrary();
  return library.kind === "no-compiler" ? library.message : whyNoPrivateNetwork();
}

export async function setStage({ keep, runPods }: { keep: boolean; runPods: boolean }): Promise<Stage> {
  if (!keep) {
    const { cluster, report } = await startInteractive({ ...composition, runPods });
    return { report, stop: () => cluster.stop() };
  }
  const { nodes, gpus, apis } = composition;
  const placed = runPods ? "--run-pods" : `--nodes=${nodes}`;
  const parameters = [placed, `--gpus=${gpus}`, `--apis=${apis.join(",")}`, "--operator"];
  const { pid, report } = await startInBackground<ClusterReport>(clusterProgram, parameters);
  const end = (): void => void process.kill(pid, "SIGTERM");
  // If the demo is interrupted, its user does not know yet how to stop the process in the background.
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      end();
      process.exit(130);
    });
  }
  return { report, pid, stop: async () => end() };
}
