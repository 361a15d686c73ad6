/**
 * `make demo`: what the operator does, shown on a control plane of its own, step by step.
 *
 * With KEEP=1 the cluster and the operator are in the background from the start, and stay there.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { controlPlaneTools } from "../cluster/control-plane.ts";
import { startInBackground } from "../cluster/detach.ts";
import { instructions, startInteractive, type ClusterReport } from "../cluster/interactive.ts";
import { createKubectl, type KubectlWithInput } from "../cluster/kubectl.ts";
import { followUntilReady } from "./follow.ts";
import { createSteps } from "./steps.ts";
import { ownerTree, type OwnedObject } from "./tree.ts";

const composition = { nodes: 2, gpus: 4, apis: ["vpa", "podmonitor", "prometheusrule"], operator: true } as const;
const clusterProgram = fileURLToPath(new URL("../cluster/main.ts", import.meta.url));
const root = fileURLToPath(new URL("../../", import.meta.url));
const example = "examples/minimal.yaml";
const service = { namespace: "media", name: "upscaler" };
const { step, detail, command } = createSteps(process.stdout);

interface Stage {
  readonly report: ClusterReport;
  /** The process in the background, if it is there. */
  readonly pid?: number;
  readonly end: () => Promise<void>;
}

async function setStage(keep: boolean): Promise<Stage> {
  if (!keep) {
    const { cluster, report } = await startInteractive(composition);
    return { report, end: () => cluster.stop() };
  }
  const { nodes, gpus, apis } = composition;
  const parameters = [`--nodes=${nodes}`, `--gpus=${gpus}`, `--apis=${apis.join(",")}`, "--operator"];
  const { pid, report } = await startInBackground<ClusterReport>(clusterProgram, parameters);
  const end = (): void => void process.kill(pid, "SIGTERM");
  // Who interrupts the demo has not been told yet how to end what is in the background.
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      end();
      process.exit(130);
    });
  }
  return { report, pid, end: async () => end() };
}

async function play(kubectl: KubectlWithInput): Promise<void> {
  const { namespace, name } = service;
  await step(`${example} applied in namespace ${namespace}`, async () => {
    await kubectl("", "create", "namespace", namespace);
    await kubectl("", "apply", "-n", namespace, "-f", join(root, example));
  });
  await step(`${name} is Ready`, () => followUntilReady(kubectl, service, detail));
  await show(kubectl, "get", "gms", "-n", namespace);
  await show(kubectl, "describe", "gms", name, "-n", namespace);
  process.stdout.write(`\nThe children, by owner references:\n\n${(await drawTree(kubectl)).join("\n")}\n\n`);
}

async function show(kubectl: KubectlWithInput, ...parameters: readonly string[]): Promise<void> {
  command(`kubectl ${parameters.join(" ")}`, await kubectl("", ...parameters));
}

async function drawTree(kubectl: KubectlWithInput): Promise<readonly string[]> {
  const { namespace, name } = service;
  const listable = await kubectl("", "api-resources", "--namespaced", "--verbs=list,get", "-o", "name");
  const resources = listable.split("\n").filter((resource) => resource !== "" && !resource.startsWith("events"));
  const list = await kubectl("", "get", resources.join(","), "-n", namespace, "-o", "json");
  const { items } = JSON.parse(list) as { items: readonly OwnedObject[] };
  const owner = items.find(({ kind, metadata }) => kind === "GpuMediaService" && metadata.name === name);
  return owner === undefined ? [] : ownerTree(owner, items);
}

async function demo(keep: boolean): Promise<void> {
  // The first time this takes minutes, and shows its own progress.
  await controlPlaneTools();
  const title = `control plane, ${composition.nodes} nodes with ${composition.gpus} GPUs each, CRDs, operator`;
  const stage = await step(title, () => setStage(keep));
  const { report } = stage;
  try {
    await play(createKubectl(join(report.bin, "kubectl"), report.kubeconfig));
  } catch (error) {
    const log = await readFile(join(report.directory, "operator.log"), "utf8").catch(() => "");
    process.stderr.write(`the end of the operator's log:\n${log.slice(-4_000)}\n`);
    await stage.end();
    throw error;
  }
  if (stage.pid !== undefined) {
    process.stdout.write(instructions(report, `kill ${stage.pid}`));
    return;
  }
  await step("all ended, nothing left behind (KEEP=1 leaves it up)", stage.end);
}

new Command("make demo")
  .description("Shows what the operator does, on a control plane of its own.\nKEEP=1 leaves cluster and operator up.")
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse();
try {
  await demo(process.env.KEEP === "1");
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
