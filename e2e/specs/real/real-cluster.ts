/**
 * One cluster for all specs with real pods: a real node with mock GPUs, and the operator, installed by Helm, in pods that are
 * admitted at the `restricted` level. If the machine cannot run it, its specs are skipped with the reason.
 */
import type { Agent } from "undici";
import { startCluster, type Cluster } from "../../cluster/cluster.ts";
import type { RealNode } from "../../cluster/real-node/real-node.ts";
import { tool } from "../../cluster/tools.ts";
import { chart, Helm } from "../install/helm.ts";
import { Workspace } from "../operator/workspace.ts";
import { archives, operatorRepository, processorImage } from "./images.ts";
import { isPossible, skipUnlessPossible } from "./possible.ts";

export const release = "gpumedia-operator";
const operatorNamespace = "gpumedia-system";
const restricted = { "pod-security.kubernetes.io/enforce": "restricted" };

// A cold build takes minutes. No hook's timeout runs while mocha loads the specs.
if (isPossible) await tool("helm");

export interface RealCluster {
  readonly cluster: Cluster;
  readonly node: RealNode;
  readonly helm: Helm;
  /** Reaches the addresses of pods and Services. */
  readonly agent: Agent;
  readonly operatorNamespace: string;
}

let booted: Promise<RealCluster> | undefined;

/** What a test has, once its hooks have run. */
interface Place {
  readonly real: RealCluster;
  /** Its namespace enforces the `restricted` level. */
  readonly work: Workspace;
}

/** Adds hooks to a suite that open a workspace for each test, or skip it. */
export function inRealCluster(): Place {
  const place: { real?: RealCluster; work?: Workspace } = {};
  before(async function () {
    place.real = await realCluster(this);
  });
  beforeEach(async () => {
    const { cluster } = place.real as RealCluster;
    place.work = await Workspace.open(cluster);
    await restrict(cluster, place.work.namespace);
  });
  afterEach(() => place.work?.[Symbol.asyncDispose]());
  return place as Place;
}

function realCluster(context: Mocha.Context): Promise<RealCluster> {
  skipUnlessPossible(context);
  return (booted ??= boot());
}

async function boot(): Promise<RealCluster> {
  const cluster = await startCluster({
    realNode: true,
    optionalCrds: ["podmonitor", "prometheusrule"],
    horizontalPodAutoscalerSyncPeriod: "1s",
    nodeMonitor: { period: "1s", gracePeriod: "20s" },
  });
  const node = await cluster.addRealNode({ images: Object.values(archives) });
  await restrict(cluster, operatorNamespace);
  const helm = await Helm.start("helm", cluster.kubeconfig);
  const values = await helm.values({
    image: { repository: operatorRepository },
    processorImage,
    processorImageCpu: processorImage,
    metricsApi: { enabled: true },
    extraArgs: ["--utilization-interval=1s"],
  });
  const install = ["install", release, chart, "-n", operatorNamespace, "--wait", "--timeout", "120s", ...values];
  await helm.run(...install).catch(async (error: unknown) => {
    const pods = await cluster.kubectl("describe", "pods", "-n", operatorNamespace);
    const logs = await cluster.kubectl("logs", "-n", operatorNamespace, `deployment/${release}`).catch(String);
    await helm[Symbol.asyncDispose]();
    await cluster.stop();
    throw new Error(`${String(error)}\n${pods}\n${logs}`, { cause: error });
  });
  const agent = cluster.network?.agent();
  if (agent === undefined) throw new Error("a cluster with a real node has a private network");
  return { cluster, node, helm, agent, operatorNamespace };
}

/** Makes a namespace enforce the `restricted` level; creates it if it does not exist. */
async function restrict({ rest }: Cluster, name: string): Promise<void> {
  await rest.apply("/api/v1/namespaces", {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, labels: restricted },
  });
}

// Imported by specs, this becomes a hook of the root suite: it runs after the last spec.
after(async () => {
  const ending = await booted?.catch(() => undefined);
  await ending?.agent.destroy();
  await ending?.helm[Symbol.asyncDispose]();
  await ending?.cluster.stop();
});
