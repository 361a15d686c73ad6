/**
 * CUDA 13, cuDNN 9 and onnxruntime's provider for them, from the wheels that `cuda-requirements.txt` pins: onnxruntime-node's own
 * install script would fetch them without a checksum. onnxruntime itself comes from the same wheel, so that it and its provider
 * are of one build.
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

/** Patterns in the wheels, and the folder in the image. Not there: TensorRT's provider, and copies for other callers. */
const kept: Readonly<Record<string, string>> = {
  "nvidia/cu13/lib/lib{cublas,cublasLt,cudart,cufft,curand,nvJitLink,nvrtc,nvrtc-builtins}.so.*": cuda,
  "nvidia/cudnn/lib/libcudnn*.so.9": cuda,
  "onnxruntime/capi/libonnxruntime_providers_{cuda,shared}.so": onnxruntime,
};

export async function stageCuda(folder: string): Promise<readonly Component[]> {
  if (process.arch !== "x64") throw new Error("onnxruntime's wheel with CUDA is for x86-64 alone");
  const work = await mkdtemp(join(tmpdir(), "gpumedia-cuda-"));
  try {
    // The interpreter's version and the platforms are the image's: pip's own would be this machine's.
    const target = ["--implementation=cp", "--python-version=3.12", ...platforms.map((name) => `--platform=${name}`)];
    const strict = ["--require-hashes", "--no-deps", "--only-binary=:all:", "--no-compile", "--no-cache-dir"];
    await promisify(execFile)(
      "pip",
      ["install", "--quiet", ...strict, ...target, `--target=${work}`, `--requirement=${requirements}`],
      { env: { ...process.env, TMPDIR: work } },
    ).catch((error: Error) => {
      throw new Error(`CUDA comes in Python wheels: this needs pip, and 5 GB for a while\n${error.message}`);
    });
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
    // cuDNN is linked to it.
    return [...(await stageDebian(folder, ["zlib1g"])), ...(await pinned())];
  } finally {
    await rm(work, { recursive: true });
  }
}

async function place(file: string, folder: string, name: string = basename(file)): Promise<void> {
  await mkdir(folder, { recursive: true });
  await copyFile(file, join(folder, name));
}

async function pinned(): Promise<readonly Component[]> {
  const text = await readFile(requirements, "utf8");
  return [...text.matchAll(/^([\w-]+)==(\S+)/gm)].map(([, name = "", version = ""]) => ({
    name,
    version,
    purl: `pkg:pypi/${name}@${version}`,
  }));
}
