import { readFile } from "node:fs/promises";
import { parseAllDocuments } from "yaml";
import type { KubernetesObject } from "../../cluster/rest.ts";

const directory = new URL("../../../examples/gitops/", import.meta.url);

/** A file of examples/gitops. */
export function gitopsText(name: string): Promise<string> {
  return readFile(new URL(name, directory), "utf8");
}

/** The objects in it. */
export async function gitopsExample(name: string): Promise<readonly KubernetesObject[]> {
  return parseAllDocuments(await gitopsText(name)).map((document) => document.toJS() as KubernetesObject);
}
