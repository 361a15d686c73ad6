/** Runs helm with one kubeconfig, and without the user's configuration. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Release } from "@gpumedia/install";
import { parseAllDocuments } from "yaml";
import { kubernetesVersion } from "../../cluster/kubernetes-version.ts";
import type { KubernetesObject } from "../../cluster/rest.ts";
import { tool, tools } from "../../cluster/tools.ts";

export const chart = fileURLToPath(new URL("../../../charts/gpumedia-operator", import.meta.url));

/** The program of each maintained major version. */
export const helmVersions = { "Helm 4": "helm", "Helm 3": "helm3" } as const;
type HelmProgram = (typeof helmVersions)[keyof typeof helmVersions];

/** For `helm template`: Helm 3 assumes Kubernetes 1.20 when it is built from its module, because only the linker flags of a release set another version. */
export const kubernetes = `--kube-version=${kubernetesVersion()}`;

/** Builds the programs. A cold build takes minutes: call this while mocha loads the specs, when no hook's timeout runs. */
export async function helmTools(): Promise<void> {
  await tools(Object.values(helmVersions));
}

class HelmError extends Error {
  override readonly name = "HelmError";
}

export class Helm implements AsyncDisposable {
  readonly #program: string;
  readonly #directory: string;
  readonly #kubeconfig: string;

  static async start(program: HelmProgram, kubeconfig: string): Promise<Helm> {
    return new Helm(await tool(program), await mkdtemp(join(tmpdir(), "gpumedia-helm-")), kubeconfig);
  }

  private constructor(program: string, directory: string, kubeconfig: string) {
    this.#program = program;
    this.#directory = directory;
    this.#kubeconfig = kubeconfig;
  }

  /** Returns its standard output. Fails with a `HelmError` that includes its standard error. */
  async run(...parameters: readonly string[]): Promise<string> {
    const home = { HELM_CACHE_HOME: "cache", HELM_CONFIG_HOME: "config", HELM_DATA_HOME: "data" };
    const env = {
      ...process.env,
      ...Object.fromEntries(Object.entries(home).map(([name, folder]) => [name, join(this.#directory, folder)])),
      KUBECONFIG: this.#kubeconfig,
    };
    const child = spawn(this.#program, parameters, { env, stdio: ["ignore", "pipe", "pipe"] });
    const [stdout, stderr, [code]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close") as Promise<[number | null]>,
    ]);
    if (code !== 0) throw new HelmError(`helm ${parameters.join(" ")} exited with code ${code}: ${stderr.trim()}`);
    return stdout;
  }

  /** Writes the values to a file, and returns the flags for it. */
  async values(values: object): Promise<readonly string[]> {
    const file = join(this.#directory, "values.json");
    await writeFile(file, JSON.stringify(values));
    return ["--values", file];
  }

  /** Returns the objects that the chart renders, without its tests. */
  async template(
    { release, namespace }: Release,
    values: object,
    more: readonly string[] = [],
  ): Promise<readonly KubernetesObject[]> {
    const flags = ["-n", namespace, "--skip-tests", kubernetes, ...(await this.values(values)), ...more];
    return documents(await this.run("template", release, chart, ...flags));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }
}

function documents(yaml: string): readonly KubernetesObject[] {
  // YAML 1.1, as Helm and kubectl read it.
  const all = parseAllDocuments(yaml, { version: "1.1" });
  if (!Array.isArray(all)) return [];
  const broken = all.flatMap(({ errors }) => errors);
  if (broken.length > 0) throw new HelmError(broken.join("\n"));
  return all.map((document) => document.toJS() as KubernetesObject | null).filter((object) => object !== null);
}

/** Returns the version of this tree's chart. */
export async function chartVersion(): Promise<string> {
  return /^version: (.*)$/m.exec(await readFile(join(chart, "Chart.yaml"), "utf8"))?.[1] ?? "";
}
