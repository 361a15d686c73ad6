/**
 * One cluster for all specs of a mocha run, booted at the first call. It has our CRDs and no node; each spec works in its own
 * namespaces (`cluster.newNamespace()`). Specs that break things boot their own cluster.
 */
import { startCluster, type Cluster } from "./cluster.ts";
import { controlPlaneTools } from "./control-plane.ts";

// A cold build takes minutes. No hook's timeout runs while mocha loads the specs.
await controlPlaneTools();

let cluster: Promise<Cluster> | undefined;

export function sharedCluster(): Promise<Cluster> {
  return (cluster ??= startCluster({ crds: true }));
}

// At the top level of a module, this is a hook of the root suite: it runs after the last spec.
after(async () => {
  await (await cluster)?.stop();
});
