/**
 * The order of packages: an import goes down, never up and never sideways. This keeps the import graph between folders
 * free of cycles; `import/no-cycle` checks files only.
 */
import { posix } from "node:path";

type Layers = readonly (readonly string[])[];

/** Workspaces, highest first. Those on one line do not import each other. */
const workspaces: Layers = [
  ["bench"],
  ["e2e"],
  ["images", "charts/pulumi"],
  ["charts/install"],
  ["operator", "workload/loadtest", "workload"],
  ["api"],
];

/** Packages of a workspace, highest first; `.` stands for the files directly in its source folder. */
export const packages: Readonly<Record<string, Layers>> = {
  operator: [
    ["."],
    ["cli", "reconcile"],
    ["metrics-api", "loadtest"],
    ["status"],
    ["utilization", "plan"],
    ["desired"],
    ["effective"],
    ["observe"],
    ["neighbours"],
    ["options"],
    ["runtime"],
    ["kube"],
  ],
  workload: [
    ["."],
    ["abuse"],
    ["routes"],
    ["live"],
    ["telemetry", "pipeline"],
    ["worker"],
    ["inference", "codec"],
    ["gpu", "config"],
    ["models", "core", "process"],
    ["testing", "gpu-mock"],
  ],
  "workload/loadtest": [["."], ["cli", "report"], ["testing"], ["result"], ["live"], ["load", "figures"], ["target"]],
  api: [["."], ["crd", "validate", "load-test-result"], ["profiles"], ["schema", "units"]],
  e2e: [["kind", "peers"], ["specs"], ["demo", "docs"], ["cluster", "faults", "mocha"]],
};

/** Folder of the workspaces whose package name is not their folder's. */
const renamed: Readonly<Record<string, string>> = {
  processor: "workload",
  loadtest: "workload/loadtest",
  install: "charts/install",
  pulumi: "charts/pulumi",
};

interface Place {
  readonly workspace: string;
  readonly package: string;
}

/** Why `file` must not import `specifier`, or undefined if it may. Paths are relative to the root, with `/`. */
export function orderViolation(file: string, specifier: string): string | undefined {
  const target = targetOf(file, specifier);
  const from = placeOf(file);
  const to = target === undefined ? undefined : placeOf(target);
  if (from === undefined || to === undefined) return undefined;
  if (from.workspace !== to.workspace) return violation(workspaces, from.workspace, to.workspace);
  const order = packages[from.workspace];
  // Tests may use the samples of a higher package: no product code runs through them.
  if (order === undefined || isTest(file)) return undefined;
  return violation(order, from.package, to.package);
}

function violation(order: Layers, from: string, to: string): string | undefined {
  if (from === to) return undefined;
  const rank = (name: string): number => order.findIndex((layer) => layer.includes(name));
  for (const name of [from, to]) {
    if (rank(name) < 0) return `${name} has no place in the order of packages: add it to scripts/lint/package-order.ts`;
  }
  if (rank(from) < rank(to)) return undefined;
  return `${from} must not import ${to}: imports go down the order in scripts/lint/package-order.ts`;
}

function targetOf(file: string, specifier: string): string | undefined {
  if (specifier.startsWith(".")) return posix.join(posix.dirname(file), specifier);
  const [, name, rest = "src/index.ts"] = /^@gpumedia\/([^/]+)(?:\/(.*))?$/.exec(specifier) ?? [];
  return name === undefined ? undefined : `${renamed[name] ?? name}/${rest}`;
}

/** Undefined for what is in no package: data, and files outside the workspaces, such as those in `scripts`. */
function placeOf(path: string): Place | undefined {
  if (path.endsWith(".json")) return undefined;
  const candidates = workspaces.flat().filter((workspace) => path.startsWith(`${workspace}/`));
  const [workspace] = candidates.toSorted((a, b) => b.length - a.length);
  if (workspace === undefined) return undefined;
  const inside = path.slice(workspace.length + 1).replace(/^src\//, "");
  return { workspace, package: inside.includes("/") ? inside.slice(0, inside.indexOf("/")) : "." };
}

function isTest(file: string): boolean {
  return /\/testing\/|\.(test|spec|fake|sample|cases|model|abuse|arbitrary)\.ts$/.test(file);
}
