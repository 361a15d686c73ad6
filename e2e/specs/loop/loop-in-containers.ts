/** The cluster of the loop's specs with a real node, whose pods are containers. */
import { chmod } from "node:fs/promises";
import { startCluster, type Cluster } from "../../cluster/cluster.ts";
import { archives, processorImage } from "../real/images.ts";

/** The operator's default images: without and with GPUs. */
const defaultImage = `docker.io/library/gpumedia-processor:${processorImage.split(":")[1]}`;
const defaultImages = [defaultImage, `${defaultImage}-cuda`];

export async function bootInContainers(): Promise<Cluster> {
  const cluster = await startCluster({ crds: true, realNode: true, horizontalPodAutoscalerSyncPeriod: "1s" });
  // Processors load modules from this directory; the files that control the modules are in the cluster's directory.
  const shared = [import.meta.dirname, cluster.directory];
  const node = await cluster.addRealNode({ images: [archives.processor], shared });
  await chmod(cluster.directory, 0o711);
  for (const name of defaultImages) await node.nameImage(processorImage, name);
  const following = node.followLoad();
  const stop = async (): Promise<void> => {
    await following[Symbol.asyncDispose]();
    await cluster.stop();
  };
  return { ...cluster, stop };
}
