/**
 * Stands in for NVIDIA's container toolkit: mounts the driver's library, here the mock and its state, into a container that has
 * GPUs of the device plugin or of the example DRA driver. The wrapper of runc starts it before `runc create`:
 *
 *     node gpu-runtime.ts DIRECTORY SHARED_FOLDERS_AS_JSON … create --bundle BUNDLE …
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

interface RuntimeSpec {
  readonly process: { readonly env?: readonly string[] };
  readonly mounts?: readonly object[];
}

/** Below the node's directory. */
export const nvmlFolders = { library: "nvml-library", state: "nvml" } as const;
export const nvmlLibrary = "libnvidia-ml.so.1";
export const nvmlState = "state";
const stateInside = "/run/nvml";
/** In the default path of Debian's loader, where the toolkit mounts it too. */
const libraryInside = `/usr/lib/${process.arch === "x64" ? "x86_64" : "aarch64"}-linux-gnu/${nvmlLibrary}`;

export function withGpus<Spec extends RuntimeSpec>(spec: Spec, directory: string): Spec {
  const { env = [] } = spec.process;
  const claimed = claimedGpus(env);
  const visible = claimed ?? env.findLast((line) => line.startsWith("NVIDIA_VISIBLE_DEVICES="))?.split("=")[1] ?? "";
  if (["", "none", "void"].includes(visible)) return spec;
  return {
    ...spec,
    process: {
      ...spec.process,
      // There is no CUDA: the model runs on the CPU, while NVML reports the pod's (mock) GPUs.
      env: [
        ...env,
        ...(claimed === undefined ? [] : [`NVIDIA_VISIBLE_DEVICES=${claimed}`]),
        `GPUMEDIA_NVML_MOCK=${join(stateInside, nvmlState)}`,
        "GPUMEDIA_ACCELERATOR=cpu",
      ],
    },
    mounts: [
      ...(spec.mounts ?? []),
      bind(join(directory, nvmlFolders.library, nvmlLibrary), libraryInside),
      // The folder, as the file in it is replaced when the figures change.
      bind(join(directory, nvmlFolders.state), stateInside),
    ],
  };
}

/** The indices of the GPUs that the example DRA driver's CDI devices name, all that they do: `GPU_DEVICE_1=gpu-1`. */
function claimedGpus(env: readonly string[]): string | undefined {
  const indices = env.flatMap((line) => /^GPU_DEVICE_(\d+)=/.exec(line)?.[1] ?? []);
  return indices.length === 0 ? undefined : indices.join(",");
}

/** Mounts each folder at its path on this machine. */
export function withShared<Spec extends RuntimeSpec>(spec: Spec, folders: readonly string[]): Spec {
  return { ...spec, mounts: [...(spec.mounts ?? []), ...folders.map((folder) => bind(folder, folder))] };
}

function bind(source: string, destination: string): object {
  return { type: "bind", source, destination, options: ["bind", "ro", "nosuid", "nodev"] };
}

const [program = "", directory = "", shared = "[]", ...parameters] = process.argv.slice(1);
if (program === import.meta.filename) {
  const file = join(parameters[parameters.indexOf("--bundle") + 1] ?? "", "config.json");
  const spec = JSON.parse(await readFile(file, "utf8")) as RuntimeSpec;
  await writeFile(file, JSON.stringify(withShared(withGpus(spec, directory), JSON.parse(shared) as string[])));
}
