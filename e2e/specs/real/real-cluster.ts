/**
 * One cluster for all specs with real pods: a real node with mock GPUs, and the operator installed on it by helm, in pods that
 * may do what `restricted` allows. Where the machine can't run it, its specs are skipped and say why.
 */
import { access } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Agent } from "undici";
import { startCluster, type Cluster } from "../../cluster/cluster.ts";
import { controlPlaneTools } from "../../cluster/control-plane.ts";
import { realNodeTools, type RealNode } from "../../cluster/real-node/real-node.ts";
import { missingForRealNode } from "../../cluster/real-node/requirements.ts";
import { tool } from "../../cluster/tools.ts";
import { chart, chartVersion, Helm } from "../install/helm.ts";

/** Where `make images` puts its archives. */
const folder = process.env.GPUMEDIA_IMAGES ?? fileURLToPath(new URL("../../../dist/images", import.meta.url));
const archives = ["operator.tar", "processor-cpu.tar"].map((name) => join(folder, name));
const registry = "ghcr.io/gpumedia";
export const release = "gpumedia-operator";
const operatorNamespace = "gpumedia-system";
const restricted = { "pod-security.kubernetes.io/enforce": "restricted" };

const isAsked = process.env.GPUMEDIA_REAL_NODE === "1";
const missing = isAsked ? [...(await missingForRealNode()), ...(await missingImages())] : ["make test-real runs them"];
if (missing.length === 0) {
  // A cold build takes minutes: here, while mocha loads the specs, no hook's timeout is running.
  await controlPlaneTools();
  await realNodeTools();
  await tool("helm");
}

export interface RealCluster {
  readonly cluster: Cluster;
  readonly node: RealNode;
  readonly helm: Helm;
  /** Reaches the addresses of pods and Services. */
  readonly agent: Agent;
  /** As pods name it. */
  readonly processorImage: string;
  readonly operatorNamespace: string;
}

let booted: Promise<RealCluster> | undefined;

/** For a `before` hook. */
export function realCluster(context: Mocha.Context): Promise<RealCluster> {
  if (missing.length > 0) {
    process.stdout.write(`    no real pods: ${missing.join("; ")}\n`);
    context.skip();
  }
  return (booted ??= boot());
}

async function boot(): Promise<RealCluster> {
  const cluster = await startCluster({
    realNode: true,
    optionalCrds: ["podmonitor", "prometheusrule"],
    horizontalPodAutoscalerSyncPeriod: "1s",
    nodeMonitor: { period: "1s", gracePeriod: "20s" },
  });
  const node = await cluster.addRealNode({ images: archives });
  const version = await chartVersion();
  await restrict(cluster, operatorNamespace);
  const helm = await Helm.start("helm", cluster.kubeconfig);
  const values = await helm.values({
    image: { repository: `${registry}/operator` },
    processorImage: `${registry}/processor:${version}`,
    metricsApi: { enabled: true },
    extraArgs: ["--utilization-interval=1s"],
  });
  await helm.run("install", release, chart, "-n", operatorNamespace, "--wait", "--timeout", "120s", ...values);
  const agent = cluster.network?.agent();
  if (agent === undefined) throw new Error("a cluster with a real node has a private network");
  return { cluster, node, helm, agent, processorImage: `${registry}/processor:${version}`, operatorNamespace };
}

/** From now on its pods must be such as `restricted` allows; makes the namespace where it is not there. */
export async function restrict({ rest }: Cluster, name: string): Promise<void> {
  await rest.apply("/api/v1/namespaces", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, labels: restricted },
  });
}

async function missingImages(): Promise<readonly string[]> {
  const there = await Promise.all(
    archives.map((file) =>
      access(file).then(
        () => true,
        () => false,
      ),
    ),
  );
  return there.every(Boolean) ? [] : [`make images (${archives.join(", ")} are not there)`];
}

// At the top of a module that specs import, this is a hook of the root suite: it runs after the last spec.
after(async () => {
  const ending = await booted?.catch(() => undefined);
  await ending?.agent.destroy();
  await ending?.helm[Symbol.asyncDispose]();
  await ending?.cluster.stop();
});
