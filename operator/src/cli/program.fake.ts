/** Runs the commands as users do: arguments and files in, text and exit code out. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { run } from "./program.ts";

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "gpumedia-cli-"));
});

after(() => rm(folder, { recursive: true }));

/** Writes files into a new folder and returns its path. */
export async function files(contents: Readonly<Record<string, string>>): Promise<string> {
  const root = await mkdtemp(join(folder, "files-"));
  for (const [name, text] of Object.entries(contents)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
  return root;
}

export interface Result {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export async function gpumedia(argv: readonly string[], input = "", columns?: number): Promise<Result> {
  let out = "";
  let err = "";
  const code = await run(argv, {
    name: "gpumedia",
    version: "1.2.3",
    terminal: {
      readInput: () => Promise.resolve(input),
      out: (text) => (out += text),
      err: (text) => (err += text),
      columns,
    },
  });
  return { code, out, err };
}

function object(kind: string, name: string, spec: readonly string[]): string {
  const lines = ["apiVersion: gpumedia.io/v1alpha1", `kind: ${kind}`, `metadata: {name: ${name}}`];
  return [...lines, "spec:", ...spec.map((line) => `  ${line}`), ""].join("\n");
}

export const service = (name: string, ...spec: readonly string[]): string => object("GpuMediaService", name, spec);
export const profile = (name: string, ...spec: readonly string[]): string => object("GpuMediaProfile", name, spec);
