/**
 * One cluster for all specs of a mocha run, booted when the first one asks. It has the product's CRDs and no node; each
 * spec works in namespaces of its own (`cluster.newNamespace()`). Specs that break things boot their own.
 */
import { startCluster, type Cluster } from "./cluster.ts";
import { controlPlaneTools } from "./control-plane.ts";

// A cold build takes minutes: here, while mocha loads the specs, no hook's timeout is running.
await controlPlaneTools();

let cluster: Promise<Cluster> | undefined;

export function sharedCluster(): Promise<Cluster> {
  return (cluster ??= startCluster({ crds: true }));
}

// At the top of a module that specs import, this is a hook of the root suite: it runs after the last spec.
after(async () => {
  await (await cluster)?.stop();
});
