/** A node whose pods run as processes on this machine. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { untilReady, nodeManifest } from "../nodes.ts";
import type { Processes } from "../processes.ts";
import type { Rest } from "../rest.ts";
import { gpuResource } from "./gpus.ts";
import { nodeAddress } from "./network-namespace.ts";

export interface ProcessNodeOptions {
  /** Default: `process-node`. */
  readonly name?: string;
  /** Mock GPUs. Default: 4. */
  readonly gpus?: number;
  /** Back-off before a container's second restart; doubled each time. Default: a kubelet's 10 s. */
  readonly backOffMs?: number;
}

const program = fileURLToPath(new URL("main.ts", import.meta.url));

/** Resolves when pods can be scheduled to it. Needs a cluster with a private network. */
export async function addProcessNode(
  { processes, rest, kubeconfig }: { processes: Processes; rest: Rest; kubeconfig: string },
  options: ProcessNodeOptions,
): Promise<string> {
  const { name = "process-node", gpus = 4, backOffMs = 10_000 } = options;
  const { directory } = processes;
  await mkdir(join(directory, name));
  const manifest = nodeManifest(name, { gpus, gpuResource, address: nodeAddress, fake: false });
  await rest.request("POST", "/api/v1/nodes", manifest);
  await processes.start(name, {
    command: process.execPath,
    parameters: [program, kubeconfig, directory, name, String(gpus), String(backOffMs)],
  });
  await untilReady(rest, [name]);
  return name;
}
