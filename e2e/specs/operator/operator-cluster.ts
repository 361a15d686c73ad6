/**
 * One cluster for all specs of the operator, with enough GPUs and every optional API. Each spec uses its own `Workspace`,
 * whose operator watches nothing else. Specs that would disturb others boot their own cluster.
 */
import { startCluster, type Cluster } from "../../cluster/cluster.ts";
import { controlPlaneTools } from "../../cluster/control-plane.ts";
import { optionalApis, optionalCrdFiles } from "../../cluster/optional-crds.ts";
import { Workspace } from "./workspace.ts";

// A cold build takes minutes. No hook's timeout runs while mocha loads the specs.
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

/**
 * A workspace on the shared cluster with a running operator: one for the whole suite, or a new one for each test. Call it
 * inside `describe`, after `this.timeout`.
 */
export function operatorWorkspace(
  scope: "suite" | "test" = "suite",
  { operator = true, parameters = [] }: { readonly operator?: boolean; readonly parameters?: readonly string[] } = {},
): Workspace {
  const work = new Workspace();
  const [setUp, tearDown] = scope === "suite" ? [before, after] : [beforeEach, afterEach];
  setUp(async () => {
    await work.open(await operatorCluster());
    if (operator) await work.startOperator({ parameters });
  });
  tearDown(() => work[Symbol.asyncDispose]());
  return work;
}

// Imported by specs, this becomes a hook of the root suite: it runs after the last spec.
after(async () => {
  await (await cluster)?.stop();
});
