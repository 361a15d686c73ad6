/**
 * One cluster for all specs of the operator: GPUs for every replica that they ask for, and every optional API. Each spec
 * works in a `Workspace` of its own, with an operator that sees nothing else. Specs that break things boot their own.
 */
import { startCluster, type Cluster } from "../../cluster/cluster.ts";
import { controlPlaneTools } from "../../cluster/control-plane.ts";
import { optionalApis, optionalCrdFiles } from "../../cluster/optional-crds.ts";

// A cold build takes minutes: here, while mocha loads the specs, no hook's timeout is running.
await controlPlaneTools();
await optionalCrdFiles(optionalApis);

let cluster: Promise<Cluster> | undefined;

export function operatorCluster(): Promise<Cluster> {
  return (cluster ??= boot());
}

async function boot(): Promise<Cluster> {
  const booted = await startCluster({ crds: true, optionalCrds: optionalApis });
  await booted.addNodes({ count: 32, gpus: 16 });
  return booted;
}

// At the top of a module that specs import, this is a hook of the root suite: it runs after the last spec.
after(async () => {
  await (await cluster)?.stop();
});
