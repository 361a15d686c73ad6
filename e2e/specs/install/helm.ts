/** The real helm, with one kubeconfig and nothing of the user's own configuration. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import type { Release } from "@gpumedia/install";
import { parseAllDocuments } from "yaml";
import type { KubernetesObject } from "../../cluster/rest.ts";
import { tool, tools } from "../../cluster/tools.ts";

export const chart = fileURLToPath(new URL("../../../charts/gpumedia-operator", import.meta.url));

/** The program of each major version that is looked after. */
export const helmVersions = { "Helm 4": "helm", "Helm 3": "helm3" } as const;
type HelmProgram = (typeof helmVersions)[keyof typeof helmVersions];

/** For `helm template`: built from its module, Helm 3 takes 1.20 for the cluster's version, which a release's linker tells it. */
export const kubernetes = "--kube-version=1.35";

/** A cold build takes minutes: call it while mocha loads the specs, when no hook's timeout is running. */
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

  /** Its standard output. Fails with a `HelmError` that holds what it said. */
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
    if (code !== 0) throw new HelmError(`helm ${parameters.join(" ")} ended with code ${code}: ${stderr.trim()}`);
    return stdout;
  }

  /** The flags that give these values, by a file. */
  async values(values: object): Promise<readonly string[]> {
    const file = join(this.#directory, "values.json");
    await writeFile(file, JSON.stringify(values));
    return ["--values", file];
  }

  /** What the chart renders, without its tests. */
  async template({ release, namespace }: Release, values: object): Promise<readonly KubernetesObject[]> {
    const flags = ["-n", namespace, "--skip-tests", kubernetes, ...(await this.values(values))];
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

/** Of the chart in the tree. */
export async function chartVersion(): Promise<string> {
  return /^version: (.*)$/m.exec(await readFile(join(chart, "Chart.yaml"), "utf8"))?.[1] ?? "";
}
