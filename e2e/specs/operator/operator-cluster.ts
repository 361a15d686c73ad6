/**
 * One cluster for all specs of the operator, with enough GPUs and every optional API. Each spec uses its own `Workspace`,
 * whose operator watches nothing else. Specs that would disturb others boot their own cluster.
 */
import { startCluster } from "../../cluster/cluster.ts";
import { optionalApis, optionalCrdFiles } from "../../cluster/optional-crds.ts";
import { shared } from "../../cluster/shared.ts";
import { Workspace } from "./workspace.ts";

// A download takes long. No hook's timeout runs while mocha loads the specs.
await optionalCrdFiles(optionalApis);

/** Its nodes between two specs. */
export const gpuNodes = { count: 32, gpus: 16 } as const;

export const operatorCluster = shared(async () => {
  const cluster = await startCluster({ crds: true, optionalCrds: optionalApis });
  await cluster.addNodes(gpuNodes);
  return cluster;
});

/**
 * A workspace on the shared cluster with a running operator: one for the whole suite, or a new one for each test. Call it
 * inside `describe`.
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
