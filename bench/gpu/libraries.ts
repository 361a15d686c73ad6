/**
 * The processor with the libraries of the CUDA image, from Python wheels: those that are installed, or else those that the image is built
 * from. As in the image, they lie beside onnxruntime-node's, so the processor is a copy of this tree with another `node_modules`.
 */
import { execFile } from "node:child_process";
import { existsSync, globSync } from "node:fs";
import { copyFile, cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { cudaVersions, installCudaWheels } from "../../images/src/layers/cuda.ts";
import { root } from "../../images/src/tree.ts";

export interface CudaProcessor {
  readonly program: string;
  readonly environment: Readonly<Record<string, string>>;
}

const capi = "onnxruntime/capi";
const cache = join(homedir(), ".cache", "gpumedia-bench", "cuda");
/** What the processor is made of. */
const parts = ["api", "bin", "workload", "package.json"];

/** Copies the processor into a new folder. */
export async function copyWithCuda(folder: string): Promise<CudaProcessor> {
  const wheels = await cudaWheels();
  for (const part of parts) await cp(join(root, part), join(folder, part), { recursive: true });
  const modules = join(folder, "node_modules");
  const own = join(modules, "onnxruntime-node");
  await mkdir(join(modules, "@gpumedia"), { recursive: true });
  await symlink(join(folder, "api"), join(modules, "@gpumedia/api"));
  await cp(join(root, "node_modules/onnxruntime-node"), own, { recursive: true });
  const placed = new Set(["@gpumedia", "onnxruntime-node"]);
  for (const name of (await readdir(join(root, "node_modules"))).filter((entry) => !placed.has(entry))) {
    await symlink(join(root, "node_modules", name), join(modules, name));
  }
  const beside = join(own, "bin/napi-v6", process.platform, process.arch);
  for (const file of globSync(`${capi}/libonnxruntime_providers_{cuda,shared}.so`, { cwd: wheels })) {
    await copyFile(join(wheels, file), join(beside, basename(file)));
  }
  const [library] = globSync(`${capi}/libonnxruntime.so.1*`, { cwd: wheels });
  if (library === undefined) throw new Error(`${wheels} has no libonnxruntime.so.1: remove the folder, and run again`);
  await copyFile(join(wheels, library), join(beside, "libonnxruntime.so.1"));
  const libraries = globSync("nvidia/*/lib", { cwd: wheels }).map((path) => join(wheels, path));
  return {
    program: join(folder, "workload/bin/gpumedia-processor.js"),
    environment: { LD_LIBRARY_PATH: libraries.join(":") },
  };
}

/** A folder of Python packages. */
async function cudaWheels(): Promise<string> {
  for (const folder of await pythonFolders()) if (await isUsable(folder)) return folder;
  const done = join(cache, "installed");
  const versions = JSON.stringify(await cudaVersions());
  if (!existsSync(done) || (await readFile(done, "utf8")) !== versions) {
    await mkdir(cache, { recursive: true });
    await installCudaWheels(cache);
    await writeFile(done, versions);
  }
  return cache;
}

/** Where this machine's Python looks for packages. */
async function pythonFolders(): Promise<readonly string[]> {
  const script = "import sys; print('\\n'.join(path for path in sys.path if path))";
  const { stdout } = await promisify(execFile)("python3", ["-c", script]).catch(() => ({ stdout: "" }));
  return stdout.split("\n").filter((path) => existsSync(path));
}

/** With another onnxruntime than onnxruntime-node's, the addon would not load. */
async function isUsable(folder: string): Promise<boolean> {
  const manifest = join(root, "node_modules/onnxruntime-node/package.json");
  const { version } = JSON.parse(await readFile(manifest, "utf8")) as { readonly version: string };
  const hasProvider = existsSync(join(folder, capi, "libonnxruntime_providers_cuda.so"));
  return hasProvider && (await readdir(folder)).includes(`onnxruntime_gpu-${version}.dist-info`);
}
