/** The list of our images and their contents, for archives, Dockerfiles and bills of materials. Pure. */

export const architecture = process.arch === "x64" ? "amd64" : process.arch;

/** Layers of files that change together: images share the first, and a new version changes only the last. */
export type Layer = "base" | "operator" | "natives" | "processor" | "cuda";

export interface Image {
  /** Name of its archive, its Dockerfile and its bill of materials. */
  readonly name: "operator" | "processor-cpu" | "processor-cuda";
  readonly description: string;
  /** Its version is the tag. The processor has a separate version, since its new image restarts all services. */
  readonly workspace: "operator" | "workload";
  readonly repository: string;
  /** The end of the tag, after the version. */
  readonly tagSuffix: string;
  /** Lowest first. */
  readonly layers: readonly Layer[];
  /** User and group; numeric, so that the kubelet can verify that it is not root. */
  readonly user: number;
  readonly entrypoint: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

const repositories = "ghcr.io/gpumedia";
const path = { PATH: "/usr/local/bin" };
const cudaLibraries = "/usr/local/cuda/lib";

const processor = {
  workspace: "workload",
  repository: `${repositories}/processor`,
  user: 10_001,
  entrypoint: ["gpumedia-processor"],
} as const;

export const images: readonly Image[] = [
  {
    name: "operator",
    description: "Turns each GpuMediaService into a tuned, autoscaled, monitored GPU media service",
    workspace: "operator",
    repository: `${repositories}/operator`,
    tagSuffix: "",
    layers: ["base", "operator"],
    user: 65_532,
    entrypoint: ["gpumedia-operator"],
    environment: path,
  },
  {
    ...processor,
    name: "processor-cpu",
    description: "The image processor and its load-test client, for CPUs",
    tagSuffix: "",
    layers: ["base", "natives", "processor"],
    environment: path,
  },
  {
    ...processor,
    name: "processor-cuda",
    description: "The image processor and its load-test client, for NVIDIA GPUs or CPUs",
    tagSuffix: "-cuda",
    // The layer cuda replaces files of natives.
    layers: ["base", "natives", "cuda", "processor"],
    environment: {
      ...path,
      LD_LIBRARY_PATH: cudaLibraries,
      // NVIDIA's container toolkit mounts libcuda and, for the metrics, NVML; and it checks for the oldest driver that works.
      NVIDIA_DRIVER_CAPABILITIES: "compute,utility",
      NVIDIA_REQUIRE_CUDA: "cuda>=13.0",
      // The root file system is read-only: without a place for the kernels that the driver compiles, each start compiles them again.
      // The default of up to 1 GiB would be all of the volume, and a pod that exceeds its volume is evicted.
      CUDA_CACHE_PATH: "/tmp/cuda-cache",
      CUDA_CACHE_MAXSIZE: String(512 * 1024 * 1024),
    },
  },
];

export function referenceOf({ repository, tagSuffix }: Image, version: string): string {
  return `${repository}:${version}${tagSuffix}`;
}

export function labelsOf({ name, description }: Image, version: string): Readonly<Record<string, string>> {
  return {
    "org.opencontainers.image.title": `gpumedia ${name}`,
    "org.opencontainers.image.description": description,
    "org.opencontainers.image.version": version,
    "org.opencontainers.image.licenses": "Apache-2.0",
  };
}

/** The files of this tree in a layer, at the same paths below /app. */
export interface Program {
  readonly workspace: Image["workspace"];
  /** Programs in /usr/local/bin. */
  readonly commands: Readonly<Record<string, string>>;
  /** Started by path: worker threads, and modules that a command imports. */
  readonly modules: readonly string[];
  /** Patterns of files that are read at run time. */
  readonly files: readonly string[];
}

export const programs: Readonly<Record<"operator" | "processor", Program>> = {
  operator: {
    workspace: "operator",
    commands: { "gpumedia-operator": "operator/bin/gpumedia-operator.js" },
    modules: ["operator/src/main.ts"],
    files: ["LICENSE", "operator/package.json"],
  },
  processor: {
    workspace: "workload",
    commands: {
      "gpumedia-processor": "workload/bin/gpumedia-processor.js",
      "gpumedia-loadtest": "workload/loadtest/bin/gpumedia-loadtest.js",
    },
    modules: [
      "workload/src/main.ts",
      "workload/loadtest/src/main.ts",
      "workload/src/worker/worker.ts",
      "workload/src/gpu/monitor-thread.ts",
      "workload/src/live/media-program.ts",
      "workload/src/routes/oip/json-thread.ts",
      "workload/src/routes/profiling/onnx-profile-thread.ts",
    ],
    files: ["LICENSE", "workload/package.json", "workload/models/*", "workload/src/routes/root/pages/*"],
  },
};

/** The packages in the program's images that its bundles import: an image without native packages bundles all that it imports. */
export function packagesBeside({ workspace }: Program, platform: string, arch: string): readonly string[] {
  const own = images.filter((image) => image.workspace === workspace);
  return own.some(({ layers }) => layers.includes("natives")) ? Object.keys(nativePackages(platform, arch)) : [];
}

/**
 * Packages that are not bundled, because they load native code by path, and patterns of the files that they need at run time.
 * These leave out other platforms' binaries, sources, build files, types, and packages that only install scripts use.
 */
export function nativePackages(platform: string, arch: string): Readonly<Record<string, readonly string[]>> {
  const target = `${platform}-${arch}`;
  return {
    "onnxruntime-node": ["dist/*.js", `bin/napi-v6/${platform}/${arch}/*`],
    "onnxruntime-common": ["dist/cjs/**/*.{js,json}"],
    sharp: ["dist/*.{cjs,mjs}"],
    "detect-libc": ["lib/*.js"],
    semver: ["**/*.js"],
    "@img/colour": ["*.cjs"],
    [`@img/sharp-${target}`]: ["index.cjs", "lib/*"],
    [`@img/sharp-libvips-${target}`]: ["lib/*.so*", "versions.json"],
    "@julusian/jpeg-turbo": ["*.js", `prebuilds/jpeg-turbo-${target}/*`],
    "pkg-prebuilds": ["bindings.js", "lib/*.js"],
    koffi: ["index.{js,cjs}", "src/koffi/**/*.{js,cjs}"],
    [`@koromix/koffi-${target}`]: ["index.js", "linux_x64/*", "linux_arm64/*"],
  };
}

/** Files of every native package. */
export const packagePapers: readonly string[] = ["package.json", "LICENSE*", "NOTICE*"];
