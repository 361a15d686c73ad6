/** Clusters that the specs of a mocha run share. Each spec works in its own namespaces (`cluster.newNamespace()`). */
import { startCluster, type Cluster } from "./cluster.ts";
import { controlPlaneTools } from "./control-plane.ts";

// A cold build takes minutes. No hook's timeout runs while mocha loads the specs.
await controlPlaneTools();

/** Returns a function that boots the cluster at its first call. Call it at the top level of a module. */
export function shared(boot: () => Promise<Cluster>): () => Promise<Cluster> {
  let cluster: Promise<Cluster> | undefined;
  // At the top level, this is a hook of the root suite: it runs after the last spec.
  after(async () => {
    await (await cluster)?.stop();
  });
  return () => (cluster ??= boot());
}

/** With our CRDs, and no node or optional API between two specs. */
export const sharedCluster = shared(() => startCluster({ crds: true }));
