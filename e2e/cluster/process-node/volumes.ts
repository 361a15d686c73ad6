/** A pod's ConfigMap and emptyDir volumes on this machine's disk. */
import { mkdir, readlink, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Rest } from "../rest.ts";
import type { Pod, Volume } from "./pod-spec.ts";

interface ConfigMap {
  readonly metadata: { readonly resourceVersion: string };
  readonly data?: Readonly<Record<string, string>>;
}

export class Volumes {
  readonly #rest: Rest;
  readonly #pod: Pod;
  readonly #directory: string;
  readonly #versions = new Map<string, string>();

  constructor(rest: Rest, pod: Pod, directory: string) {
    this.#rest = rest;
    this.#pod = pod;
    this.#directory = directory;
  }

  pathOf(name: string): string {
    return join(this.#directory, name);
  }

  /** Creates missing volumes and updates changed ones; returns the error if it can't. */
  async update(): Promise<string | undefined> {
    for (const volume of this.#pod.spec.volumes ?? []) {
      const path = this.pathOf(volume.name);
      await mkdir(path, { recursive: true });
      const problem = await this.#updateConfigMap(volume, path);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  async #updateConfigMap({ configMap }: Volume, path: string): Promise<string | undefined> {
    if (configMap === undefined) return undefined;
    const { namespace } = this.#pod.metadata;
    const found = await this.#rest.get(`/api/v1/namespaces/${namespace}/configmaps/${configMap.name}`);
    if (found === undefined) return `configmap "${configMap.name}" not found`;
    const { metadata, data = {} } = found as ConfigMap;
    if (this.#versions.get(path) === metadata.resourceVersion) return undefined;
    await writeAtOnce(path, metadata.resourceVersion, data);
    this.#versions.set(path, metadata.resourceVersion);
    return undefined;
  }
}

/**
 * Replaces all files at once, by one symbolic link, as in a kubelet's volume:
 *
 *     config.json → ..data/config.json      ..data → ..VERSION      ..VERSION/config.json
 */
async function writeAtOnce(path: string, version: string, data: Readonly<Record<string, string>>): Promise<void> {
  const directory = `..${version}`;
  await mkdir(join(path, directory), { recursive: true });
  for (const [key, text] of Object.entries(data)) await writeFile(join(path, directory, key), text);
  const link = join(path, "..data");
  const former = await readlink(link).catch(() => undefined);
  await symlink(directory, `${link}_new`);
  await rename(`${link}_new`, link);
  for (const key of Object.keys(data)) {
    await symlink(join("..data", key), join(path, key)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST") throw error;
    });
  }
  if (former !== undefined) await rm(join(path, former), { recursive: true });
}
