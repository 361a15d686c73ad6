/**
 * CUDA 13, cuDNN 9 and onnxruntime's CUDA provider, from the wheels that `cuda-requirements.txt` pins: onnxruntime-node's install
 * script would download them without a checksum. onnxruntime itself is from the same wheel, so that both are of one build.
 */
import { execFile } from "node:child_process";
import { copyFile, glob, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Component } from "../component.ts";
import { stageDebian } from "./debian.ts";

const requirements = fileURLToPath(new URL("../../cuda-requirements.txt", import.meta.url));
const platforms = ["manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux2014_x86_64"];

const cuda = "usr/local/cuda/lib";
const onnxruntime = "app/node_modules/onnxruntime-node/bin/napi-v6/linux/x64";

/** Folders in the image by patterns in the wheels, without TensorRT's provider and copies for other callers. */
const kept: Readonly<Record<string, string>> = {
  "nvidia/cu13/lib/lib{cublas,cublasLt,cudart,cufft,curand,nvJitLink,nvrtc,nvrtc-builtins}.so.*": cuda,
  "nvidia/cudnn/lib/libcudnn*.so.9": cuda,
  "onnxruntime/capi/libonnxruntime_providers_{cuda,shared}.so": onnxruntime,
};

export async function stageCuda(folder: string): Promise<readonly Component[]> {
  if (process.arch !== "x64") throw new Error("onnxruntime's wheel with CUDA supports x86-64 only");
  const work = await mkdtemp(join(tmpdir(), "gpumedia-cuda-"));
  try {
    await installCudaWheels(work);
    for (const [pattern, into] of Object.entries(kept)) {
      for await (const file of glob(pattern, { cwd: work })) await place(join(work, file), join(folder, into));
    }
    for await (const file of glob("onnxruntime/capi/libonnxruntime.so.1.*", { cwd: work })) {
      await place(join(work, file), join(folder, onnxruntime), "libonnxruntime.so.1");
    }
    for await (const file of glob("{nvidia,onnxruntime}*.dist-info/{licenses/*,LICENSE*}", { cwd: work })) {
      const [name = ""] = file.split(".dist-info");
      await place(join(work, file), join(folder, "usr/share/doc", name), "copyright");
    }
    // cuDNN is linked to zlib.
    return [...(await stageDebian(folder, ["zlib1g"])), ...(await cudaVersions())];
  } finally {
    await rm(work, { recursive: true });
  }
}

/** Installs the wheels that are pinned into a folder, as Python's packages are. */
export async function installCudaWheels(folder: string): Promise<void> {
  // Version and platforms of the image's interpreter: pip's defaults are this machine's.
  const target = ["--implementation=cp", "--python-version=3.12", ...platforms.map((name) => `--platform=${name}`)];
  const strict = ["--require-hashes", "--no-deps", "--only-binary=:all:", "--no-compile", "--no-cache-dir"];
  await promisify(execFile)(
    "pip",
    ["install", "--quiet", ...strict, ...target, `--target=${folder}`, `--requirement=${requirements}`],
    { env: { ...process.env, TMPDIR: folder } },
  ).catch((error: Error) => {
    throw new Error(`pip could not install CUDA's wheels, which need 5 GB of temporary disk space\n${error.message}`);
  });
}

async function place(file: string, folder: string, name: string = basename(file)): Promise<void> {
  await mkdir(folder, { recursive: true });
  await copyFile(file, join(folder, name));
}

/** What `installCudaWheels` installs. */
export async function cudaVersions(): Promise<readonly Component[]> {
  const text = await readFile(requirements, "utf8");
  return [...text.matchAll(/^([\w-]+)==(\S+)/gm)].map(([, name = "", version = ""]) => ({
    name,
    version,
    purl: `pkg:pypi/${name}@${version}`,
  }));
}
